"""``gisgrid serve``: what the web adds to the command line."""

from __future__ import annotations

from dataclasses import replace

import click

from gisgrid.core.settings import Settings
from web.server import supervised


@click.command()
@click.option("--host", help="address; default GISGRID_HOST")
@click.option("--port", type=click.IntRange(1, 65535), help="port; default GISGRID_PORT")
@click.option(
    "--worker/--no-worker",
    "with_worker",
    default=None,
    help="run a worker beside; by default with the private cluster only",
)
@click.pass_obj
def serve(settings: Settings, host: str | None, port: int | None, with_worker: bool | None) -> None:
    """Serve the maps and the API: server processes, worker and store, each started again if it ends."""
    chosen = replace(settings, host=host or settings.host, port=port or settings.port)
    supervised.serve(chosen, worker=with_worker)
