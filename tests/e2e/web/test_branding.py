from typing import Any

import pytest

from domain.model.firms import Scope
from tests.e2e.web.web_world import WebWorld

PLAIN = {
    "display_name": None,
    "logo_url": None,
    "accent_color": None,
    "reply_to": None,
    "footer": None,
    "default_language": "en",
    "wordings": {},
}
OWN = {
    "display_name": "North",
    "logo_url": "https://north.example/logo.png",
    "accent_color": "#123456",
    "reply_to": "billing@north.example",
    "footer": "North Ltd\nLondon",
    "default_language": "de-AT",
    "wordings": {"receipt": {"de": {"subject": "Danke für {{amount}}", "heading": None, "body": "Eins.\n\nZwei."}}},
}


def test_a_firm_begins_with_the_plain_branding(idle_web: WebWorld) -> None:
    assert idle_web.call("GET", "/branding").get_json() == PLAIN


def test_a_branding_that_was_put_is_what_is_shown(web: WebWorld) -> None:
    put = web.call("PUT", "/branding", OWN)

    assert put.status_code == 200
    assert put.get_json() == web.call("GET", "/branding", scope=Scope.READ).get_json() == OWN
    assert web.call("GET", "/branding", by=web.south).get_json() == PLAIN


def test_what_a_put_leaves_out_is_plain_again(web: WebWorld) -> None:
    web.call("PUT", "/branding", OWN)

    put = web.call("PUT", "/branding", {"footer": "North Ltd", "wordings": {"receipt": {"de": {}}}})

    assert put.get_json() == {**PLAIN, "footer": "North Ltd"}


def test_a_changed_branding_is_in_the_audit_log_without_its_texts(web: WebWorld) -> None:
    web.call("PUT", "/branding", OWN)
    web.call("PUT", "/branding", OWN)

    (written,) = web.call("GET", "/audit-events", query={"action": "branding_changed"}).get_json()["data"]
    assert "Danke" not in str(written)


@pytest.mark.parametrize("scope", [Scope.READ, Scope.WRITE])
def test_the_branding_is_changed_by_administrators(idle_web: WebWorld, scope: Scope) -> None:
    assert idle_web.call("PUT", "/branding", OWN, scope=scope).status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"accent_color": "#ffee00"}, "accent_color"),
        ({"accent_color": "red"}, "accent_color"),
        ({"accent_color": 5}, "accent_color"),
        ({"logo_url": "http://north.example/logo.png"}, "logo_url"),
        ({"reply_to": "a@b.example, c@d.example"}, "reply_to"),
        ({"reply_to": "a@b.example\r\nBcc: c@d.example"}, "reply_to"),
        ({"default_language": "it"}, "default_language"),
        ({"default_language": None}, "default_language"),
        ({"display_name": "x" * 101}, "display_name"),
        ({"wordings": {"receipt": {"de": {"subject": "Hi\nBcc: x@y.example"}}}}, "wordings.receipt.de.subject"),
        ({"wordings": {"receipt": {"de": {"subject": "{{secret}}"}}}}, "wordings.receipt.de.subject"),
        ({"wordings": {"receipt": {"de": {"body": "{% for x in y %}"}}}}, "wordings.receipt.de.body"),
        ({"wordings": {"receipt": {"it": {"body": "Grazie"}}}}, "wordings.receipt.it"),
        ({"wordings": {"birthday": {"de": {}}}}, "wordings.birthday"),
        ({"wordings": None}, "wordings"),
        ({"css": "body{}"}, "css"),
    ],
    ids=repr,
)
def test_a_refused_field_is_named(idle_web: WebWorld, body: dict[str, Any], field: str) -> None:
    refused = idle_web.call("PUT", "/branding", body)
    previewed = idle_web.call("POST", "/notices/preview", {"stage": "receipt", "branding": body})

    assert (refused.status_code, previewed.status_code) == (422, 422)
    assert list(refused.get_json()["errors"]) == [field]
    assert list(previewed.get_json()["errors"]) == [f"branding.{field}"]
    assert idle_web.call("GET", "/branding").get_json() == PLAIN


def test_a_preview_is_in_the_firms_branding(web: WebWorld) -> None:
    web.call("PUT", "/branding", OWN)

    mail = web.call("POST", "/notices/preview", {"stage": "receipt"}, scope=Scope.READ).get_json()

    assert mail["language"] == "de-AT"
    assert mail["subject"].startswith("Danke für €")
    assert "Eins.\n\nZwei." in mail["text"]
    assert "#123456" in mail["html"]
    assert 'src="https://north.example/logo.png" alt="North"' in mail["html"]


def test_a_preview_of_a_branding_keeps_nothing(idle_web: WebWorld) -> None:
    mail = idle_web.call("POST", "/notices/preview", {"stage": "receipt", "language": "de", "branding": OWN}).get_json()

    assert "Eins." in mail["text"]
    assert idle_web.call("GET", "/branding").get_json() == PLAIN


def test_a_preview_tells_why_the_payment_failed_in_the_language_asked_for(idle_web: WebWorld) -> None:
    wanted = {"stage": "payment_failed", "language": "fr-CA", "category": "card_expired"}

    mail = idle_web.call("POST", "/notices/preview", wanted).get_json()

    assert mail["language"] == "fr-CA"
    assert "La carte que nous avons enregistrée a expiré." in mail["text"]
    assert "North Ltd" in mail["text"]


def test_a_language_that_we_do_not_speak_is_answered_in_the_firms(web: WebWorld) -> None:
    web.call("PUT", "/branding", {"default_language": "es"})

    languages = [
        web.call("POST", "/notices/preview", {"stage": "receipt", "language": language}).get_json()["language"]
        for language in ("it-IT", "x", "de_CH")
    ]

    assert languages == ["es", "es", "de-CH"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "stage"),
        ({"stage": "birthday"}, "stage"),
        ({"stage": "receipt", "category": "bad_mood"}, "category"),
        ({"stage": "receipt", "language": 5}, "language"),
        ({"stage": "receipt", "to": "a@b.example"}, "to"),
    ],
    ids=repr,
)
def test_a_preview_of_something_else_is_refused(idle_web: WebWorld, body: dict[str, Any], field: str) -> None:
    refused = idle_web.call("POST", "/notices/preview", body)

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == [field]
