"""The operating system's user that PostgreSQL runs as when we are root, which it refuses to serve."""

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

NAME = "dunlin"

_TRAVERSE = stat.S_IXGRP | stat.S_IXOTH
_READ = stat.S_IRGRP | stat.S_IROTH


class PopenOptions(TypedDict, total=False):
    """What subprocess needs to run a program as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


class EmbeddedPostgresError(Exception):
    """The embedded server cannot run; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ServerUser:
    """A user without a login, made once on each machine."""

    uid: int
    gid: int

    @classmethod
    def ensured(cls) -> "ServerUser":
        """The user, made when it is missing. Only root may call this."""
        try:
            entry = pwd.getpwnam(NAME)
        except KeyError:
            entry = _made()
        return cls(entry.pw_uid, entry.pw_gid)

    def own(self, folder: Path) -> None:
        """Hand over a folder with all that is in it, unless it is handed over already."""
        if folder.stat().st_uid == self.uid:
            return
        for parent, folders, files in os.walk(folder):
            for name in (".", *folders, *files):
                os.chown(Path(parent, name), self.uid, self.gid, follow_symlinks=False)


def popen_options(user: ServerUser | None) -> PopenOptions:
    """Arguments for `subprocess.Popen` that run a program as this user; none for None."""
    return {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}


def make_traversable(folder: Path, user: ServerUser | None) -> None:
    """Let the server's user pass through to a folder: traversal alone, no listing, of those that lack it.

    A clone below `/root` or in a private temporary folder is out of its reach otherwise. Binaries that a strict umask
    closed are opened for reading. Nothing is done when we do not run as root.
    """
    if user is None:
        return
    for step in (folder, *folder.parents):
        mode = step.stat().st_mode
        if not mode & stat.S_IXOTH and step.stat().st_uid != user.uid:
            step.chmod(mode | _TRAVERSE)
    program = folder / "bin" / "postgres"
    if program.exists() and not program.stat().st_mode & stat.S_IXOTH:
        _open_tree(folder)


def _made() -> pwd.struct_passwd:
    # Another start may make the user at the same moment: what counts is that it is there afterwards.
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", NAME]
    try:
        subprocess.run(command, check=False, capture_output=True, timeout=60)
        return pwd.getpwnam(NAME)
    except (KeyError, FileNotFoundError) as error:
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root, and the user {NAME!r} for it could not be made: "
            f"run `{' '.join(command)}`, start Dunlin as another user, or set DATABASE_URL"
        ) from error


def _open_tree(folder: Path) -> None:
    for parent, folders, files in os.walk(folder):
        for name in folders:
            path = Path(parent, name)
            path.chmod(path.stat().st_mode | _READ | _TRAVERSE)
        for name in files:
            path = Path(parent, name)
            mode = path.stat().st_mode
            path.chmod(mode | _READ | (_TRAVERSE if mode & stat.S_IXUSR else 0))
