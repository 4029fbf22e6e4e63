"""Answers to requests that write and are no charge: a refund, the end of a dispute (design.md 1, point 3)."""

from adapters.stripe_api.calls import Answer, NoAnswer, Reply
from adapters.stripe_api.charge_answers import refused
from domain.model.answers import NotReached, Refused, Unknown, UnknownCause

Setback = Refused | Unknown | NotReached


def carried_out(reply: Reply) -> Answer | Setback:
    """The answer of a request that was carried out, else what stands in its place.

    Any 4xx but 409 and 429 is a refusal: 402 too, because no card is asked that could decline.
    """
    if isinstance(reply, NoAnswer):
        return Unknown(UnknownCause.LOST, reply.reason) if reply.has_left else NotReached(reply.reason)
    if reply.is_success:
        return reply
    if reply.status >= 500:
        return Unknown(UnknownCause.SERVER_ERROR, reply.described())
    if reply.is_rate_limit:
        return NotReached(reply.described())
    if reply.status == 409:
        return Unknown(UnknownCause.CONFLICT, reply.described())
    return refused(reply)


def unreadable(answer: Answer, problem: Exception) -> Unknown:
    """It was carried out, and what came of it cannot be read."""
    return Unknown(UnknownCause.LOST, f"Stripe's answer ({answer.status}) cannot be read: {problem}.")
