"""Where a firm's alerts go, over the API: set, shown without secrets, kept from leading anywhere else."""

import pytest

from tests.e2e.web.web_world import WebWorld

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
STAFF = "staff@firm.example"
PATH = "/alert-settings"


def test_a_firm_begins_without_addresses(idle_web: WebWorld) -> None:
    assert idle_web.call("GET", PATH).get_json() == {"alert_urls": [], "alert_emails": []}


def test_addresses_are_shown_without_their_secrets(web: WebWorld) -> None:
    put = web.call("PUT", PATH, {"alert_urls": [SLACK], "alert_emails": [STAFF]})

    shown = web.call("GET", PATH)
    assert (put.status_code, put.get_json()) == (200, shown.get_json())
    assert shown.get_json()["alert_emails"] == [STAFF]
    assert shown.get_json()["alert_urls"][0].startswith("slack://****/")
    assert not any(secret in shown.text + put.text for secret in SLACK.split("/")[2:])


def test_an_address_as_it_is_shown_keeps_the_one_that_is_set(web: WebWorld) -> None:
    shown = web.call("PUT", PATH, {"alert_urls": [SLACK]}).get_json()

    again = web.call("PUT", PATH, {**shown, "alert_emails": [STAFF]})

    assert again.get_json() == {"alert_urls": shown["alert_urls"], "alert_emails": [STAFF]}
    with web.memory.firm(web.north.firm_id) as tx:
        assert tx.alerts.settings(web.north.firm_id).urls == (SLACK,)


def test_the_other_firm_cannot_use_what_this_one_is_shown(web: WebWorld) -> None:
    shown = web.call("PUT", PATH, {"alert_urls": [SLACK]}).get_json()

    assert web.call("PUT", PATH, shown, by=web.south).status_code == 422


def test_what_is_left_out_is_emptied(web: WebWorld) -> None:
    web.call("PUT", PATH, {"alert_urls": [SLACK], "alert_emails": [STAFF]})

    assert web.call("PUT", PATH, {}).get_json() == {"alert_urls": [], "alert_emails": []}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"alert_urls": ["json://127.0.0.1:6379/s3cret"]}, "alert_urls"),
        ({"alert_urls": ["mailto://user:s3cret@smtp.example"]}, "alert_urls"),
        ({"alert_urls": [f"{SLACK}?redirect=s3cret"]}, "alert_urls"),
        ({"alert_urls": [SLACK] * 11}, "alert_urls"),
        ({"alert_urls": SLACK}, "alert_urls"),
        ({"alert_urls": None}, "alert_urls"),
        ({"alert_emails": ["s3cret\r\nBcc: a@b.example"]}, "alert_emails"),
        ({"alert_emails": ["nobody"]}, "alert_emails"),
        ({"alert_emails": [7]}, "alert_emails"),
    ],
)
def test_what_leads_elsewhere_or_nowhere_is_refused_and_not_repeated(
    web: WebWorld, body: dict[str, object], field: str
) -> None:
    refused = web.call("PUT", PATH, body)

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == [field]
    assert "s3cret" not in refused.text
    assert web.call("GET", PATH).get_json() == {"alert_urls": [], "alert_emails": []}


def test_an_address_that_no_service_reads_is_refused(web: WebWorld) -> None:
    web.poster.unusable.add(SLACK)

    assert list(web.call("PUT", PATH, {"alert_urls": [SLACK]}).get_json()["errors"]) == ["alert_urls"]


def test_the_audit_log_says_that_addresses_changed_and_not_which(web: WebWorld) -> None:
    web.call("PUT", PATH, {"alert_urls": [SLACK], "alert_emails": [STAFF]})
    web.call("PUT", PATH, {"alert_urls": [SLACK], "alert_emails": [STAFF]})

    (event,) = web.call("GET", "/audit-events?action=alert_settings_changed").get_json()["data"]
    assert event["actor"].startswith("api_key:")
    assert not any(secret in str(event) for secret in (STAFF, "T1JJ3T3L2"))
