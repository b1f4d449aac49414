"""``gisgrid study``: compute what the map's planner shows, and keep it."""

from __future__ import annotations

from datetime import datetime

import click

from gisgrid.cli.coverage import as_of_option, chosen_plan, plan_option, township_option
from gisgrid.cli.edge import connected
from gisgrid.core import plans
from gisgrid.core.settings import Settings
from gisgrid.db.store import transaction
from gisgrid.jobs.studies import STUDIES, make
from gisgrid.planning.snapshot.fetch import today


@click.command("study")
@click.argument("kinds", metavar="KIND...", nargs=-1, required=True, type=click.Choice([*STUDIES]))
@plan_option
@as_of_option
@township_option
@click.option("--again", is_flag=True, help="even if the data has not changed since")
@click.pass_obj
def study_command(
    settings: Settings,
    /,
    *,
    kinds: tuple[str, ...],
    name: str | None,
    as_of: datetime | None,
    township: str | None,
    again: bool,
) -> None:
    """Compute what the map shows planners (KIND: coverage, workload, proposal) and keep it."""
    with connected(settings) as engine:
        with transaction(engine, read_only=True) as session:
            place = plans.township(session, township)
            plan = chosen_plan(session, place, name, as_of)
        day = as_of.date() if as_of else today(place)
        for kind in kinds:
            made = make(engine, plan.id, kind, day, again=again)
            click.echo(f"{kind} of {plan.name!r} on {day}: {'kept' if made else 'stands already'}")
