"""Balance transactions: what charges and refunds move, and how they are found."""

import stripe

from adapters.stripe_sandbox import RunningSandbox
from tests.integration.stripe_sandbox.helpers import ManualClock, a_charge, client_of, refusal


def test_a_charge_brings_its_amount_less_stripes_fee(client: stripe.StripeClient) -> None:
    charge = client.v1.charges.retrieve(
        a_charge(client, amount=12345, description="a widget"), {"expand": ["balance_transaction"]}
    )

    booked = charge.balance_transaction
    assert isinstance(booked, stripe.BalanceTransaction)
    assert (booked.type, booked.reporting_category, booked.source) == ("charge", "charge", charge.id)
    assert (booked.amount, booked.fee, booked.net, booked.currency) == (12345, 388, 11957, "usd")
    assert [(detail.amount, detail.description) for detail in booked.fee_details] == [(388, "Stripe processing fees")]
    assert booked.description == "a widget"


def test_a_refund_takes_its_amount_and_no_fee(client: stripe.StripeClient) -> None:
    charge = a_charge(client, description="a widget")
    refund = client.v1.refunds.create({"charge": charge, "amount": 400, "expand": ["balance_transaction"]})

    booked = refund.balance_transaction
    assert isinstance(booked, stripe.BalanceTransaction)
    assert (booked.type, booked.amount, booked.fee, booked.net) == ("refund", -400, 0, -400)
    assert (booked.description, booked.fee_details) == ("REFUND FOR CHARGE (a widget)", [])


def test_balance_transactions_are_listed_by_source_type_currency_and_time(
    timed: RunningSandbox, clock: ManualClock
) -> None:
    client = client_of(timed)
    charge = a_charge(client)
    clock.advance(hours=1)
    since = int(clock().timestamp())
    refund = client.v1.refunds.create({"charge": charge})
    a_charge(client, currency="eur")

    listed = client.v1.balance_transactions.list
    sources = [
        [transaction.source for transaction in listed(filters).data]
        for filters in (
            {"source": charge},
            {"type": "refund"},
            {"currency": "usd", "created": {"gte": since}},
            {"type": "payout"},
        )
    ]
    assert sources == [[charge], [refund.id], [refund.id], []]
    assert listed({"limit": 2}).has_more


def test_money_becomes_available_after_some_days(timed: RunningSandbox, clock: ManualClock) -> None:
    client = client_of(timed)
    charge = client.v1.charges.retrieve(a_charge(client))
    booked = client.v1.balance_transactions.retrieve(str(charge.balance_transaction))

    clock.advance(days=8)

    assert booked.status == "pending"
    assert client.v1.balance_transactions.retrieve(booked.id).status == "available"


def test_the_source_of_a_balance_transaction_can_be_expanded(client: stripe.StripeClient) -> None:
    a_charge(client)

    booked = client.v1.balance_transactions.list({"expand": ["data.source.payment_intent"]}).data[0]

    assert isinstance(booked.source, stripe.Charge)
    assert isinstance(booked.source.payment_intent, stripe.PaymentIntent)


def test_an_unknown_balance_transaction_is_not_found(client: stripe.StripeClient) -> None:
    error = refusal(lambda: client.v1.balance_transactions.retrieve("txn_none"))

    assert (error["status"], error["message"]) == (404, "No such balance transaction: 'txn_none'")
