"""``gisgrid balance``: the least change that gives every grid its fair share."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, cast

import click
import numpy as np
import shapely
from rich.table import Table
from sqlalchemy.orm import Session

from gisgrid.balance.pareto import TOLERANCES
from gisgrid.cli.balance_options import balance_options, barriers_of, house_codes
from gisgrid.cli.coverage import (
    as_of_option,
    chosen_plan,
    geojson_option,
    plan_option,
    township_option,
    xlsx_option,
)
from gisgrid.cli.edge import opened, wide_console
from gisgrid.cli.loading import progress_bar
from gisgrid.cli.planning import said
from gisgrid.core import plans
from gisgrid.core.errors import Invalid
from gisgrid.core.plans import PlanInfo, TownshipInfo
from gisgrid.core.settings import Settings
from gisgrid.files.exports import write_geojson, write_workbook
from gisgrid.planning.balancing.drafts import free_name, save_draft
from gisgrid.planning.balancing.from_scratch import first_draft, never_planned, save_first
from gisgrid.planning.balancing.inputs import balance_inputs, problem_of, rebalance_plan
from gisgrid.planning.balancing.options import BalanceOptions, Cost
from gisgrid.planning.balancing.problem import BalanceProblem
from gisgrid.planning.balancing.proposal_files import proposal_features, proposal_sheets
from gisgrid.planning.balancing.rebalance import Proposal, trade_off
from gisgrid.planning.editor.drawn import drawn_notes
from gisgrid.planning.snapshot.fetch import today
from gisgrid.planning.workload.workload import event_days


@click.command("balance")
@plan_option
@as_of_option
@township_option
@balance_options
@click.option(
    "--weights", "version", help="version of the weights; default the plan's own, else the newest"
)
@click.option("--straight", is_flag=True, help="walks straight with a detour, not along streets")
@click.option("--pareto", is_flag=True, help="only show what each step of balance costs")
@click.option(
    "--name", "new_name", help="name of the new draft; default the plan's with -b1, -b2 …"
)
@xlsx_option
@geojson_option
@click.option("--commit", is_flag=True, help="save a draft; otherwise only say what would happen")
@click.pass_obj
def balance_command(
    settings: Settings,
    /,
    *,
    name: str | None,
    as_of: datetime | None,
    township: str | None,
    version: str | None,
    straight: bool,
    pareto: bool,
    new_name: str | None,
    xlsx: Path | None,
    geojson: Path | None,
    commit: bool,
    barrier_files: tuple[Path, ...],
    barrier_streets: tuple[str, ...],
    barrier_crs: str | None,
    lock_houses: tuple[str, ...],
    cost: str,
    **asked: Any,
) -> None:
    """Propose the plan with the least change that gives every grid its fair share of the work."""
    from_scratch = bool(asked["from_scratch"] or asked["grids"] or asked["size"])
    if pareto and from_scratch:
        raise Invalid(
            "--pareto compares changes of today's plan; it does not go with --from-scratch, --grids or --size."
        )
    if pareto and (commit or xlsx or geojson):
        raise Invalid(
            "--pareto only shows a table; choose a tolerance from it, then run without --pareto."
        )
    with progress_bar("balance") as tell:
        tell(0, 4, "reading")
        # A first plan begins as a draft that is given up again when all is read.
        with opened(settings, read_only=not from_scratch) as session:
            place = plans.township(session, township)
            first = from_scratch and name is None and never_planned(session, place)
            new_name = new_name or (str(today(place).year) if first else None)
            if first and (xlsx or geojson):
                raise Invalid(
                    "A first plan moves nobody; save it with --commit, then gisgrid scenario export."
                )
            base = (
                first_draft(session, place, name=new_name or "")
                if first
                else _base(session, place, name, as_of)
            )
            options = BalanceOptions(
                lock_houses=house_codes(session, place, lock_houses),
                cost=cast(Cost, cost),
                by_street=not straight,
                barriers=(*(path.name for path in barrier_files), *barrier_streets),
                **asked,
            )
            barriers = barriers_of(session, place, barrier_files, barrier_streets, barrier_crs)
            inputs = balance_inputs(
                session, place, base, options,
                day=as_of.date() if as_of else None, version=version, barriers=barriers,
            )  # fmt: skip
            if from_scratch:
                session.rollback()
        if pareto:
            task = problem_of(inputs, progress=tell)
            tell(2, 4, "trying tolerances")
            _print_trade_off(task)
            return
        proposal = rebalance_plan(inputs, progress=tell)
    from_what = "first plan" if first else f"{base.name} ({said(base)})"
    click.echo(
        f"{place.name} · {from_what} · {inputs.state.day} · weights {inputs.weights.version}"
    )
    _print_proposal(proposal, first=first)
    if xlsx:
        write_workbook(xlsx, proposal_sheets(proposal))
        click.echo(f"{xlsx}: workbook written")
    if geojson:
        write_geojson(geojson, proposal_features(proposal))
        click.echo(f"{geojson}: {len(proposal.grids)} grids, {len(proposal.moves)} moves written")
    if not commit:
        click.echo("dry run: nothing was written; add --commit to save a draft")
        return
    with opened(settings) as session:
        draft = (
            save_first(session, place, proposal, name=base.name, who=settings.who)
            if first
            else save_draft(session, base, proposal, name=new_name or free_name(session, base))
        )
    click.echo(
        f"draft {draft.name!r} (plan {draft.id}) saved; publish it with gisgrid plan publish"
    )


def _print_trade_off(task: BalanceProblem) -> None:
    table = Table(box=None)
    for head in (
        "largest deviation",
        "residents moved",
        "at least",
        "over the bound",
        "compactness",
    ):
        table.add_column(head, justify="right")
    for result in trade_off(task, TOLERANCES):
        table.add_row(
            f"{result.max_deviation:.2%}", f"{result.moved_cost:.0f}", f"{result.bound:.0f}",
            f"{result.gap:+.1%}", "—" if result.compactness is None else f"{result.compactness:.3f}",
        )  # fmt: skip
    wide_console().print(table)
    click.echo("each plan was drawn and its work counted again under it")


def _base(
    session: Session, place: TownshipInfo, name: str | None, as_of: datetime | None
) -> PlanInfo:
    """The plan that is to be balanced; without a name or day the newest, which the next one follows."""
    newest = None if name or as_of else plans.newest_plan(session, place.id)
    return newest or chosen_plan(session, place, name, as_of)


def _print_proposal(proposal: Proposal, *, first: bool) -> None:
    task, result = proposal.task, proposal.result
    level = task.options.levelled
    unit = "min" if level == "work" else level
    table = Table(box=None)
    heads = ("community", "grids", f"{unit}/grid", "before", "after", "at best", f"moved {unit}",
             "bound", "reached")  # fmt: skip
    for i, head in enumerate(heads):
        table.add_column(head, justify="left" if i < 1 else "right")
    worst: dict[str, float] = {}
    for g in proposal.grids:
        off = abs(g.before_deviation or 0.0)
        worst[g.community] = max(worst.get(g.community, 0.0), off)
    codes = task.state.communities.code
    for c in result.communities:
        code = str(c.community) if str(c.community) in codes else str(codes[c.community])
        table.add_row(
            code, str(len(c.grids)), f"{c.target:.0f}", f"{worst.get(code, 0):.1%}",
            f"{c.max_deviation:.2%}", "" if c.reached else f"{c.floor:.2%}",
            f"{c.moved_cost:.0f}", f"{c.bound:.0f}", "yes" if c.reached else "no",
        )  # fmt: skip
    wide_console().print(table)
    if first:
        _print_sizes(proposal)
    else:
        _print_moves(proposal)
    people = int(np.sum(task.state.houses.residents))
    least = f" against {result.bound:.0f} at least ({result.gap:+.1%})" if result.bound else ""
    moved = (
        ""
        if first
        else f"; {proposal.houses_moved} of {len(task.state.houses.code)} houses move, with "
        f"{proposal.residents_moved} of {people} residents; {result.moved_cost:.0f} moved{least}"
    )
    click.echo(
        f"largest deviation {result.max_deviation:.2%}, counted under the new plan as it is drawn "
        f"({proposal.settled.rounds} rounds){moved}"
    )
    if result.compactness is not None and proposal.compactness_before is not None:
        click.echo(
            f"compactness (mean Polsby-Popper) {proposal.compactness_before:.3f} before, "
            f"{result.compactness:.3f} after"
        )
    _print_notes(proposal)


def _print_notes(proposal: Proposal) -> None:
    """What was counted and left out, what was not reached and why, and where the ground is at fault."""
    task, drawn = proposal.task, proposal.settled.drawn
    if task.options.levelled == "work":
        click.echo(event_days(task.state, task.weights).said.en)
    for left in task.left_out:
        click.echo(left.said.en)
    for reason in proposal.reasons:
        click.echo(f"not reached: {reason.en}")
    out = any(r.kind == "out of reach" for r in proposal.result.infeasible)
    if out and not task.options.far:
        click.echo(
            "with --far houses may go further than to a neighbour; --from-scratch draws from scratch"
        )
    if proposal.faults_today:
        told = ", ".join(f"{r.title.en} ({len(r.findings)})" for r in proposal.faults_today)
        click.echo(f"today's ground has faults that this does not mend: {told}; gisgrid coverage")
    for fault in proposal.faults:
        click.echo(f"fault in the new polygons: {fault.title.en}: {fault.findings[0].en}")
    for each in drawn_notes(drawn):
        click.echo(each.en)


def _print_sizes(proposal: Proposal) -> None:
    """How large the grids of a first plan are."""
    state = proposal.task.state
    there = np.flatnonzero(~shapely.is_empty(proposal.lonlat))
    inside = proposal.owner >= 0
    sizes = [
        np.bincount(proposal.owner[inside], held[inside], minlength=len(proposal.lonlat))[there]
        for held in (np.ones(len(inside)), state.houses.households, state.houses.residents)
    ]
    told = ", ".join(
        f"{held.min():.0f}–{held.max():.0f} {what}"
        for held, what in zip(sizes, ("houses", "households", "residents"), strict=True)
    )
    click.echo(f"{len(there)} grids, each with {told}")
    if outside := int((~inside).sum()):
        click.echo(f"{outside} houses lie outside every community or have no point")


def _print_moves(proposal: Proposal) -> None:
    state = proposal.task.state
    for k in np.flatnonzero(proposal.task.fresh).tolist():
        click.echo(f"new grid {state.grids.code[k]} {state.grids.name[k]}: it has no team yet")
    for code in proposal.gone:
        click.echo(f"grid {code} is no more; its code is not used again")
    moves = Table(box=None)
    for i, head in enumerate(("from", "to", "houses", "households", "residents", "minutes")):
        moves.add_column(head, justify="left" if i < 2 else "right")
    for m in proposal.moves:
        moves.add_row(m.from_grid, m.to_grid, str(len(m.houses)), str(m.households),
                      str(m.residents), f"{m.minutes:.0f}")  # fmt: skip
    wide_console().print(moves)
