"""``/office/training``: sessions, who took part, and what is known of people to plan their training by."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.core.messages import say
from gisgrid.db.tables.learning import AGE_BANDS, SCHOOLING, TRAINING_KINDS
from gisgrid.people.learning import sessions
from gisgrid.people.learning.training import Course, hours_by_worker, hours_sheet
from gisgrid.planning.snapshot.fetch import today
from web.http import lists
from web.http.dates import day_of
from web.http.db import reading
from web.http.keeping import keeping, page, refusing
from web.http.permissions import asked_as_workbook, asker, may_ask
from web.http.towns import town
from web.learning import sheets
from web.shell.words import TEAM_WORDS

blueprint = Blueprint("trainings", __name__)

COURSE_WORDS = {
    "training": say("Training"),
    "study_tour": say("Study tour"),
    "meeting": say("Meeting"),
}
AGE_WORDS = {
    "under_30": say("under 30"),
    "30_39": say("30 to 39"),
    "40_49": say("40 to 49"),
    "50_59": say("50 to 59"),
    "from_60": say("60 and over"),
}
SCHOOLING_WORDS = {
    "primary": say("primary school or less"),
    "junior": say("junior secondary"),
    "senior": say("senior or vocational secondary"),
    "college": say("college"),
    "university": say("university"),
}


@blueprint.get("/office/training")
def index() -> Response:
    """The sessions, the latest first, and the form of another."""
    with keeping(read_only=True) as session:
        return _listed(session)


@blueprint.post("/office/training")
@refusing(lambda session, error: _listed(session, error), reads=True)
def add() -> BaseResponse:
    """Put a session on the list."""
    form = request.form
    with keeping() as session:
        place = town(session)
        held = day_of(form.get("held_on"), "held_on")
        if held is None:
            raise Invalid("Say on which day it is held.")
        sessions.plan(
            session, place.id,
            Course(
                form.get("code", "").strip(), form.get("course", "").strip(), held, _hours(form.get("hours", "")),
                form.get("kind", ""), day_of(form.get("expires_on"), "expires_on"),
                form.get("place", "").strip() or None,
            ),
        )  # fmt: skip
    flash(gettext("The session is on the list; tick who took part once it is held."), "info")
    return redirect(
        url_for("trainings.one", code=form.get("code", "").strip(), township=place.code), 303
    )


@blueprint.get("/office/training/of/<path:code>")
def one(code: str) -> Response:
    """One session with everybody who was in a team on its day, to be ticked."""
    with keeping(read_only=True) as session:
        return _session(session, code)


@blueprint.post("/office/training/of/<path:code>")
@refusing(lambda session, error, code: _session(session, code, error), reads=True)
def attend(code: str) -> BaseResponse:
    """Note exactly those who are ticked."""
    with keeping() as session:
        place = town(session)
        come, gone = sessions.attend(
            session, place.id, code, request.form.getlist("staff"), day=today(place)
        )
    flash(
        gettext("Kept: %(come)s more took part, %(gone)s taken off.", come=come, gone=gone), "info"
    )
    return redirect(url_for("trainings.one", code=code, township=place.code), 303)


@blueprint.get("/office/training/profiles")
def profiles() -> Response:
    """Everybody in a team, first those whose training does not count."""
    with keeping(read_only=True) as session:
        place = town(session)
        found = sessions.profiles(session, place.id, today(place))
    if asked_as_workbook():
        words = (_words(TEAM_WORDS), _words(AGE_WORDS), _words(SCHOOLING_WORDS))
        return lists.workbook(place, sheets.profiles(found, *words))
    return page(
        "profiles.html", found=found, parts=_words(TEAM_WORDS), ages=_words(AGE_WORDS),
        schooling=_words(SCHOOLING_WORDS),
    )  # fmt: skip


@blueprint.get("/office/training/profiles/<path:staff>")
def profile(staff: str) -> Response:
    """What is known of one person, to be changed."""
    with keeping(read_only=True) as session:
        return _profile(session, staff)


@blueprint.post("/office/training/profiles/<path:staff>")
@refusing(lambda session, error, staff: _profile(session, staff, error), reads=True)
def note(staff: str) -> BaseResponse:
    """Keep what is known of one person."""
    form = request.form
    with keeping() as session:
        place = town(session)
        sessions.note_profile(
            session, place.id, staff, age_band=form.get("age_band") or None,
            schooling=form.get("schooling") or None, who=asker().name,
            qualifications=form.get("qualifications", "").splitlines(),
        )  # fmt: skip
    flash(gettext("The profile is kept."), "info")
    return redirect(url_for("trainings.profiles", township=place.code), 303)


def _listed(session: Session, error: GisgridError | None = None) -> Response:
    place = town(session)
    found = sessions.sessions(session, place.id)
    if asked_as_workbook():
        return lists.workbook(place, sheets.trainings(found, _words(COURSE_WORDS)))
    return page(
        "trainings.html", error=error, typed=request.form.to_dict(), found=found, day=today(place),
        kinds=[(kind, gettext(COURSE_WORDS[kind])) for kind in TRAINING_KINDS], may_ask=may_ask,
    )  # fmt: skip


def _session(session: Session, code: str, error: GisgridError | None = None) -> Response:
    place = town(session)
    training, people = (
        sessions.one(session, place.id, code),
        sessions.attendance(session, place.id, code),
    )
    if asked_as_workbook() and not error:
        return lists.workbook(place, sheets.attendance(people, _words(TEAM_WORDS)))
    return page(
        "training-session.html", error=error, training=training, day=today(place), people=people, parts=_words(TEAM_WORDS), kinds=_words(COURSE_WORDS),
        ticked=request.form.getlist("staff") if error else None,
    )  # fmt: skip


def _profile(session: Session, staff: str, error: GisgridError | None = None) -> Response:
    place = town(session)
    return page(
        "profile.html", error=error, typed=request.form.to_dict(),
        profile=sessions.profile(session, place.id, staff, today(place)), parts=_words(TEAM_WORDS),
        ages=[(each, gettext(AGE_WORDS[each])) for each in AGE_BANDS],
        schooling=[(each, gettext(SCHOOLING_WORDS[each])) for each in SCHOOLING],
    )  # fmt: skip


def _hours(told: str) -> float:
    try:
        return float(told)
    except ValueError:
        raise Invalid("Hours are a number, such as 2 or 1.5.") from None


def _words(words: dict[str, str]) -> dict[str, str]:
    return {name: gettext(said) for name, said in words.items()}


@blueprint.get("/training")
def hours() -> str | Response:
    """Hours of everybody in a team whom the asker sees, and until when their training counts."""
    with reading() as session:
        place = town(session)
        listed = hours_by_worker(session, place.id, today(place), masked=True)
    if asked_as_workbook():
        return lists.workbook(place, hours_sheet(listed))
    return render_template("training.html", listed=listed, team_words=TEAM_WORDS)
