"""The port `DisputeGateway` over the bank in memory."""

from adapters.memory.bank_answers import dispute_told, refused, without_answer
from adapters.memory.bank_reversals import BankReversals
from adapters.memory.bank_values import BankDispute, BankRefusal, BankTrouble
from domain.model.answers import DisputeAnswer, DisputeShown, NotReached
from domain.model.dispute_statuses import OPEN_STATUSES, STRIPE_STATUSES
from ports.clock import Clock


class MemoryDisputeGateway:
    """Answers disputes at a bank in memory; see the port."""

    def __init__(self, reversals: BankReversals, clock: Clock) -> None:
        self._reversals = reversals
        self._clock = clock

    def accept(self, account: str | None, stripe_dispute_id: str) -> DisputeAnswer:
        """Concede the dispute; see the port. Its key lives for this call alone: a repeat is carried out again."""
        bank = self._reversals.bank
        request = {"close": stripe_dispute_id}
        try:
            closed = bank.write_once(
                account, bank.new_id("key"), request, lambda: self._reversals.close(account, stripe_dispute_id)
            )
        except BankTrouble as trouble:
            return without_answer(trouble)
        except BankRefusal as refusal:
            shown = self.show(account, stripe_dispute_id)
            is_open = isinstance(shown, DisputeShown) and (
                STRIPE_STATUSES[shown.telling.stripe_status].status in OPEN_STATUSES
            )
            return refused(refusal) if is_open else shown
        return self._shown(closed)

    def show(self, account: str | None, stripe_dispute_id: str) -> DisputeAnswer:
        """The dispute as it is now; see the port."""
        try:
            self._reversals.bank.check_readable()
            return self._shown(self._reversals.dispute(account, stripe_dispute_id))
        except BankTrouble as trouble:
            return NotReached(trouble.reason)
        except BankRefusal as refusal:
            return refused(refusal)

    def _shown(self, dispute: BankDispute) -> DisputeShown:
        return DisputeShown(dispute_told(dispute, self._clock.now()))
