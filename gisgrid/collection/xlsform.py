"""Questions of a task as an XLSForm, and an XLSForm as questions, so that ODK people feel at home.

What a task cannot ask (groups, repeats, conditions, calculations, other types) is refused with its row and how to mend
it, and never left out in silence. Whether it is an XLSForm at all pyxform says, which ODK itself converts with.
Reference: https://xlsform.org/en/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from gisgrid.collection.questions import MOST_QUESTIONS, AskedQuestion, NewQuestion, check, spelled
from gisgrid.collection.tasks import TaskInfo
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.heavy import pyxform_errors, xls2xform
from gisgrid.files import workbooks
from gisgrid.files.exports import Cell, Sheet, write_workbook

HOUSE, FIELDS = "gisgrid_house", "gisgrid_fields"
"""Names of our own rows: which house it is, and what is kept in the register; they are no questions of a task."""
MOST_BYTES, MOST_CELLS = 2 << 20, 20_000
TYPES = {
    "text": "text", "integer": "integer", "number": "decimal", "date": "date", "photo": "image",
}  # fmt: skip
_KINDS = {said: kind for kind, said in TYPES.items()} | {
    "string": "text",
    "int": "integer",
    "photo": "photo",
}
_NOTHING_ASKED = ("start", "end", "today", "deviceid", "username", "phonenumber", "audit")
"""What a phone notes by itself: a task knows it anyway."""
_TAKEN = (
    "type",
    "name",
    "label",
    "hint",
    "required",
    "constraint",
    "constraint_message",
    "required_message",
)
_MOST_PIXELS = "max-pixels=1600"
"""Of a photo, which is made so small here, too."""
_BOUND = re.compile(r"\.\s*(>=|<=)\s*(-?\d{1,15}(?:\.\d{1,6})?)")
_HEADS = (
    "type",
    "name",
    "label",
    "hint",
    "required",
    "constraint",
    "constraint_message",
    "parameters",
)


def write(task: TaskInfo, path: Path, *, house_words: str, fields_words: str) -> None:
    """Write the questions of a task as an XLSForm.

    Parameters
    ----------
    house_words
        The question for the house's code, which each form sent by a phone needs.
    fields_words
        What is said of the values of the register that the task names; empty: it names none.
    """
    rows: list[tuple[Cell, ...]] = [("text", HOUSE, house_words, None, "yes", None, None, None)]
    if fields_words:
        rows.append(("note", FIELDS, fields_words, None, None, None, None, None))
    choices: list[tuple[Cell, ...]] = []
    for each in task.questions:
        kind = f"select_one {each.name}" if each.kind == "choice" else TYPES[each.kind]
        limits = _constraint(each)
        rows.append((
            kind, each.name, each.label, each.hint, "yes" if each.required else None, limits,
            limits and _limits_in_words(each), _MOST_PIXELS if each.kind == "photo" else None,
        ))  # fmt: skip
        choices += [(each.name, str(n), said) for n, said in enumerate(each.choices, 1)]
    settings = (task.title, f"gisgrid_{task.id}", str(task.state_number))
    write_workbook(
        path,
        [
            Sheet("survey", _HEADS, rows),
            Sheet("choices", ("list_name", "name", "label"), choices),
            Sheet("settings", ("form_title", "form_id", "version"), [settings]),
        ],
    )


def read(path: Path) -> list[NewQuestion]:
    """The questions of an XLSForm in their order.

    Raises
    ------
    Invalid
        No XLSForm, more questions than a task has, or what a task cannot ask; the message says in which row, what it
        is, and how to mend it.
    """
    lists = _lists(path)
    try:
        lines = list(_lines(path, "survey"))
    except NotFound as error:
        raise Invalid("The workbook has no sheet “survey”: it is no XLSForm.") from error
    found = [each for row, line in lines if (each := _question(row, line, lists))]
    if not found:
        raise Invalid("The sheet “survey” asks nothing.")
    if len(found) > MOST_QUESTIONS:
        raise Invalid(
            "The form asks {count} questions; a task has at most {most}. Make two tasks of it.",
            count=len(found), most=MOST_QUESTIONS,
        )  # fmt: skip
    try:
        xls2xform.convert(str(path))
    except (pyxform_errors.PyXFormError, KeyError, ValueError, TypeError) as error:
        raise Invalid(
            "This is no valid XLSForm: {said}", said=" ".join(str(error).split())[:300]
        ) from error
    return found


def _question(
    row: int, line: Mapping[str, str], lists: Mapping[str, list[str]]
) -> NewQuestion | None:
    said = line.get("type", "")
    words = said.split()
    kind = words[0].lower() if words else ""
    if kind in _NOTHING_ASKED or line.get("name") in (HOUSE, FIELDS):
        return None
    for column, value in line.items():
        if column not in _TAKEN and not value.startswith("max-pixels="):
            raise Invalid(
                "Row {row}: a task knows no column “{column}”; empty this cell, or write plain {taken}.",
                row=row, column=column[:40], taken=", ".join(_TAKEN[:6]),
            )  # fmt: skip
    choices: tuple[str, ...] = ()
    if kind == "select_one" and len(words) == 2:
        if words[1] not in lists:
            raise Invalid(
                "Row {row}: the sheet “choices” has no list “{name}”; write its answers there.",
                row=row, name=words[1][:40],
            )  # fmt: skip
        asked, choices = "choice", tuple(lists[words[1]])
    elif said.lower() in _KINDS:
        asked = _KINDS[said.lower()]
    else:
        raise Invalid(
            "Row {row}: a task cannot ask a “{type}”; make it one of {known}, or take the row out.",
            row=row, type=said[:40], known=[*TYPES.values(), "select_one"],
        )  # fmt: skip
    least, most = _limits(row, line.get("constraint", ""))
    question = NewQuestion(
        label=line.get("label", ""), kind=asked, required=_yes(row, line.get("required", "")),
        hint=line.get("hint") or None, choices=choices, least=least, most=most, name=line.get("name", ""),
    )  # fmt: skip
    try:
        check(question)
    except Invalid as error:
        raise Invalid("Row {row}: {why}", row=row, why=error.said) from error
    return question


def _yes(row: int, said: str) -> bool:
    plain = said.lower().removesuffix("()")
    if plain in ("yes", "true"):
        return True
    if plain in ("", "no", "false"):
        return False
    raise Invalid(
        "Row {row}: “required” is {said}; write yes or no, since a task knows no conditions.",
        row=row, said=said[:40],
    )  # fmt: skip


def _limits(row: int, said: str) -> tuple[Decimal | None, Decimal | None]:
    """Smallest and largest value of a constraint such as ``. >= 0 and . <= 30``."""
    bounds: dict[str, Decimal] = {}
    for part in re.split(r"\s+and\s+", said.strip(), flags=re.IGNORECASE) if said.strip() else ():
        found = _BOUND.fullmatch(part.strip().strip("()"))
        if found is None or found[1] in bounds:
            raise Invalid(
                "Row {row}: a task knows no constraint “{said}”; write one like . >= 0 and . <= 30, or empty the cell.",
                row=row, said=said[:60],
            )  # fmt: skip
        bounds[found[1]] = Decimal(found[2])
    return bounds.get(">="), bounds.get("<=")


def _constraint(question: AskedQuestion) -> str | None:
    parts = [
        f". {sign} {spelled(bound)}"
        for sign, bound in ((">=", question.least), ("<=", question.most))
        if bound is not None
    ]
    return " and ".join(parts) or None


def _limits_in_words(question: AskedQuestion) -> str:
    low = spelled(question.least) if question.least is not None else ""
    high = spelled(question.most) if question.most is not None else ""
    return f"{low} … {high}".strip()


def _lists(path: Path) -> dict[str, list[str]]:
    """Labels of the answers to choose from, by list; none where the workbook has no such sheet."""
    lists: dict[str, list[str]] = {}
    try:
        for row, line in _lines(path, "choices"):
            for column in line:
                if column not in ("list_name", "list name", "name", "label"):
                    raise Invalid(
                        "Row {row} of “choices”: a task knows no column “{column}”; empty this cell.",
                        row=row, column=column[:40],
                    )  # fmt: skip
            name = line.get("list_name") or line.get("list name") or ""
            lists.setdefault(name, []).append(line.get("label") or line.get("name", ""))
    except NotFound:
        return {}
    return lists


def _lines(path: Path, sheet: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a sheet that hold something, with their number, by heading in small letters."""
    rows = workbooks.plain_rows(path, sheet, most=MOST_BYTES * 10, most_cells=MOST_CELLS)
    if not rows:
        return
    heads = [(head or "").strip().lower() for head in rows[0][1]]
    for number, cells in rows[1:]:
        named = zip(heads, cells, strict=False)
        line = {head: said.strip() for head, said in named if said and said.strip()}
        if line:
            yield number, line
