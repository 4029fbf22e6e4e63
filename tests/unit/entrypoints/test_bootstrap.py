"""The composition root, as far as settings choose what it puts together."""

from pathlib import Path

from adapters.smtp.folder import FolderMailer
from adapters.smtp.mailer import SmtpMailer
from entrypoints.bootstrap import bootstrap
from entrypoints.settings import Settings


def test_without_a_mail_server_mails_go_into_a_folder_that_is_made_by_the_first(tmp_path: Path) -> None:
    settings = Settings.from_env({"DUNLIN_HOME": str(tmp_path)})

    assert isinstance(bootstrap(settings).mailer, FolderMailer)
    assert not settings.home.mail_dir.exists()


def test_with_a_mail_server_mails_go_there(tmp_path: Path) -> None:
    environ = {"DUNLIN_HOME": str(tmp_path), "SMTP_URL": "smtp://127.0.0.1:9", "MAIL_FROM": "billing@north.example"}

    assert isinstance(bootstrap(Settings.from_env(environ)).mailer, SmtpMailer)
