"""/sandbox/disputes: what the customer's bank does. A dispute begins, moves on, and gets another deadline."""

import copy
import math

from adapters.stripe_sandbox.control_requests import (
    NOBODY,
    ControlError,
    ControlRoute,
    account_of_charge,
    check_names,
    choice,
    find_object,
    flag,
    given_body,
    paid_charge,
    whole_number,
)
from adapters.stripe_sandbox.currencies import SUPPORTED
from adapters.stripe_sandbox.dispute_shapes import ARRIVALS, CLOSED, REASONS, USUAL_FEE, DueBy, Opening
from adapters.stripe_sandbox.disputing import MOVES, move_dispute, open_dispute, tell_dispute, withdrawn_amount
from adapters.stripe_sandbox.sandbox import Sandbox
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

LARGEST_AMOUNT = 999_999_999_999
MOST_DAYS = 365
SECONDS_PER_DAY = 86_400
LONGEST_CODE = 20
_OPENING = (
    "charge",
    "reason",
    "amount",
    "currency",
    "inquiry",
    "status",
    "respond_in_days",
    "fee",
    "network_reason_code",
)


def _open(sandbox: Sandbox) -> Json:
    """{charge, reason?, amount?, currency?, inquiry?, status?, respond_in_days?, fee?, network_reason_code?}.

    amount (minor units) and currency are the charge's unless given, and may differ from it in both directions.
    status: one of ARRIVALS. respond_in_days: days from now; null or 0 where the bank takes no answer. fee: minor units.
    """
    given = given_body()
    check_names(given, _OPENING)
    status = _arrival(given)
    amount = whole_number(given, "amount", least=1, most=LARGEST_AMOUNT)
    fee = whole_number(given, "fee", least=0, most=LARGEST_AMOUNT)
    reason = choice(given, "reason", REASONS) or "general"
    currency = choice(given, "currency", SUPPORTED)
    network_reason_code = _network_reason_code(given)
    with sandbox.world(account_of_charge(sandbox, given), NOBODY) as world:
        opening = Opening(
            reason=reason,
            status=status,
            amount=amount,
            currency=currency,
            due_by=_due_by(world, given),
            fee=USUAL_FEE if fee is None else fee,
            network_reason_code=network_reason_code,
        )
        return open_dispute(world, paid_charge(world, given), opening)


def _resolve(sandbox: Sandbox, dispute_id: str) -> Json:
    """{status, respond_in_days?, return_fee?}. The status that it has already, with respond_in_days: a new deadline."""
    given = given_body()
    check_names(given, ("status", "respond_in_days", "return_fee"))
    status = choice(given, "status", tuple(MOVES))
    returns_fee = flag(given, "return_fee")
    if status is None:
        raise ControlError(400, f"status must be one of {', '.join(MOVES)}.", "status")
    account = find_object(sandbox, "dispute", dispute_id)["account"]
    with sandbox.world(account, NOBODY) as world:
        dispute = world.get("dispute", dispute_id)
        due_by = _due_by(world, given)
        if status == dispute["status"] and due_by != "usual" and status not in CLOSED:
            return _set_deadline(world, dispute, due_by)
        possible = MOVES[dispute["status"]]
        if status not in possible:
            listed = ", ".join(possible) or "nothing else"
            raise ControlError(409, f"The dispute is {dispute['status']}; from there it can become {listed}.", "status")
        if returns_fee and (status not in ("won", "prevented") or withdrawn_amount(dispute) <= 0):
            raise ControlError(400, "return_fee goes with a reinstatement only.", "return_fee")
        return move_dispute(world, dispute, status, returns_fee=returns_fee, due_by=due_by)


def _set_deadline(world: World, dispute: Json, due_by: int | None) -> Json:
    before = copy.deepcopy(dispute)
    dispute["evidence_details"]["due_by"] = due_by
    tell_dispute(world, dispute, before)
    return dispute


def _arrival(given: Json) -> str:
    is_inquiry = flag(given, "inquiry")
    status = choice(given, "status", ARRIVALS)
    if is_inquiry and status not in (None, "warning_needs_response"):
        raise ControlError(400, "An inquiry begins as warning_needs_response: leave one of the two out.", "status")
    return status or ("warning_needs_response" if is_inquiry else "needs_response")


def _network_reason_code(given: Json) -> str | None:
    code = given.get("network_reason_code")
    if code in (None, ""):
        return None
    if not isinstance(code, str) or len(code) > LONGEST_CODE:
        message = f"network_reason_code must be a text of up to {LONGEST_CODE} characters, such as 10.4."
        raise ControlError(400, message, "network_reason_code")
    return code


def _due_by(world: World, given: Json) -> DueBy:
    if "respond_in_days" not in given:
        return "usual"
    days = given["respond_in_days"]
    if days in (None, ""):
        return None
    try:
        number = float("nan") if isinstance(days, bool) else float(days)
    except (TypeError, ValueError):
        number = math.nan
    if not -MOST_DAYS <= number <= MOST_DAYS:
        message = f"respond_in_days must be a number of days from -{MOST_DAYS} to {MOST_DAYS}, or null."
        raise ControlError(400, message, "respond_in_days")
    return world.now + round(number * SECONDS_PER_DAY) if number else 0


ROUTES = (
    ControlRoute("POST", "/disputes", _open),
    ControlRoute("POST", "/disputes/<dispute_id>/resolve", _resolve),
)
