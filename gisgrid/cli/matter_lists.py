"""``gisgrid matters``: how the list changes: versions, its draft, publication, duties, rules of communities."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
from rich.table import Table

from gisgrid.cases import community_rules, duty_matrix, matter_drafts, matter_versions, matters
from gisgrid.cases.matter_items import DraftItem, with_word
from gisgrid.cli.edge import DRY, FileToWrite, commit_option, opened, wide_console
from gisgrid.cli.matters import matters_group
from gisgrid.core import plans
from gisgrid.core.errors import Invalid
from gisgrid.core.settings import Settings
from gisgrid.db.tables.cases import LEVELS
from gisgrid.files.exports import write_workbook
from gisgrid.planning.snapshot.fetch import today

_township = click.option("--township", help="code of the township; needed if there are several")
_day = click.DateTime(["%Y-%m-%d"])


@matters_group.command("versions")
@_township
@click.pass_obj
def versions_command(settings: Settings, township: str | None) -> None:
    """List the versions of the list, and its draft."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        rows = matters.versions(session, place.id)
        draft = matter_drafts.draft_of(session, place.id)
    table = Table("version", "first day", "first day after", box=None)
    for version, since, until in rows:
        table.add_row(version, str(since or ""), str(until or ""))
    wide_console().print(table)
    if draft:
        click.echo(f"draft {draft.version}")


@matters_group.command("draft")
@click.argument("version")
@_township
@commit_option
@click.pass_obj
def draft_command(settings: Settings, version: str, township: str | None, commit: bool) -> None:
    """Begin a draft VERSION as a copy of the list in force."""
    with opened(settings) as session:
        place = plans.township(session, township)
        made = matter_versions.begin(session, place.id, version)
        count = len(matters.book_of(session, made))
        if not commit:
            session.rollback()
    _done(f"draft {version}: {count} items", commit)


@matters_group.command("item")
@click.argument("code")
@click.option(
    "--set", "words", multiple=True, help="field=value, such as time_limit='4 working_hours'"
)
@click.option("--new", is_flag=True, help="add it")
@_township
@commit_option
@click.pass_obj
def item_command(
    settings: Settings, /, *, code: str, words: tuple[str, ...], new: bool, township: str | None, commit: bool
) -> None:  # fmt: skip
    """Change the item CODE of the draft, or add it."""
    with opened(settings) as session:
        place = plans.township(session, township)
        draft = matter_drafts.the_draft(session, place.id)
        item = DraftItem(code) if new else matter_drafts.item_of(session, draft.id, code)
        for word in words:
            name, equals, value = word.partition("=")
            if not equals:
                raise Invalid("Write {word!r} as field=value.", word=word[:40])
            item = with_word(item, name.strip(), value)
        changed = matter_drafts.keep_item(session, place.id, item, was=None if new else code)
        if not commit:
            session.rollback()
    _done(f"{code}: {', '.join(changed) or 'nothing changed'}", commit)


@matters_group.command("withdraw")
@click.argument("code")
@click.option("--although-used", is_flag=True, help="although cases are open under it")
@_township
@commit_option
@click.pass_obj
def withdraw_command(
    settings: Settings, /, *, code: str, although_used: bool, township: str | None, commit: bool
) -> None:
    """Take the item CODE off the draft."""
    with opened(settings) as session:
        place = plans.township(session, township)
        matter_drafts.withdraw(session, place.id, code, although_used=although_used)
        if not commit:
            session.rollback()
    _done(f"{code}: off the draft", commit)


@matters_group.command("foresee")
@_township
@click.pass_obj
def foresee_command(settings: Settings, township: str | None) -> None:
    """Count what stands under items that the draft withdraws or gives another limit."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        rows = matter_drafts.foresee(session, place.id)
    table = Table(
        "code", "item", "what", "before", "after", "open", "no grid", "12 months", box=None
    )
    for r in rows:
        table.add_row(
            r.code, r.name, r.what, matters.shown(r.before), matters.shown(r.after),
            str(r.use.open), str(r.use.unsent), str(r.use.year),
        )  # fmt: skip
    wide_console().print(table)
    click.echo(f"{len(rows)} items")


@matters_group.command("publish")
@click.option("--from", "since", type=_day, help="first day in force; default the earliest")
@_township
@commit_option
@click.pass_obj
def publish_command(
    settings: Settings, since: datetime | None, township: str | None, commit: bool
) -> None:
    """Put the draft in force from a day on; the version before ends there."""
    with opened(settings) as session:
        place = plans.township(session, township)
        day = since.date() if since else matter_versions.first_day(session, place.id)
        version = matter_versions.publish(session, place.id, day)
        if not commit:
            session.rollback()
    _done(f"version {version}: in force from {day}", commit)


@matters_group.command("take-back")
@click.argument("version")
@_township
@commit_option
@click.pass_obj
def take_back_command(settings: Settings, version: str, township: str | None, commit: bool) -> None:
    """Make VERSION, which has not begun, a draft again."""
    with opened(settings) as session:
        place = plans.township(session, township)
        matter_versions.take_back(session, place.id, version)
        if not commit:
            session.rollback()
    _done(f"version {version}: a draft again", commit)


@matters_group.command("discard")
@_township
@commit_option
@click.pass_obj
def discard_command(settings: Settings, township: str | None, commit: bool) -> None:
    """Throw the draft away."""
    with opened(settings) as session:
        place = plans.township(session, township)
        version = matter_versions.discard(session, place.id)
        if not commit:
            session.rollback()
    _done(f"draft {version}: gone", commit)


@matters_group.command("duties")
@click.argument("version", required=False)
@click.option("--xlsx", type=FileToWrite(), help="workbook to write")
@_township
@click.pass_obj
def duties_command(
    settings: Settings, version: str | None, xlsx: Path | None, township: str | None
) -> None:
    """Print who decides (D), acts (A) and is told (I), level by level; default the list in force."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        book = matters.rule_book(session, place.id, version)
    table = Table("code", "item", *LEVELS[::-1], box=None)
    for e in book:
        letters = (
            " ".join(duty_matrix.LETTERS[part][0][0] for part in duty_matrix.duty_parts(e, level))
            for level in LEVELS[::-1]
        )
        table.add_row(e.code, e.name, *letters)
    wide_console().print(table)
    if xlsx:
        write_workbook(xlsx, duty_matrix.duty_sheets(book))
        click.echo(f"{xlsx}: workbook written", err=True)


@matters_group.command("rules")
@_township
@click.pass_obj
def rules_command(settings: Settings, township: str | None) -> None:
    """List what communities add to items of the list."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        rows = community_rules.rules_of(session, place.id)
    table = Table("number", "community", "code", "rule", "first day", "last day", "state", box=None)
    for r in rows:
        table.add_row(
            str(r.id), r.community, r.code, r.text, str(r.since or ""), str(r.until or ""), r.state
        )
    wide_console().print(table)


@matters_group.command("rule")
@click.argument("code")
@click.option("--community", required=True, help="code of the community")
@click.option("--text", "words", required=True, help="the rule")
@click.option("--since", type=_day, help="first day; default today")
@click.option("--until", type=_day, help="last day; default without end")
@_township
@commit_option
@click.pass_obj
def rule_command(
    settings: Settings, /, *, code: str, community: str, words: str, since: datetime | None,
    until: datetime | None, township: str | None, commit: bool,
) -> None:  # fmt: skip
    """Write a community's rule to the item CODE, which waits until the township agrees."""
    with opened(settings) as session:
        place = plans.township(session, township)
        number = community_rules.add_rule(
            session, place.id, community=community, code=code, words=words,
            since=since.date() if since else today(place), until=until.date() if until else None,
        )  # fmt: skip
        if not commit:
            session.rollback()
    _done(f"rule {number}: waiting", commit)


@matters_group.command("decide")
@click.argument("number", type=int)
@click.option("--refuse", "reason", help="refuse it, and why; without, it is agreed to")
@_township
@commit_option
@click.pass_obj
def decide_command(
    settings: Settings, number: int, reason: str | None, township: str | None, commit: bool
) -> None:
    """Agree to the rule NUMBER of a community, or refuse it."""
    with opened(settings) as session:
        place = plans.township(session, township)
        community_rules.decide_rule(
            session, place.id, number, agree=reason is None, reason=reason or ""
        )
        if not commit:
            session.rollback()
    _done(f"rule {number}: {'agreed' if reason is None else 'refused'}", commit)


@matters_group.command("end-rule")
@click.argument("number", type=int)
@_township
@commit_option
@click.pass_obj
def end_rule_command(settings: Settings, number: int, township: str | None, commit: bool) -> None:
    """Take the rule NUMBER of a community back, or end it today."""
    with opened(settings) as session:
        place = plans.township(session, township)
        community_rules.end_rule(session, place.id, number)
        if not commit:
            session.rollback()
    _done(f"rule {number}: ended", commit)


def _done(words: str, commit: bool) -> None:
    click.echo(words if commit else f"{words}\n{DRY}")
