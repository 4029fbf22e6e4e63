"""`ports.repositories`: Firms, ApiKeys, Clients."""

from dataclasses import fields, replace
from datetime import time

import pytest

from domain.model.errors import Conflict
from domain.model.firms import Address, Scope
from domain.model.notice_policy import NoticePolicy, QuietHours, StageRule
from domain.model.notices import NoticeStage
from domain.model.policies import CountFrom, OldSlots, Policy, RetriesBy
from ports.repositories import PageRequest
from ports.unit_of_work import UnitOfWork
from tests.builders import CLIENT_ID, FIRM_ID, NOW, OTHER_FIRM_ID, a_client, a_firm, an_api_key, days
from tests.storage import in_firm, in_system

NOTICES = NoticePolicy(
    stages={
        NoticeStage.PAYMENT_FAILED: StageRule(delay_hours=5),
        NoticeStage.DISPUTE_RECEIVED: StageRule(is_enabled=True),
        NoticeStage.RECEIPT: StageRule(is_enabled=False),
    },
    quiet_hours=QuietHours(time(21, 30), time(7, 5), business_days_only=True),
    excluded_client_ids=frozenset({"cli_2", "cli_1"}),
    test_addresses=("test@north.example", "also@north.example"),
)
POLICY = Policy((1, 2, 30), CountFrom.FIRST_FAILURE, RetriesBy.STRIPE, OldSlots.RUN, (48, 2), NOTICES, 12)


def test_the_policy_that_these_tests_store_differs_from_the_default_in_every_field() -> None:
    assert all(getattr(POLICY, field.name) != getattr(Policy(), field.name) for field in fields(Policy))
    assert all(getattr(NOTICES, field.name) != getattr(NoticePolicy(), field.name) for field in fields(NoticePolicy))


def test_a_firm_comes_back_with_its_policy(empty_uow: UnitOfWork) -> None:
    firm = a_firm(stripe_account="acct_1", policy=POLICY)

    in_system(empty_uow, lambda tx: tx.firms.add(firm))

    assert in_firm(empty_uow, lambda tx: tx.firms.get(FIRM_ID)) == firm


def test_a_saved_firm_is_replaced(uow: UnitOfWork) -> None:
    changed = a_firm(name="North & Sons", stripe_account="acct_1", policy=POLICY)

    in_firm(uow, lambda tx: tx.firms.save(changed))

    assert in_firm(uow, lambda tx: tx.firms.get(FIRM_ID)) == changed


def test_a_firm_saved_after_its_invoice_was_locked_is_read_as_saved(uow: UnitOfWork) -> None:
    with uow.firm(FIRM_ID) as tx:
        tx.invoices.lock("inv_unknown")
        tx.firms.get(FIRM_ID)
        tx.firms.save(a_firm(name="New name"))

        assert tx.firms.get(FIRM_ID) == a_firm(name="New name")


def test_an_unknown_firm_is_none(uow: UnitOfWork) -> None:
    assert in_system(uow, lambda tx: tx.firms.get("frm_unknown")) is None


def test_a_stripe_account_belongs_to_one_firm(uow: UnitOfWork) -> None:
    in_firm(uow, lambda tx: tx.firms.save(a_firm(stripe_account="acct_1")))

    with pytest.raises(Conflict, match=r"^stripe_account: "):
        in_system(uow, lambda tx: tx.firms.add(a_firm(id="frm_3", stripe_account="acct_1")))
    with pytest.raises(Conflict, match=r"^stripe_account: "):
        in_firm(uow, lambda tx: tx.firms.save(a_firm(id=OTHER_FIRM_ID, stripe_account="acct_1")), firm_id=OTHER_FIRM_ID)


def test_all_firms_are_listed_oldest_first(uow: UnitOfWork) -> None:
    in_system(uow, lambda tx: tx.firms.add(a_firm(id="frm_z", created_at=NOW - days(1))))

    firms = in_system(uow, lambda tx: tx.firms.all())

    assert [firm.id for firm in firms] == ["frm_z", FIRM_ID, OTHER_FIRM_ID]


def test_a_key_is_found_by_its_prefix_before_its_firm_is_known(uow: UnitOfWork) -> None:
    key = an_api_key(scope=Scope.ADMIN)

    in_firm(uow, lambda tx: tx.api_keys.add(key))

    assert in_system(uow, lambda tx: tx.api_keys.find(key.prefix)) == key
    assert in_system(uow, lambda tx: tx.api_keys.find("dk_other")) is None


def test_last_use_and_revocation_of_a_key_are_kept(uow: UnitOfWork) -> None:
    key = an_api_key()
    in_firm(uow, lambda tx: tx.api_keys.add(key))
    used = replace(key, last_used_at=NOW + days(1), revoked_at=NOW + days(2))

    in_firm(uow, lambda tx: tx.api_keys.save(used))

    assert in_system(uow, lambda tx: tx.api_keys.find(key.prefix)) == used


def test_two_keys_with_one_prefix_are_refused(uow: UnitOfWork) -> None:
    in_firm(uow, lambda tx: tx.api_keys.add(an_api_key()))

    with pytest.raises(Conflict, match=r"^prefix: "):
        in_firm(uow, lambda tx: tx.api_keys.add(an_api_key(id="key_2", firm_id=OTHER_FIRM_ID)), firm_id=OTHER_FIRM_ID)


def test_a_client_comes_back_as_it_was_added(uow: UnitOfWork) -> None:
    client = a_client(
        id="cli_new",
        company_name="Ōsaka Denki 株式会社",
        phone="+81 6 1234",
        locale="ja-JP",
        timezone="Asia/Tokyo",
        address=Address("1-2-3 Kita", "5F", "Osaka", "Osaka", "530-0001", "JP"),
        stripe_customer_id="cus_1",
        email_bad_at=NOW + days(1),
        email_bad_reason="bounced (550 5.1.1)",
        updated_at=NOW + days(1),
    )

    in_firm(uow, lambda tx: tx.clients.add(client))

    assert in_firm(uow, lambda tx: tx.clients.get("cli_new")) == client
    assert in_firm(uow, lambda tx: tx.clients.by_stripe_customer("cus_1")) == client


def test_a_saved_client_is_replaced(uow: UnitOfWork) -> None:
    changed = a_client(company_name="Acme AG", email=None, address=Address(city="Bern"), updated_at=NOW + days(1))

    in_firm(uow, lambda tx: tx.clients.save(changed))

    assert in_firm(uow, lambda tx: tx.clients.get(CLIENT_ID)) == changed


def test_unknown_clients_and_customers_are_none(uow: UnitOfWork) -> None:
    with uow.firm(FIRM_ID) as tx:
        assert tx.clients.get("cli_unknown") is None
        assert tx.clients.by_stripe_customer("cus_unknown") is None


def test_clients_are_found_by_their_address_however_it_is_written(uow: UnitOfWork) -> None:
    one = a_client(id="cli_one", email="pay@twins.example")
    twin = a_client(id="cli_twin", email="Pay@TWINS.example")
    southern = a_client(id="cli_abroad", firm_id=OTHER_FIRM_ID, email="pay@twins.example")
    in_firm(uow, lambda tx: tx.clients.add(twin))
    in_firm(uow, lambda tx: tx.clients.add(one))
    in_firm(uow, lambda tx: tx.clients.add(a_client(id="cli_none", email=None)))
    in_firm(uow, lambda tx: tx.clients.add(southern), firm_id=OTHER_FIRM_ID)

    assert in_firm(uow, lambda tx: tx.clients.by_email("PAY@twins.example")) == [one, twin]
    assert in_system(uow, lambda tx: tx.clients.by_email("pay@twins.example")) == [one, twin, southern]
    assert in_system(uow, lambda tx: tx.clients.by_email("nobody@twins.example")) == []
    assert in_system(uow, lambda tx: tx.clients.by_email("")) == []


def test_a_stripe_customer_is_one_clients(uow: UnitOfWork) -> None:
    in_firm(uow, lambda tx: tx.clients.save(a_client(stripe_customer_id="cus_1")))

    with pytest.raises(Conflict, match=r"^stripe_customer_id: "):
        in_firm(uow, lambda tx: tx.clients.add(a_client(id="cli_new", stripe_customer_id="cus_1")))


def test_another_firm_may_have_a_client_for_the_same_stripe_customer(uow: UnitOfWork) -> None:
    in_firm(uow, lambda tx: tx.clients.save(a_client(stripe_customer_id="cus_1")))
    southern = a_client(id="cli_new", firm_id=OTHER_FIRM_ID, stripe_customer_id="cus_1")

    in_firm(uow, lambda tx: tx.clients.add(southern), firm_id=OTHER_FIRM_ID)

    assert in_firm(uow, lambda tx: tx.clients.by_stripe_customer("cus_1")) == a_client(stripe_customer_id="cus_1")


def test_a_client_needs_its_firm(uow: UnitOfWork) -> None:
    with pytest.raises(Conflict, match=r"^firm_id: "):
        in_firm(uow, lambda tx: tx.clients.add(a_client(id="c", firm_id="frm_none")), firm_id="frm_none")


def test_clients_are_listed_newest_first_in_pages(uow: UnitOfWork) -> None:
    in_firm(uow, lambda tx: tx.clients.add(a_client(id="cli_old", created_at=NOW - days(1))))
    in_firm(uow, lambda tx: tx.clients.add(a_client(id="cli_new", created_at=NOW + days(1))))

    with uow.firm(FIRM_ID) as tx:
        first = tx.clients.page(PageRequest(limit=2))
        second = tx.clients.page(PageRequest(limit=2, cursor=first.next_cursor))

    assert [client.id for client in (*first.items, *second.items)] == ["cli_new", CLIENT_ID, "cli_old"]
    assert second.next_cursor is None
