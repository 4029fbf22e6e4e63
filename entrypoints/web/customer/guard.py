"""What stands between a link and an action: the signed form, where the request comes from, and how often."""

import hashlib
from dataclasses import replace
from datetime import timedelta

from flask import request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from entrypoints.web.application import application, ports
from ports.link_signer import BadLink, CustomerLink

FORM = "pay form"
"""The purpose of a form: a link alone asks for nothing, and a form opens no page."""
FORM_LIFE = timedelta(days=1)
_LOOKS, _ACTIONS = RateLimitItemPerMinute(120, 10), RateLimitItemPerMinute(20, 10)


class LinkUse:
    """Counts looks and actions of each link, in this process: Stripe is asked at each of them."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def is_too_much(self, token: str) -> bool:
        """Count the current request; whether there were too many in ten minutes."""
        limit = _ACTIONS if request.method == "POST" else _LOOKS
        name = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
        return not self._limiter.hit(limit, request.method, name)


def signed_form(link: CustomerLink) -> str:
    """What a button of the link's page sends back."""
    form = replace(link, purpose=FORM, expires_at=ports().clock.now().replace(microsecond=0) + FORM_LIFE)
    return application().customers.links.signer.sign(form)


def is_from_page(link: CustomerLink) -> bool:
    """Whether the current POST comes from the link's own page, and not too long ago."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    try:
        form = application().customers.links.signer.read(request.form.get("form", ""), FORM)
    except BadLink:
        return False
    is_same = (form.firm_id, form.invoice_id, form.serial) == (link.firm_id, link.invoice_id, link.serial)
    return is_same and ports().clock.now() < form.expires_at
