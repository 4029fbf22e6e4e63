"""Brandings as JSON."""

from dataclasses import asdict
from typing import Any

from adapters.postgres.line import Row
from domain.model.notices import Branding, NoticeStage, Wording


def branding_json(branding: Branding) -> dict[str, Any]:
    """A branding as it is stored; its wordings by stage, then language."""
    wordings: dict[str, dict[str, Any]] = {}
    for (stage, language), wording in branding.wordings.items():
        wordings.setdefault(stage.value, {})[language] = asdict(wording)
    return {
        "display_name": branding.display_name,
        "logo_url": branding.logo_url,
        "accent_color": branding.accent_color,
        "reply_to": branding.reply_to,
        "footer": branding.footer,
        "default_language": branding.default_language,
        "wordings": wordings,
    }


def branding_of(stored: Row) -> Branding:
    """A stored branding."""
    wordings = {
        (NoticeStage(stage), language): Wording(**wording)
        for stage, by_language in stored["wordings"].items()
        for language, wording in by_language.items()
    }
    return Branding(**{**stored, "wordings": wordings})
