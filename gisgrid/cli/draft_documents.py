"""Drafts of documents at the terminal: sent to communities, read with their comments, answered, issued."""

from __future__ import annotations

import getpass
from datetime import datetime
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from gisgrid.cli.coverage import township_option
from gisgrid.cli.edge import commit_option, opened, say_dry, wide_console
from gisgrid.core import plans
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.settings import Settings
from gisgrid.db.tables.people import ROLES
from gisgrid.people.learning import drafts
from gisgrid.people.learning.media import MOST_BYTES
from gisgrid.planning.snapshot.fetch import today

_day = click.DateTime(["%Y-%m-%d"])


@click.command("drafts")
@township_option
@click.pass_obj
def drafts_command(settings: Settings, township: str | None) -> None:
    """List drafts, until when comments are taken, and how many have no answer."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        found, day = drafts.drafts(session, place.id), today(place)
    table = Table(box=None)
    for head in ("number", "code", "title", "sent", "until", "comments", "unanswered", "state"):
        table.add_column(head)
    for d in found:
        state = f"version {d.issued_as}" if d.issued_as else "open" if d.open(day) else "closed"
        cells = (str(d.id), d.code, d.title, str(d.sent_on), str(d.answer_by))
        table.add_row(*map(Text, cells), str(len(d.comments)), str(d.unanswered), state)
    wide_console().print(table)


@click.command("comments")
@click.argument("number", type=int)
@township_option
@click.pass_obj
def comments_command(settings: Settings, number: int, township: str | None) -> None:
    """Show what communities say to the draft NUMBER, and what they were answered."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        found = drafts.draft(session, place.id, number)
    click.echo(f"{found.code} {found.title}")
    for each in found.comments:
        click.echo(f"{each.id}  {each.community}  {each.text}")
        click.echo(f"    {each.answer or 'no answer'}")


@click.command("send-draft")
@click.argument("code")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--title", required=True, help="title")
@click.option("--until", type=_day, required=True, help="last day on which comments are taken")
@click.option(
    "--community", "communities", multiple=True, help="who is asked; default all; repeatable"
)
@township_option
@commit_option
@click.pass_obj
def send_command(
    settings: Settings,
    /,
    *,
    code: str,
    file: Path,
    title: str,
    until: datetime,
    communities: tuple[str, ...],
    township: str | None,
    commit: bool,
) -> None:
    """Send FILE to communities for their comments, as a draft of the document CODE."""
    if not file.is_file():
        raise NotFound("There is no file {file}.", file=file)
    if file.stat().st_size > MOST_BYTES:
        raise Invalid(
            "{file} is larger than {most_bytes} bytes.", file=file.name, most_bytes=MOST_BYTES
        )
    with opened(settings) as session:
        place = plans.township(session, township)
        number = drafts.send(
            session, place.id, code, title=title, file_name=file.name, content=file.read_bytes(),
            day=today(place), answer_by=until.date(), who=_who(settings), communities=communities,
        )  # fmt: skip
        if not commit:
            session.rollback()
    click.echo(f"draft {number} of {code}")
    say_dry(commit=commit)


@click.command("answer")
@click.argument("number", type=int)
@click.argument("comment", type=int)
@click.option("--text", "words", required=True, help="the answer")
@township_option
@commit_option
@click.pass_obj
def answer_command(
    settings: Settings,
    /,
    *,
    number: int,
    comment: int,
    words: str,
    township: str | None,
    commit: bool,
) -> None:
    """Answer the comment COMMENT on the draft NUMBER; the answer before it is replaced."""
    with opened(settings) as session:
        place = plans.township(session, township)
        drafts.answer(session, place.id, number, comment, words, who=_who(settings))
        if not commit:
            session.rollback()
    click.echo(f"comment {comment}: answered")
    say_dry(commit=commit)


@click.command("issue-draft")
@click.argument("number", type=int)
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(ROLES),
    help="whose reading is asked for; default everybody in a team; repeatable",
)  # fmt: skip
@click.option(
    "--community", "communities", multiple=True, help="on whose ground; default all; repeatable"
)
@click.option("--due", type=_day, help="last day by which it is to be read")
@township_option
@commit_option
@click.pass_obj
def issue_command(
    settings: Settings,
    /,
    *,
    number: int,
    roles: tuple[str, ...],
    communities: tuple[str, ...],
    due: datetime | None,
    township: str | None,
    commit: bool,
) -> None:
    """Issue the draft NUMBER as it was sent, once every comment has an answer."""
    with opened(settings) as session:
        place = plans.township(session, township)
        made = drafts.issue(
            session, place.id, number, day=today(place), who=_who(settings), roles=roles,
            communities=communities, due_on=due.date() if due else None,
        )  # fmt: skip
        if not commit:
            session.rollback()
    click.echo(f"draft {number}: version {made.number}")
    say_dry(commit=commit)


def _who(settings: Settings) -> str:
    return settings.who or getpass.getuser()


COMMANDS = (drafts_command, comments_command, send_command, answer_command, issue_command)
"""What of a document comes before it is issued."""
