"""``/open-problems``: problems that cannot be solved now, who watches over each, and when it is looked at again."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.cases import open_problems
from gisgrid.cases.cases import case_now
from gisgrid.core.errors import GisgridError, Invalid, NotAllowed, NotFound
from gisgrid.core.plans import TownshipInfo
from gisgrid.planning.snapshot.fetch import today
from web.cases import sheets
from web.http import lists
from web.http.dates import day_of
from web.http.db import reading, writing
from web.http.errors import problem_of
from web.http.keeping import refusing
from web.http.permissions import asked_as_workbook, asker
from web.http.towns import town

blueprint = Blueprint("open_problems", __name__, url_prefix="/open-problems")

SOON = timedelta(days=14)
NEXT = timedelta(days=90)
"""When to look again, where the form does not say."""


@blueprint.get("")
def show() -> Response:
    """The problems as far as the asker sees them, those to be looked at first; ``?solved=1``: all."""
    return _list()


@blueprint.post("")
@refusing(lambda refused: _list(refused))
def add() -> BaseResponse:
    """Enter a problem."""
    form = request.form
    with writing() as session:
        place = town(session)
        problem = open_problems.add_problem(
            session, place.id, code=_said("code", 40), title=_said("title", 400),
            supervisor=_said("supervisor", 80), opened_on=today(place),
            review_on=_day("review_on"), case_id=_case(session, place),
            community_id=form.get("community", None, int),
        )  # fmt: skip
    flash(gettext("The problem stands in the list."))
    return redirect(url_for("open_problems.one", code=problem.code, township=place.code), 303)


@blueprint.get("/<path:code>")
def one(code: str) -> Response:
    """A problem with all looks at it."""
    return _one(code)


@blueprint.post("/<path:code>")
@refusing(lambda refused, code: _one(code, refused))
def look(code: str) -> BaseResponse:
    """Note today's look at a problem: when the next is, or that it is solved."""
    with writing() as session:
        place = town(session)
        problem = open_problems.problem_of(session, place.id, code)
        if not open_problems.may_look(session, problem, place.id):
            raise NotAllowed("It is solved, or not yours.")
        solved = request.form.get("solved") == "1"
        open_problems.review(
            session, problem.id, on=today(place), by=asker().name, finding=_said("finding", 4000),
            next_on=None if solved else _day("next_on"),
        )  # fmt: skip
    flash(gettext("Solved.") if solved else gettext("The look at it is noted."))
    return redirect(url_for("open_problems.one", code=code, township=place.code), 303)


def _list(refused: GisgridError | None = None) -> Response:
    everything = request.args.get("solved") == "1"
    with reading() as session:
        place = town(session)
        problems = open_problems.problems(session, place.id, solved=everything)
        keeps = open_problems.keeps(session, place.id)
    if asked_as_workbook() and refused is None:
        return lists.workbook(place, sheets.problems(problems))
    day = today(place)
    return _page(
        "open-problems.html",
        place,
        refused,
        problems=problems,
        everything=everything,
        keeps=keeps,
        overdue=sum(p.review_on is not None and p.review_on <= day for p in problems),
        usual=day + NEXT,
    )


def _one(code: str, refused: GisgridError | None = None) -> Response:
    with reading() as session:
        place = town(session)
        problem = open_problems.problem_of(session, place.id, code)
        reviews = open_problems.reviews_of(session, problem.id)
        may = open_problems.may_look(session, problem, place.id)
        reached = bool(open_problems.supervisors(session, problem.id, problem.supervisor))
    return _page(
        "open-problem.html",
        place,
        refused,
        problem=problem,
        reviews=reviews,
        may=may,
        reached=reached,
        usual=today(place) + NEXT,
    )


def _page(
    template: str, place: TownshipInfo, refused: GisgridError | None, **more: object
) -> Response:
    problem = problem_of(refused) if refused else None
    html = render_template(
        template,
        place=place,
        today=today(place),
        colour_of=lambda each: _colour(each, today(place)),
        said=problem and problem.detail,
        typed=request.form if refused else {},
        **more,
    )
    status = problem.status if problem else 200
    return Response(html, status, headers={"Cache-Control": "private, no-store"})


def _colour(problem: open_problems.OpenProblemCard, day: date) -> str:
    if problem.review_on is None:
        return "met"
    if problem.review_on <= day:
        return "red"
    return "yellow" if problem.review_on <= day + SOON else "green"


def _case(session: Session, place: TownshipInfo) -> int | None:
    number = request.form.get("case", "").strip()
    if not number:
        return None
    if not number.isdecimal() or len(number) > 18:
        raise Invalid("A case is named by its number.")
    now = case_now(session, int(number))
    if now.township_id != place.id:
        raise NotFound("There is no such case.")
    return now.id


def _said(name: str, most: int) -> str:
    return request.form.get(name, "").strip()[:most]


def _day(name: str) -> date:
    found = day_of(request.form.get(name), name)
    if found is None:
        raise Invalid("Say on which day to look again.")
    return found
