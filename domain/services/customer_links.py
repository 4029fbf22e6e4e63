"""The customer's own link to an invoice: signed, for one purpose, expiring, revocable."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.model.audit import Actor, Note, Severity
from domain.model.errors import NotFound
from domain.model.invoices import InvoiceFacts
from domain.services.bookkeeping import Edit, save
from domain.services.steps import Ports, Step, in_firm
from ports.link_signer import CustomerLink, LinkSigner

PAY = "pay"
"""The purpose of a link that shows an invoice and lets its customer pay."""
LIFETIME = timedelta(days=60)


@dataclass(frozen=True)
class Links:
    """Makes links under the installation's public address (without a slash at its end)."""

    signer: LinkSigner
    base_url: str

    def link_to(self, facts: InvoiceFacts, now: datetime) -> str:
        """The address of the customer's page of this invoice."""
        invoice = facts.invoice
        link = CustomerLink(invoice.firm_id, invoice.id, PAY, invoice.link_serial, now + LIFETIME)
        return f"{self.base_url}/pay/{self.signer.sign(link)}"

    def open(self, token: str) -> CustomerLink:
        """What a token opens, expired or not. Raises `BadLink`."""
        return self.signer.read(token, PAY)


def is_live(link: CustomerLink, facts: InvoiceFacts, now: datetime) -> bool:
    """Whether the link still opens its invoice: not expired, not revoked."""
    return now < link.expires_at and link.serial == facts.invoice.link_serial


def revoke_links(ports: Ports, firm_id: str, invoice_id: str, by: Actor) -> None:
    """All links to this invoice that were ever made open nothing from now on. Raises `NotFound`."""

    def revoke(step: Step) -> None:
        locked, firm = step.tx.invoices.lock(invoice_id), step.tx.firms.get(firm_id)
        if locked is None or firm is None:
            raise NotFound("invoice", invoice_id)
        invoice = locked.facts.invoice
        words = f"All customer links to invoice {invoice.number} were revoked."
        note = Note("links_revoked", Severity.INFO, words, "invoice", invoice.id, {"invoice_id": invoice.id})
        after = replace(locked.facts, invoice=replace(invoice, link_serial=invoice.link_serial + 1))
        save(step, locked, after, firm, Edit(by, (note,)))

    in_firm(ports, firm_id, revoke)
