"""Audit checkpoints in a file of DUNLIN_HOME, and a line in the log for each."""

import fcntl
import json
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from domain.model.seals import Checkpoint
from ports.checkpoints import CheckpointsUnavailable

_log = logging.getLogger("dunlin.checkpoints")


class CheckpointFile:
    """The port `Checkpoints`: a JSON object by firm id, replaced as a whole, closed to other users.

    Processes that write at the same time take turns under a lock beside the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> Mapping[str, Checkpoint]:
        """Every checkpoint by firm id; see the port."""
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            return {firm_id: _checkpoint_of(firm_id, values) for firm_id, values in stored.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointsUnavailable(
                f"{self._path} cannot be read ({type(error).__name__}): put back a copy of it from a backup."
            ) from error

    def write(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Remember these; see the port."""
        if not checkpoints:
            return
        try:
            with self._turn():
                known = dict(self.all())
                newer = [
                    one for one in checkpoints if one.firm_id not in known or known[one.firm_id].number < one.number
                ]
                self._replace(known | {one.firm_id: one for one in newer})
        except OSError as error:
            raise CheckpointsUnavailable(f"{self._path} cannot be written: {error.strerror}.") from error
        for one in newer:
            _log.info("Audit checkpoint of %s: seal %d, %s", one.firm_id, one.number, one.hash)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _replace(self, checkpoints: Mapping[str, Checkpoint]) -> None:
        """Whoever reads sees the old file or the new one, also after a loss of power."""
        text = json.dumps({firm_id: _values(one) for firm_id, one in sorted(checkpoints.items())}, indent=1)
        handle, unfinished = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)  # 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(f"{text}\n")
                file.flush()
                os.fsync(file.fileno())
            Path(unfinished).replace(self._path)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise
        _keep_name(self._path.parent)


def _keep_name(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _values(checkpoint: Checkpoint) -> dict[str, Any]:
    sealed_at = checkpoint.sealed_at.astimezone(UTC).isoformat()
    return {"number": checkpoint.number, "hash": checkpoint.hash, "sealed_at": sealed_at}


def _checkpoint_of(firm_id: str, values: Mapping[str, Any]) -> Checkpoint:
    sealed_at = datetime.fromisoformat(values["sealed_at"])
    return Checkpoint(firm_id, int(values["number"]), str(values["hash"]), sealed_at)
