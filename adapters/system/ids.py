"""Identifiers and secrets from the operating system's randomness."""

import secrets
import string

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_LENGTH = 24


class RandomIds:
    """The port `Ids`; an id holds 142 random bits."""

    def new(self, prefix: str) -> str:
        """A new id such as `inv_…`; see the port."""
        number = secrets.randbelow(len(_ALPHABET) ** _LENGTH)
        letters = []
        for _ in range(_LENGTH):
            number, digit = divmod(number, len(_ALPHABET))
            letters.append(_ALPHABET[digit])
        return f"{prefix}_{''.join(letters)}"

    def secret(self) -> str:
        """256 random bits as URL-safe text."""
        return secrets.token_urlsafe(32)
