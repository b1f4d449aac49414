"""The command group and how its failures look: one line on stderr, exit status 2."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Any

import click
import psycopg
from sqlalchemy.exc import DBAPIError

from gisgrid.cli import (
    answering,
    auditing,
    balancing,
    cases,
    counting,
    coverage,
    database,
    drawing,
    duties,
    figures,
    learning,
    ledgers,
    loading,
    loads,
    locating,
    matters,
    mending,
    planning,
    reviewing,
    scenarios,
    studies,
    users,
)
from gisgrid.cli.edge import Terminal, terminal
from gisgrid.core.errors import GisgridError
from gisgrid.core.failures import failure_of
from gisgrid.core.settings import Settings
from gisgrid.core.terminal import speaks_chinese

# Undefined table, column, type: the store is older than the program, or empty.
_NO_SUCH_TABLE = frozenset({"42P01", "42703", "42704"})


class OneLineErrors(click.Group):
    """A group whose commands fail with one clear line instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except GisgridError as exc:
            fail(exc.at_terminal(chinese=speaks_chinese()))
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as exc:
            command = (exc.ctx or ctx).command_path
            fail(f"{exc.format_message()} ({command} --help)")
        except DBAPIError as exc:
            # The server's detail may quote a row, and rows hold people: only the kind is told.
            state = getattr(exc.orig, "sqlstate", None) or "?"
            if state in _NO_SUCH_TABLE:
                fail(
                    "数据库中缺少本版本的表；请先运行 gisgrid db upgrade。"
                    if speaks_chinese()
                    else "The store lacks tables of this version; run: gisgrid db upgrade"
                )
            if state == "42501" and terminal().account is not None:
                fail(
                    "该账号无权执行此操作，未写入任何内容。"
                    if speaks_chinese()
                    else "This account has no right to do this; nothing was written."
                )
            fail_for(exc)
        except BrokenPipeError:
            raise  # whoever read has enough: no failure
        except (psycopg.Error, OSError, MemoryError) as exc:
            fail_for(exc)
        except KeyboardInterrupt:
            fail(_stopped())
        except SystemError as exc:
            # A kernel that is stopped hands the interruption on in this wrapping.
            if not isinstance(exc.__cause__, KeyboardInterrupt):
                raise
            fail(_stopped())


def fail_for(error: BaseException) -> None:
    """Tell a failure of the store or the machine."""
    found = failure_of(error)
    if found is None:
        raise error
    fail(found.zh if speaks_chinese() else found.message)


def _stopped() -> str:
    return "已停止，未写入。" if speaks_chinese() else "Stopped; nothing was written."


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


main.add_command(database.db)
main.add_command(loading.load)
main.add_command(loads.loads_command)
main.add_command(loads.undo_load_command)
main.add_command(counting.locate_command)
main.add_command(counting.count_command)
main.add_command(locating.address)
main.add_command(locating.alias)
main.add_command(locating.index_command)
main.add_command(coverage.coverage_command)
main.add_command(coverage.workload_command)
main.add_command(coverage.weights_group)
main.add_command(balancing.balance_command)
main.add_command(auditing.audit_group)
main.add_command(learning.document)
main.add_command(learning.training_group)
main.add_command(learning.shortage_command)
main.add_command(cases.calendar_group)
main.add_command(cases.case_group)
cases.case_group.add_command(figures.open_command)
cases.case_group.add_command(figures.figures_command)
cases.case_group.add_command(figures.emergency_group)
cases.case_group.add_command(ledgers.ledger_command)
cases.case_group.add_command(ledgers.review_command)
main.add_command(matters.matters_group)
main.add_command(studies.study_command)
main.add_command(duties.fields_command)
main.add_command(duties.stale_command)
main.add_command(duties.subject_command)
main.add_command(answering.who_command)
main.add_command(duties.correction)
main.add_command(duties.retention_command)
main.add_command(duties.position_command)
main.add_command(planning.plan)
for command in reviewing.COMMANDS:
    planning.plan.add_command(command)
for command in (*drawing.COMMANDS, *mending.COMMANDS):
    scenarios.scenario_group.add_command(command)
main.add_command(scenarios.scenario_group)
main.add_command(planning.attach_command)
main.add_command(planning.summary_command)
main.add_command(planning.township_command)
main.add_command(planning.serve)
main.add_command(users.user)
main.add_command(planning.worker)
