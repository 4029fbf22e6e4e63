"""`dunlin up`: one installation on one machine, started, watched and stopped as a whole."""

import http.client
import time
from urllib.parse import urlsplit

from setproctitle import setproctitle

from entrypoints.home_lock import home_lock
from entrypoints.ports_in_use import require_free_port
from entrypoints.process_table import process_stages
from entrypoints.settings import Settings
from entrypoints.supervision.console import Console
from entrypoints.supervision.supervisor import NAME, Supervisor

_ANSWER_SECONDS = 1.0
_PATIENCE_SECONDS = 20.0
_ASK_EVERY_SECONDS = 0.1


def run(settings: Settings) -> int:
    """Start everything and stay until told to stop; the exit status.

    Raises HomeInUseError or PortError, before anything was started, when another program is in the way.
    """
    setproctitle("dunlin up")
    opening = Console()
    with home_lock(
        settings.home.lock_path,
        on_wait=lambda: opening.plain("Waiting until what an instance that was killed left behind has stopped"),
    ) as lock:
        require_free_port(settings.web_host, settings.web_port, setting="DUNLIN_PORT")
        if settings.uses_sandbox:
            require_free_port("127.0.0.1", settings.sandbox_port, setting="DUNLIN_SANDBOX_PORT")
        stages = process_stages(settings)
        console = Console(names=(NAME, *(spec.name for stage in stages for spec in stage)))
        announcement = Announcement(settings, console)
        return Supervisor(stages, console=console, when_up=announcement.is_made, held_files=(lock,)).run()


class Announcement:
    """Tells the addresses once the web process says that everything runs."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings = settings
        self._console = console
        self._started_at = time.monotonic()
        self._asked_at = 0.0
        self._has_complained = False

    def is_made(self) -> bool:
        """Ask `/readyz`, not too often, and tell when it says 200."""
        now = time.monotonic()
        if now - self._asked_at < _ASK_EVERY_SECONDS:
            return False
        self._asked_at = now
        answer = self._ask()
        seconds = time.monotonic() - self._started_at
        if answer == "200":
            for line in _addresses(self._settings, seconds):
                self._console.plain(line)
            return True
        if seconds > _PATIENCE_SECONDS and not self._has_complained:
            self._has_complained = True
            self._console.log(NAME, f"not ready after {seconds:.0f} s: {self._settings.local_url}/readyz says {answer}")
        return False

    def _ask(self) -> str:
        address = urlsplit(self._settings.local_url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_ANSWER_SECONDS)
        try:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            return str(answer.status) if answer.status == 200 else f"{answer.status} {answer.read(500)!r}"
        except (OSError, http.client.HTTPException) as error:
            return str(error)
        finally:
            connection.close()


def _addresses(settings: Settings, seconds: float) -> list[str]:
    rows = [
        ("API", f"{settings.base_url}/api/v1/   described at {settings.base_url}/api/docs"),
        ("webhooks", f"{settings.base_url}/api/webhooks/stripe/"),
        *([("sandbox", f"{settings.sandbox_url}   stands in for Stripe")] if settings.uses_sandbox else []),
        ("data", str(settings.home.folder)),
    ]
    return [
        f"Dunlin is ready after {seconds:.1f} s. Ctrl-C stops it.",
        *(f"  {name:<9} {where}" for name, where in rows),
    ]
