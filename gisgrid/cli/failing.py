"""What a failure of the store or the machine is called at the terminal."""

from __future__ import annotations

import click
import psycopg
from sqlalchemy.exc import DBAPIError

from gisgrid.core.failures import failure_of
from gisgrid.core.messages import message, say
from gisgrid.core.terminal import language

# Undefined table, column, type: the store is older than the program, or empty.
_NO_SUCH_TABLE = frozenset({"42P01", "42703", "42704"})

_LACKING = say("The store lacks tables of this version; run: gisgrid db upgrade")
_NO_RIGHT = say("This account has no right to do this; nothing was written.")


def line_of(error: Exception, ctx: click.Context) -> str | None:
    """The line for a failure; None for what is a fault of the program."""
    if isinstance(error, DBAPIError):
        # The server's detail may quote a row, and rows hold people: only the kind is told.
        state = getattr(error.orig, "sqlstate", None) or "?"
        if state in _NO_SUCH_TABLE:
            return message(_LACKING).in_language(language())
        terminal = ctx.find_root().meta.get("gisgrid.terminal")
        if state == "42501" and terminal is not None and terminal.account is not None:
            return message(_NO_RIGHT).in_language(language())
    elif not isinstance(error, psycopg.Error | OSError | MemoryError):
        return None
    found = failure_of(error)
    return None if found is None else found.said.in_language(language())
