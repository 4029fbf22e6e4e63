"""Newest seals, remembered outside the database."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.model.seals import Checkpoint


class Checkpoints(Protocol):
    """One checkpoint for each firm."""

    def all(self) -> Mapping[str, Checkpoint]:
        """Every checkpoint by firm id; empty when none was ever written. Raises `CheckpointsUnavailable`."""

    def write(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Remember these for good, all or none; others stay. One with a lower number than the known one changes
        nothing. Raises `CheckpointsUnavailable`.
        """


class CheckpointsUnavailable(Exception):
    """They could not be read or written; the text says why and what to do."""
