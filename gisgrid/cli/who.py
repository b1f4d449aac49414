"""``--who``: under whose name an edit or a step is kept."""

from __future__ import annotations

import getpass
from typing import Any

import click

from gisgrid.core.settings import Settings


def _default(ctx: click.Context, _: click.Parameter, value: str | None) -> str:
    settings = ctx.find_object(Settings)
    return value or (settings.who if settings else "") or getpass.getuser()


def who_option(command: Any) -> Any:
    """Adds ``--who`` to a command; without it GISGRID_WHO, else the system user's name."""
    return click.option(
        "--who", callback=_default, help="name kept in the log; default GISGRID_WHO"
    )(command)
