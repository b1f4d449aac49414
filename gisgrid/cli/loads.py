"""``gisgrid loads`` and ``gisgrid undo-load``: what was loaded, and taking one load back."""

from __future__ import annotations

import getpass

import click
from rich.table import Table

from gisgrid.cli.edge import opened, wide_console
from gisgrid.core.settings import Settings
from gisgrid.loading.runs import Run, runs
from gisgrid.loading.undo import undo_load


@click.command("loads")
@click.option("--township", help="only loads into the township of this code")
@click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="newest so many"
)
@click.pass_obj
def loads_command(settings: Settings, /, *, township: str | None, limit: int) -> None:
    """The loads, newest first: file, who, when, what they did, and whether one was taken back."""
    with opened(settings, read_only=True) as session:
        found = runs(session, township=township, limit=limit)
    table = Table(
        "run", "when", "kind", "township", "file", "SHA-256", "who", "read", "added", "changed", "refused",
        "", box=None,
    )  # fmt: skip
    for run in found:
        table.add_row(*_cells(run))
    wide_console().print(table)


@click.command("undo-load")
@click.argument("run_id", metavar="RUN", type=int)
@click.option("--commit", is_flag=True, help="really write; otherwise only say what would happen")
@click.pass_obj
def undo_load_command(settings: Settings, /, *, run_id: int, commit: bool) -> None:
    """Take back the load RUN: what it added goes, what it changed returns.

    Refused where something newer hangs on it; gisgrid loads lists the runs.
    """
    with opened(settings) as session:
        undone = undo_load(session, run_id, who=settings.who or getpass.getuser())
        if not commit:
            session.rollback()
    would = "" if commit else "would be "
    click.echo(f"run {undone.run.id} ({undone.run.kind}, {undone.run.file_name}):")
    for what, counts in (("removed", undone.removed), ("given back", undone.restored)):
        for table, n in counts.items():
            click.echo(f"  {table}: {n} {would}{what}")
    click.echo(f"recorded as run {undone.by}" if commit else "dry run: nothing was written; add --commit to write")  # fmt: skip


def _cells(run: Run) -> list[str]:
    counts = run.counts
    note = f"takes back run {run.undoes}" if run.undoes else ""
    if run.undone_by:
        note = f"taken back by run {run.undone_by}"
    return [
        str(run.id), f"{run.started_at:%Y-%m-%d %H:%M}", run.kind, run.township or "", run.file_name,
        run.sha256[:12], run.who, str(counts.get("read", "")), str(counts.get("inserted", "")),
        str(counts.get("updated", "")), str(counts.get("refused", "")), note,
    ]  # fmt: skip
