"""Which addresses a firm may name for its alerts, and what may be shown of them; what alerts say."""

import pytest

from domain.model.alert_wording import TEXT_MAX, body, title
from domain.model.alerts import Alert, AlertSettings, ChannelKind, alert_settings, channels, shown_url
from domain.model.audit import Severity
from domain.model.errors import InvalidInput
from tests.builders import FIRM_ID

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
TEAMS = "workflows://prod-12.westeurope.logic.azure.com:443/643e69f83c8944/4JHAZtCa2SoE"
NOTHING = AlertSettings()


@pytest.mark.parametrize(
    "url",
    [SLACK, TEAMS, "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "tgram://123456789:abcdefg_hijklmnop/12315"],
)
def test_services_that_send_to_their_own_vendor_are_a_firms_to_name(url: str) -> None:
    assert alert_settings([url], [], NOTHING).urls == (url,)


@pytest.mark.parametrize(
    "url",
    [
        "json://127.0.0.1:6379/",
        "jsons://example.com/hook",
        "xml://10.0.0.1/",
        "form://169.254.169.254/latest/meta-data",
        "mailto://user:pass@internal.example",
        "matrix://user:token@192.168.0.1/#room",
        "mmost://internal:8065/token",
        "http://127.0.0.1/",
        "https://hooks.slack.com/services/T1/B2/C3",
        "file:///etc/passwd",
        "syslog://",
        "SLACK://T1/B2/C3",
        f"{SLACK}?redirect=yes",
        f"{SLACK}?verify=no",
        f"{SLACK}#channel",
        f"{SLACK} json://127.0.0.1",
        f"{SLACK}\r\njson://127.0.0.1",
        "workflows://127.0.0.1:8000/a/b",
        "workflows://prod.logic.azure.com@127.0.0.1/a/b",
        "workflows://logic.azure.com.evil.example/a/b",
        "workflows://evil.example/prod.logic.azure.com/b",
        "workflows://prod.logic.azure.com:8080/a/b",
        "workflows://user:pass@prod.logic.azure.com/a/b",
        "slack://****/0123456789abcdef",
        "slack",
        "",
        "slack://" + "a" * 500,
    ],
)
def test_whatever_could_lead_elsewhere_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        alert_settings([url], [], NOTHING)

    assert [error.field for error in refused.value.errors] == ["alert_urls"]
    assert url == "slack" or not url or url not in str(refused.value)


@pytest.mark.parametrize("email", ["", "staff", "a@b@c.example", "Jane <a@b.example>", "a@b.example\nBcc: c@d.example"])
def test_what_is_no_mail_address_is_refused(email: str) -> None:
    with pytest.raises(InvalidInput):
        alert_settings([], [email], NOTHING)


def test_more_than_ten_addresses_are_refused() -> None:
    with pytest.raises(InvalidInput, match="At most 10"):
        alert_settings([], [f"staff{number}@firm.example" for number in range(11)], NOTHING)


def test_an_address_as_it_is_shown_stands_for_the_one_that_is_set() -> None:
    known = AlertSettings((SLACK, TEAMS))

    wanted = alert_settings([shown_url(TEAMS), shown_url(SLACK)], ["staff@firm.example"], known)

    assert wanted == AlertSettings((TEAMS, SLACK), ("staff@firm.example",))


def test_nothing_of_an_address_but_its_service_is_shown() -> None:
    shown = shown_url(SLACK)

    assert shown.startswith("slack://****/")
    assert not any(part in shown for part in SLACK.split("/")[2:])


def test_each_address_is_a_channel_once_under_a_name_that_does_not_tell_it() -> None:
    found = channels(AlertSettings((SLACK,), ("staff@firm.example",)), (SLACK, "json://ops.example", SLACK))

    assert [channel.kind for channel in found] == [
        ChannelKind.OPERATOR_URL,
        ChannelKind.OPERATOR_URL,
        ChannelKind.FIRM_URL,
        ChannelKind.EMAIL,
    ]
    assert len({channel.key for channel in found}) == 4
    assert not any("T1JJ3T3L2" in channel.key or "staff" in channel.key for channel in found)


def alert(**fields: str) -> Alert:
    told = {"action": "payment_disputed", "subject_id": "dsp_1", "text": "A dispute.", "subject_type": "dispute"}
    return Alert(FIRM_ID, Severity.CRITICAL, **{**told, **fields})  # type: ignore[arg-type]


def test_an_alert_says_what_happened_what_to_do_and_where_to_look() -> None:
    assert title(alert()) == "[Dunlin CRITICAL] New dispute"
    assert body(alert(), "https://dunlin.example").split("\n\n") == [
        "A dispute.",
        "Decide whether to answer it with evidence or to accept it.",
        "https://dunlin.example/api/v1/disputes/dsp_1",
        "Firm frm_north, dsp_1",
    ]


@pytest.mark.parametrize(
    ("subject_type", "invoice_id", "path"),
    [
        ("invoice", None, "/api/v1/invoices/dsp_1"),
        ("refund", "inv_1", "/api/v1/invoices/inv_1/timeline"),
        ("event", None, "/api/v1/webhook-events?status=failed"),
        ("events", None, "/api/v1/webhook-events?status=unmatched"),
        ("firm", None, "/api/v1/audit-events?subject=dsp_1"),
    ],
)
def test_the_link_leads_to_the_object(subject_type: str, invoice_id: str | None, path: str) -> None:
    told = alert(subject_type=subject_type, **({"invoice_id": invoice_id} if invoice_id else {}))

    assert f"https://dunlin.example{path}" in body(told, "https://dunlin.example").split("\n\n")


def test_an_action_without_a_title_of_its_own_is_titled_by_its_name() -> None:
    assert title(alert(action="something_new")) == "[Dunlin CRITICAL] Something new"


def test_a_very_long_text_is_cut() -> None:
    assert len(body(alert(text="x" * 10_000), "").split("\n\n")[0]) == TEXT_MAX
