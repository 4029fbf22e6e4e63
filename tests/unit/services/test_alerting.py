"""Telling the firm's staff: each channel by itself, the same once, no storms, and what no single change tells."""

from datetime import timedelta

import pytest

from domain.model.alert_pacing import ALERTS_PER_MINUTE
from domain.model.alerts import AlertSettings
from domain.model.audit import Note, Severity
from domain.model.outbox import LEASE, OutboxItem, OutboxKind, OutboxStatus
from domain.model.policies import Policy
from domain.services import firms
from domain.services.alert_delivery import GIVEN_UP_AFTER
from domain.services.alert_watch import watch_firms
from domain.services.alerting import AlertDesk
from domain.services.bookkeeping import alert_items
from domain.services.outbox import run_outbox
from domain.services.steps import Step, in_firm
from domain.services.webhooks import apply_event
from ports.repositories import OutboxFilter, PageRequest
from tests import stripe_events as stripe
from tests.builders import NOW
from tests.service_world import ADMIN, DAY, World

SLACK, DISCORD, STAFF = "slack://a/b/c", "discord://1/2", "staff@firm.example"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def world() -> World:
    """Two services and one mail address."""
    world = World()
    settings = AlertSettings((SLACK, DISCORD), (STAFF,))
    in_firm(world.ports, world.firm.id, lambda step: step.tx.alerts.save_settings(world.firm.id, settings))
    return world


def raise_alert(world: World, number: int = 1, *, action: str = "refund_failed", **note: object) -> None:
    """Something needs the staff; nothing is run yet."""
    key = f"test:{number}:{world.clock.now()}:{note}"
    told = {"severity": Severity.WARNING, "summary": f"Refund {number} failed.", "subject_id": f"re_{number}", **note}
    item = Note(action, subject_type="refund", alert_key=key, **told)  # type: ignore[arg-type]

    def add(step: Step) -> None:
        step.ring_for(step.tx.outbox.add(alert_items(step, world.firm.id, [item], None)))

    in_firm(world.ports, world.firm.id, add)


def posted(world: World, url: str = SLACK) -> list[str]:
    """What was posted to one address, the first paragraph of each."""
    return [message.text.split("\n\n")[0] for to, message in world.poster.posted if to == url]


def rows(world: World, kind: OutboxKind) -> list[OutboxItem]:
    with world.ports.uow.firm(world.firm.id) as tx:
        page = tx.schedule.page(OutboxFilter(kind=kind), PageRequest(limit=100))
    return list(page.items)


def test_an_alert_goes_to_the_log_and_to_every_channel(world: World) -> None:
    raise_alert(world)
    world.run_due()

    assert [alert.text for alert in world.alerts.alerts] == ["Refund 1 failed."]
    assert (posted(world), posted(world, DISCORD)) == (["Refund 1 failed."], ["Refund 1 failed."])
    (mail,) = world.mailer.sent
    assert (mail.to_address, mail.subject) == (STAFF, "[Dunlin WARNING] A refund failed")
    assert "<p>Refund 1 failed.</p>" in mail.html
    assert "https://dunlin.example/api/v1/" in mail.text


def test_what_stands_in_an_alert_is_no_markup_in_its_mail(world: World) -> None:
    raise_alert(world, summary="<script>alert(1)</script>")
    world.run_due()

    assert "<script>" not in world.mailer.sent[0].html


def test_the_operators_addresses_get_the_alerts_of_every_firm(world: World) -> None:
    world.use_desk(AlertDesk(world.alerts, world.poster, world.mailer, operator_urls=("json://ops.example",)))
    raise_alert(world)
    world.run_due()

    assert posted(world, "json://ops.example") == ["Refund 1 failed."]


def test_a_channel_that_fails_is_tried_again_and_the_others_are_not_repeated(world: World) -> None:
    world.poster.refusing.add(SLACK)
    raise_alert(world)
    world.run_due()
    assert (posted(world), len(posted(world, DISCORD)), len(world.mailer.sent)) == ([], 1, 1)

    world.poster.refusing.clear()
    world.advance(timedelta(seconds=2))

    assert (len(posted(world)), len(posted(world, DISCORD)), len(world.mailer.sent)) == (1, 1, 1)


def test_a_mail_that_may_have_left_is_sent_again_under_its_message_id(world: World) -> None:
    world.mailer.lose_next_answer()
    raise_alert(world)
    world.run_due()
    world.advance(timedelta(seconds=2))

    assert len(world.mailer.sent) == 2
    assert len({mail.message_id for mail in world.mailer.sent}) == 1


def test_a_mail_address_that_is_refused_is_given_up_and_told_on_the_other_channels(world: World) -> None:
    world.mailer.refuse_next(is_address_bad=True)
    raise_alert(world)
    world.run_due()

    told = [text for text in posted(world) if text.startswith("Alerts do not arrive on channel mail:")]
    assert len(told) == len(posted(world, DISCORD)) - 1 == 1
    assert world.mailer.sent == []
    assert STAFF not in str(rows(world, OutboxKind.ALERT_DELIVERY))


def test_a_channel_that_fails_for_a_day_is_given_up_and_told_once_a_day(world: World) -> None:
    world.poster.refusing.add(SLACK)
    raise_alert(world, 1)
    raise_alert(world, 2)
    world.run_due()

    world.advance(GIVEN_UP_AFTER)

    given_up = [row for row in rows(world, OutboxKind.ALERT_DELIVERY) if (row.last_error or "").startswith("Given up")]
    assert [row.status for row in given_up] == [OutboxStatus.DONE] * 2
    assert len([text for text in posted(world, DISCORD) if text.startswith("Alerts do not arrive")]) == 1
    assert len(world.audit("alert_channel_failing")) == 1


def test_a_row_of_a_channel_that_was_removed_in_between_is_not_sent(world: World) -> None:
    world.poster.refusing.add(SLACK)
    raise_alert(world)
    world.run_due()
    gone = AlertSettings((DISCORD,))
    in_firm(world.ports, world.firm.id, lambda step: step.tx.alerts.save_settings(world.firm.id, gone))
    world.poster.refusing.clear()

    world.advance(MINUTE)

    assert posted(world) == []
    errors = {row.last_error for row in rows(world, OutboxKind.ALERT_DELIVERY)}
    assert errors == {None, "The channel was removed."}


def test_an_alert_whose_worker_died_before_it_was_routed_is_routed_once(world: World) -> None:
    raise_alert(world)
    (item,) = rows(world, OutboxKind.ALERT)
    in_firm(world.ports, world.firm.id, lambda step: step.tx.outbox.claim(item.id, step.now, step.now + LEASE))
    world.doorbell.take()

    world.advance(LEASE + timedelta(seconds=1))
    run_outbox(world.ports, world.workshop, item.id)
    world.run_due()

    assert len(posted(world)) == 1


def test_the_same_again_is_held_back_and_summed_up_when_the_quiet_period_ends(world: World) -> None:
    for number in range(4):
        raise_alert(world, subject_id="re_1", summary=f"Try {number}.")
        world.run_due()
        world.advance(HOUR)
    assert posted(world) == ["Try 0.", "Again 3 times since 2026-03-02 09:00 UTC. The latest: Try 3."]
    assert [alert.text for alert in world.alerts.alerts][:4] == [f"Try {number}." for number in range(4)]

    world.advance(DAY)
    assert len(posted(world)) == 2


def test_other_subjects_are_told_within_the_quiet_period(world: World) -> None:
    raise_alert(world, 1)
    raise_alert(world, 2)
    world.run_due()

    assert sorted(posted(world)) == ["Refund 1 failed.", "Refund 2 failed."]


def test_every_reminder_of_a_deadline_is_told(world: World) -> None:
    for hours in (24, 4):
        raise_alert(world, action="dispute_deadline_near", subject_id="dsp_1", summary=f"{hours} hours left.")
        world.run_due()

    assert posted(world) == ["24 hours left.", "4 hours left."]


def test_a_firm_may_have_no_quiet_period(world: World) -> None:
    firms.replace_policy(world.ports, world.firm.id, Policy(alert_quiet_hours=0), ADMIN)
    for number in range(2):
        raise_alert(world, subject_id="re_1", summary=f"Try {number}.")
        world.run_due()

    assert posted(world) == ["Try 0.", "Try 1."]


def test_a_storm_is_one_digest_and_all_of_it_is_in_the_log(world: World) -> None:
    for number in range(ALERTS_PER_MINUTE + 30):
        raise_alert(world, number)
    world.run_due()
    assert (len(posted(world)), len(world.alerts.alerts)) == (ALERTS_PER_MINUTE, ALERTS_PER_MINUTE + 30)

    world.advance(MINUTE)

    assert len(posted(world)) == ALERTS_PER_MINUTE + 1
    assert world.poster.posted[-1][1].text.startswith("30 more alerts came within a minute.\n")
    assert len(world.mailer.sent) == ALERTS_PER_MINUTE + 1


def fail_payments(world: World, count: int) -> None:
    for _ in range(count):
        world.gateway.answers.append("insufficient_funds")
        world.invoice()
        world.run_due()


def pay_invoices(world: World, count: int) -> None:
    for _ in range(count):
        world.gateway.answers.append("succeed")
        world.invoice()
        world.run_due()


def test_a_high_failure_rate_is_told_once_when_it_is_looked_at(world: World) -> None:
    pay_invoices(world, 17)
    fail_payments(world, 2)
    watch_firms(world.ports)
    fail_payments(world, 1)
    watch_firms(world.ports)
    world.run_due()
    assert world.audit("failure_rate_high") == []

    for _ in range(3):
        world.clock.advance(5 * MINUTE)
        watch_firms(world.ports)
    world.run_due()

    assert [text.split(" (")[0] for text in posted(world) if "payments" in text] == [
        "3 of 20 payments of the last 7 days failed"
    ]
    assert len(world.audit("failure_rate_high")) == 1


def test_events_without_an_invoice_are_one_alert_after_a_quarter_of_an_hour(world: World) -> None:
    for number in range(3):
        body = stripe.fraud_warning(f"ch_{number}", None, NOW)
        event = stripe.parsed(stripe.event("radar.early_fraud_warning.created", body, NOW))
        apply_event(world.ports, world.mailroom, event)
    watch_firms(world.ports)
    assert world.audit("events_unmatched") == []

    world.clock.advance(15 * MINUTE)
    watch_firms(world.ports)
    world.clock.advance(15 * MINUTE)
    watch_firms(world.ports)
    world.run_due()

    assert [text[:8] for text in posted(world)] == ["3 events"]
    assert len(world.audit("events_unmatched")) == 1


def test_the_third_failure_of_an_invoice_is_told(world: World) -> None:
    world.gateway.answers.extend(["insufficient_funds"] * 4)
    world.invoice()
    world.run_due()
    for _ in range(30):
        world.advance(DAY)

    assert [alert.action for alert in world.alerts.alerts if alert.action == "failing_repeatedly"] == [
        "failing_repeatedly"
    ]


@pytest.mark.parametrize(
    ("actionable", "advice"), [(True, "A full refund may still prevent that"), (False, "Nothing is left to do")]
)
def test_an_early_fraud_warning_about_a_charge_of_ours_is_told_once(
    world: World, actionable: bool, advice: str
) -> None:
    world.gateway.answers.append("succeed")
    row = world.invoice()
    world.run_due()
    body = stripe.fraud_warning("ch_1", None, NOW, actionable=actionable)
    event = stripe.parsed(stripe.event("radar.early_fraud_warning.created", body, NOW))

    apply_event(world.ports, world.mailroom, event)
    apply_event(world.ports, world.mailroom, event, again=True)
    world.run_due()

    (text,) = posted(world)
    assert f"charge ch_1 over 42.00 USD of invoice {row.invoice.number} as fraud (unauthorized_use_of_card)" in text
    assert advice in text
    (told,) = world.audit("early_fraud_warning")
    assert (told.severity, told.invoice_id, told.metadata["amount"]) == (Severity.WARNING, row.invoice.id, 4200)
