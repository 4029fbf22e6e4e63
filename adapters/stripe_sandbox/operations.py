"""What an endpoint is: its method and path as Stripe's description names them, and what it does.

A new kind of object is a new file with its own OPERATIONS, added to routes.py.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from adapters.stripe_sandbox.errors import not_played
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

_ALWAYS_PLAYED = frozenset({"expand"})


@dataclass(frozen=True)
class Call:
    """One request at its endpoint: `path` has the ids from the path, `params` the checked parameters."""

    world: World
    path: Json
    params: Json

    def text(self, name: str) -> str | None:
        """A parameter as text; None when it is missing or empty."""
        value = self.params.get(name)
        return str(value) if value not in (None, "") else None


@dataclass(frozen=True)
class Operation:
    """One endpoint. `plays` names the parameters that it acts on; another one that Stripe knows is refused."""

    name: str
    run: Callable[[Call], Json]
    plays: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def method(self) -> str:
        """GET, POST or DELETE."""
        return self.name.split(" ")[0]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the paths of this operation, an id in each group."""
        path = self.name.split(" ")[1]
        return re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "$")

    def check_played(self, params: Json) -> None:
        """Raises ApiError 400 for a parameter that is Stripe's but without effect here."""
        for name in params:
            if name not in self.plays and name not in _ALWAYS_PLAYED:
                raise not_played(name)


def plays(names: str) -> frozenset[str]:
    """The names in a text, separated by blanks."""
    return frozenset(names.split())
