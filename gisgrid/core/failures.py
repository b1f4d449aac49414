"""What a failure of the machine means, in words for a person: the store's, a disk's, the memory's.

Told apart by SQLSTATE and errno, never by the text of the error, which may quote a row, and rows hold
people. Where it is not known whether something was written, that is said.
"""

from __future__ import annotations

import errno
import logging
from dataclasses import dataclass
from types import TracebackType

import psycopg
from sqlalchemy.exc import DBAPIError, OperationalError

from gisgrid.core.messages import Message, message, say


@dataclass(frozen=True)
class Failure:
    """A failure in words, and what kind it is."""

    said: Message
    state: str
    """SQLSTATE, ``errno`` by name, or ``lost`` for a connection that is none any more."""


_STORE_GONE = say(
    "The database went away. What was not finished was not written; if it was the last step, look "
    "whether it was. Does it run? gisgrid db status"
)

NOBODY_LEFT = say(
    "Then nobody would administer here any more on some day to come; nothing was written. First appoint another "
    "administrator who can log in."
)
OWN_SECRETS = say(
    "One's own password and second factor are changed under “My place and account”, where the old ones are asked for."
)
# https://www.postgresql.org/docs/15/errcodes-appendix.html; five characters, or a class of two.
_OF_SQLSTATE = {
    "53100": say(
        "The disk of the database is full; nothing was written. Make room, then do it again."
    ),
    "53200": say("The database has too little memory for this; nothing was written."),
    "53300": say(
        "The database takes no more connections now; nothing was written. Try again in a moment."
    ),
    "57014": say("The database broke off because it took too long; nothing was written."),
    "40": say("Somebody else changed the same at the same time; nothing was written. Do it again."),
    "55P03": say(
        "Somebody else holds what this needs; nothing was written. Try again in a moment."
    ),
    "25006": say("The database takes no changes now (read only); nothing was written."),
    "58": say(
        "The database cannot read or write its files; nothing was written. Look at its log and its disk."
    ),
    "XX001": say(
        "A file of the database is damaged; nothing was written. Look at its log, and at the last backup."
    ),
    "GG020": NOBODY_LEFT,
    "GG021": OWN_SECRETS,
    "57P": _STORE_GONE,
    "08": _STORE_GONE,
}


def failure_of(error: BaseException) -> Failure | None:
    """What a failure of the store or the system means; None for one that is neither."""
    if isinstance(error, DBAPIError):
        return _of_driver(error.orig, lost=isinstance(error, OperationalError))
    if isinstance(error, psycopg.Error):
        return _of_driver(error, lost=isinstance(error, psycopg.OperationalError))
    if isinstance(error, OSError) and error.errno is not None:
        return _of_system(error)
    if isinstance(error, MemoryError):
        said = message("This machine has too little memory for this; nothing was written.")
        return Failure(said, "ENOMEM")
    return None


def _of_driver(error: BaseException | None, *, lost: bool) -> Failure:
    state = getattr(error, "sqlstate", None)
    if not state:
        if lost:
            return Failure(message(_STORE_GONE), "lost")
        state = "?"
    said = _OF_SQLSTATE.get(state) or _OF_SQLSTATE.get(state[:3]) or _OF_SQLSTATE.get(state[:2])
    if said is None:
        refused = message(
            "The database refused this (SQLSTATE {state}); nothing was written.", state=state
        )
        return Failure(refused, state)
    return Failure(message(said), state)


def _of_system(error: OSError) -> Failure:
    name = errno.errorcode.get(error.errno or 0, "?")
    file = error.filename if isinstance(error.filename, str) else None
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        if file is None:
            said = message("The disk is full; the file is not whole. Make room, then do it again.")
        else:
            said = message(
                "The disk is full: {file}; the file is not whole. Make room, then do it again.",
                file=file,
            )
        return Failure(said, name)
    what = error.strerror or name
    if file is None:
        return Failure(message("{what}.", what=what), name)
    return Failure(message("{what}: {file}.", what=what, file=file), name)


class PlainFormatter(logging.Formatter):
    """Log lines whose errors are told by kind and place only: their texts may quote rows."""

    def formatException(  # noqa: N802 - of the base class
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        kind, error, trace = ei
        if kind is None or error is None:
            return ""
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
        found = failure_of(error)
        return f"{kind.__name__}{' ' + found.state if found else ''} at {place}"


def log_plainly() -> None:
    """Have this process's log, on stderr, tell errors by kind and place."""
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter("gisgrid: %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
