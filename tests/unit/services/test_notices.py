"""Which notices are sent, to whom and when. Expected values: issue 4, point 1."""

from datetime import UTC, datetime, time, timedelta

import pytest

from domain.model.audit import Severity
from domain.model.notice_policy import NoticePolicy, QuietHours, StageRule
from domain.model.notices import NoticeStage, NoticeStatus
from domain.model.outbox import OutboxKind, OutboxStatus
from domain.services import collection, erasure, pausing
from tests.notice_stories import (
    ADDRESS,
    DECLINED,
    alerted,
    change,
    decide,
    fail,
    mailed,
    notices,
    outcomes,
    play_course,
    writing_world,
)
from tests.post_office import LINKS
from tests.reversal_world import charged, deliver, disputed
from tests.service_world import ADMIN, DAY, World

AUTHENTICATION = "authentication_required"
MONDAY_NIGHT = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)
NIGHT = QuietHours(time(20), time(8))


@pytest.fixture
def world() -> World:
    return writing_world()


def test_each_failure_of_a_course_is_told_once_and_the_last_one_as_the_final_notice(world: World) -> None:
    play_course(world, *[DECLINED] * 4)
    world.advance(30 * DAY)

    assert mailed(world) == ["payment_failed", "payment_urgent", "suspension_warning", "final_notice"]
    assert {mail.to_address for mail in world.mailer.sent} == {ADDRESS}
    assert len({mail.message_id for mail in world.mailer.sent}) == 4
    assert {status for _, status in outcomes(world)} == {"sent"}


def test_a_mail_names_amount_invoice_reason_and_the_customers_own_link(world: World) -> None:
    invoice_id = fail(world, DECLINED)

    (mail,) = world.mailer.sent
    number = world.row(invoice_id).invoice.number
    assert "$42.00" in mail.text
    assert number in mail.text
    assert "not enough money" in mail.text or "funds" in mail.text
    assert f"{LINKS.base_url}/pay/" in mail.text
    assert f"{LINKS.base_url}/pay/" in mail.html
    assert ADDRESS not in mail.text + mail.html


def test_a_recovered_invoice_gets_its_receipt_and_nothing_more_of_the_course(world: World) -> None:
    play_course(world, DECLINED, DECLINED, "succeed")
    world.advance(30 * DAY)

    assert mailed(world) == ["payment_failed", "payment_urgent", "receipt"]


def test_a_payment_at_the_first_attempt_needs_no_mail(world: World) -> None:
    fail(world, "succeed")

    assert (mailed(world), notices(world)) == ([], [])


def test_sending_an_invoice_mails_nothing(world: World) -> None:
    world.invoice(autopay=False)
    world.run_due()
    world.advance(DAY)

    assert world.mailer.sent == []


def test_a_bank_that_asks_for_the_cardholder_is_told_in_a_mail_of_its_own(world: World) -> None:
    play_course(world, AUTHENTICATION, DECLINED)

    assert mailed(world) == ["authentication_needed", "payment_urgent"]


def test_what_happened_is_in_the_timeline_without_the_address(world: World) -> None:
    fail(world)

    (event,) = world.audit("notice_sent")
    assert event.metadata["stage"] == "payment_failed"
    assert ADDRESS not in str(event)


def test_the_language_is_the_clients(world: World) -> None:
    change(world, locale="de-AT")
    fail(world)

    assert [notice.language for notice in notices(world)] == ["de-AT"]


def test_a_client_without_an_address_gets_no_mail_and_the_staff_is_told_once() -> None:
    world = writing_world(email=None)

    play_course(world, DECLINED, DECLINED)

    assert world.mailer.sent == []
    assert outcomes(world) == [("payment_failed", "skipped"), ("payment_urgent", "skipped")]
    assert {notice.reason for notice in notices(world)} == {"The client has no e-mail address."}
    assert alerted(world) == ["notice_skipped"]


def test_an_address_that_came_in_time_is_used(world: World) -> None:
    change(world, email=None)
    play_course(world, DECLINED)
    change(world, email="new@acme.example")
    world.gateway.answers.append(DECLINED)
    world.advance(3 * DAY)

    assert [mail.to_address for mail in world.mailer.sent] == ["new@acme.example"]


def test_an_address_that_does_not_work_is_not_written_to_and_the_staff_is_told(world: World) -> None:
    world.mailer.refuse_next(is_address_bad=True)

    play_course(world, DECLINED, DECLINED)

    assert world.mailer.sent == []
    assert outcomes(world) == [("payment_failed", "refused"), ("payment_urgent", "skipped")]
    assert "does not work" in (notices(world)[1].reason or "")
    assert set(alerted(world)) == {"client_address_bad", "notice_refused", "notice_skipped"}


def test_a_mail_that_was_refused_for_another_reason_leaves_the_address_as_it_is(world: World) -> None:
    world.mailer.refuse_next(is_address_bad=False)

    play_course(world, DECLINED, DECLINED)

    assert mailed(world) == ["payment_urgent"]
    assert outcomes(world)[0] == ("payment_failed", "refused")
    assert alerted(world) == ["notice_refused"]


def test_an_excluded_client_gets_no_mail_and_nobody_is_alarmed(world: World) -> None:
    decide(world, excluded_client_ids=frozenset({world.client.id}))
    change(world, email=None)

    fail(world)

    assert outcomes(world) == [("payment_failed", "skipped")]
    assert [event.severity for event in world.audit("notice_skipped")] == [Severity.INFO]
    assert alerted(world) == []


def test_with_test_addresses_every_mail_goes_there_and_to_nobody_else(world: World) -> None:
    decide(world, test_addresses=("one@north.example", "two@north.example"))
    change(world, email=None)

    fail(world)

    assert [mail.to_address for mail in world.mailer.sent] == ["one@north.example", "two@north.example"]
    assert len({mail.message_id for mail in world.mailer.sent}) == 2
    assert outcomes(world) == [("payment_failed", "sent")]


def test_a_test_address_that_does_not_work_is_not_held_against_the_client(world: World) -> None:
    decide(world, test_addresses=("gone@north.example",))
    world.mailer.refuse_next(is_address_bad=True)

    fail(world)
    decide(world)
    world.gateway.answers.append(DECLINED)
    world.advance(3 * DAY)

    assert [mail.to_address for mail in world.mailer.sent] == [ADDRESS]


def test_a_stage_that_the_firm_stopped_sending_meanwhile_is_not_sent(world: World) -> None:
    decide(world, stages={NoticeStage.PAYMENT_FAILED: StageRule(delay_hours=5)})
    invoice_id = fail(world)
    decide(world, stages={NoticeStage.PAYMENT_FAILED: StageRule(is_enabled=False)})
    world.advance(timedelta(hours=6))

    assert world.mailer.sent == []
    assert [i.status for i in world.outbox(invoice_id) if i.kind is OutboxKind.NOTICE] == [OutboxStatus.CANCELED]


def test_a_delayed_stage_is_sent_when_its_time_has_come() -> None:
    world = writing_world(NoticePolicy({NoticeStage.PAYMENT_FAILED: StageRule(delay_hours=5)}))
    fail(world)
    world.advance(timedelta(hours=5) - timedelta(seconds=1))
    before = mailed(world)
    world.advance(timedelta(seconds=1))

    assert (before, mailed(world)) == ([], ["payment_failed"])


def test_in_quiet_hours_a_mail_waits_until_they_are_over_on_the_clients_clock() -> None:
    world = writing_world(NoticePolicy(quiet_hours=NIGHT), timezone="America/New_York")
    world.clock.set(datetime(2026, 3, 2, 12, 59, tzinfo=UTC))
    fail(world)
    before = mailed(world)
    world.advance(timedelta(minutes=1))

    assert (before, mailed(world)) == ([], ["payment_failed"])


def test_money_that_comes_in_quiet_hours_leaves_nothing_to_be_told_but_the_receipt() -> None:
    world = writing_world(NoticePolicy(quiet_hours=NIGHT))
    world.clock.set(MONDAY_NIGHT)
    invoice_id = fail(world)
    world.gateway.answers.append("succeed")
    collection.charge_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    world.run_due()
    world.advance(timedelta(hours=11))

    assert mailed(world) == ["receipt"]


def test_a_client_of_an_unknown_time_zone_is_written_to_by_utc() -> None:
    world = writing_world(NoticePolicy(quiet_hours=NIGHT), timezone="Mars/Olympus_Mons")
    world.clock.set(MONDAY_NIGHT)
    fail(world)
    world.advance(timedelta(hours=11))

    assert mailed(world) == ["payment_failed"]


def test_while_collection_is_held_nothing_is_written_and_then_it_is(world: World) -> None:
    decide(world, stages={NoticeStage.PAYMENT_FAILED: StageRule(delay_hours=1)})
    invoice_id = fail(world)
    pausing.pause_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    world.advance(DAY)
    before = mailed(world)
    pausing.resume_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    world.run_due()

    assert (before, mailed(world)) == ([], ["payment_failed"])


def test_while_a_chargeback_is_open_nothing_is_written_of_the_course() -> None:
    polite = {NoticeStage.PAYMENT_FAILED: StageRule(delay_hours=1), NoticeStage.DISPUTE_RECEIVED: StageRule()}
    world = writing_world(NoticePolicy(polite))
    part = {"amount": 100, "intent": "pi_part"}
    metadata = {"invoice_id": fail(world)}
    deliver(world, charged("ch_part", metadata=metadata, **part), disputed(charge="ch_part", **part))
    world.advance(DAY)

    assert mailed(world) == ["dispute_received"]


def test_a_client_that_was_erased_in_between_is_not_written_to() -> None:
    world = writing_world(NoticePolicy({NoticeStage.PAYMENT_FAILED: StageRule(delay_hours=1)}))
    invoice_id = fail(world)
    erasure.erase_client(world.ports, world.firm.id, world.client.id, ADMIN)
    pausing.resume_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    world.advance(DAY)

    assert world.mailer.sent == []
    assert [(n.status, n.reason) for n in notices(world)] == [(NoticeStatus.SKIPPED, "The client was erased.")]
    assert alerted(world) == []


def test_a_later_mail_makes_one_about_the_cardholder_needless(world: World) -> None:
    decide(world, stages={NoticeStage.AUTHENTICATION_NEEDED: StageRule(delay_hours=73)})

    play_course(world, AUTHENTICATION, DECLINED)
    world.advance(DAY)

    assert mailed(world) == ["payment_urgent"]
    assert ("authentication_needed", "skipped") in outcomes(world)
