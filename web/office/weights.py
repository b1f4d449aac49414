"""``/office/township/weights``: how many minutes things cost, in versions; what another version would do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.balance.weights import Weights
from gisgrid.core import plans
from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.core.messages import say
from gisgrid.core.scope import scope
from gisgrid.planning.snapshot.fetch import plan_state, today
from gisgrid.planning.workload.weighing import add_weights, versions_of, weights_of
from gisgrid.planning.workload.weights_change import WeightsChange, weights_change
from web.editor.store import planning
from web.http.dates import local
from web.http.keeping import keeping, page, refusing
from web.http.towns import town
from web.office.township import administered
from web.shell.words import TEAM_WORDS

blueprint = Blueprint("weights", __name__, url_prefix="/office/township/weights")
_shown_again = refusing(lambda session, error: _shown(session, error=error), reads=True)

KEY_WORDS = {
    "living_alone": say("living alone"),
    "disabled": say("disabled"),
    "child_alone": say("child left alone"),
    "chronic_illness": say("chronic illness"),
    "low_income": say("low income"),
    **TEAM_WORDS,
}
_LINE = re.compile(r"\s*(\S+?)\s*[=:：]\s*(\d{1,9}(?:\.\d{1,9})?)\s*")


@dataclass(frozen=True)
class WeightField:
    """One number of the weights, as the form has it."""

    name: str
    """``walk_m_per_min``, or ``need_min.disabled``."""
    help: str
    key: str
    """Of what within it; empty: it is one number."""
    value: str
    usual: str


@blueprint.get("")
def show() -> Response:
    """The versions, and the numbers of the newest to begin another with."""
    with keeping(read_only=True) as session:
        return _shown(session)


@blueprint.post("/try")
def try_out() -> Response:
    """What the numbers of the form would do to each grid, for who may see the plan's numbers."""
    try:
        wanted = _sent("?")
        with planning(read_only=True) as session:
            place = town(session)
            plan = plans.plan_in_force(session, place.id)
            state = plan_state(session, place, plan, today(place))
            change = weights_change(state, weights_of(session, place.id), wanted)
    except GisgridError as error:
        with keeping(read_only=True) as session:
            return _shown(session, error=error)
    with keeping(read_only=True) as session:
        return _shown(session, change=change)


@blueprint.post("")
@_shown_again
def keep() -> BaseResponse:
    """Keep the numbers of the form as a version, which never changes."""
    with keeping() as session:
        place = administered(session)
        version = request.form.get("version", "").strip()
        if not version:
            raise Invalid("Give the version a name.")
        add_weights(session, place.id, _sent(version))
    flash(gettext("The version is kept; plans made from now on are weighed with it."), "info")
    return redirect(url_for("weights.show", township=place.code), 303)


def _sent(version: str) -> Weights:
    """The weights of the form; Invalid: something is no number, or no weight may be so."""
    form = request.form
    stored: dict[str, object] = {}
    for each in _fields(Weights()):
        written = form.get(each.name, "").strip()
        if not written:
            continue
        try:
            number = float(written)
        except ValueError:
            raise Invalid(
                "The weight {name} cannot be {value!r}.", name=each.name, value=written[:40]
            ) from None
        name, _, key = each.name.partition(".")
        if key:
            of = stored.setdefault(name, {})
            assert isinstance(of, dict)  # noqa: S101 - narrows the type
            of[key] = number
        else:
            stored[name] = number
    lines = [line for line in form.get("matter_min", "").splitlines() if line.strip()]
    found = [_LINE.fullmatch(line) for line in lines]
    if None in found:
        raise Invalid("Write a line for each matter: its code, =, minutes.")
    codes = [match[1] for match in found if match]
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise Invalid("These matters stand there twice: {codes}.", codes=twice)
    stored["matter_min"] = {match[1]: float(match[2]) for match in found if match}
    return Weights.of(version, stored)


def _fields(weights: Weights) -> list[WeightField]:
    usual, found = Weights(), []
    for f in fields(Weights):
        now, before = getattr(weights, f.name), getattr(usual, f.name)
        if f.name in ("version", "matter_min"):
            continue
        if isinstance(now, Mapping):
            found += [
                WeightField(f"{f.name}.{key}", f.metadata["help"], key, f"{now[key]:g}", f"{before[key]:g}")
                for key in before
            ]  # fmt: skip
        else:
            found.append(WeightField(f.name, f.metadata["help"], "", f"{now:g}", f"{before:g}"))
    return found


def _shown(
    session: Session, *, change: WeightsChange | None = None, error: GisgridError | None = None
) -> Response:
    place = administered(session)
    versions = versions_of(session, place.id)
    newest = weights_of(session, place.id)
    typed = request.form.to_dict()
    return page(
        "weights.html", error=error, town=place, versions=versions, newest=newest, fields=_fields(newest), change=change,
        sent=typed, matters=typed.get("matter_min") or "\n".join(f"{k}={v:g}" for k, v in newest.matter_min.items()),
        planner=place.id in scope(session, "plan").townships, differing=_differing, key_words=KEY_WORDS,
        local=lambda moment: local(moment, place.time_zone),
    )  # fmt: skip


def _differing(weights: Weights) -> str:
    usual = Weights()
    return ", ".join(
        f"{f.name}={getattr(weights, f.name):g}"
        if isinstance(getattr(weights, f.name), float)
        else f.name
        for f in fields(Weights)
        if f.name != "version" and getattr(weights, f.name) != getattr(usual, f.name)
    )
