"""Whatever the customer's bank does, in whatever order: a dispute's money agrees with its status."""

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.stripe_sandbox import running_sandbox
from adapters.stripe_sandbox.dispute_shapes import ARRIVALS
from adapters.stripe_sandbox.disputing import MOVES
from tests.integration.stripe_sandbox.helpers import (
    Json,
    a_charge,
    attempt,
    client_of,
    control,
    control_answer,
    events_since,
)
from tests.stripe_spec import check_object

HOLDS_MONEY = {"needs_response", "under_review", "lost", "appeal_needs_response", "appeal_under_review"}


def test_a_dispute_holds_its_amount_exactly_while_it_is_open_or_lost() -> None:
    with running_sandbox(seed=1, requests_per_second=None) as running:
        client = client_of(running)

        @given(arrival=st.sampled_from(ARRIVALS), wanted=st.lists(st.sampled_from(sorted(MOVES)), max_size=8))
        @settings(max_examples=40, deadline=None)
        def story(arrival: str, wanted: list[str]) -> None:
            charge = a_charge(client)
            dispute = control(running, "disputes", charge=charge, status=arrival, amount=700)
            _check(dispute)
            for status in wanted:
                path = f"disputes/{dispute['id']}/resolve"
                answered, answer = control_answer(running, path, status=status)
                assert (answered == 200) is (status in MOVES[dispute["status"]])
                dispute = answer if answered == 200 else dispute
                _check(dispute)
            is_refused = attempt(lambda: client.v1.refunds.create({"charge": charge}))["status"] == 400
            assert is_refused is (dispute["status"] in HOLDS_MONEY)

        story()
        for event in events_since(client, 0):
            check_object(event)


def _check(dispute: Json) -> None:
    check_object(dispute)
    held = -sum(transaction["amount"] for transaction in dispute["balance_transactions"])
    assert held == (700 if dispute["status"] in HOLDS_MONEY else 0)
    assert dispute["is_charge_refundable"] is (held == 0)
    assert len(dispute["balance_transactions"]) <= 2
