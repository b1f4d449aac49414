"""The worker's page: which grid am I in, which grid is this address in; also without a connection."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from urllib.parse import urlencode

from flask import Blueprint, Response, json, render_template, request, url_for
from flask_babel import gettext

from gisgrid.locate.packed import pack, version_of
from gisgrid.locate.point_lookup import Snapshot
from web.http.db import reading
from web.http.language import language
from web.http.modules import modules
from web.http.responses import asset
from web.http.towns import name_towns, same_names, several_towns, town, town_name
from web.lookup.locate import in_force
from web.lookup.snapshots import snapshots

SCRIPT = "lookup.js"
STYLES = ("css/lookup.css",)
FRAME = ("css/tokens.css", "css/shell.css", "icon.svg")
FRAME_SCRIPT = "shell.js"
"""What every page loads; kept with this one."""

blueprint = Blueprint("lookup", __name__)


@blueprint.get("/lookup")
def show() -> Response:
    """One field, two buttons, one answer."""
    snapshot = _snapshot()
    place = snapshot.place
    html = render_template(
        "lookup.html",
        town=town_name(place),
        script=SCRIPT,
        styles=STYLES,
        ui={
            "township": place.code,
            "several": several_towns(),
            "same_names": same_names(),
            "api": f"{request.script_root}/api/v1/locate",
            "leader": f"{request.script_root}/api/v1/grids",
            "me": url_for("home.me"),
            "index": url_for("lookup.index", township=place.code),
            "worker": url_for("lookup.worker", township=place.code if several_towns() else None),
            "page": f"{request.script_root}/lookup",
            "language": language(),
            "words": words(),
        },
    )
    return Response(html, headers={"Cache-Control": "private, no-cache"})


@blueprint.get("/lookup/index.bin")
def index() -> Response:
    """The packed index of a township; an empty 204 for who has this version already.

    With ``later`` that of the plan that waits, for a phone that has no connection on its first day;
    nothing where none waits.
    """
    snapshot: Snapshot | None = _snapshot()
    if "later" in request.args:
        snapshot = snapshots().later(snapshot.place.id) if snapshot else None
    if snapshot is None:
        return Response(status=200, headers={"Cache-Control": "no-store"})
    if request.args.get("have") == version_of(snapshot):
        return Response(status=204, headers={"Cache-Control": "no-store"})
    body = pack(snapshot, taken_at=datetime.now(UTC))
    return Response(
        body, content_type="application/octet-stream", headers={"Cache-Control": "no-store"}
    )


@blueprint.get("/lookup-worker.js")
def worker() -> Response:
    """The service worker: keeps the page for when there is no connection.

    At the root, for a worker may keep only what lies below it. With ``township`` it keeps that one's page.
    """
    code = request.args.get("township")
    # The page is kept without cookies, so its address says what they would.
    home = "?" + urlencode({"lang": language(), **({"township": code} if code else {})})
    files = [*modules(SCRIPT, FRAME_SCRIPT), *(asset(name) for name in (*STYLES, *FRAME))]
    digest = hashlib.sha256(json.dumps(files).encode()).hexdigest()[:12]
    script = render_template(
        "lookup-worker.js",
        files=files,
        digest=digest,
        page=f"{request.script_root}/lookup",
        static=f"{request.script_root}/static/",
        home=home,
    )
    return Response(
        script, content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"}
    )


def words() -> dict[str, str]:
    """What the page's script writes."""
    return {
        "grid": gettext("Grid"),
        "code": gettext("Code"),
        "community": gettext("Community"),
        "township": gettext("Township"),
        "leader": gettext("Grid leader"),
        "nobody": gettext("none appointed"),
        "over": gettext("Exclusive grid above it"),
        "border": gettext("{m} m from the border"),
        "other": gettext("{m} m from the border; it may also be: {grid} ({leader})"),
        "check": gettext("Close to the border: please check on the spot."),
        "unsure": gettext("This position is only sure to about {m} m."),
        "address": gettext("Address"),
        "other_map": gettext(
            "Is it that? If they come from a Chinese web map, choose it below and ask again."
        ),
        "sure": gettext("confidence {percent}%"),
        "nearest": gettext("Nearest registered address: {address}, {m} m away"),
        "plan": gettext("Plan"),
        "since": gettext("since {day}"),
        "offline": gettext("Answered without a connection."),
        "data_of": gettext("Data of {time}"),
        "no_data": gettext("No data is kept on this phone yet."),
        "ended": gettext("The plan kept on this phone was in force until {day}."),
        "outside": gettext("No grid covers this place. The nearest is {grid}, {m} m away."),
        "no_address": gettext(
            "Without a connection no address can be looked for; use “Where am I”."
        ),
        "no_server": gettext("There is no connection, and no data is kept on this phone yet."),
        "empty": gettext("Write an address first."),
        "waiting": gettext("One moment …"),
        "position": gettext("Looking for your position …"),
        "refused": gettext("The phone does not give its position. Allow it, or write an address."),
        "insecure": gettext("This phone gives its position to secure (https) pages only."),
        "no_position": gettext("No position was found. Go into the open, or write an address."),
        "choose": gettext("Which one is meant?"),
        "no_grid": gettext("in no grid"),
        "call": gettext("Telephone of the grid leader"),
        "no_phone": gettext("No telephone is kept for {leader}."),
        "log_in": gettext("Log in to see it"),
        "send": gettext("Send this answer"),
        "copied": gettext("Copied: paste it into a message."),
        "map": gettext("Map: the spot in {grid}"),
        "this_grid": gettext("border of this grid"),
        "other_grids": gettext("other grids"),
        "spot": gettext("the spot"),
    }


def _snapshot() -> Snapshot:
    """The plan in force of the township that is meant; of the only one without asking the store."""
    code = request.args.get("township")
    if not code and len(snapshots().places()) > 1:
        with reading() as session:
            code = town(session).code
    place = in_force(code or None)[0].snapshot
    name_towns(snapshots().places(), place.place)
    return place
