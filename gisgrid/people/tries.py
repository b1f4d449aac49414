"""How long must who wrote wrong passwords wait, so that guessing is slow and nobody else is kept out?

Wrong tries are counted by log-in name *and* where they come from: an address of the network, or a device
that has logged in under that name before. So a stranger slows down themselves. A name that strangers from
many addresses guess at is in a storm: from devices that are not known, a password alone then opens
nothing, be it right or wrong; known devices, and a second factor, do. Names are counted whether an account
bears them or not, and kept as hashes, for people write passwords there.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import text
from sqlalchemy.orm import Session

FREE = 5
"""Wrong tries that cost nothing but themselves."""
FIRST_S, LONGEST_S = 30, 900
"""The wait after the last of them, seconds; doubled by each further one."""
FORGET_S = 7200
"""Tries are forgotten when none followed for so long."""
STORM, CODE_STORM = 20, 50
"""Wrong passwords, and wrong codes, of a name from unknown devices within ``STORM_S``."""
STORM_S = 900

PASSWORD, CODE = "password", "code"


@dataclass(frozen=True)
class Origin:
    """Where a try comes from."""

    device: str | None
    """Number of a device that has logged in under this name before; None: it is not known."""
    address: str

    @property
    def key(self) -> str:
        return f"device {self.device}" if self.device else f"address {self.address}"


def wait_s(session: Session, name: str, what: str, origin: Origin) -> int:
    """Seconds until another try of this name from there is looked at; 0: now."""
    return int(
        session.scalar(
            text(_WAIT),
            {
                **_key(name, what, origin.key),
                "free": FREE, "first": FIRST_S, "longest": LONGEST_S, "forget": FORGET_S,
            },
        )
        or 0
    )  # fmt: skip


def in_storm(session: Session, name: str, what: str, origin: Origin) -> bool:
    """Whether strangers guess at this name, and this is not a device that is known."""
    if origin.device is not None:
        return False
    most = STORM if what == PASSWORD else CODE_STORM
    tried = session.scalar(
        text(
            "SELECT failed FROM log_in_try "
            "WHERE key = :key AND last_at > now() - make_interval(secs => :s)"
        ),
        {**_key(name, what, "all"), "s": STORM_S},
    )
    return (tried or 0) >= most


def count_wrong(session: Session, name: str, what: str, origin: Origin) -> None:
    """Remember a wrong try."""
    # What is older than it can count goes.
    session.execute(
        text("DELETE FROM log_in_try WHERE last_at < now() - make_interval(secs => :s)"),
        {"s": FORGET_S},
    )
    session.execute(text(_COUNT), {**_key(name, what, origin.key), "s": FORGET_S})
    if origin.device is None:
        session.execute(text(_COUNT), {**_key(name, what, "all"), "s": STORM_S})


def forget(session: Session, name: str, origin: Origin | None = None) -> None:
    """Forget the wrong tries of a name from there, after it came in; without an origin, all of them."""
    if origin is None:
        session.execute(
            text("DELETE FROM log_in_try WHERE name_key = :name_key"),
            {"name_key": _hash(name)},
        )
        return
    for what in (PASSWORD, CODE):
        session.execute(
            text("DELETE FROM log_in_try WHERE key = :key"), _key(name, what, origin.key)
        )


def _key(name: str, what: str, who: str) -> dict[str, object]:
    return {"key": _hash(f"{name}\0{what}\0{who}"), "name_key": _hash(name)}


def _hash(words: str) -> bytes:
    return sha256(words.encode()).digest()


_WAIT = """
SELECT greatest(ceil(extract(epoch FROM last_at - now())
    + least(:first * 2.0 ^ least(failed - :free, 20), :longest)), 0)
FROM log_in_try WHERE key = :key AND failed >= :free
    AND last_at > now() - make_interval(secs => :forget)
"""

_COUNT = """
INSERT INTO log_in_try (key, name_key, failed, last_at) VALUES (:key, :name_key, 1, now())
ON CONFLICT (key) DO UPDATE SET last_at = now(), failed = 1 + CASE
    WHEN log_in_try.last_at < now() - make_interval(secs => :s) THEN 0 ELSE log_in_try.failed END
"""
