"""A firm's own words: plain text with placeholders, and nothing else."""

import time

import pytest

from adapters.notice_templates.renderer import TemplateNoticeRenderer
from domain.model.money import Money
from domain.model.notices import PLACEHOLDERS, Branding, NoticeStage, Wording
from tests.notice_builders import LINK, a_notice, own_words

RENDERER = TemplateNoticeRenderer()


def test_every_placeholder_is_filled() -> None:
    body = "\n".join(f"{name}=[{{{{{name}}}}}]" for name in sorted(PLACEHOLDERS))

    text = RENDERER.render(a_notice(branding=own_words(body=body), languages=("en-GB",))).text

    assert (
        "amount=[€1,234.50]\n"
        "card=[Visa ending in 4242]\n"
        "card_expires=[March 2026]\n"
        "client_name=[Acme GmbH]\n"
        "due_on=[1 March 2026]\n"
        "firm_name=[North Ltd]\n"
        "invoice_number=[2026-0001]\n"
        f"link=[{LINK}]\n"
        "paid_on=[4 March 2026]\n"
        "reason=[Your bank told us that there was not enough money available for this payment.]\n"
        "remedy=[Please make sure that enough is available, or pay with another card.]\n"
        "retry_on=[5 March 2026]\n"
    ) in text + "\n"


def test_own_words_stand_for_subject_heading_and_all_of_the_body() -> None:
    branding = own_words(subject="About {{ amount }}", heading="Hi {{client_name}}", body="One.\r\n\r\nTwo\nthree.")

    mail = RENDERER.render(a_notice(branding=branding))

    assert mail.subject == "About €1,234.50"
    assert mail.text.startswith("Hi Acme GmbH\n\nOne.\n\nTwo\nthree.\n\nPay or change card: ")
    assert "Hello" not in mail.text
    assert "Kind regards" not in mail.text
    assert "Two<br>three." in mail.html


def test_what_a_firm_leaves_out_is_ours() -> None:
    mail = RENDERER.render(a_notice(branding=own_words(subject="Oh")))

    assert mail.subject == "Oh"
    assert "Hello Acme GmbH," in mail.text


def test_own_words_are_for_their_stage_and_language() -> None:
    branding = own_words(NoticeStage.RECEIPT, "de", subject="Danke")

    subjects = [
        RENDERER.render(a_notice(stage=stage, languages=(language,), branding=branding)).subject
        for stage, language in [
            (NoticeStage.RECEIPT, "de-AT"),
            (NoticeStage.RECEIPT, "en"),
            (NoticeStage.PAYMENT_FAILED, "de"),
        ]
    ]

    assert [subject == "Danke" for subject in subjects] == [True, False, False]


def test_words_for_a_region_come_before_those_for_the_language() -> None:
    wordings = {(NoticeStage.RECEIPT, tag): Wording(subject=f"in {tag}") for tag in ("de", "de-AT")}
    notice = {"stage": NoticeStage.RECEIPT, "branding": Branding(wordings=wordings)}

    subjects = [RENDERER.render(a_notice(languages=(tag,), **notice)).subject for tag in ("de-AT", "de-CH", "de")]

    assert subjects == ["in de-AT", "in de", "in de"]


def test_a_paragraph_about_something_unknown_is_left_out() -> None:
    branding = own_words(heading="Until {{retry_on}}", subject="{{retry_on}}!", body="Dear all\n\nOn {{retry_on}}.")

    mail = RENDERER.render(a_notice(branding=branding, retry_on=None))

    assert mail.text.startswith("Your payment did not go through\n\nDear all\n\nPay")
    assert mail.subject == "Your payment for invoice 2026-0001 did not go through"


def test_a_body_of_which_nothing_is_left_is_ours() -> None:
    mail = RENDERER.render(a_notice(branding=own_words(body="On {{retry_on}}."), retry_on=None))

    assert "Hello Acme GmbH," in mail.text


def test_an_unknown_placeholder_is_left_out_and_what_looks_like_code_is_only_text() -> None:
    body = "a {{secret}} b {% if 1 %} {{ 7*7 }} {{client_name.__class__}} {# c #} ${x} %(y)s"

    text = RENDERER.render(a_notice(branding=own_words(body=body))).text

    assert "a  b {% if 1 %}   {# c #} ${x} %(y)s" in text


def test_what_a_value_says_is_not_filled_again() -> None:
    mail = RENDERER.render(
        a_notice(
            client_name="{{link}} {{amount}}", branding=own_words(subject="{{client_name}}", body="{{client_name}}")
        )
    )

    assert mail.subject == "{{link}} {{amount}}"
    assert "\n{{link}} {{amount}}\n" in mail.text


def test_the_looks_are_the_firms() -> None:
    branding = Branding(
        logo_url="https://north.example/l.png?a=1&b=2", accent_color="#123456", footer="North Ltd\nLondon\n\nVAT 1"
    )

    mail = RENDERER.render(a_notice(branding=branding))

    assert 'src="https://north.example/l.png?a=1&amp;b=2" alt="North Ltd"' in mail.html
    assert "background-color:#123456" in mail.html
    assert "North Ltd<br>London</p>" in mail.html
    assert "-- \nNorth Ltd\nLondon\n\nVAT 1\n\nYou receive this mail" in mail.text


@pytest.mark.parametrize(
    "looks",
    [
        {"accent_color": "red;background:url(x)"},
        {"accent_color": "#ffffff"},
        {"logo_url": "http://north.example/l.png"},
        {"logo_url": 'https://x/"onerror="alert(1)'},
        {"logo_url": "javascript:alert(1)"},
    ],
)
def test_looks_that_were_never_checked_are_not_used(looks: dict[str, str]) -> None:
    assert RENDERER.render(a_notice(branding=Branding(**looks))) == RENDERER.render(a_notice())


def test_long_wordings_of_braces_and_spaces_are_read_quickly() -> None:
    began = time.perf_counter()
    for body in ("{{" * 2500, "{{" + " " * 5000, "\n \t" * 2000, "{{a" * 1600):
        RENDERER.render(a_notice(branding=own_words(body=body), amount=Money(1, "usd")))
        RENDERER.problems(own_words(body=body))

    assert time.perf_counter() - began < 1
