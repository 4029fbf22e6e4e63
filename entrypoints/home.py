"""The folder DUNLIN_HOME: where the embedded servers, uploads and generated files live, and where their sockets are."""

import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

DATABASE_NAME = "dunlin"

_SOCKET_PATH_LIMIT_BYTES = 100
_SHORT_FOLDERS = Path("/tmp")  # noqa: S108 - not TMPDIR, which differs between terminals; the owner checks the folder
_POSTGRES_SOCKET_NAME = ".s.PGSQL.5432"


@dataclass(frozen=True, slots=True)
class Home:
    """Where each thing is. Every process of one installation computes the same places from the same folder."""

    folder: Path

    @property
    def postgres_data_dir(self) -> Path:
        return self.folder / "postgres"

    @property
    def postgres_socket_dir(self) -> Path:
        """The data folder, or a short one when the socket's path would be longer than the system allows."""
        if _fits(self.postgres_data_dir / _POSTGRES_SOCKET_NAME):
            return self.postgres_data_dir
        return self._short_folder("postgres")

    @property
    def postgres_url(self) -> str:
        """The embedded server's database of Dunlin."""
        return f"postgresql://postgres@/{DATABASE_NAME}?host={quote(str(self.postgres_socket_dir), safe='/')}"

    @property
    def redis_data_dir(self) -> Path:
        return self.folder / "redis"

    @property
    def redis_socket_path(self) -> Path:
        """`redis.sock` in the folder, or in a short one when that path would be longer than the system allows."""
        wanted = self.folder / "redis.sock"
        return wanted if _fits(wanted) else self._short_folder("redis") / "redis.sock"

    @property
    def redis_url(self) -> str:
        """The embedded server's first database."""
        return f"unix://{quote(str(self.redis_socket_path), safe='/')}?db=0"

    @property
    def sandbox_state_path(self) -> Path:
        return self.folder / "sandbox" / "state.json"

    @property
    def audit_checkpoints_path(self) -> Path:
        """The newest audit seals, for whoever doubts the database."""
        return self.folder / "audit-checkpoints.json"

    @property
    def mail_dir(self) -> Path:
        return self.folder / "mail"

    @property
    def lock_path(self) -> Path:
        """Held by the one `dunlin up` of this folder."""
        return self.folder / "up.lock"

    def kept_secret(self, name: str, *, prefix: str = "") -> str:
        """A random secret that is made at the first call and stays the same; its file is closed to other users."""
        path = self.folder / "secrets" / name
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_once(path, prefix + secrets.token_hex(32))
        return path.read_text().strip()

    def _short_folder(self, use: str) -> Path:
        """The same for each process of this user and folder; the owner of a server checks that nobody else made it."""
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return _SHORT_FOLDERS / f"dunlin-{os.geteuid()}-{digest}-{use}"


def _fits(socket_path: Path) -> bool:
    return len(os.fsencode(socket_path)) <= _SOCKET_PATH_LIMIT_BYTES


def _write_once(path: Path, text: str) -> None:
    """Of several processes that write at the same moment one wins, and none sees half a file."""
    handle, unfinished = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(unfinished, path)
    except FileExistsError:
        return
    finally:
        Path(unfinished).unlink()
