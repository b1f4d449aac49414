"""Which accounts are there, with the posts they hold? As a page lists them: searched, sorted, in portions."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.db.listing import AS_IT_STANDS, Listing, portion

STATES = ("on", "off", "unready", "unchanged", "without_post")
"""``unready``: nobody can log in yet; ``unchanged``: the password that was handed out is still the one."""


@dataclass(frozen=True)
class Wanted:
    """Which accounts are listed; what is empty asks for all."""

    words: str = ""
    """Part of the log-in name, of what it is shown as, or of the code of the staff."""
    role: str = ""
    area_id: int | None = None
    """A post there or below."""
    state: str = ""
    """One of ``STATES``."""
    no_second_factor: bool = False
    listing: Listing = AS_IT_STANDS
    """By log-in name, if nothing else is wanted."""


@dataclass(frozen=True)
class ListedPost:
    """A post that an account holds or will hold."""

    id: int
    role: str
    area: str | None
    """None: everywhere."""
    area_en: str | None
    area_code: str | None
    grid_code: str | None
    since: date
    until: date | None
    """First day on which it no longer holds; None: open."""
    begun: bool
    mine: bool
    """Whoever asks may end it."""


@dataclass(frozen=True)
class ListedAccount:
    """An account without its secrets, with its posts of today and later."""

    id: int
    name: str
    display_name: str
    active: bool
    has_password: bool
    password_once: bool
    second_factor: bool
    staff: str | None
    """Code of the person of staff that it is."""
    last_login_at: datetime | None
    created_at: datetime
    made_by: str | None
    managed: bool
    """Whoever asks may change it."""
    posts: tuple[ListedPost, ...] = ()


COLUMNS = tuple(field.name for field in fields(ListedAccount) if field.name != "posts")


def listed(
    session: Session, wanted: Wanted, *, limit: int, offset: int = 0
) -> tuple[list[ListedAccount], int]:
    """A portion of the accounts that whoever asks may see, and how many there are in all."""
    values = {
        "words": wanted.words.strip().casefold(),
        "role": wanted.role,
        "area": wanted.area_id,
        "state": wanted.state,
        "bare": wanted.no_second_factor,
    }
    rows = portion(
        session, _LISTED, values, wanted.listing, columns=COLUMNS, texts=("name", "display_name", "staff"),
        limit=limit, skip=offset,
    )  # fmt: skip
    total = session.scalar(text(_COUNTED), values) or 0
    posts = _posts(session, [row["id"] for row in rows])
    return [
        ListedAccount(**{name: row[name] for name in COLUMNS}, posts=posts.get(row["id"], ()))
        for row in rows
    ], total


def listed_one(session: Session, account_id: int) -> ListedAccount | None:
    """One account; None if there is none that whoever asks may see."""
    row = session.execute(text(_ONE), {"id": account_id}).mappings().one_or_none()
    if row is None:
        return None
    return ListedAccount(**row, posts=_posts(session, [account_id]).get(account_id, ()))


def _posts(session: Session, accounts: list[int]) -> dict[int, tuple[ListedPost, ...]]:
    found: dict[int, tuple[ListedPost, ...]] = {}
    for row in session.execute(text(_POSTS), {"ids": accounts}).mappings():
        values = dict(row)
        account = values.pop("account_id")
        found[account] = (*found.get(account, ()), ListedPost(**values))
    return found


_COLUMNS = """
SELECT k.id, k.name, k.display_name, k.active, k.has_password, k.password_once,
       k.tf_primary_method IS NOT NULL AS second_factor, s.code AS staff, k.last_login_at, k.created_at,
       m.name AS made_by, k.id = ANY ((SELECT accounts_below())::bigint[]) AS managed
FROM account k LEFT JOIN staff s ON s.id = k.staff_id LEFT JOIN account m ON m.id = k.made_by_id
"""

_PRESENT = "coalesce(upper(p.during), 'infinity') > today_in(p.area_id)"

_WHERE = f"""
WHERE strpos(lower(k.name || ' ' || k.display_name || ' ' || coalesce(s.code, '')), CAST(:words AS text)) > 0
  AND (CAST(:role AS text) = '' OR EXISTS (SELECT FROM appointment p WHERE p.account_id = k.id AND p.role = :role AND {_PRESENT}))
  AND (CAST(:area AS bigint) IS NULL OR EXISTS (
        SELECT FROM appointment p JOIN area a ON a.id = p.area_id LEFT JOIN area t ON t.id = a.parent_id
        WHERE p.account_id = k.id AND CAST(:area AS bigint) IN (a.id, t.id, t.parent_id) AND {_PRESENT}))
  AND (NOT CAST(:bare AS boolean) OR k.tf_primary_method IS NULL)
  AND CASE CAST(:state AS text) WHEN 'on' THEN k.active WHEN 'off' THEN NOT k.active
        WHEN 'unready' THEN k.active AND NOT k.has_password
        WHEN 'unchanged' THEN k.active AND k.has_password AND k.password_once
        WHEN 'without_post' THEN NOT EXISTS (
            SELECT FROM appointment p WHERE p.account_id = k.id AND {_PRESENT})
        ELSE true END
"""  # noqa: S608 - our columns

_LISTED = f'{_COLUMNS} {_WHERE} ORDER BY k.name COLLATE "C" LIMIT :limit OFFSET :skip'

_COUNTED = f"""
SELECT count(*) FROM account k LEFT JOIN staff s ON s.id = k.staff_id {_WHERE}
"""  # noqa: S608 - our columns

_ONE = _COLUMNS + " WHERE k.id = :id"

_POSTS = f"""
SELECT p.account_id, p.id, p.role, a.name AS area, a.name_en AS area_en, a.code AS area_code, p.grid_code,
       lower(p.during) AS since, upper(p.during) AS until, lower(p.during) <= today_in(p.area_id) AS begun,
       administers(p.area_id) AND NOT stands_above(p.account_id) AS mine
FROM appointment p LEFT JOIN area a ON a.id = p.area_id
WHERE p.account_id = ANY (:ids) AND {_PRESENT}
ORDER BY p.account_id, lower(p.during), p.id
"""  # noqa: S608 - our columns
