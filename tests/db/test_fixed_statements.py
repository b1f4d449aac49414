"""No statement is put together from strings: it is a text as it stands, or an expression on the tables."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SQL = re.compile(
    r"\b(SELECT|INSERT INTO|DELETE FROM|UPDATE \w+|WITH \w+ AS|WHERE|FROM|ORDER BY|JOIN|VALUES|COPY|ANALYZE"
    r"|(CREATE|ALTER|DROP) (TEMP TABLE|DATABASE|ROLE)|GRANT|REVOKE)\b"
)
CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")
REMAIN = {
    "gisgrid/db/backup.py": "CREATE DATABASE and its like take no parameter; names are quoted",
    "gisgrid/db/roles.py": "CREATE ROLE and GRANT take no parameter; the names stand there",
    "gisgrid/db/store.py": "COPY takes no parameter, and has no expression",
    "gisgrid/db/joins.py": "SET takes no parameter; the settings stand there",
    "gisgrid/db/columns.py": "columns and FROM stand with the arrays that are asked for, in one module",
    "gisgrid/cases/bulk.py": "ANALYZE takes no parameter",
    "gisgrid/planning/attach/bulk.py": "COPY takes no parameter, and has no expression",
    "gisgrid/loading/stage.py": "the columns of the stage are those of the kind; CREATE, ANALYZE",
    "gisgrid/loading/undo.py": "a row of any table out of its history: its type has no expression",
}
"""Where something else than a constant is put into a statement, and why."""


def put_together(module: ast.Module) -> Iterator[ast.expr]:
    """What makes SQL by ``format``, or by an f-string or a sum that holds more than constants of a module.

    Of constants alone it is whole once the module is loaded, and prepared with all others.
    """
    for node in ast.walk(module):
        if isinstance(node, ast.JoinedStr):
            said = " ".join(str(p.value) for p in node.values if isinstance(p, ast.Constant))
            parts = [p.value for p in node.values if isinstance(p, ast.FormattedValue)]
            if SQL.search(said) and not all(map(is_constant, parts)):
                yield node
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "format"
        ):
            of = node.func.value
            if is_constant(of) or (isinstance(of, ast.Constant) and SQL.search(str(of.value))):
                yield node
        elif (
            isinstance(node, ast.Call)
            and "text" in (getattr(node.func, "id", ""), getattr(node.func, "attr", ""))
            and node.args
            and isinstance(node.args[0], ast.BinOp)
            and not all(map(is_fixed, summands(node.args[0])))
        ):
            yield node.args[0]


def summands(of: ast.expr) -> Iterator[ast.expr]:
    if isinstance(of, ast.BinOp) and isinstance(of.op, ast.Add):
        yield from summands(of.left)
        yield from summands(of.right)
    else:
        yield of


def is_fixed(part: ast.expr) -> bool:
    """A literal or a constant; of an f-string the walk itself asks."""
    return isinstance(part, ast.Constant | ast.JoinedStr) or is_constant(part)


def is_constant(part: ast.expr) -> bool:
    return isinstance(part, ast.Name) and CONSTANT.fullmatch(part.id) is not None


def test_no_statement_is_put_together_from_strings():
    found: dict[str, list[int]] = {}
    for top in ("gisgrid", "layers", "web"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if "migrations" not in path.parts:
                for node in put_together(ast.parse(path.read_text("utf-8"))):
                    found.setdefault(path.relative_to(ROOT).as_posix(), []).append(node.lineno)
    assert {name: lines for name, lines in found.items() if name not in REMAIN} == {}
    assert set(REMAIN) == set(found), "what is no more needed is taken off the list"


@pytest.mark.parametrize(
    "code",
    [
        'text(f"SELECT id FROM {table}")',
        '_ASKED.format(which="true")',
        '"SELECT {} FROM house".format(name)',
        'f"{_CASE} WHERE {where}"',
        "text(_CASE + where)",
        'text("SELECT id FROM " + table + " LIMIT 1")',
        'text("SELECT %s FROM house" % name)',
    ],
)
def test_a_statement_that_is_put_together_is_seen(code: str):
    assert len(list(put_together(ast.parse(code)))) == 1


@pytest.mark.parametrize(
    "code",
    [
        'f"{_CASE} WHERE c.id = :id"',
        'text(_CASE + " WHERE c.id = :id")',
        'f"There is no {kind} from {day}."',
        "words.format(a=1)",
    ],
)
def test_constants_and_sentences_are_none(code: str):
    assert list(put_together(ast.parse(code))) == []
