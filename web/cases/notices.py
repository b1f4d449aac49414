"""``/notices``: calls of emergencies and reminders of old problems, until each level has taken note."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from gisgrid.cases import notices
from gisgrid.core.errors import Conflict
from web.cases.messages import level_words
from web.http.dates import local
from web.http.db import reading, writing
from web.http.language import said
from web.http.permissions import asker
from web.http.towns import own_town

blueprint = Blueprint("notices", __name__, url_prefix="/notices")


@blueprint.get("")
def show() -> str:
    """What waits for the asker, and what they see a level below has not taken note of."""
    with reading() as session:
        waiting = notices.waiting(session)
        below = notices.not_noted_below(session)
        own_town(session)
    return render_template(
        "notices.html",
        waiting=waiting,
        below=below,
        level_words=level_words(),
        local=local,
        times=lambda zone: lambda at: local(at, zone),
    )


@blueprint.post("/<int(max=9223372036854775807):notice_id>")
def seen(notice_id: int) -> Response:
    """Take note of one."""
    try:
        with writing() as session:
            notices.take_note(session, notice_id, by=asker().name, at=datetime.now(UTC))
    except Conflict as exc:
        flash(said(exc), "error")
    else:
        flash(gettext("Noted."))
    return redirect(url_for("notices.show"), 303)
