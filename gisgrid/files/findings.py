"""What was found in a file, row by row, and the sentence for each reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gisgrid.core.messages import say, sentence

RowNumbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RowReason:
    """Why a row was refused or what was done to it; the code is for programs and never changes."""

    code: str
    en: str
    option: str = ""
    """What to type at the terminal to have it otherwise; a page has its own fields."""

    def in_language(self, language: str) -> str:
        """In a language."""
        return sentence(self.en, {}, language)


REASONS: dict[str, RowReason] = {
    reason.code: reason
    for reason in (
        # The shape of the row.
        RowReason("too_many_cells", say("the row has more cells than the header: it is shifted or a quote is missing")),
        RowReason("missing", say("a required value is missing")),
        RowReason("not_a_choice", say("the value is none of those allowed")),
        RowReason("not_a_number", say("not a number")),
        RowReason("negative", say("must be more than 0")),
        RowReason("error_cell", say("the cell shows an error of the spreadsheet (#N/A, #REF! …): mend the formula")),
        RowReason("total", say("a total or a remark below the table, not a row of it")),
        RowReason("garbled", say("the text is garbled: the file was read in the wrong encoding"), "--encoding gb18030"),
        # Codes and IDs.
        RowReason("code_exponent", say("Excel turned the code into a number (…E+17); type it again as text")),
        RowReason("code_zeros", say("Excel cut the code after 15 digits (…000); type it again as text")),
        RowReason("code_short", say("the code is too short: leading zeros were lost")),
        RowReason("code_digits", say("the code does not follow the scheme: digits only, 12 (area), 15 (unit grid) or 20 (professional grid)")),
        RowReason("mojibake", say("the code holds a character that could not be read (�)")),
        RowReason("code_twice", say("the same code stands more than once in the file; the first row counts")),
        RowReason("id_length", say("a citizen ID has 18 characters: 17 digits and a digit or X")),
        RowReason("id_check", say("the check digit of the citizen ID is wrong")),
        RowReason("id_birth", say("the citizen ID holds a day of birth that does not exist")),
        RowReason("id_mismatch", say("birth date or sex differs from the citizen ID")),
        RowReason("phone", say("not a telephone number")),
        # Time.
        RowReason("date", say("not a date; write YYYY-MM-DD")),
        RowReason("time", say("not a time; write YYYY-MM-DD HH:MM")),
        RowReason("date_range", say("the year lies outside 1850–2200")),
        RowReason("closed_first", say("closed before it was reported")),
        RowReason("until_first", say("ends before it begins")),
        # Places.
        RowReason("half_place", say("only one of longitude and latitude is given")),
        RowReason("lonlat_range", say("longitude must lie in -180…180 and latitude in -90…90; the CRS may be another one")),
        RowReason("crs_range", say("the coordinates lie outside the declared coordinate system")),
        RowReason("swapped", say("longitude and latitude are swapped")),
        RowReason("far", say("the place lies far outside the township")),
        RowReason("geometry_none", say("there is no geometry")),
        RowReason("geometry_text", say("the cell holds no geometry that can be read")),
        RowReason("line_open", say("a line where a polygon is needed: close it in the drawing, so that it ends where it begins")),
        RowReason("geometry_empty", say("the geometry is empty")),
        RowReason("geometry_type", say("the geometry is of the wrong type")),
        RowReason("geometry_invalid", say("the geometry is invalid and no repair is certain")),
        # Against what is stored.
        RowReason("moved", say("it stands under another area, grid, house or household; a move has to be asked for"), "--move"),
        RowReason("unknown_matter", say("no such matter on the list")),
        RowReason("unknown_community", say("no such community in the township")),
        RowReason("unknown_parent", say("no area with the parent's code")),
        RowReason("unknown_house", say("no house with that code")),
        RowReason("house_went", say("the house of that code is gone or part of another, as was entered at the door; a new house needs a code of its own")),
        RowReason("day_missing", say("it was filled in, but the day of the visit is missing")),
        RowReason("day_ahead", say("the day of the visit has not come yet")),
        RowReason("unknown_household", say("no household with that code")),
        RowReason("unknown_grid", say("no grid with that code")),
        RowReason("code_level", say("the code already stands for something of another level")),
        RowReason("unknown_staff", say("no person of staff with that code")),
        RowReason("unknown_area", say("no such county, township or community above or in the township")),
        RowReason("role_level", say("the role is not held at the level of this area")),
        RowReason("login_code", say("the code cannot be a log-in name, or another account has it")),
        RowReason("unknown_document", say("no such document, or not in that version")),
        RowReason("post_grid", say("the post of a team names its grid, and no other station does")),
        RowReason("code_community", say("the grid's code does not begin with the code of its community")),
        RowReason("half_part", say("a part in a team needs grid, role and first day together")),
        RowReason("two_leaders", say("the grid would have two leaders on one day")),
        RowReason("member_twice", say("the same person has the same part twice on one day")),
        RowReason("hours", say("the hours must be more than 0 and at most 1000")),
        RowReason("not_held", say("it is not held yet, so that nobody can have taken part")),
        RowReason("training_differs", say("the same training stands with other particulars in an earlier row")),
        RowReason("half_limit", say("time limit and its unit belong together")),
        RowReason("limit", say("no limit; write one such as 4 working_hours")),
        RowReason("levels", say("levels out of residents, grid, community, section, township, separated by ;")),
        RowReason("half_consent", say("a temporary item needs consent, a first and a last day, and nothing else has them")),
        # Kept, and told.
        RowReason("float_repaired", say("the code was written as a number (12.0); “.0” was taken off")),
        RowReason("geometry_repaired", say("the geometry was invalid and was repaired without visible change")),
        RowReason("ring_closed", say("the ring of the polygon was open; it was closed by a straight line")),
        RowReason("line_polygon", say("closed lines were taken for polygons")),
        RowReason("date_order", say("days such as 03/08/2023 were read month first, for nothing in the file shows the order"), "--time-format %d/%m/%Y"),
        RowReason("formula_told", say("the text begins as a formula does (= + - @); it is kept as text, and made harmless in every CSV")),
        RowReason("area_derived", say("no polygon: it will be the union of what lies below it")),
        RowReason("community_from_address", say("no coordinates and no community given: the community was taken from the address")),
        RowReason("polygon_point", say("houses came as polygons: each stands at a point on its surface")),
        RowReason("emptied", say("the cell is empty: what was stored there goes")),
        RowReason("not_filled", say("it was not filled in: nothing is written")),
        RowReason("unlocated", say("no coordinates: kept without a place")),
        RowReason("stored_already", say("it is stored already and stays as it is: the file only adds")),
        RowReason("row_twice", say("the same row stands more than once; kept once")),
        RowReason("person_twice", say("another resident has the same citizen ID: please compare")),
        RowReason("login_long", say("another account has this log-in name: the office logs in as CODE@TOWNSHIP")),
        RowReason("placeholder", say("the coordinates are a default spot, not a place: kept, not attached")),
        RowReason("zeros_told", say("the citizen ID ends with 000 although its check digit is right: please compare")),
        RowReason("mojibake_told", say("the text holds a character that could not be read (? or �)")),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RowFinding:
    """One reason, the canonical column it concerns ("" for the whole row) and the rows it hit."""

    code: str
    column: str
    rows: RowNumbers
    """Row numbers as a person sees them: the header is row 1."""


@dataclass(slots=True)
class Findings:
    """Findings of a whole file, gathered chunk by chunk: 16 bytes a finding."""

    found: list[RowFinding] = field(default_factory=list)

    def add(self, code: str, column: str, rows: npt.ArrayLike) -> None:
        """Note the rows; nothing happens for none. An unknown code is a KeyError."""
        numbers = np.asarray(rows, dtype=np.int64).ravel()
        if len(numbers):
            self.found.append(RowFinding(REASONS[code].code, column, numbers))

    def drop(self, code: str) -> None:
        """Forget a finding of the whole file."""
        self.found = [f for f in self.found if f.code != code or f.column]

    def extend(self, others: Iterable[RowFinding]) -> None:
        self.found.extend(others)

    def rows(self) -> RowNumbers:
        """All row numbers hit, ascending, each once."""
        if not self.found:
            return np.empty(0, np.int64)
        return np.unique(np.concatenate([f.rows for f in self.found]))

    def counts(self) -> dict[str, int]:
        """Number of rows per reason, by reason code in alphabetical order."""
        rows: dict[str, list[RowNumbers]] = {}
        for one in self.found:
            rows.setdefault(one.code, []).append(one.rows)
        return {code: len(np.unique(np.concatenate(rows[code]))) for code in sorted(rows)}

    def by_row(self) -> Iterator[tuple[int, list[tuple[str, str]]]]:
        """(row, [(reason code, column), …]) by ascending row; reasons in the order found."""
        if not self.found:
            return
        rows = np.concatenate([f.rows for f in self.found])
        which = np.repeat(np.arange(len(self.found)), [len(f.rows) for f in self.found])
        order = np.lexsort((which, rows))
        row, reasons = -1, list[tuple[str, str]]()
        for position in order:
            if rows[position] != row:
                if reasons:
                    yield row, reasons
                row, reasons = int(rows[position]), []
            one = self.found[which[position]]
            if (one.code, one.column) not in reasons:
                reasons.append((one.code, one.column))
        yield row, reasons
