"""What is said in two languages: one catalogue, complete, with the same values in each sentence."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from datetime import date
from inspect import cleandoc
from pathlib import Path
from string import Formatter

import click
import numpy as np
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from gisgrid.cli.main import main
from gisgrid.core import errors
from gisgrid.core.messages import (
    Both,
    catalogue_file,
    kept,
    message,
    packed,
    packed_facts,
    plain,
    said_of,
    sentence,
    together,
    unpacked,
    unpacked_facts,
)
from tests.support.web import ROOT

ROOMS = ("gisgrid", "layers", "web")


def error_classes() -> set[str]:
    """The names of all errors that are meant for a user."""
    found = {"GisgridError"}
    declared = re.compile(r"^class (\w+)\(([\w., ]+)\):", re.MULTILINE)
    classes = [
        (name, {base.split(".")[-1].strip() for base in bases.split(",")})
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for name, bases in declared.findall(path.read_text(encoding="utf-8"))
    ]
    while more := {name for name, bases in classes if bases & found} - found:
        found |= more
    return found


def helps() -> set[str]:
    """What the terminal says of its commands and their options."""
    found = {"Show this message and exit.", str(main.help)}

    def look(command: click.Command, ctx: click.Context) -> None:
        words = [command.help, *(getattr(each, "help", None) for each in command.params)]
        found.update(cleandoc(each) for each in words if each)
        if isinstance(command, click.Group):
            for name in command.list_commands(ctx):
                below = command.get_command(ctx, name)
                assert below is not None
                look(below, click.Context(below, parent=ctx, info_name=name))

    look(main, click.Context(main, info_name="gisgrid"))
    return found


@pytest.fixture(scope="module")
def used() -> set[str]:
    """Every message that the program may say."""
    marked = ("gettext", "_", "say", "message", *error_classes())
    return helps() | {
        text
        for room in ROOMS
        for _, _, text, _, _ in extract_from_dir(
            str(ROOT / room),
            method_map=[("**.py", "python"), ("**.html", "jinja2")],
            keywords=dict.fromkeys(marked),
        )
        if isinstance(text, str)
    }


@pytest.fixture(scope="module")
def chinese() -> dict[str, str]:
    with catalogue_file("zh").open("rb") as file:
        return {m.id: m.string for m in read_po(file) if m.id}


def test_every_message_has_a_translation_and_none_is_left_over(
    used: set[str], chinese: dict[str, str]
):
    assert sorted(used - set(chinese)) == []
    assert sorted(set(chinese) - used) == []
    assert [m for m, translation in chinese.items() if not translation] == []


def test_no_message_stands_twice():
    lines = catalogue_file("zh").read_text(encoding="utf-8").split("\n\n")
    said = [
        found[1]
        for each in lines
        if (found := re.search(r"^msgid (.+?)^msgstr ", each, re.M | re.S))
    ]
    assert len(said) > 2000
    assert [m for m, n in Counter(said).items() if n > 1] == []


def test_a_translation_names_no_value_that_the_sentence_does_not_have(chinese: dict[str, str]):
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}

    strange = {
        text: translation
        for text, translation in chinese.items()
        if "%(" not in text and not names(translation) <= names(text)
    }
    assert strange == {}


def test_an_error_is_a_sentence_of_the_catalogue_and_never_put_together():
    kinds = error_classes()
    composed = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) in kinds
        and any(isinstance(a, ast.JoinedStr | ast.BinOp | ast.IfExp) for a in node.args)
    ]
    assert composed == []


def test_each_sentence_is_given_the_values_that_it_names():
    kinds = error_classes() | {"message"}
    wrong = []
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                if getattr(node.func, "id", getattr(node.func, "attr", "")) not in kinds:
                    continue
                given = {k.arg for k in node.keywords}
                hints = [k.value for k in node.keywords if k.arg == "hint"]
                said = [*node.args[:1], *(h.args[0] for h in hints if isinstance(h, ast.Call))]
                wanted = {
                    name
                    for each in said
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                    for _, name, _, _ in Formatter().parse(each.value)
                    if name is not None
                }
                if None not in given and not wanted <= given:
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {wanted - given}")
    assert wrong == []


def test_a_value_is_written_as_its_language_has_it():
    error = errors.Invalid(
        "The file has no column {shown}; it has {headers}.", shown=["甲", "乙"], headers=[]
    )
    assert error.message == "The file has no column 甲, 乙; it has none."
    assert error.in_language("zh") == "文件中没有列甲、乙；文件有：无。"
    inner = message("{count:,} of {what!r}", count=12000, what=Both("houses", "房屋"))
    assert sentence("{inner}.", {"inner": inner}, "en") == "12,000 of houses."
    assert plain([inner, 3], "en") == ["12,000 of houses", 3]


def test_facts_are_json_whatever_they_are():
    facts = {
        "day": date(2026, 3, 1), "file": Path("甲.csv"), "lon": float("nan"), "count": np.int64(3),
        "rows": [np.int64(1), 2.5], "said": message("{n} of {what}", n=2, what=Both("houses", "房屋")),
        "of": {"house": None}, "yes": True,
    }  # fmt: skip
    told_ = json.loads(json.dumps(plain(facts, "zh"), allow_nan=False))
    assert told_ == {
        "day": "2026-03-01", "file": "甲.csv", "lon": "nan", "count": 3, "rows": [1, 2.5],
        "said": "2 of 房屋", "of": {"house": None}, "yes": True,
    }  # fmt: skip


def test_facts_come_through_another_process_with_both_languages():
    facts = {
        "what": Both("a view", "视图"), "file": Path("甲.gpkg"), "of": {"en": "a word"},
        "said": message("{n} of {what}", n=2, what=Both("houses", "房屋")),
    }  # fmt: skip
    assert unpacked_facts(packed_facts(facts)) == facts | {"file": "甲.gpkg"}


def test_what_a_value_holds_is_never_taken_for_a_sentence():
    error = errors.NotFound("There is no plan {name!r}.", name="{count} {0} {name}")
    assert error.message == "There is no plan '{count} {0} {name}'."


def test_a_sentence_that_is_kept_is_said_in_the_language_of_who_reads_it():
    said = message("There are no coordinates to judge by.")
    whole = together([message("{what}.", what=np.int64(3)), said])
    for each in (said, whole, Both("a view", "视图")):
        again = unpacked(packed(each))
        assert again.in_language("zh") == each.in_language("zh")
        assert again.in_language("en") == each.in_language("en")
        assert said_of(json.loads(json.dumps(kept(each)))) == again
    assert again.in_language("eo") == "a view", (
        "what is stored in two languages is English to all others"
    )
    # What is none is said as it stands: a list of jobs is not lost over it.
    for odd in ('{"said": "x"}', "no JSON", "3"):
        assert unpacked(odd).in_language("zh") == odd
