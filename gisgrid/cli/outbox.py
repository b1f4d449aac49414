"""``gisgrid outbox``: how what is told stands, what was given up, and the channels of an office."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table
from sqlalchemy.orm import Session

from gisgrid.cli.edge import commit_option, opened, say_dry, wide_console
from gisgrid.core import plans
from gisgrid.core.errors import Invalid
from gisgrid.core.messages import unpacked
from gisgrid.core.settings import Settings
from gisgrid.core.terminal import language
from gisgrid.outbox import channels, deliveries

_channel = click.argument("channel", type=click.Choice(["email", "webhook"]))
_of_town = click.option("--township", help="code of a township; otherwise of the installation")


@click.group()
def outbox() -> None:
    """Messages to people: how they stand, and by which channels they go."""


@outbox.command("list")
@click.option(
    "--state", type=click.Choice(["waiting", "failed"]), help="list these, with why the last try failed"
)  # fmt: skip
@click.pass_obj
def list_command(settings: Settings, /, state: str | None) -> None:
    """How many messages stand how; with --state which of them."""
    with opened(settings, read_only=True) as session:
        if state is None:
            table = Table("kind", "channel", "state", "number", "oldest")
            for each in deliveries.counts(session):
                table.add_row(
                    each.kind, each.channel, each.state, str(each.n), f"{each.oldest:%F %R}"
                )
        else:
            table = Table("number", "kind", "code", "channel", "account", "tries", "next", "why")
            for row in deliveries.standing(session, state):
                why = unpacked(row.failed).in_language(language()) if row.failed else ""
                due = f"{row.next_at:%F %R}" if row.next_at else ""
                table.add_row(
                    str(row.id), row.kind, row.code, row.channel, row.account or "group",
                    str(row.tries), due, why or "",
                )  # fmt: skip
    wide_console().print(table)


@outbox.command("retry")
@click.argument("numbers", nargs=-1, type=int)
@commit_option
@click.pass_obj
def retry_command(settings: Settings, /, numbers: tuple[int, ...], commit: bool) -> None:
    """Have NUMBERS that were given up be tried again; without a number all of them."""
    with opened(settings) as session:
        click.echo(f"to be sent again: {deliveries.retry(session, numbers or None)}")
        if not commit:
            session.rollback()
    say_dry(commit=commit)


@outbox.command("channels")
@click.pass_obj
def channels_command(settings: Settings) -> None:
    """The channels that are set up; no password and no key is told."""
    table = Table("channel", "of", "state", "leads to", "more", "secret")
    with opened(settings, read_only=True) as session:
        for each in channels.channels(session):
            to = each.config
            where, more = (
                (f"{to.host}:{to.port}", f"{to.security}, from {to.sender}")
                if isinstance(to, channels.MailServer)
                else (to.shown, to.template)
            )
            table.add_row(
                each.channel, each.township or "installation", "on" if each.active else "off",
                where, more, "kept" if each.has_secret else "none",
            )  # fmt: skip
    wide_console().print(table)


@outbox.command("channel")
@_channel
@_of_town
@click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="email: host, port, security (starttls, tls, none), user, sender, ca; webhook: url, template (plain, sms, wecom, dingtalk), ca")  # fmt: skip
@click.option("--ask", is_flag=True, help="ask for the password, or the key of the signature")
@click.option("--secret-file", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="read it from the first line of a file")  # fmt: skip
@click.option(
    "--on/--off",
    "active",
    default=None,
    help="whether anything goes by it; --off keeps it, and sends nothing",
)
@click.option("--drop", is_flag=True, help="take it away")
@commit_option
@click.pass_obj
def channel_command(
    settings: Settings,
    /,
    *,
    channel: str,
    township: str | None,
    values: tuple[str, ...],
    ask: bool,
    secret_file: Path | None,
    active: bool | None,
    drop: bool,
    commit: bool,
) -> None:
    """Set up CHANNEL, email or webhook; what is not named stays as it was."""
    said = {}
    for each in values:
        name, equals, value = each.partition("=")
        if not equals:
            raise Invalid("Name each value as NAME=VALUE, as in host=mail.example.")
        said[name.strip()] = value.strip()
    secret = click.prompt("password or key", hide_input=True) if ask else None
    if secret_file is not None:
        secret = secret_file.read_text(encoding="utf-8").partition("\n")[0].strip()
    with opened(settings) as session:
        town = _town(session, township)
        if drop:
            channels.drop_channel(session, channel, township_id=town)
        else:
            channels.keep_channel(
                session, channel, said, township_id=town, secret=secret, active=active
            )
        on = any(
            c.active
            for c in channels.channels(session)
            if (c.channel, c.township) == (channel, township)
        )
        click.echo(f"{channel}: {'gone' if drop else 'on' if on else 'off'}")
        if not commit:
            session.rollback()
    say_dry(commit=commit)


@outbox.command("test-channel")
@_channel
@_of_town
@click.option("--to", "to", default="", help="an address; a gateway to a group needs none")
@click.pass_obj
def test_command(settings: Settings, /, channel: str, township: str | None, to: str) -> None:
    """Send one message by CHANNEL at once, to see that it is taken."""
    with opened(settings, read_only=True) as session:
        deliveries.send_test(
            session, channel, township_id=_town(session, township), to=to,
            base=settings.public_url.rstrip("/"), language=language(),
        )  # fmt: skip
    click.echo(f"{channel}: taken")


def _town(session: Session, code: str | None) -> int | None:
    return None if code is None else plans.township(session, code).id
