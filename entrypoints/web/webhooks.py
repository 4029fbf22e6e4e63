"""Stripe's webhooks: raw bytes in, one service call, one line out. Nothing of a payload is logged or answered."""

import json
import logging

from flask import Blueprint, Response, request

from domain.services.webhooks import receive_event
from entrypoints.web.application import application
from entrypoints.web.bodies import read_body

BODY_BYTES_MAX = 262_144

_log = logging.getLogger(__name__)

blueprint = Blueprint("webhooks", __name__)


# Stripe does not follow redirects, so both spellings answer for themselves.
@blueprint.post("/api/webhooks/stripe")
@blueprint.post("/api/webhooks/stripe/")
def stripe_webhook() -> Response:
    """Take one delivery."""
    ours = application()
    body = read_body(BODY_BYTES_MAX)
    receipt = receive_event(ours.ports, ours.mailroom, body, request.headers.get("Stripe-Signature", ""))
    if receipt.is_lost_dispute:
        _log.critical(
            "Event %s is about a dispute, and nothing shows whose: give the firm its Stripe account, make the invoice "
            "of its charge, or see `dunlin events list --status unmatched`.",
            receipt.event_id,
        )
    answer = {"event": receipt.event_id, "outcome": receipt.outcome.value}
    return Response(json.dumps(answer), content_type="application/json")
