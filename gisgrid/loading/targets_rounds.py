"""How a round list that was filled in on paper, and typed into its workbook, becomes visits and verifications."""

from __future__ import annotations

from sqlalchemy import text

from gisgrid.loading.target import RowCheck, Stored, Target, Write, upsert
from gisgrid.loading.targets_teams import UNKNOWN_STAFF

UNKNOWN_HOUSE = RowCheck(
    "unknown_house",
    "house",
    """SELECT s.row_no FROM stage s WHERE NOT EXISTS (SELECT FROM house h
       WHERE h.township_id = :township AND h.code = s.house)""",
)
_EMPTY = "s.verified IS DISTINCT FROM 'yes' AND num_nonnulls(s.why, s.met, s.agreed, s.next_on) = 0"

# The house's newest day of the file counts; what was looked at later already stays.
_SEEN = """
WITH seen AS (
    SELECT h.id AS house_id, max(s.visited_on) AS day
    FROM stage s JOIN house h ON h.township_id = :township AND h.code = s.house
    WHERE s.verified = 'yes' AND s.visited_on IS NOT NULL GROUP BY h.id
)"""

ROUNDS = Target(
    table="visit",
    columns={
        "house": "text", "visited_on": "date", "verified": "text", "why": "text", "met": "text", "agreed": "text",
        "next_on": "date", "staff": "text",
    },
    key=("house", "visited_on"),
    stored=(
        Stored(
            ("house", "visited_on"),
            ("why", "met", "agreed", "next_on", "staff"),
            """SELECT h.code AS house, v.visited_on, v.why, v.met, v.agreed, v.next_on, p.code AS staff
            FROM visit v JOIN house h ON h.id = v.house_id LEFT JOIN staff p ON p.id = v.staff_id
            WHERE v.township_id = :township AND v.code = 'R' || h.code || '-' || to_char(v.visited_on, 'YYYYMMDD')""",
        ),
    ),
    checks=(
        UNKNOWN_HOUSE,
        UNKNOWN_STAFF,
        RowCheck("day_missing", "visited_on", f"SELECT s.row_no FROM stage s WHERE s.visited_on IS NULL AND NOT ({_EMPTY})"),
        RowCheck("day_ahead", "visited_on", "SELECT s.row_no FROM stage s WHERE s.visited_on > today_in(:township)"),
        RowCheck("until_first", "next_on", "SELECT s.row_no FROM stage s WHERE s.next_on <= s.visited_on"),
        RowCheck("not_filled", "", "SELECT s.row_no FROM stage s WHERE s.visited_on IS NULL", keeps=True),
    ),
    writes=(
        upsert(
            "visit",
            ("township_id", "code"),
            """SELECT :township, 'R' || h.code || '-' || to_char(s.visited_on, 'YYYYMMDD'), h.id, p.id, s.visited_on,
               s.next_on, s.why, s.met, s.agreed, :run
            FROM stage s JOIN house h ON h.township_id = :township AND h.code = s.house
            LEFT JOIN staff p ON p.township_id = :township AND p.code = s.staff
            WHERE s.visited_on IS NOT NULL ORDER BY s.row_no""",
            ("house_id", "staff_id", "visited_on", "next_on", "why", "met", "agreed"),
        ),
        Write(text(f"""{_SEEN}, done AS (
            UPDATE resident r SET verified_on = seen.day, run_id = :run
            FROM seen JOIN household f ON f.house_id = seen.house_id
            WHERE r.household_id = f.id AND (r.verified_on < seen.day) IS NOT FALSE RETURNING 1)
        SELECT 0 AS inserted, count(*) AS updated FROM done""")),
        Write(text(f"""{_SEEN}, done AS (
            UPDATE household f SET verified_on = seen.day, run_id = :run FROM seen
            WHERE f.house_id = seen.house_id AND (f.verified_on < seen.day) IS NOT FALSE RETURNING 1)
        SELECT 0 AS inserted, count(*) AS updated FROM done""")),
    ),
)  # fmt: skip
"""A visit a house and day; all of the house is verified on the day where the list says so."""
