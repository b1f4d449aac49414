"""One way to say things in several languages: an English sentence with named places, and a catalogue.

Code holds the English sentence and the values behind it; ``gisgrid/translations`` holds the other languages, a
file each, for pages, errors and the terminal. A catalogue is read as it is, when it is first needed, so that no
compiled file can be out of date.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from numbers import Integral, Real
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from babel.support import NullTranslations

CATALOGUES = Path(__file__).parents[1] / "translations"
ENGLISH = "en"
"""The language of the code, which has no catalogue."""


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


@cache
def languages() -> tuple[str, ...]:
    """The languages there are: those that have a catalogue, in the order of their codes, then English."""
    found = (file.parents[1].name for file in CATALOGUES.glob("*/LC_MESSAGES/messages.po"))
    return (*sorted(found), ENGLISH)


def say(message: str) -> str:
    """Mark a message that is translated when it is shown."""
    return message


@dataclass(frozen=True)
class Both:
    """A word that is stored in English and Chinese, such as the name of a township or of a step, as a fact.

    What code says is a `Message`.
    """

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """The Chinese in Chinese, else the English."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Message:
    """A sentence and the values in it, as a value within another sentence."""

    template: str
    facts: Mapping[str, object]

    @property
    def en(self) -> str:
        """The sentence in the language of the code."""
        return self.in_language(ENGLISH)

    def in_language(self, language: str) -> str:
        """The sentence in a language, its values filled in."""
        return sentence(self.template, self.facts, language)


def message(template: str, **facts: object) -> Message:
    """A sentence for `sentence`; see there."""
    return Message(template, facts)


def in_every(said: Message | Both) -> dict[str, str]:
    """A sentence by language, for what a page's script picks from."""
    return {language: said.in_language(language) for language in languages()}


def together(said: Sequence[Message]) -> Message:
    """Several sentences after each other; there has to be one."""
    return reduce(lambda a, b: message("{first} {second}", first=a, second=b), said)


def any_of(said: Sequence[Message]) -> Message:
    """One of several; there has to be one."""
    return reduce(lambda a, b: message("{first} or {second}", first=a, second=b), said)


def all_of(said: Sequence[Message]) -> Message:
    """Each of several; there has to be one."""
    return reduce(lambda a, b: message("{first} and {second}", first=a, second=b), said)


def kept(said: Message | Both) -> dict[str, Any]:
    """A sentence as JSON keeps it within other facts, to be said by `said_of`."""
    found: dict[str, Any] = json.loads(packed_facts({"said": said}))["said"]
    return found


def said_of(stored: Mapping[str, Any]) -> Message | Both:
    """The sentence that `kept` made; raises KeyError for what is none."""
    said = unpacked_facts(json.dumps({"said": stored}))["said"]
    if not isinstance(said, Message | Both):
        raise KeyError("template")
    return said


def packed(said: Message | Both) -> str:
    """A sentence as it is kept in the store, to be said in the language of whoever reads it."""
    return packed_facts({"said": said})


def unpacked(kept: str) -> Message | Both:
    """The sentence that `packed` kept; what is none is said as it stands, so that no list is lost over it."""
    try:
        found = unpacked_facts(kept).get("said")
    except (ValueError, AttributeError):
        found = None
    return found if isinstance(found, Message | Both) else Both(kept, kept)


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
    if language != ENGLISH:
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

    def as_json(value: object) -> object:
        if isinstance(value, Message | Both):
            return vars(value)
        if isinstance(value, Real):
            return plain(value, ENGLISH)  # NumPy's
        return str(value)

    return json.dumps(facts, default=as_json, ensure_ascii=False)


def unpacked_facts(text: str) -> dict[str, Any]:
    """The facts that `packed_facts` made a text of; raises ValueError for what is none."""

    def as_facts(found: dict[str, Any]) -> Any:
        for kind in (Both, Message):
            if found.keys() == kind.__dataclass_fields__.keys():
                return kind(**found)
        return found

    facts: dict[str, Any] = json.loads(text, object_hook=as_facts)
    return facts


# What stands between the entries of a list, and what is said of an empty one.
_BETWEEN, _NONE = say(", "), say("none")


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
            return value.in_language(self.language)
        if isinstance(value, list | tuple):
            said = [self.format_field(each, format_spec) for each in value]
            return sentence(_BETWEEN, {}, self.language).join(said) or sentence(
                _NONE, {}, self.language
            )
        return str(super().format_field(value, format_spec))
