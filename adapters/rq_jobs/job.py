"""The one kind of job there is: "run this outbox row". JSON alone, one function, one argument."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Self, cast

from redis import Redis
from redis.client import Pipeline
from rq.exceptions import DeserializationError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.utils import as_text

from adapters.rq_jobs.moves import let_go

RUN_OUTBOX: Final = "entrypoints.jobs.run_outbox"

JOB_TIMEOUT_SECONDS: Final = 60  # above the gateway's whole time budget, which is below 30 s
FAILURE_TTL_SECONDS: Final = 86_400
RESULT_TTL_SECONDS: Final = 0  # what came of a job stands in the database

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_PAYLOAD_LIMIT_BYTES = 4096
_TRUSTED_TEXTS = ("data", "origin", "description", "meta", "status", "worker_name")
_TRUSTED_TIMES = ("created_at", "enqueued_at", "started_at", "ended_at", "last_heartbeat")
_TRUSTED_FIELDS = frozenset((*_TRUSTED_TEXTS, *_TRUSTED_TIMES))


def check_outbox_id(outbox_id: str) -> None:
    """Raises `ValueError` for an id that RQ or its keys could not carry (a colon, a space, too long)."""
    if not _ID.fullmatch(outbox_id):
        raise ValueError(f"{outbox_id[:40]!r} cannot be the id of a job: 1 to 128 letters, digits, '_' and '-' can")


class UnreadableJobError(Exception):
    """What stands under the id is no job of ours."""


class JobRefusedError(Exception):
    """A job asks for something that no worker of ours runs."""


class JsonJob(Job):
    """A job that is JSON whatever a caller asks for, and of which Redis decides nothing but its id, queue and times.

    Who can write to Redis must not be able to run code: callbacks, webhooks, RQ's own retries, time-outs and
    dependencies that stand in the hash are ignored, and pickle is never loaded.
    """

    allowed_function: ClassVar[str] = RUN_OUTBOX

    def __init__(
        self,
        id: str | None = None,  # noqa: A002 - the name is RQ's
        connection: Redis | None = None,
        serializer: object = None,  # noqa: ARG002 - whatever is asked for, JSON it is
    ) -> None:
        super().__init__(id, connection, serializer=JSONSerializer)

    @classmethod
    def for_outbox_row(cls, outbox_id: str, queue: str, connection: Redis, meta: dict[str, Any] | None = None) -> Self:
        """A job, not saved yet, that runs the row `outbox_id`. Raises `ValueError` for an id that cannot be one."""
        check_outbox_id(outbox_id)
        created = cls.create(
            cls.allowed_function,
            args=[outbox_id],
            id=outbox_id,
            origin=queue,
            connection=connection,
            timeout=JOB_TIMEOUT_SECONDS,
            result_ttl=RESULT_TTL_SECONDS,
            failure_ttl=FAILURE_TTL_SECONDS,
            description=f"{queue} {outbox_id}",
            status=JobStatus.SCHEDULED,
            meta=meta,
        )
        return cast("Self", created)

    def restore(self, raw_data: Mapping[bytes | str, bytes]) -> None:
        """Take over what stands in Redis, our own fields alone. Raises `UnreadableJobError`."""
        trusted = {name: value for name, value in raw_data.items() if as_text(name) in _TRUSTED_FIELDS}
        if any(len(value) > _PAYLOAD_LIMIT_BYTES for value in trusted.values()):
            raise UnreadableJobError(f"a field is longer than {_PAYLOAD_LIMIT_BYTES} bytes")
        super().restore(trusted)
        self.timeout = JOB_TIMEOUT_SECONDS
        self.result_ttl = RESULT_TTL_SECONDS
        self.failure_ttl = FAILURE_TTL_SECONDS

    def refusal(self) -> str | None:
        """Why no worker may run this job, or None if one may."""
        try:
            function, instance, arguments, keywords = self.func_name, self.instance, self.args, self.kwargs
        except DeserializationError:
            return "its payload is not JSON of ours"
        if function != self.allowed_function:
            return f"it names {str(function)[:80]!r}, and only {self.allowed_function!r} may run"
        if instance is not None or keywords or list(arguments) != [self.id]:
            return "its argument is not its own id alone"
        return None

    @property
    def func(self) -> Any:
        """The function to call. Raises `JobRefusedError` instead of importing any other than the allowed one."""
        refusal = self.refusal()
        if refusal is not None:
            raise JobRefusedError(f"job {self.id} is refused: {refusal}")
        return super().func

    def cleanup(
        self,
        ttl: int | None = None,
        pipeline: Pipeline | None = None,
        remove_from_queue: bool = True,  # noqa: ARG002 - a rung bell must stay where it stands
    ) -> None:
        """Drop the hash after `ttl` seconds (0: now), unless its bell has been rung again while the job ran."""
        if ttl is not None and ttl >= 0:
            let_go(pipeline if pipeline is not None else self.connection, self.id, self.origin, ttl)


def json_job_class(function_name: str) -> type[JsonJob]:
    """The job class whose only permitted function is `function_name`, a dotted path."""
    return type("JsonJob", (JsonJob,), {"allowed_function": function_name})
