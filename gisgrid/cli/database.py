"""``gisgrid db``: the store itself."""

from __future__ import annotations

from pathlib import Path

import click

from gisgrid.cli.edge import connected
from gisgrid.db import dump, migrate
from gisgrid.db.cluster import Cluster
from gisgrid.errors import Invalid
from gisgrid.settings import Settings


@click.group()
def db() -> None:
    """Start, stop, upgrade, back up and restore the store."""


def _own_cluster(settings: Settings) -> Cluster:
    if settings.database_url:
        raise Invalid(
            "DATABASE_URL names a server; gisgrid starts and stops only its own. Unset it first.",
            zh="DATABASE_URL 已指定服务器；gisgrid 只启停自带的数据库。请先取消该变量。",
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
    """Bring the store to the newest migration."""
    with connected(settings) as engine:
        before = migrate.current(engine)
        migrate.upgrade(engine)
        click.echo(f"{before or 'empty'} -> {migrate.current(engine)}")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def backup(settings: Settings, file: Path) -> None:
    """Write the whole store into FILE."""
    with connected(settings) as engine:
        size = dump.backup(engine, file)
    click.echo(f"{file}: {size / 1e6:.1f} MB")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--commit", is_flag=True, help="really do it; otherwise only say what would happen")
@click.pass_obj
def restore(settings: Settings, file: Path, commit: bool) -> None:
    """Put the backup FILE in place of the present store, which is kept under another name."""
    if not file.is_file():
        raise Invalid(f"There is no file {file}.", zh=f"没有文件 {file}。")
    with connected(settings) as engine:
        if not commit:
            click.echo(f"would replace {engine.url.database} by {file}; add --commit to do it")
            return
        kept = dump.restore(engine, file)
    click.echo(f"restored; the store before is kept as the database {kept}")
