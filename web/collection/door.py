"""``/collecting``: the worker's tasks, the houses of each, and the form at the door."""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import uuid4

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.cases.photos import MOST_BYTES, Picture, picture
from gisgrid.collection import answers, progress, tasks
from gisgrid.collection.questions import MOST_OF_FORM, MOST_PHOTOS
from gisgrid.collection.tasks import TaskInfo
from gisgrid.core.errors import Conflict, GisgridError, Invalid, NotAllowed, NotFound
from gisgrid.planning.snapshot.fetch import today
from gisgrid.register import households
from web.collection import words
from web.http import lists
from web.http.dates import local
from web.http.db import reading, writing
from web.http.errors import problem_of
from web.http.once import entered_at
from web.http.permissions import asked_as_workbook
from web.http.towns import town, town_of

_QUESTION = re.compile(r"q[0-9]{1,17}")

blueprint = Blueprint("collecting", __name__, url_prefix="/collecting")


@blueprint.get("")
def mine() -> str:
    """The open tasks on the asker's ground, what is due first, with how many houses are left."""
    with reading() as session:
        place = town(session)
        found = tasks.tasks(session, place.id, states=("open",))
        left = progress.left_of(session, place.id, found)
    shown = [each for each in found if left[each.id][1]]
    return render_template("collecting.html", found=shown, left=left, day=today(place))


@blueprint.get("/<int:number>")
def task(number: int) -> Response:
    """The houses of a task on the asker's ground: those where something is missing first."""
    turn = lists.turn(answers.MOST_HOUSES)
    with reading() as session:
        asked = tasks.one(session, number)
        place = town_of(session, asked.township_id)
        found = progress.task_houses(session, asked, most=turn.most, skip=turn.skip)
        left, all_ = progress.left(progress.task_by_grid(session, asked))
    if asked_as_workbook():
        return lists.workbook(place, words.houses_sheet(asked, found))
    page = render_template(
        "collecting-task.html",
        task=asked,
        houses=found[: answers.MOST_HOUSES],
        read=len(found),
        turn=turn,
        left=left,
        all=all_,
        day=today(place),
        words=words,
        local=lambda at: local(at, place.time_zone),
    )
    return Response(page, headers={"Cache-Control": "private, no-store"})


@blueprint.get("/<int:number>/house/<int:house_id>")
def ask(number: int, house_id: int) -> Response:
    """The questions of a task at a house, and what its register lacks."""
    with reading() as session:
        return _form(session, number, house_id)


@blueprint.post("/<int:number>/house/<int:house_id>")
def answer(number: int, house_id: int) -> BaseResponse:
    """Keep what was said at the door; back to the houses of the task."""
    form = request.form
    try:
        with reading() as session:
            asked = tasks.one(session, number)
        # Before the transaction that writes: making photos small takes seconds.
        shots = _photos(asked)
        with writing() as session:
            taken = answers.answer(
                session,
                asked,
                house_id,
                _said(form),
                photos=_shown(),
                seen=_number(form.get("seen")),
                client_id=form.get("client_id", ""),
                entered_at=entered_at(),
            )
            for question, shown in ((q, shot) for q, some in shots.items() for shot in some):
                answers.keep_photo(
                    session, taken.answers[question], sha256=shown.sha256, width=shown.width,
                    height=shown.height, jpeg=shown.jpeg, thumbnail=shown.thumbnail,
                )  # fmt: skip
    except (NotAllowed, NotFound):
        raise
    except GisgridError as error:
        typed = form.to_dict()
        if isinstance(error, Conflict):
            # The key is spent: what stands on the page again is sent under another.
            typed.pop("client_id", None)
        with reading() as session:
            again = _form(session, number, house_id, typed=typed, problem=problem_of(error).detail)
        again.status_code = problem_of(error).status
        return again
    if taken.late_one:
        flash(
            gettext(
                "Kept as a former answer: what stands now was written down after yours. Look at it once more."
            )
        )
    elif taken.over_another:
        flash(
            gettext(
                "Written down. Somebody else had answered meanwhile; both answers are kept, and yours stands now."
            )
        )
    else:
        flash(gettext("Written down."))
    return redirect(url_for("collecting.task", number=number), 303)


@blueprint.get("/photos/<int:photo_id>.jpg")
def photo(photo_id: int) -> Response:
    """A photo that answers a question, for who may see that it was answered; with ``?small`` its thumbnail."""
    with reading() as session:
        body = answers.photo_bytes(session, photo_id, thumbnail="small" in request.args)
    return Response(body, mimetype="image/jpeg", headers={"Cache-Control": "private, no-store"})


def _form(
    session: Session,
    number: int,
    house_id: int,
    *,
    typed: dict[str, str] | None = None,
    problem: str | None = None,
) -> Response:
    asked = tasks.one(session, number)
    place = town_of(session, asked.township_id)
    register = households.register_of(session, house_id)
    held = answers.given(session, number, house_id)
    lacking = answers.missing_in_register(session, asked.fields, [house_id]).get(house_id, {})
    page = render_template(
        "collecting-house.html",
        task=asked,
        register=register,
        held={each.question_id: each for each in held},
        seen=answers.newest(held),
        lacking=lacking,
        people={each.id: each for home in register.households for each in home.residents},
        homes={each.id: each for each in register.households},
        typed=typed or {},
        problem=problem,
        client_id=(typed or {}).get("client_id") or uuid4().hex,
        most_photos=MOST_PHOTOS,
        words=words,
        day=today(place),
        local=lambda at: local(at, place.time_zone),
    )
    return Response(page, headers={"Cache-Control": "private, no-store"})


def _photos(asked: TaskInfo) -> dict[int, list[Picture]]:
    """The photos of a form by question, made small; questions without one are left out."""
    found: dict[int, list[Picture]] = {}
    count = 0
    for each in asked.questions:
        files = [file for file in request.files.getlist(f"q{each.id}") if file.filename]
        if each.kind != "photo" or not files:
            continue
        if len(files) > MOST_PHOTOS:
            raise Invalid("At most {most_photos} photos are taken.", most_photos=MOST_PHOTOS)
        count += len(files)
        if count > MOST_OF_FORM:
            raise Invalid(
                "At most {most} photos are sent together: send the others in a second form.",
                most=MOST_OF_FORM,
            )
        found[each.id] = [picture(file.stream.read(MOST_BYTES + 1)) for file in files]
    return found


def _shown() -> list[int]:
    """Questions that a form answers by photos, whichever page it is from."""
    sent = {name for name, file in request.files.items(multi=True) if file.filename}
    return sorted(_number(name[1:]) for name in sent if _QUESTION.fullmatch(name))


def _said(form: Mapping[str, str]) -> dict[int, str]:
    """What a form says to each question, whichever page it is from."""
    return {_number(name[1:]): value for name, value in form.items() if _QUESTION.fullmatch(name)}


def _number(written: str | None) -> int:
    return int(written) if written and written.isdecimal() and len(written) < 18 else 0
