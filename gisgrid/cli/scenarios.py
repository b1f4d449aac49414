"""``gisgrid scenario``: branch a plan, edit it, compare, bring in and take away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import click
from rich.table import Table
from sqlalchemy.orm import Session

from gisgrid.cli.edge import FileToWrite, opened, wide_console
from gisgrid.cli.who import who_option
from gisgrid.core import plans
from gisgrid.core.plans import PlanInfo, TownshipInfo
from gisgrid.core.settings import Settings
from gisgrid.loading.scenario_files import export_plan, import_scenario
from gisgrid.planning.editor import moves, replay, scenarios
from gisgrid.planning.editor.compare import compared
from gisgrid.planning.review import review
from gisgrid.planning.snapshot.fetch import local, today

township_option = click.option(
    "--township", help="code of the township; needed if there are several"
)
commit_option = click.option("--commit", is_flag=True, help="really write; otherwise only try it")
_DRY = "dry run: nothing was written; add --commit to write"


@dataclass(frozen=True)
class At:
    """A scenario a command speaks of."""

    session: Session
    place: TownshipInfo
    plan: PlanInfo


@contextmanager
def at_scenario(
    settings: Settings, name: str, township: str | None, *, commit: bool, read_only: bool = False
) -> Iterator[At]:
    """The scenario of a name inside the command's transaction, which is kept only on commit."""
    with opened(settings, read_only=read_only) as session:
        place = plans.township(session, township)
        yield At(session, place, plans.plan_named(session, place.id, name))
        if not commit and not read_only:
            session.rollback()
            click.echo(_DRY)


@click.group("scenario")
def scenario_group() -> None:
    """Draw plans: branch, edit, undo, compare, import, export."""


@scenario_group.command("list")
@township_option
@click.pass_obj
def list_command(settings: Settings, township: str | None) -> None:
    """List the scenarios of a township with their base and how much was edited."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        found = scenarios.scenarios(session, place.id)
    table = Table("plan", "name", "state", "based on", "branched from", "version", "edits", "by",
                  "note", box=None)  # fmt: skip
    for s in found:
        table.add_row(
            str(s.plan.id), s.plan.name, s.plan.state,
            (s.based_on or "") + (" (outdated)" if s.stale else ""), s.branched_from or "",
            str(s.version), str(s.moves), s.who, s.note,
        )  # fmt: skip
    wide_console().print(table)


@scenario_group.command("branch")
@click.argument("source")
@click.argument("name")
@click.option("--note", default="", help="what the scenario is for")
@who_option
@township_option
@commit_option
@click.pass_obj
def branch_command(
    settings: Settings, /, *, source: str, name: str, note: str, who: str,
    township: str | None, commit: bool,
) -> None:  # fmt: skip
    """Make the draft NAME from the plan or scenario SOURCE."""
    with at_scenario(settings, source, township, commit=commit) as at:
        made = scenarios.branch(at.session, at.plan, name=name, who=who, note=note)
    click.echo(f"scenario {made.name!r} with {made.grids} grids, from {at.plan.name!r}")


@scenario_group.command("rename")
@click.argument("name")
@click.argument("new_name")
@township_option
@commit_option
@click.pass_obj
def rename_command(
    settings: Settings, name: str, new_name: str, township: str | None, commit: bool
) -> None:
    """Give the scenario NAME another name."""
    with at_scenario(settings, name, township, commit=commit) as at:
        scenarios.rename(at.session, at.plan, new_name)


@scenario_group.command("discard")
@click.argument("name")
@township_option
@commit_option
@click.pass_obj
def discard_command(settings: Settings, name: str, township: str | None, commit: bool) -> None:
    """Remove the scenario NAME and its log."""
    with at_scenario(settings, name, township, commit=commit) as at:
        scenarios.discard(at.session, at.plan)


@scenario_group.command("log")
@click.argument("name")
@township_option
@click.pass_obj
def log_command(settings: Settings, name: str, township: str | None) -> None:
    """List the edits of NAME, newest first: who, why, and which houses went where."""
    with at_scenario(settings, name, township, commit=False, read_only=True) as at:
        entries = moves.log(at.session, at.plan.id)
    table = Table("no", "edit", "standing", "by", "at", "grids", "moves", "why", box=None)
    for m in entries:
        told = "; ".join(
            f"{f['from_grid'] or '—'} → {f['to_grid'] or '—'}: {f['houses']} houses, "
            f"{f['residents']} residents"
            for f in m.flows
        )
        table.add_row(
            str(m.number), m.action, m.standing, m.who, f"{local(m.at, at.place):%Y-%m-%d %H:%M}",
            " ".join(m.grids), told, m.why,
        )  # fmt: skip
    wide_console().print(table)


@scenario_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("name")
@click.option("--crs", help="coordinate system of the file, where it carries none")
@who_option
@township_option
@commit_option
@click.pass_obj
def import_command(
    settings: Settings, /, *, file: Path, name: str, crs: str | None, who: str,
    township: str | None, commit: bool,
) -> None:  # fmt: skip
    """Make the draft NAME from a GeoPackage or GeoJSON FILE of grids."""
    with opened(settings) as session:
        place = plans.township(session, township)
        made = import_scenario(session, place, file, name=name, who=who, crs=crs)
        if not commit:
            session.rollback()
    click.echo(f"scenario {made.name!r} with {made.grids} grids")
    if not commit:
        click.echo(_DRY)


@scenario_group.command("export")
@click.argument("name")
@click.argument("file", type=FileToWrite())
@township_option
@click.pass_obj
def export_command(settings: Settings, name: str, file: Path, township: str | None) -> None:
    """Write the grids of the plan or scenario NAME to a .gpkg or .geojson FILE."""
    with at_scenario(settings, name, township, commit=False, read_only=True) as at:
        count = export_plan(at.session, at.place, at.plan, file)
    click.echo(f"{file}: {count} grids written")


@scenario_group.command("compare")
@click.argument("before")
@click.argument("after")
@click.option("--all", "everything", is_flag=True, help="grids that stay as they are, too")
@township_option
@click.pass_obj
def compare_command(
    settings: Settings, before: str, after: str, everything: bool, township: str | None
) -> None:
    """Compare two plans: every grid before and after, and who moves."""
    with at_scenario(settings, before, township, commit=False, read_only=True) as at:
        other = plans.plan_named(at.session, at.place.id, after)
        found = compared(*review.editors(at.session, at.place, other, at.plan))
    table = Table(box=None)
    for i, head in enumerate(("grid", "name", "houses", "→", "residents", "→", "min", "→",
                              "deviation", "→")):  # fmt: skip
        table.add_column(head, justify="left" if i < 2 else "right")
    for pair in found.grids:
        if everything or pair.moved:
            a, b = pair.before, pair.after
            table.add_row(
                pair.code, pair.name,
                *(str(v) for k in ("houses", "residents") for v in (_of(a, k), _of(b, k))),
                *(f"{n.minutes:.0f}" if n else "—" for n in (a, b)),
                *(f"{n.deviation:+.1%}" if n and n.deviation is not None else "—" for n in (a, b)),
            )  # fmt: skip
    wide_console().print(table)
    for f in found.flows:
        click.echo(
            f"{f.from_grid or '—'} → {f.to_grid or '—'}: {len(f.houses)} houses, "
            f"{f.households} households, {f.residents} residents, {f.minutes:.0f} min"
        )
    click.echo(
        f"{found.houses_moved} houses with {found.residents_moved} residents get another grid"
    )


@scenario_group.command("replay")
@click.argument("name")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), help="last day; default that of the newest event"
)
@click.option(
    "--days", type=click.IntRange(1), default=365, show_default=True, help="how many days"
)
@township_option
@click.pass_obj
def replay_command(
    settings: Settings, name: str, until: datetime | None, days: int, township: str | None
) -> None:
    """Put past events under the plan NAME: who would have had what, how late, how far."""
    with at_scenario(settings, name, township, commit=False, read_only=True) as at:
        newest = replay.last_day(at.session, at.place) or today(at.place)
        last = until.date() if until else newest
        rows = replay.replay(at.session, at.place, at.plan, until=last, days=days)
    table = Table(box=None)
    for i, head in enumerate(("grid", "name", "events", "closed", "late", "metres away")):
        table.add_column(head, justify="left" if i < 2 else "right")
    for r in rows:
        away = "—" if r.away_m is None else f"{r.away_m:.0f}"
        table.add_row(
            r.code or "(none)", r.name, str(r.events), str(r.closed), str(r.late), away
        )  # fmt: skip
    wide_console().print(table)
    click.echo(
        f"{sum(r.events for r in rows)} events of {last - timedelta(days=days - 1)} to {last}, "
        f"{sum(r.late for r in rows)} late"
    )


def _of(numbers: object, name: str) -> object:
    return "—" if numbers is None else getattr(numbers, name)
