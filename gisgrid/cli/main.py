"""The command group and how its failures look: one line on stderr, exit status 2."""

from __future__ import annotations

import signal
import sys
import threading
from importlib import import_module
from typing import Any

import click

from gisgrid.cli.commands import Commands
from gisgrid.cli.terminal import Terminal
from gisgrid.core.errors import GisgridError
from gisgrid.core.messages import message
from gisgrid.core.settings import Settings
from gisgrid.core.terminal import language


class OneLineErrors(Commands):
    """A group whose commands fail with one clear line instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except GisgridError as exc:
            fail(exc.at_terminal(language()))
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as exc:
            command = (exc.ctx or ctx).command_path
            fail(f"{exc.format_message()} ({command} --help)")
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # of a pipe: whoever read has enough, which is no failure
        except KeyboardInterrupt:
            fail(_stopped())
        except SystemError as exc:
            # A kernel that is stopped hands the interruption on in this wrapping.
            if not isinstance(exc.__cause__, KeyboardInterrupt):
                raise
            fail(_stopped())
        except Exception as exc:
            # What the store says is told where the store's library is loaded anyway.
            told = import_module("gisgrid.cli.failing").line_of(exc, ctx)
            if told is None:
                raise
            fail(told)


def _stopped() -> str:
    return message("Stopped; nothing was written.").in_language(language())


def fail(line: str) -> None:
    click.echo(f"gisgrid: {' '.join(line.split())}", err=True)
    sys.exit(2)


@click.group(cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gisgrid")
@click.option(
    "--as", "account", metavar="ACCOUNT", help="act with no more than this account's rights"
)
@click.option("--purpose", help="what personal data is opened for; it stands in the audit")
@click.pass_context
def main(ctx: click.Context, account: str | None, purpose: str | None) -> None:
    """Grid management: grids, houses, residents and events in PostGIS, on maps."""
    if threading.current_thread() is threading.main_thread():
        # As Ctrl-C: transactions roll back, half-written files go.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    ctx.obj = Settings.from_env()
    ctx.meta["gisgrid.terminal"] = Terminal(account, purpose)
