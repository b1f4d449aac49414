"""The command line as a user has it: commands run on a store, and all there are."""

from __future__ import annotations

from collections.abc import Iterator

import click
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from gisgrid.cli.main import main


def gisgrid(engine: Engine, *args: str, chinese: bool = False, **env: str) -> Result:
    url = engine.url.render_as_string(hide_password=False)
    locale = "zh_CN.UTF-8" if chinese else "C.UTF-8"
    environment = {"DATABASE_URL": url, "LC_ALL": locale, "GISGRID_WHO": "test", **env}
    return CliRunner().invoke(main, args, env=environment)


def commands(group: click.Command = main, path: str = "") -> Iterator[str]:
    if not isinstance(group, click.Group):
        yield path
        return
    for name, command in children(group):
        yield from commands(command, f"{path} {name}".strip())


def children(group: click.Group) -> Iterator[tuple[str, click.Command]]:
    """The commands of a group, which may be imported only now."""
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None, name
            yield name, command
