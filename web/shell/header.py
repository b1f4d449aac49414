"""The one header of all pages: township, rooms, search, language, size of the text, account."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Flask, current_app, redirect, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.people.posts import keep_display
from web.http.db import writing
from web.http.permissions import asker
from web.http.towns import A_YEAR_S
from web.shell.rooms import entered, rooms

SIZES = ("0", "1", "2")
"""Steps of the text's size: usual, larger, largest."""
DENSITIES = ("auto", "desk", "elder")
"""How close a page is set: as the device suggests, for a desk, for old eyes and hands."""
SIZE_COOKIE, DENSITY_COOKIE = "text_size", "density"

blueprint = Blueprint("shell", __name__)


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(shell=Shell, same_page=same_page)
    app.register_blueprint(blueprint)


class Shell:
    """What the header shows of the request at hand; reads nothing from the store."""

    def __init__(self) -> None:
        self.rooms = rooms()
        self.room = entered(self.rooms)
        who = asker()
        kept = "" if who.text_size is None else str(who.text_size)
        self.size = _chosen(SIZE_COOKIE, SIZES) or kept
        self.density = _chosen(DENSITY_COOKIE, DENSITIES) or who.density or ""


@blueprint.post("/display")
def display() -> BaseResponse:
    """Keep how somebody wants the pages set: in the account, and on the device at hand."""
    size = request.form.get(SIZE_COOKIE)
    density = request.form.get(DENSITY_COOKIE)
    with writing() as session:
        keep_display(
            session,
            text_size=int(size) if size in SIZES else None,
            density=density if density in DENSITIES else None,
        )
    answer = redirect(url_for("home.me"), 303)
    for name, allowed in ((SIZE_COOKIE, SIZES), (DENSITY_COOKIE, DENSITIES)):
        if (said := request.form.get(name)) in allowed:
            answer.set_cookie(name, said, max_age=A_YEAR_S, samesite="Lax")
    return answer


def same_page(**changed: str) -> str:
    """The address of the page at hand with other parameters; of the start where it was a form that was sent."""
    path = request.path
    if request.method not in ("GET", "HEAD"):
        adapter = current_app.create_url_adapter(request)
        try:
            if adapter is None:
                return "/"
            adapter.match(path, method="GET")
        except HTTPException:
            path = request.script_root or ""
            return f"{path}/?{urlencode(changed)}"
    else:
        changed = {**request.args.to_dict(), **changed}
    return f"{request.script_root}{path}?{urlencode(changed)}"


def _chosen(cookie: str, allowed: tuple[str, ...]) -> str:
    said = request.cookies.get(cookie)
    return said if said in allowed else ""
