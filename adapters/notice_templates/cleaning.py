"""Text from outside, made fit for a mail: no control characters, no line breaks where there is one line."""

import re
import unicodedata

# Line breaks of every kind, NUL, lone surrogates: none of them may reach a header or the text around.
_BREAKING = frozenset(["Cc", "Cs", "Zl", "Zp"])
# They turn the direction of what follows, and so can make an address read like another one.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(text: str) -> str:
    """The text on one line. Spaces that do not break stay: amounts have them."""
    return " ".join(filter(None, re.split("[ \n]", clean(text)))).strip()


def clean(text: str) -> str:
    """The text with plain line breaks and without other control characters."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(_harmless(character) for character in plain if character not in _TURNING)


def _harmless(character: str) -> str:
    return " " if character != "\n" and unicodedata.category(character) in _BREAKING else character


def shortened(text: str, longest: int) -> str:
    """At most `longest` characters; a cut one ends with an ellipsis, after a whole word where one is near."""
    if len(text) <= longest:
        return text
    cut = text[: longest - 1]
    head, _, tail = cut.rpartition(" ")
    return f"{(head if head and len(tail) < longest // 3 else cut).rstrip()}…"
