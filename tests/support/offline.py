"""A worker's phone whose line, browser, server and session fail, and a look at what came in."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import os
import random
import re
import signal
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import BrowserContext, Error, Page, Playwright
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases.flow import keep_own_flows
from gisgrid.db.store import transaction
from gisgrid.locate.addresses.gazetteer import index_addresses
from tests.support.door import one_known
from tests.support.phone_entries import Ground, found, photos_of, written
from tests.support.web import CHROMIUM, CHROMIUM_OPTIONS, Town, served, session_cookie

KILL, CUT, LOSE = "kill the browser", "cut an upload", "lose an answer"
RESTART, END = "restart the server", "end the session"
FAULTS = (KILL, CUT, LOSE, RESTART, END)
MOST_TRIES = 80
"""Looks at the queue after which what still waits counts as lost."""


def workable(session: Session) -> Town:
    """A town in which houses are found, things are reported, and one person is known by name."""
    town = one_known(session)
    keep_own_flows(session)
    session.execute(
        text(
            "INSERT INTO matter (list_id, parent_id, code, name, name_en) "
            "SELECT list_id, id, '0101', '暴露垃圾', 'Exposed rubbish' FROM matter WHERE code = '01'"
        )
    )
    index_addresses(session, town.township_id)
    return town


# Of an upload that is cut in its middle werkzeug leaves the part it was reading to the collector.
CUTS = pytest.mark.filterwarnings(
    "ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning"
)
"""Of tests that cut uploads."""


class Line:
    """Between phone and server. What is sent is counted; at some of it something fails, in its middle."""

    def __init__(self) -> None:
        self.to = 0
        self.plan: dict[int, str] = {}
        """Which fault comes at which sending, counted from now."""
        self.due: str | None = None
        """A fault that somebody else makes, while the sending is held."""
        self.bytes_of_cut = 0
        self.cut: list[int] = []
        """Bytes of the body that went through of each sending that was cut."""
        self._posts = 0
        self._made = threading.Event()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._door.close()

    def fail(self, plan: dict[int, str], bytes_of_cut: int) -> None:
        """An upload is cut so many bytes into its body, or in the middle of a short one."""
        self.plan, self.bytes_of_cut, self._posts = plan, bytes_of_cut, 0

    def made(self) -> None:
        """The fault that was due is made: what is held goes on, to wherever it still can."""
        self.due = None
        self._made.set()

    def _serve(self) -> None:
        while True:
            try:
                phone, _ = self._door.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(phone,), daemon=True).start()

    def _fault(self, sent: bytes) -> str | None:
        if not sent.startswith(b"POST "):
            return None
        self._posts += 1
        return self.plan.pop(self._posts, None)

    def _carry(self, phone: socket.socket) -> None:
        with contextlib.suppress(OSError), phone, contextlib.ExitStack() as way:
            server = way.enter_context(socket.create_connection(("127.0.0.1", self.to), timeout=60))
            lost = threading.Event()
            back = threading.Thread(target=_back, args=(server, phone, lost), daemon=True)
            back.start()
            upload: bytes | None = None
            while more := phone.recv(65536):
                fault = self._fault(more)
                if fault == CUT:
                    upload = b""
                elif fault == LOSE:
                    lost.set()
                elif fault is not None:
                    self._made.clear()
                    self.due = fault
                    self._made.wait(60)
                if upload is not None:
                    upload += more
                    most, body = self._most(upload)
                    if len(upload) >= most:
                        server.sendall(
                            more[: int(most) - len(upload)] if len(upload) > most else more
                        )
                        self.cut.append(body)
                        server.shutdown(socket.SHUT_RDWR)  # else it waits for the rest
                        return
                server.sendall(more)
            server.shutdown(socket.SHUT_WR)
            back.join(60)
            server.shutdown(socket.SHUT_RDWR)

    def _most(self, upload: bytes) -> tuple[float, int]:
        """Bytes of an upload that go through before it is cut, and those of its body; none yet while its head comes."""
        head, ended, _ = upload.partition(b"\r\n\r\n")
        if not ended:
            return float("inf"), 0
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        body = min(self.bytes_of_cut, int(length[1]) // 2 if length else 0)
        return len(head) + len(ended) + body, body


def _back(server: socket.socket, phone: socket.socket, lost: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while more := server.recv(65536):
            if lost.is_set():
                break  # the server has done its work, and nobody hears of it
            phone.sendall(more)
    with contextlib.suppress(OSError):
        phone.shutdown(socket.SHUT_RDWR)


@dataclass
class Outcome:
    """What a run did, and what came of it."""

    seed: int
    entries: int
    photos: int
    faults: dict[str, int] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    """Entries of each of `tests.support.phone_entries.KINDS`."""
    lost: int = 0
    doubled: int = 0
    waiting: int = 0
    """Still on the phone at the end."""
    photos_left: int = 0
    photos_lost: int = 0
    photos_doubled: int = 0

    @property
    def wrong(self) -> tuple[int, ...]:
        """Entries and photos that are lost, doubled or left; all 0: none."""
        return (
            self.lost, self.doubled, self.waiting,
            self.photos_lost, self.photos_doubled, self.photos_left,
        )  # fmt: skip


class Pocket:
    """One phone over runs: a browser with a folder of its own that is killed and opened again."""

    def __init__(
        self, playwright: Playwright, folder: Path, app: Flask, engine: Engine, about: Ground
    ) -> None:
        self._playwright, self._folder, self.about = playwright, folder, about
        self.app, self.engine, self.worker = app, engine, about.worker
        self.line = Line()
        self.host = f"http://127.0.0.1:{self.line.port}"
        self._context: BrowserContext | None = None
        self.page: Page
        self._server = contextlib.ExitStack()

    def serve(self) -> None:
        """A server anew, at another port; the line leads to it."""
        self._server.close()
        self.line.to = int(self._server.enter_context(served(self.app)).rsplit(":", 1)[1])

    def open(self) -> None:
        self._context = self._playwright.chromium.launch_persistent_context(
            str(self._folder), executable_path=CHROMIUM, args=CHROMIUM_OPTIONS,
            viewport={"width": 360, "height": 740}, locale="zh-CN",
        )  # fmt: skip
        self.page = self._context.pages[0]
        self.page.set_default_timeout(30_000)

    def enter(self) -> None:
        name, value = session_cookie(self.app, self.engine, self.worker).split("=", 1)
        assert self._context is not None
        self._context.add_cookies([{"name": name, "value": value, "url": self.host}])

    def reach(self, there: bool) -> None:
        assert self._context is not None
        self._context.set_offline(not there)

    def go(self) -> None:
        """The page of what waits, which sends by itself."""
        self.page.goto(f"{self.host}/phone/waiting")
        self.page.wait_for_selector("html[data-ready]", state="attached")

    def kill(self) -> None:
        """As the system does it: no page is asked."""
        mine = f"--user-data-dir={self._folder}".encode()
        for each in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                if mine in (each / "cmdline").read_bytes().split(b"\0"):
                    os.kill(int(each.name), signal.SIGKILL)
        self._shut()
        for name in ("SingletonLock", "SingletonCookie", "SingletonSocket"):
            (self._folder / name).unlink(missing_ok=True)

    def close(self) -> None:
        self._shut()
        self._server.close()
        self.line.close()

    def _shut(self) -> None:
        if self._context is not None:
            with contextlib.suppress(Error):
                self._context.close()
            self._context = None

    def add(self, entry: dict[str, Any], photos: list[dict[str, str]]) -> None:
        """Write an entry down, by the module that forms use."""
        self.page.evaluate(_ADD, [entry, photos])

    def count(self) -> tuple[int, int]:
        """Entries that are not sent yet, and photos that lie on the phone."""
        waiting, photos = self.page.evaluate(_COUNT)
        return waiting, photos

    def end_session(self) -> None:
        with transaction(self.engine) as session:
            session.execute(
                text("UPDATE account SET fs_uniquifier = :word WHERE id = :id"),
                {"word": uuid4().hex, "id": self.worker},
            )


_MODULE = """const at = document.querySelector('script[src*="/phone/page.js"]').src.replace("page.js", "");"""
_ADD = (
    "async ([entry, photos]) => {"
    + _MODULE
    + """
  const { add } = await import(at + "queue.js");
  const whole = await Promise.all(photos.map(async (photo) => {
    const bytes = Uint8Array.from(atob(photo.base64), (c) => c.charCodeAt(0)).buffer;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return { field: photo.field, file: "a.jpg", type: "image/jpeg", bytes,
      sha256: [...digest].map((b) => b.toString(16).padStart(2, "0")).join("") };
  }));
  await add(entry, whole);
}"""
)
_COUNT = (
    "async () => {"
    + _MODULE
    + """
  const { all } = await import(at + "store.js");
  return [(await all("entries")).filter((e) => e.state !== "sent").length, (await all("photos")).length];
}"""
)


def picture(rng: random.Random, edge: int = 96) -> str:
    """A picture that no other one is like, as base64."""
    image = Image.frombytes("RGB", (edge, edge), rng.randbytes(edge * edge * 3))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return base64.b64encode(out.getvalue()).decode()


def run(pocket: Pocket, seed: int, *, entries: int = 50, photos: int = 10) -> Outcome:
    """Write entries down without a line, the browser killed between some; then send them over a line that fails."""
    rng = random.Random(seed)
    name = f"{seed}-{uuid4().hex[:6]}"
    out = Outcome(seed, entries, photos, dict.fromkeys(FAULTS, 0))
    with_photo = set(rng.sample(range(entries), photos))
    shots: list[str] = []
    kills = set(rng.sample(range(1, entries), 2))
    if pocket._context is None:
        pocket.open()
        pocket.enter()
        pocket.go()
        pocket.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    pocket.reach(False)
    for n in range(entries):
        if n in kills:
            pocket.kill()
            out.faults[KILL] += 1
            pocket.open()
            pocket.reach(False)
            pocket.go()
        sent = n in with_photo
        kind, entry, photo = written(rng, name, n, pocket.about, photo=sent)
        out.kinds[kind] += 1
        shot = picture(rng) if sent else ""
        shots += [hashlib.sha256(base64.b64decode(shot)).hexdigest()] if sent else []
        pocket.add(entry, [{"field": photo, "base64": shot}] if sent else [])
    assert pocket.count() == (entries, photos)
    _send(pocket, rng, out)
    out.waiting, out.photos_left = pocket.count()
    there = found(pocket.engine, name)
    marks = [f"样本{name}第{n}条" for n in range(entries)]
    out.lost = sum(mark not in there for mark in marks)
    out.doubled = sum(there.get(mark, 0) > 1 for mark in marks)
    held = photos_of(pocket.engine, shots)
    out.photos_lost = sum(shot not in held for shot in shots)
    out.photos_doubled = sum(held.get(shot, 0) > 1 for shot in shots)
    return out


def _send(pocket: Pocket, rng: random.Random, out: Outcome) -> None:
    at = rng.sample(range(1, out.entries + 1), min(6, out.entries // 2))
    plan: dict[int, str] = {n: rng.choice(FAULTS) for n in at}
    for fault in plan.values():
        out.faults[fault] += 1
    pocket.line.fail(plan, rng.randint(300, 6000))
    pocket.enter()
    for _ in range(MOST_TRIES):
        pocket.reach(True)
        with contextlib.suppress(Error):
            # What was under way when somebody logged in may have ended that session; the page says so.
            if pocket.page.query_selector("#said a"):
                pocket.enter()
            pocket.go()
            pocket.page.click("#send-now")
        while pocket.line.due is None and not _over(pocket.page):
            pass
        if (due := pocket.line.due) is not None:
            _make(pocket, due)
        elif not plan and pocket.count()[0] == 0:
            return


def _over(page: Page) -> bool:
    """Whether the page has given up or is through; asking it takes a moment."""
    return page.query_selector("#send-now:not([disabled])") is not None


def _make(pocket: Pocket, fault: str) -> None:
    if fault == RESTART:
        pocket.serve()
    elif fault == END:
        pocket.end_session()
    else:
        pocket.kill()
    pocket.line.made()
    if fault == KILL:
        pocket.open()
    if fault != RESTART:
        pocket.enter()


@contextlib.contextmanager
def pocket_over(
    playwright: Playwright, folder: Path, app: Flask, engine: Engine, about: Ground
) -> Iterator[Pocket]:
    """A phone with a server at the end of its line."""
    made = Pocket(playwright, folder, app, engine, about)
    try:
        made.serve()
        yield made
    finally:
        made.close()
