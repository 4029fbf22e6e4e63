"""What only the mail folder does; the rest is in tests/contracts/test_mailer.py."""

import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.memory.clock import SettableClock
from adapters.smtp.folder import FolderMailer
from adapters.smtp.server import Sender
from ports.mailer import Mail
from tests.builders import NOW

MAIL = Mail("<ntc_1@dunlin.example>", "anna@acme.example", "Subject", "Text\n", "<p>HTML</p>\n")


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(NOW)


@pytest.fixture
def mailer(tmp_path: Path, clock: SettableClock) -> FolderMailer:
    return FolderMailer(tmp_path / "mail", Sender("Dunlin", "dunlin@localhost"), clock)


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "mail").iterdir())


def test_the_name_of_a_file_tells_when_and_what_about(mailer: FolderMailer, tmp_path: Path) -> None:
    mailer.send(replace(MAIL, headers=(("X-Dunlin-Stage", "payment_failed"),)))

    (name,) = files(tmp_path)
    assert name.startswith("2026-03-02T09-00-00-payment_failed-")
    assert name.endswith(".eml")


@pytest.mark.parametrize("stage", ["../../evil", "a/b", "..", ""])
def test_no_stage_leads_out_of_the_folder(mailer: FolderMailer, tmp_path: Path, stage: str) -> None:
    mailer.send(replace(MAIL, headers=(("X-Dunlin-Stage", stage),)))

    assert len(files(tmp_path)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mail"]


def test_a_mail_that_is_sent_again_replaces_its_file(
    mailer: FolderMailer, tmp_path: Path, clock: SettableClock
) -> None:
    mailer.send(MAIL)
    before = files(tmp_path)
    clock.advance(timedelta(hours=1))

    mailer.send(replace(MAIL, subject="Second time"))
    mailer.send(replace(MAIL, message_id="ntc_1@dunlin.example", subject="Third time"))

    assert files(tmp_path) == before
    assert b"Third time" in (tmp_path / "mail" / before[0]).read_bytes()


def test_mails_are_closed_to_other_users(mailer: FolderMailer, tmp_path: Path) -> None:
    mailer.send(MAIL)

    (path,) = (tmp_path / "mail").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
