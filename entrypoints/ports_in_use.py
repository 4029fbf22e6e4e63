"""Whether an address can be listened on, asked before anything is started."""

import errno
import socket

import psutil


class PortError(Exception):
    """An address cannot be listened on; the message says why and what to do."""


def require_free_port(host: str, port: int, *, setting: str) -> None:
    """Raise PortError unless `host` and `port` can be listened on. `setting` names the variable that moves it."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise PortError(f"the host {host!r} is not known to this machine: set DUNLIN_HOST to one of its own") from None
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else a port just left counts as taken
        try:
            probe.bind(address)
        except PermissionError:
            raise PortError(f"port {port} needs more rights: set {setting} to 1024 or above") from None
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                message = f"port {port} on {host} is taken{_by_whom(port)}: stop that, or set {setting} to a free one"
                raise PortError(message) from None
            raise PortError(f"cannot listen on {host} port {port}: {error.strerror}") from None


def _by_whom(port: int) -> str:
    try:
        connections = psutil.net_connections("tcp")
    except psutil.Error:  # macOS shows the connections of others to root alone
        return ""
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
            try:
                return f" by process {connection.pid} ({psutil.Process(connection.pid).name()})"
            except psutil.Error:
                return ""
    return ""
