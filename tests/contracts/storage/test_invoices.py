"""`ports.repositories.Invoices`: what is stored comes back, changes are whole, unique things stay so."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest

from domain.model.attempts import AttemptStatus, OwnAttempt, Settlement, Trigger
from domain.model.declines import DeclineCodes, FailureCode
from domain.model.errors import Conflict, StaleVersion
from domain.model.invoices import InvoiceFacts, InvoiceStatus
from domain.model.outbox import OutboxStatus
from domain.model.payment_facts import FactKind, PaymentFact, Source
from ports.repositories import Change, InvoiceRow
from ports.unit_of_work import Transaction, UnitOfWork
from tests.builders import (
    FIRM_ID,
    INVOICE_ID,
    NOW,
    OTHER_FIRM_ID,
    a_change,
    a_decline,
    a_fact,
    a_frozen_charge,
    a_ledger_entry,
    a_new_invoice,
    a_success,
    an_attempt,
    an_audit_event,
    an_invoice,
    an_outbox_item,
    days,
    facts_of,
)
from tests.storage import in_firm, in_system, keep_invoice, southern_invoice


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
    _change(uow, payments=(fact,), attempts=(attempt,))

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

    _change(uow, attempts=(attempt,))

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

    _change(uow, payments=(bare, full))

    assert _facts(uow).payments == (bare, full)
    assert all(getattr(full, field.name) for field in fields(full)), "the test forgets a field"


def test_a_fact_that_was_merged_replaces_the_stored_one(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    heard_late = a_decline(heard_at=NOW + days(1))
    _change(uow, payments=(heard_late,))

    _change(uow, payments=(replace(heard_late, heard_at=NOW),))

    assert _facts(uow).payments == (a_decline(heard_at=NOW),)


def test_each_save_counts_the_version_up_and_stores_the_figures(uow: UnitOfWork) -> None:
    keep_invoice(uow)

    _change(uow, now=NOW + days(1), payments=(a_decline(),))
    change = _change(
        uow, now=NOW + days(2), payments=(a_decline(), a_success(stripe_charge_id="ch_2", at=NOW + days(2)))
    )

    assert _facts(uow).version == 2
    row = in_firm(uow, lambda tx: tx.invoices.get(INVOICE_ID))
    assert row == InvoiceRow(an_invoice(), change.state.figures, NOW + days(2))
    assert row.figures.status is InvoiceStatus.PAID


def test_a_save_that_changes_no_fact_leaves_version_and_time_alone(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    _change(uow, payments=(a_decline(),))

    _change(uow, now=NOW + days(1), payments=(a_decline(),), audit=[an_audit_event(id="aud_1")])

    assert _facts(uow).version == 1
    row = in_firm(uow, lambda tx: tx.invoices.get(INVOICE_ID))
    assert row is not None
    assert row.updated_at == NOW
    assert in_firm(uow, lambda tx: [e.id for e in tx.journal.of_invoice(INVOICE_ID, 10)]) == ["aud_1"]


def test_what_was_decided_about_an_invoice_can_change(uow: UnitOfWork) -> None:
    keep_invoice(uow, an_invoice(sent_at=None))
    sent = an_invoice(description="New words", sent_at=NOW)

    with uow.firm(FIRM_ID) as tx:
        before = _locked(tx)
        tx.invoices.save(a_change(before=before, after=replace(before, invoice=sent)))
        tx.commit()

    assert _facts(uow).invoice == sent


def test_saving_over_a_change_in_between_is_stale(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    old = _facts(uow)
    _change(uow, payments=(a_decline(),))

    with uow.firm(FIRM_ID) as tx, pytest.raises(StaleVersion):
        tx.invoices.save(a_change(before=old, after=replace(old, payments=(a_success(),))))


def test_a_second_save_from_the_same_lock_is_stale(uow: UnitOfWork) -> None:
    keep_invoice(uow)

    with uow.firm(FIRM_ID) as tx:
        before = _locked(tx)
        tx.invoices.save(a_change(before=before, after=replace(before, payments=(a_decline(),))))

        with pytest.raises(StaleVersion):
            tx.invoices.save(a_change(before=before, after=replace(before, payments=(a_success(),))))


def test_locked_again_in_the_same_transaction_it_shows_what_was_saved(uow: UnitOfWork) -> None:
    keep_invoice(uow)

    with uow.firm(FIRM_ID) as tx:
        before = _locked(tx)
        tx.invoices.save(a_change(before=before, after=replace(before, payments=(a_decline(),))))

        assert _locked(tx) == replace(before, payments=(a_decline(),), version=1)


def test_a_second_open_attempt_is_refused(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    _change(uow, attempts=(an_attempt(id="att_1"),))

    with pytest.raises(Conflict, match="Another attempt of this invoice is still open"):
        _change(uow, attempts=(an_attempt(id="att_1"), an_attempt(id="att_2")))


@pytest.mark.parametrize("status", [AttemptStatus.PENDING, AttemptStatus.UNKNOWN])
def test_pending_and_unknown_attempts_are_open_too(uow: UnitOfWork, status: AttemptStatus) -> None:
    keep_invoice(uow)

    with pytest.raises(Conflict):
        _change(uow, attempts=(an_attempt(id="att_1", status=status), an_attempt(id="att_2")))


def test_an_attempt_whose_outcome_is_told_is_not_open_any_more(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    first = an_attempt(id="att_1")

    _change(uow, attempts=(first, an_attempt(id="att_2")), payments=(a_decline(attempt_id="att_1"),))

    assert [attempt.id for attempt in _facts(uow).attempts] == ["att_1", "att_2"]


def test_one_attempt_is_closed_and_the_next_opened_in_one_save(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    first = an_attempt(id="att_9")
    _change(uow, attempts=(first,))

    _change(uow, attempts=(an_attempt(id="att_1"), replace(first, status=AttemptStatus.CANCELED)))

    assert {attempt.id: attempt.status for attempt in _facts(uow).attempts} == {
        "att_1": AttemptStatus.IN_FLIGHT,
        "att_9": AttemptStatus.CANCELED,
    }


def test_an_attempt_that_never_left_is_removed(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    _change(uow, attempts=(an_attempt(id="att_1"),))

    _change(uow, attempts=(an_attempt(id="att_2"),))

    assert [attempt.id for attempt in _facts(uow).attempts] == ["att_2"]


def test_ledger_entries_are_written_once(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    _change(uow, ledger=[a_ledger_entry(amount_minor=5000)])

    _change(uow, ledger=[a_ledger_entry(amount_minor=1), a_ledger_entry(stripe_id="ch_2", occurred_at=NOW - days(1))])

    entries = in_firm(uow, lambda tx: tx.journal.ledger_of(INVOICE_ID))
    assert [(entry.stripe_id, entry.amount_minor) for entry in entries] == [("ch_2", 5000), ("ch_1", 5000)]


def test_a_save_answers_the_outbox_rows_that_are_new_or_revived(uow: UnitOfWork) -> None:
    due = an_outbox_item(id="out_due", dedupe_key="retry:1")
    canceled = an_outbox_item(id="out_canceled", dedupe_key="retry:2", status=OutboxStatus.CANCELED, tries=3)
    keep_invoice(uow, new_outbox=[due, canceled])
    again = replace(due, id="out_x", due_at=NOW + days(1))
    revived = replace(canceled, id="out_y", due_at=NOW + days(2), status=OutboxStatus.HELD, tries=0)
    new = an_outbox_item(id="out_new")

    with uow.firm(FIRM_ID) as tx:
        answered = tx.invoices.save(
            a_change(before=_locked(tx), new_outbox=[again, revived, new, replace(new, id="o")])
        )
        tx.commit()

    assert answered == (replace(revived, id="out_canceled"), new)
    assert in_firm(uow, lambda tx: tx.outbox.get("out_due")) == due
    assert in_firm(uow, lambda tx: tx.outbox.get("out_canceled")) == replace(revived, id="out_canceled")


def test_a_row_canceled_in_the_same_change_is_revived_by_it(uow: UnitOfWork) -> None:
    item = an_outbox_item(id="out_1", dedupe_key="retry:1")
    keep_invoice(uow, new_outbox=[item])
    canceled = replace(item, status=OutboxStatus.CANCELED)
    new = replace(item, id="out_2", due_at=NOW + days(1))

    with uow.firm(FIRM_ID) as tx:
        answered = tx.invoices.save(a_change(before=_locked(tx), changed_outbox=[canceled], new_outbox=[new]))

    assert answered == (replace(new, id="out_1"),)


def test_changed_outbox_rows_are_replaced(uow: UnitOfWork) -> None:
    item = an_outbox_item(id="out_1")
    keep_invoice(uow, new_outbox=[item])
    changed = replace(item, status=OutboxStatus.DONE, tries=2, last_error="Refused.", due_at=NOW + days(1))

    with uow.firm(FIRM_ID) as tx:
        tx.invoices.save(a_change(before=_locked(tx), changed_outbox=[changed]))
        tx.commit()

    assert in_firm(uow, lambda tx: tx.outbox.get("out_1")) == changed


@pytest.mark.parametrize(
    ("field", "taken"),
    [
        ("number", {"number": "2026-7"}),
        ("stripe_payment_intent_id", {"given_payment_intent_id": "pi_7"}),
        ("stripe_invoice_id", {"stripe_invoice_id": "in_7"}),
    ],
)
def test_what_is_unique_in_a_firm_is_refused_by_its_name(uow: UnitOfWork, field: str, taken: dict[str, str]) -> None:
    keep_invoice(uow, an_invoice(id="inv_first", **taken))

    with pytest.raises(Conflict, match=f"^{field}: "):
        keep_invoice(uow, an_invoice(id="inv_second", **taken))


@pytest.mark.parametrize(
    "taken", [{"number": "2026-7"}, {"given_payment_intent_id": "pi_7"}, {"stripe_invoice_id": "in_7"}]
)
def test_another_firm_may_use_the_same(uow: UnitOfWork, taken: dict[str, str]) -> None:
    keep_invoice(uow, an_invoice(**taken))

    keep_invoice(uow, southern_invoice(**taken))

    assert in_firm(uow, lambda tx: tx.invoices.get("inv_south"), firm_id=OTHER_FIRM_ID) is not None


def test_a_change_that_takes_what_is_unique_is_refused(uow: UnitOfWork) -> None:
    keep_invoice(uow, an_invoice(id="inv_first", stripe_invoice_id="in_7"))
    keep_invoice(uow, an_invoice())

    with uow.firm(FIRM_ID) as tx:
        before = _locked(tx)
        greedy = replace(before, invoice=replace(before.invoice, stripe_invoice_id="in_7"))
        with pytest.raises(Conflict, match=r"^stripe_invoice_id: "):
            tx.invoices.save(a_change(before=before, after=greedy))


def test_a_new_invoice_cannot_claim_an_object_of_another(uow: UnitOfWork) -> None:
    keep_invoice(uow, an_invoice(id="inv_first"), stripe_ids=["pi_1"])

    with pytest.raises(Conflict, match="pi_1"):
        keep_invoice(uow, an_invoice(id="inv_second"), stripe_ids=["pi_1", "pi_2"])


def test_a_save_leaves_the_objects_of_another_invoice_alone(uow: UnitOfWork) -> None:
    keep_invoice(uow, an_invoice(id="inv_first"), stripe_ids=["pi_1"])
    keep_invoice(uow, an_invoice())

    _change(uow, stripe_ids=["pi_1", "ch_1"])

    assert in_system(uow, lambda tx: tx.inbox.match("", None, ["pi_1"])).invoice_id == "inv_first"
    assert in_system(uow, lambda tx: tx.inbox.match("", None, ["ch_1"])).invoice_id == INVOICE_ID


def test_an_invoice_needs_a_client_of_its_firm(uow: UnitOfWork) -> None:
    with pytest.raises(Conflict, match=r"^client_id: "):
        keep_invoice(uow, southern_invoice(firm_id=FIRM_ID))


def test_a_saved_invoice_need_not_have_been_locked_before(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    facts = _facts(uow)

    with uow.firm(FIRM_ID) as tx:
        tx.invoices.save(a_change(before=facts, after=replace(facts, payments=(a_fact(),))))
        tx.commit()

    assert _facts(uow).payments == (a_fact(),)


def _locked(tx: Transaction) -> InvoiceFacts:
    locked = tx.invoices.lock(INVOICE_ID)
    assert locked is not None
    return locked.facts


def _facts(uow: UnitOfWork) -> InvoiceFacts:
    facts = in_firm(uow, lambda tx: tx.history.facts(INVOICE_ID))
    assert facts is not None
    assert in_firm(uow, _locked) == facts
    return facts


def _change(
    uow: UnitOfWork, *, attempts: Sequence[OwnAttempt] = (), payments: Sequence[PaymentFact] = (), **rest: Any
) -> Change:
    def save(tx: Transaction) -> Change:
        before = _locked(tx)
        after = replace(before, attempts=tuple(attempts), payments=tuple(payments))
        change = a_change(before=before, after=after, **rest)
        tx.invoices.save(change)
        return change

    return in_firm(uow, save)
