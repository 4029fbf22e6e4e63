"""The port `Mailer` where there is no SMTP server: each mail is a file that any mail program opens."""

import hashlib
import os
import re
import tempfile
from datetime import UTC
from pathlib import Path

from adapters.smtp.message import compose
from adapters.smtp.server import Sender
from ports.clock import Clock
from ports.mailer import Mail, MailNotSent, refuse_unsendable

STAGE_HEADER = "X-Dunlin-Stage"
"""The extra header that says what a mail is about; it gives the file a part of its name."""
_NO_STAGE = "mail"


class FolderMailer:
    """Writes `<UTC time>-<stage>-<digest of the Message-ID>.eml`; a mail that is sent again replaces its own file."""

    def __init__(self, folder: Path, sender: Sender, clock: Clock) -> None:
        self._folder = folder
        self._sender = sender
        self._clock = clock

    def send(self, mail: Mail) -> None:
        """Write the mail down; see the port."""
        refuse_unsendable(mail)
        content = compose(mail, self._sender, self._clock.now()).content
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(self._path(mail), content)
        except OSError as error:
            raise MailNotSent(f"The mail folder cannot be written ({error.strerror}).") from error

    def _path(self, mail: Mail) -> Path:
        digest = hashlib.sha256(mail.message_id.strip("<>").encode()).hexdigest()[:12]
        for earlier in self._folder.glob(f"*-{digest}.eml"):
            return earlier
        at = self._clock.now().astimezone(UTC)
        return self._folder / f"{at:%Y-%m-%dT%H-%M-%S}-{_stage(mail)}-{digest}.eml"


def _stage(mail: Mail) -> str:
    stage = dict(mail.headers).get(STAGE_HEADER, _NO_STAGE)
    return re.sub(r"[^a-z0-9_]", "_", stage.lower())[:60] or _NO_STAGE


def _replace(path: Path, content: bytes) -> None:
    """Whoever reads sees the old file, the new one or none, never half a mail."""
    handle, unfinished = tempfile.mkstemp(dir=path.parent, suffix=".unfinished")  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).replace(path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
