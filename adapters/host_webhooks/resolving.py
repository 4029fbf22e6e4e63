"""Names to addresses, within a time limit."""

import socket
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from adapters.host_webhooks.timed_socket import Deadline

Resolver = Callable[[str, int], Sequence[str]]
"""Gives the IP addresses of a host. Raises `OSError`."""


def system_addresses(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says, each address once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


def resolve_in_time(resolve: Resolver, host: str, port: int, deadline: Deadline) -> Sequence[str]:
    """The system's resolver knows no time limit; a thread that outlives ours has nothing but a name to look up.

    Raises `OSError`.
    """
    results: SimpleQueue[Sequence[str] | OSError] = SimpleQueue()

    def look_up() -> None:
        try:
            results.put(resolve(host, port))
        except (OSError, UnicodeError) as error:  # a name that no resolver takes is a UnicodeError
            results.put(error if isinstance(error, OSError) else OSError("not a name"))

    threading.Thread(target=look_up, daemon=True).start()
    try:
        found = results.get(timeout=deadline.remaining_seconds())
    except Empty:
        raise TimeoutError from None
    if isinstance(found, OSError):
        raise found
    return found
