"""The port `DisputeGateway` on Stripe's disputes."""

from urllib.parse import quote

import stripe

from adapters.stripe_api.calls import Answer, StripeCalls, stripe_time
from adapters.stripe_api.dispute_shapes import read_dispute
from adapters.stripe_api.json_values import UnreadableShape
from adapters.stripe_api.write_answers import carried_out, unreadable
from domain.model.answers import DisputeAnswer, DisputeShown, NotReached, Refused, Unknown
from domain.model.dispute_statuses import OPEN_STATUSES, STRIPE_STATUSES
from ports.clock import Clock
from ports.pacing import RequestPacer


class StripeDisputeGateway:
    """Answers disputes through Stripe; see the port. `client` must come from `client.stripe_client`."""

    def __init__(self, client: stripe.StripeClient, pacer: RequestPacer, clock: Clock) -> None:
        self._calls = StripeCalls(client, pacer)
        self._clock = clock

    def accept(self, account: str | None, stripe_dispute_id: str) -> DisputeAnswer:
        """Concede the dispute; see the port. It ends once whatever the key, so none is stored.

        Stripe refuses to close a dispute that has ended, in words that nothing can rely on: the dispute itself tells.
        """
        answer = carried_out(self._calls.post(account, f"{_path(stripe_dispute_id)}/close", {}))
        if isinstance(answer, Answer):
            return self._shown(answer)
        if not isinstance(answer, Refused):
            return answer
        shown = self.show(account, stripe_dispute_id)
        return answer if isinstance(shown, DisputeShown) and _is_open(shown) else shown

    def show(self, account: str | None, stripe_dispute_id: str) -> DisputeAnswer:
        """The dispute as it is now; see the port."""
        answer = carried_out(self._calls.get(account, _path(stripe_dispute_id)))
        if isinstance(answer, Unknown):  # a read leaves nothing in doubt
            return NotReached(answer.reason)
        return self._shown(answer) if isinstance(answer, Answer) else answer

    def _shown(self, answer: Answer) -> DisputeAnswer:
        try:
            return DisputeShown(read_dispute(answer.body, stripe_time(answer.told_at, self._clock.now())))
        except UnreadableShape as problem:
            return unreadable(answer, problem)


def _path(stripe_dispute_id: str) -> str:
    return f"/v1/disputes/{quote(stripe_dispute_id, safe='')}"


def _is_open(shown: DisputeShown) -> bool:
    return STRIPE_STATUSES[shown.telling.stripe_status].status in OPEN_STATUSES
