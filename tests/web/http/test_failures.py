"""A full disk, a database that went away: one line in words, and never what a row holds."""

from __future__ import annotations

import errno
import logging
from pathlib import Path

import psycopg
import pytest
from psycopg import errors as sqlstates
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from gisgrid.core.failures import PlainFormatter, failure_of
from gisgrid.db.store import transaction
from tests.support.terminal import gisgrid
from tests.support.web import app_over, fill_town
from web.http import routes

PERSON = "测某人 19900000000"


def of_sqlalchemy(error: psycopg.Error) -> DBAPIError:
    return OperationalError("INSERT", {"name": PERSON}, error)


@pytest.mark.parametrize(
    ("error", "words", "zh"),
    [
        (sqlstates.DiskFull(PERSON), "disk of the database is full", "磁盘已满"),
        (of_sqlalchemy(sqlstates.DiskFull(PERSON)), "disk of the database is full", "磁盘已满"),
        (sqlstates.TooManyConnections(PERSON), "no more connections", "连接数已满"),
        (sqlstates.AdminShutdown(PERSON), "went away", "连接已中断"),
        (sqlstates.CrashShutdown(PERSON), "went away", "连接已中断"),
        (sqlstates.CannotConnectNow(PERSON), "went away", "连接已中断"),
        (psycopg.OperationalError(PERSON), "went away", "连接已中断"),
        (of_sqlalchemy(psycopg.OperationalError(PERSON)), "went away", "连接已中断"),
        (sqlstates.QueryCanceled(PERSON), "took too long", "超时"),
        (sqlstates.DeadlockDetected(PERSON), "at the same time", "冲突"),
        (sqlstates.ReadOnlySqlTransaction(PERSON), "read only", "只读"),
        (sqlstates.IoError(PERSON), "its files", "读写文件"),
        (sqlstates.UniqueViolation(PERSON), "refused this (SQLSTATE 23505)", "SQLSTATE 23505"),
        (OSError(errno.ENOSPC, "No space left on device", "x.xlsx"), "full: x.xlsx", "磁盘已满"),
        (PermissionError(errno.EACCES, "Permission denied", "x.xlsx"), "x.xlsx", "x.xlsx"),
        (MemoryError(), "too little memory", "内存不足"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_a_failure_is_told_by_its_kind(error: BaseException, words: str, zh: str):
    found = failure_of(error)
    assert found is not None
    said = found.said.in_language("zh")
    assert words in found.said.en and zh in said
    assert PERSON not in found.said.en + said


def test_what_is_no_failure_of_the_machine_is_none():
    assert failure_of(ValueError(PERSON)) is None


def _fails(engine: Engine, body: str) -> None:
    """Has whoever writes a house meet a failure of the store, in the midst of a COPY or later."""
    with transaction(engine) as session:
        session.execute(
            text(
                f"CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; "
                "RETURN NEW; END $$"
            )
        )
        session.execute(
            text(
                "CREATE TRIGGER fails AFTER INSERT ON house FOR EACH STATEMENT "
                "EXECUTE FUNCTION fails()"
            )
        )


@pytest.mark.parametrize(
    ("body", "words", "zh"),
    [
        (
            f"RAISE EXCEPTION '{PERSON}' USING ERRCODE = '53100'",
            "The disk of the database is full; nothing was written",
            "数据库所在磁盘已满",
        ),
        ("PERFORM pg_terminate_backend(pg_backend_pid())", "The database went away", "连接已中断"),
    ],
    ids=["full", "gone"],
)
def test_a_load_that_the_store_cannot_finish_says_so_in_one_line(
    engine: Engine, tmp_path: Path, body: str, words: str, zh: str
):
    with transaction(engine) as session:
        fill_town(session, columns=3, rows=3, houses=3, events=0)
    _fails(engine, body)
    file = tmp_path / "houses.csv"
    rows = "".join(f"N{n},虚构路{n}号,120.901,40.701\n" for n in range(20))
    file.write_text(f"code,address,lon,lat\n{rows}")
    for chinese in (False, True):
        done = gisgrid(
            engine, "load", "houses", str(file), "--crs", "wgs84", "--commit", chinese=chinese
        )
        assert done.exit_code == 2
        (line,) = [each for each in done.output.splitlines() if each.startswith("gisgrid: ")]
        assert (zh if chinese else words) in line
        assert PERSON not in done.output and "Traceback" not in done.output
    engine.dispose()
    with transaction(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM house WHERE code LIKE 'N%'")) == 0


def test_a_file_that_cannot_be_written_is_told_in_one_line(
    engine: Engine, tmp_path: Path, monkeypatch
):
    with transaction(engine) as session:
        fill_town(session, columns=3, rows=3, houses=3, events=0)
    issued = tmp_path / "rules.txt"
    issued.write_text("rules")
    done = gisgrid(engine, "document", "issue", "D1", str(issued), "--title", "规则", "--commit")
    assert done.exit_code == 0, done.output

    def saved(file: Path) -> str:
        done = gisgrid(engine, "document", "save", "D1", str(file))
        assert done.exit_code == 2
        (line,) = done.output.splitlines()
        assert line.startswith("gisgrid: ")
        return line

    assert "nowhere" in saved(tmp_path / "nowhere" / "out.txt")

    def full(path: Path, _: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    assert "The disk is full: " in saved(tmp_path / "out.txt")


@pytest.mark.parametrize("error", [sqlstates.DiskFull(PERSON), OSError(errno.ENOSPC, PERSON)])
def test_a_page_that_meets_a_full_disk_says_so(engine: Engine, monkeypatch, error: Exception):
    def page() -> str:
        raise error

    monkeypatch.setitem(routes.RIGHT_OF, "full", routes.PUBLIC)
    app = app_over(engine)
    app.add_url_rule("/full", "full", page)
    answer = app.test_client().get("/full")
    assert answer.status_code == 503
    assert "磁盘已满" in answer.text and PERSON not in answer.text


def test_the_log_of_a_process_tells_kinds_and_places_only():
    try:
        raise sqlstates.DiskFull(PERSON)
    except sqlstates.DiskFull:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "broke off", (), None)
        record.exc_info = __import__("sys").exc_info()
    told = PlainFormatter("%(message)s").format(record)
    assert PERSON not in told
    assert "DiskFull 53100 at" in told and "test_failures.py" in told
