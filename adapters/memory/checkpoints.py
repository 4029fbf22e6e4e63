"""Audit checkpoints in memory."""

from collections.abc import Mapping, Sequence

from domain.model.seals import Checkpoint
from ports.checkpoints import CheckpointsUnavailable


class MemoryCheckpoints:
    """The port `Checkpoints`. While `is_down`, nothing can be read or written."""

    def __init__(self) -> None:
        self.is_down = False
        self._known: dict[str, Checkpoint] = {}

    def all(self) -> Mapping[str, Checkpoint]:
        """Every checkpoint by firm id; see the port."""
        self._require_up()
        return dict(self._known)

    def write(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Remember these; see the port."""
        self._require_up()
        for one in checkpoints:
            known = self._known.get(one.firm_id)
            if known is None or known.number < one.number:
                self._known[one.firm_id] = one

    def _require_up(self) -> None:
        if self.is_down:
            raise CheckpointsUnavailable("The checkpoints in memory were told to be down.")
