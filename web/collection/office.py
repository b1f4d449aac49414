"""``/office/collections``: an office makes a collection task, asks, publishes, sees how far it is, and ends it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, flash, redirect, request
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.collection import answers, completeness, progress, tasks, xlsform
from gisgrid.collection.fields import FIELD_WORDS, purpose_list, purposes
from gisgrid.collection.questions import KIND_WORDS, MOST_QUESTIONS, NewQuestion, read_limit
from gisgrid.collection.tasks import STATE_WORDS, TaskDraft, TaskInfo
from gisgrid.core import plans
from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.core.plans import TownshipInfo
from gisgrid.planning.snapshot.fetch import today
from gisgrid.register.households import purposes as declared_purposes
from layers import completeness as layer
from web.collection import words
from web.collection.grid_map import grid_map
from web.http import lists
from web.http.acting import purpose_sent
from web.http.dates import day_of, local
from web.http.db import opening, reading
from web.http.keeping import keeping, page
from web.http.language import language
from web.http.permissions import asked_as_workbook, asker, may_ask
from web.http.responses import nonce
from web.http.towns import link_for, town, town_of

blueprint = Blueprint("collections", __name__, url_prefix="/office/collections")

TONES = {"draft": "warn", "open": "good", "ended": ""}
PORTION = 200
"""Houses of a page of answers."""


@blueprint.get("")
def index() -> Response:
    """The tasks of a township, and the form of another for who makes them."""
    with reading() as session:
        if not asked_as_workbook():
            return _index(session)
        place = town(session)
        found = tasks.tasks(session, place.id, counted=True)
    return lists.workbook(place, words.tasks_sheet(found, STATE_WORDS))


@blueprint.post("")
def add() -> BaseResponse:
    """Write a task down as a draft; on to its page, where it is asked and published."""
    try:
        with keeping() as session:
            place = town(session)
            number = tasks.draft(session, place.id, _draft(), today(place))
    except GisgridError as error:
        with reading() as session:
            return _index(session, error)
    flash(gettext("The task is written down. Add questions, then publish it."), "info")
    return redirect(link_for("collections.one", number=number), 303)


@blueprint.get("/<int:number>")
def one(number: int) -> Response:
    """A draft with its questions; of a published task how far it is."""
    with reading() as session:
        if not asked_as_workbook():
            return _one(session, number)
        task = tasks.one(session, number)
        place = town_of(session, task.township_id)
        found = progress.task_by_grid(session, task)
        workers = completeness.who_is_to_go(session, place.id, today(place))
    return lists.workbook(place, words.progress_sheet(task, found, workers))


@blueprint.post("/<int:number>/questions")
def ask(number: int) -> BaseResponse:
    """Add a question to a draft."""
    return _done(
        number,
        lambda session: tasks.ask(session, number, _question()),
        gettext("The question is added."),
    )


@blueprint.post("/<int:number>/questions/<int:question>/drop")
def drop(number: int, question: int) -> BaseResponse:
    """Take a question out of a draft."""
    return _done(
        number,
        lambda session: tasks.drop(session, number, question),
        gettext("The question is gone."),
    )


@blueprint.post("/<int:number>/publish")
def publish(number: int) -> BaseResponse:
    """Open a draft; those who are to go are told."""

    def published(session: Session) -> None:
        place = town_of(session, tasks.one(session, number).township_id)
        tasks.publish(session, number, today(place), seen=_seen())

    return _done(number, published, gettext("The task is published; those who are to go are told."))


@blueprint.post("/<int:number>/end")
def end(number: int) -> BaseResponse:
    """End an open task."""
    return _done(
        number,
        lambda session: tasks.end(session, number, seen=_seen()),
        gettext("The task is over."),
    )


@blueprint.post("/<int:number>/discard")
def discard(number: int) -> BaseResponse:
    """Throw a draft away; back to the tasks of its township."""

    def thrown(session: Session) -> None:
        town_of(session, tasks.one(session, number).township_id)
        tasks.discard(session, number)

    answer = _done(number, thrown, gettext("The draft is gone."))
    if answer.status_code == 303:
        answer.headers["Location"] = link_for("collections.index")
    return answer


@blueprint.get("/<int:number>/form.xlsx")
def form_out(number: int) -> Response:
    """What a task asks as an XLSForm."""
    with reading() as session:
        task = tasks.one(session, number)
        town_of(session, task.township_id)
    fields = "、".join(words.field_word(name) for name in task.fields)
    with tempfile.TemporaryDirectory(prefix="gisgrid-") as folder:
        path = Path(folder) / f"collection-{number}.xlsx"
        xlsform.write(
            task, path, house_words=gettext("House code"),
            fields_words=gettext("Kept in the register itself: %(names)s", names=fields) if fields else "",
        )  # fmt: skip
        answer = Response(path.read_bytes(), mimetype=lists.XLSX)
    answer.headers["Content-Disposition"] = f"attachment; filename=collection-{number}.xlsx"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@blueprint.post("/<int:number>/form")
def form_in(number: int) -> BaseResponse:
    """Take the questions of an XLSForm in the place of those of a draft."""
    try:
        questions = _form_sent()
    except GisgridError as error:
        with reading() as session:
            return _one(session, number, error)
    return _done(
        number,
        lambda session: tasks.replace_questions(session, number, questions),
        gettext("The questions of the form stand here now."),
    )


@blueprint.get("/<int:number>/answers")
def given(number: int) -> Response:
    """Where and when a task was answered, and by whom; what was said is masked."""
    with reading() as session:
        if not asked_as_workbook():
            return _answers(session, number)
        task = tasks.one(session, number)
        place = town_of(session, task.township_id)
        found = answers.given(session, number)
    return lists.workbook(place, words.answers_sheet(task, found, place.time_zone, opened=False))


@blueprint.post("/<int:number>/answers")
def open_given(number: int) -> Response:
    """The same with what was said, for a purpose, on the page or as a file; the audit says so."""
    purpose = purpose_sent()
    with opening(purpose) as session:
        if not asked_as_workbook():
            return _answers(session, number, purpose=purpose)
        task = tasks.one(session, number)
        place = town_of(session, task.township_id)
        found = answers.opened(session, answers.given(session, number))
    return lists.workbook(place, words.answers_sheet(task, found, place.time_zone, opened=True))


def _done(number: int, act: Callable[[Session], Any], said: str) -> BaseResponse:
    try:
        with keeping() as session:
            act(session)
    except GisgridError as error:
        with reading() as session:
            return _one(session, number, error)
    flash(said, "info")
    return redirect(link_for("collections.one", number=number), 303)


def _draft() -> TaskDraft:
    """What the form says; Invalid for what is no day."""
    form = request.form
    due_on = day_of(form.get("due_on"), "due_on")
    if due_on is None:
        raise Invalid("Say by which day it is to be done.")
    return TaskDraft(
        title=form.get("title", "").strip(),
        purpose=form.get("purpose", ""),
        due_on=due_on,
        fields=tuple(form.getlist("fields")),
        grids=tuple(form.getlist("grids")),
        houses=tuple(line.strip() for line in form.get("houses", "").splitlines() if line.strip()),
    )


def _question() -> NewQuestion:
    form = request.form
    return NewQuestion(
        label=form.get("label", "").strip(),
        kind=form.get("kind", ""),
        required="required" in form,
        hint=form.get("hint", "").strip() or None,
        choices=tuple(
            line.strip() for line in form.get("choices", "").splitlines() if line.strip()
        ),
        least=read_limit(form.get("least", "")),
        most=read_limit(form.get("most", "")),
    )


def _form_sent() -> list[NewQuestion]:
    file = request.files.get("form")
    if file is None or not file.filename:
        raise Invalid("Choose a file first.")
    data = file.stream.read(xlsform.MOST_BYTES + 1)
    if len(data) > xlsform.MOST_BYTES:
        raise Invalid("An XLSForm has at most {most} MB.", most=xlsform.MOST_BYTES >> 20)
    with tempfile.TemporaryDirectory(prefix="gisgrid-") as folder:
        path = Path(folder) / "form.xlsx"
        path.write_bytes(data)
        return xlsform.read(path)


def _seen() -> int:
    seen = request.form.get("seen", "")
    return int(seen) if seen.isdecimal() and len(seen) < 9 else 0


def _index(session: Session, error: GisgridError | None = None) -> Response:
    place = town(session)
    form = request.form
    found = tasks.tasks(session, place.id, counted=True)
    ended = [each for each in found if each.state == "ended"]
    return page(
        "collections.html",
        error=error,
        typed=form.to_dict(),
        ticked={name: form.getlist(name) if error else [] for name in ("fields", "grids")},
        place=place,
        found=found,
        left=progress.left_of(session, place.id, ended) if may_ask("completeness.show") else {},
        states=STATE_WORDS,
        tones=TONES,
        maker=may_ask("collections.add"),
        grids=tasks.grids_to_choose(session, place.id),
        purposes=_purposes(session),
        fields=[(name, words.field_word(name)) for name in FIELD_WORDS],
        english=language() == "en",
        day=today(place),
        local=lambda at: local(at, place.time_zone),
    )


def _purposes(session: Session) -> list[tuple[Any, list[str]]]:
    """Purposes that a task may have, each with the names of the values that it declares."""
    declared = [each for each in declared_purposes(session) if each.name in purposes()]
    return [
        (each, [words.field_word(name) for name in purpose_list(each.name)]) for each in declared
    ]


def _one(session: Session, number: int, error: GisgridError | None = None) -> Response:
    task = tasks.one(session, number, counted=True)
    place = town_of(session, task.township_id)
    day = today(place)
    sees = may_ask("completeness.show")
    grids = progress.task_by_grid(session, task) if task.state != "draft" and sees else []
    plan = next((each for each in plans.plans(session, place.id) if each.in_force == "now"), None)
    drawn = (
        grid_map(session, plan.id, [(g.code, g.percent, None) for g in grids])
        if grids and plan
        else None
    )
    return page(
        "collection.html",
        error=error,
        typed=request.form.to_dict(),
        task=task,
        place=place,
        grids=grids,
        page=drawn,
        legend=layer.legend(),
        opacity=layer.OPACITY,
        nonce=nonce(),
        days=[(each.day, each.filled) for each in progress.task_days(session, task)]
        if grids
        else [],
        communities=_communities(grids),
        late=task.state != "draft" and task.due_on < day,
        workers=completeness.who_is_to_go(session, place.id, day) if grids else {},
        purpose=_purpose(session, task),
        maker=may_ask("collections.add"),
        kinds=list(KIND_WORDS.items()),
        most=MOST_QUESTIONS,
        states=STATE_WORDS,
        tones=TONES,
        words=words,
        local=lambda at: local(at, place.time_zone),
    )


def _communities(grids: list[progress.TaskGrid]) -> list[progress.TaskGrid]:
    """The same added up by community, and last all together."""
    added: dict[str | None, list[progress.TaskGrid]] = {}
    for each in grids:
        added.setdefault(each.community, []).append(each)
    return (
        [*(_sum(group, name) for name, group in added.items()), _sum(grids, None)] if grids else []
    )


def _sum(grids: list[progress.TaskGrid], name: str | None) -> progress.TaskGrid:
    return progress.TaskGrid(
        None, None, name, sum(g.houses for g in grids), sum(g.done for g in grids),
        sum(g.filled for g in grids), sum(g.required for g in grids),
    )  # fmt: skip


def _purpose(session: Session, task: TaskInfo) -> Any:
    return next((each for each in declared_purposes(session) if each.name == task.purpose), None)


def _answers(session: Session, number: int, *, purpose: str = "") -> Response:
    task = tasks.one(session, number)
    place: TownshipInfo = town_of(session, task.township_id)
    turn = lists.turn(PORTION)
    found = answers.given(session, number, most=PORTION, skip=turn.skip)
    every = [*found, *answers.former(session, number, [each.house_id for each in found])]
    if purpose:
        every = answers.opened(session, every)
    by_house: dict[int, dict[int, answers.GivenAnswer]] = {}
    former: dict[tuple[int, int], list[answers.GivenAnswer]] = {}
    for each in every:
        if each.replaced_at is None:
            by_house.setdefault(each.house_id, {})[each.question_id] = each
        else:
            former.setdefault((each.house_id, each.question_id), []).append(each)
    total = answers.count_answered(session, number)
    declared = declared_purposes(session)
    return page(
        "collection-answers.html",
        task=task,
        place=place,
        rows=list(by_house.values()),
        former=former,
        total=total,
        read=min(total - turn.skip, PORTION + 1),
        turn=turn,
        words=words,
        purposes=declared,
        purpose=next((each for each in declared if each.name == purpose), None),
        may_open=may_ask("collections.open_given"),
        exports="export" in asker().rights,
        english=language() == "en",
        local=lambda at: local(at, place.time_zone),
    )
