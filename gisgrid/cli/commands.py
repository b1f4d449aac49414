"""Which commands are there, under which heading of the help, and where does each stand?

A command's module is imported when it is asked for: most of what the program can do, a call does not need.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from inspect import cleandoc
from typing import Any, NamedTuple

import click

from gisgrid.core.messages import ENGLISH, catalogue, say, sentence
from gisgrid.core.terminal import language

PLUGINS = "gisgrid.commands"
"""Entry points by which a room above this one brings a command: the web brings ``serve``."""


class Known(NamedTuple):
    """A command as the help lists it."""

    name: str
    where: str
    """Module and attribute; empty: an entry point of this name."""
    en: str


HEADINGS: tuple[tuple[str, tuple[Known, ...]], ...] = (
    (say("Service and store"), (
        Known("serve", "", say("Serve pages and API, with worker and store.")),
        Known("worker", "planning:worker", say("Do what pages order.")),
        Known("jobs", "jobs:jobs", say("What was ordered of the worker.")),
        Known("demo", "demo:demo_command", say("Bring in Town F, a synthetic town.")),
        Known("db", "database:db", say("Start, stop, upgrade, back up, restore the store.")),
    )),
    (say("Register and files"), (
        Known("load", "loading:load", say("Load a file of any kind.")),
        Known("loads", "loads:loads_command", say("List what was loaded.")),
        Known("undo-load", "loads:undo_load_command", say("Take a load back.")),
        Known("stale", "duties:stale_command", say("List records that were not verified for long.")),
        Known("correction", "duties:correction", say("Take and decide requests for correction.")),
        Known("paper", "paper:paper_command", say("Print plan sheets, lists and notices.")),
        Known("summary", "planning:summary_command", say("Count what a township holds.")),
    )),
    (say("Looking up"), (
        Known("locate", "counting:locate_command", say("Say which grid a place is in.")),
        Known("address", "locating:address", say("Find the house of an address.")),
        Known("alias", "locating:alias", say("Keep the alias book.")),
        Known("index", "locating:index_command", say("Make search keys of changed houses.")),
        Known("count", "counting:count_command", say("Count grid by grid under any plan.")),
        Known("who", "answering:who_command", say("Say who answers for a house or a grid.")),
    )),
    (say("Plans"), (
        Known("plan", "groups:plan", say("List, review and publish plans.")),
        Known("scenario", "groups:scenario", say("Draw plans: branch, edit, compare, exchange.")),
        Known("balance", "balancing:balance_command", say("Propose the least change that balances a plan.")),
        Known("coverage", "coverage:coverage_command", say("Say what a plan leaves uncovered.")),
        Known("workload", "coverage:workload_command", say("Minutes a month that each grid asks for.")),
        Known("weights", "coverage:weights_group", say("Versions of the workload weights.")),
        Known("study", "studies:study_command", say("Compute what the map shows planners.")),
        Known("attach", "planning:attach_command", say("Give houses and events their grid.")),
        Known("township", "planning:township_command", say("Show or change settings.")),
    )),
    (say("Cases"), (
        Known("case", "groups:case", say("Cases, clocks, figures, emergencies.")),
        Known("matters", "matter_lists:matters_group", say("The list of matters and its versions.")),
        Known("calendar", "cases:calendar_group", say("Working calendar.")),
    )),
    (say("People and duties"), (
        Known("user", "users:user", say("Accounts, roles, passwords, tokens.")),
        Known("document", "learning_groups:document", say("Documents and who has read them.")),
        Known("training", "learning_groups:training", say("Training and its hours.")),
        Known("collection", "collection:collection_group", say("Collection tasks: made, published, ended, and how far they are.")),
        Known("means", "means:means_group", say("Funds, equipment and rooms of centres and communities.")),
        Known("shortage", "learning:shortage_command", say("Grids that lack people.")),
        Known("outbox", "outbox:outbox", say("Messages to people and their channels.")),
        Known("position", "duties:position_command", say("Note where a worker is.")),
    )),
    (say("Personal data"), (
        Known("fields", "duties:fields_command", say("Personal columns and their purposes.")),
        Known("audit", "auditing:audit_group", say("What was opened by whom, and is it whole.")),
        Known("subject", "duties:subject_command", say("Everything held on one person.")),
        Known("retention", "duties:retention_command", say("Delete what is past its time.")),
    )),
)  # fmt: skip


class Commands(click.Group):
    """The commands of the table; each is imported when it is asked for."""

    def get_help(self, ctx: click.Context) -> str:
        translate(self, ctx)
        return super().get_help(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *(known.name for known in _every())})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = super().get_command(ctx, cmd_name)
        known = next((each for each in _every() if each.name == cmd_name), None)
        if found is None and known is not None:
            found = self.commands[cmd_name] = _loaded(known)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        spoken = language()
        for heading, commands in HEADINGS:
            with formatter.section(sentence(heading, {}, spoken)):
                formatter.write_dl(
                    [(each.name, sentence(each.en, {}, spoken)) for each in commands]
                )


def translate(command: click.Command, ctx: click.Context) -> None:
    """Put a command's help, its options' and its commands', into the language of the terminal."""
    spoken = language()
    if spoken == ENGLISH:
        return
    catalogue_ = catalogue(spoken)

    def said(words: str | None) -> str | None:
        return words and catalogue_.gettext(cleandoc(words))

    command.help = said(command.help)
    for option in (*command.params, command.get_help_option(ctx)):
        if isinstance(option, click.Option):
            option.help = said(option.help)
    # Those of the table are imported when they are asked for.
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        below.help, below.short_help = said(below.help), said(below.short_help)


def _helping(command: click.Command) -> click.Command:
    """The command, with its help and that of all below it said in the language of the terminal."""
    usual = command.get_help

    def get_help(ctx: click.Context) -> str:
        translate(command, ctx)
        return usual(ctx)

    setattr(command, "get_help", get_help)  # noqa: B010 - of this one command
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        _helping(below)
    return command


def _every() -> list[Known]:
    return [known for *_, commands in HEADINGS for known in commands]


def _loaded(known: Known) -> click.Command:
    found: Any
    if known.where:
        module, _, name = known.where.partition(":")
        found = getattr(import_module(f"gisgrid.cli.{module}"), name)
    else:
        (point,) = entry_points(group=PLUGINS, name=known.name)
        found = point.load()
    assert isinstance(found, click.Command)  # noqa: S101 - narrows the type
    return _helping(found)
