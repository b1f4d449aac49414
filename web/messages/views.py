"""``/messages``: what was told to whoever has logged in, the news of their open pages, and how they want to be told."""

from __future__ import annotations

from datetime import time

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.messages import say
from gisgrid.db.tables.outbox import CHANNELS
from gisgrid.outbox import inbox, persons
from gisgrid.outbox.persons import Wants
from gisgrid.outbox.words import ASKED_FOR, CHANNEL_WORDS, KIND_WORDS, ToldMessage
from web.dispatch.views import stream as case_stream
from web.http.dates import local, page_asked, zone_of
from web.http.db import reading, writing
from web.http.language import LANGUAGES, language, said
from web.http.permissions import asker
from web.http.towns import own_town

blueprint = Blueprint("messages", __name__, url_prefix="/messages")

A_PAGE = 50
OF_RIGHT = {
    "emergency": "handle_events", "task": "handle_events", "returned": "handle_events or dispatch",
    "due_soon": "handle_events or dispatch", "late": "handle_events or dispatch",
    "plan_review": "review", "plan_returned": "plan", "import_ready": "load", "import_failed": "load",
}  # fmt: skip
"""Kinds that concern only who holds one of these rights; the others may concern anybody."""
STATE_WORDS = {
    "waiting": say("waiting to be sent"), "delivered": say("sent to you"), "failed": say("could not be sent"),
}  # fmt: skip


@blueprint.get("")
def show() -> str:
    """The asker's messages, the newest first."""
    page = page_asked()
    with reading() as session:
        place = own_town(session)
        count = inbox.how_many(session)
        rows = inbox.received(session, most=A_PAGE, skip=A_PAGE * (page - 1))
        unread = inbox.unread(session).count
    zone = zone_of(place)
    return render_template(
        "messages.html",
        rows=[(row, _sentence(row.told), local(row.told.at, zone)) for row in rows],
        unread=unread,
        page=page,
        pages=max(-(-count // A_PAGE), 1),
        channel_words=CHANNEL_WORDS,
        state_words=STATE_WORDS,
    )


@blueprint.get("/unread.json")
def unread() -> Response:
    """How much the asker has not read, and the newest emergency among it; for the header of open pages."""
    with reading() as session:
        found = inbox.unread(session)
    urgent = None
    if found.urgent is not None:
        urgent = {
            "id": found.urgent_delivery,
            "words": _sentence(found.urgent),
            "open": url_for("messages.open_one", delivery_id=found.urgent_delivery),
        }
    return jsonify(
        {"count": found.count, "newest": found.newest, "sound": found.sound, "urgent": urgent}
    )


@blueprint.get("/stream")
def stream() -> Response:
    """The news of an open page: ``told`` when the asker's messages changed, and those of `dispatch.stream`."""
    return case_stream()


@blueprint.post("/<int(max=9223372036854775807):delivery_id>")
def open_one(delivery_id: int) -> BaseResponse:
    """Note that the asker has read a message, and go to what it is about."""
    with writing() as session:
        told = inbox.one(session, delivery_id)
        if told is None:
            raise NotFound("There is no such message.")
        inbox.mark_read(session, [delivery_id])
    return redirect(f"{request.script_root}{told.path}", 303)


@blueprint.post("/read")
def read_all() -> BaseResponse:
    """Note that the asker has read all."""
    with writing() as session:
        done = inbox.mark_read(session)
    flash(gettext("%(n)s marked as read.", n=done))
    return redirect(url_for("messages.show"), 303)


@blueprint.get("/settings")
def settings() -> str:
    """What the asker wants to hear of, and how."""
    with reading() as session:
        own_town(session)
        wants, ways = persons.wants_of_mine(session), persons.ways(session)
        waits = persons.waiting_email(session)
    return _settings(wants, ways, waits)


@blueprint.post("/settings")
def keep() -> BaseResponse | tuple[str, int]:
    """Keep it."""
    with reading() as session:
        ways, waits = persons.ways(session), persons.waiting_email(session)
    shown = _channels(ways)
    wishes = {
        (kind, channel): f"{kind}.{channel}" in request.form
        for kind in _kinds()
        for channel in shown
        if (kind, channel) != ("emergency", "badge")
    }
    wants = Wants(
        email=_said("email"),
        address=_said("address"),
        language=request.form.get("language")
        if request.form.get("language") in LANGUAGES
        else None,
        sound="sound" in request.form,
        wishes=wishes,
    )
    try:
        wants = Wants(**{**vars(wants), "quiet_from": _hour("quiet_from"), "quiet_until": _hour("quiet_until")})  # fmt: skip
        with writing() as session:
            asked = persons.keep_mine(session, wants)
    except Invalid as exc:
        flash(said(exc), "error")
        return _settings(wants, ways, waits), 422
    flash(
        gettext("Kept. A code is sent to the address: write it here.")
        if asked
        else gettext("Kept.")
    )
    return redirect(url_for("messages.settings"), 303)


@blueprint.post("/settings/confirm")
def confirm() -> BaseResponse | tuple[str, int]:
    """Take the address over to which the code was sent; a wrong one is counted."""
    with writing() as session:
        refused = persons.confirm(session, request.form.get("code", ""))
        wants, ways = persons.wants_of_mine(session), persons.ways(session)
        waits = persons.waiting_email(session)
    if refused is not None:
        flash(said(refused), "error")
        return _settings(wants, ways, waits), 422
    flash(gettext("The address is confirmed: messages go there from now on."))
    return redirect(url_for("messages.settings"), 303)


def _settings(wants: Wants, ways: persons.Ways, waits: persons.WaitingEmail | None) -> str:
    return render_template(
        "messages-settings.html",
        wants=wants,
        ways=ways,
        waits=waits,
        kinds=_kinds(),
        kind_words=KIND_WORDS,
        channels=_channels(ways),
        channel_words=CHANNEL_WORDS,
    )


def _kinds() -> list[str]:
    """The kinds that may concern the asker."""
    held = asker().rights
    return [
        kind for kind in KIND_WORDS if kind not in ASKED_FOR
        and (kind not in OF_RIGHT or held.intersection(OF_RIGHT[kind].split(" or ")))
    ]  # fmt: skip


def _channels(ways: persons.Ways) -> list[str]:
    there = {"badge": True, "email": ways.email, "webhook": ways.webhook}
    return [channel for channel in CHANNELS if there[channel]]


def _said(name: str) -> str | None:
    return request.form.get(name, "").strip() or None


def _hour(name: str) -> time | None:
    said = _said(name)
    try:
        return None if said is None else time.fromisoformat(said).replace(tzinfo=None)
    except ValueError:
        raise Invalid("{value!r} is no time of day.", value=said) from None


def _sentence(told: ToldMessage) -> str:
    return told.sentence(language())
