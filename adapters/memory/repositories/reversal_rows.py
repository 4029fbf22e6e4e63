"""What is written with an invoice about its refunds and disputes, in memory."""

from dataclasses import replace

from adapters.memory.scope import Scope
from adapters.memory.store import DisputeRecord, Link
from adapters.memory.tables import View
from domain.model.disputes import Dispute
from domain.model.errors import Conflict
from domain.model.exposure import Reversals
from ports.repositories import Change


class ReversalRows:
    """To which invoice each refund and each dispute belongs. The facts of the invoice itself hold the rest."""

    def __init__(
        self, scope: Scope, *, disputes: View[str, DisputeRecord], refund_owners: View[tuple[str, str], Link]
    ) -> None:
        self._scope = scope
        self._disputes = disputes
        self._refund_owners = refund_owners

    def write(self, change: Change, stored: Reversals) -> None:
        """Write what differs from `stored`. Raises `Conflict` for what belongs to another invoice."""
        after = change.after.reversals
        told = [refund.stripe_refund_id for refund in after.refunds if refund not in stored.refunds]
        told += [total.stripe_charge_id for total in after.totals if total not in stored.totals]
        told += [request.id for request in after.requests if request not in stored.requests]
        for key in told:
            self._claim(key, change)
        for dispute in after.disputes:
            if dispute not in stored.disputes:
                self._put_dispute(dispute, change)

    def _claim(self, key: str, change: Change) -> None:
        invoice = change.after.invoice
        own = Link(invoice.firm_id, key, invoice.id)
        if (self._refund_owners.lock((invoice.firm_id, key)) or own) != own:
            raise self._scope.failed(_taken(key))
        self._refund_owners.put((invoice.firm_id, key), own)

    def _put_dispute(self, dispute: Dispute, change: Change) -> None:
        invoice = change.after.invoice
        known = self._disputes.lock(dispute.id)
        if known is not None and known.invoice_id not in (None, invoice.id):
            raise self._scope.failed(_taken(dispute.id))
        record = DisputeRecord(invoice.firm_id, dispute, invoice.id, invoice.client_id, change.now)
        self._disputes.put(dispute.id, record)


def reversals_in_order(reversals: Reversals) -> Reversals:
    """The same, each part in the order in which it is read."""
    return replace(
        reversals,
        refunds=tuple(sorted(reversals.refunds, key=lambda refund: refund.stripe_refund_id)),
        totals=tuple(sorted(reversals.totals, key=lambda total: total.stripe_charge_id)),
        requests=tuple(sorted(reversals.requests, key=lambda request: (request.requested_at, request.id))),
        disputes=tuple(sorted(reversals.disputes, key=lambda dispute: dispute.id)),
    )


def _taken(key: str) -> Conflict:
    return Conflict(f"{key} belongs to another invoice already.")
