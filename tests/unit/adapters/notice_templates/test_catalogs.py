"""The catalogs say the same in every language."""

import re
from collections import Counter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from adapters.notice_templates.catalogs import FOLDER, words
from domain.model.decline_categories import DeclineCategory, for_customer, staff_words
from domain.model.notices import LANGUAGES, PLACEHOLDERS, NoticeStage

OF_OUR_OWN = {"brand", "last4", "label", "value"}
"""Placeholders of sentences that firms do not write."""


def catalog_of(language: str) -> Catalog:
    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def messages_of(language: str) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in catalog_of(language) if message.id}


def test_there_is_a_catalog_for_each_language_and_no_other() -> None:
    assert {file.stem for file in FOLDER.glob("*.po")} == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalog_has_every_message_and_no_other(language: str) -> None:
    parts = ("subject", "heading", "preheader", "body", "button")
    needed = {f"{stage}.{part}" for stage in NoticeStage for part in parts}
    categories = {for_customer(category) for category in DeclineCategory}
    needed |= {f"{part}.{category}" for category in categories for part in ("reason", "remedy")}
    messages = messages_of(language)

    assert messages.keys() == messages_of("en").keys()
    assert needed <= messages.keys()
    assert [message_id for message_id, text in messages.items() if not text.strip()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_fuzzy_obsolete_or_in_another_language(language: str) -> None:
    catalog = catalog_of(language)

    assert [message.id for message in catalog if message.id and message.fuzzy] == []
    assert list(catalog.obsolete) == []
    assert catalog.mime_headers
    assert dict(catalog.mime_headers)["Language"] == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_match_in_every_language_and_paragraph(language: str) -> None:
    def used(text: str) -> list[Counter[str]]:
        return [Counter(re.findall(r"\{\{(\w+)\}\}", paragraph)) for paragraph in text.split("\n\n")]

    english, messages = messages_of("en"), messages_of(language)

    assert {key: used(text) for key, text in messages.items()} == {key: used(text) for key, text in english.items()}
    names = {name for text in messages.values() for counted in used(text) for name in counted}
    assert names <= PLACEHOLDERS | OF_OUR_OWN


@pytest.mark.parametrize("language", LANGUAGES)
def test_subjects_headings_and_buttons_are_short_lines(language: str) -> None:
    for message_id, text in messages_of(language).items():
        part = message_id.rpartition(".")[2]
        longest = {"subject": 85, "heading": 60, "button": 30, "preheader": 110}.get(part)
        if longest is not None:
            assert len(text) <= longest, message_id
            assert "\n" not in text, message_id


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_placeholders_are_in_braces_and_nothing_is_markup(language: str) -> None:
    for message_id, text in messages_of(language).items():
        rest = re.sub(r"\{\{\w+\}\}", "", text)
        assert not set("{}<>%~") & set(rest), message_id


def test_french_sets_its_double_signs_apart_with_a_space_that_does_not_break() -> None:
    assert [text for text in messages_of("fr").values() if re.search(r"(?<!\u00a0)[:;!?]", text)] == []


def test_staff_is_told_of_every_category_and_in_words_of_their_own() -> None:
    told = {category: staff_words(category) for category in DeclineCategory}

    assert len(set(told.values())) == len(told)
    assert "fraud" in told[DeclineCategory.SUSPECTED_FRAUD]
    assert set(told.values()).isdisjoint(messages_of("en").values())


def test_a_compiled_catalog_gives_its_words() -> None:
    assert words("de").gettext("receipt.heading") == "Vielen Dank für Ihre Zahlung"
