"""Links by which a customer opens a page without logging in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class CustomerLink:
    """What a link opens. `purpose` keeps a link for one thing from opening another; `serial` is compared with the
    invoice's, so that raising that one revokes all links made before.
    """

    firm_id: str
    invoice_id: str
    purpose: str
    serial: int
    expires_at: datetime


class BadLink(Exception):
    """The link is none of ours, was altered, or is for another purpose."""


class LinkSigner(Protocol):
    """Makes and reads links. Nothing about a person is in them."""

    def sign(self, link: CustomerLink) -> str:
        """The token: URL-safe, at most 400 characters."""

    def read(self, token: str, purpose: str) -> CustomerLink:
        """What the token opens, expired or not. Raises `BadLink`. Compares in constant time."""
