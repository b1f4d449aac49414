"""Accounts for everybody on a list: read, tried row by row, made."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.areas import area_coded
from gisgrid.core.errors import Conflict, GisgridError, Invalid
from gisgrid.core.roles import ROLES
from gisgrid.files.words import plain
from gisgrid.people.accounts import account_named, add_account, login_name
from gisgrid.people.appointments import appoint
from gisgrid.people.login import set_password
from gisgrid.people.passwords import random_password

MOST = 300
"""Rows of one list: each password takes a moment to be locked."""

HEADERS = {
    "login": ("login", "loginname", "account", "登录名", "账号", "帐号"),
    "staff": ("code", "staff", "staffcode", "人员编码", "人员编号", "编码", "工号"),
    "shown": ("name", "shown", "姓名", "显示名", "名称"),
    "role": ("role", "角色", "岗位", "职务"),
    "area": ("area", "areacode", "区域", "区域编码", "社区编码", "社区"),
    "grid": ("grid", "gridcode", "网格", "网格编码"),
    "since": ("from", "since", "开始日期", "起始日期", "任职日期"),
    "until": ("until", "to", "结束日期", "截止日期"),
}
_TEAM = {"leader": "grid_leader", "worker": "grid_worker", "专职网格员": "grid_worker"}


@dataclass(frozen=True)
class ListRow:
    """A row of the list, as it was written."""

    number: int
    """Counted from 1, without the headings."""
    login: str
    shown: str
    staff: str
    role: str
    area: str
    grid: str
    since: str
    until: str


@dataclass(frozen=True)
class TriedRow:
    """What came of a row."""

    row: ListRow
    login: str
    outcome: str
    """``made``, ``post`` (the account was there), ``nothing`` (all of it was there), ``refused``."""
    why: GisgridError | None = None
    password: str | None = None
    """Of an account that was made; told this once."""
    account_id: int | None = None


def rows_of(table: Sequence[Sequence[str]]) -> list[ListRow]:
    """The rows of a table whose first row are headings; empty ones are left out. Of no table, none.

    Raises
    ------
    Invalid
        No column of names and none of codes or log-in names, or more than ``MOST`` rows.
    """
    if not table:
        return []
    heads = [plain(head) for head in table[0]]
    where = {
        name: next((heads.index(word) for word in words if word in heads), None)
        for name, words in HEADERS.items()
    }
    if where["shown"] is None or where["login"] is where["staff"] is None:
        raise Invalid(
            "The list needs a heading “name” and one of “login” or “code”; it has: {columns}.",
            columns=[str(head) for head in table[0]],
        )
    body = [row for row in table[1:] if any(cell.strip() for cell in row)]
    if len(body) > MOST:
        raise Invalid(
            "The list has {count} rows; at most {most} at once.", count=len(body), most=MOST
        )
    return [
        ListRow(
            number,
            **{
                name: row[k].strip() if k is not None and k < len(row) else ""
                for name, k in where.items()
            },
        )
        for number, row in enumerate(body, start=1)
    ]


def table_of(written: str) -> list[list[str]]:
    """Rows of cells out of text with tabs, or else commas or semicolons, between them."""
    first = written.strip().partition("\n")[0]
    mark = next((each for each in "\t;," if each in first), ",")
    plain_text = written if mark == "\t" else written.replace("，", ",").replace("；", ";")
    return [row for row in csv.reader(io.StringIO(plain_text.strip()), delimiter=mark) if row]


def written_of(heads: Iterable[str], rows: Iterable[Mapping[str, object]]) -> str:
    """The text of a table that was read from a file, with tabs between the cells."""
    names = list(heads)
    lines = [names, *([_cell(row.get(name)) for name in names] for row in rows)]
    return "\n".join("\t".join(line) for line in lines)


def role_named(word: str) -> str | None:
    """The role of a word of the list, in either language or as a part of a team; None: none."""
    return _roles_by_word().get(plain(word)) if word else None


def make_accounts(session: Session, township: str, rows: Sequence[ListRow]) -> list[TriedRow]:
    """Make an account with a password to be changed, and a post, of each row; what cannot be is told.

    Who has an account keeps it and its password, and gets the post. For a dry run the caller rolls back.

    Parameters
    ----------
    township
        Code of the township whose staff and grids the rows name.
    """
    return [_tried(session, township, row) for row in rows]


def _tried(session: Session, township: str, row: ListRow) -> TriedRow:
    login = row.login or row.staff
    try:
        with session.begin_nested():
            login = login_name(login)
            staff_id = session.scalar(
                text(
                    "SELECT s.id FROM staff s JOIN area a ON a.id = s.township_id "
                    "WHERE a.code = :town AND s.code = :code"
                ),
                {"town": township, "code": row.staff},
            )
            # Of a load of offices the account is there already, but nobody can log in.
            found = session.execute(
                text(
                    "SELECT name, has_password, staff_id FROM account WHERE name = :n OR staff_id = :s"
                ),
                {"n": login, "s": staff_id},
            ).all()
            if len(found) > 1 or any(
                staff_id is not None and each.staff_id not in (None, staff_id) for each in found
            ):
                raise Conflict(
                    "The log-in name {login} and the staff code {code} are of two people.",
                    login=login,
                    code=row.staff,
                )
            known = found[0] if found else None
            secret = None
            if known is None:
                add_account(session, login, row.shown, staff_id=staff_id)
            else:
                login = known.name
            if known is None or not known.has_password:
                secret = random_password()
                set_password(session, login, secret, once=True)
            given = bool(row.role) and _give_post(session, township, login, row)
            outcome = "made" if secret else "post" if given else "nothing"
            return TriedRow(
                row, login, outcome, password=secret, account_id=account_named(session, login).id
            )
    except GisgridError as error:
        return TriedRow(row, login, "refused", why=error)


def _give_post(session: Session, township: str, login: str, row: ListRow) -> bool:
    """False if the account has the post on that day."""
    role = role_named(row.role)
    if role is None:
        raise Invalid(
            "There is no role {role!r}; known: {known}.", role=row.role, known=list(ROLES)
        )
    area = township if row.grid else row.area or township
    if "/" not in area and area != township and not row.grid:
        area = _full(session, township, area)
    since = _day(row.since)
    held = session.scalar(
        text(_HELD),
        {"login": login, "role": role, "area": area_coded(session, area).id, "grid": row.grid or None,
         "day": since},
    )  # fmt: skip
    if held:
        return False
    appoint(
        session, login, role, area=area, grid=row.grid or None, since=since, until=_day(row.until)
    )
    return True


def _full(session: Session, township: str, code: str) -> str:
    """A community of the township by its whole code; any other area by the code that was written."""
    own = session.scalar(
        text(
            "SELECT count(*) FROM area c JOIN area t ON t.id = c.parent_id "
            "WHERE t.code = :town AND c.code = :code"
        ),
        {"town": township, "code": code},
    )
    return f"{township}/{code}" if own else code


@cache
def _roles_by_word() -> dict[str, str]:
    """The role that each word means, in any language: asked when a list is read, since it reads the catalogues."""
    named = {plain(word): name for name, role in ROLES.items() for word in (name, *role.words())}
    return named | {plain(word): name for word, name in _TEAM.items()}


def _day(written: str) -> date | None:
    if not written:
        return None
    try:
        return date.fromisoformat(written[:10].replace("/", "-").replace(".", "-"))
    except ValueError:
        raise Invalid("{day!r} is no day; write 2023-10-01.", day=written[:20]) from None


def _cell(value: object) -> str:
    return " ".join(str(value).split()) if value is not None and value == value else ""  # noqa: PLR0124 - NaN


_HELD = """
SELECT EXISTS (
    SELECT FROM appointment m JOIN account k ON k.id = m.account_id
    WHERE k.name = :login AND m.role = :role AND m.area_id = :area
      AND m.grid_code IS NOT DISTINCT FROM CAST(:grid AS text)
      AND m.during @> coalesce(CAST(:day AS date), today_in(m.area_id)))
"""
