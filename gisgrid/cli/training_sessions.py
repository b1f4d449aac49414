"""Sessions of training and profiles at the terminal: put on the list, attended, noted."""

from __future__ import annotations

import getpass

import click
from rich.table import Table
from rich.text import Text

from gisgrid.cli.course_options import course_options
from gisgrid.cli.coverage import township_option
from gisgrid.cli.edge import commit_option, opened, say_dry, wide_console
from gisgrid.core import plans
from gisgrid.core.settings import Settings
from gisgrid.db.tables.learning import AGE_BANDS, SCHOOLING
from gisgrid.people.learning import sessions
from gisgrid.people.learning.training import Course
from gisgrid.planning.snapshot.fetch import today

_day = click.DateTime(["%Y-%m-%d"])


@click.command("sessions")
@township_option
@click.pass_obj
def sessions_command(settings: Settings, township: str | None) -> None:
    """List sessions, the latest first, with how many took part."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        found, day = sessions.sessions(session, place.id), today(place)
    table = Table(box=None)
    for head in ("code", "course", "kind", "held", "hours", "place", "counts until", "took part"):
        table.add_column(head)
    for each in found:
        part = "to come" if each.to_come(day) else str(each.attended)
        cells = (
            each.code,
            each.course,
            each.kind,
            str(each.held_on),
            f"{each.hours:g}",
            each.place or "",
        )
        table.add_row(*map(Text, cells), str(each.expires_on or "for ever"), part)
    wide_console().print(table)


@click.command("plan")
@course_options
@township_option
@commit_option
@click.pass_obj
def plan_command(
    settings: Settings,
    /,
    *,
    course: Course,
    township: str | None,
    commit: bool,
) -> None:
    """Put the session CODE on the list; nobody has taken part yet."""
    with opened(settings) as session:
        place = plans.township(session, township)
        sessions.plan(session, place.id, course)
        if not commit:
            session.rollback()
    click.echo(f"{course.code}: {course.held_on}")
    say_dry(commit=commit)


@click.command("attend")
@click.argument("code")
@click.option("--staff", multiple=True, help="code of who took part; repeatable; none: nobody did")
@township_option
@commit_option
@click.pass_obj
def attend_command(
    settings: Settings,
    /,
    *,
    code: str,
    staff: tuple[str, ...],
    township: str | None,
    commit: bool,
) -> None:
    """Note exactly these people as those who took part in the session CODE."""
    with opened(settings) as session:
        place = plans.township(session, township)
        come, gone = sessions.attend(session, place.id, code, staff, day=today(place))
        if not commit:
            session.rollback()
    click.echo(f"{code}: {come} more took part, {gone} taken off")
    say_dry(commit=commit)


@click.command("profiles")
@township_option
@click.pass_obj
def profiles_command(settings: Settings, township: str | None) -> None:
    """List everybody in a team with what helps to plan their training."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        found = sessions.profiles(session, place.id, today(place))
    table = Table(box=None)
    for head in ("staff", "grids", "age", "schooling", "qualifications", "hours", "trained"):
        table.add_column(head)
    for each in found:
        cells = (
            each.staff, ", ".join(each.grids), each.age_band or "", each.schooling or "",
            "; ".join(each.qualifications), f"{each.hours:g}", "yes" if each.trained else "no",
        )  # fmt: skip
        table.add_row(*map(Text, cells))
    wide_console().print(table)


@click.command("profile")
@click.argument("staff")
@click.option("--age", type=click.Choice(AGE_BANDS), help="age band; left out: not known")
@click.option("--schooling", type=click.Choice(SCHOOLING), help="schooling; left out: not known")
@click.option("--qualification", "qualifications", multiple=True, help="repeatable")
@township_option
@commit_option
@click.pass_obj
def profile_command(
    settings: Settings,
    /,
    *,
    staff: str,
    age: str | None,
    schooling: str | None,
    qualifications: tuple[str, ...],
    township: str | None,
    commit: bool,
) -> None:
    """Keep what is known of the person STAFF; what was known before is forgotten."""
    with opened(settings) as session:
        place = plans.township(session, township)
        sessions.note_profile(
            session, place.id, staff, age_band=age, schooling=schooling,
            qualifications=qualifications, who=settings.who or getpass.getuser(),
        )  # fmt: skip
        if not commit:
            session.rollback()
    click.echo(f"{staff}: noted")
    say_dry(commit=commit)


COMMANDS = (sessions_command, plan_command, attend_command, profiles_command, profile_command)
"""What of training is planned and noted session by session."""
