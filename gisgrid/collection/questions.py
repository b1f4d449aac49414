"""What may a task ask beside the register, and what is an answer to it?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from gisgrid.core.errors import Invalid
from gisgrid.core.messages import say
from gisgrid.db.tables.collection import QUESTION_KINDS

MOST_QUESTIONS = 10
"""A worker stands at a door with them: more are another visit, and another task."""
MOST_LABEL, MOST_WORDS, MOST_CHOICES, MOST_CHOICE = 200, 500, 20, 60
MOST_PHOTOS = 3
MOST_OF_FORM = 10
"""Photos that are sent together, so that each question may have one; others follow in a second form."""
KIND_WORDS: dict[str, str] = {
    "text": say("Words"),
    "integer": say("Whole number"),
    "number": say("Number with decimals"),
    "date": say("Day"),
    "choice": say("One of several answers"),
    "photo": say("Photo"),
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
_NUMBER = re.compile(r"[-+－＋−]?(?:\d{1,3}(?:[,，]\d{3}){1,4}|\d{1,15})(?:[.．]\d{1,6})?")
_PLAIN = str.maketrans({"－": "-", "−": "-", "＋": "+", "．": ".", ",": None, "，": None})


@dataclass(frozen=True)
class NewQuestion:
    """A question as it is written down."""

    label: str
    kind: str
    required: bool = True
    hint: str | None = None
    choices: tuple[str, ...] = ()
    least: Decimal | None = None
    most: Decimal | None = None
    name: str = ""
    """As an XLSForm calls it; empty: by its number."""


@dataclass(frozen=True)
class AskedQuestion(NewQuestion):
    """A question of a task."""

    id: int = 0
    number: int = 0


def check(question: NewQuestion) -> None:
    """Refuse what is no question; the message says why.

    Raises
    ------
    Invalid
        An unknown kind, no label or too long a one, answers to choose from that are none, limits of what is no number.
    """
    if question.kind not in QUESTION_KINDS:
        raise Invalid("There is no kind of question {kind!r}.", kind=question.kind)
    if not question.label or len(question.label) > MOST_LABEL:
        raise Invalid("Write the question in at most {most} characters.", most=MOST_LABEL)
    if any("${" in each for each in (question.label, question.hint or "", *question.choices)):
        raise Invalid(
            "Leave {sign} out: in an XLSForm it stands for the answer to another question.",
            sign="${",
        )
    if question.hint and len(question.hint) > MOST_LABEL:
        raise Invalid("A hint has at most {most} characters.", most=MOST_LABEL)
    if question.name and not _NAME.fullmatch(question.name):
        raise Invalid(
            "{name!r} is no name for a question: letters of a to z, digits and _, no digit first, at most 40.",
            name=question.name,
        )
    if (question.kind == "choice") != bool(question.choices):
        raise Invalid(
            "A question with answers to choose from has them, one in each line, and no other has."
        )
    if question.kind == "choice":
        _check_choices(question.choices)
    limits = [each for each in (question.least, question.most) if each is not None]
    if limits and question.kind not in ("integer", "number"):
        raise Invalid("Only numbers have a smallest and a largest value.")
    if len(limits) == 2 and limits[0] > limits[1]:
        raise Invalid("The smallest value is larger than the largest.")


def _check_choices(choices: Sequence[str]) -> None:
    if not 2 <= len(choices) <= MOST_CHOICES:
        raise Invalid("There are 2 to {most} answers to choose from.", most=MOST_CHOICES)
    if len(set(choices)) < len(choices):
        raise Invalid("An answer to choose from stands there twice.")
    if any(not each or len(each) > MOST_CHOICE for each in choices):
        raise Invalid("An answer to choose from has 1 to {most} characters.", most=MOST_CHOICE)


def stored_answer(question: NewQuestion, written: str) -> str | None:
    """An answer in the one spelling it is kept in; None: nothing was written.

    Photos are none of it: theirs come by themselves.

    >>> stored_answer(NewQuestion("几口人", "integer", most=Decimal(20)), " ０12 ")
    '12'

    Raises
    ------
    Invalid
        It is no number, day or answer to choose from, beyond the limits, or too long.
    """
    plain = written.strip()
    if not plain:
        return None
    if question.kind == "text":
        if len(plain) > MOST_WORDS:
            raise Invalid(
                "{question}: at most {most} characters.", question=question.label, most=MOST_WORDS
            )
        return plain
    if question.kind == "choice":
        if plain not in question.choices:
            raise Invalid("{question}: choose one of the answers.", question=question.label)
        return plain
    if question.kind == "date":
        try:
            return date.fromisoformat(plain).isoformat()
        except ValueError:
            raise Invalid(
                "{question}: {told!r} is no day; write it as 2026-12-31.",
                question=question.label, told=plain[:40],
            ) from None  # fmt: skip
    return _number(question, plain)


def read_number(written: str) -> Decimal | None:
    """A number somebody wrote in plain digits; None: nothing was written, or it is none.

    At most 15 digits before the point and 6 behind it, commas only between thousands: a number with an exponent may
    have more digits than a process can write down.

    >>> read_number("-12.5"), read_number("１,500"), read_number("1,5"), read_number("9e9")
    (Decimal('-12.5'), Decimal('1500'), None, None)
    """
    plain = written.strip()
    return Decimal(plain.translate(_PLAIN)) if _NUMBER.fullmatch(plain) else None


def read_limit(written: str) -> Decimal | None:
    """The smallest or largest value of a question; None: nothing was written. Invalid for what is no number."""
    limit = read_number(written)
    if limit is None and written.strip():
        raise Invalid("{told!r} is no number.", told=written.strip()[:40])
    return limit


def spelled(number: Decimal) -> str:
    """A number without needless zeros.

    >>> spelled(Decimal("1500")), spelled(Decimal("1.50"))
    ('1500', '1.5')
    """
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(question: NewQuestion, plain: str) -> str:
    number = read_number(plain)
    if number is None:
        raise Invalid(
            "{question}: {told!r} is no number.", question=question.label, told=plain[:40]
        )
    if question.kind == "integer" and number != int(number):
        raise Invalid(
            "{question}: {told!r} is no whole number.", question=question.label, told=plain[:40]
        )
    if question.least is not None and number < question.least:
        raise Invalid(
            "{question}: at least {least}.", question=question.label, least=spelled(question.least)
        )
    if question.most is not None and number > question.most:
        raise Invalid(
            "{question}: at most {largest}.",
            question=question.label,
            largest=spelled(question.most),
        )
    return spelled(Decimal(int(number)) if question.kind == "integer" else number)
