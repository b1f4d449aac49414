"""What have centres and communities to work with? Funds, equipment and rooms: noted, changed, ended, summed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.messages import say
from gisgrid.db.tables.means import MEANS_KINDS
from gisgrid.people.privacy.audit import note

LONGEST = 200
"""Characters of what it is, and of why it ended."""
MOST_YUAN = Decimal(10) ** 12
MOST_M2 = Decimal(10) ** 7
MOST_PIECES = 1_000_000


@dataclass(frozen=True)
class MeansEntry:
    """What is written of one of them. Amounts are yuan, exact to the fen."""

    kind: str
    """One of ``MEANS_KINDS``."""
    name: str
    amount: Decimal | None
    """None: not known, which funds never are."""
    pieces: int | None
    """Of equipment; None for all else."""
    floor_m2: Decimal | None
    """Of rooms; None: not known, or no rooms."""
    since: date
    until: date | None
    """Last day; None: without end."""


@dataclass(frozen=True)
class MeansInfo:
    """One of them, and whose it is."""

    id: int
    area: str
    area_name: str
    area_name_en: str | None
    centre: bool
    """It is the centre's of the township, no community's."""
    entry: MeansEntry
    why_ended: str | None
    state_number: int
    noted_by: str
    noted_at: datetime

    def holds(self, day: date) -> bool:
        """Whether it is there on a day."""
        return self.entry.since <= day and (self.entry.until is None or day <= self.entry.until)


@dataclass(frozen=True)
class MeansSum:
    """What one centre or community has on a day, added up exactly."""

    area: str | None
    """None: all together."""
    area_name: str
    area_name_en: str | None
    funds: Decimal
    equipment: Decimal
    office: Decimal
    pieces: int
    floor_m2: Decimal
    without_amount: int
    """How many have no amount noted, so that the sums lack them."""

    @property
    def total(self) -> Decimal:
        """All amounts, yuan."""
        return self.funds + self.equipment + self.office


def means(session: Session, township_id: int) -> list[MeansInfo]:
    """All of a township that the asker may see: the centre's first, then by community, kind and first day."""
    rows = session.execute(text(_EVERY), {"t": township_id, "id": None}).mappings()
    return [_info(dict(row)) for row in rows]


def one(session: Session, township_id: int, number: int) -> MeansInfo:
    """One of them; NotFound if there is none."""
    values = {"t": township_id, "id": number}
    row = session.execute(text(_EVERY), values).mappings().one_or_none()
    if row is None:
        raise NotFound("No means have the number {number} here.", number=number)
    return _info(dict(row))


def sums(found: Iterable[MeansInfo], day: date) -> list[MeansSum]:
    """What is there on a day, by centre and community in the order given, and last all together.

    Decimals are added, so that the sums are right to the fen. Of nothing there is no sum.
    """
    by_area: dict[str, list[MeansInfo]] = {}
    for each in found:
        if each.holds(day):
            by_area.setdefault(each.area, []).append(each)
    added = [
        _added(each, code, each[0].area_name, each[0].area_name_en)
        for code, each in by_area.items()
    ]
    every = [each for group in by_area.values() for each in group]
    return [*added, _added(every, None, "", None)] if added else []


def add(session: Session, township_id: int, area: str, entry: MeansEntry) -> int:
    """Note means of a centre or community (its code); the row number.

    Raises
    ------
    Invalid
        A kind, name, amount, number of pieces, floor or days that cannot be.
    NotFound
        The township has no community of the code, and is not meant itself.
    Conflict
        The same stands there for some of these days: a form that was sent twice.
    """
    _check(entry)
    home = session.scalar(text(_HOME), {"t": township_id, "code": area})
    if home is None:
        raise NotFound("There is no community {community!r} here.", community=area)
    values = {"t": township_id, "home": home, **asdict(entry)}
    if session.scalar(text(_SAME), values):
        raise Conflict(
            "This is noted already, with the same name and days: {name}.", name=entry.name
        )
    made = int(session.execute(text(_ADD), values).scalar_one())
    note(session, "write", "means", made)
    return made


def change(
    session: Session, township_id: int, number: int, entry: MeansEntry, *, seen: int
) -> None:
    """Write what is known better; its kind and whose it is stay, the former state is kept.

    Parameters
    ----------
    seen
        ``state_number`` of what the asker had before them.

    Raises
    ------
    Invalid
        As `add`, or another kind.
    NotFound
        There are no such means here.
    Conflict
        Somebody else changed them meanwhile.
    """
    _check(entry)
    was = one(session, township_id, number)
    if entry.kind != was.entry.kind:
        raise Invalid("The kind stays as it was noted: end it, and note the other anew.")
    _write(session, township_id, number, entry, why=was.why_ended, seen=seen)


def end(
    session: Session, township_id: int, number: int, *, last: date, why: str, seen: int
) -> None:
    """Say from when on they are not there any more: ``last`` is the last day, on which they still are.

    Raises
    ------
    Invalid
        No reason, one that is too long, a day before their first or after their last.
    NotFound
        There are no such means here.
    Conflict
        Somebody else changed them meanwhile.
    """
    why = why.strip()
    if not why or len(why) > LONGEST:
        raise Invalid("Say in at most {most} characters why it ends.", most=LONGEST)
    was = one(session, township_id, number).entry
    if last < was.since or (was.until is not None and last > was.until):
        if was.until is None:
            raise Invalid(
                "{day} is none of its days: it is there from {since} on.", day=last, since=was.since
            )
        raise Invalid(
            "{day} is none of its days: it is there from {since} to {until}.",
            day=last, since=was.since, until=was.until,
        )  # fmt: skip
    ended = MeansEntry(**{**asdict(was), "until": last})
    _write(session, township_id, number, ended, why=why, seen=seen)


def read_amount(told: str, *, most: Decimal = MOST_YUAN) -> Decimal | None:
    """A number with at most two decimals that somebody wrote, such as ``12,500.50``; None: nothing was written.

    Raises
    ------
    Invalid
        It is no such number, below 0, or above ``most``.
    """
    plain = told.strip().replace(",", "").replace("，", "")
    if not plain:
        return None
    try:
        number = Decimal(plain)
    except InvalidOperation:
        number = Decimal("NaN")
    if not (number.is_finite() and 0 <= number <= most and number == round(number, 2)):
        raise Invalid(
            "{told!r} is no number from 0 to {most} with at most two decimals, such as 12500.50.",
            told=told[:40], most=most,
        )  # fmt: skip
    return number.quantize(Decimal("0.01"))


KIND_WORDS = {"funds": say("Funds"), "equipment": say("Equipment"), "office": say("Office rooms")}


def _check(entry: MeansEntry) -> None:
    if entry.kind not in MEANS_KINDS:
        raise Invalid("There is no kind of means {kind!r}.", kind=entry.kind)
    if not entry.name or len(entry.name) > LONGEST:
        raise Invalid("Say in at most {most} characters what it is.", most=LONGEST)
    if entry.kind == "funds" and not entry.amount:
        raise Invalid("Funds have an amount in yuan.")
    if entry.kind == "equipment" and not 0 < (entry.pieces or 0) <= MOST_PIECES:
        raise Invalid("Of equipment there are 1 to {most} pieces.", most=MOST_PIECES)
    if entry.kind == "office" and entry.floor_m2 is not None and entry.floor_m2 == 0:
        raise Invalid("Rooms have a floor of more than 0 m²; leave it empty if it is not known.")
    if entry.until is not None and entry.until < entry.since:
        raise Invalid(
            "From {since} to {until} there is no day.", since=entry.since, until=entry.until
        )


def _write(
    session: Session,
    township_id: int,
    number: int,
    entry: MeansEntry,
    *,
    why: str | None,
    seen: int,
) -> None:
    values = {"t": township_id, "id": number, "why": why, "seen": seen, **asdict(entry)}
    if session.scalar(text(_CHANGE), values) is None:
        raise Conflict("Somebody else has changed this meanwhile: look at it again.")
    note(session, "write", "means", number)


def _info(row: dict[str, object]) -> MeansInfo:
    names = MeansEntry.__dataclass_fields__
    entry = MeansEntry(**{name: row.pop(name) for name in names})  # type: ignore[arg-type]
    return MeansInfo(entry=entry, **row)  # type: ignore[arg-type]


def _added(found: list[MeansInfo], area: str | None, name: str, name_en: str | None) -> MeansSum:
    def yuan(kind: str) -> Decimal:
        amounts = (each.entry.amount or Decimal(0) for each in found if each.entry.kind == kind)
        return sum(amounts, Decimal("0.00"))

    return MeansSum(
        area, name, name_en, yuan("funds"), yuan("equipment"), yuan("office"),
        sum(each.entry.pieces or 0 for each in found),
        sum((each.entry.floor_m2 or Decimal(0) for each in found), Decimal(0)),
        sum(each.entry.amount is None for each in found),
    )  # fmt: skip


_EVERY = """
SELECT m.id, a.code AS area, a.name AS area_name, a.name_en AS area_name_en, a.id = m.township_id AS centre,
       m.kind, m.name, m.amount, m.pieces, m.floor_m2, lower(m.during) AS since, upper(m.during) - 1 AS until,
       m.why_ended, m.state_number, m.noted_by, m.noted_at
FROM means m JOIN area a ON a.id = m.area_id
WHERE m.township_id = :t AND (CAST(:id AS bigint) IS NULL OR m.id = :id)
ORDER BY a.id <> m.township_id, a.code COLLATE "C", array_position(ARRAY['funds', 'equipment', 'office'], m.kind),
         lower(m.during), m.id
"""
_HOME = """
SELECT id FROM area WHERE code = :code AND (id = :t OR (parent_id = :t AND level = 'community'))
ORDER BY id <> :t LIMIT 1
"""
_SAME = """
SELECT EXISTS (
    SELECT FROM means WHERE township_id = :t AND area_id = :home AND kind = :kind AND name = :name
      AND during && daterange(CAST(:since AS date), CAST(:until AS date), '[]'))
"""
_ADD = """
INSERT INTO means (township_id, area_id, kind, name, amount, pieces, floor_m2, during, noted_by)
VALUES (:t, :home, :kind, :name, CAST(:amount AS numeric), CAST(:pieces AS integer), CAST(:floor_m2 AS numeric),
        daterange(CAST(:since AS date), CAST(:until AS date), '[]'), my_name())
RETURNING id
"""
_CHANGE = """
UPDATE means SET name = :name, amount = CAST(:amount AS numeric), pieces = CAST(:pieces AS integer),
    floor_m2 = CAST(:floor_m2 AS numeric), during = daterange(CAST(:since AS date), CAST(:until AS date), '[]'),
    why_ended = :why, state_number = state_number + 1, noted_by = my_name(), noted_at = now()
WHERE id = :id AND township_id = :t AND state_number = :seen RETURNING id
"""
