"""What a failure of the store or the machine is called at the terminal."""

from __future__ import annotations

import click
import psycopg
from sqlalchemy.exc import DBAPIError

from gisgrid.core.failures import failure_of
from gisgrid.core.terminal import speaks_chinese

# Undefined table, column, type: the store is older than the program, or empty.
_NO_SUCH_TABLE = frozenset({"42P01", "42703", "42704"})


def line_of(error: Exception, ctx: click.Context) -> str | None:
    """The line for a failure; None for what is a fault of the program."""
    if isinstance(error, DBAPIError):
        # The server's detail may quote a row, and rows hold people: only the kind is told.
        state = getattr(error.orig, "sqlstate", None) or "?"
        if state in _NO_SUCH_TABLE:
            return (
                "数据库中缺少本版本的表；请先运行 gisgrid db upgrade。"
                if speaks_chinese()
                else "The store lacks tables of this version; run: gisgrid db upgrade"
            )
        terminal = ctx.find_root().meta.get("gisgrid.terminal")
        if state == "42501" and terminal is not None and terminal.account is not None:
            return (
                "该账号无权执行此操作，未写入任何内容。"
                if speaks_chinese()
                else "This account has no right to do this; nothing was written."
            )
    elif not isinstance(error, psycopg.Error | OSError | MemoryError):
        return None
    found = failure_of(error)
    if found is None:
        return None
    return found.zh if speaks_chinese() else found.message
