"""gunicorn, set up by our settings and run inside `dunlin web`."""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from gunicorn import util
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.http import wsgi
from setproctitle import setproctitle

from entrypoints.settings import Settings

NAME = "dunlin"
TITLE = f"{NAME} web"

_REQUEST_SECONDS = 60
_STOP_SECONDS = 8
_MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - gunicorn makes a file without a name there


class WebServer(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """`wsgi:app` behind gunicorn's threaded workers. Nothing is read from gunicorn's own command line or files."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn's constructor."""
        for name, value in _options(self._settings).items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The WSGI application, imported in each worker."""
        return util.import_app("wsgi:app")


class SharedLog(Logger):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's own messages go where all others of the process go."""

    def setup(self, cfg: Any) -> None:
        """Called by gunicorn with each configuration."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    wsgi.SERVER = NAME  # what the header `Server` says; gunicorn has no setting for it
    import_module("entrypoints.bootstrap")  # once, before the workers are forked; each makes an application of its own
    WebServer(settings).run()


def _options(settings: Settings) -> dict[str, Any]:
    host = f"[{settings.web_host}]" if ":" in settings.web_host else settings.web_host
    return {
        "bind": f"{host}:{settings.web_port}",
        "worker_class": "gthread",
        "workers": settings.web_workers,
        "threads": settings.web_threads,
        "timeout": _REQUEST_SECONDS,
        "graceful_timeout": _STOP_SECONDS,
        "keepalive": 0,  # with it, one worker takes all of few connections and the other cores idle
        "worker_tmp_dir": str(_MEMORY_FOLDER) if os.access(_MEMORY_FOLDER, os.W_OK) else None,
        "control_socket_disable": True,
        "logger_class": SharedLog,
        "loglevel": "warning",
        "pre_fork": lambda _server, _worker: setproctitle(TITLE),  # gunicorn names itself once it is ready
        "post_worker_init": lambda _worker: setproctitle(f"{TITLE}: serving"),
    }
