"""A socket with a deadline over everything that is done with it: a peer that drips gains no time."""

import io
import socket
import time
from typing import Any


class Deadline:
    """The end of the time that something may take."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def remaining_seconds(self) -> float:
        """More than 0. Raises `TimeoutError` when the time is over."""
        remaining = self._ends_at - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        return remaining


class TimedSocket:
    """As much of a socket as `http.client` uses. Reads at most `bytes_max` in all."""

    def __init__(self, connection: socket.socket, deadline: Deadline, bytes_max: int) -> None:
        self._connection = connection
        self._deadline = deadline
        self._bytes_max = bytes_max

    def sendall(self, data: bytes) -> None:
        """Send all of it before the deadline."""
        self._connection.settimeout(self._deadline.remaining_seconds())
        self._connection.sendall(data)

    def makefile(self, _: str) -> io.BufferedReader:
        """A reader that keeps the deadline and the bound."""
        return io.BufferedReader(_TimedReader(self._connection, self._deadline, self._bytes_max))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class _TimedReader(io.RawIOBase):
    def __init__(self, connection: socket.socket, deadline: Deadline, bytes_max: int) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = deadline
        self._bytes_left = bytes_max

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(self._deadline.remaining_seconds())
        count = self._connection.recv_into(buffer)
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise OSError("the answer is too long")
        return count
