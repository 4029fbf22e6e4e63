"""Which language a customer is written to in, and with which region's amounts and dates."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from babel import Locale, UnknownLocaleError

from domain.model.notices import LANGUAGES

_REGION = re.compile(r"[A-Z]{2}|[0-9]{3}")


@dataclass(frozen=True)
class Spoken:
    """A language of ours: `tag` as the mail says it (`de-AT`), `language` as the catalogs are named (`de`)."""

    tag: str
    language: str
    locale: Locale


def first_spoken(tags: Sequence[str]) -> Spoken:
    """The first of the tags (`de-AT`, `de_AT`) whose language is ours, with its region where there is such a one; else
    English.
    """
    return next((spoken for spoken in map(spoken_as, tags) if spoken is not None), _as_spoken(LANGUAGES[0], None))


def spoken_as(tag: str) -> Spoken | None:
    """The language of that tag; None when it is not one of ours."""
    language, *rest = tag.replace("_", "-").split("-")
    if language.lower() not in LANGUAGES:
        return None
    return _as_spoken(language.lower(), next(filter(_REGION.fullmatch, map(str.upper, rest)), None))


def _as_spoken(language: str, region: str | None) -> Spoken:
    if region is not None:
        try:
            return Spoken(f"{language}-{region}", language, Locale(language, territory=region))
        except UnknownLocaleError:
            pass  # such as de-JP: nobody has said how German is written there
    return Spoken(language, language, Locale(language))
