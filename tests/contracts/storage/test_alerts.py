"""`ports.alert_repositories`: where alerts go, what was told lately, and the figures that the rules look at."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.memory.unit_of_work import MemoryUnitOfWork
from adapters.postgres.unit_of_work import SqlUnitOfWork
from domain.model.alert_pacing import Pace, Quiet
from domain.model.alert_rules import Payments, Unmatched, Watch
from domain.model.alerts import Alert, AlertSettings
from domain.model.audit import Severity
from domain.model.inbox import InboxStatus
from domain.model.invoices import Invoice
from domain.model.payment_facts import FactKind, PaymentFact, Source
from ports.unit_of_work import Transaction, UnitOfWork, WrongFirm
from tests.builders import (
    FIRM_ID,
    NOW,
    OTHER_FIRM_ID,
    a_change,
    a_decline,
    a_fact,
    a_success,
    an_event,
    an_inbox_entry,
    an_invoice,
    days,
    facts_of,
)
from tests.storage import (
    all_at_once,
    empty_tables,
    in_firm,
    in_system,
    keep_invoice,
    locked_facts,
    southern_invoice,
    with_two_firms,
)

MINUTE = timedelta(minutes=1)
WEEK_AGO = NOW - timedelta(days=7)
ALERT = Alert(FIRM_ID, Severity.WARNING, "refund_failed", "re_1", "Failed: 5 €.", "refund", "inv_1")
QUIET = Quiet(FIRM_ID, "refund_failed", "re_1", Severity.WARNING, NOW, NOW + days(1), 2, ALERT)


def test_a_firm_begins_without_addresses(uow: UnitOfWork) -> None:
    assert in_firm(uow, lambda tx: tx.alerts.settings(FIRM_ID)) == AlertSettings()


def test_addresses_that_were_set_are_those_that_are_read_by_their_firm(uow: UnitOfWork) -> None:
    wanted = AlertSettings(("slack://a/b/c", "discord://1/2"), ("staff@firm.example",))
    in_firm(uow, lambda tx: tx.alerts.save_settings(FIRM_ID, AlertSettings(("slack://old",))))

    in_firm(uow, lambda tx: tx.alerts.save_settings(FIRM_ID, wanted))

    assert in_firm(uow, lambda tx: tx.alerts.settings(FIRM_ID)) == wanted
    assert in_firm(uow, lambda tx: tx.alerts.settings(FIRM_ID), firm_id=OTHER_FIRM_ID) == AlertSettings()
    assert in_firm(uow, lambda tx: tx.alerts.settings(OTHER_FIRM_ID), firm_id=OTHER_FIRM_ID) == AlertSettings()


def test_pace_and_watch_are_kept_beside_each_other(uow: UnitOfWork) -> None:
    pace, watch = Pace(NOW, 7), Watch(NOW, NOW + MINUTE)
    assert in_firm(uow, lambda tx: (tx.alerts.lock_pace(FIRM_ID), tx.alerts.watch(FIRM_ID))) == (Pace(), Watch())

    in_firm(uow, lambda tx: tx.alerts.save_pace(FIRM_ID, pace))
    in_firm(uow, lambda tx: tx.alerts.save_watch(FIRM_ID, watch))
    in_firm(uow, lambda tx: tx.alerts.save_settings(FIRM_ID, AlertSettings(("slack://a",))))

    assert in_firm(uow, lambda tx: (tx.alerts.lock_pace(FIRM_ID), tx.alerts.watch(FIRM_ID))) == (pace, watch)
    assert in_system(uow, lambda tx: dict(tx.alert_signs.watches())) == {FIRM_ID: watch}


def test_whoever_decides_about_a_firms_alerts_is_alone(uow: UnitOfWork) -> None:
    def count() -> None:
        with uow.firm(FIRM_ID) as tx:
            pace = tx.alerts.lock_pace(FIRM_ID)
            tx.alerts.save_pace(FIRM_ID, Pace(NOW, pace.count + 1))
            tx.commit()

    all_at_once([count] * 4)

    assert in_firm(uow, lambda tx: tx.alerts.lock_pace(FIRM_ID)) == Pace(NOW, 4)


def test_a_quiet_period_is_kept_whole_and_replaced(uow: UnitOfWork) -> None:
    in_firm(uow, lambda tx: tx.alerts.save_quiet(QUIET, NOW))
    found = in_firm(uow, lambda tx: tx.alerts.quiet(FIRM_ID, "refund_failed", "re_1"))
    later = replace(QUIET, held_count=0, latest=None, severity=Severity.CRITICAL)
    in_firm(uow, lambda tx: tx.alerts.save_quiet(later, NOW))

    assert found == QUIET
    assert in_firm(uow, lambda tx: tx.alerts.quiet(FIRM_ID, "refund_failed", "re_1")) == later
    assert in_firm(uow, lambda tx: tx.alerts.quiet(FIRM_ID, "refund_failed", "re_2")) is None
    assert in_firm(uow, lambda tx: tx.alerts.quiet(FIRM_ID, "overpaid", "re_1")) is None


def test_quiet_periods_that_are_over_and_hold_nothing_back_are_forgotten(uow: UnitOfWork) -> None:
    over = replace(QUIET, subject_id="over", held_count=0, latest=None)
    holding, lasting = replace(QUIET, subject_id="holding"), replace(over, subject_id="lasting", ends_at=NOW + days(9))
    for quiet in (over, holding, lasting):
        in_firm(uow, lambda tx, q=quiet: tx.alerts.save_quiet(q, NOW))  # type: ignore[misc]

    in_firm(uow, lambda tx: tx.alerts.save_quiet(replace(QUIET, ends_at=NOW + days(9)), NOW + days(1)))

    def subjects(tx: Transaction) -> list[str]:
        asked = ("over", "holding", "lasting", "re_1")
        return [subject for subject in asked if tx.alerts.quiet(FIRM_ID, "refund_failed", subject)]

    assert in_firm(uow, subjects) == ["holding", "lasting", "re_1"]


def test_what_was_put_aside_is_taken_once_in_order(uow: UnitOfWork) -> None:
    alerts = [replace(ALERT, subject_id=f"re_{number}") for number in (3, 1, 2)]
    for alert in alerts:
        in_firm(uow, lambda tx, a=alert: tx.alerts.keep_for_digest(a.subject_id, a))  # type: ignore[misc]
    in_firm(uow, lambda tx: tx.alerts.keep_for_digest("re_1", ALERT))

    assert in_firm(uow, lambda tx: [*tx.alerts.take_for_digest(OTHER_FIRM_ID)], firm_id=OTHER_FIRM_ID) == []
    assert in_firm(uow, lambda tx: [*tx.alerts.take_for_digest(FIRM_ID)]) == alerts
    assert in_firm(uow, lambda tx: [*tx.alerts.take_for_digest(FIRM_ID)]) == []


@pytest.mark.parametrize(
    "write",
    [
        lambda tx: tx.alerts.save_settings(FIRM_ID, AlertSettings()),
        lambda tx: tx.alerts.lock_pace(FIRM_ID),
        lambda tx: tx.alerts.save_pace(FIRM_ID, Pace()),
        lambda tx: tx.alerts.save_watch(FIRM_ID, Watch()),
        lambda tx: tx.alerts.save_quiet(QUIET, NOW),
        lambda tx: tx.alerts.keep_for_digest("key", ALERT),
    ],
    ids=["settings", "lock", "pace", "watch", "quiet", "digest"],
)
def test_another_firms_alerts_cannot_be_written(uow: UnitOfWork, write: Any) -> None:
    with pytest.raises(WrongFirm):
        in_firm(uow, write, firm_id=OTHER_FIRM_ID)


def test_a_decline_that_four_sources_told_and_a_payment_that_two_told_are_one_each(uow: UnitOfWork) -> None:
    declined = [
        a_decline(attempt_id="att_1"),
        a_fact(source=Source.ANSWER, stripe_charge_id=None, attempt_id="att_1"),
        a_fact(source=Source.PAYMENT_INTENT, event_id="evt_2"),
        a_fact(source=Source.INVOICE, stripe_invoice_id="in_1", event_id="evt_3"),
    ]
    paid = [
        a_success(stripe_charge_id="ch_2"),
        a_fact(kind=FactKind.SUCCEEDED, source=Source.PAYMENT_INTENT, stripe_charge_id=None),
    ]
    keep(uow, *declined, *paid)

    assert payments_since(uow) == {FIRM_ID: Payments(1, 1)}


def test_only_what_happened_since_then_counts(uow: UnitOfWork) -> None:
    old = a_decline(stripe_charge_id="ch_old", at=NOW - days(8))
    fetched = replace(a_decline(stripe_charge_id="ch_fetched", at=NOW - days(8)), told_at=NOW)
    keep(uow, old, fetched, a_decline(at=NOW - days(7)))

    assert payments_since(uow) == {FIRM_ID: Payments(1, 0)}


def test_a_failed_charge_that_is_told_as_paid_too_is_paid(uow: UnitOfWork) -> None:
    keep(uow, a_decline(), a_success())

    assert payments_since(uow) == {FIRM_ID: Payments(0, 1)}


def test_what_was_paid_out_of_band_is_no_payment_of_a_card(uow: UnitOfWork) -> None:
    outside = a_fact(kind=FactKind.INVOICE_PAID, source=Source.INVOICE, stripe_charge_id=None, stripe_invoice_id="in_1")
    keep(uow, replace(outside, stripe_payment_intent_id=None))

    assert payments_since(uow) == {}


def test_each_firms_payments_count_for_itself(uow: UnitOfWork) -> None:
    keep(uow, a_decline(), invoice=an_invoice(id="inv_1"))
    keep(uow, a_decline(stripe_charge_id="ch_2"), invoice=an_invoice(id="inv_2"))
    keep(uow, a_success(stripe_charge_id="ch_3"), invoice=southern_invoice())

    assert payments_since(uow) == {FIRM_ID: Payments(2, 0), OTHER_FIRM_ID: Payments(0, 1)}


def test_unmatched_events_are_counted_by_firm_once_they_are_old_enough(uow: UnitOfWork) -> None:
    rows = [
        ("evt_1", FIRM_ID, InboxStatus.UNMATCHED, NOW - MINUTE),
        ("evt_2", FIRM_ID, InboxStatus.UNMATCHED, NOW),
        ("evt_3", FIRM_ID, InboxStatus.UNMATCHED, NOW + MINUTE),
        ("evt_4", FIRM_ID, InboxStatus.FAILED, NOW - MINUTE),
        ("evt_5", None, InboxStatus.UNMATCHED, NOW - MINUTE),
        ("evt_6", OTHER_FIRM_ID, InboxStatus.UNMATCHED, NOW - MINUTE),
    ]
    for event_id, firm_id, status, received_at in rows:
        entry = an_inbox_entry(
            event=an_event(id=event_id), firm_id=firm_id, status=status, received_at=received_at, stripe_ids=["pi_1"]
        )
        in_system(uow, lambda tx, e=entry: tx.inbox.record(e))  # type: ignore[misc]

    found = in_system(uow, lambda tx: dict(tx.alert_signs.unmatched_before(NOW)))

    assert found == {FIRM_ID: Unmatched(2, NOW), OTHER_FIRM_ID: Unmatched(1, NOW - MINUTE)}


def keep(uow: UnitOfWork, *payments: PaymentFact, invoice: Invoice | None = None) -> None:
    kept = keep_invoice(uow, invoice)
    with uow.firm(kept.firm_id) as tx:
        tx.invoices.save(a_change(before=locked_facts(tx, kept.id), after=facts_of(kept, payments=payments)))
        tx.commit()


def payments_since(uow: UnitOfWork, since: datetime = WEEK_AGO) -> Mapping[str, Payments]:
    return in_system(uow, lambda tx: dict(tx.alert_signs.payments_since(since)))


IDS = st.none() | st.integers(1, 3)


@st.composite
def tellings(draw: st.DrawFn) -> PaymentFact:
    """At Stripe one charge at most succeeds of each PaymentIntent: here the one of the same number."""
    kind, charge, attempt = draw(st.sampled_from([FactKind.FAILED, FactKind.SUCCEEDED])), draw(IDS), draw(IDS)
    intent = charge or draw(st.integers(1, 3))
    return a_fact(
        kind=kind,
        source=Source.CHARGE if charge else draw(st.sampled_from([Source.ANSWER, Source.PAYMENT_INTENT])),
        told_at=NOW + draw(st.integers(-1, 1)) * days(1),
        stripe_charge_id=f"ch_{charge}" if charge else None,
        stripe_payment_intent_id=f"pi_{intent}",
        attempt_id=f"att_{attempt}" if attempt else None,
        event_id=f"evt_{draw(st.integers(1, 5))}",
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(tellings(), max_size=12))
def test_both_adapters_count_whatever_was_told_alike(
    sql_uow: SqlUnitOfWork, database_url: str, told: list[PaymentFact]
) -> None:
    empty_tables(database_url)
    counts = []
    for uow in (with_two_firms(sql_uow), with_two_firms(MemoryUnitOfWork())):
        keep(uow, *told)
        counts.append(payments_since(uow, NOW))

    assert counts[0] == counts[1]
