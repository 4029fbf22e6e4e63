"""The log of all processes on one terminal: time and name before each line, a colour for each name."""

import sys
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from honcho.colour import get_colours
from honcho.printer import Message, Printer

_LONGEST_LINE_BYTES = 64 * 1024


class Console:
    """Prints the lines of many processes. A terminal that went away is no reason to fail."""

    def __init__(self, *, names: tuple[str, ...] = (), output: TextIO | None = None) -> None:
        self._output = output or sys.stdout
        self._printer = Printer(self._output, width=max(map(len, names), default=0))
        self._colours = get_colours()
        self._is_gone = False
        self._colour_of: dict[str, str] = {}

    def log(self, name: str, line: bytes | str) -> None:
        """One line of a process, or about it."""
        if name not in self._colour_of:
            self._colour_of[name] = next(self._colours)
        message = Message("line", line, datetime.now().astimezone(), name, self._colour_of[name])
        self._guarded(lambda: self._printer.write(message))

    def plain(self, line: bytes | str) -> None:
        """A line as it is."""
        text = line.decode(errors="replace") if isinstance(line, bytes) else line
        self._guarded(lambda: print(text, file=self._output, flush=True))

    def _guarded(self, write: Callable[[], None]) -> None:
        if self._is_gone:
            return
        try:
            write()
        except OSError:
            self._is_gone = True


class LineBuffer:
    """Cuts a stream of bytes into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def lines(self, received: bytes) -> list[bytes]:
        """The lines that are complete now. A line of 64 kB without an end is one."""
        *complete, self._rest = (self._rest + received).split(b"\n")
        if len(self._rest) > _LONGEST_LINE_BYTES:
            complete.append(self._rest)
            self._rest = b""
        return complete

    def rest(self) -> bytes:
        """What came after the last line's end."""
        rest, self._rest = self._rest, b""
        return rest
