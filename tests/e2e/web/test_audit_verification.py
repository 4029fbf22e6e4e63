"""`GET /audit-events/verify`."""

from domain.model.seals import Checkpoint
from domain.services.sealing import seal_audit
from tests.builders import NOW
from tests.e2e.web.web_world import WebWorld


def test_a_log_that_was_never_sealed_is_intact(web: WebWorld) -> None:
    answer = web.call("GET", "/audit-events/verify").get_json()

    assert answer["unsealed_count"] > 0
    assert answer == {
        "is_intact": True,
        "seals_count": 0,
        "sealed_count": 0,
        "unsealed_count": answer["unsealed_count"],
        "checkpoint": None,
        "finding": None,
    }


def test_a_sealed_log_is_intact_up_to_its_checkpoint(web: WebWorld) -> None:
    seal_audit(web.ports, web.checkpoints)

    answer = web.call("GET", "/audit-events/verify").get_json()

    checkpoint = web.checkpoints.all()[web.north.firm_id]
    assert (answer["is_intact"], answer["seals_count"], answer["unsealed_count"]) == (True, 1, 0)
    assert answer["checkpoint"] == {"number": 1, "hash": checkpoint.hash, "sealed_at": "2026-03-02T09:00:00Z"}


def test_what_does_not_hold_is_named(web: WebWorld) -> None:
    web.checkpoints.write([Checkpoint(web.north.firm_id, 2, "ab" * 32, NOW)])

    answer = web.call("GET", "/audit-events/verify").get_json()

    assert answer["is_intact"] is False
    assert answer["finding"] == {
        "damage": "cut_off",
        "text": "Seals 1 to 2 are gone, and with them what they listed: the log was cut off.",
        "seal_number": 1,
        "position": None,
        "event_id": None,
    }
    assert web.call("GET", "/audit-events/verify", by=web.south).get_json()["is_intact"] is True


def test_checkpoints_that_cannot_be_read_are_no_fault_of_the_log(web: WebWorld) -> None:
    web.checkpoints.is_down = True

    answer = web.call("GET", "/audit-events/verify")

    assert answer.status_code == 503
