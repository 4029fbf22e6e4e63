from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from adapters.memory.unit_of_work import MemoryUnitOfWork
from domain.model.firms import Scope
from domain.services.steps import in_firm
from ports.unit_of_work import CommitUnknown, StorageUnavailable, Transaction
from tests.e2e.web.web_world import WebWorld

CLIENT = {"company_name": "Acme", "phone": "+49 30 1"}


def create(web: WebWorld, key: str, body: Any = CLIENT, **options: Any) -> TestResponse:
    return web.call("POST", "/clients", body, headers={"Idempotency-Key": key}, **options)


def count_clients(web: WebWorld) -> int:
    return len(web.call("GET", "/clients", query={"limit": "100"}).get_json()["data"])


def test_a_repeat_is_answered_again_and_not_done_again(web: WebWorld) -> None:
    before = count_clients(web)

    first, second = create(web, "k"), create(web, "k")

    assert (second.status_code, second.data, second.headers["Location"]) == (201, first.data, first.headers["Location"])
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert count_clients(web) == before + 1


def test_the_order_of_a_bodys_fields_does_not_matter(web: WebWorld) -> None:
    create(web, "k")

    again = create(web, "k", dict(reversed(CLIENT.items())))

    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_charge_that_is_sent_twice_is_one_attempt(web: WebWorld) -> None:
    path, headers = f"/invoices/{web.north.invoice_id}/charge", {"Idempotency-Key": "charge-1"}

    first, second = (web.call("POST", path, headers=headers) for _ in range(2))

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.get_json() == second.get_json()


def test_the_same_key_with_another_body_is_422(web: WebWorld) -> None:
    create(web, "k")

    refused = create(web, "k", {"company_name": "Other"})

    assert refused.status_code == 422
    assert refused.get_json()["type"] == "/problems/idempotency-key-reused"


def test_the_same_key_on_another_path_is_422(web: WebWorld) -> None:
    create(web, "k")

    refused = web.call("POST", f"/invoices/{web.north.invoice_id}/send", headers={"Idempotency-Key": "k"})

    assert refused.status_code == 422


def test_keys_are_each_firms_own(web: WebWorld) -> None:
    create(web, "k")

    theirs = create(web, "k", by=web.south)

    assert theirs.status_code == 201
    assert theirs.get_json()["firm_id"] == web.south.firm_id


def test_a_key_is_forgotten_after_24_hours(web: WebWorld) -> None:
    first = create(web, "k")
    web.clock.advance(timedelta(hours=24, seconds=1))

    later = create(web, "k")

    assert later.get_json()["id"] != first.get_json()["id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "ümlaut", "tab\tbed"], ids=["empty", "long", "not ASCII", "control"])
def test_a_key_that_cannot_be_used_is_400(idle_web: WebWorld, key: str) -> None:
    refused = create(idle_web, key)

    assert refused.status_code == 400
    assert refused.get_json()["type"] == "/problems/bad-idempotency-key"


def test_255_printable_characters_are_a_key(web: WebWorld) -> None:
    key = ("!~ a" * 64)[:255]

    assert create(web, key).status_code == 201
    assert create(web, key).headers["Idempotency-Replayed"] == "true"


def reserve(web: WebWorld, key: str) -> None:
    """Another process has begun the same request and is not done."""
    create(web, "probe")
    fingerprint = web.memory.store.idempotency.rows[(web.north.firm_id, "probe")].answer.fingerprint
    now = web.clock.now()
    in_firm(web.ports, web.north.firm_id, lambda step: step.tx.idempotency.begin(key, fingerprint, now))


def test_a_request_that_is_still_running_is_409_with_a_time_to_wait(web: WebWorld) -> None:
    reserve(web, "k")

    answer = create(web, "k")

    assert answer.status_code == 409
    assert answer.get_json()["type"] == "/problems/request-in-progress"
    assert answer.headers["Retry-After"]


def test_a_request_that_never_ended_is_409_and_asks_to_look(web: WebWorld) -> None:
    reserve(web, "k")
    web.clock.advance(timedelta(minutes=3))

    answer = create(web, "k")

    assert answer.status_code == 409
    assert answer.get_json()["type"] == "/problems/request-unfinished"


def test_refused_input_is_not_kept(web: WebWorld) -> None:
    refused = create(web, "k", {"company_name": ""})

    mended = create(web, "k")

    assert (refused.status_code, mended.status_code) == (422, 201)


def test_malformed_json_is_not_kept(web: WebWorld) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    refused = web.call("POST", "/clients", data=b"{", headers=headers)

    assert (refused.status_code, create(web, "k").status_code) == (400, 201)


def test_too_small_a_scope_is_not_kept(web: WebWorld) -> None:
    refused = create(web, "k", scope=Scope.READ)

    assert (refused.status_code, create(web, "k").status_code) == (403, 201)


def test_a_conflict_is_kept(web: WebWorld) -> None:
    web.call("POST", f"/invoices/{web.north.invoice_id}/pause")
    path, headers = f"/invoices/{web.north.invoice_id}/charge", {"Idempotency-Key": "k"}
    refused = web.call("POST", path, headers=headers)
    web.call("POST", f"/invoices/{web.north.invoice_id}/resume")

    again = web.call("POST", path, headers=headers)

    assert (refused.status_code, again.status_code) == (409, 409)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.mimetype == "application/problem+json"


class Brittle(MemoryUnitOfWork):
    """Goes away before the transaction of a firm that `countdown` counts to (1: the next), for as long as told."""

    def __init__(self) -> None:
        super().__init__()
        self.countdown = 0

    @contextmanager
    def firm(self, firm_id: str) -> Iterator[Transaction]:
        self.countdown -= 1
        if self.countdown == 0:
            raise StorageUnavailable("The database is away.")
        with super().firm(firm_id) as transaction:
            yield transaction


def test_a_503_is_not_kept() -> None:
    uow = Brittle()
    web = WebWorld(uow=uow)
    uow.countdown = 2  # the first is the key's reservation

    failed = create(web, "k")

    assert failed.status_code == 503
    assert create(web, "k").status_code == 201


class Doubtful(MemoryUnitOfWork):
    """Keeps the transaction that `countdown` counts to (1: the next one) and breaks before it can say so."""

    def __init__(self) -> None:
        super().__init__()
        self.countdown = 0

    @contextmanager
    def firm(self, firm_id: str) -> Iterator[Transaction]:
        with super().firm(firm_id) as transaction:
            yield transaction
        self._perhaps_break()

    @contextmanager
    def system(self) -> Iterator[Transaction]:
        with super().system() as transaction:
            yield transaction
        self._perhaps_break()

    def _perhaps_break(self) -> None:
        self.countdown -= 1
        if self.countdown == 0:
            raise CommitUnknown("The connection broke at the commit.")


def test_what_was_perhaps_done_is_not_done_again_under_the_same_key() -> None:
    uow = Doubtful()
    web = WebWorld(uow=uow)
    uow.countdown = 3  # after the caller's key was found and this key was reserved: the work itself

    first = create(web, "k")
    again = create(web, "k")

    assert (first.status_code, again.status_code) == (503, 409)


def test_an_answer_that_cannot_be_kept_is_given_all_the_same_and_never_done_again() -> None:
    uow = Brittle()
    web = WebWorld(uow=uow)
    uow.countdown = 3  # after the reservation and the work itself

    made = create(web, "k")
    again = create(web, "k")

    assert made.status_code == 201
    assert again.status_code == 409


def test_reading_takes_no_notice_of_a_key(idle_web: WebWorld) -> None:
    headers = {"Idempotency-Key": "k"}

    answers = [idle_web.call("GET", "/clients", headers=headers), idle_web.call("GET", "/policy", headers=headers)]

    assert [answer.status_code for answer in answers] == [200, 200]


def test_every_post_of_the_api_takes_a_key(idle_web: WebWorld) -> None:
    posts = {
        path: operations["post"]
        for path, operations in idle_web.document.document["paths"].items()
        if path.startswith("/api/v1") and "post" in operations
    }

    without = [
        path
        for path, operation in posts.items()
        if {"$ref": "#/components/parameters/IdempotencyKey"} not in operation["parameters"]
    ]

    assert posts
    assert without == []
