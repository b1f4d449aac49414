"""``gisgrid case problems|review``: old problems, and what was found when somebody looked again."""

from __future__ import annotations

import getpass
from datetime import datetime

import click
from rich.table import Table

from gisgrid.cases.open_problems import problem_of, problems, review
from gisgrid.cli.edge import opened, wide_console
from gisgrid.core import plans
from gisgrid.core.settings import Settings
from gisgrid.planning.snapshot.fetch import today

_township = click.option("--township", help="code of the township; needed if there are several")
_day = click.DateTime(["%Y-%m-%d"])


@click.command("problems")
@click.option("--solved", is_flag=True, help="those that are solved, too")
@_township
@click.pass_obj
def problems_command(settings: Settings, solved: bool, township: str | None) -> None:
    """List the old problems, those to be looked at first."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        rows = problems(session, place.id, solved=solved)
    table = Table("code", "title", "supervisor", "since", "look again", "reviews", box=None)
    for p in rows:
        due = f"solved {p.solved_on}" if p.solved_on else str(p.review_on)
        table.add_row(p.code, p.title, p.supervisor, str(p.opened_on), due, str(p.reviews))
    wide_console().print(table)


@click.command("review")
@click.argument("code")
@click.option("--finding", required=True, help="what was found")
@click.option("--next", "next_on", type=_day, help="day to look again; without one it is solved")
@click.option("--by", "who", help="who looked; default the system user's name")
@_township
@click.option("--commit", is_flag=True, help="really write; otherwise only say what would happen")
@click.pass_obj
def review_command(
    settings: Settings,
    /,
    *,
    code: str,
    finding: str,
    next_on: datetime | None,
    who: str | None,
    township: str | None,
    commit: bool,
) -> None:
    """Note today's look at the old problem CODE."""
    with opened(settings) as session:
        place = plans.township(session, township)
        done = review(
            session, problem_of(session, place.id, code).id, on=today(place),
            by=who or settings.who or getpass.getuser(), finding=finding,
            next_on=next_on.date() if next_on else None,
        )  # fmt: skip
        if not commit:
            session.rollback()
    click.echo(f"{done.code}: " + (f"again on {done.review_on}" if done.review_on else "solved"))
    if not commit:
        click.echo("dry run: nothing was written; add --commit to write")
