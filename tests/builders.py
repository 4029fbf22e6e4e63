"""Domain values for tests: each builder takes by keyword what matters to the test and fills in the rest."""

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.model.attempts import AttemptStatus, FrozenCharge, OwnAttempt, Settlement, Trigger
from domain.model.audit import DUNLIN, AuditEvent, MetadataValue, Severity
from domain.model.declines import DeclineCodes, FailureCode
from domain.model.derivation import derive
from domain.model.firms import Address, ApiKey, Client, Firm, Scope
from domain.model.inbox import InboxEntry, InboxStatus, StripeEvent
from domain.model.invoices import Invoice, InvoiceFacts
from domain.model.ledger import EntryKind, LedgerEntry
from domain.model.notice_policy import NoticePolicy, StageRule
from domain.model.notices import NoticeStage
from domain.model.outbox import OutboxItem, OutboxKind, OutboxStatus
from domain.model.payment_facts import FactKind, PaymentFact, Source, merge
from domain.model.policies import Policy, Terms
from domain.model.seals import AuditRow
from ports.repositories import Change

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""The present of most tests, a Monday morning."""

FIRM_ID = "frm_north"
OTHER_FIRM_ID = "frm_south"
CLIENT_ID = "cli_acme"
INVOICE_ID = "inv_0001"

_numbers = itertools.count(1)

WITHOUT_NOTICES = Policy(notices=NoticePolicy({stage: StageRule(is_enabled=False) for stage in NoticeStage}))
"""The standard policy of a firm that writes no mails, for tests about money."""


def days(count: float) -> timedelta:
    """So many days."""
    return timedelta(days=count)


def a_firm(
    *,
    id: str = FIRM_ID,  # noqa: A002 - named as the field is
    name: str = "North Ltd",
    created_at: datetime = NOW,
    stripe_account: str | None = None,
    policy: Policy | None = None,
) -> Firm:
    return Firm(id, name, created_at, stripe_account, policy or Policy())


def a_client(
    *,
    id: str = CLIENT_ID,  # noqa: A002 - named as the field is
    firm_id: str = FIRM_ID,
    company_name: str = "Acme GmbH",
    created_at: datetime = NOW,
    updated_at: datetime | None = None,
    email: str | None = "billing@acme.example",
    phone: str | None = None,
    locale: str | None = None,
    timezone: str | None = None,
    address: Address | None = None,
    stripe_customer_id: str | None = None,
    email_bad_at: datetime | None = None,
    email_bad_reason: str | None = None,
    erased_at: datetime | None = None,
) -> Client:
    return Client(
        id=id,
        firm_id=firm_id,
        company_name=company_name,
        created_at=created_at,
        updated_at=updated_at or created_at,
        email=email,
        phone=phone,
        locale=locale,
        timezone=timezone,
        address=address or Address(),
        stripe_customer_id=stripe_customer_id,
        email_bad_at=email_bad_at,
        email_bad_reason=email_bad_reason,
        erased_at=erased_at,
    )


def an_api_key(
    *,
    id: str = "key_1",  # noqa: A002 - named as the field is
    firm_id: str = FIRM_ID,
    prefix: str = "dk_abcdefgh",
    secret_hash: str = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
    scope: Scope = Scope.WRITE,
    created_at: datetime = NOW,
    last_used_at: datetime | None = None,
    revoked_at: datetime | None = None,
) -> ApiKey:
    return ApiKey(id, firm_id, prefix, secret_hash, scope, created_at, last_used_at, revoked_at)


def an_invoice(
    *,
    id: str = INVOICE_ID,  # noqa: A002 - named as the field is
    firm_id: str = FIRM_ID,
    client_id: str = CLIENT_ID,
    number: str | None = None,
    currency: str = "usd",
    amount_due: int = 5000,
    autopay: bool = True,
    created_at: datetime = NOW,
    sent_at: datetime | None = NOW,
    **rest: Any,
) -> Invoice:
    """A sent invoice over 50.00 USD with autopay; its number is made from its id."""
    return Invoice(
        id=id,
        firm_id=firm_id,
        client_id=client_id,
        number=number or f"2026-{id.removeprefix('inv_')}",
        currency=currency,
        amount_due=amount_due,
        autopay=autopay,
        created_at=created_at,
        sent_at=sent_at,
        **rest,
    )


def an_attempt(
    *,
    id: str = "att_1",  # noqa: A002 - named as the field is
    invoice_id: str = INVOICE_ID,
    trigger: Trigger = Trigger.AUTOPAY,
    status: AttemptStatus = AttemptStatus.IN_FLIGHT,
    amount_minor: int = 5000,
    currency: str = "usd",
    started_at: datetime = NOW,
    slot_key: str | None = None,
    scheduled_for: datetime | None = None,
    finished_at: datetime | None = None,
    stripe_payment_method_id: str | None = "pm_visa",
    card_brand: str | None = "visa",
    frozen: FrozenCharge | None = None,
    settlement: Settlement | None = None,
    failure_code: FailureCode | None = None,
    reason: str | None = None,
) -> OwnAttempt:
    """An attempt of ours that is under way; without `frozen`, no request of it has left."""
    return OwnAttempt(
        id=id,
        invoice_id=invoice_id,
        trigger=trigger,
        status=status,
        amount_minor=amount_minor,
        currency=currency,
        started_at=started_at,
        slot_key=slot_key,
        scheduled_for=scheduled_for,
        finished_at=finished_at,
        stripe_payment_method_id=stripe_payment_method_id,
        card_brand=card_brand,
        frozen=frozen,
        settlement=settlement or Settlement(),
        failure_code=failure_code,
        reason=reason,
    )


def a_frozen_charge(
    *, attempt_id: str = "att_1", stripe_payment_intent_id: str | None = None, amount_minor: int = 5000
) -> FrozenCharge:
    """One create-and-confirm request, or a confirm where the PaymentIntent is given."""
    path = "/v1/payment_intents"
    if stripe_payment_intent_id is not None:
        path = f"{path}/{stripe_payment_intent_id}/confirm"
    request = {"method": "post", "path": path, "params": {"amount": amount_minor, "off_session": True}}
    return FrozenCharge(f"{attempt_id}:charge", (request,), stripe_payment_intent_id)


def a_fact(
    *,
    kind: FactKind = FactKind.FAILED,
    source: Source = Source.CHARGE,
    told_at: datetime = NOW,
    heard_at: datetime | None = None,
    stripe_payment_intent_id: str | None = "pi_1",
    stripe_charge_id: str | None = "ch_1",
    stripe_payment_method_id: str | None = "pm_visa",
    amount_minor: int | None = 5000,
    currency: str | None = "usd",
    **rest: Any,
) -> PaymentFact:
    """One telling; `a_decline` and `a_success` say the usual ones shorter."""
    return PaymentFact(
        kind=kind,
        source=source,
        told_at=told_at,
        heard_at=heard_at or told_at,
        stripe_payment_intent_id=stripe_payment_intent_id,
        stripe_charge_id=stripe_charge_id,
        stripe_payment_method_id=stripe_payment_method_id,
        amount_minor=amount_minor,
        currency=currency,
        **rest,
    )


def a_decline(
    *, stripe_charge_id: str = "ch_1", at: datetime = NOW, decline_code: str = "insufficient_funds", **rest: Any
) -> PaymentFact:
    """A declined charge as `charge.failed` tells it."""
    codes = DeclineCodes(code="card_declined", decline_code=decline_code, brand="visa")
    return a_fact(
        stripe_charge_id=stripe_charge_id,
        told_at=at,
        charge_created_at=at,
        codes=codes,
        **{"event_id": "evt_1", **rest},
    )


def a_success(*, stripe_charge_id: str = "ch_1", at: datetime = NOW, **rest: Any) -> PaymentFact:
    """A succeeded charge as `charge.succeeded` tells it."""
    return a_fact(kind=FactKind.SUCCEEDED, stripe_charge_id=stripe_charge_id, told_at=at, charge_created_at=at, **rest)


def facts_of(
    invoice: Invoice | None = None,
    *,
    attempts: Sequence[OwnAttempt] = (),
    payments: Sequence[PaymentFact] = (),
    version: int = 0,
) -> InvoiceFacts:
    return InvoiceFacts(invoice or an_invoice(), tuple(attempts), merge((), payments), version)


def a_change(
    *,
    before: InvoiceFacts,
    after: InvoiceFacts | None = None,
    now: datetime = NOW,
    terms: Terms | None = None,
    ledger: Sequence[LedgerEntry] = (),
    audit: Sequence[AuditEvent] = (),
    new_outbox: Sequence[OutboxItem] = (),
    changed_outbox: Sequence[OutboxItem] = (),
    stripe_ids: Sequence[str] = (),
) -> Change:
    """A change to `after` (nothing, if not given) with the state that its facts give."""
    after = after or before
    return Change(
        before=before,
        after=after,
        state=derive(after, terms or Terms(Policy())),
        now=now,
        ledger=tuple(ledger),
        audit=tuple(audit),
        new_outbox=tuple(new_outbox),
        changed_outbox=tuple(changed_outbox),
        stripe_ids=frozenset(stripe_ids),
    )


def a_new_invoice(invoice: Invoice | None = None, **rest: Any) -> Change:
    """The change that adds the invoice, its given Stripe ids linked to it."""
    invoice = invoice or an_invoice()
    given = [i for i in (invoice.given_payment_intent_id, invoice.stripe_invoice_id) if i is not None]
    return a_change(before=facts_of(invoice), **{"stripe_ids": given, **rest})


def an_outbox_item(
    *,
    id: str | None = None,  # noqa: A002 - named as the field is
    firm_id: str = FIRM_ID,
    kind: OutboxKind = OutboxKind.RETRY,
    dedupe_key: str | None = None,
    due_at: datetime = NOW,
    status: OutboxStatus = OutboxStatus.DUE,
    invoice_id: str | None = INVOICE_ID,
    attempt_id: str | None = None,
    dispute_id: str | None = None,
    refund_id: str | None = None,
    payload: Mapping[str, str] | None = None,
    tries: int = 0,
    last_error: str | None = None,
    lease_until: datetime | None = None,
) -> OutboxItem:
    """A due row with an id of its own; its dedupe key is made from its id."""
    item_id = id or f"out_{next(_numbers):04d}"
    return OutboxItem(
        id=item_id,
        firm_id=firm_id,
        kind=kind,
        dedupe_key=dedupe_key or f"{kind}:{item_id}",
        due_at=due_at,
        status=status,
        invoice_id=invoice_id,
        attempt_id=attempt_id,
        dispute_id=dispute_id,
        refund_id=refund_id,
        payload=payload or {},
        tries=tries,
        last_error=last_error,
        lease_until=lease_until,
    )


def an_event(
    *,
    id: str = "evt_1",  # noqa: A002 - named as the field is
    type: str = "payment_intent.payment_failed",  # noqa: A002 - named as the field is
    account: str = "",
    created_at: datetime = NOW,
    livemode: bool = False,
    api_version: str | None = "2025-09-30.clover",
    body: Mapping[str, Any] | None = None,
) -> StripeEvent:
    body = body or {"id": id, "type": type, "data": {"object": {"id": "pi_1", "amount": 5000}}}
    return StripeEvent(id, type, account, created_at, livemode, api_version, body)


def an_inbox_entry(
    *,
    event: StripeEvent | None = None,
    status: InboxStatus = InboxStatus.PROCESSED,
    received_at: datetime = NOW,
    firm_id: str | None = None,
    invoice_id: str | None = None,
    error: str | None = None,
    processed_at: datetime | None = None,
    tries: int = 0,
    stripe_ids: Sequence[str] = (),
) -> InboxEntry:
    return InboxEntry(
        event=event or an_event(),
        status=status,
        received_at=received_at,
        firm_id=firm_id,
        invoice_id=invoice_id,
        error=error,
        processed_at=processed_at,
        tries=tries,
        stripe_ids=tuple(stripe_ids),
    )


def an_audit_event(
    *,
    id: str | None = None,  # noqa: A002 - named as the field is
    firm_id: str = FIRM_ID,
    action: str = "payment_failed",
    severity: Severity = Severity.WARNING,
    subject_type: str = "invoice",
    subject_id: str = INVOICE_ID,
    actor: str = str(DUNLIN),
    created_at: datetime = NOW,
    summary: str = "The payment failed.",
    metadata: Mapping[str, MetadataValue] | None = None,
    invoice_id: str | None = INVOICE_ID,
) -> AuditEvent:
    return AuditEvent(
        id=id or f"aud_{next(_numbers):04d}",
        firm_id=firm_id,
        action=action,
        severity=severity,
        subject_type=subject_type,
        subject_id=subject_id,
        actor=actor,
        created_at=created_at,
        summary=summary,
        metadata=metadata or {"amount_minor": 5000, "currency": "usd"},
        invoice_id=invoice_id,
    )


def an_audit_row(
    *,
    firm_id: str = FIRM_ID,
    position: int = 1,
    transaction: int = 1,
    id: str | None = None,  # noqa: A002 - named as the field is
    summary: str = "The payment failed.",
    metadata: str = '{"amount_minor":5000,"currency":"usd"}',
    created_at: datetime | None = NOW,
) -> AuditRow:
    """A row of the audit log as it is stored."""
    return AuditRow(
        firm_id=firm_id,
        position=position,
        transaction=transaction,
        id=id or f"aud_{position:04d}",
        action="payment_failed",
        severity="WARNING",
        subject_type="invoice",
        subject_id=INVOICE_ID,
        invoice_id=INVOICE_ID,
        actor=str(DUNLIN),
        summary=summary,
        metadata=metadata,
        created_at=created_at,
    )


def a_ledger_entry(
    *,
    kind: EntryKind = EntryKind.PAYMENT,
    stripe_id: str = "ch_1",
    amount_minor: int = 5000,
    currency: str = "usd",
    occurred_at: datetime = NOW,
    subject_id: str | None = None,
) -> LedgerEntry:
    """A payment of 50.00 USD; without `subject_id` it belongs to what booked it."""
    return LedgerEntry(kind, stripe_id, amount_minor, currency, occurred_at, subject_id or stripe_id)
