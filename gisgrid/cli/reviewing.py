"""``gisgrid plan`` from review to hand-over."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
from rich.table import Table

from gisgrid.cli.edge import FileToWrite, opened, wide_console
from gisgrid.cli.mending import mend_slivers
from gisgrid.cli.planning import print_counts, said
from gisgrid.cli.scenarios import At, at_scenario
from gisgrid.cli.who import who_option
from gisgrid.core import plans
from gisgrid.core.errors import Conflict, NotFound
from gisgrid.core.settings import Settings
from gisgrid.files.exports import write_workbook
from gisgrid.planning.balancing.from_scratch import never_planned
from gisgrid.planning.editor.compare import crosswalk
from gisgrid.planning.overview.successors import crosswalk_of, successors
from gisgrid.planning.review import review
from gisgrid.planning.review.handover import handed_houses, handover_sheets, team_sheets
from gisgrid.planning.snapshot.fetch import local

_township = click.option("--township", help="code of the township; needed if there are several")
_commit = click.option("--commit", is_flag=True, help="really write; otherwise only try it")


def _step(name: str, help_text: str, *, reason: bool = False) -> click.Command:
    @click.command(name, help=help_text)
    @click.argument("plan")
    @click.option("--reason", default="", required=reason, help="why; kept with the step")
    @who_option
    @_township
    @_commit
    @click.pass_obj
    def command(
        settings: Settings, /, *, plan: str, reason: str, who: str, township: str | None,
        commit: bool,
    ) -> None:  # fmt: skip
        with at_scenario(settings, plan, township, commit=commit) as at:
            now = review.take_step(at.session, at.place, at.plan, name, who=who, reason=reason)
            click.echo(f"plan {now.name!r}: {at.plan.state} → {now.state}")

    return command


@click.command("publish")
@click.argument("name")
@click.option("--from", "first_day", type=click.DateTime(["%Y-%m-%d"]), required=True,
              help="first day in force")  # fmt: skip
@click.option(
    "--unreviewed",
    is_flag=True,
    help="without review, as the first plan may be; the record says so",
)
@click.option(
    "--mend-slivers",
    "mend",
    is_flag=True,
    help="close thin gaps and overlaps of a draft first, as gisgrid scenario mend-slivers does",
)
@who_option
@_township
@_commit
@click.pass_obj
def publish_command(
    settings: Settings, /, *, name: str, first_day: datetime, unreviewed: bool, mend: bool, who: str,
    township: str | None, commit: bool,
) -> None:  # fmt: skip
    """Put the plan NAME in force from a day on; the one before it is in force until the day before."""
    with opened(settings) as session:
        place = plans.township(session, township)
        plan = plans.plan_named(session, place.id, name)
        if mend:
            mend_slivers(At(session, place, plan), who, "before publication")
        # What is in force when the system is set up was decided before it.
        unreviewed = unreviewed or never_planned(session, place)
        done = review.publish(
            session, place, plan, first_day.date(), who=who, unreviewed=unreviewed
        )
        if not commit:
            session.rollback()
    for kind, counts in done.counts.items():
        print_counts(kind, counts)
    if done.successors:
        changed = {s.old_code for s in done.successors if s.share < 1 or s.old_code != s.new_code}
        click.echo(f"{len(changed)} grids of the plan before hand over to others")
    now = done.plan
    verb = "waits and is" if now.in_force == "later" else "is"
    click.echo(
        f"plan {now.name!r} {verb} in force from {now.valid_from}"
        if commit
        else "dry run: nothing was written; add --commit to write"
    )


@click.command("withdraw")
@click.argument("plan")
@click.option("--reason", required=True, help="why; kept with the step")
@who_option
@_township
@_commit
@click.pass_obj
def withdraw_command(
    settings: Settings, /, *, plan: str, reason: str, who: str, township: str | None, commit: bool
) -> None:
    """Take back PLAN, which is published for a day that has not come; the one before goes on."""
    with at_scenario(settings, plan, township, commit=commit) as at:
        now = review.withdraw(at.session, at.place, at.plan, who=who, reason=reason)
        click.echo(f"plan {now.name!r}: {at.plan.state} → {now.state}")


@click.command("review")
@click.argument("name")
@_township
@click.pass_obj
def review_command(settings: Settings, name: str, township: str | None) -> None:
    """Show the steps of the plan NAME so far, and the checks that keep it from being published."""
    with at_scenario(settings, name, township, commit=False, read_only=True) as at:
        done = review.steps(at.session, at.plan.id)
        worse = review.failing(at.session, at.place, at.plan)
    click.echo(f"plan {at.plan.name!r}: {said(at.plan)}")
    for step in done:
        why = f": {step.reason}" if step.reason else ""
        click.echo(
            f"{local(step.at, at.place):%Y-%m-%d %H:%M} {step.from_state} → {step.to_state} "
            f"by {step.who}{why}"
        )
    for result in worse:
        click.echo(f"fails: {result.title.en} ({len(result.findings)}), {result.findings[0].en}")


@click.command("crosswalk")
@click.argument("name")
@click.option("--code", help="only: which grids answer today for this code?")
@click.option("--xlsx", type=FileToWrite(), help="write a workbook")
@_township
@click.pass_obj
def crosswalk_command(
    settings: Settings, name: str, code: str | None, xlsx: Path | None, township: str | None
) -> None:
    """Tell which grids of the plan NAME take over those of the plan before, and how much."""
    with at_scenario(settings, name, township, commit=False, read_only=True) as at:
        if code:
            heirs = successors(at.session, at.place.id, code)
            if not heirs:
                raise NotFound("No plan ever had a grid {code!r}.", code=code)
            for heir, share in heirs.items():
                click.echo(f"{code} → {heir}: {share:.1%}")
            return
        found = crosswalk_of(at.session, at.plan.id)
        if not found:
            found = crosswalk(*review.editors(at.session, at.place, at.plan, _before(at)))
    table = Table("old", "new", "houses", "households", "residents", "share", box=None)
    for s in found:
        if s.share < 1 or s.old_code != s.new_code:
            table.add_row(
                s.old_code, s.new_code or "—", str(s.houses), str(s.households),
                str(s.residents), f"{s.share:.1%}",
            )  # fmt: skip
    wide_console().print(table)
    if xlsx:
        write_workbook(xlsx, handover_sheets([], [], found)[1:])
        click.echo(f"{xlsx}: workbook written")


@click.command("handover")
@click.argument("name")
@click.argument("file", type=FileToWrite())
@click.option("--grid", help="only the sheet of this grid's team")
@_township
@click.pass_obj
def handover_command(
    settings: Settings, name: str, file: Path, grid: str | None, township: str | None
) -> None:
    """Write the hand-over workbook FILE of the plan NAME: what each team gives and gets."""
    with at_scenario(settings, name, township, commit=False, read_only=True) as at:
        before, after = review.editors(at.session, at.place, at.plan, _before(at))
        handed = handed_houses(at.session, at.place.id, before, after)
        found = crosswalk(before, after)
    if grid:
        handed = [h for h in handed if grid in (h.from_grid, h.to_grid)]
        found = [s for s in found if grid in (s.old_code, s.new_code)]
    teams = [t for t in team_sheets(handed, before, after) if grid in (None, t.grid)]
    write_workbook(file, handover_sheets(teams, handed, found))
    click.echo(f"{file}: {len(teams)} teams, {len(handed)} houses")


def _before(at: At) -> plans.PlanInfo:
    plan, session = at.plan, at.session
    if plan.based_on_id is None:
        raise Conflict(
            "Plan {plan!r} was not drawn from another; nobody hands over.", plan=plan.name
        )
    return plans.plan_by_id(session, plan.based_on_id)


COMMANDS = (
    _step("submit", "Ask for review of the scenario PLAN."),
    _step("return", "Send PLAN back to its drawers, with a reason.", reason=True),
    _step("approve", "Approve PLAN; who submitted it cannot."),
    _step("notify", "Record that the departments were notified of PLAN."),
    publish_command,
    withdraw_command,
    review_command,
    crosswalk_command,
    handover_command,
)
