"""``gisgrid jobs``: what was ordered of the worker; stop it, have it done again; and whether it is awake."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime

import click
from rich.table import Table
from rich.text import Text

from gisgrid.cli.coverage import township_option
from gisgrid.cli.edge import commit_option, opened, say_dry, wide_console
from gisgrid.core import plans
from gisgrid.core.messages import unpacked
from gisgrid.core.settings import Settings
from gisgrid.core.terminal import language
from gisgrid.jobs import ordered
from gisgrid.planning.snapshot.fetch import local

_road = click.argument("road", type=click.Choice(ordered.ROADS))
_key = click.argument("key")


@click.group()
def jobs() -> None:
    """What was ordered of the worker: list it, stop it, have it done again."""


@jobs.command("list")
@click.option(
    "--state", type=click.Choice(["busy", *ordered.STATES]), help="only those; default all"
)
@township_option
@click.pass_obj
def list_command(settings: Settings, /, state: str | None, township: str | None) -> None:
    """List the jobs of a township, those that wait or run first, and say whether the worker is awake."""
    now = datetime.now(UTC)
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        found = ordered.jobs(session, place.id, state=state)
        seen, clock = ordered.worker_seen(session), ordered.by_the_clock(session)
    table = Table(
        "road", "key", "kind", "about", "who", "since", "state", "progress", "why", box=None
    )
    for each in found:
        why = unpacked(each.failed).in_language(language()) if each.failed else ""
        since = f"{local(each.asked_at, place):%F %R}" if each.asked_at else ""
        how_far = f"{each.done}/{each.total}" if each.total and each.busy else ""
        cells = (
            each.road,
            each.key,
            each.kind,
            each.about or "",
            each.who or "",
            since,
            each.state,
        )
        table.add_row(*map(Text, cells), how_far, Text(why or ""))
    wide_console().print(table)
    for run in clock:
        click.echo(f"{run.name}: {local(run.ran_at, place):%F %R}, {run.done} done")
    awake = seen is not None and now - seen < ordered.AWAKE
    last = f"{local(seen, place):%F %R}" if seen else "never"
    click.echo(f"worker: {'awake' if awake else 'not awake'}, last heard of: {last}")


@jobs.command("stop")
@_road
@_key
@township_option
@commit_option
@click.pass_obj
def stop_command(
    settings: Settings, /, *, road: str, key: str, township: str | None, commit: bool
) -> None:
    """Stop the job KEY of ROAD, which waits or runs."""
    with opened(settings) as session:
        ordered.stop(session, plans.township(session, township).id, road, key)
        if not commit:
            session.rollback()
    click.echo(f"{road} {key}: stopped")
    say_dry(commit=commit)


@jobs.command("again")
@_road
@_key
@township_option
@commit_option
@click.pass_obj
def again_command(
    settings: Settings, /, *, road: str, key: str, township: str | None, commit: bool
) -> None:
    """Have the job KEY of ROAD done again, which failed or was cancelled."""
    with opened(settings) as session:
        place = plans.township(session, township)
        ordered.again(session, place, road, key, who=settings.who or getpass.getuser())
        if not commit:
            session.rollback()
    click.echo(f"{road} {key}: ordered again")
    say_dry(commit=commit)
