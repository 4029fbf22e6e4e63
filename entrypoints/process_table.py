"""The processes of one installation, in the order of their start."""

import sys
from dataclasses import replace
from functools import partial
from importlib import import_module

from adapters.postgres import embedded as postgres_server
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.server_user import popen_options
from adapters.rq_jobs import embedded_redis as redis_server
from adapters.rq_jobs.embedded_redis import EmbeddedRedis
from entrypoints.cli import main
from entrypoints.queues import QUEUES
from entrypoints.settings import Settings
from entrypoints.supervision.process_spec import ProcessSpec


def process_stages(settings: Settings) -> list[list[ProcessSpec]]:
    """Stages: the servers, the schema and the first firm, the sandbox, then all that needs them."""
    servers = [
        *([_postgres(settings)] if settings.is_database_embedded else []),
        *([_redis(settings)] if settings.is_redis_embedded else []),
    ]
    sandbox = [_dunlin("sandbox", "sandbox")] if settings.uses_sandbox else []
    workers_of = {queue: settings.retry_workers if queue == "retries" else 1 for queue in QUEUES}
    services = [
        _dunlin("web", "web"),
        *(
            _worker(queue, _worker_name(queue, number, count))
            for queue, count in workers_of.items()
            for number in range(1, count + 1)
        ),
        _dunlin("scheduler", "scheduler"),
        _dunlin("sweep", "sweep"),
    ]
    prepare = [replace(_dunlin("prepare", "prepare"), once=True, plain_output=True)]
    return [stage for stage in (servers, prepare, sandbox, services) if stage]


def _postgres(settings: Settings) -> ProcessSpec:
    server = EmbeddedPostgres(settings.home.postgres_data_dir, socket_dir=settings.home.postgres_socket_dir)
    return ProcessSpec(
        name="postgres",
        argv=tuple(server.command()),
        stop_signal=postgres_server.STOP_SIGNAL,
        prepare=server.prepare,
        is_ready=server.is_ready,
        run_as=dict(popen_options(server.server_user)),
    )


def _redis(settings: Settings) -> ProcessSpec:
    server = EmbeddedRedis(settings.home.redis_data_dir, settings.home.redis_socket_path)
    return ProcessSpec(
        name="redis",
        argv=tuple(server.command()),
        stop_signal=redis_server.STOP_SIGNAL,
        prepare=server.prepare,
        is_ready=server.is_ready,
        is_worth_printing=lambda line: redis_server.CHATTER.search(line) is None,
    )


def _dunlin(name: str, *arguments: str) -> ProcessSpec:
    """One of our own commands."""
    env = {"FORCE_COLOR": "1"} if sys.stdout.isatty() else {}
    return ProcessSpec(name=name, program=partial(main, arguments), prepare=load_modules, env=env)


def load_modules() -> None:
    """Load once what the commands import, so that each begins at once. Starts no thread and connects to nothing."""
    for name in ("bootstrap", "cli.processes", "logs", "preparation", "scheduler", "sweep", "web_server", "worker"):
        import_module(f"entrypoints.{name}")
    import_module("adapters.stripe_sandbox")


def _worker(queue: str, name: str) -> ProcessSpec:
    """The job that a killed worker was at runs on: a charge is better finished than left unknown."""
    return replace(_dunlin(name, "worker", "--queue", queue), leftovers_may_finish=True)


def _worker_name(queue: str, number: int, count: int) -> str:
    return f"{queue} {number}" if count > 1 else queue
