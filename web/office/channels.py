"""``/office/channels``: by which mail server and gateway messages leave, whether they do, and what was given up."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.core.messages import say
from gisgrid.core.plans import TownshipInfo
from gisgrid.core.scope import scope
from gisgrid.core.settings import Settings
from gisgrid.outbox import channels, deliveries
from gisgrid.outbox.channels import SECURITY, Gateway, MailServer, templates
from gisgrid.outbox.words import CHANNEL_WORDS, KIND_WORDS
from gisgrid.people.privacy.audit import note
from web.http import lists
from web.http.dates import local
from web.http.db import reading
from web.http.keeping import keeping, page, refusing
from web.http.language import worded
from web.http.permissions import asked_as_workbook
from web.http.towns import town
from web.office import township_sheets as sheets
from web.office.township import administered

blueprint = Blueprint("channels", __name__, url_prefix="/office/channels")

CONFIGS = {"email": MailServer, "webhook": Gateway}
FROM_THE_TERMINAL = ("ca",)
"""Names a file of the server, which no page does."""
SECURITY_WORDS = {
    "starttls": say("STARTTLS (usual, port 587)"),
    "tls": say("TLS from the first byte (port 465)"),
    "none": say("none: inside the house alone, without a password"),
}
STATE_WORDS = {
    "waiting": say("waiting"), "delivered": say("delivered"), "failed": say("given up"), "read": say("read"),
    "muted": say("not wanted"),
}  # fmt: skip


@blueprint.get("")
def show() -> Response:
    """The channels of a township with how its messages stand."""
    with keeping(read_only=True) as session:
        return _shown(session)


@blueprint.post("/keep")
@refusing(lambda error: _again(error))
def keep() -> BaseResponse:
    """Set a channel up, change it, or switch it on and off; its secret stays where the field is empty."""
    form = request.form
    with keeping() as session:
        place = administered(session)
        name = _asked()
        said = {f.name: form[f.name].strip() for f in fields(CONFIGS[name]) if f.name in form}
        if "url" in said and not said["url"]:
            del said["url"]
        channels.keep_channel(
            session, name, {k: v for k, v in said.items() if k not in FROM_THE_TERMINAL},
            township_id=place.id, secret=form.get("secret") or None, active="active" in form, hosts=_hosts(),
        )  # fmt: skip
        note(session, "keep", "outbox_channel", place.id)
    flash(gettext("Kept. Try it: a message goes to you alone."), "info")
    return _back(place)


@blueprint.post("/try")
@refusing(lambda error: _again(error))
def try_out() -> BaseResponse:
    """Send one message to the asker by a channel."""
    with keeping() as session:
        place = administered(session)
        deliveries.try_channel(session, place.id, _asked())
    flash(gettext("It is on its way; how it went stands below in a moment."), "info")
    return _back(place)


@blueprint.post("/drop")
@refusing(lambda error: _again(error))
def drop() -> BaseResponse:
    """Take a channel away; what waits for it is given up."""
    with keeping() as session:
        place = administered(session)
        channels.drop_channel(session, _asked(), township_id=place.id)
        note(session, "drop", "outbox_channel", place.id)
    flash(gettext("The channel is gone."), "info")
    return _back(place)


@blueprint.post("/retry")
def retry() -> BaseResponse:
    """Have what was given up be tried again."""
    with keeping() as session:
        place = administered(session)
        found = deliveries.given_up(session, place.id, most=10_000)
        done = deliveries.retry(session, [each.id for each in found]) if found else 0
    flash(gettext("%(n)s messages are tried again.", n=done), "info")
    return _back(place)


def _asked() -> str:
    name = request.form.get("channel", "")
    if name not in CONFIGS:
        raise Invalid(
            "There is no channel {channel!r}; known: {known}.",
            channel=name[:40],
            known=list(CONFIGS),
        )
    return name


def _hosts() -> frozenset[str]:
    settings: Settings = current_app.config["SETTINGS"]
    return frozenset(
        each.strip().lower() for each in settings.channel_hosts.split(",") if each.strip()
    )


def _again(error: GisgridError) -> Response:
    with keeping(read_only=True) as session:
        return _shown(session, error=error)


def _back(place: TownshipInfo) -> BaseResponse:
    return redirect(url_for("channels.show", township=place.code), 303)


def _shown(session: Session, *, error: GisgridError | None = None) -> Response:
    place = town(session)
    if place.id not in scope(session, "audit").townships:
        place = administered(session)
    keeps = place.id in scope(session, "administer").townships
    own = {each.channel: each for each in channels.channels(session) if each.township == place.code}
    with reading() as other:
        everywhere = channels.of_installation(other)
    counts = deliveries.counts(session, place.id)
    if asked_as_workbook() and not error:
        words = (KIND_WORDS, CHANNEL_WORDS, STATE_WORDS)
        return lists.workbook(place, sheets.deliveries(counts, *words, place.time_zone))
    return page(
        "channels.html", error=error, typed=_typed(), town=place, keeps=keeps, own=own if keeps else {},
        told={name: _told(own.get(name)) for name in CONFIGS}, everywhere=everywhere, names=list(CONFIGS),
        hosts=sorted(_hosts()), counts=counts, lost=deliveries.given_up(session, place.id),
        channel_words=CHANNEL_WORDS, state_words=STATE_WORDS, kind_words=KIND_WORDS,
        securities=[(each, gettext(SECURITY_WORDS[each])) for each in SECURITY],
        patterns=[(each.name, worded(each)) for each in templates().values()],
        local=lambda at: local(at, place.time_zone),
    )  # fmt: skip


def _typed() -> dict[str, str]:
    """What was sent, without a secret: that is never shown again."""
    return {name: value for name, value in request.form.items() if name not in ("secret", "url")}


def _told(kept: channels.Channel | None) -> dict[str, Any]:
    """What the form shows of a channel: all but what may be a key."""
    if kept is None:
        return {
            "port": MailServer.port,
            "security": MailServer.security,
            "template": Gateway.template,
        }
    told = asdict(kept.config)
    if isinstance(kept.config, Gateway):
        told["url"], told["shown"] = "", kept.config.shown
    return told
