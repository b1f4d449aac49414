"""Who may ask for which route? The check before every request, by the table of `web.http.routes`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from flask import (
    Flask,
    Response,
    current_app,
    g,
    make_response,
    redirect,
    request,
    url_for,
)
from flask_login import current_user
from flask_wtf import CSRFProtect
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import NotAllowed, NotKnown
from gisgrid.core.messages import any_of, message
from gisgrid.core.rights import RIGHT_WORDS
from gisgrid.db.store import Actor
from web.http import identity
from web.http.routes import NOBODY, OPEN, PERSON, PUBLIC, RIGHT_OF

KEYED = ("open311",)
"""Blueprints for programs alone: a key says who asks, a session never does."""

OWN_FILES = (
    "documents.draft_file", "documents.file", "imports.refused", "issuing.draft_file", "v1.locate_many",
)  # fmt: skip
"""Routes whose files take nothing away: what was handed out to read or to comment on, one's own list with answers, and the
refused rows of one's own file."""

FIRST_STEPS = frozenset(
    {"security.change_password", "security.logout", "security.login", "shell.display"}
    | {
        "security.two_factor_setup",
        "security.two_factor_setup_validate",
        "security.two_factor_token_validation",
    }
)
"""Ways that are open before a password that was handed out is changed."""


@dataclass(frozen=True)
class Asker:
    """Who asks: an account with what it may today, or the public."""

    account_id: int | None = None
    name: str = ""
    display_name: str = ""
    rights: frozenset[str] = frozenset()
    key: str = ""
    """Of what may be seen, see ``gisgrid.people.login.RightsToday``."""
    text_size: int | None = None
    density: str | None = None
    """How the account wants the pages set; None: as the device has it."""
    scopes: frozenset[str] | None = None
    """Of the token that was presented; None: a person at a browser."""
    password_once: bool = False
    """The password was handed out on paper, and is to be changed before anything else."""

    def __bool__(self) -> bool:
        return self.account_id is not None


THE_PUBLIC = Asker()


def init_app(app: Flask) -> None:
    app.before_request(check)
    app.after_request(keep_nothing)
    app.after_request(hold_files)
    app.context_processor(lambda: {"asker": asker(), "may_ask": may_ask})


def check() -> BaseResponse | None:
    """Let the request through, or say why not."""
    if request.endpoint is None:
        # There is no such address, which is told elsewhere, on a page that knows who asks.
        with suppress(NotKnown):
            g.asker = _who()
        return None
    right = RIGHT_OF.get(request.endpoint, NOBODY)
    if right == NOBODY:
        raise NotFound
    if right == PUBLIC:
        return None
    g.asker = _who()
    g.actor = Actor(g.asker.account_id, None, request.remote_addr, g.asker.scopes)
    keyed = request.blueprint in KEYED
    if g.asker.scopes is None and not keyed and request.method not in ("GET", "HEAD", "OPTIONS"):
        cast(CSRFProtect, current_app.extensions["csrf"]).protect()
    if g.asker.scopes is not None and (
        right == PERSON or request.blueprint in ("security", "accounts")
    ):
        raise NotAllowed("A token opens data, not the account: log in with the password for this.")
    if g.asker.password_once and g.asker.scopes is None and request.endpoint not in FIRST_STEPS:
        if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            return redirect(url_for("security.change_password"))
        raise NotAllowed("First choose a password of your own: this one was handed out.")
    if right == OPEN:
        return None
    if not g.asker and request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
        return redirect(url_for("security.login", next=request.full_path.rstrip("?")))
    need(right)
    if asked_as_workbook():
        need("export")
    return None


def asked_as_workbook() -> bool:
    """Whether the list of a page is asked for as a file; see `web.http.lists`."""
    return request.args.get("as") == "xlsx"


def keep_nothing(response: Response) -> Response:
    """What a person gets is kept nowhere, unless the view says otherwise."""
    if (asker() or g.get("asker_of_public")) and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "private, no-store"
    return response


def hold_files(response: Response) -> Response:
    """No answer is a file for who may not take one away, whatever its route asked for."""
    kind = response.headers.get("Content-Disposition", "")
    if kind.startswith("attachment") and request.endpoint not in OWN_FILES:
        try:
            need("export")
        except (NotKnown, NotAllowed) as refused:
            return make_response(current_app.handle_user_exception(refused))
    return response


def asker() -> Asker:
    """Who asks; on public ways always the public."""
    return cast(Asker, g.get("asker", THE_PUBLIC))


def known_asker() -> Asker:
    """Who asks, on public ways too: there for no more than which township is meant."""
    if "asker" not in g and "asker_of_public" not in g:
        try:
            g.asker_of_public = _who()
        except NotKnown:
            g.asker_of_public = THE_PUBLIC
    return asker() or cast(Asker, g.get("asker_of_public", THE_PUBLIC))


def need(right: str) -> None:
    """Refuse who lacks a right altogether; where it holds, the store decides.

    Parameters
    ----------
    right
        Names of rights: one of those with ``or`` between them, of each part between commas.

    Raises
    ------
    NotKnown
        Nobody has logged in.
    NotAllowed
        Somebody has, without this right.
    """
    who = asker()
    if not who:
        raise NotKnown("Log in first, or present a token.")
    if right == PERSON:
        return
    if (rights := _lacking(right, who.rights)) is not None:
        raise NotAllowed(
            "This needs the right “{named}”, which {name} does not have today. Whoever keeps accounts can give it.",
            named=any_of([message(RIGHT_WORDS[each]) for each in rights]),
            right=" or ".join(rights),
            name=who.name,
        )


def may_ask(endpoint: str) -> bool:
    """Whether the table of routes lets the asker through to a route; what the store shows is its own say."""
    right = RIGHT_OF.get(endpoint, NOBODY)
    if right in (PUBLIC, OPEN):
        return True
    who = asker()
    return (
        right != NOBODY and bool(who) and (right == PERSON or _lacking(right, who.rights) is None)
    )


def _lacking(right: str, held: frozenset[str]) -> list[str] | None:
    """The first group of rights of which none is held; None: all are satisfied."""
    groups = (part.split(" or ") for part in right.split(", "))
    return next((group for group in groups if not held.intersection(group)), None)


def _who() -> Asker:
    if request.blueprint in KEYED:
        key = request.values.get("api_key") or identity.presented(request)
        return THE_PUBLIC if key is None else _asker(identity.accounts().bearer(key))
    # Without a cookie and a token nothing is read, and nothing is asked of the store.
    if identity.COOKIE not in request.cookies and "Authorization" not in request.headers:
        return THE_PUBLIC
    return _asker(current_user._get_current_object())


def _asker(person: object) -> Asker:
    if not isinstance(person, identity.SignedIn):
        return THE_PUBLIC
    known = identity.accounts().standing(person)
    return Asker(
        person.id, person.name, person.display_name, known.rights, known.key,
        person.text_size, person.density, g.get("scopes"), person.password_once,
    )  # fmt: skip
