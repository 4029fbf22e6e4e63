"""What a supervisor has to know about one process."""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

SUPERVISED_VARIABLE = "DUNLIN_SUPERVISED"
"""Set in the environment of each supervised process: time and name are put before each of its lines."""


def _nothing() -> None:
    """Most processes need nothing before their start."""


def _anything(_line: bytes) -> bool:
    """Most lines are worth printing."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """One row of the process table: a command (`argv`), or a `program` of ours that runs in a fork of the supervisor.

    `prepare` runs before each start, in the supervisor. `is_ready` is asked until it is true before the next stage
    begins, at most `ready_within_seconds`. A process that runs `once` must end with exit status 0 before the next stage
    begins, and is not restarted. `run_as` are further arguments for `subprocess.Popen` (user, group), for commands
    alone. With `leftovers_may_finish`, what a killed process leaves behind in its session works on beside the new one;
    without, the new one waits until it is gone.
    """

    name: str
    argv: tuple[str, ...] = ()
    program: Callable[[], int] | None = None
    """Gives its exit status. It finds the modules loaded that the supervisor has loaded."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to the supervisor's own environment."""
    stop_signal: signal.Signals = signal.SIGTERM
    prepare: Callable[[], None] = _nothing
    is_ready: Callable[[], bool] | None = None
    ready_within_seconds: float = 30.0
    once: bool = False
    plain_output: bool = False
    """Print its lines as they are, without time and name."""
    is_worth_printing: Callable[[bytes], bool] = _anything
    run_as: Mapping[str, object] = field(default_factory=dict)
    leftovers_may_finish: bool = False
