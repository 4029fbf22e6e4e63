"""Apprise against a real HTTP server that misbehaves."""

import logging
import time

import pytest

from adapters.alerts.apprise_alerter import AppriseAlertPoster
from domain.model.alerts import TENANT_SERVICES
from domain.model.audit import Severity
from ports.alerter import AddressUnusable, AlertMessage, AlertNotDelivered
from tests.alert_server import Mood, alert_server

MESSAGE = AlertMessage(Severity.WARNING, "[Dunlin WARNING] Many payments fail", "3 of 20 payments failed.")
ADDRESSES = {
    "discord": "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "gchat": "gchat://workspace/key/token",
    "opsgenie": "opsgenie://a6k4ABnck26hDh8AA3EDHoOVdDEUlw3nty",
    "pagerduty": "pagerduty://A1BRTD4JD@TIiajkdnlazkcOXrIdevi7F",
    "pover": "pover://uureadooneoneoneoneoneoneoneon@abcdefghijklmnopqrstuvwxyzabcd",
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "tgram": "tgram://123456789:abcdefg_hijklmnop/12315544",
    "workflows": "workflows://prod-12.westeurope.logic.azure.com:443/643e69f83c8944/4JHAZtCa2SoE",
}


@pytest.mark.parametrize("mood", [Mood.SILENT, Mood.DRIPPING])
def test_a_service_that_gives_no_answer_is_left_after_the_time_limit(mood: Mood) -> None:
    with alert_server() as server:
        server.mood = mood
        began = time.monotonic()

        with pytest.raises(AlertNotDelivered, match=r"no answer within 0\.3 seconds"):
            AppriseAlertPoster(seconds_max=0.3).post(server.url, MESSAGE)

        assert time.monotonic() - began < 2


def test_a_service_that_drops_the_connection_did_not_take_the_alert() -> None:
    with alert_server() as server:
        server.mood = Mood.DROPPING

        with pytest.raises(AlertNotDelivered):
            AppriseAlertPoster().post(server.url, MESSAGE)


def test_a_service_that_is_not_there_did_not_take_the_alert() -> None:
    with pytest.raises(AlertNotDelivered):
        AppriseAlertPoster().post("json://127.0.0.1:1/", MESSAGE)


def test_a_redirect_is_not_followed() -> None:
    with alert_server() as server, alert_server() as inner:
        server.mood, server.redirect_to = Mood.REDIRECTING, f"http://127.0.0.1:{inner.port}/internal"

        with pytest.raises(AlertNotDelivered):
            AppriseAlertPoster().post(server.url, MESSAGE)

        assert (len(server.visited), inner.visited) == (1, [])


def test_no_address_reaches_the_log_whatever_goes_wrong(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with alert_server() as server:
        server.mood = Mood.REFUSING
        for url in (server.url, "json://127.0.0.1:1/hook-s3cret", "nonsense://hook-s3cret", "slack://hook-s3cret"):
            with pytest.raises((AlertNotDelivered, AddressUnusable)) as failed:
                AppriseAlertPoster().post(url, MESSAGE)
            assert "s3cret" not in str(failed.value)

    assert "s3cret" not in caplog.text


def test_every_service_that_a_firm_may_name_is_one_that_apprise_knows() -> None:
    assert ADDRESSES.keys() == TENANT_SERVICES
    for url in ADDRESSES.values():
        AppriseAlertPoster().check(url)
