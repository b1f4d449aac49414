"""``gisgrid coverage``, ``workload`` and ``weights``: what a plan leaves open, and who has how much."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click
from rich.table import Table
from sqlalchemy.orm import Session

from gisgrid.balance.weights import Weights
from gisgrid.balance.workload import MMIN, Spread
from gisgrid.cli.edge import FileToWrite, opened, wide_console
from gisgrid.cli.loading import progress_bar
from gisgrid.cli.planning import said
from gisgrid.core import plans
from gisgrid.core.errors import Invalid
from gisgrid.core.plans import PlanInfo, TownshipInfo
from gisgrid.core.settings import Settings
from gisgrid.db.tables.register import NEEDS
from gisgrid.files.exports import write_geojson, write_workbook
from gisgrid.planning.checks.checks import CHECKS
from gisgrid.planning.checks.coverage import Coverage, coverage, coverage_features, coverage_sheets
from gisgrid.planning.snapshot.fetch import plan_state, today
from gisgrid.planning.workload.weighing import add_weights, plan_weighing, weights_of
from gisgrid.planning.workload.workload import AreaLoad, Loads, loads, refuse_no_work
from gisgrid.planning.workload.workload_files import load_features, load_sheets

township_option = click.option(
    "--township", help="code of the township; needed if there are several"
)
plan_option = click.option(
    "--plan", "name", help="name or number of the plan; default the one in force"
)
as_of_option = click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="the day that is asked about; default today",
)
xlsx_option = click.option("--xlsx", type=FileToWrite(), help="workbook to write")
geojson_option = click.option("--geojson", type=FileToWrite(), help="GeoJSON file to write")


def chosen_plan(
    session: Session, place: TownshipInfo, name: str | None, as_of: datetime | None
) -> PlanInfo:
    """The plan of a name; without one that of the day, without a day of today."""
    if name:
        return plans.plan_named(session, place.id, name)
    return plans.plan_in_force(session, place.id, as_of.date() if as_of else None)


@click.command("coverage")
@plan_option
@as_of_option
@township_option
@click.option(
    "--check",
    "checks",
    multiple=True,
    type=click.Choice([check.name for check in CHECKS]),
    help="only this check; repeatable",
)
@click.option(
    "--places", type=click.IntRange(0), default=5, show_default=True, help="places listed a check"
)
@xlsx_option
@geojson_option
@click.pass_obj
def coverage_command(
    settings: Settings,
    /,
    *,
    name: str | None,
    as_of: datetime | None,
    township: str | None,
    checks: tuple[str, ...],
    places: int,
    xlsx: Path | None,
    geojson: Path | None,
) -> None:
    """Say what a plan leaves uncovered, where, who is affected, and what would mend it."""
    with (
        progress_bar("coverage") as tell,
        opened(settings, read_only=True) as session,
    ):
        place = plans.township(session, township)
        plan = chosen_plan(session, place, name, as_of)
        day = as_of.date() if as_of else today(place)
        found = coverage(session, place, plan, day, only=checks or None, progress=tell)
    _print_answers(place, found)
    if places:
        _print_places(found, places)
    if xlsx:
        write_workbook(xlsx, coverage_sheets(found))
        click.echo(f"{xlsx}: workbook written")
    if geojson:
        features = coverage_features(found)
        write_geojson(geojson, features)
        click.echo(f"{geojson}: {len(features)} places written")


def _print_answers(place: TownshipInfo, found: Coverage) -> None:
    table = Table(
        title=f"{place.name} · {found.plan.name} ({said(found.plan)}) · {found.day}", box=None
    )
    for head in ("check", "title", "项目", "answer"):
        table.add_column(head)
    for head in ("places", "houses", "residents"):
        table.add_column(head, justify="right")
    table.add_column("missing")
    colour = {"pass": "green", "fail": "red", "incomplete": "yellow"}
    for r in found.results:
        table.add_row(
            r.name, r.title.en, r.title.in_language("zh"), f"[{colour[r.status]}]{r.status}[/]",
            str(len(r.findings)), str(r.houses), str(r.residents), r.en,
        )  # fmt: skip
    wide_console().print(table)


def _print_places(found: Coverage, most: int) -> None:
    for result in (*found.results, *([found.sites] if found.sites else [])):
        if not result.findings:
            continue
        click.echo(f"\n{result.title.en} · {result.title.in_language('zh')}")
        for f in result.findings[:most]:
            fix = f" → {f.fix.en}" if f.fix else ""
            click.echo(f"  {f.en}; {len(f.houses)} houses, {f.residents} residents{fix}")
        if len(result.findings) > most:
            click.echo(f"  … and {len(result.findings) - most} more (--places, --xlsx)")


@click.command("workload")
@plan_option
@as_of_option
@township_option
@click.option(
    "--weights", "version", help="version of the weights; default the plan's own, else the newest"
)
@click.option("--straight", is_flag=True, help="walks straight with a detour, not along streets")
@xlsx_option
@geojson_option
@click.pass_obj
def workload_command(
    settings: Settings,
    /,
    *,
    name: str | None,
    as_of: datetime | None,
    township: str | None,
    version: str | None,
    straight: bool,
    xlsx: Path | None,
    geojson: Path | None,
) -> None:
    """Say how many minutes a month each grid asks for, part by part and per team member."""
    with (
        progress_bar("workload") as tell,
        opened(settings, read_only=True) as session,
    ):
        place = plans.township(session, township)
        plan = chosen_plan(session, place, name, as_of)
        weighing = plan_weighing(session, plan, version)
        tell(0, 2, "reading")
        state = plan_state(session, place, plan, as_of.date() if as_of else today(place))
        tell(1, 2, "weighing")
        found = loads(state, weighing.weights, by_street=weighing.by_street and not straight)
    refuse_no_work(found, state)
    title = f"{place.name} · {plan.name} · {state.day} · weights {weighing.weights.version}"
    _print_communities(title, found)
    _print_grids(found)
    click.echo(found.events.said.en)
    if xlsx:
        write_workbook(xlsx, load_sheets(found))
        click.echo(f"{xlsx}: workbook written")
    if geojson:
        features = load_features(state, found)
        write_geojson(geojson, features)
        click.echo(f"{geojson}: {len(features)} grids written")


def _print_communities(title: str, found: Loads) -> None:
    table = Table(title=title, box=None)
    heads = ("code", "community", "grids", "residents", "minutes", "posts", "min/post",
             "max/mean", "Gini", "max/mean per post", "Gini per post")  # fmt: skip
    for i, head in enumerate(heads):
        table.add_column(head, justify="left" if i < 2 else "right")
    for area in found.communities:
        table.add_row(*_area_cells(area, area.code or "", area.name))
    nowhere = found.nowhere
    if nowhere.total_mmin or nowhere.residents:
        table.add_row("", "(in no grid)", "", str(nowhere.residents), _min(nowhere.total_mmin))
    table.add_row(*_area_cells(found.township, "", "total"), style="bold")
    wide_console().print(table)


def _area_cells(area: AreaLoad, code: str, name: str) -> list[str]:
    each = f"{area.total_mmin / MMIN / area.posts:.0f}" if area.posts else "—"
    return [
        code, name, str(area.grids), str(area.residents), _min(area.total_mmin),
        f"{area.posts:.1f}", each, *_spread_cells(area.per_grid), *_spread_cells(area.per_post),
    ]  # fmt: skip


def _spread_cells(spread: Spread) -> list[str]:
    return [_number(spread.max_over_mean, ".2f"), _number(spread.gini, ".3f")]


def _print_grids(found: Loads) -> None:
    table = Table(box=None)
    heads = ("grid", "kind", "community", "residents", "register", "needs", "events", "visits",
             "walking", "minutes", "deviation", "posts", "min/post")  # fmt: skip
    for i, head in enumerate(heads):
        table.add_column(head, justify="left" if i < 3 else "right")
    for g in found.grids:
        part = dict(zip(found.parts, g.parts_mmin, strict=True))
        shown = (part["households"] + part["residents"], sum(part[name] for name in NEEDS),
                 part["events"], part["visits"], part["walking"])  # fmt: skip
        table.add_row(
            g.code, g.kind, g.community, str(g.residents), *map(_min, shown),
            _min(g.total_mmin), _number(g.deviation, "+.1%"), f"{g.posts:.1f}",
            _number(g.per_post_min, ".0f"),
        )  # fmt: skip
    wide_console().print(table)


def _min(mmin: int) -> str:
    return f"{mmin / MMIN:.0f}"


def _number(value: float | None, form: str) -> str:
    return "—" if value is None else format(value, form)


@click.group("weights")
def weights_group() -> None:
    """Show a township's workload weights, or add a version."""


@weights_group.command("show")
@click.argument("version", required=False)
@township_option
@click.pass_obj
def show_weights(settings: Settings, version: str | None, township: str | None) -> None:
    """Print a VERSION as JSON, ready to be changed and added; default the newest."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        found = weights_of(session, place.id, version)
    click.echo(f"weights {found.version}", err=True)
    click.echo(json.dumps(found.stored(), ensure_ascii=False, indent=2))


@weights_group.command("add")
@click.argument("version")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@township_option
@click.option("--commit", is_flag=True, help="really write; otherwise only say what would happen")
@click.pass_obj
def add_weights_command(
    settings: Settings, version: str, file: Path, township: str | None, commit: bool
) -> None:
    """Add the weights in FILE (JSON, what differs from the defaults) as VERSION."""
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as exc:
        raise Invalid("{file} is no JSON.", file=file.name) from exc
    if not isinstance(stored, dict):
        raise Invalid("{file} holds no object.", file=file.name)
    weights = Weights.of(version, stored)
    with opened(settings) as session:
        place = plans.township(session, township)
        add_weights(session, place.id, weights)
        if not commit:
            session.rollback()
    click.echo(
        f"weights {version!r} kept"
        if commit
        else "dry run: nothing was written; add --commit to write"
    )
