"""Disputes: retrieve, update with evidence, close, list. They begin at the bank: see disputing.py."""

import copy

from adapters.stripe_sandbox.dispute_shapes import CLOSED, is_inquiry
from adapters.stripe_sandbox.disputing import move_dispute, tell_dispute
from adapters.stripe_sandbox.errors import invalid_request
from adapters.stripe_sandbox.evidence import decided_by, stage_evidence
from adapters.stripe_sandbox.later import plan
from adapters.stripe_sandbox.lists import conditions_for, list_page
from adapters.stripe_sandbox.metadata import merge_metadata
from adapters.stripe_sandbox.operations import Call, Operation, plays
from adapters.stripe_sandbox.values import Json

_SUBMITTED = {"needs_response": "under_review", "warning_needs_response": "warning_under_review"}


def update_dispute(call: Call) -> Json:
    """POST /v1/disputes/{dispute}. Evidence is submitted at once, and for good, unless `submit` is false.

    Metadata alone submits nothing. What some texts decide in test mode follows a moment later.
    """
    world, params = call.world, call.params
    dispute = _open(call)
    before = copy.deepcopy(dispute)
    dispute["metadata"] = merge_metadata(dispute["metadata"], params.get("metadata"))
    given = params.get("evidence") or {}
    if given or params.get("submit") is True:
        _check_answerable(dispute)
        stage_evidence(dispute, given)
    is_submitting = (bool(given) or params.get("submit") is True) and params.get("submit") is not False
    if is_submitting and dispute["evidence_details"]["has_evidence"]:
        return _submit(call, dispute, before)
    if dispute != before:
        tell_dispute(world, dispute, before)
    return dispute


def close_dispute(call: Call) -> Json:
    """POST /v1/disputes/{dispute}/close: give in. A chargeback is lost; an inquiry is over without one."""
    dispute = _open(call)
    return move_dispute(call.world, dispute, "warning_closed" if is_inquiry(dispute) else "lost")


def _open(call: Call) -> Json:
    dispute = call.world.get("dispute", call.path["dispute"])
    if dispute["status"] in CLOSED:
        raise invalid_request("This dispute is already closed")
    return dispute


def _check_answerable(dispute: Json) -> None:
    # The wording of these refusals is ours.
    if dispute["status"] not in _SUBMITTED:
        raise invalid_request(f"This dispute takes no evidence now: its status is {dispute['status']}.")
    if not dispute["evidence_details"]["due_by"]:
        raise invalid_request("The customer's bank does not allow a response to this dispute.")


def _submit(call: Call, dispute: Json, before: Json) -> Json:
    was_inquiry = is_inquiry(dispute)
    move_dispute(call.world, dispute, _SUBMITTED[dispute["status"]], before=before)
    decision = decided_by(dispute, is_inquiry=was_inquiry)
    if decision is not None:
        plan(call.world, dispute, decision)
    return dispute


def _retrieve(call: Call) -> Json:
    return call.world.get("dispute", call.path["dispute"])


def _list(call: Call) -> Json:
    conditions = conditions_for("dispute", call.params, ("payment_intent",), label="charge")
    return list_page(call.world, "dispute", call.params, conditions, url="/v1/disputes")


OPERATIONS = (
    Operation("GET /v1/disputes", _list, plays("charge created ending_before limit payment_intent starting_after")),
    Operation("GET /v1/disputes/{dispute}", _retrieve),
    Operation("POST /v1/disputes/{dispute}", update_dispute, plays("evidence metadata submit")),
    Operation("POST /v1/disputes/{dispute}/close", close_dispute),
)
