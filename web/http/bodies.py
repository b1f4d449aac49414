"""How large may the body of a request be, and how slowly may it come?

Bodies are collected in the event loop before any answer is begun, in memory while they are small and in
a file of the system afterwards. Whoever sends too slowly, too much at once or breaks off is let go.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import IO, Any

from flask import Flask, request
from werkzeug.exceptions import HTTPException

from gisgrid.cases.photos import MOST_BYTES
from gisgrid.collection import xlsform
from gisgrid.collection.questions import MOST_OF_FORM
from gisgrid.core.settings import Settings

USUAL = 1_000_000
"""Bytes of a body where nothing else is said."""
REPORT = 64_000_000
"""Of a report's form: a photo that is too large is refused in words, the rest of the form kept."""
REPORT_FIELD = 6_000_000
STEP = 5 * MOST_BYTES + 1_000_000
"""Of a step of a case with its photos."""
VISIT = 3 * MOST_BYTES + 1_000_000
"""Of a visit with its photos."""
COLLECTED = MOST_OF_FORM * MOST_BYTES + 1_000_000
"""Of the form of a collection task with its photos."""
XLSFORM = xlsform.MOST_BYTES + USUAL
"""Of a form with an XLSForm: one that is a little too large is refused on its page."""
PLAN_FILE = 50_000_000
DOCUMENT = 40 << 20
"""Of a document's form: a file that is a little too large is refused on its page, the rest of the form kept."""
REPORTS = ("report.send", "telephone.send", "open311.create")

SILENT_S = 20.0
"""The longest pause in a body."""
SLOWEST = 1_000
"""Bytes a second that a body must come with on the whole, after its first ``SILENT_S``."""
LONGEST_S = 900.0
AT_ONCE_OF_ONE = 48
"""Bodies of one address that may be under way to a process; an office may share an address."""
AT_ONCE = 512
HELD = 2_000_000_000
"""Bytes that all bodies under way may come to."""
IN_MEMORY = 262_144

_SLOW = "The request came too slowly. 请求传输过慢。"
_MANY = "Too many uploads at once; try again in a moment. 同时上传过多，请稍后再试。"

_ALL = ""
"""Key of the bytes of all addresses in the counter of bodies under way."""


class RefusedBody(Exception):
    """The request is answered by the server itself, before the application sees it."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status
        self.said = said


@dataclass
class Body:
    """A body that is here in full, or one that is larger than it may be and was not read."""

    file: IO[bytes]
    size: int
    """As it was announced, where it was not read."""

    def close(self) -> None:
        self.file.close()


ROOMS: dict[str | None, int] = {
    **dict.fromkeys(REPORTS, REPORT),
    **dict.fromkeys(("issuing.issue", "issuing.send_draft"), DOCUMENT),
    "cases.step": STEP,
    "register.enter": VISIT,
    "collecting.answer": COLLECTED,
    "collections.form_in": XLSFORM,
    "editor.bring_in": PLAN_FILE,
}
"""Bytes by route, where they are no setting."""


def room(settings: Settings, endpoint: str | None) -> int:
    """The most bytes of a body that a route takes."""
    if endpoint in ROOMS:
        return ROOMS[endpoint]
    if endpoint == "imports.take":
        return (settings.import_max_mb << 20) + USUAL
    if endpoint == "v1.locate_many":
        return settings.upload_max_mb << 20
    return USUAL


def init_app(app: Flask) -> None:
    """What is more than a route has room for is refused by the application in its own words."""

    @app.before_request
    def make_room() -> None:
        request.max_content_length = room(app.config["SETTINGS"], request.endpoint)
        if request.endpoint in REPORTS:
            request.max_form_memory_size = REPORT_FIELD


async def collected(
    app: Flask,
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    address: str,
    under_way: Counter[str],
) -> Body | None:
    """The whole body of a request; None if its sender has left.

    Parameters
    ----------
    under_way
        How many bodies are under way by address, and under the empty text their bytes.

    Raises
    ------
    Refused
        It comes too slowly, or too many are under way.
    """
    size = _announced(scope["headers"])
    if size == 0:
        return Body(io.BytesIO(), 0)
    most = _room_of(app, scope)
    if size is not None and size > most:
        return Body(io.BytesIO(), size)
    held = most if size is None else size
    bodies = sum(under_way.values()) - under_way[_ALL]
    if under_way[address] >= AT_ONCE_OF_ONE or bodies >= AT_ONCE:
        raise RefusedBody(429, _MANY)
    if under_way[_ALL] + held > HELD:
        raise RefusedBody(503, _MANY)
    under_way[address] += 1
    under_way[_ALL] += held
    try:
        return await _read(receive, most)
    finally:
        under_way[_ALL] -= held
        under_way[address] -= 1
        if not under_way[address]:
            del under_way[address]


async def _read(receive: Callable[[], Awaitable[dict[str, Any]]], most: int) -> Body | None:
    loop = asyncio.get_running_loop()
    begun, got = loop.time(), 0
    file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the body closes it
    try:
        while True:
            limit = min(loop.time() + SILENT_S, begun + SILENT_S + got / SLOWEST, begun + LONGEST_S)
            async with asyncio.timeout_at(limit):
                message = await receive()
            if message["type"] == "http.disconnect":
                file.close()
                return None
            got += len(message.get("body", b""))
            if got > most:
                # Only a body without a size gets here; the application says what is too much.
                file.truncate(0)
                file.seek(0)
                return Body(file, got)
            file.write(message.get("body", b""))
            if not message.get("more_body", False):
                file.seek(0)
                return Body(file, got)
    except TimeoutError:
        file.close()
        raise RefusedBody(408, _SLOW) from None
    except BaseException:
        file.close()
        raise


def _announced(headers: list[tuple[bytes, bytes]]) -> int | None:
    """Bytes that the headers announce; None: they come without a size."""
    size = 0
    for name, value in headers:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            size = int(value)
    return size


def _room_of(app: Flask, scope: dict[str, Any]) -> int:
    """Room of the route that a request asks for, as the application will find it."""
    settings: Settings = app.config["SETTINGS"]
    try:
        endpoint, _ = app.url_map.bind("").match(scope["path"], scope["method"])
    except HTTPException:
        return USUAL
    return room(settings, endpoint)
