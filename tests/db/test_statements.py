"""Every statement that stands in the code as text is one that the store of today takes."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from sqlalchemy import ClauseElement, Engine, TextClause, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from gisgrid.cases import board, board_statements, day_figures, figures
from gisgrid.cases.board_filters import DUES, STATES, Filters, shown
from gisgrid.cases.facts import MEASURES, UNITS, behind, counted, facts
from gisgrid.db import listing
from gisgrid.db.listing import Listing
from gisgrid.jobs import ordered
from gisgrid.people.privacy import audit
from gisgrid.planning.attach.rule import Kind
from gisgrid.planning.attach.statements import Attaching, by_asset, claim, keep_reported
from gisgrid.register import stale
from gisgrid.register import today as register_today
from layers import events, houses, streets, tiles

ROOT = Path(__file__).parents[2]
BEGINS = re.compile(r"\s*(WITH|SELECT|INSERT|UPDATE|DELETE|MERGE)\s", re.IGNORECASE)
MADE_FOR_A_WHILE = {
    "stage", "changed", "staff_named", "answer", "recounted", "gone", "gone_value",
}  # fmt: skip
"""Tables that a transaction makes for itself, and names that stand for others: tried where they are made."""
PARAMETER = re.compile(r"%\((\w+)\)s")
CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")
WHOLE = (ast.Constant, ast.Name, ast.Load, ast.BinOp, ast.Add, ast.JoinedStr, ast.FormattedValue)


def texts(value: object) -> Iterator[str]:
    """Statements of a constant: its own, or those that a table of them holds.

    With ``columns`` a text is a part of an expression, which is tried as a whole.
    """
    if isinstance(value, TextClause):
        yield value.text
    elif isinstance(value, str):
        yield value
    elif isinstance(value, tuple | dict):
        for each in value.values() if isinstance(value, dict) else value:
            if isinstance(each, str | TextClause):
                yield from texts(each)


def composed() -> Iterator[tuple[str, ClauseElement]]:
    """Statements that are expressions, in each of their forms."""
    day, span = date(2026, 11, 30), [(date(2026, 11, 1), date(2026, 11, 7))]
    narrowed = (
        {"matter": "01"}, {"grid": "x"}, {"grid": "none"}, {"community": "x"}, {"source": "x"},
        {"words": "x"}, {"since": day}, {"until": day}, {"box": (1.0, 2.0, 3.0, 4.0)}, {"ids": (1,)},
        *({"due": due} for due in DUES),
    )  # fmt: skip
    for state in STATES:
        for filters in ({}, *narrowed):
            for sets in (False, True):
                ctes = shown(Filters(state=state, **filters), sets=sets)  # type: ignore[arg-type]
                yield f"board {state} {filters} {sets}", board_statements.BOARD.add_cte(*ctes)
                yield (
                    f"board in order {state} {filters} {sets}",
                    board_statements.BOARD_IN_ORDER.add_cte(*ctes),
                )
    for unit in UNITS:
        yield f"kept days by {unit}", figures._of_kept_days(unit)
        yield f"figures by {unit}", counted(facts(span * 2, still_open=True), unit)
        for measure in MEASURES:
            yield f"rows of {measure} by {unit}", behind(facts(span), unit, measure)
    yield "days kept", day_figures._keep(span)
    kinds: tuple[Kind, ...] = ("house", "event")
    for kind in kinds:
        for some in (False, True):
            of = Attaching(kind, some)
            for made in (
                of.forget,
                of.attach,
                of.count,
                of.unasked,
                of.known,
                of.drop,
                of.on_ground,
            ):
                yield f"{made.__name__} {kind} {some}", made()
    for some in (False, True):
        yield f"by asset {some}", by_asset(some=some)
        yield f"keep reported {some}", keep_reported(some=some)
    yield "claim", claim()
    for source in (
        houses._SOURCE,
        events._OPEN,
        events._OPEN_THEN,
        events._CLOSED,
        events._CLOSED_THEN,
    ):
        yield "tile of points", tiles._POINTS.add_cte(source.cte("o"))
    for name, room, statement in (
        ("stale", stale, stale._STALE), ("visits", register_today, register_today._TO_VISIT),
        ("cases", board, board._ROWS), ("jobs", ordered, ordered._LIST), ("audit", audit, audit._ENTRIES),
    ):  # fmt: skip
        for wanted in (Listing(room.COLUMNS[0]), Listing(room.TEXTS[0], down=True, words="x")):
            yield (
                f"list of {name} {wanted}",
                listing.ordered(statement, wanted, columns=room.COLUMNS, texts=room.TEXTS),
            )
    yield "tile of lines", tiles._LINES.add_cte(streets._SOURCE.cte("o"))


def modules() -> Iterator[tuple[Path, ModuleType]]:
    for top in ("gisgrid", "layers", "web"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if "migrations" in path.parts or path.name == "__main__.py":
                continue
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield path, importlib.import_module(name)


def statements() -> Iterator[tuple[str, str]]:
    """Whole statements of the code, with where they stand: constants of modules, and what ``text`` is given."""
    for path, module in modules():
        for constant, value in vars(module).items():
            for n, said in enumerate(texts(value)):
                if is_whole(said):
                    yield f"{module.__name__}.{constant}.{n}", said
        source = path.read_text("utf-8")
        for line, said in given(ast.parse(source), module) if "text(" in source else ():
            if is_whole(said):
                yield f"{module.__name__}:{line}", said


def is_whole(said: str) -> bool:
    return bool(BEGINS.match(said)) and not re.search(r"\{\w*\}", said)


def given(tree: ast.Module, module: ModuleType) -> Iterator[tuple[int, str]]:
    """What stands as ``text(…)`` in a module, within functions too: literals, and constants put one after the other.

    With ``columns`` a text is a part of an expression, which is tried as a whole. Of anything else than constants ``test_fixed_statements`` knows.
    """
    parts_of_expressions = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "columns"
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args or id(node) in parts_of_expressions:
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func
        if (called.id if isinstance(called, ast.Name) else called) != "text":
            continue
        parts = [part for part in ast.walk(node.args[0]) if isinstance(part, ast.Name)]
        if all(isinstance(part, WHOLE) for part in ast.walk(node.args[0])) and all(
            CONSTANT.fullmatch(part.id) and hasattr(module, part.id) for part in parts
        ):
            said = eval(  # noqa: S307 - constants of our own code
                compile(ast.Expression(node.args[0]), module.__name__, "eval"), vars(module)
            )
            if isinstance(said, str):
                yield node.lineno, said


def prepared(said: str | ClauseElement) -> str:
    """With numbered parameters, as PREPARE takes them."""
    # Some go to the driver as they stand.
    if isinstance(said, str):
        said = text(said) if not PARAMETER.search(said) else said
    compiled = said if isinstance(said, str) else str(said.compile(dialect=PGDialect_psycopg()))
    names = list(dict.fromkeys(PARAMETER.findall(compiled)))
    return PARAMETER.sub(lambda m: f"${names.index(m[1]) + 1}", compiled).replace("%%", "%")


def test_the_store_takes_every_statement(engine: Engine):
    wrong, tried = {}, 0
    with engine.connect() as c:
        raw = c.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        known: set[object] = set()
        for where, said in (*statements(), *composed()):
            if said in known:
                continue
            known.add(said)
            tried += 1
            try:
                with raw.transaction(force_rollback=True):
                    raw.execute(f"PREPARE tried AS {prepared(said)}")  # type: ignore[arg-type]
                    raw.execute("DEALLOCATE tried")
            except psycopg.errors.IndeterminateDatatype:
                pass  # the driver says the type of its values
            except psycopg.errors.SyntaxError as error:
                # A beginning that others go on with; whoever puts them together is tried in their tests.
                if "at end of input" not in str(error):
                    wrong[where] = str(error).split("\n")[0]
            except psycopg.errors.UndefinedTable as error:
                made = re.search(r'relation "(\w+)"', str(error))
                if made is None or made[1] not in MADE_FOR_A_WHILE:
                    wrong[where] = str(error).split("\n")[0]
            except psycopg.Error as error:
                wrong[where] = str(error).split("\n")[0]
    assert not wrong, wrong
    assert tried > 1100


def test_what_stands_within_a_function_is_tried():
    code = """
def asked(session, name, where):
    session.scalar(text("SELECT no_such FROM house"))
    session.scalar(text(_HOUSE + " WHERE id = :id"))
    session.scalar(sa.text(f"{_HOUSE} LIMIT 1"))
    text(_HOUSE + where), text(f"{name}"), text("SELECT 1").columns(n=Integer), page.text(name)
"""
    module = ModuleType("made")
    module._HOUSE = "SELECT id FROM house"  # type: ignore[attr-defined]
    assert [said for _, said in given(ast.parse(code), module)] == [
        "SELECT no_such FROM house",
        "SELECT id FROM house WHERE id = :id",
        "SELECT id FROM house LIMIT 1",
    ]


def test_a_statement_that_is_none_is_seen(engine: Engine):
    with engine.connect() as c, pytest.raises(psycopg.errors.UndefinedColumn):
        raw = c.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        raw.execute(f"PREPARE tried AS {prepared('SELECT no_such FROM house WHERE id = :id')}")  # type: ignore[arg-type]
