"""``gisgrid document``, ``training`` and ``shortage``: what is read and learned, and who lacks."""

from __future__ import annotations

import getpass
from datetime import datetime
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from gisgrid.cli.course_options import course_options
from gisgrid.cli.coverage import (
    as_of_option,
    chosen_plan,
    plan_option,
    township_option,
    xlsx_option,
)
from gisgrid.cli.edge import FileToWrite, commit_option, opened, say_dry, wide_console
from gisgrid.core import plans
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.settings import Settings
from gisgrid.db.tables.people import ROLES
from gisgrid.files.exports import write_workbook
from gisgrid.people.learning import documents, training
from gisgrid.people.learning.media import MOST_BYTES
from gisgrid.planning.checks.shortage import shortage, shortage_sheets
from gisgrid.planning.snapshot.fetch import local, today

_day = click.DateTime(["%Y-%m-%d"])
_version = click.option(
    "--version", "number", type=int, help="number of the version; default newest"
)


@click.group()
def document() -> None:
    """Issue documents in versions, and see who has read them."""


@document.command("issue")
@click.argument("code")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--title", help="title; a new document needs one")
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(ROLES),
    help="whose reading is asked for; default everybody in a team; repeatable",
)  # fmt: skip
@click.option(
    "--community", "communities", multiple=True, help="on whose ground; default all; repeatable"
)
@click.option("--due", type=_day, help="last day by which it is to be read")
@click.option("--on", type=_day, help="day of issue; default today")
@township_option
@commit_option
@click.pass_obj
def issue_command(
    settings: Settings,
    /,
    *,
    code: str,
    file: Path,
    title: str | None,
    roles: tuple[str, ...],
    communities: tuple[str, ...],
    due: datetime | None,
    on: datetime | None,
    township: str | None,
    commit: bool,
) -> None:
    """Issue FILE as the newest version of the document CODE; all are asked to read it again."""
    if not file.is_file():
        raise NotFound("There is no file {file}.", file=file)
    if file.stat().st_size > MOST_BYTES:
        raise Invalid(
            "{file} is larger than {most_bytes} bytes.",
            file=file.name,
            most_bytes=MOST_BYTES,
        )
    with opened(settings) as session:
        place = plans.township(session, township)
        issued = documents.issue(
            session,
            place.id,
            code,
            file_name=file.name,
            content=file.read_bytes(),
            day=on.date() if on else today(place),
            who=settings.who or getpass.getuser(),
            title=title,
            roles=roles or None,
            communities=communities or None,
            due_on=due.date() if due else None,
        )
        if not commit:
            session.rollback()
    click.echo(f"{code}: version {issued.number}" + ("" if issued.new else ", as before"))
    say_dry(commit=commit)


@document.command("list")
@as_of_option
@township_option
@click.pass_obj
def list_documents(settings: Settings, as_of: datetime | None, township: str | None) -> None:
    """List documents with their newest version and how many have read it."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        found = documents.documents(session, place.id, as_of.date() if as_of else today(place))
    table = Table(box=None)
    for head in ("code", "title", "version", "issued", "file", "read"):
        table.add_column(head)
    for d in found:
        cells = (d.code, d.title, str(d.number), str(d.issued_on), d.file_name)
        table.add_row(*map(Text, cells), f"{d.read} of {d.asked}")
    wide_console().print(table)


@document.command("readers")
@click.argument("code")
@_version
@as_of_option
@township_option
@xlsx_option
@click.pass_obj
def readers_command(
    settings: Settings,
    /,
    *,
    code: str,
    number: int | None,
    as_of: datetime | None,
    township: str | None,
    xlsx: Path | None,
) -> None:
    """Say who has read a version of the document CODE, and first who has not."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        day = as_of.date() if as_of else today(place)
        found = documents.readers(session, place.id, code, day, number)
    table = Table(box=None)
    for head in ("staff", "name", "grids", "read", "before"):
        table.add_column(head)
    for r in found:
        read = f"{local(r.read_at, place):%Y-%m-%d %H:%M}" if r.read_at else "not read"
        before = f"version {r.earlier}" if r.earlier else ""
        table.add_row(Text(r.staff), Text(r.name), Text(", ".join(r.grids)), read, before)
    wide_console().print(table)
    done = sum(r.read_at is not None for r in found)
    click.echo(f"{done} have read it, {len(found) - done} have not")
    if xlsx:
        write_workbook(xlsx, [documents.readers_sheet(found)])
        click.echo(f"{xlsx}: workbook written")


@document.command("read")
@click.argument("code")
@click.option("--staff", required=True, help="code of the person who has read it")
@_version
@township_option
@commit_option
@click.pass_obj
def read_command(
    settings: Settings, /, *, code: str, staff: str, number: int | None, township: str | None,
    commit: bool,
) -> None:  # fmt: skip
    """Note that a person has read the newest version of the document CODE (a signed list)."""
    with opened(settings) as session:
        place = plans.township(session, township)
        at = documents.mark_read(session, place.id, code, staff, number)
        if not commit:
            session.rollback()
    click.echo(f"{staff} read {code} at {local(at, place):%Y-%m-%d %H:%M}")
    say_dry(commit=commit)


@document.command("save")
@click.argument("code")
@click.argument("file", type=FileToWrite())
@_version
@township_option
@click.pass_obj
def save_command(
    settings: Settings, /, *, code: str, file: Path, number: int | None, township: str | None
) -> None:
    """Write a version of the document CODE into FILE."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        found = documents.version(session, place.id, code, number)
    if file.exists():
        raise Invalid("{file} exists already.", file=file)
    file.write_bytes(found.content)
    click.echo(f"{file}: version {found.number}, SHA-256 {found.sha256}")


@click.group("training")
def training_group() -> None:
    """Record training, study tours and meetings, and count the hours."""


@training_group.command("add")
@course_options
@click.option("--staff", multiple=True, required=True, help="code of who took part; repeatable")
@township_option
@commit_option
@click.pass_obj
def add_training(
    settings: Settings,
    /,
    *,
    course: training.Course,
    staff: tuple[str, ...],
    township: str | None,
    commit: bool,
) -> None:
    """Record the training CODE and who took part; whole lists come by: gisgrid load trainings."""
    with opened(settings) as session:
        place = plans.township(session, township)
        new = training.record(session, place.id, course, staff, day=today(place))
        if not commit:
            session.rollback()
    click.echo(f"{course.code}: {new} people noted")
    say_dry(commit=commit)


@training_group.command("hours")
@click.option("--since", type=_day, help="count from this day; default all")
@as_of_option
@township_option
@xlsx_option
@click.pass_obj
def hours_command(
    settings: Settings,
    /,
    *,
    since: datetime | None,
    as_of: datetime | None,
    township: str | None,
    xlsx: Path | None,
) -> None:
    """Count the hours of everybody in a team, fewest first, and say whose training counts."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        rows = training.hours_by_worker(
            session,
            place.id,
            as_of.date() if as_of else today(place),
            since=since.date() if since else None,
        )
    table = Table(box=None)
    for head in ("staff", "name", "grids"):
        table.add_column(head)
    for head in ("training", "tours", "meetings", "hours"):
        table.add_column(head, justify="right")
    table.add_column("counts until")
    for r in rows:
        until = (str(r.expires_on) if r.expires_on else "for ever") if r.trained else "none counts"
        numbers = (r.training, r.study_tour, r.meeting, r.hours)
        table.add_row(
            Text(r.staff), Text(r.name), Text(", ".join(r.grids)), *(f"{n:g}" for n in numbers),
            until,
        )  # fmt: skip
    wide_console().print(table)
    click.echo(f"{sum(r.trained for r in rows)} of {len(rows)} have training that counts")
    if xlsx:
        write_workbook(xlsx, [training.hours_sheet(rows)])
        click.echo(f"{xlsx}: workbook written")


@click.command("shortage")
@plan_option
@as_of_option
@township_option
@xlsx_option
@click.pass_obj
def shortage_command(
    settings: Settings,
    /,
    *,
    name: str | None,
    as_of: datetime | None,
    township: str | None,
    xlsx: Path | None,
) -> None:
    """List the grids that lack people: no team, no leader, the leader alone, nobody trained."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        plan = chosen_plan(session, place, name, as_of)
        found = shortage(session, place, plan, as_of.date() if as_of else today(place))
    for r in found.results:
        missing = f" ({r.en})" if r.en else ""
        click.echo(
            f"{r.title.en} · {r.title.in_language('zh')}: {len(r.findings)} of {len(found.grids)}{missing}"
        )
    table = Table(box=None)
    for head in ("grid", "name", "community"):
        table.add_column(head)
    for head in ("leader", "workers", "sinking", "social", "trained", "residents"):
        table.add_column(head, justify="right")
    table.add_column("lacks")
    for g in found.lacking:
        numbers = (g.leaders, g.workers, g.sinking_force, g.social_force, g.trained, g.residents)
        table.add_row(
            Text(g.code), Text(g.name), Text(g.community), *map(str, numbers), ", ".join(g.lacks)
        )
    wide_console().print(table)
    if xlsx:
        write_workbook(xlsx, shortage_sheets(found))
        click.echo(f"{xlsx}: workbook written")
