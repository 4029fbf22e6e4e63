"""`ports.repositories.Invoices`: what is stored comes back, changes are whole, unique things stay so."""

from dataclasses import fields, replace
from datetime import date, timedelta

import pytest

from domain.model.attempts import AttemptStatus, Settlement, Trigger
from domain.model.declines import DeclineCodes, FailureCode
from domain.model.errors import Conflict, StaleVersion
from domain.model.invoices import InvoiceFacts, InvoiceStatus
from domain.model.outbox import OutboxStatus
from domain.model.payment_facts import FactKind, PaymentFact, Source
from ports.repositories import InvoiceRow
from ports.unit_of_work import UnitOfWork
from tests.builders import (
    FIRM_ID,
    INVOICE_ID,
    NOW,
    a_change,
    a_decline,
    a_frozen_charge,
    a_new_invoice,
    a_success,
    an_attempt,
    an_audit_event,
    an_invoice,
    an_outbox_item,
    days,
    facts_of,
)
from tests.storage import change_invoice, in_firm, keep_invoice, locked_facts


def test_an_invoice_comes_back_as_it_was_added(uow: UnitOfWork) -> None:
    invoice = an_invoice(
        due_on=date(2026, 4, 1),
        description="Consulting, März ☂",
        given_payment_intent_id="pi_given",
        stripe_invoice_id="in_1",
        paused_at=NOW + days(1),
        paused_reason="An administrator said so.",
        released_slot_key="ch_1",
        amount_due=99_999_999,
        link_serial=3,
    )
    change = a_new_invoice(invoice)

    in_firm(uow, lambda tx: tx.invoices.add(change))

    assert in_firm(uow, lambda tx: tx.invoices.get(INVOICE_ID)) == InvoiceRow(invoice, change.state.figures, NOW)


def test_an_unknown_invoice_is_none(uow: UnitOfWork) -> None:
    with uow.firm(FIRM_ID) as tx:
        assert tx.invoices.get("inv_unknown") is None
        assert tx.invoices.lock("inv_unknown") is None


def test_a_new_invoice_is_locked_at_version_zero_with_its_pending_rows(uow: UnitOfWork) -> None:
    later, sooner = an_outbox_item(due_at=NOW + days(2)), an_outbox_item(due_at=NOW)
    invoice = keep_invoice(uow, new_outbox=[later, sooner, an_outbox_item(status=OutboxStatus.DONE)])

    with uow.firm(FIRM_ID) as tx:
        locked = tx.invoices.lock(INVOICE_ID)

    assert locked is not None
    assert locked.facts == facts_of(invoice)
    assert locked.pending == (sooner, later)


def test_a_system_transaction_locks_an_invoice_with_all_its_parts(uow: UnitOfWork) -> None:
    item, fact, attempt = an_outbox_item(), a_decline(), an_attempt()
    keep_invoice(uow, new_outbox=[item])
    change_invoice(uow, payments=(fact,), attempts=(attempt,))

    with uow.system() as tx:
        locked = tx.invoices.lock(INVOICE_ID)

    assert locked is not None
    assert (locked.facts.payments, locked.facts.attempts, locked.pending) == ((fact,), (attempt,), (item,))


def test_our_attempts_come_back_as_they_were_saved(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    attempt = an_attempt(
        trigger=Trigger.RETRY,
        status=AttemptStatus.UNKNOWN,
        slot_key="ch_0",
        scheduled_for=NOW - timedelta(microseconds=1),
        finished_at=NOW + timedelta(seconds=2),
        frozen=a_frozen_charge(stripe_payment_intent_id="pi_1"),
        settlement=Settlement(True, True, NOW, NOW + timedelta(seconds=1)),
        failure_code=FailureCode.NETWORK_ERROR,
        reason="No answer came.",
    )

    change_invoice(uow, attempts=(attempt,))

    assert _facts(uow).attempts == (attempt,)


def test_what_sources_told_comes_back_as_it_was_saved(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    full = PaymentFact(
        FactKind.FAILED,
        Source.PAYMENT_INTENT,
        told_at=NOW,
        heard_at=NOW + days(1),
        charge_created_at=NOW - timedelta(seconds=1),
        event_id="evt_1",
        attempt_id="att_1",
        stripe_payment_intent_id="pi_1",
        stripe_charge_id="ch_1",
        stripe_invoice_id="in_1",
        stripe_payment_method_id="pm_1",
        amount_minor=5000,
        currency="usd",
        codes=DeclineCodes("card_declined", "do_not_honor", "try_again_later", "05", "02", "mastercard"),
        message="Your card was declined.",
        pending_status="processing",
        is_out_of_band=True,
    )
    bare = PaymentFact(FactKind.CANCELED, Source.ANSWER, told_at=NOW, heard_at=NOW, stripe_payment_intent_id="pi_2")

    change_invoice(uow, payments=(bare, full))

    assert _facts(uow).payments == (bare, full)
    assert all(getattr(full, field.name) for field in fields(full)), "the test forgets a field"


def test_a_fact_that_was_merged_replaces_the_stored_one(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    heard_late = a_decline(heard_at=NOW + days(1))
    change_invoice(uow, payments=(heard_late,))

    change_invoice(uow, payments=(replace(heard_late, heard_at=NOW),))

    assert _facts(uow).payments == (a_decline(heard_at=NOW),)


def test_each_save_counts_the_version_up_and_stores_the_figures(uow: UnitOfWork) -> None:
    keep_invoice(uow)

    change_invoice(uow, now=NOW + days(1), payments=(a_decline(),))
    change = change_invoice(
        uow, now=NOW + days(2), payments=(a_decline(), a_success(stripe_charge_id="ch_2", at=NOW + days(2)))
    )

    assert _facts(uow).version == 2
    row = in_firm(uow, lambda tx: tx.invoices.get(INVOICE_ID))
    assert row == InvoiceRow(an_invoice(), change.state.figures, NOW + days(2))
    assert row.figures.status is InvoiceStatus.PAID


def test_a_save_that_changes_no_fact_leaves_version_and_time_alone(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    change_invoice(uow, payments=(a_decline(),))

    change_invoice(uow, now=NOW + days(1), payments=(a_decline(),), audit=[an_audit_event(id="aud_1")])

    assert _facts(uow).version == 1
    row = in_firm(uow, lambda tx: tx.invoices.get(INVOICE_ID))
    assert row is not None
    assert row.updated_at == NOW
    assert in_firm(uow, lambda tx: [e.id for e in tx.journal.of_invoice(INVOICE_ID, 10)]) == ["aud_1"]


def test_what_was_decided_about_an_invoice_canchange_invoice(uow: UnitOfWork) -> None:
    keep_invoice(uow, an_invoice(sent_at=None))
    sent = an_invoice(description="New words", sent_at=NOW)

    with uow.firm(FIRM_ID) as tx:
        before = locked_facts(tx)
        tx.invoices.save(a_change(before=before, after=replace(before, invoice=sent)))
        tx.commit()

    assert _facts(uow).invoice == sent


def test_saving_over_a_change_in_between_is_stale(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    old = _facts(uow)
    change_invoice(uow, payments=(a_decline(),))

    with uow.firm(FIRM_ID) as tx, pytest.raises(StaleVersion):
        tx.invoices.save(a_change(before=old, after=replace(old, payments=(a_success(),))))


def test_a_second_save_from_the_same_lock_is_stale(uow: UnitOfWork) -> None:
    keep_invoice(uow)

    with uow.firm(FIRM_ID) as tx:
        before = locked_facts(tx)
        tx.invoices.save(a_change(before=before, after=replace(before, payments=(a_decline(),))))

        with pytest.raises(StaleVersion):
            tx.invoices.save(a_change(before=before, after=replace(before, payments=(a_success(),))))


def test_locked_again_in_the_same_transaction_it_shows_what_was_saved(uow: UnitOfWork) -> None:
    keep_invoice(uow)

    with uow.firm(FIRM_ID) as tx:
        before = locked_facts(tx)
        tx.invoices.save(a_change(before=before, after=replace(before, payments=(a_decline(),))))

        assert locked_facts(tx) == replace(before, payments=(a_decline(),), version=1)


def test_a_second_open_attempt_is_refused(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    change_invoice(uow, attempts=(an_attempt(id="att_1"),))

    with pytest.raises(Conflict, match="Another attempt of this invoice is still open"):
        change_invoice(uow, attempts=(an_attempt(id="att_1"), an_attempt(id="att_2")))


@pytest.mark.parametrize("status", [AttemptStatus.PENDING, AttemptStatus.UNKNOWN])
def test_pending_and_unknown_attempts_are_open_too(uow: UnitOfWork, status: AttemptStatus) -> None:
    keep_invoice(uow)

    with pytest.raises(Conflict):
        change_invoice(uow, attempts=(an_attempt(id="att_1", status=status), an_attempt(id="att_2")))


def test_an_attempt_whose_outcome_is_told_is_not_open_any_more(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    first = an_attempt(id="att_1")

    change_invoice(uow, attempts=(first, an_attempt(id="att_2")), payments=(a_decline(attempt_id="att_1"),))

    assert [attempt.id for attempt in _facts(uow).attempts] == ["att_1", "att_2"]


def test_one_attempt_is_closed_and_the_next_opened_in_one_save(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    first = an_attempt(id="att_9")
    change_invoice(uow, attempts=(first,))

    change_invoice(uow, attempts=(an_attempt(id="att_1"), replace(first, status=AttemptStatus.CANCELED)))

    assert {attempt.id: attempt.status for attempt in _facts(uow).attempts} == {
        "att_1": AttemptStatus.IN_FLIGHT,
        "att_9": AttemptStatus.CANCELED,
    }


def test_an_attempt_that_never_left_is_removed(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    change_invoice(uow, attempts=(an_attempt(id="att_1"),))

    change_invoice(uow, attempts=(an_attempt(id="att_2"),))

    assert [attempt.id for attempt in _facts(uow).attempts] == ["att_2"]


def _facts(uow: UnitOfWork) -> InvoiceFacts:
    facts = in_firm(uow, lambda tx: tx.history.facts(INVOICE_ID))
    assert facts is not None
    assert in_firm(uow, locked_facts) == facts
    return facts
