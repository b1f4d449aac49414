"""``gisgrid scenario``: the edits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import click
import numpy as np
import shapely

from gisgrid.cli.scenarios import At, at_scenario, commit_option, township_option
from gisgrid.cli.who import who_option
from gisgrid.core import plans
from gisgrid.core.arrays import Floats
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.settings import Settings
from gisgrid.planning.editor import changes, edits, moves, scenarios
from gisgrid.planning.editor.editor import Editor, with_grids
from gisgrid.planning.snapshot.snapshot import Grids

why_option = click.option("--why", default="", help="reason, kept in the log")
_code = click.option("--code", help="code of the new grid; default the next free one")


@click.command("undo")
@click.argument("name")
@township_option
@commit_option
@click.pass_obj
def undo_command(settings: Settings, name: str, township: str | None, commit: bool) -> None:
    """Take back the last edit of NAME."""
    with at_scenario(settings, name, township, commit=commit) as at:
        moves.undo(at.session, at.plan, scenarios.scenario(at.session, at.plan.id).version)


@click.command("redo")
@click.argument("name")
@township_option
@commit_option
@click.pass_obj
def redo_command(settings: Settings, name: str, township: str | None, commit: bool) -> None:
    """Do again what was undone last in NAME."""
    with at_scenario(settings, name, township, commit=commit) as at:
        moves.redo(at.session, at.plan, scenarios.scenario(at.session, at.plan.id).version)


@click.command("lock")
@click.argument("name")
@click.argument("codes", nargs=-1, required=True)
@click.option("--house", is_flag=True, help="the code is a house's; two grids: their border")
@click.option("--off", is_flag=True, help="take the lock away")
@who_option
@township_option
@commit_option
@click.pass_obj
def lock_command(
    settings: Settings, /, *, name: str, codes: tuple[str, ...], house: bool, off: bool, who: str,
    township: str | None, commit: bool,
) -> None:  # fmt: skip
    """Lock a grid, the border of two grids, or a house of NAME, so that no edit changes it."""
    kind = "house" if house else "border" if len(codes) == 2 else "grid"
    with at_scenario(settings, name, township, commit=commit) as at:
        if off:
            moves.unlock(at.session, at.plan, kind, codes)
        else:
            moves.lock(at.session, at.plan, kind, codes, who=who)


@click.command("split")
@click.argument("name")
@click.argument("grid")
@click.argument("line")
@click.option("--called", required=True, help="name of the new grid")
@_code
@why_option
@who_option
@township_option
@commit_option
@click.pass_obj
def split_command(
    settings: Settings, /, *, name: str, grid: str, line: str, called: str, code: str | None,
    why: str, who: str, township: str | None, commit: bool,
) -> None:  # fmt: skip
    """Cut GRID of NAME in two along LINE, "lon lat, lon lat, …"; the smaller part is new."""
    corners = _corners(line)
    with at_scenario(settings, name, township, commit=commit) as at:
        cut = changes.split(at.session, at.place, grid, corners, called, code=code)
        keep_edit(at, "split", who, why, cut)


@click.command("join")
@click.argument("name")
@click.argument("into")
@click.argument("gone")
@why_option
@who_option
@township_option
@commit_option
@click.pass_obj
def join_command(
    settings: Settings, /, *, name: str, into: str, gone: str, why: str, who: str,
    township: str | None, commit: bool,
) -> None:  # fmt: skip
    """Give all ground of the grid GONE of NAME to its neighbour INTO."""
    with at_scenario(settings, name, township, commit=commit) as at:
        keep_edit(at, "merge", who, why, lambda editor: edits.merge(editor, into, gone))


@click.command("give")
@click.argument("name")
@click.argument("grid")
@click.argument("houses", nargs=-1, required=True)
@why_option
@who_option
@township_option
@commit_option
@click.pass_obj
def give_command(
    settings: Settings, /, *, name: str, grid: str, houses: tuple[str, ...], why: str, who: str,
    township: str | None, commit: bool,
) -> None:  # fmt: skip
    """Move HOUSES (codes) of NAME to GRID; the ground follows."""
    with at_scenario(settings, name, township, commit=commit) as at:
        keep_edit(
            at, "give", who, why,
            lambda editor: edits.give(editor, dict.fromkeys(house_rows(editor, houses), grid)),
        )  # fmt: skip


@click.command("draw")
@click.argument("name")
@click.argument("polygon", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--called", required=True, help="name of the new grid")
@_code
@click.option("--host", default="", help="makes it an exclusive grid of this body")
@click.option("--community", help="numbers the code under it; default that of the ground")
@why_option
@who_option
@township_option
@commit_option
@click.pass_obj
def draw_command(
    settings: Settings, /, *, name: str, polygon: Path, called: str, code: str | None, host: str,
    community: str | None, why: str, who: str, township: str | None, commit: bool,
) -> None:  # fmt: skip
    """Make a grid of NAME from the POLYGON in a GeoJSON file, cut out of its neighbours."""
    try:
        shapes = shapely.get_parts(shapely.from_geojson(polygon.read_text(encoding="utf-8")))
    except (shapely.errors.GEOSException, UnicodeDecodeError):
        raise Invalid("{polygon} is no GeoJSON.", polygon=polygon.name) from None
    if len(shapes) != 1:
        raise Invalid("The file must hold one polygon.")
    with at_scenario(settings, name, township, commit=commit) as at:
        made = changes.drawn(
            at.session, at.place, shapes[0], called, exclusive=bool(host), host=host,
            community=community, code=code,
        )  # fmt: skip
        keep_edit(at, "draw", who, why, made)


@click.command("combine")
@click.argument("name")
@click.argument("other")
@why_option
@who_option
@township_option
@commit_option
@click.pass_obj
def combine_command(
    settings: Settings, /, *, name: str, other: str, why: str, who: str, township: str | None,
    commit: bool,
) -> None:  # fmt: skip
    """Bring what the scenario OTHER changed into NAME; both must be drawn from one plan."""
    with at_scenario(settings, name, township, commit=commit) as at:
        theirs = plans.plan_named(at.session, at.place.id, other)
        keep_edit(
            at,
            "combine",
            who,
            why or theirs.name,
            scenarios.combined(at.session, at.place, at.plan, theirs),
        )


def house_rows(editor: Editor, codes: Sequence[str]) -> list[int]:
    """Rows of houses by code; NotFound if there is no such house."""
    row_of = {code: k for k, code in enumerate(editor.state.houses.code.tolist())}
    unknown = [code for code in codes if code not in row_of]
    if unknown:
        raise NotFound("There is no house {unknown!r}.", unknown=unknown[0])
    return [row_of[code] for code in codes]


def keep_edit(at: At, action: str, who: str, why: str, change: Callable[[Editor], Grids]) -> None:
    """Keep an edit of a scenario, and tell what it changed."""
    version = scenarios.scenario(at.session, at.plan.id).version
    before = scenarios.scenario_editor(at.session, at.place, at.plan)
    after = with_grids(before, change(before))
    now = moves.record(at.session, at.plan, version, before, after, action=action, who=who, why=why)
    entry = moves.log(at.session, at.plan.id)[0]
    click.echo(f"edit {entry.number} of {at.plan.name!r} (version {now}): {' '.join(entry.grids)}")
    for f in entry.flows:
        click.echo(
            f"{f['from_grid'] or '—'} → {f['to_grid'] or '—'}: {f['houses']} houses, "
            f"{f['households']} households, {f['residents']} residents"
        )


def _corners(line: str) -> Floats:
    try:
        corners = np.array([[float(v) for v in spot.split()] for spot in line.split(",")])
    except ValueError:
        corners = np.zeros(0)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 2:
        raise Invalid('A line is written as "lon lat, lon lat".')
    return corners


COMMANDS = (
    undo_command,
    redo_command,
    lock_command,
    split_command,
    join_command,
    give_command,
    draw_command,
    combine_command,
)
