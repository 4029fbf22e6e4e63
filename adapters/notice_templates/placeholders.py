"""`{{name}}` in a wording: filled once, with nothing to compute, so that a text can never do more than be read."""

import re
from collections.abc import Mapping

from domain.model.notices import PLACEHOLDERS

_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")

Values = Mapping[str, str | None]
"""What each placeholder stands for; None: nothing is known to say."""


def fill(wording: str, values: Values) -> str | None:
    """The wording with its values; None when it speaks of something that is not known.

    A name that is no placeholder is left out. What comes in by a value is not looked at again.
    """
    used = {name for name in names(wording) if name in values}
    if any(not values[name] for name in used):
        return None
    return _PLACEHOLDER.sub(lambda found: values.get(found[1].strip()) or "", wording)


def fill_paragraphs(wording: str, values: Values) -> list[str]:
    """The wording's paragraphs, which blank lines part; those that speak of something unknown are left out."""
    filled = (fill(paragraph, values) for paragraph in _BLANK_LINES.split(wording.strip()))
    return [paragraph.strip() for paragraph in filled if paragraph and paragraph.strip()]


def names(wording: str) -> list[str]:
    """What stands in double braces, in order."""
    return [name.strip() for name in _PLACEHOLDER.findall(wording)]


def problem_with(wording: str) -> str | None:
    """What is wrong with the braces of a firm's wording, in words; None when nothing is."""
    unknown = sorted({name for name in names(wording) if name not in PLACEHOLDERS})
    if unknown:
        allowed = ", ".join(sorted(PLACEHOLDERS))
        return f"There is no placeholder {{{{{unknown[0]}}}}}. There are: {allowed}."
    if set("{}") & set(_PLACEHOLDER.sub("", wording)):
        return "Braces are for placeholders alone, such as {{amount}}. Remove the others."
    return None
