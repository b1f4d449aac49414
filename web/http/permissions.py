"""Who may ask for which route? The table, and the check before every request.

A route that does not stand here answers nobody; a test fails for it.
"""

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
from gisgrid.core.messages import Both
from gisgrid.core.roles import RIGHTS
from gisgrid.db.store import Actor
from web.http import identity

PUBLIC = "public"
"""The same for everyone; nobody is asked who they are."""
OPEN = "open"
"""For everyone, and more for who has logged in: the store decides."""
PERSON = "person"
"""For whoever has logged in at a browser; a token never manages its own account."""
PLANS = "plan or review"
"""For whoever draws plans and whoever reviews them."""
PLAN_FILES = "plan or review, export"
"""For whoever may see plans and take away as a file what they see."""
OVERSEERS = "administer or audit"
"""For whoever administers a township and whoever audits it."""
WEIGHERS = "administer, plan"
"""For whoever keeps the weights of work and may see what they do to a plan."""
JOBS = "administer or plan or review or load"
"""For whoever orders work of the worker, or keeps it; each sees their own kinds."""
HANDS = "handle_events or dispatch"
"""For whoever moves cases on."""
CHECKS = "check_register, unmask"
"""For who lets in what workers entered, and may open it."""
NOBODY = "nobody"
"""A way of a library that we do not offer."""

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

RIGHT_OF: dict[str, str] = {
    "accounts.add": "administer",
    "accounts.add_token": "administer",
    "accounts.appoint": "administer",
    "accounts.drop_factor": "administer",
    "accounts.end": "administer",
    "accounts.hand_out": "administer",
    "accounts.index": "administer",
    "accounts.make_several": "administer",
    "accounts.new": "administer",
    "accounts.one": "administer",
    "accounts.revoke_token": "administer",
    "accounts.several": "administer",
    "accounts.switch": "administer",
    "accounts.try_several": "administer",
    "api-docs.openapi_json": PUBLIC,
    "audit.index": "audit",
    "backups.drill": "administer",
    "backups.index": "administer",
    "bench.afresh": "plan",
    "bench.branch": "plan",
    "bench.bring_in": "plan",
    "bench.cancel": "plan",
    "bench.check": PLANS,
    "bench.compare": PLANS,
    "bench.edit": "plan",
    "bench.export": PLAN_FILES,
    "bench.handover": PLAN_FILES,
    "bench.index": PLANS,
    "bench.job": PLANS,
    "bench.lock": "plan",
    "bench.look": "plan",
    "bench.preview": "plan",
    "bench.publish": "plan",
    "bench.rebalance": "plan",
    "bench.report": PLANS,
    "bench.show": PLANS,
    "bench.step": PLANS,
    "bench.step_back": "plan",
    "bench.tidy": "plan",
    "bench.view": PLANS,
    "bench.withdraw": "plan",
    "calendar.day": "administer",
    "calendar.keep": "administer",
    "calendar.show": "administer",
    "cases.move": HANDS,
    "cases.mine": "see_events",
    "cases.open_words": "see_events",
    "cases.photo": "see_events",
    "cases.show": "see_events",
    "cases.step": HANDS,
    "channels.drop": "administer",
    "channels.keep": "administer",
    "channels.retry": "administer",
    "channels.show": OVERSEERS,
    "channels.try_out": "administer",
    "corrections.decide": "check_register",
    "corrections.index": "check_register",
    "corrections.open_values": CHECKS,
    "desk.grid": "see_register",
    "desk.handover": "see_register",
    "desk.house": "see_register",
    "desk.me": PERSON,
    "desk.my_grid": PERSON,
    "desk.registers": "see_register",
    "desk.open_house": "unmask",
    "dispatch.emergency": "dispatch",
    "dispatch.show": "see_events",
    "dispatch.steps": HANDS,
    "dispatch.stream": "see_events",
    "dispatch.switch_off": "dispatch",
    "dispatch.switch_on": "dispatch",
    "documents.all_documents": PERSON,
    "documents.all_drafts": "see_contacts",
    "documents.comment": "see_contacts",
    "documents.draft": "see_contacts",
    "documents.draft_file": "see_contacts",
    "documents.file": PERSON,
    "documents.has_read": PERSON,
    "documents.one": PERSON,
    "figures.rows": "see_events",
    "figures.show": "see_events",
    "duties.lacking": PLANS,
    "duties.not_verified": "see_register",
    "duties.readers": "see_contacts",
    "duties.to_visit": "see_visits",
    "duties.training": "see_contacts",
    "imports.away": "load",
    "imports.cancel": "load",
    "imports.check": "load",
    "imports.commit": "load",
    "imports.foresee": "load",
    "imports.foresee_run": "load",
    "imports.index": "load",
    "imports.look": "load",
    "imports.one": "load",
    "imports.refused": "load",
    "imports.state": "load",
    "imports.take": "load",
    "imports.undo": "load",
    "issuing.answer": "load",
    "issuing.draft": "load",
    "issuing.draft_file": "load",
    "issuing.index": "load",
    "issuing.issue": "load",
    "issuing.issue_draft": "load",
    "issuing.one": "load",
    "issuing.send_draft": "load",
    "jobs.again": JOBS,
    "jobs.index": JOBS,
    "jobs.stop": JOBS,
    "ledger.add": "handle_events",
    "ledger.look": "handle_events",
    "ledger.one": "see_events",
    "ledger.show": "see_events",
    "lookup.index": PUBLIC,
    "lookup.show": OPEN,
    "lookup.worker": PUBLIC,
    "maps.features": PUBLIC,
    "maps.show": OPEN,
    "maps.tile": OPEN,
    "matters.book": PERSON,
    "matters.burden": "see_events",
    "matters.compare": PERSON,
    "matters.rows": "see_events",
    "messages.keep": PERSON,
    "messages.open_one": PERSON,
    "messages.read_all": PERSON,
    "messages.settings": PERSON,
    "messages.show": PERSON,
    "messages.stream": PERSON,
    "messages.unread": PERSON,
    "notices.seen": "handle_events",
    "notices.show": "handle_events",
    "open311.create": "handle_events",
    "open311.definition": PUBLIC,
    "open311.discovery": PUBLIC,
    "open311.one_request": OPEN,
    "open311.requests": OPEN,
    "open311.services": PUBLIC,
    "open311.token": PUBLIC,
    "planning.body": "plan",
    "planning.standing": "plan",
    "register.ask": "keep_register",
    "register.changes": "check_register",
    "register.decide": "check_register",
    "register.enter": "keep_register",
    "register.open_changes": CHECKS,
    "report.answered": OPEN,
    "report.followed": OPEN,
    "report.near": OPEN,
    "report.send": OPEN,
    "report.show": OPEN,
    "report.thumbnail": "see_events",
    "security.change_password": PERSON,
    "security.login": OPEN,
    "security.logout": OPEN,
    "security.static": NOBODY,
    "security.tf_select": NOBODY,
    "security.two_factor_rescue": NOBODY,
    "security.two_factor_setup": OPEN,
    "security.two_factor_setup_validate": PERSON,
    "security.two_factor_token_validation": OPEN,
    "shell.components": "administer",
    "shell.display": PERSON,
    "shell.find": OPEN,
    "static": PUBLIC,
    "teams.add_staff": "load",
    "teams.index": "load",
    "teams.join": "load",
    "teams.lead": "load",
    "teams.leave": "load",
    "teams.one": "load",
    "telephone.new": "dispatch",
    "telephone.send": "dispatch",
    "today.show": OPEN,
    "township.change": "administer",
    "township.show": "administer",
    "towns.choose": OPEN,
    "towns.chosen": OPEN,
    "trainings.add": "load",
    "trainings.attend": "load",
    "trainings.index": "load",
    "trainings.note": "load",
    "trainings.one": "load",
    "trainings.profile": "load",
    "trainings.profiles": "load",
    "v1.all_plans": PUBLIC,
    "v1.cases": "see_events",
    "v1.counts": OPEN,
    "v1.event": "see_events",
    "v1.grid": OPEN,
    "v1.grids": OPEN,
    "v1.health": PUBLIC,
    "v1.house": "see_houses",
    "v1.leader": "see_contacts",
    "v1.locate": PUBLIC,
    "v1.locate_many": PUBLIC,
    "v1.search": OPEN,
    "v1.townships": PUBLIC,
    "weights.keep": "administer",
    "weights.show": "administer",
    "weights.try_out": WEIGHERS,
}


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
    app.context_processor(lambda: {"asker": asker()})


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
            "This needs the right {named} ({means}), which {name} does not have today.",
            named=Both(" or ".join(rights), "”或“".join(rights)),
            right=" or ".join(rights),
            means=[RIGHTS[right] for right in rights],
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
