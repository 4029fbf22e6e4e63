from tests.e2e.web.web_world import WebWorld


def test_a_process_that_answers_is_alive_even_without_a_database(web: WebWorld) -> None:
    web.memory.store.is_down = True

    answer = web.http.get("/healthz")

    assert (answer.status_code, answer.get_json()) == (200, {"status": "alive"})


def test_it_is_ready_when_every_check_is_ok(web: WebWorld) -> None:
    web.checks.update({"database": "ok", "redis": "ok"})

    answer = web.http.get("/readyz")

    assert answer.status_code == 200
    assert answer.get_json() == {"status": "ready", "checks": {"database": "ok", "redis": "ok"}}


def test_it_is_not_ready_when_one_check_fails_and_says_which(web: WebWorld) -> None:
    web.checks["redis"] = "does not answer"

    answer = web.http.get("/readyz")

    assert answer.status_code == 503
    assert answer.get_json()["checks"] == {"database": "ok", "redis": "does not answer"}


def test_metrics_are_given_as_they_are(idle_web: WebWorld) -> None:
    answer = idle_web.http.get("/metrics")

    assert answer.data == b"dunlin_up 1\n"
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
