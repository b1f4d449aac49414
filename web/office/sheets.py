"""Lists of the office as sheets of a workbook."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext

from gisgrid.files.exports import Sheet
from gisgrid.people.account_list import ListedAccount
from gisgrid.people.privacy.audit import AuditRecord
from gisgrid.people.privacy.backups import BackupInfo
from gisgrid.people.teams import GridTeam
from web.http.dates import on_the_clock
from web.http.lists import sheet


def accounts(found: Sequence[ListedAccount], role_words: dict[str, str]) -> Sheet:
    """A row for each post, for each account without one a row of its own; no secret."""
    rows = [(each, post) for each in found for post in each.posts or (None,)]
    yes, no = gettext("yes"), gettext("no")
    return sheet(
        gettext("Accounts"),
        [
            (gettext("Log-in name"), [each.name for each, _ in rows]),
            (gettext("Shown as"), [each.display_name for each, _ in rows]),
            (gettext("Staff code"), [each.staff for each, _ in rows]),
            (gettext("On"), [yes if each.active else no for each, _ in rows]),
            (gettext("Second factor"), [yes if each.second_factor else no for each, _ in rows]),
            (gettext("Last log-in"), [each.last_login_at and each.last_login_at.date() for each, _ in rows]),
            (gettext("Role"), [role_words.get(post.role, post.role) if post else None for _, post in rows]),
            (gettext("Area"), [(post.area or "*") if post else None for _, post in rows]),
            (gettext("Grid"), [post.grid_code if post else None for _, post in rows]),
            (gettext("From"), [post.since if post else None for _, post in rows]),
            (gettext("until (not on that day)"), [post.until if post else None for _, post in rows]),
        ],
    )  # fmt: skip


def teams(found: Sequence[GridTeam], kind_words: dict[str, str]) -> Sheet:
    """A row for each part, for each grid without a team a row of its own."""
    rows = [(team, part) for team in found for part in team.parts or (None,)]
    return sheet(
        gettext("Teams"),
        [
            (gettext("Grid code"), [team.code for team, _ in rows]),
            (gettext("Grid"), [team.name for team, _ in rows]),
            (gettext("Community"), [team.community for team, _ in rows]),
            (gettext("Part"), [kind_words[part.role] if part else None for _, part in rows]),
            (gettext("Staff code"), [part.staff if part else None for _, part in rows]),
            (gettext("Name"), [part.name if part else None for _, part in rows]),
            (gettext("From"), [part.since if part else None for _, part in rows]),
            (
                gettext("until (not on that day)"),
                [part.until if part else None for _, part in rows],
            ),
        ],
    )


def entries(found: Sequence[AuditRecord], time_zone: str) -> Sheet:
    """The audit, with all numbers of rows that an entry names."""
    return sheet(
        gettext("Audit"),
        [
            (gettext("No."), [each.id for each in found]),
            (gettext("Date and time"), [on_the_clock(each.at, time_zone) for each in found]),
            (gettext("Who"), [each.account_name for each in found]),
            (gettext("Did"), [each.action for each in found]),
            (gettext("To"), [each.subject for each in found]),
            (gettext("Rows"), [len(each.row_ids) for each in found]),
            (gettext("Numbers of the rows"), [" ".join(map(str, each.row_ids)) for each in found]),
            (gettext("Purpose"), [each.purpose for each in found]),
            (gettext("From where"), [each.origin for each in found]),
        ],
    )


def backups(found: Sequence[BackupInfo], time_zone: str) -> Sheet:
    """The files, with when each was made and until when it may exist."""
    return sheet(
        gettext("Backups"),
        [
            (gettext("No."), [each.id for each in found]),
            (gettext("Made on"), [on_the_clock(each.made_at, time_zone) for each in found]),
            (gettext("File name"), [each.path for each in found]),
            (gettext("Bytes"), [each.size for each in found]),
            (gettext("SHA-256"), [each.sha256 for each in found]),
            (gettext("Keep until"), [each.keep_until for each in found]),
        ],
    )
