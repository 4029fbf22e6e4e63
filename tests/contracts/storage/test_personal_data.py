"""`ports.personal_data.PersonalData`."""

from typing import Any

import pytest

from domain.model.disputes import dispute_id
from domain.model.inbox import InboxEntry
from ports.personal_data import Trace
from ports.unit_of_work import UnitOfWork, WrongFirm
from tests.builders import (
    FIRM_ID,
    INVOICE_ID,
    NOW,
    OTHER_FIRM_ID,
    a_change,
    an_event,
    an_inbox_entry,
    an_invoice,
)
from tests.reversal_builders import a_note, an_edit, dispute_telling, with_reversals
from tests.storage import in_firm, in_system, keep_invoice, locked_facts

TRACE = Trace(FIRM_ID, frozenset({INVOICE_ID}), "cus_1")


def _keep(uow: UnitOfWork, event_id: str, subject: dict[str, Any] | None = None, **entry: Any) -> InboxEntry:
    body = {"id": event_id, "type": "charge.failed", "data": {"object": subject or {"id": "ch_1"}}}
    kept = an_inbox_entry(event=an_event(id=event_id, type="charge.failed", body=body), **entry)
    in_system(uow, lambda tx: tx.inbox.record(kept))
    return kept


def _found(uow: UnitOfWork, trace: Trace = TRACE) -> list[str]:
    entries, after = in_system(uow, lambda tx: tx.personal_data.events(trace, None, 100))
    assert after is None
    return [entry.event.id for entry in entries]


def test_events_of_the_clients_invoices_and_those_that_name_its_customer_are_found(uow: UnitOfWork) -> None:
    _keep(uow, "evt_1", firm_id=FIRM_ID, invoice_id=INVOICE_ID)
    _keep(uow, "evt_2", {"id": "cus_1", "email": "jane@acme.example"}, firm_id=FIRM_ID)
    _keep(uow, "evt_3", {"id": "pi_1", "customer": "cus_1", "note": "nothing\u0000ness"})
    _keep(uow, "evt_4", {"id": "pi_2", "customer": "cus_12"}, firm_id=FIRM_ID)
    _keep(uow, "evt_5", {"id": "pi_2"}, firm_id=FIRM_ID, invoice_id="inv_other")
    _keep(uow, "evt_6", {"id": "pi_3", "customer": "cus_1"}, firm_id=OTHER_FIRM_ID, invoice_id=INVOICE_ID)

    assert _found(uow) == ["evt_1", "evt_2", "evt_3"]
    assert _found(uow, Trace(FIRM_ID, frozenset({INVOICE_ID}), None)) == ["evt_1"]
    assert _found(uow, Trace(FIRM_ID, frozenset(), None)) == []


def test_events_come_back_whole_and_in_pages(uow: UnitOfWork) -> None:
    kept = [_keep(uow, f"evt_{number}", firm_id=FIRM_ID, invoice_id=INVOICE_ID) for number in range(3)]

    first, after = in_system(uow, lambda tx: tx.personal_data.events(TRACE, None, 2))
    rest, end = in_system(uow, lambda tx: tx.personal_data.events(TRACE, after, 2))

    assert [*first, *rest] == kept
    assert (after, end) == (("evt_1", ""), None)


def test_another_body_takes_the_place_of_a_stored_one(uow: UnitOfWork) -> None:
    kept = _keep(uow, "evt_1", firm_id=FIRM_ID, invoice_id=INVOICE_ID)

    in_system(uow, lambda tx: tx.personal_data.replace_body("", "evt_1", {"id": "evt_1"}))

    entry = in_system(uow, lambda tx: tx.inbox.lock("", "evt_1"))
    assert entry is not None
    assert (entry.event.body, entry.status, entry.invoice_id) == ({"id": "evt_1"}, kept.status, INVOICE_ID)


def test_answers_that_hold_a_text_are_forgotten_and_their_keys_stay_taken(uow: UnitOfWork) -> None:
    for key, text in [("k1", '{"id": "cli_1", "email": "jane@acme.example"}'), ("k2", '{"id": "cli_2"}')]:
        in_firm(uow, lambda tx, key=key: tx.idempotency.begin(key, "print", NOW))  # type: ignore[misc]
        in_firm(uow, lambda tx, key=key, text=text: tx.idempotency.finish(key, 201, {"text": text}))  # type: ignore[misc]
    in_firm(uow, lambda tx: tx.idempotency.begin("k3", "print", NOW))

    assert in_firm(uow, lambda tx: tx.personal_data.forget_answers("cli_1")) == 1

    one, two = (in_firm(uow, lambda tx, key=key: tx.idempotency.begin(key, "print", NOW)) for key in ("k1", "k2"))  # type: ignore[misc]
    assert one is not None
    assert two is not None
    assert (one.status, one.body, one.fingerprint) == (0, None, "print")
    assert (two.status, two.body) == (201, {"text": '{"id": "cli_2"}'})


def test_another_firms_answers_stay(uow: UnitOfWork) -> None:
    in_firm(uow, lambda tx: tx.idempotency.begin("k", "print", NOW), firm_id=OTHER_FIRM_ID)
    in_firm(uow, lambda tx: tx.idempotency.finish("k", 200, {"text": "cli_1"}), firm_id=OTHER_FIRM_ID)

    assert in_firm(uow, lambda tx: tx.personal_data.forget_answers("cli_1")) == 0
    with uow.system() as tx, pytest.raises(WrongFirm):
        tx.personal_data.forget_answers("cli_1")


def test_notes_on_the_invoices_disputes_lose_their_text_in_every_version(uow: UnitOfWork) -> None:
    for invoice_id, stripe_id in [(INVOICE_ID, "dp_1"), ("inv_other", "dp_2")]:
        keep_invoice(uow, an_invoice(id=invoice_id))
        telling = dispute_telling(stripe_dispute_id=stripe_id, stripe_charge_id=f"ch_{stripe_id}")
        before = in_firm(uow, lambda tx, id=invoice_id: locked_facts(tx, id))  # type: ignore[misc]  # noqa: A006
        change = a_change(before=before, after=with_reversals(before, disputes=[telling]))
        in_firm(uow, lambda tx, change=change: tx.invoices.save(change))  # type: ignore[misc]
    note, other = a_note(), a_note(id="dno_2", dispute_id=dispute_id(FIRM_ID, "dp_2"))
    for version in (note, an_edit(note), other):
        in_firm(uow, lambda tx, version=version: tx.dispute_notes.add(version))  # type: ignore[misc]

    in_firm(uow, lambda tx: tx.personal_data.erase_notes(INVOICE_ID))

    assert [one.body for one in in_firm(uow, lambda tx: tx.dispute_notes.versions("dno_1"))] == ["[erased]"] * 2
    assert in_firm(uow, lambda tx: tx.dispute_notes.get("dno_2")) == other
