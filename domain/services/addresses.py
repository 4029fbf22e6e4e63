"""E-mail addresses that do not work: mail came back for good, or its reader complained of it."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.model.audit import Actor, Note, Severity
from domain.model.firms import Client
from domain.model.notices import Notice
from domain.services.bookkeeping import alert_items, audit_event
from domain.services.steps import Ports, Step, in_firm, in_system

MAIL_SERVER = Actor("mail_server")

_REASON_LENGTH_MAX = 200
_REPLY_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")
_STATUS_CODE = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.])")


class ReportType(StrEnum):
    """What became of a mail after the server had taken it."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"


@dataclass(frozen=True)
class MailReport:
    """A mail came back (`is_permanent`: for good), or was reported as unwanted. `reason` is free text.

    Where it went is told by `address`, or else by our Message-ID.
    """

    type: ReportType
    is_permanent: bool
    address: str | None = None
    message_id: str | None = None
    reason: str = ""

    @property
    def is_final(self) -> bool:
        """Whether no more mail should go there."""
        return self.is_permanent or self.type is ReportType.COMPLAINT


def mark_bad(ports: Ports, report: MailReport, by: Actor = MAIL_SERVER) -> int:
    """Mark every client, of every firm, whose mails go to the reported address; how many were marked now.

    Temporary bounces, unknown addresses and unknown mails change nothing. Each client is a transaction of its own, so
    that one report can be repeated when it broke off.
    """
    if not report.is_final:
        return 0
    reason = safe_reason(report)
    if report.address is None:
        return int(_mark_reader(ports, report.message_id or "", reason, by))
    address = report.address
    # In a system transaction: who reports a bounce knows the address and no firm.
    found = in_system(ports, lambda step: step.tx.clients.by_email(address))
    return sum(_marked(ports, client, reason, by) for client in found)


def mark_client_bad(step: Step, client: Client, reason: str, by: Actor) -> bool:
    """Mark the client's address within an open step, with an audit event and an alert; whether it was not marked yet.

    `reason` must hold no personal data: it goes into the audit log.
    """
    if client.email is None or client.email_bad_at is not None:
        return False
    reason = reason[:_REASON_LENGTH_MAX]
    marked = replace(client, email_bad_at=step.now, email_bad_reason=reason, updated_at=step.now)
    step.tx.clients.save(marked)
    words = (
        f"The e-mail address of client {client.id} does not work: {reason.rstrip('.')}. Nothing more is sent to it "
        "until the client has another."
    )
    key = f"address_bad:{client.id}:{step.now.isoformat()}"
    note = Note("client_address_bad", Severity.WARNING, words, "client", client.id, {"reason": reason}, key)
    _tell(step, client, note, by)
    return True


def safe_reason(report: MailReport) -> str:
    """What happened, with the server's codes and none of its words: they often repeat the address."""
    word = "bounced" if report.type is ReportType.BOUNCE else "reported as unwanted mail"
    codes = [found[1] for pattern in (_REPLY_CODE, _STATUS_CODE) if (found := pattern.search(report.reason))]
    return f"{word} ({' '.join(codes)})" if codes else word


def _marked(ports: Ports, seen: Client, reason: str, by: Actor) -> bool:
    def mark(step: Step) -> bool:
        client = step.tx.clients.get(seen.id)  # it may have got another address since it was found
        return client is not None and client.email == seen.email and mark_client_bad(step, client, reason, by)

    return in_firm(ports, seen.firm_id, mark)


def _mark_reader(ports: Ports, message_id: str, reason: str, by: Actor) -> bool:
    """Mark the address that a notice of ours went to, which is not kept: the client's, unless that may be another one.

    Copies for further test addresses have a dot in their Message-ID, and no notice has such an id.
    """
    notice_id = message_id.strip("<> ").partition("@")[0]
    # In a system transaction: who reports a bounce knows the mail and no firm.
    notice = in_system(ports, lambda step: step.tx.notices.get(notice_id))
    if notice is None:
        return False
    sent_at = notice.sent_at or notice.created_at

    def mark(step: Step) -> bool:
        client, firm = step.tx.clients.get(notice.client_id), step.tx.firms.get(notice.firm_id)
        if client is None or firm is None or firm.policy.notices.test_addresses:
            return False
        if client.updated_at > sent_at:
            _doubt(step, client, notice, reason, by)
            return False
        return mark_client_bad(step, client, reason, by)

    return in_firm(ports, notice.firm_id, mark)


def _doubt(step: Step, client: Client, notice: Notice, reason: str, by: Actor) -> None:
    """The client was changed since: nobody but its firm can tell whether this is about the address it has now."""
    if client.email is None or client.email_bad_at is not None:
        return
    words = (
        f"Notice {notice.id} to client {client.id} did not do its work: {reason}. The client was changed since; check "
        "its e-mail address."
    )
    note = Note(
        "notice_bounced", Severity.WARNING, words, "client", client.id, {"reason": reason}, f"bounced:{notice.id}"
    )
    _tell(step, client, note, by)


def _tell(step: Step, client: Client, note: Note, by: Actor) -> None:
    added = step.tx.outbox.add(alert_items(step, client.firm_id, [note], None))
    if added:
        step.tx.journal.append([audit_event(step, client.firm_id, note, by)])
    step.ring_for(added)
