"""``gisgrid matters``: the list as a rule book, two versions compared, the gate and what it refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from rich.table import Table

from gisgrid.cases import matters, refused_requests, temporary_items
from gisgrid.cases.matters import MatterEntry
from gisgrid.cases.worktime import Limit
from gisgrid.cli.edge import DRY, FileToWrite, commit_option, opened, wide_console
from gisgrid.core import plans
from gisgrid.core.settings import Settings
from gisgrid.core.terminal import language
from gisgrid.files.exports import write_workbook
from gisgrid.planning.snapshot.fetch import today

_township = click.option("--township", help="code of the township; needed if there are several")
_day = click.DateTime(["%Y-%m-%d"])


@click.group("matters")
def matters_group() -> None:
    """The list of matters: rule book, versions, demands and temporary items."""


@matters_group.command("rulebook")
@click.argument("version", required=False)
@click.option("--xlsx", type=FileToWrite(), help="workbook to write")
@_township
@click.pass_obj
def rulebook_command(
    settings: Settings, version: str | None, xlsx: Path | None, township: str | None
) -> None:
    """Print the rules of every minor item of a VERSION as Markdown; default the newest list."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        entries = matters.rule_book(session, place.id, version)
    majors = list(dict.fromkeys(e.major for e in entries))
    click.echo(f"# {place.name} 网格事项清单 {version or ''}\n")
    click.echo(f"{len(majors)} 大项 / {len(entries)} 小项")
    for major in majors:
        click.echo(f"\n## {major}")
        for e in entries:
            if e.major == major:
                click.echo(_as_markdown(e))
    for code, missing in matters.unfinished(entries).items():
        click.echo(f"{code}: {', '.join(missing)} missing", err=True)
    if xlsx:
        write_workbook(xlsx, [matters.book_sheet(entries)])
        click.echo(f"{xlsx}: workbook written", err=True)


def _as_markdown(e: MatterEntry) -> str:
    lines = [f"\n### {e.code} {e.name}" + (f" · {e.name_en}" if e.name_en else "")]
    lines += [
        f"- {head}：{matters.shown(getattr(e, field))}"
        for head, _, field in matters.HEADS[4:]
        if getattr(e, field) not in (None, (), {})
    ]
    return "\n".join(lines)


@matters_group.command("diff")
@click.argument("before")
@click.argument("after")
@_township
@click.pass_obj
def diff_command(settings: Settings, before: str, after: str, township: str | None) -> None:
    """Print what the version AFTER changed against the version BEFORE."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        changes = matters.compare(
            matters.rule_book(session, place.id, before),
            matters.rule_book(session, place.id, after),
        )
    table = Table("code", "item", "what", before, after, box=None)
    for c in changes:
        table.add_row(c.code, c.name, c.what, c.before, c.after)
    wide_console().print(table)
    click.echo(f"{len(changes)} changes")


@matters_group.command("demand")
@click.argument("code")
@click.option("--from", "asked_by", required=True, help="the body that asks")
@click.option("--community", help="code or name of the community that would do it")
@click.option("--text", "words", help="what is asked")
@_township
@commit_option
@click.pass_obj
def demand_command(
    settings: Settings,
    /,
    *,
    code: str,
    asked_by: str,
    community: str | None,
    words: str | None,
    township: str | None,
    commit: bool,
) -> None:
    """Ask whether the grids may be given the matter CODE today; a refusal is kept."""
    with opened(settings) as session:
        place = plans.township(session, township)
        answer = refused_requests.demand(
            session, place.id, code, asked_by=asked_by, at=datetime.now(UTC),
            community=community, text_=words,
        )  # fmt: skip
        if not commit:
            session.rollback()
    click.echo(
        f"{'admitted' if answer.admitted else 'refused'}: {answer.said.in_language(language())}"
    )
    if not commit:
        click.echo(DRY)


@matters_group.command("temporary")
@click.argument("code")
@click.option("--parent", required=True, help="code of its major item")
@click.option("--name", required=True, help="what it is called")
@click.option("--consent", required=True, help="who agreed, and in which paper")
@click.option("--since", type=_day, required=True, help="first day")
@click.option("--until", type=_day, required=True, help="last day")
@click.option("--office", help="responsible office")
@click.option("--decider", help="level that decides")
@click.option("--limit", help="time limit, such as '3 working_days'")
@click.option("--filing", help="when it is filed")
@click.option("--closing", help="when it is closed")
@_township
@commit_option
@click.pass_obj
def temporary_command(
    settings: Settings,
    /,
    *,
    code: str,
    parent: str,
    name: str,
    consent: str,
    since: datetime,
    until: datetime,
    office: str | None,
    decider: str | None,
    limit: str | None,
    filing: str | None,
    closing: str | None,
    township: str | None,
    commit: bool,
) -> None:
    """Put the urgent item CODE beside the list, for days and with consent."""
    allowed = Limit.parse(limit) if limit else None
    rule = {
        "office": office, "decider": decider, "filing_rule": filing, "closing_rule": closing,
        "time_limit": allowed and allowed.amount, "limit_unit": allowed and allowed.unit,
    }  # fmt: skip
    with opened(settings) as session:
        place = plans.township(session, township)
        matters.add_temporary(
            session, place.id, parent=parent, code=code, name=name, consent=consent,
            since=since.date(), until=until.date(), rule=rule,
        )  # fmt: skip
        if not commit:
            session.rollback()
    click.echo(f"{code} {name}: {since:%Y-%m-%d} to {until:%Y-%m-%d}")
    if not commit:
        click.echo(DRY)


@matters_group.command("end-temporary")
@click.argument("code")
@click.option("--last", type=_day, help="last day, yesterday or later; default today")
@click.option("--why", required=True, help="the reason")
@_township
@commit_option
@click.pass_obj
def end_temporary_command(
    settings: Settings,
    /,
    *,
    code: str,
    last: datetime | None,
    why: str,
    township: str | None,
    commit: bool,
) -> None:
    """End the temporary item CODE before its day."""
    with opened(settings) as session:
        place = plans.township(session, township)
        temporary_items.end_temporary(
            session, place.id, code, last=last.date() if last else None, why=why
        )
        if not commit:
            session.rollback()
    click.echo(f"{code}: ended")
    if not commit:
        click.echo(DRY)


@matters_group.command("burden")
@click.option("--since", type=_day, required=True, help="first day")
@click.option("--until", type=_day, help="last day; default today")
@_township
@click.pass_obj
def burden_command(
    settings: Settings, since: datetime, until: datetime | None, township: str | None
) -> None:
    """Count per community what was sent to its grids, and what was refused."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        last = until.date() if until else today(place)
        rows = refused_requests.burdens(session, place.id, since.date(), last)
    table = Table("code", "community", "sent", "temporary", "refused", box=None)
    for b in rows:
        table.add_row(b.code, b.name, str(b.sent), str(b.temporary), str(b.refused))
    wide_console().print(table)
