"""``gisgrid audit``: what was opened, by whom and what for."""

from __future__ import annotations

import sys
from datetime import datetime

import click
from rich.table import Table
from rich.text import Text

from gisgrid.cli.edge import opened, wide_console
from gisgrid.core.settings import Settings
from gisgrid.people.privacy import audit

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group("audit")
def audit_group() -> None:
    """What was opened by whom and what for; whether the record is whole."""


@audit_group.command("list")
@click.option("--account", help="only of this account")
@click.option("--since", type=_DAY, help="only from this day on (UTC)")
@click.option("--subject", help="only of this table or thing")
@click.option("--row", type=int, help="only what opened the row of this number")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=50,
    show_default=True,
    help="most entries to show",
)
@click.pass_obj
def list_audit(
    settings: Settings,
    /,
    *,
    account: str | None,
    since: datetime | None,
    subject: str | None,
    row: int | None,
    limit: int,
) -> None:
    """The newest entries first."""
    with opened(settings, read_only=True) as session:
        found = audit.entries(
            session,
            account=account,
            since=since and since.date(),
            subject=subject,
            row_id=row,
            limit=limit,
        )
    table = Table(box=None)
    for head in ("number", "when (UTC)", "who", "did", "to", "rows", "purpose", "from"):
        table.add_column(head)
    for e in found:
        rows = ", ".join(map(str, e.row_ids[:5])) + (" …" if len(e.row_ids) > 5 else "")
        line = [str(e.id), f"{e.at:%Y-%m-%d %H:%M:%S}", e.account_name, e.action, e.subject,
                f"{len(e.row_ids)}: {rows}", e.purpose or "", e.origin or ""]  # fmt: skip
        table.add_row(*map(Text, line))
    wide_console().print(table)


@audit_group.command("verify")
@click.option("--noted", metavar="HASH", help="a last hash noted on an earlier day")
@click.pass_obj
def verify_audit(settings: Settings, noted: str | None) -> None:
    """Compute the chain anew. Note the last hash elsewhere: it shows later if the end was cut off."""
    with opened(settings, read_only=True) as session:
        verdict = audit.verify(session, noted=noted)
    click.echo(f"{verdict.entries} entries, last hash {verdict.last_hash or '-'}")
    if verdict.broken is not None:
        click.echo(
            f"BROKEN at entry {verdict.broken}: it, or the one before it, was changed", err=True
        )
    if verdict.noted_found is False:
        click.echo("BROKEN: the noted hash is not in the chain; entries were cut off", err=True)
    if verdict.broken is not None or verdict.noted_found is False:
        sys.exit(1)
    click.echo("whole")
