"""What is refused in a firm's branding, and how it is told."""

from typing import Any

import pytest

from adapters.notice_templates.renderer import TemplateNoticeRenderer
from domain.model.notices import PLACEHOLDERS, Branding, NoticeStage
from tests.notice_builders import own_words

RENDERER = TemplateNoticeRenderer()
PLACE = "wordings.payment_failed.de"


@pytest.mark.parametrize(
    "branding",
    [
        Branding(),
        Branding(
            display_name="Nørth & Söhne <Ltd>",
            logo_url="https://cdn.north.example:8443/l%20ogo.png?v=1&x=2",
            accent_color="#1F5f8B",
            reply_to="billing+dunning@north.example",
            footer="North Ltd\n\nLondon {not a placeholder}",
            default_language="de-AT",
        ),
        own_words(
            language="de-AT", subject="Nur 1 < 2 & <b>Text</b>", heading="x" * 120, body="Zeile\r\n\tZeile\n\nEnde"
        ),
        own_words(body=" ".join(f"{{{{ {name} }}}}" for name in PLACEHOLDERS)),
    ],
)
def test_what_can_be_used_has_no_problem(branding: Branding) -> None:
    assert RENDERER.problems(branding) == {}


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("display_name", "x" * 101, "at most 100"),
        ("display_name", " ", "blank"),
        ("display_name", "North\nLtd", "one line"),
        ("display_name", "North\u2028Ltd", "one line"),
        ("display_name", "North \u202etdL", "control"),
        ("logo_url", "http://north.example/l.png", "https"),
        ("logo_url", "https:///l.png", "https"),
        ("logo_url", "https://user:pass@north.example/l.png", "https"),
        ("logo_url", "https://north.example/l.png onerror=x", "https"),
        ("logo_url", "https://north.example:x/", "https"),
        ("logo_url", "https://[north/", "https"),
        ("logo_url", "data:image/png;base64,AAAA", "https"),
        ("logo_url", "//north.example/l.png", "https"),
        ("logo_url", "https://north.example/" + "x" * 500, "at most 500"),
        ("accent_color", "red", "#rrggbb"),
        ("accent_color", "#12345", "#rrggbb"),
        ("accent_color", "#123456\n", "#rrggbb"),
        ("accent_color", "#123456;color:red", "#rrggbb"),
        ("accent_color", "#ffee00", "contrast of 1.2"),
        ("accent_color", "#777777", "contrast of 4.5"),
        ("reply_to", "billing", "address"),
        ("reply_to", "Billing <billing@north.example>", "address"),
        ("reply_to", "a@north.example,b@north.example", "address"),
        ("reply_to", "a@north.example\r\nBcc: b@south.example", "one line"),
        ("footer", "x" * 1001, "at most 1000"),
        ("footer", "a\0b", "control"),
        ("default_language", "it", "Must be one of en, de, fr, es"),
        ("default_language", "", "Must be one of"),
    ],
)
def test_a_field_that_cannot_be_used_is_told(field: str, value: str, told: str) -> None:
    branding: dict[str, Any] = {field: value}

    problems = RENDERER.problems(Branding(**branding))

    assert list(problems) == [field]
    assert told in problems[field]


@pytest.mark.parametrize(
    ("part", "text", "told"),
    [
        ("subject", "Hi\r\nBcc: x@y.example", "one line"),
        ("subject", "Hi\u2029there", "one line"),
        ("subject", "x" * 121, "at most 120"),
        ("subject", "", "blank"),
        ("heading", "a\nb", "one line"),
        ("heading", "{{Amount}}", "There is no placeholder {{Amount}}"),
        ("body", "x" * 5001, "at most 5000"),
        ("body", "\n \n", "blank"),
        ("body", "a\x1bb", "control"),
        ("body", "{{unknown}}", "There are: amount, card,"),
        ("body", "{{}}", "no placeholder {{}}"),
        ("body", "{{amount|safe}}", "no placeholder"),
        ("body", "{{client_name.__class__}}", "no placeholder"),
        ("body", "{% include 'x' %}", "Braces"),
        ("body", "{# x #}", "Braces"),
        ("body", "{amount}", "Braces"),
        ("body", "{{{amount}}}", "Braces"),
        ("body", "{{amount", "Braces"),
        ("body", "amount}}", "Braces"),
    ],
)
def test_a_wording_that_cannot_be_used_is_told(part: str, text: str, told: str) -> None:
    problems = RENDERER.problems(own_words(language="de", **{part: text}))

    assert list(problems) == [f"{PLACE}.{part}"]
    assert told in problems[f"{PLACE}.{part}"]


def test_a_language_that_we_do_not_speak_is_told() -> None:
    assert list(RENDERER.problems(own_words(NoticeStage.RECEIPT, "it", body="Grazie"))) == ["wordings.receipt.it"]


def test_every_problem_is_told_at_once() -> None:
    branding = Branding(logo_url="x", accent_color="y", wordings=own_words(subject="{", body="}").wordings)

    assert set(RENDERER.problems(branding)) == {
        "logo_url",
        "accent_color",
        "wordings.payment_failed.en.subject",
        "wordings.payment_failed.en.body",
    }
