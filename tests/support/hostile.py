"""Files made to do harm, and the measure of what reading them costs."""

from __future__ import annotations

import http.server
import io
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openpyxl

SHEET = "xl/worksheets/sheet1.xml"
_ENTITIES = [f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 11)]
LAUGHS = f"<!DOCTYPE x [<!ENTITY a0 'ha'>{''.join(_ENTITIES)}]>"
"""A document type whose entity a10 stands for twenty thousand million letters."""
OPENING = """
import resource, sys
from gisgrid.core.errors import GisgridError
from gisgrid.files.read import open_table
room = int(sys.argv[1]) << 20
resource.setrlimit(resource.RLIMIT_DATA, (room, room))
for path in sys.argv[2:]:
    try:
        print("read", sum(len(chunk) for chunk in open_table(path).chunks(20_000)))
    except GisgridError as error:
        assert error.in_language("zh") != error.message
        print("refused:", error.message)
"""


def workbook(path: Path, rows: list[list[object]], **replaced: bytes) -> Path:
    """A workbook, with members replaced or added: a slash in the name is written as two underscores."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    plain = io.BytesIO()
    book.save(plain)
    other = {name.replace("__", "/"): data for name, data in replaced.items()}
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for member in source.namelist():
            if member not in other:
                out.writestr(member, source.read(member))
        for name, data in other.items():
            out.writestr(name, data)
    return path


def sheet_of(rows: str, *, head: str = "", strange: str = "") -> bytes:
    """XML of a worksheet."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{strange}<worksheet xmlns='
        f'"http://schemas.openxmlformats.org/spreadsheetml/2006/main">{head}'
        f"<sheetData>{rows}</sheetData></worksheet>"
    ).encode()


def text_cell(text: str, at: str = "") -> str:
    place = f' r="{at}"' if at else ""
    return f'<c t="inlineStr"{place}><is><t>{text}</t></is></c>'


def opened(*paths: Path, room_mb: int = 1500, seconds: int = 90) -> list[str]:
    """What ``open_table`` says of files in a process of its own, of limited memory and time."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", OPENING, str(room_mb), *map(str, paths)],
        capture_output=True, text=True, timeout=seconds, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-500:]
    return done.stdout.splitlines()


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """The address of a server of this machine, and the paths that were asked of it."""
    asked: list[str] = []

    class Ear(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_POST = do_GET  # noqa: N815 - the names that the server calls

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
