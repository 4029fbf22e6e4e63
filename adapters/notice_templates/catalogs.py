"""Our words by language: one gettext catalog each, compiled when it is first asked for.

A message's id is its place (`receipt.subject`), so that all languages are translations alike, English too.
"""

from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "catalogs"


@cache
def words(language: str) -> GNUTranslations:
    """The words of one of `domain.model.notices.LANGUAGES`. What is fuzzy is not used; its id stands there instead."""
    with (FOLDER / f"{language}.po").open("rb") as source:
        catalog = read_po(source, locale=language, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)
