"""Reading settings one by one, so that every problem is told at once and not only the first."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit


@dataclass(slots=True)
class SettingsReader:
    """An environment and the problems found in it so far. An empty variable counts as missing."""

    environ: Mapping[str, str]
    problems: list[str] = field(default_factory=list)

    def text(self, name: str) -> str | None:
        """The value without surrounding blanks, None when missing or empty."""
        return self.environ.get(name, "").strip() or None

    def list_of(self, name: str) -> tuple[str, ...]:
        """The non-empty parts between commas."""
        return tuple(part.strip() for part in self.environ.get(name, "").split(",") if part.strip())

    def whole_number(self, name: str, default: int, *, least: int, most: int) -> int:
        """An integer within bounds, both included."""
        return int(self._number(name, default, kind=int, bounds=(least, most)))

    def number(self, name: str, default: float, *, least: float, most: float) -> float:
        """A decimal number within bounds, both included."""
        return float(self._number(name, default, kind=float, bounds=(least, most)))

    def address(self, name: str, *, schemes: tuple[str, ...]) -> str | None:
        """An address with one of the schemes. Its value is not repeated in a problem: it may hold a password."""
        value = self.text(name)
        if value is None:
            return None
        wanted = " or ".join(f"{scheme}://…" for scheme in schemes)
        if not _is_address(value, schemes):
            self.problems.append(f"{name} is not an address that Dunlin understands: write {wanted}")
        return value

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """One of a few words."""
        value = self.text(name) or default
        if value not in choices:
            self.problems.append(f"{name} is {value!r}: write {' or '.join(choices)}")
        return value

    def _number(
        self, name: str, default: float, *, kind: type[int] | type[float], bounds: tuple[float, float]
    ) -> float:
        value = self.text(name)
        if value is None:
            return default
        try:
            number = kind(value)
        except ValueError:
            number = math.nan
        if not bounds[0] <= number <= bounds[1]:  # also when it is no number at all
            kind_name = "a whole number" if kind is int else "a number"
            self.problems.append(f"{name} is {value!r}: write {kind_name} from {bounds[0]:g} to {bounds[1]:g}")
            return default
        return number


def _is_address(value: str, schemes: tuple[str, ...]) -> bool:
    parts = split(value)
    if parts is None or parts.scheme not in schemes:
        return False
    return bool(parts.netloc or parts.path.strip("/") or parts.query)


def split(address: str) -> SplitResult | None:
    """The parts of an address; None when it or its port cannot be read."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return parts
