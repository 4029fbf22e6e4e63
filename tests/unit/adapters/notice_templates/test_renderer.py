"""What each mail says, in each language and for each reason."""

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest

from adapters.notice_templates.catalogs import words
from adapters.notice_templates.renderer import TemplateNoticeRenderer
from domain.model.decline_categories import DeclineCategory, for_customer
from domain.model.money import Money
from domain.model.notices import LANGUAGES, Branding, NoticeContent, NoticeStage
from tests.notice_builders import LINK, a_bare_notice, a_notice

RENDERER = TemplateNoticeRenderer()
OF_A_FAILURE = [
    NoticeStage.PAYMENT_FAILED,
    NoticeStage.PAYMENT_URGENT,
    NoticeStage.SUSPENSION_WARNING,
    NoticeStage.FINAL_NOTICE,
]
NOT_FOR_CUSTOMERS = re.compile(
    r"fraud|betrug|betrüg|fraude|stolen|gestohlen|volée?\b|robad|suspect|verdacht|verdächt|soupç|sospech|risk|risiko|"
    r"risque|riesgo|radar|lawyer|anwalt|avocat|abogad|court|gericht|tribunal|inkasso|debt|schuld|dette|deuda",
    re.IGNORECASE,
)


class Document(HTMLParser):
    """What a reader of the HTML gets: its texts, links, pictures and elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in {"style", "title"}:
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def attributes_of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def words_of(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("category", list(DeclineCategory))
@pytest.mark.parametrize("stage", list(NoticeStage))
def test_every_stage_is_written_for_every_reason_in_every_language(
    stage: NoticeStage, category: DeclineCategory, language: str
) -> None:
    mail = RENDERER.render(a_notice(stage=stage, category=category, languages=(language,)))

    document = Document(mail.html)
    assert mail.language == language
    assert 0 < len(mail.subject) <= 78
    assert mail.subject.replace("\u00a0", " ").isprintable()
    assert "{" not in mail.subject + mail.text + document.text
    assert LINK in mail.text
    assert [link["href"] for link in document.attributes_of("a")] == [LINK, LINK]
    assert LINK in document.text
    assert not NOT_FOR_CUSTOMERS.search(mail.subject + mail.text + document.text)
    if stage in OF_A_FAILURE:
        assert words(language).gettext(f"reason.{for_customer(category)}") in mail.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("stage", list(NoticeStage))
def test_both_parts_say_the_same(stage: NoticeStage, language: str) -> None:
    mail = RENDERER.render(a_notice(stage=stage, languages=(language,)))

    shown = Document(mail.html).text
    for line in mail.text.removesuffix("\n").split("\n"):
        label, _, value = line.partition(": ")
        assert words_of(line) in shown or (label.rstrip() in shown and words_of(value) in shown) or line == "-- "


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("stage", list(NoticeStage))
def test_a_mail_that_knows_next_to_nothing_still_reads_well(stage: NoticeStage, language: str) -> None:
    mail = RENDERER.render(a_bare_notice(stage, language))

    assert 0 < len(mail.subject) <= 78
    assert "{" not in mail.subject + mail.text
    assert "None" not in mail.text
    assert len(mail.text.split("\n\n")) > 4


@pytest.mark.parametrize("stage", OF_A_FAILURE)
def test_fraud_reads_like_a_plain_decline(stage: NoticeStage) -> None:
    for language in LANGUAGES:
        fraud = a_notice(stage=stage, category=DeclineCategory.SUSPECTED_FRAUD, languages=(language,))

        assert RENDERER.render(fraud) == RENDERER.render(replace(fraud, category=DeclineCategory.BANK_DECLINED))


def test_reasons_differ_by_category() -> None:
    texts = {RENDERER.render(a_notice(category=category)).text for category in DeclineCategory}

    assert len(texts) == len(DeclineCategory) - 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_next_attempt_is_told_only_when_there_is_one(language: str) -> None:
    notice = a_notice(languages=(language,), retry_on=date(2026, 7, 19))

    assert RENDERER.render(notice).text.count("19") == 2
    assert "19" not in RENDERER.render(replace(notice, retry_on=None)).text


def test_the_tone_grows_firmer() -> None:
    first, second, third, last = (RENDERER.render(a_notice(stage=stage)).text for stage in OF_A_FAILURE)

    assert "suspend" not in first + second
    assert "may be interrupted" in second
    assert "will suspend" in third
    assert "Final notice" in last
    assert "no more automatic attempts" in last


def test_a_receipt_names_amount_day_invoice_and_card() -> None:
    text = RENDERER.render(a_notice(stage=NoticeStage.RECEIPT, languages=("en-GB",))).text

    assert "Invoice: 2026-0001\nAmount paid: €1,234.50\nPaid on: 4 March 2026\nCard: Visa ending in 4242" in text


@pytest.mark.parametrize(
    ("tag", "currency", "written"),
    [
        ("en-US", "usd", "$1,234.50"),
        ("en-GB", "jpy", "JP¥123,450"),
        ("de-AT", "eur", "€ 1.234,50"),
        ("de-CH", "isk", "ISK 1\u2019234.50"),
        ("fr-CA", "kwd", "123,450 KWD"),
        ("es-MX", "ugx", "UGX 123,450"),
    ],
)
def test_the_amount_is_the_same_in_all_places(tag: str, currency: str, written: str) -> None:
    mail = RENDERER.render(a_notice(languages=(tag,), amount=Money(123_450, currency)))

    assert words_of(mail.text).count(written) == 2
    assert Document(mail.html).text.count(written) == 2


@pytest.mark.parametrize(
    ("languages", "expected"),
    [
        (("de-AT", "fr"), "de-AT"),
        (("de_CH",), "de-CH"),
        (("DE-at",), "de-AT"),
        (("de-JP",), "de"),
        (("de-Latn-AT-1996",), "de-AT"),
        (("es-419",), "es-419"),
        (("it-IT", "fr-CA"), "fr-CA"),
        (("it-IT", "pt"), "en"),
        ((), "en"),
        (("",), "en"),
        (("de-",), "de"),
        (("../../etc/passwd", "x" * 500), "en"),
        (("\0", "en\r\nBcc: x"), "en"),
    ],
)
def test_the_first_language_that_we_speak_is_written(languages: tuple[str, ...], expected: str) -> None:
    mail = RENDERER.render(a_notice(languages=languages))

    assert mail.language == expected
    assert Document(mail.html).attributes_of("html") == [{"lang": expected, "dir": "ltr"}]


@pytest.mark.parametrize(
    ("brand", "shown"),
    [("amex", "American Express"), ("visa", "Visa"), ("newcard", "card"), (None, "card")],
)
def test_a_card_is_named_by_brand_and_last_digits(brand: str | None, shown: str) -> None:
    text = RENDERER.render(a_notice(stage=NoticeStage.CARD_EXPIRING, card_brand=brand)).text

    assert f"Card: {shown} ending in 4242\nValid until: March 2026" in text


def long_notice() -> NoticeContent:
    return a_notice(invoice_number="INVOICE " * 20, firm_name="Firm " * 100, client_name="Client" * 100)


def test_a_long_number_is_cut_in_the_subject_alone() -> None:
    mail = RENDERER.render(long_notice())

    assert len(mail.subject) <= 78
    assert mail.subject.endswith("…")
    assert "INVOICE INVOICE" in mail.text


def test_the_html_is_accessible_and_needs_no_style_sheet() -> None:
    mail = RENDERER.render(a_notice(branding=Branding(logo_url="https://north.example/l.png")))

    document = Document(mail.html)
    assert len(document.attributes_of("h1")) == 1
    assert [picture["alt"] for picture in document.attributes_of("img")] == ["North Ltd"]
    layout = [table for table in document.attributes_of("table") if table.get("role") != "presentation"]
    assert len(layout) == 1  # the facts, whose rows have headers
    assert {header["scope"] for header in document.attributes_of("th")} == {"row"}
    assert all(element.get("style") for element in document.attributes_of("p"))
    assert {"name": "color-scheme", "content": "light dark"} in document.attributes_of("meta")
    assert "prefers-color-scheme: dark" in mail.html
    assert not {"script", "form", "iframe", "link", "object"} & {tag for tag, _ in document.tags}


def test_what_a_mail_program_shows_beside_the_subject_comes_first_and_is_hidden() -> None:
    mail = RENDERER.render(a_notice())

    document = Document(mail.html)
    assert document.text.startswith("Putting it right takes about a minute.")
    assert "display:none" in str(document.attributes_of("div")[0]["style"])
