"""What a phone sends comes in once, however often it is sent, and the phone is told what became of it.

A form that waited is sent as its page would have sent it, to the same address, with a key of the phone's own
(``Idempotency-Key``). The key is written in the transaction that takes the form in, so that either both stand or
none; whoever sends it again is told what the first sending was told. No page knows of this.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO
from urllib.parse import unquote

from flask import Flask, Response, g, get_flashed_messages, json, request
from flask_babel import gettext

from gisgrid.core.errors import Conflict, NotKnown
from gisgrid.db.store import Actor
from gisgrid.people import phones
from web.http.acting import acts_as_public
from web.http.db import NOBODY, at_first, nothing_first, reading, writing, wrote
from web.http.permissions import asker

KEY, ACCOUNT, AGE, LABEL, HOUSE, LIVE = (
    "Idempotency-Key", "X-Phone-Account", "X-Phone-Age", "X-Phone-Label", "X-Phone-House", "X-Phone-Live",
)  # fmt: skip
LONGEST = timedelta(days=30)
"""So long ago an entry may have been written down at most."""
MOST_LABEL = 200
AGAIN = (400, 408, 425, 429)
AGAIN_STATES = ("40001", "40P01")
"""Refusals that are none of the entry: it is sent again later. The states are those of transactions that met."""
_KEY = re.compile(r"[0-9a-f-]{32,36}")


@dataclass(frozen=True)
class Sending:
    """One sending of an entry."""

    entry: phones.SentEntry
    parts: tuple[str, ...]
    """SHA-256 of each file that came along."""
    live: bool
    """Somebody waits for the answer at the page: it says itself what is wrong."""
    actor: Actor
    """Whose entry it is, though the page may go on as the public."""


def init_app(app: Flask) -> None:
    """After the check of rights, before any page."""
    app.before_request(_known)
    app.after_request(_told)
    app.register_error_handler(phones.SentBefore, _taken_meanwhile)


def queued() -> bool:
    """Whether the request is an entry that waited, of which nobody can be asked any more."""
    sending: Sending | None = g.get("sending")
    return sending is not None and not sending.live


def entered_at() -> datetime | None:
    """When an entry that waited was written down; None for what comes at once."""
    return g.sending.entry.entered_at if queued() else None


def _known() -> Response | None:
    key = request.headers.get(KEY, "")
    if request.method != "POST" or not _KEY.fullmatch(key):
        return None
    who = asker()
    if not _own():
        raise NotKnown("Log in first, or present a token.")
    g.sending = sending = _sending(key)
    if not who:
        # Who reports without an account has the key of the report alone.
        return None
    with reading() as session:
        before = phones.known(session, key)
    if before is not None and before.content != sending.entry.content and before.state == "taken":
        raise Conflict("Something else was sent under this key before.")
    if before is not None and before.state == "taken":
        return _again(sending, before)
    at_first(lambda session: phones.claim(session, sending.entry))
    return None


def _sending(key: str) -> Sending:
    digest, parts = hashlib.sha256(), []
    for name, value in request.form.items(multi=True):
        if name != "csrf_token":
            digest.update(f"{name}\0{value}\0".encode())
    for name, file in request.files.items(multi=True):
        parts.append(_sha256(file.stream))
        digest.update(f"{name}\0{parts[-1]}\0".encode())
    live = request.headers.get(LIVE) == "1"
    return Sending(_entry(key, digest.hexdigest()), tuple(parts), live, g.get("actor", NOBODY))


def _own() -> bool:
    """Whether the session is that of the account that wrote the entry."""
    who = asker().account_id
    return request.headers.get(ACCOUNT, "") == ("" if who is None else str(who))


def _entry(key: str, content: str) -> phones.SentEntry:
    age, house = request.headers.get(AGE, ""), request.headers.get(HOUSE, "")
    past = min(timedelta(seconds=int(age) if age.isdecimal() and len(age) < 9 else 0), LONGEST)
    return phones.SentEntry(
        key,
        content,
        request.endpoint or "",
        unquote(request.headers.get(LABEL, ""))[:MOST_LABEL],
        int(house) if house.isdecimal() and len(house) < 18 else None,
        datetime.now(UTC) - past,
    )


def _sha256(stream: IO[bytes]) -> str:
    digest = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
    stream.seek(0)
    return digest


def _again(sending: Sending, before: phones.KnownEntry) -> Response:
    g.answered = {"state": "taken", "said": [], "where": None, **before.answer}
    return _answer(sending, 200)


def _taken_meanwhile(_: phones.SentBefore) -> Response:
    sending: Sending = g.sending
    with reading() as session:
        before = phones.known(session, sending.entry.key)
    if before is None:
        # Nothing stands of it: neither taken nor refused.
        g.answered = {"state": "again"}
        return _answer(sending, 503)
    return _again(sending, before)


def _told(response: Response) -> Response:
    """The answer as a phone reads it, whatever the page would have shown."""
    if request.method != "POST" or not _KEY.fullmatch(request.headers.get(KEY, "")):
        return response
    if "answered" in g:
        return response
    sending: Sending | None = g.get("sending")
    status = response.status_code
    if status == 401 or not _own():
        g.answered = {"state": "log_in"}
        # Without its cookies: they would end the session of whoever has logged in meanwhile.
        return _answer(None, 401)
    if _later(status) or (sending is None and status < 400):
        g.answered = {"state": "again"}
        return _answer(sending, status, response)
    if sending is not None and status < 400 and (wrote() if _kept() else status >= 300):
        said = [] if sending.live else [str(line) for line in get_flashed_messages()]
        g.answered = {"state": "taken", "said": said, "where": response.headers.get("Location")}
        if _kept():
            with writing() as session:
                phones.keep_answer(session, sending.entry.key, g.answered)
        return _answer(sending, 200, response)
    _refuse(sending)
    return _answer(sending, max(status, 422) if status < 400 else status, response)


def _later(status: int) -> bool:
    """Whether a failure is none of the entry, so that it is sent again."""
    state = g.told.facts.get("sqlstate") if "told" in g else None
    return status >= 500 or status in AGAIN or state in AGAIN_STATES


def _kept() -> bool:
    """Whether the entry's key stands with what was taken; not of what went in as the public's."""
    return bool(asker()) and not acts_as_public()


def _refuse(sending: Sending | None) -> None:
    """Tell that it is refused and why; and keep it in sight, though no page or no right lets it get that far."""
    reason = (
        g.told.detail if "told" in g else " ".join(str(line) for line in get_flashed_messages())
    )
    reason = reason or gettext(
        "This has to be looked at on its page: open it anew and send it from there."
    )
    g.answered = {"state": "refused", "reason": reason}
    if not asker() or (sending is not None and sending.live):
        return
    entry = sending.entry if sending else _entry(request.headers[KEY], "")
    # Nothing was taken, so what should have stood with it must not.
    nothing_first()
    if sending is not None:
        g.actor = sending.actor
    with writing() as session:
        phones.refuse(session, entry, reason)


def _answer(sending: Sending | None, status: int, before: Response | None = None) -> Response:
    parts: list[str] = []
    if sending is not None and sending.parts and g.answered["state"] == "taken":
        with reading() as session:
            parts = phones.photos_kept(session, sending.parts)
    body = json.dumps({**g.answered, "parts": parts})
    answer = Response(
        body, status, mimetype="application/json", headers={"Cache-Control": "no-store"}
    )
    for cookie in before.headers.getlist("Set-Cookie") if before is not None else ():
        answer.headers.add("Set-Cookie", cookie)
    if before is not None and "Retry-After" in before.headers:
        answer.headers["Retry-After"] = before.headers["Retry-After"]
    return answer
