"""Whatever names, numbers and wordings hold, a mail stays a mail: no markup, no header, no template of theirs."""

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adapters.notice_templates.renderer import TemplateNoticeRenderer
from domain.model.decline_categories import DeclineCategory
from domain.model.notices import Branding, NoticeStage, Wording
from tests.notice_builders import a_notice, own_words
from tests.unit.adapters.notice_templates.test_renderer import Document

RENDERER = TemplateNoticeRenderer()
ATTACKS = st.sampled_from(
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</style><style>*{display:none}</style>",
        "</title><base href=//evil.example>",
        "<!--[if mso]><b><![endif]-->",
        "-->",
        "&lt;b&gt;",
        "' style='position:fixed",
        "x\r\nBcc: evil@evil.example",
        "x\nSubject: y",
        "x\x0bBcc: z\x85y\u2028z\u2029",
        "\r\n\r\n<html>",
        "{{ config }}",
        "{{link}}",
        "{{amount}}",
        "{{firm_name.__class__.__mro__}}",
        "{% for x in range(9) %}",
        "{# #}",
        "${7*7}",
        "%(amount)s",
        "{0}",
        "\0",
        "\ud800",
        "\u202egnp.exe",
        "javascript:alert(1)",
    ]
)
TEXTS = st.lists(ATTACKS | st.text(max_size=12), max_size=4).map("".join)
MAYBE = st.none() | TEXTS
BRANDINGS = st.builds(
    Branding,
    display_name=MAYBE,
    logo_url=MAYBE,
    accent_color=MAYBE,
    reply_to=MAYBE,
    footer=MAYBE,
    default_language=TEXTS,
    wordings=st.dictionaries(
        st.tuples(st.sampled_from(NoticeStage), st.sampled_from(["en", "de", "de-AT"])),
        st.builds(Wording, subject=MAYBE, heading=MAYBE, body=MAYBE),
        max_size=9,
    ),
)
NOTICES = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(NoticeStage),
        "languages": st.lists(st.sampled_from(["en", "de-AT", "fr"]) | TEXTS, max_size=3).map(tuple),
        "firm_name": TEXTS,
        "client_name": TEXTS,
        "invoice_number": MAYBE,
        "card_brand": MAYBE,
        "card_last4": MAYBE,
        "category": st.none() | st.sampled_from(DeclineCategory),
        "branding": BRANDINGS,
    }
)


def skeleton(html: str) -> set[tuple[str, tuple[tuple[str, str | None], ...]]]:
    """Elements with those attributes that do anything, without what the content may rightly choose."""
    chosen = {"alt", "aria-label", "lang", "style"}
    return {
        (tag, tuple(sorted((name, value) for name, value in attributes.items() if name not in chosen)))
        for tag, attributes in Document(html).tags
    }


ALLOWED = skeleton(RENDERER.render(a_notice(branding=Branding(footer="a\nb"))).html)


@settings(max_examples=200, deadline=None)
@given(NOTICES)
def test_nothing_in_the_content_becomes_markup_or_a_header(fields: dict[str, Any]) -> None:
    mail = RENDERER.render(a_notice(**fields))

    assert 0 < len(mail.subject) <= 78
    assert mail.subject == mail.subject.strip()
    (mail.subject + mail.text + mail.html).encode()
    assert not {"\r", "\0", "\x0b", "\x85", "\u2028", "\u2029", "\u202e"} & set(mail.subject + mail.text + mail.html)
    assert "\n" not in mail.subject
    assert {element for element in skeleton(mail.html) if element[0] != "img"} <= ALLOWED


@settings(max_examples=100, deadline=None)
@given(NOTICES)
def test_styles_are_ours_whatever_the_branding_says(fields: dict[str, Any]) -> None:
    mail = RENDERER.render(a_notice(**fields))

    for _, attributes in Document(mail.html).tags:
        style = attributes.get("style") or ""
        assert not {"<", ">", "{", "}", "\\"} & set(style)
        assert "url(" not in style
        assert "fixed" not in style


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1, max_size=200))
def test_a_body_without_problems_is_what_the_mail_says(body: str) -> None:
    branding = own_words(body=body)
    assume(not RENDERER.problems(branding))

    mail = RENDERER.render(a_notice(branding=branding))

    assert "Kind regards" not in mail.text
    assert all(word in mail.text for word in body.split())


@settings(max_examples=200, deadline=None)
@given(BRANDINGS)
def test_problems_are_found_in_anything_without_a_fault(branding: Branding) -> None:
    assert all(message.endswith(".") for message in RENDERER.problems(branding).values())
