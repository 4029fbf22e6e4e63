"""The domain's answer about refunds, disputes and the ledger is that of an independent model; see `invoice_model`."""

from collections import Counter
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.model.derivation import derive
from domain.model.invoices import InvoiceFacts
from domain.model.ledger import entries
from domain.model.policies import Policy, Terms
from tests.invoice_model import MoneyOpinion, Rules, money_opinion
from tests.payment_stories import AMOUNT_MINOR, START
from tests.reversal_stories import Story, facts_before, stories, told_at_once

TERMS = Terms(Policy())


def domains_opinion(facts: InvoiceFacts) -> MoneyOpinion:
    """What the domain makes of the facts, in the model's words."""
    state = derive(facts, TERMS)
    ledger = Counter[tuple[str, str]]()
    for entry in entries(state.attempts, facts.reversals.refunds, facts.disputes):
        ledger[str(entry.kind), entry.currency] += entry.amount_minor
    shown = state.figures
    return MoneyOpinion(
        str(shown.status), shown.amount_paid, shown.amount_refunded, shown.amount_disputed, dict(ledger)
    )


@settings(max_examples=250, deadline=None)
@given(stories(), st.sampled_from([START, None]), st.sampled_from([None, None, None, START]), st.randoms())
def test_status_amounts_and_ledger_are_those_of_an_independent_model(  # type: ignore[no-untyped-def]
    story: Story, sent_at, voided_at, random
) -> None:
    told = list(story.told)
    random.shuffle(told)
    rules = Rules(
        amount_due=AMOUNT_MINOR,
        delays=(timedelta(days=3), timedelta(days=7), timedelta(days=14)),
        counts_from_first=False,
        collects=True,
        holds_old=True,
        is_sent=sent_at is not None,
        is_void=voided_at is not None,
    )

    facts = told_at_once(facts_before(story, sent_at=sent_at, voided_at=voided_at), told)

    assert domains_opinion(facts) == money_opinion(story.moments, story.reversals, rules)
