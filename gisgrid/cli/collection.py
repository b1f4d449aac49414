"""``gisgrid collection``: collection tasks made, asked, published, ended, and how far they are."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text
from sqlalchemy.orm import Session

from gisgrid.cli.coverage import township_option
from gisgrid.cli.edge import commit_option, opened, say_dry, wide_console
from gisgrid.collection import progress, tasks, xlsform
from gisgrid.collection.fields import FIELD_WORDS, purposes
from gisgrid.collection.questions import NewQuestion, read_limit
from gisgrid.collection.tasks import TaskDraft, TaskInfo
from gisgrid.core import plans
from gisgrid.core.errors import NotFound
from gisgrid.core.plans import TownshipInfo
from gisgrid.core.settings import Settings
from gisgrid.db.tables.collection import QUESTION_KINDS
from gisgrid.planning.snapshot.fetch import today

_day = click.DateTime(["%Y-%m-%d"])


@click.group("collection")
def collection_group() -> None:
    """Make collection tasks and see how far they are."""


@collection_group.command("list")
@township_option
@click.pass_obj
def list_command(settings: Settings, township: str | None) -> None:
    """List collection tasks, open ones first."""
    with opened(settings, read_only=True) as session:
        found = tasks.tasks(session, plans.township(session, township).id, counted=True)
    table = Table(box=None)
    for head in ("number", "title", "state", "due", "houses", "questions"):
        table.add_column(head)
    for each in found:
        cells = (each.id, each.title, each.state, each.due_on, each.houses, len(each.questions))
        table.add_row(*(Text(str(cell)) for cell in cells))
    wide_console().print(table)


@collection_group.command("show")
@click.argument("number", type=int)
@township_option
@click.pass_obj
def show_command(settings: Settings, number: int, township: str | None) -> None:
    """Show what the task NUMBER asks and, as somebody who sees registers (--as), how far it is in each grid."""
    with opened(settings, read_only=True) as session:
        task, _ = _named(session, number, township)
        grids = progress.task_by_grid(session, task)
    click.echo(f"{task.id} {task.title}: {task.state}, due {task.due_on}, {task.houses} houses")
    for each in task.questions:
        must = "must" if each.required else "may"
        click.echo(f"  {each.number}. {each.label} ({each.kind}, {must})")
    table = Table(box=None)
    for head in ("grid", "houses", "done", "filled", "required", "per cent"):
        table.add_column(head)
    for line in grids:
        share = "" if line.percent is None else f"{line.percent:.1f}"
        cells = (
            line.code or "in no grid",
            line.houses,
            line.done,
            line.filled,
            line.required,
            share,
        )
        table.add_row(*(Text(str(cell)) for cell in cells))
    if grids:
        wide_console().print(table)


@collection_group.command("make")
@click.argument("title")
@click.option("--purpose", required=True, type=click.Choice(purposes()), help="what for")
@click.option("--due", required=True, type=_day, help="day by which it is to be done")
@click.option(
    "--field",
    "fields",
    multiple=True,
    type=click.Choice(list(FIELD_WORDS)),
    help="a value of the register",
)
@click.option("--grid", "grids", multiple=True, help="code of a grid")
@click.option("--house", "houses", multiple=True, help="code of a house")
@township_option
@commit_option
@click.pass_obj
def make_command(
    settings: Settings,
    /,
    *,
    title: str,
    purpose: str,
    due: datetime,
    fields: tuple[str, ...],
    grids: tuple[str, ...],
    houses: tuple[str, ...],
    township: str | None,
    commit: bool,
) -> None:
    """Write a task down as a draft."""
    with opened(settings) as session:
        place = plans.township(session, township)
        told = TaskDraft(title.strip(), purpose, due.date(), fields, grids, houses)
        number = tasks.draft(session, place.id, told, today(place))
        if not commit:
            session.rollback()
    click.echo(f"{number}: {title}")
    say_dry(commit=commit)


@collection_group.command("ask")
@click.argument("number", type=int)
@click.argument("label")
@click.option("--kind", required=True, type=click.Choice(QUESTION_KINDS), help="kind of answer")
@click.option("--may-stay-empty", is_flag=True, help="need not be answered")
@click.option("--choice", "choices", multiple=True, help="an answer to choose from")
@click.option("--least", help="smallest value of a number")
@click.option("--most", help="largest value of a number")
@township_option
@commit_option
@click.pass_obj
def ask_command(
    settings: Settings,
    /,
    *,
    number: int,
    label: str,
    kind: str,
    may_stay_empty: bool,
    choices: tuple[str, ...],
    least: str | None,
    most: str | None,
    township: str | None,
    commit: bool,
) -> None:
    """Add the question LABEL to the draft NUMBER."""
    with opened(settings) as session:
        _named(session, number, township)
        question = NewQuestion(
            label.strip(), kind, required=not may_stay_empty, choices=choices,
            least=read_limit(least or ""), most=read_limit(most or ""),
        )  # fmt: skip
        place_of_it = tasks.ask(session, number, question)
        if not commit:
            session.rollback()
    click.echo(f"{number}.{place_of_it}: {label}")
    say_dry(commit=commit)


@collection_group.command("publish")
@click.argument("number", type=int)
@township_option
@commit_option
@click.pass_obj
def publish_command(settings: Settings, number: int, township: str | None, commit: bool) -> None:
    """Open the draft NUMBER; those who are to go are told."""
    with opened(settings) as session:
        draft, place = _named(session, number, township)
        task = tasks.publish(session, number, today(place), seen=draft.state_number)
        if not commit:
            session.rollback()
    click.echo(f"{number}: {task.title}, {task.houses} houses until {task.due_on}")
    say_dry(commit=commit)


@collection_group.command("end")
@click.argument("number", type=int)
@township_option
@commit_option
@click.pass_obj
def end_command(settings: Settings, number: int, township: str | None, commit: bool) -> None:
    """End the open task NUMBER."""
    with opened(settings) as session:
        task, _ = _named(session, number, township)
        tasks.end(session, number, seen=task.state_number)
        if not commit:
            session.rollback()
    click.echo(f"{number}: ended")
    say_dry(commit=commit)


@collection_group.command("form")
@click.argument("number", type=int)
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@township_option
@click.pass_obj
def form_command(settings: Settings, number: int, out: Path, township: str | None) -> None:
    """Write what the task NUMBER asks to OUT as an XLSForm."""
    with opened(settings, read_only=True) as session:
        task, _ = _named(session, number, township)
    xlsform.write(task, out, house_words="House code", fields_words=", ".join(task.fields))
    click.echo(str(out))


@collection_group.command("take")
@click.argument("number", type=int)
@click.argument("form", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@township_option
@commit_option
@click.pass_obj
def take_command(
    settings: Settings, number: int, form: Path, township: str | None, commit: bool
) -> None:
    """Take the questions of the XLSForm FORM in the place of those of the draft NUMBER."""
    questions = xlsform.read(form)
    with opened(settings) as session:
        _named(session, number, township)
        tasks.replace_questions(session, number, questions)
        if not commit:
            session.rollback()
    click.echo(f"{number}: {len(questions)} questions")
    say_dry(commit=commit)


def _named(session: Session, number: int, township: str | None) -> tuple[TaskInfo, TownshipInfo]:
    """The task NUMBER of the township that is meant, with its houses counted; NotFound if it is another's."""
    place = plans.township(session, township)
    task = tasks.one(session, number, counted=True)
    if task.township_id != place.id:
        raise NotFound("There is no collection task {number} here.", number=number)
    return task, place
