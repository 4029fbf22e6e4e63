"""`ports.checkpoints.Checkpoints`, and what only the file does."""

import json
import logging
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.files.checkpoints import CheckpointFile
from adapters.memory.checkpoints import MemoryCheckpoints
from domain.model.seals import Checkpoint
from ports.checkpoints import Checkpoints, CheckpointsUnavailable
from tests.builders import FIRM_ID, NOW, OTHER_FIRM_ID, days
from tests.storage import all_at_once

NORTH = Checkpoint(FIRM_ID, 3, "aa" * 32, NOW)
SOUTH = Checkpoint(OTHER_FIRM_ID, 1, "bb" * 32, NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "audit-checkpoints.json"


@pytest.fixture(params=["memory", "file"])
def checkpoints(request: pytest.FixtureRequest, path: Path) -> Checkpoints:
    return MemoryCheckpoints() if request.param == "memory" else CheckpointFile(path)


def test_nothing_is_known_at_first(checkpoints: Checkpoints) -> None:
    assert checkpoints.all() == {}


def test_what_was_written_is_remembered(checkpoints: Checkpoints) -> None:
    checkpoints.write([NORTH, SOUTH])

    assert checkpoints.all() == {FIRM_ID: NORTH, OTHER_FIRM_ID: SOUTH}


def test_a_newer_seal_takes_the_place_of_the_older_and_others_stay(checkpoints: Checkpoints) -> None:
    newer = replace(NORTH, number=4, hash="cc" * 32, sealed_at=NOW + days(1))
    checkpoints.write([NORTH, SOUTH])

    checkpoints.write([newer])

    assert checkpoints.all() == {FIRM_ID: newer, OTHER_FIRM_ID: SOUTH}


@pytest.mark.parametrize("number", [2, 3])
def test_no_checkpoint_goes_back_or_changes(checkpoints: Checkpoints, number: int) -> None:
    checkpoints.write([NORTH])

    checkpoints.write([replace(NORTH, number=number, hash="dd" * 32)])

    assert checkpoints.all() == {FIRM_ID: NORTH}


def test_writing_nothing_is_fine(checkpoints: Checkpoints) -> None:
    checkpoints.write([])

    assert checkpoints.all() == {}


def test_another_process_reads_what_one_wrote_and_nobody_else_can(path: Path) -> None:
    CheckpointFile(path).write([NORTH])

    assert CheckpointFile(path).all() == {FIRM_ID: NORTH}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(file.name for file in path.parent.iterdir()) == ["audit-checkpoints.json", "audit-checkpoints.lock"]


def test_processes_that_write_at_once_lose_nothing(path: Path) -> None:
    each = [Checkpoint(f"frm_{number}", 1, "ee" * 32, NOW) for number in range(8)]

    all_at_once([lambda one=one: CheckpointFile(path).write([one]) for one in each])

    assert CheckpointFile(path).all() == {one.firm_id: one for one in each}


def test_each_checkpoint_is_a_line_in_the_log(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="dunlin.checkpoints"):
        CheckpointFile(path).write([NORTH])

    assert caplog.messages == [f"Audit checkpoint of {FIRM_ID}: seal 3, {'aa' * 32}"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"frm_north": 1}', json.dumps({"frm_north": {"number": 1}})])
def test_a_file_that_cannot_be_understood_is_not_taken_for_an_empty_one(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)

    with pytest.raises(CheckpointsUnavailable, match="cannot be read"):
        CheckpointFile(path).all()
    with pytest.raises(CheckpointsUnavailable, match="cannot be read"):
        CheckpointFile(path).write([NORTH])
    assert path.read_text() == text


def test_a_folder_that_cannot_be_written_says_so(path: Path) -> None:
    path.parent.write_text("a file")

    with pytest.raises(CheckpointsUnavailable, match="cannot be written"):
        CheckpointFile(path).write([NORTH])
