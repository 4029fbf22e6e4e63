"""`dunlin notices preview` without a firm needs no database."""

from pathlib import Path

import pytest

from domain.model.notices import NoticeStage
from entrypoints.cli import main


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DUNLIN_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("stage", [stage.value for stage in NoticeStage])
def test_a_preview_is_a_mail_on_standard_output(stage: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["notices", "preview", stage, "--language", "de-AT"])

    shown = capsys.readouterr()
    assert (status, shown.err) == (0, "")
    assert shown.out.startswith("Subject: ")
    assert "Guten Tag Example Customer," in shown.out


def test_the_html_part_is_shown_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["notices", "preview", "payment_failed", "--category", "card_expired", "--format", "html"])

    shown = capsys.readouterr().out
    assert status == 0
    assert shown.startswith("<!doctype html>")
    assert "The card that we have on file has expired." in shown


@pytest.mark.parametrize("arguments", [["birthday"], ["receipt", "--category", "bad_mood"], []])
def test_what_there_is_not_is_wrong_use(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["notices", "preview", *arguments])

    assert status == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_firms_branding_needs_the_database(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["notices", "preview", "receipt", "--firm", "frm_1"])

    shown = capsys.readouterr()
    assert (status, shown.out) == (1, "")
    assert shown.err.startswith("Error: ")
