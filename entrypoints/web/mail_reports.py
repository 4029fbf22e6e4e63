"""What became of mails after the server took them: bounces and complaints, as the mail provider tells them, signed
after the Standard Webhooks scheme.
"""

import json
from email.utils import parseaddr

import marshmallow as ma
from flask import Blueprint, Response, request

from domain.model.errors import FieldError, InvalidInput
from domain.services.addresses import MailReport, ReportType, mark_bad
from entrypoints.web.api.fields import Choice, Flag, LongText, Text
from entrypoints.web.application import application
from entrypoints.web.bodies import read_body
from entrypoints.web.problems import BAD_MAIL_SIGNATURE, MAIL_REPORTS_OFF, ProblemFound
from entrypoints.web.strict_json import parse_object
from ports.signed_messages import NotSigned

BODY_BYTES_MAX = 65_536

blueprint = Blueprint("mail_reports", __name__)


class MailReportSchema(ma.Schema):
    """A report. What else a provider adds is left alone."""

    class Meta:
        """marshmallow's options."""

        unknown = ma.EXCLUDE

    type = Choice([each.value for each in ReportType], required=True)
    permanent = Flag(required=True)
    address = Text(longest=320)
    message_id = Text(longest=998)
    reason = LongText(longest=10_000, allow_none=True)


@blueprint.post("/api/webhooks/mail")
@blueprint.post("/api/webhooks/mail/")
def mail_webhook() -> Response:
    """Take one report. What it is about may be unknown here: then nothing changes, and the answer is the same."""
    ours = application()
    body = read_body(BODY_BYTES_MAX)
    if ours.mail_signatures is None:
        raise ProblemFound(
            MAIL_REPORTS_OFF, "MAIL_WEBHOOK_SECRET is not set, so no report can be told from a forged one."
        )
    try:
        ours.mail_signatures.check(body, dict(request.headers), ours.ports.clock.now())
    except NotSigned as refusal:
        raise ProblemFound(BAD_MAIL_SIGNATURE, str(refusal)) from None
    mark_bad(ours.ports, _report(body))
    return Response(json.dumps({"received": True}), content_type="application/json")


def _report(body: bytes) -> MailReport:
    try:
        told = MailReportSchema().load(parse_object(body))
    except ma.ValidationError as error:
        found = error.messages_dict.items()
        raise InvalidInput(*(FieldError(str(name), str(text)) for name, texts in found for text in texts)) from None
    if "address" not in told and "message_id" not in told:
        raise InvalidInput(FieldError("address", "Say which address the mail went to, or give its message_id."))
    return MailReport(
        type=ReportType(told["type"]),
        address=parseaddr(told["address"])[1] if "address" in told else None,
        message_id=told.get("message_id"),
        is_permanent=told["permanent"],
        reason=told.get("reason") or "",
    )
