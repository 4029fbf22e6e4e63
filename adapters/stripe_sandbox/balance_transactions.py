"""Balance transactions: each is one movement of the account's balance, made once and never changed.

Shapes: captured ones of a charge (2026-02) and of a dispute (API 2026-04-22.dahlia). Fees: a charge costs 2.9 % and 30
minor units, Stripe's list price in the US; a refund costs nothing and brings no fee back. All is booked in the
currency of what it is for: this sandbox exchanges none.
"""

from datetime import timedelta

from adapters.stripe_sandbox.lists import conditions_for, list_page
from adapters.stripe_sandbox.operations import Call, Operation, plays
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

DAYS_UNTIL_AVAILABLE = 7
_PERMILLE, _FIXED_FEE = 29, 30


def book_charge(world: World, charge: Json) -> Json:
    """The money of a succeeded charge comes in, less Stripe's fee."""
    fee = (charge["amount"] * _PERMILLE + 500) // 1000 + _FIXED_FEE
    movement = {"type": "charge", "amount": charge["amount"], "description": charge["description"]}
    return _book(world, charge, movement, _fee(charge, fee, "Stripe processing fees"))


def book_refund(world: World, refund: Json, charge: Json) -> Json:
    """A refund takes its money out."""
    movement = {"type": "refund", "amount": -refund["amount"], "description": _named("REFUND FOR CHARGE", charge)}
    return _book(world, refund, movement)


def book_refund_failure(world: World, refund: Json, charge: Json) -> Json:
    """A refund that failed gives its money back."""
    movement = {"type": "refund_failure", "amount": refund["amount"], "description": _named("REFUND FAILURE", charge)}
    return _book(world, refund, movement)


def book_withdrawal(world: World, dispute: Json, fee: int) -> Json:
    """A chargeback takes the disputed amount, and a fee on top of it."""
    movement = {
        "type": "adjustment",
        "reporting_category": "dispute",
        "amount": -dispute["amount"],
        "description": f"Chargeback withdrawal for {dispute['charge']}",
    }
    return _book(world, dispute, movement, _fee(dispute, fee, "Dispute fee"))


def book_reinstatement(world: World, dispute: Json, amount: int, returned_fee: int) -> Json:
    """A chargeback that was won gives the amount back; the fee only where `returned_fee` says so."""
    movement = {
        "type": "adjustment",
        "reporting_category": "dispute_reversal",
        "amount": amount,
        "description": f"Chargeback reversal for {dispute['charge']}",
    }
    return _book(world, dispute, movement, _fee(dispute, -returned_fee, "Dispute fee refund"))


def _book(world: World, source: Json, movement: Json, fee_details: list[Json] | None = None) -> Json:
    fee = sum(detail["amount"] for detail in fee_details or [])
    midnight = world.now_at.replace(hour=0, minute=0, second=0, microsecond=0)
    transaction = {
        "id": world.new_id("txn"),
        "object": "balance_transaction",
        "available_on": int((midnight + timedelta(days=DAYS_UNTIL_AVAILABLE)).timestamp()),
        "balance_type": "payments",
        "created": world.now,
        "currency": source["currency"],
        "exchange_rate": None,
        "fee": fee,
        "fee_details": fee_details or [],
        "net": movement["amount"] - fee,
        "reporting_category": movement["type"],
        "source": source["id"],
        "status": "pending",
        **movement,
    }
    # As measured at Stripe, the list's filter `source` finds charges and refunds, but never a dispute.
    return world.save(transaction, label=None if source["object"] == "dispute" else source["id"])


def _fee(source: Json, amount: int, description: str) -> list[Json]:
    if amount == 0:
        return []
    return [
        {
            "amount": amount,
            "application": None,
            "currency": source["currency"],
            "description": description,
            "type": "stripe_fee",
        }
    ]


def _named(what: str, charge: Json) -> str:
    return f"{what} ({charge['description']})" if charge["description"] else what


def _retrieve(call: Call) -> Json:
    return _as_of_now(call.world, call.world.get("balance_transaction", call.path["id"]))


def _list(call: Call) -> Json:
    conditions = conditions_for("balance_transaction", call.params, label="source")
    for name in ("currency", "type"):
        if call.text(name):
            conditions.add(f"json_extract(body, '$.{name}') = ?", call.text(name))
    page = list_page(call.world, "balance_transaction", call.params, conditions, url="/v1/balance_transactions")
    page["data"] = [_as_of_now(call.world, transaction) for transaction in page["data"]]
    return page


def _as_of_now(world: World, transaction: Json) -> Json:
    return {**transaction, "status": "available" if transaction["available_on"] <= world.now else "pending"}


OPERATIONS = (
    Operation(
        "GET /v1/balance_transactions",
        _list,
        plays("created currency ending_before limit source starting_after type"),
    ),
    Operation("GET /v1/balance_transactions/{id}", _retrieve),
)
