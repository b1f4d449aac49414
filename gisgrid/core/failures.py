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


@dataclass(frozen=True)
class Failure:
    """A failure in words, and what kind it is."""

    message: str
    zh: str
    state: str
    """SQLSTATE, ``errno`` by name, or ``lost`` for a connection that is none any more."""


_STORE_GONE = (
    "The database went away. What was not finished was not written; if it was the last step, look "
    "whether it was. Does it run? gisgrid db status",
    "与数据库的连接已中断。未完成的内容没有写入；若正值最后一步，请核对是否已写入。检查数据库：gisgrid db status",
)

NOBODY_LEFT = (
    "Then nobody would administer here any more on some day to come; nothing was written. First appoint another "
    "administrator who can log in.",
    "这样做之后，今后某一天起这里将没有任何可登录的系统管理员，因此未写入任何内容。请先任命另一位能够登录的系统管理员。",
)
OWN_SECRETS = (
    "One's own password and second factor are changed under “My place and account”, where the old ones are asked for.",
    "本人的密码和双重验证请在“我的岗位与账号”中更改，届时需要输入原密码。",
)
# https://www.postgresql.org/docs/15/errcodes-appendix.html; five characters, or a class of two.
_OF_SQLSTATE = {
    "53100": (
        "The disk of the database is full; nothing was written. Make room, then do it again.",
        "数据库所在磁盘已满，未写入任何内容。请先腾出空间再重试。",
    ),
    "53200": (
        "The database has too little memory for this; nothing was written.",
        "数据库内存不足，未写入任何内容。",
    ),
    "53300": (
        "The database takes no more connections now; nothing was written. Try again in a moment.",
        "数据库连接数已满，未写入任何内容，请稍后再试。",
    ),
    "57014": (
        "The database broke off because it took too long; nothing was written.",
        "操作超时，已被数据库中止，未写入任何内容。",
    ),
    "40": (
        "Somebody else changed the same at the same time; nothing was written. Do it again.",
        "与他人的修改冲突，未写入任何内容，请重试。",
    ),
    "55P03": (
        "Somebody else holds what this needs; nothing was written. Try again in a moment.",
        "所需数据正被他人占用，未写入任何内容，请稍后再试。",
    ),
    "25006": (
        "The database takes no changes now (read only); nothing was written.",
        "数据库当前为只读，未写入任何内容。",
    ),
    "58": (
        "The database cannot read or write its files; nothing was written. Look at its log and its disk.",
        "数据库读写文件失败，未写入任何内容；请查看其日志和磁盘。",
    ),
    "XX001": (
        "A file of the database is damaged; nothing was written. Look at its log, and at the last backup.",
        "数据库文件损坏，未写入任何内容；请查看其日志和最近的备份。",
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
        return Failure(
            "This machine has too little memory for this; nothing was written.",
            "本机内存不足，未写入任何内容。",
            "ENOMEM",
        )
    return None


def _of_driver(error: BaseException | None, *, lost: bool) -> Failure:
    state = getattr(error, "sqlstate", None)
    if not state:
        if lost:
            return Failure(*_STORE_GONE, "lost")
        state = "?"
    said = _OF_SQLSTATE.get(state) or _OF_SQLSTATE.get(state[:3]) or _OF_SQLSTATE.get(state[:2])
    if said is None:
        said = (
            f"The database refused this (SQLSTATE {state}); nothing was written.",
            f"数据库拒绝了该操作（SQLSTATE {state}），未写入任何内容。",
        )
    return Failure(*said, state)


def _of_system(error: OSError) -> Failure:
    name = errno.errorcode.get(error.errno or 0, "?")
    where = f" {error.filename}" if isinstance(error.filename, str) else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Failure(
            f"The disk is full{': ' + where.strip() if where else ''}; the file is not whole. Make room, then "
            "do it again.",
            f"磁盘已满{'：' + where.strip() if where else ''}，文件不完整。请先腾出空间再重试。",
            name,
        )
    said = error.strerror or name
    return Failure(
        f"{said}{':' + where if where else ''}.",
        f"{said}{'：' + where.strip() if where else ''}。",
        name,
    )


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
