"""``gisgrid db``: the store itself."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from gisgrid.cases.flow import keep_own_flows
from gisgrid.cli.edge import connected
from gisgrid.core.errors import Invalid
from gisgrid.core.messages import unpacked
from gisgrid.core.settings import Settings
from gisgrid.core.terminal import language
from gisgrid.db import backup as dump
from gisgrid.db import migrate
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.jobs import drills
from gisgrid.people.privacy.backups import (
    backups,
    carry_over,
    kept_databases,
    note_backup,
    note_destroyed,
)


@click.group()
def db() -> None:
    """Start, stop, upgrade, back up and restore the store."""


def _own_cluster(settings: Settings) -> Cluster:
    if settings.database_url:
        raise Invalid(
            "DATABASE_URL names a server; gisgrid starts and stops only its own. Unset it first."
        )
    return Cluster.at(settings.home)


@db.command()
@click.pass_obj
def start(settings: Settings) -> None:
    """Start the embedded store; on first use it is made, with its tables."""
    cluster = _own_cluster(settings)
    cluster.start()
    with connected(settings) as engine:
        if migrate.current(engine) is None:
            migrate.upgrade(engine)
    click.echo(f"running: {cluster.data}")


@db.command()
@click.pass_obj
def stop(settings: Settings) -> None:
    """Stop the embedded store."""
    click.echo("stopped" if _own_cluster(settings).stop() else "was not running")


@db.command()
@click.pass_obj
def status(settings: Settings) -> None:
    """Say where the store is, whether it runs, and at which migration it stands."""
    if not settings.database_url:
        state = _own_cluster(settings).status()
        click.echo(f"embedded store: {state.data} (PostgreSQL {state.version})")
        click.echo(f"socket: {state.socket}")
        click.echo(f"running: {'yes' if state.running else 'no'}")
        if not state.running:
            return
    with connected(settings) as engine:
        click.echo(f"database: {engine.url.render_as_string(hide_password=True)}")
        click.echo(f"migration: {migrate.current(engine) or 'none'} (newest {migrate.head()})")


@db.command()
@click.pass_obj
def upgrade(settings: Settings) -> None:
    """Bring the store to the newest migration, and make its functions, views and policies anew."""
    with connected(settings) as engine:
        before = migrate.current(engine)
        gone = migrate.upgrade(engine)
        with transaction(engine) as session:
            keep_own_flows(session)
        click.echo(f"{before or 'empty'} -> {migrate.current(engine)}")
    for name in gone:
        click.echo(f"dropped, no part of this version: {name}")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def backup(settings: Settings, file: Path) -> None:
    """Write the whole store into FILE; it is recorded, for it holds personal data."""
    with connected(settings) as engine:
        written = dump.backup(engine, file)
        with transaction(engine) as session:
            made = note_backup(session, file, written.counts)
    click.echo(
        f"{file}: {written.size / 1e6:.1f} MB, backup {made.id}, to be destroyed by {made.keep_until}"
    )


@db.command("backups")
@click.pass_obj
def backups_command(settings: Settings) -> None:
    """List the backups that are not known to be destroyed, and databases that a restore put aside."""
    with connected(settings) as engine, transaction(engine, read_only=True) as session:
        held, kept = backups(session), kept_databases(session)
    for b in held:
        there = "" if Path(b.path).exists() else " (not there any more)"
        click.echo(f"{b.id}  {b.made_at:%Y-%m-%d}  until {b.keep_until}  {b.path}{there}")
    for name in kept:
        click.echo(f"database {name}, put aside by a restore")


@db.command("drill")
@click.argument("number", type=int)
@click.option("--commit", is_flag=True, help="really ask the worker for it; otherwise only look")
@click.pass_obj
def drill_command(settings: Settings, number: int, commit: bool) -> None:
    """Have the worker read the backup NUMBER back into a database of its own, count it and throw it away."""
    with connected(settings) as engine, transaction(engine) as session:
        before = drills.drills(session)
        drills.ask(session, number, who=settings.who or getpass.getuser())
        if not commit:
            session.rollback()
    for each in before:
        said = (unpacked(each.failed).in_language(language()) if each.failed else "") or (
            f"{each.rows_read} rows, differs: {each.differs or 'nothing'}"
            if each.state == "done"
            else ""
        )
        click.echo(f"{each.asked_at:%Y-%m-%d}  backup {each.backup_id}  {each.state}  {said}")
    if not commit:
        click.echo("dry run: nothing was asked for; add --commit to ask")


@db.command("destroyed")
@click.argument("number", type=int)
@click.option("--commit", is_flag=True, help="really note it; otherwise only look")
@click.pass_obj
def destroyed_command(settings: Settings, number: int, commit: bool) -> None:
    """Note that the backup NUMBER is destroyed, all copies of it too."""
    with connected(settings) as engine, transaction(engine) as session:
        known = note_destroyed(session, number)
        if not commit:
            session.rollback()
    click.echo(f"backup {known.id}: {known.path}")
    if not commit:
        click.echo("dry run: nothing was written; add --commit to write")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--commit", is_flag=True, help="really do it; otherwise only say what would happen")
@click.pass_obj
def restore(settings: Settings, file: Path, commit: bool) -> None:
    """Put the backup FILE in place of the present store, which is kept under another name."""
    if not file.is_file():
        raise Invalid("There is no file {file}.", file=file)
    with connected(settings) as engine:
        if not commit:
            click.echo(f"would replace {engine.url.database} by {file}; add --commit to do it")
            return
        with transaction(engine, read_only=True) as session:
            known = backups(session)
        kept = dump.restore(engine, file)
    with connected(settings) as engine, transaction(engine) as session:
        carry_over(session, known)
    click.echo("what was deleted since that backup is back: run gisgrid retention")
    click.echo(f"restored; the store before is kept as the database {kept}")
