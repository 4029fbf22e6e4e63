"""Writing to customers: claim, check again, store, send, mark.

A worker that dies after the server took the mail and before that was kept sends it again under the same Message-ID: the
one case in which a customer may see a mail twice.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.model.attempts import Attempt
from domain.model.audit import DUNLIN, MetadataValue, Note, Severity
from domain.model.decline_categories import categorize
from domain.model.derivation import derive
from domain.model.dunning import is_overtaken, notice_wishes, why_not_again
from domain.model.firms import Client, Firm
from domain.model.invoices import InvoiceFacts, InvoiceState
from domain.model.money import Money
from domain.model.notices import Notice, NoticeContent, NoticeStage, NoticeStatus
from domain.model.outbox import LEASE, OutboxItem, OutboxStatus, Wish
from domain.services.addresses import mark_client_bad
from domain.services.bookkeeping import Edit, save, terms_of
from domain.services.cases import done, ended, is_held, locked_invoice
from domain.services.customer_links import Links
from domain.services.steps import Ports, Step, in_firm
from ports.mailer import Mail, Mailer, MailNotSent, MailRefused
from ports.notice_renderer import NoticeRenderer
from ports.repositories import LockedInvoice

_TRY_AGAIN = tuple(timedelta(seconds=seconds) for seconds in (2, 5, 15, 60, 120, 300, 600))
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class PostOffice:
    """What writing to customers needs. `domain` stands in Message-IDs."""

    mailer: Mailer
    renderer: NoticeRenderer
    links: Links
    domain: str


@dataclass(frozen=True)
class Letter:
    """A notice in an open step: everything that decides whether and what is written."""

    step: Step
    item: OutboxItem
    locked: LockedInvoice
    firm: Firm
    client: Client
    state: InvoiceState
    stage: NoticeStage
    cause_key: str
    past: tuple[Notice, ...]

    @property
    def facts(self) -> InvoiceFacts:
        """The invoice's facts as locked."""
        return self.locked.facts

    @property
    def attempt(self) -> Attempt | None:
        """The failure or the payment that it is about."""
        return next((attempt for attempt in self.state.attempts if attempt.key == self.cause_key), None)

    @property
    def zone(self) -> tzinfo:
        """The client's time zone; UTC where none is known, or none that this machine knows."""
        try:
            return ZoneInfo(self.client.timezone or _UTC.key)
        except (ZoneInfoNotFoundError, ValueError):
            return _UTC

    def close(self, notice: Notice | None, row: OutboxItem, *notes: Note) -> None:
        """Keep the notice, the row and the notes."""
        if notice is not None:
            self.step.tx.notices.save(notice)
        save(self.step, self.locked, self.facts, self.firm, Edit(DUNLIN, notes, (row,)))


def send_notice(ports: Ports, office: PostOffice, item: OutboxItem) -> None:
    """Write the notice that the claimed row asks for, or decide against it and say why."""
    leaving = in_firm(ports, item.firm_id, lambda step: _prepare(step, office, item))
    if leaving is None:
        return
    notice, mails = leaving
    try:
        for mail in mails:
            office.mailer.send(mail)
    except MailNotSent as failed:
        why = str(failed)
        in_firm(ports, item.firm_id, lambda step: _put_off(step, item, why))
    except MailRefused as refused:
        reason, bad = str(refused), {mail.to_address for mail in mails} if refused.is_address_bad else set()
        in_firm(ports, item.firm_id, lambda step: _refused(step, item, notice, reason, bad))
    else:
        in_firm(ports, item.firm_id, lambda step: _sent(step, item, notice))


def _prepare(step: Step, office: PostOffice, item: OutboxItem) -> tuple[Notice, tuple[Mail, ...]] | None:
    letter = _letter(step, item)
    if letter is None:
        return None
    wish = next((w for w in _wishes(letter) if w.dedupe_key == item.dedupe_key), None)
    if wish is None:
        step.tx.outbox.save(ended(item))
        return None
    if wish.status is OutboxStatus.HELD:
        step.tx.outbox.save(replace(item, status=OutboxStatus.HELD, lease_until=None))
        return None
    allowed_at = _allowed_at(letter)
    if allowed_at > step.now:
        waiting = replace(item, status=OutboxStatus.DUE, due_at=allowed_at, lease_until=None, last_error="Quiet hours.")
        step.tx.outbox.save(waiting)
        step.ring_for([waiting])
        return None
    if is_overtaken(letter.past, letter.stage, letter.cause_key, letter.state):
        _put_off(step, item, "A later notice is on its way.")
        return None
    reason = _reason_to_skip(letter)
    if reason is not None:
        _skip(letter, reason)
        return None
    return _claim(letter, office)


def _letter(step: Step, item: OutboxItem) -> Letter | None:
    """None when somebody else has the row by now."""
    locked, firm = locked_invoice(step, item)
    client = step.tx.clients.get(locked.facts.invoice.client_id)
    if not is_held(locked, item) or client is None:
        return None
    _, _, stage, cause_key = item.dedupe_key.split(":", 3)
    past = tuple(step.tx.notices.of_subject(locked.facts.invoice.id))
    state = derive(locked.facts, terms_of(step, firm))
    return Letter(step, item, locked, firm, client, state, NoticeStage(stage), cause_key, past)


def _wishes(letter: Letter) -> list[Wish]:
    return notice_wishes(letter.facts, letter.state, terms_of(letter.step, letter.firm))


def _allowed_at(letter: Letter) -> datetime:
    """Quiet hours are off where the policy's day was shortened: a demonstration does not wait for the morning."""
    quiet, now = letter.firm.policy.notices.quiet_hours, letter.step.now
    if quiet is None or letter.step.ports.day < timedelta(days=1):
        return now
    return quiet.next_allowed(now, letter.zone)


def _reason_to_skip(letter: Letter) -> str | None:
    client, policy = letter.client, letter.firm.policy.notices
    if letter.client.erased_at is not None:
        return "The client was erased."
    if client.id in policy.excluded_client_ids:
        return "The client gets no notices, by the policy."
    if not policy.test_addresses and _address_problem(client) is not None:
        return _address_problem(client)
    return why_not_again(letter.past, letter.stage, letter.cause_key, letter.state)


def _address_problem(client: Client) -> str | None:
    if client.email is None:
        return "The client has no e-mail address."
    if client.email_bad_at is not None:
        return f"The client's e-mail address does not work: {client.email_bad_reason or 'no reason told'}."
    return None


def _skip(letter: Letter, reason: str) -> None:
    notice = _notice(letter)
    if notice.status is NoticeStatus.SENT:
        # Whoever had the row before was slow, and it did leave.
        letter.close(None, done(letter.item))
        return
    notice = replace(notice, status=NoticeStatus.SKIPPED, reason=reason)
    words = f"The mail '{letter.stage.label}' was not sent: {reason}"
    is_loud = reason == _address_problem(letter.client)
    note = _note(notice, "notice_skipped", Severity.WARNING if is_loud else Severity.INFO, words)
    alert_key = f"no_address:{letter.client.id}:{letter.client.email_bad_at or 'none'}" if is_loud else None
    letter.close(notice, done(letter.item, reason), replace(note, alert_key=alert_key))


def _claim(letter: Letter, office: PostOffice) -> tuple[Notice, tuple[Mail, ...]]:
    """Keep the notice as leaving, before it does."""
    content = _content(letter, office)
    rendered = office.renderer.render(content)
    notice = replace(_notice(letter), status=NoticeStatus.SENDING, language=rendered.language)
    addresses = letter.firm.policy.notices.test_addresses or (letter.client.email or "",)
    letter.close(notice, replace(letter.item, lease_until=letter.step.now + LEASE * len(addresses)))
    mails = tuple(
        Mail(
            message_id=f"<{notice.id}.{number}@{office.domain}>" if number else f"<{notice.id}@{office.domain}>",
            to_address=address,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            reply_to=content.branding.reply_to,
            sender_name=content.firm_name,
            headers=(("X-Dunlin-Stage", notice.stage.value),),
        )
        for number, address in enumerate(addresses)
    )
    return notice, mails


def _notice(letter: Letter) -> Notice:
    """The notice as it was claimed before, by a worker that died, or a new one."""
    before = next((n for n in letter.past if n.stage is letter.stage and n.cause_key == letter.cause_key), None)
    return before or Notice(
        id=letter.step.ports.ids.new("ntc"),
        firm_id=letter.firm.id,
        client_id=letter.client.id,
        subject_id=letter.facts.invoice.id,
        stage=letter.stage,
        cause_key=letter.cause_key,
        status=NoticeStatus.SENDING,
        created_at=letter.step.now,
        invoice_id=letter.facts.invoice.id,
    )


def _content(letter: Letter, office: PostOffice) -> NoticeContent:
    invoice, state, attempt = letter.facts.invoice, letter.state, letter.attempt
    branding = letter.step.tx.brandings.get(letter.firm.id)
    is_payment = letter.stage is NoticeStage.RECEIPT
    failure = None if attempt is None or is_payment else attempt
    amount_minor = state.amount_open if not is_payment or attempt is None else attempt.amount_minor
    retry_at = state.figures.next_payment_retry_at
    languages = tuple(language for language in (letter.client.locale, branding.default_language) if language)
    return NoticeContent(
        stage=letter.stage,
        languages=languages,
        firm_name=branding.display_name or letter.firm.name,
        client_name=letter.client.company_name,
        link=office.links.link_to(letter.facts, letter.step.now),
        amount=Money(amount_minor, invoice.currency),
        invoice_number=invoice.number,
        due_on=invoice.due_on,
        paid_on=attempt.at.astimezone(letter.zone).date() if is_payment and attempt else None,
        retry_on=retry_at.astimezone(letter.zone).date() if retry_at else None,
        category=categorize(failure.failure_code, failure.codes.decline_code) if failure else None,
        branding=branding,
    )


def _sent(step: Step, item: OutboxItem, notice: Notice) -> None:
    letter = _letter(step, item)
    if letter is None:
        # Somebody else has the row by now and sends the same mail; that it left is true all the same.
        step.tx.notices.save(replace(notice, status=NoticeStatus.SENT, sent_at=step.now))
        return
    sent = replace(notice, status=NoticeStatus.SENT, sent_at=step.now)
    words = f"The mail '{notice.stage.label}' was sent."
    letter.close(sent, done(item), _note(sent, "notice_sent", Severity.INFO, words))


def _refused(step: Step, item: OutboxItem, notice: Notice, reason: str, bad_addresses: set[str]) -> None:
    letter = _letter(step, item)
    if letter is None:
        return
    if letter.client.email in bad_addresses:  # not a test address, nor one that the client had before
        mark_client_bad(step, letter.client, reason, DUNLIN)
    refused = replace(notice, status=NoticeStatus.REFUSED, reason=reason)
    words = f"The mail '{notice.stage.label}' was not taken by the mail server: {reason}"
    note = _note(refused, "notice_refused", Severity.WARNING, words)
    letter.close(refused, done(item, reason), replace(note, alert_key=f"notice_refused:{notice.id}"))


def _put_off(step: Step, item: OutboxItem, why: str) -> None:
    letter = _letter(step, item)
    if letter is None:
        return
    later = step.now + _TRY_AGAIN[min(item.tries - 1, len(_TRY_AGAIN) - 1)]
    waiting = replace(item, status=OutboxStatus.DUE, due_at=later, lease_until=None, last_error=why)
    step.tx.outbox.save(waiting)
    step.ring_for([waiting])


def _note(notice: Notice, action: str, severity: Severity, words: str) -> Note:
    metadata: dict[str, MetadataValue] = {
        "notice_id": notice.id,
        "invoice_id": notice.invoice_id,
        "stage": notice.stage.value,
        "cause": notice.cause_key,
        "reason": notice.reason,
    }
    return Note(action, severity, words, "notice", notice.id, metadata)
