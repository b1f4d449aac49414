"""Houses that are new, gone, split or joined: what may be said of them, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid, NotAllowed
from gisgrid.locate.addresses import gazetteer
from gisgrid.locate.lookup import in_wgs84, number
from gisgrid.register.refusals import refused

KINDS = ("house_gone", "house_split", "house_joined")
"""Of a house that is there; ``house_new`` is of none."""
GONE_FOR = ("demolished", "mistake", "other")
HOMES = ("out", "moved")
"""What becomes of the households of a house that goes: they left the town, or live in another house."""
NEAREST_M = 3.0
"""A new house this near to another is taken for it, unless it is said to be another."""
MOST_ADDRESS = 200
FIRST_DAY = date(1900, 1, 1)


@dataclass(frozen=True)
class HouseChanged:
    """One change of a house as such."""

    change: str
    """``new``, ``gone``, ``split``, ``joined``, or ``back``: that it went was taken back."""
    house_id: int | None
    """The house before; None: it was new."""
    code: str | None
    address: str | None
    successor_id: int | None
    successor: str | None
    """Address of the house after, as it is called now, or was when it went, too; None: there is none after."""
    reason: str | None
    on_day: date


@dataclass(frozen=True)
class TakenBack:
    """A house that stands again, and what did not come back since something newer stands in its place."""

    house_id: int
    address: str
    homes: int
    homes_left: int
    """Households that moved on, were registered anew, or whose time of keeping is over."""
    people: int
    """Of households that had left the town."""
    people_left: int
    """Those among them who live in the town by now, too."""
    visits_left: int
    words_left: int
    """Names that mean another place by now."""
    answers_left: int


@dataclass(frozen=True)
class SpotGround:
    """Whose ground a place is in the plan in force, and which house stands nearest."""

    grid: str
    community: str
    near: str | None
    """Address of the nearest house within `NEAREST_M`."""


def told(
    session: Session, township_id: int, kind: str, house_id: int | None, said: Mapping[str, str]
) -> dict[str, Any]:
    """What an entry keeps of a house that is new, gone, split or joined.

    Parameters
    ----------
    said
        As written: ``address``, ``lon``, ``lat`` and ``datum`` of a place, ``apart`` where it is another house than
        the one it stands at, ``beside`` where its place is that of the house it stands beside; ``gone``, ``on_day``, ``homes`` and ``house_id`` of one that goes (``homes``: one
        of `HOMES`, or of a split the households that go along, with semicolons between them).

    Raises
    ------
    Invalid
        Something is missing or cannot be; the message says what, and how to mend it.
    """
    if kind == "house_gone":
        return _gone(said, session.scalars(text(_TODAY), {"t": township_id}).one())
    if kind == "house_joined":
        if not said.get("house_id", "").isdecimal():
            raise Invalid("Choose the house that it becomes part of.")
        return {"house_id": int(said["house_id"])}
    placed = kind == "house_new" or bool(said.get("lon"))
    told_: dict[str, Any] = {}
    community = ""
    if placed:
        told_, community = _place(session, township_id, kind, said)
    elif house_id is not None:
        community = session.scalar(text(_COMMUNITY), {"id": house_id}) or ""
    address = _address(session, township_id, said)
    told_ |= {"address": address, **gazetteer.keyed(session, township_id, address, community)}
    if kind == "house_split":
        homes = [int(each) for each in said.get("homes", "").split(";") if each.isdecimal()]
        told_ |= {"homes": homes, "households": len(homes)}
    return told_


def ground_of(session: Session, township_id: int, lon: float, lat: float) -> SpotGround | None:
    """Whose ground a place (EPSG:4326) is; None: no grid of the plan in force covers it."""
    row = session.execute(text(_GROUND), {"t": township_id, "lon": lon, "lat": lat, "m": NEAREST_M})
    found = row.one_or_none()
    return None if found is None else SpotGround(found.grid, found.community, found.near)


def kept(session: Session, house_ids: Sequence[int]) -> frozenset[int]:
    """Those of some houses whose register the asker keeps."""
    return frozenset(session.scalars(text(_KEPT), {"ids": list(house_ids)}))


def changes_of(session: Session, house_id: int) -> list[HouseChanged]:
    """What a house came from and what became of it, oldest first; empty: it was there from the first."""
    rows = session.execute(text(_CHANGES), {"id": house_id}).mappings()
    return [HouseChanged(**row) for row in rows]


def gone(session: Session, house_id: int) -> tuple[int, HouseChanged] | None:
    """The township of a house that is no longer there, and how it went; None: it never went.

    Raises
    ------
    NotAllowed
        It stood where the transaction's account has no right to see registers.
    """
    row = session.execute(text(_GONE), {"id": house_id}).mappings().one_or_none()
    if row is None:
        return None
    if not session.scalar(text("SELECT gone_within('see_register', :id)"), {"id": house_id}):
        raise NotAllowed("This house lies outside the area of your rights.")
    values = dict(row)
    return values.pop("township_id"), HouseChanged(**values)


def made_by(session: Session, entry_ids: Sequence[int]) -> dict[int, int]:
    """Houses that lines brought into the register in this transaction, each with its township: to be attached in it."""
    return {
        row.successor_id: row.township_id
        for row in session.execute(text(_MADE), {"ids": list(entry_ids)})
    }


def may_take_back(session: Session, township_id: int, house_id: int | None = None) -> list[int]:
    """Lines by which houses went, or one house, and that whoever asks may take back; the newest first."""
    asked = {"t": township_id, "house": house_id}
    return list(session.scalar(text(_TO_TAKE_BACK), asked) or ())


def take_back(session: Session, entry_id: int, *, reason: str) -> TakenBack:
    """Have a house stand again that an entry said was gone or part of another; `made_by` then names it.

    Nothing that came since is overwritten: it is told how much did not come back.

    Raises
    ------
    Invalid
        No reason.
    Conflict
        Another house has its address by now, or the line was taken back already.
    NotAllowed
        The line is none that the transaction's account may take back.
    """
    reason = " ".join(reason.split())[:MOST_ADDRESS]
    if not reason:
        raise Invalid("Whoever entered it is told why: write a reason.")
    try:
        told_ = session.scalar(
            text("SELECT take_back_house(:id, :reason)"), {"id": entry_id, "reason": reason}
        )
    except DBAPIError as error:
        refused(error)
        raise
    return TakenBack(**told_)


def _gone(said: Mapping[str, str], today: date) -> dict[str, Any]:
    if said.get("gone") not in GONE_FOR:
        raise Invalid("Choose one of the answers.")
    out: dict[str, Any] = {"gone": said["gone"]}
    if written := said.get("on_day", "").strip():
        try:
            day = date.fromisoformat(written)
        except ValueError:
            raise Invalid("{day!r} is no day: write it as 2026-12-31.", day=written) from None
        if not FIRST_DAY <= day <= today:
            raise Invalid(
                "A house cannot be gone since {day}: write a day between {first} and today.",
                day=day, first=FIRST_DAY,
            )  # fmt: skip
        out["on_day"] = day.isoformat()
    if said.get("homes") == "moved":
        if not said.get("house_id", "").isdecimal():
            raise Invalid("Choose the house that they moved to.")
        out["house_id"] = int(said["house_id"])
    elif said.get("homes") == "out":
        out["homes"] = "out"
    return out


def _address(session: Session, township_id: int, said: Mapping[str, str]) -> str:
    address = " ".join(said.get("address", "").split())[:MOST_ADDRESS]
    if not address:
        raise Invalid("Write the address of the house: street and number.")
    if session.scalar(text(_ADDRESSED), {"t": township_id, "address": address}):
        raise Invalid(
            "There is a house {address} already: write what tells them apart.", address=address
        )
    return address


def _place(
    session: Session, township_id: int, kind: str, said: Mapping[str, str]
) -> tuple[dict[str, Any], str]:
    if not said.get("lon", "").strip() or not said.get("lat", "").strip():
        raise Invalid("Say where the house stands: take your position, or touch the map.")
    lon, lat = in_wgs84(
        number(said["lon"], "lon"), number(said["lat"], "lat"), said.get("datum", "") or "wgs84"
    )
    ground = ground_of(session, township_id, lon, lat)
    if ground is None:
        raise Invalid(
            "This place lies in no grid of the township: touch the spot where the house stands."
        )
    if ground.near is not None and kind == "house_new" and not said.get("apart"):
        raise Invalid(
            "Here stands {address}. If it is another house, say so below and send again.",
            address=ground.near,
        )
    told_ = {"lon": lon, "lat": lat, "place": f"{lon:.6f}, {lat:.6f}"}
    # Kept, since it is asked again when the line is let in.
    told_ |= {"apart": True} if ground.near else {}
    # The clerk is told that the place is a neighbour's, in the register's words for it.
    return told_ | (
        {"beside": ground.near} if ground.near and said.get("beside") else {}
    ), ground.community


_TO_TAKE_BACK = "SELECT to_take_back(:t, CAST(:house AS bigint))"
_KEPT = """
SELECT id FROM unnest(houses_within('keep_register', CAST(:ids AS bigint[]))) AS within (id)
"""
_TODAY = "SELECT today_in(:t)"
_ADDRESSED = "SELECT EXISTS (SELECT FROM house WHERE township_id = :t AND address = :address)"
_COMMUNITY = """
SELECT coalesce(c.name, r.name) FROM house h LEFT JOIN area r ON r.id = h.community_id
LEFT JOIN plan_in_force p ON p.township_id = h.township_id
LEFT JOIN grid_of_house a ON a.plan_id = p.id AND a.house_id = h.id
LEFT JOIN grid g ON g.id = a.grid_id LEFT JOIN area c ON c.id = g.community_id
WHERE h.id = :id
"""
_GROUND = """
WITH spot AS (SELECT ST_SetSRID(ST_MakePoint(CAST(:lon AS float8), CAST(:lat AS float8)), 4326) AS geom)
SELECT g.name AS grid, c.name AS community, (
    SELECT h.address FROM house h
    WHERE h.township_id = p.township_id
      AND h.geom && ST_Expand(spot.geom, reach_in_degrees(CAST(:m AS float8), CAST(:lat AS float8)))
      AND ST_DistanceSphere(h.geom, spot.geom) <= CAST(:m AS float8)
    ORDER BY ST_DistanceSphere(h.geom, spot.geom), h.id LIMIT 1) AS near
FROM spot, plan_in_force p JOIN township t ON t.area_id = p.township_id JOIN grid g ON g.plan_id = p.id
JOIN area c ON c.id = g.community_id
WHERE p.township_id = :t AND ST_Covers(g.geom, spot.geom)
ORDER BY g.kind = 'basic' OR t.grid_rule <> 'overlay', g.code COLLATE "C" LIMIT 1
"""
_CHANGE = """
SELECT c.change, c.house_id, c.code, coalesce(o.address, c.address) AS address, c.successor_id,
       coalesce(h.address, w.address) AS successor, c.reason, c.on_day
FROM house_change c LEFT JOIN house h ON h.id = c.successor_id LEFT JOIN house o ON o.id = c.house_id
LEFT JOIN LATERAL (
    SELECT n.address FROM house_change n WHERE n.house_id = c.successor_id AND n.change IN ('gone', 'joined')
    ORDER BY n.id DESC LIMIT 1) w ON true
"""
_CHANGES = f"{_CHANGE} WHERE c.house_id = :id OR c.successor_id = :id ORDER BY c.at, c.id"
_GONE = """
SELECT c.township_id, c.change, c.house_id, c.code, c.address, c.successor_id,
       coalesce(h.address, w.address) AS successor, c.reason, c.on_day
FROM house_change c LEFT JOIN house h ON h.id = c.successor_id
LEFT JOIN LATERAL (
    SELECT n.address FROM house_change n WHERE n.house_id = c.successor_id AND n.change IN ('gone', 'joined')
    ORDER BY n.id DESC LIMIT 1) w ON true
WHERE c.house_id = :id AND c.change IN ('gone', 'joined') AND NOT EXISTS (SELECT FROM house o WHERE o.id = c.house_id)
ORDER BY c.id DESC LIMIT 1
"""
_MADE = """
SELECT successor_id, township_id FROM house_change
WHERE entry_id = ANY (CAST(:ids AS bigint[])) AND change IN ('new', 'split', 'back') AND at = now()
ORDER BY successor_id
"""
