"""Whether a message came from somebody who knows a secret of ours, just now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol


class NotSigned(Exception):
    """Not signed by any of our secrets, or stamped too far in the past or the future. Its text holds no payload."""


class SignatureChecker(Protocol):
    """Checks signatures over raw bytes."""

    def check(self, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        """Return when `body` is signed as its headers say (their names in any case).

        Any of several secrets may fit; the stamp must lie within 300 s of `now` on either side. Raises `NotSigned`.
        """
