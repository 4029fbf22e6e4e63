"""Brandings as they come in and go out."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from domain.model.notices import LANGUAGES, PLACEHOLDERS, Branding, NoticeStage, Wording
from entrypoints.web.api import shown
from entrypoints.web.api.fields import Accepted, LongText, Text
from entrypoints.web.api.shown import Shown

_NAME = "Your name in mails and on the payment page; the firm's when null."
_LOGO = "An https address of a picture, shown 40 pixels high; null: the name instead."
_ACCENT = "The button's colour as #rrggbb, dark enough for white text (4.5 to 1); null: ours."
_REPLY_TO = "Where answers to mails go."
_FOOTER = "Below every mail, such as your postal address. A blank line parts paragraphs."
_LANGUAGE = f"For customers whose language is not known: one of {', '.join(LANGUAGES)}, also with a region."
_WORDINGS = "Your own words by stage and language; what is left out is ours."
_PLACEHOLDERS = ", ".join(f"{{{{{name}}}}}" for name in sorted(PLACEHOLDERS))
_SUBJECT = "One line; a mail shows at most 78 characters of it."
_HEADING = "One line above the text."
_BODY = (
    "Plain text in place of ours, greeting and closing included. A blank line parts paragraphs; a paragraph that "
    f"speaks of something not known is left out. Subject, heading and body may use {_PLACEHOLDERS}."
)
# A little above the limits, so that whoever exceeds one of them is told by the words of the check itself.
_LINE_MAX = 1000
_TEXT_MAX = 20_000


def _line(description: str, example: str) -> Text:
    return Text(
        longest=_LINE_MAX,
        allow_none=True,
        load_default=None,
        metadata={"description": description, "example": example},
    )


def _text(description: str, example: str) -> LongText:
    return LongText(
        longest=_TEXT_MAX,
        allow_none=True,
        load_default=None,
        metadata={"description": description, "example": example},
    )


class NewWordingSchema(Accepted):
    """Own words for one stage in one language; null: ours."""

    subject = _line(_SUBJECT, "Your payment of {{amount}} is still open")
    heading = _line(_HEADING, "Your payment is still open")
    body = _text(_BODY, "Dear {{client_name}},\n\n{{reason}} {{remedy}}")


NewWordingsByLanguageSchema = Accepted.from_dict(
    {language: fields.Nested(NewWordingSchema) for language in LANGUAGES}, name="NewWordingsByLanguage"
)
NewWordingsSchema = Accepted.from_dict(
    {stage.value: fields.Nested(NewWordingsByLanguageSchema) for stage in NoticeStage}, name="NewWordings"
)


class NewBrandingSchema(Accepted):
    """A whole branding: what is left out is plain."""

    display_name = _line(_NAME, "North")
    logo_url = _line(_LOGO, "https://north.example/logo.png")
    accent_color = _line(_ACCENT, "#1f5f8b")
    reply_to = _line(_REPLY_TO, "billing@north.example")
    footer = _text(_FOOTER, "North Ltd, 1 High Street, London")
    default_language = Text(
        longest=35, load_default=Branding().default_language, metadata={"description": _LANGUAGE, "example": "en-GB"}
    )
    wordings = fields.Nested(NewWordingsSchema, load_default=dict, metadata={"description": _WORDINGS})


class WordingSchema(Shown):
    """Own words for one stage in one language; null: ours."""

    subject = shown.text(_SUBJECT, "Your payment of {{amount}} is still open", nullable=True)
    heading = shown.text(_HEADING, "Your payment is still open", nullable=True)
    body = shown.text(_BODY, "Dear {{client_name}},\n\n{{reason}} {{remedy}}", nullable=True)


class BrandingSchema(Shown):
    """How a firm looks to its customers."""

    display_name = shown.text(_NAME, "North", nullable=True)
    logo_url = shown.text(_LOGO, "https://north.example/logo.png", nullable=True)
    accent_color = shown.text(_ACCENT, "#1f5f8b", nullable=True)
    reply_to = shown.text(_REPLY_TO, "billing@north.example", nullable=True)
    footer = shown.text(_FOOTER, "North Ltd, 1 High Street, London", nullable=True)
    default_language = shown.text(_LANGUAGE, "en-GB")
    wordings = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Nested(WordingSchema)),
        required=True,
        metadata={"description": _WORDINGS},
    )


def branding_from(wanted: Mapping[str, Any]) -> Branding:
    """A body of `NewBrandingSchema` as a branding."""
    wordings = {
        (NoticeStage(stage), language): Wording(**wording)
        for stage, by_language in wanted["wordings"].items()
        for language, wording in by_language.items()
    }
    return Branding(**{**wanted, "wordings": {key: own for key, own in wordings.items() if own != Wording()}})


def branding_shown(branding: Branding) -> dict[str, Any]:
    """A branding with its wordings by stage, then language."""
    wordings: dict[str, dict[str, Wording]] = {}
    for (stage, language), wording in branding.wordings.items():
        wordings.setdefault(stage.value, {})[language] = wording
    return {**vars(branding), "wordings": wordings}
