"""The port that is served: whether it is free, and the socket that each server process listens on."""

from __future__ import annotations

import socket

from gisgrid.core.errors import Invalid

BACKLOG = 1024
"""Connections that wait until a process takes them."""
GIVEN_UP_S = 30
"""What was sent and is not taken for so long ends its connection; the kernel sees to it."""


def check(host: str, port: int) -> None:
    """Refuse a port that another program has.

    Two servers that share a port by ``reuse_port`` would each get half of the questions.

    Raises
    ------
    Invalid
        The port cannot be taken.
    """
    with socket.socket(_family(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Invalid(
                "Port {port} of {host} cannot be taken: {strerror}.",
                host=host,
                strerror=error.strerror,
                port=port,
            ) from error


def listening(host: str, port: int) -> socket.socket:
    """A socket of this process's own on the shared port: each has its own queue of connections."""
    taken = socket.socket(_family(host))
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    # Connections inherit both.
    taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GIVEN_UP_S * 1000)
    taken.bind((host, port))
    taken.listen(BACKLOG)
    taken.setblocking(False)
    return taken


def _family(host: str) -> int:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
