"""`ports.unit_of_work`: all of a step or nothing of it, and one firm's rows only."""

from collections.abc import Callable

import pytest

from domain.model.errors import Conflict
from ports.unit_of_work import Transaction, UnitOfWork, WrongFirm
from tests.builders import (
    FIRM_ID,
    NOW,
    OTHER_FIRM_ID,
    a_client,
    a_firm,
    a_ledger_entry,
    a_new_invoice,
    an_api_key,
    an_audit_event,
    an_event,
    an_inbox_entry,
    an_outbox_item,
)
from tests.storage import OTHER_CLIENT_ID, in_firm, in_system, keep_invoice, southern_invoice


def test_what_was_committed_is_there_afterwards(uow: UnitOfWork) -> None:
    with uow.firm(FIRM_ID) as tx:
        tx.clients.add(a_client(id="cli_new"))
        tx.commit()

    assert in_firm(uow, lambda tx: tx.clients.get("cli_new")) == a_client(id="cli_new")


def test_leaving_without_commit_undoes_everything(uow: UnitOfWork) -> None:
    with uow.firm(FIRM_ID) as tx:
        tx.clients.add(a_client(id="cli_new"))
        tx.outbox.add([an_outbox_item(id="out_new")])

    assert in_firm(uow, lambda tx: (tx.clients.get("cli_new"), tx.outbox.get("out_new"))) == (None, None)


def test_an_error_undoes_everything(uow: UnitOfWork) -> None:
    def add_and_stumble(tx: Transaction) -> None:
        tx.clients.add(a_client(id="cli_new"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_firm(uow, add_and_stumble)

    assert in_firm(uow, lambda tx: tx.clients.get("cli_new")) is None


def test_a_transaction_reads_what_it_wrote(uow: UnitOfWork) -> None:
    with uow.firm(FIRM_ID) as tx:
        tx.clients.add(a_client(id="cli_new"))

        assert tx.clients.get("cli_new") == a_client(id="cli_new")


def test_nobody_else_reads_what_is_not_committed(uow: UnitOfWork) -> None:
    with uow.firm(FIRM_ID) as writer:
        writer.clients.add(a_client(id="cli_new"))

        assert in_firm(uow, lambda tx: tx.clients.get("cli_new")) is None


def test_after_a_commit_the_transaction_goes_on_with_the_same_firm(uow: UnitOfWork) -> None:
    with uow.firm(FIRM_ID) as tx:
        tx.commit()

        assert tx.clients.get(OTHER_CLIENT_ID) is None


LOOKS: dict[str, Callable[[Transaction], object]] = {
    "a firm": lambda tx: tx.firms.get(OTHER_FIRM_ID),
    "a key": lambda tx: tx.api_keys.find("dk_south"),
    "a client": lambda tx: tx.clients.get(OTHER_CLIENT_ID),
    "a customer": lambda tx: tx.clients.by_stripe_customer("cus_south"),
    "an invoice": lambda tx: tx.invoices.get("inv_south"),
    "a locked invoice": lambda tx: tx.invoices.lock("inv_south"),
    "facts": lambda tx: tx.history.facts("inv_south"),
    "an outbox row": lambda tx: tx.outbox.get("out_south"),
    "a claimed row": lambda tx: tx.outbox.claim("out_south", NOW, NOW),
    "pending rows": lambda tx: [*tx.outbox.pending_for("inv_south")] or None,
    "due rows": lambda tx: [*tx.schedule.due(NOW, 10)] or None,
    "an event": lambda tx: tx.inbox.lock("", "evt_south"),
    "event ids": lambda tx: [*tx.backlog.find("evt_south")] or None,
    "audit events": lambda tx: [*tx.journal.of_invoice("inv_south", 10)] or None,
    "ledger entries": lambda tx: [*tx.journal.ledger_of("inv_south")] or None,
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_a_firms_transaction_sees_nothing_of_another_firm(
    uow: UnitOfWork, look: Callable[[Transaction], object]
) -> None:
    _keep_something_southern(uow)

    assert in_firm(uow, look) is None
    assert in_firm(uow, look, firm_id=OTHER_FIRM_ID) is not None


def test_a_system_transaction_sees_every_firm(uow: UnitOfWork) -> None:
    _keep_something_southern(uow)

    with uow.system() as tx:
        assert tx.invoices.get("inv_south") is not None
        assert tx.outbox.get("out_south") is not None
        assert [firm.id for firm in tx.firms.all()] == [FIRM_ID, OTHER_FIRM_ID]


def test_entering_a_firm_narrows_a_system_transaction(uow: UnitOfWork) -> None:
    _keep_something_southern(uow)

    with uow.system() as tx:
        tx.enter_firm(FIRM_ID)

        assert tx.invoices.get("inv_south") is None
        assert tx.firms.get(FIRM_ID) == a_firm()


def test_what_was_written_before_entering_a_firm_is_kept_with_the_rest(uow: UnitOfWork) -> None:
    with uow.system() as tx:
        tx.inbox.record(an_inbox_entry(firm_id=FIRM_ID))
        tx.enter_firm(FIRM_ID)
        tx.clients.add(a_client(id="cli_new"))
        tx.commit()

    with uow.system() as tx:
        assert tx.inbox.lock("", "evt_1") == an_inbox_entry(firm_id=FIRM_ID)
        assert tx.clients.get("cli_new") is not None


WRITES: dict[str, Callable[[Transaction], object]] = {
    "a new firm": lambda tx: tx.firms.add(a_firm(id="frm_third")),
    "a firm": lambda tx: tx.firms.save(a_firm(id=OTHER_FIRM_ID)),
    "a new key": lambda tx: tx.api_keys.add(an_api_key(firm_id=OTHER_FIRM_ID)),
    "a key": lambda tx: tx.api_keys.save(an_api_key(id="key_south", firm_id=OTHER_FIRM_ID)),
    "a new client": lambda tx: tx.clients.add(a_client(id="cli_new", firm_id=OTHER_FIRM_ID)),
    "a client": lambda tx: tx.clients.save(a_client(id=OTHER_CLIENT_ID, firm_id=OTHER_FIRM_ID)),
    "a new invoice": lambda tx: tx.invoices.add(a_new_invoice(southern_invoice(id="inv_new"))),
    "an invoice": lambda tx: tx.invoices.save(a_new_invoice(southern_invoice())),
    "a new outbox row": lambda tx: tx.outbox.add([an_outbox_item(firm_id=OTHER_FIRM_ID)]),
    "an outbox row": lambda tx: tx.outbox.save(an_outbox_item(id="out_south", firm_id=OTHER_FIRM_ID)),
    "an event": lambda tx: tx.inbox.record(an_inbox_entry(event=an_event(id="evt_n"), firm_id=OTHER_FIRM_ID)),
    "nobody's event": lambda tx: tx.inbox.record(an_inbox_entry(event=an_event(id="evt_n"), firm_id=None)),
    "an audit event": lambda tx: tx.journal.append([an_audit_event(firm_id=OTHER_FIRM_ID)]),
    "a heartbeat": lambda tx: tx.heartbeats.beat("sweep", NOW),
    "a firm entered": lambda tx: tx.enter_firm(OTHER_FIRM_ID),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_firms_transaction_writes_nothing_of_another_firm(
    uow: UnitOfWork, write: Callable[[Transaction], object]
) -> None:
    _keep_something_southern(uow)

    with uow.firm(FIRM_ID) as tx, pytest.raises(WrongFirm):
        write(tx)


def test_once_something_failed_the_same_is_raised_by_all_that_follows(uow: UnitOfWork) -> None:
    with uow.firm(FIRM_ID) as tx:
        with pytest.raises(Conflict) as first:
            tx.invoices.add(a_new_invoice(southern_invoice(firm_id=FIRM_ID)))

        with pytest.raises(Conflict) as second:
            tx.firms.get(FIRM_ID)
        with pytest.raises(Conflict) as third:
            tx.commit()

    assert second.value is first.value
    assert third.value is first.value


def test_a_failed_transaction_keeps_nothing(uow: UnitOfWork) -> None:
    with uow.firm(FIRM_ID) as tx:
        tx.clients.add(a_client(id="cli_new"))
        with pytest.raises(WrongFirm):
            tx.enter_firm(OTHER_FIRM_ID)
        with pytest.raises(WrongFirm):
            tx.commit()

    assert in_firm(uow, lambda tx: tx.clients.get("cli_new")) is None


def _keep_something_southern(uow: UnitOfWork) -> None:
    rows = {"new_outbox": [an_outbox_item(id="out_south", firm_id=OTHER_FIRM_ID, invoice_id="inv_south")]}
    audit = [an_audit_event(firm_id=OTHER_FIRM_ID, invoice_id="inv_south")]
    keep_invoice(uow, southern_invoice(), audit=audit, ledger=[a_ledger_entry()], **rows)
    client = a_client(id=OTHER_CLIENT_ID, firm_id=OTHER_FIRM_ID, stripe_customer_id="cus_south")
    in_system(uow, lambda tx: tx.clients.save(client))
    entry = an_inbox_entry(event=an_event(id="evt_south"), firm_id=OTHER_FIRM_ID)
    in_system(uow, lambda tx: tx.inbox.record(entry))
    key = an_api_key(id="key_south", firm_id=OTHER_FIRM_ID, prefix="dk_south")
    in_system(uow, lambda tx: tx.api_keys.add(key))
