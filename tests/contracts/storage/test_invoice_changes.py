"""`ports.repositories.Invoices`: what is written beside an invoice, and what is unique stays so."""

from dataclasses import replace

import pytest

from domain.model.errors import Conflict
from domain.model.outbox import OutboxStatus
from ports.unit_of_work import UnitOfWork
from tests.builders import (
    FIRM_ID,
    INVOICE_ID,
    NOW,
    OTHER_FIRM_ID,
    a_change,
    a_fact,
    a_ledger_entry,
    an_invoice,
    an_outbox_item,
    days,
)
from tests.storage import change_invoice, in_firm, in_system, keep_invoice, locked_facts, southern_invoice


def test_ledger_entries_are_written_once(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    change_invoice(uow, ledger=[a_ledger_entry(amount_minor=5000)])

    change_invoice(
        uow, ledger=[a_ledger_entry(amount_minor=1), a_ledger_entry(stripe_id="ch_2", occurred_at=NOW - days(1))]
    )

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
            a_change(before=locked_facts(tx), new_outbox=[again, revived, new, replace(new, id="o")])
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
        answered = tx.invoices.save(a_change(before=locked_facts(tx), changed_outbox=[canceled], new_outbox=[new]))

    assert answered == (replace(new, id="out_1"),)


def test_changed_outbox_rows_are_replaced(uow: UnitOfWork) -> None:
    item = an_outbox_item(id="out_1")
    keep_invoice(uow, new_outbox=[item])
    changed = replace(item, status=OutboxStatus.DONE, tries=2, last_error="Refused.", due_at=NOW + days(1))

    with uow.firm(FIRM_ID) as tx:
        tx.invoices.save(a_change(before=locked_facts(tx), changed_outbox=[changed]))
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
        before = locked_facts(tx)
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

    change_invoice(uow, stripe_ids=["pi_1", "ch_1"])

    assert in_system(uow, lambda tx: tx.inbox.match("", None, ["pi_1"])).invoice_id == "inv_first"
    assert in_system(uow, lambda tx: tx.inbox.match("", None, ["ch_1"])).invoice_id == INVOICE_ID


def test_an_invoice_needs_a_client_of_its_firm(uow: UnitOfWork) -> None:
    with pytest.raises(Conflict, match=r"^client_id: "):
        keep_invoice(uow, southern_invoice(firm_id=FIRM_ID))


def test_a_saved_invoice_need_not_have_been_locked_before(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    facts = in_firm(uow, locked_facts)

    with uow.firm(FIRM_ID) as tx:
        tx.invoices.save(a_change(before=facts, after=replace(facts, payments=(a_fact(),))))
        tx.commit()

    assert in_firm(uow, locked_facts).payments == (a_fact(),)
