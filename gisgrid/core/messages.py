"""One way to say things in several languages: an English sentence with named places, and a catalogue.

Code holds the English sentence and the values behind it; ``gisgrid/translations`` holds the other languages, a
file each, for pages, errors and the terminal. A catalogue is read as it is, when it is first needed, so that no
compiled file can be out of date.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from numbers import Integral, Real
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from babel.support import NullTranslations

CATALOGUES = Path(__file__).parents[1] / "translations"
LISTED = {"en": (", ", "none"), "zh": ("、", "无")}
"""By language: what stands between the entries of a list, and what is said of an empty one."""


def catalogue_file(language: str) -> Path:
    """Where the messages of a language other than English are."""
    return CATALOGUES / language / "LC_MESSAGES" / "messages.po"


@cache
def catalogue(language: str) -> NullTranslations:
    """The messages of a language; English, which the code is written in, has none of its own."""
    # Most processes never need it, and reading it takes as long as a command.
    from babel.messages.mofile import write_mo  # noqa: PLC0415
    from babel.messages.pofile import read_po  # noqa: PLC0415
    from babel.support import NullTranslations, Translations  # noqa: PLC0415

    if language == "en":
        return NullTranslations()
    compiled = io.BytesIO()
    with catalogue_file(language).open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def say(message: str) -> str:
    """Mark a message that is translated when it is shown."""
    return message


@dataclass(frozen=True)
class Both:
    """A word that is kept in both languages, as a value within a sentence."""

    en: str
    zh: str


@dataclass(frozen=True)
class Message:
    """A sentence and the values in it, as a value within another sentence."""

    template: str
    facts: Mapping[str, object]

    @property
    def en(self) -> str:
        return sentence(self.template, self.facts, "en")

    @property
    def zh(self) -> str:
        return sentence(self.template, self.facts, "zh")


def message(template: str, **facts: object) -> Message:
    """A sentence for `sentence`; see there."""
    return Message(template, facts)


def sentence(template: str, facts: Mapping[str, object], language: str) -> str:
    """A sentence in a language, its values filled in.

    Parameters
    ----------
    template
        The English sentence with places as `str.format` has them: ``There is no plan {plan!r}.``
    facts
        Values by name. A list is written with the language's own mark between its entries, an empty one as
        “none”; a `Message` or `Both` in the same language.
    language
        ``zh`` or ``en``; what its catalogue lacks is said in English.

    >>> sentence("No column {columns}; there are {known}.", {"columns": ["a", "b"], "known": []}, "en")
    'No column a, b; there are none.'
    """
    if language != "en":
        template = catalogue(language).gettext(template)
    return _Filling(language).vformat(template, (), facts)


def plain(value: Any, language: str) -> Any:
    """A fact as JSON has it, for programs.

    What is written in a language is text in it; a day, a path, or a number that JSON does not know is text, too.
    """
    if isinstance(value, Message | Both):
        return _Filling(language).format_field(value, "")
    if isinstance(value, list | tuple):
        return [plain(each, language) for each in value]
    if isinstance(value, dict):
        return {str(name): plain(each, language) for name, each in value.items()}
    if isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value):
        return int(value) if isinstance(value, Integral) else float(value)  # NumPy's too
    return value if isinstance(value, bool | str | None) else str(value)


def packed_facts(facts: Mapping[str, object]) -> str:
    """Facts as a text for another process, which `unpacked_facts` reads; what JSON does not know becomes text."""

    def packed(value: object) -> object:
        return vars(value) if isinstance(value, Message | Both) else str(value)

    return json.dumps(facts, default=packed)


def unpacked_facts(text: str) -> dict[str, Any]:
    """The facts that `packed_facts` made a text of; raises ValueError for what is none."""

    def unpacked(found: dict[str, Any]) -> Any:
        for kind in (Both, Message):
            if found.keys() == kind.__dataclass_fields__.keys():
                return kind(**found)
        return found

    facts: dict[str, Any] = json.loads(text, object_hook=unpacked)
    return facts


class _Filling(Formatter):
    def __init__(self, language: str) -> None:
        self.language = language

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        # What is written in the language is not to be turned into a program's words before.
        if conversion in ("s", None) or isinstance(value, Message | Both):
            return value
        return super().convert_field(value, conversion)

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Message):
            return sentence(value.template, value.facts, self.language)
        if isinstance(value, Both):
            return value.zh if self.language == "zh" else value.en
        if isinstance(value, list | tuple):
            between, none = LISTED.get(self.language, LISTED["en"])
            return between.join(self.format_field(each, format_spec) for each in value) or none
        return str(super().format_field(value, format_spec))
