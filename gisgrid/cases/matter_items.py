"""What may an item of the list of matters say? Its fields as they are edited, and what is refused of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta

from gisgrid.cases.flow import own_flow
from gisgrid.cases.worktime import Limit
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.db.tables.cases import LEVELS

MOST_LIMIT = {"minutes": 60 * 8 * 120, "hours": 8 * 120, "days": 120}
"""Of a limit, in working or in clock time: nobody waits for a third of a year."""
LONGEST = {"code": 40, "name": 120, "name_en": 200, "office": 120, "note": 2000}
"""Characters of a field; of the others 1,000."""
_LONGEST_TEMPORARY_DAYS = 366


@dataclass(frozen=True)
class DraftItem:
    """An item of a list as it is edited; a group has a code and names only."""

    code: str
    parent: str | None = None
    """Code of its group; None: it is a group at the top."""
    name: str = ""
    name_en: str | None = None
    office: str | None = None
    decider: str | None = None
    acts: str | None = None
    informs: tuple[str, ...] = ()
    time_limit: str | None = None
    """Such as ``4 working_hours``."""
    limits: Mapping[str, str] = field(default_factory=dict)
    """Clock of a flow to its limit."""
    filing_rule: str | None = None
    closing_rule: str | None = None
    asks_photo: bool = False
    duplicate_m: float | None = None
    duplicate_h: float | None = None
    skills: tuple[str, ...] = ()
    note: str | None = None
    consent: str | None = None
    since: date | None = None
    until: date | None = None

    @property
    def limit(self) -> tuple[float | None, str | None]:
        """Amount and unit of its time limit."""
        if self.time_limit is None:
            return None, None
        parsed = Limit.parse(self.time_limit)
        return parsed.amount, parsed.unit

    @property
    def limits_json(self) -> str:
        """The limits of its steps as the store keeps them."""
        return json.dumps(dict(self.limits))


def in_order(levels: Iterable[str]) -> tuple[str, ...]:
    """Levels from the lowest up, each once; what is no level stands last."""
    named = dict.fromkeys(levels)
    return (*(level for level in LEVELS if level in named), *(n for n in named if n not in LEVELS))


def flat(value: object) -> str | None:
    """A field as a line of text; None for what says nothing."""
    if isinstance(value, Mapping):
        return "; ".join(f"{k} {v}" for k, v in sorted(value.items())) or None
    if isinstance(value, tuple):
        return "; ".join(value) or None
    if isinstance(value, bool):
        return "yes" if value else None
    if isinstance(value, float):
        return f"{value:g}"
    return None if value is None else str(value)


def limit_of(amount: str, unit: str) -> str | None:
    """A limit that was typed as a number and a unit; None: no number.

    Raises
    ------
    Invalid
        No number of 0 or more.
    """
    if not amount.strip():
        return None
    try:
        number = float(amount)
    except ValueError:
        raise Invalid("{amount!r} is no number of a limit.", amount=amount[:20]) from None
    if number != number or number < 0 or number == float("inf"):  # noqa: PLR0124 - what is no number
        raise Invalid("{amount!r} is no number of a limit.", amount=amount[:20])
    return f"{number:g} {unit}"


def with_word(item: DraftItem, name: str, word: str) -> DraftItem:
    """The item with one field as it is written: ``limits.CLOCK`` is the limit of a step, ``;`` separates several.

    Raises
    ------
    Invalid
        An item has no such field, or the word is no number, day, yes or no.
    """
    word = word.strip()
    name, _, clock = name.partition(".")
    if name == "limits" and clock:
        others = {k: v for k, v in item.limits.items() if k != clock}
        return replace(item, limits={**others, clock: word} if word else others)
    kinds = {f.name: f.type for f in fields(DraftItem)}
    value: object = word or None
    if name not in kinds or name == "limits":
        raise Invalid(
            "An item has no field {name!r}; it has {known}.",
            name=name,
            known=[*sorted(kinds.keys() - {"limits"}), "limits.CLOCK"],
        )
    try:
        if name in ("informs", "skills"):
            value = tuple(part.strip() for part in word.split(";") if part.strip())
        elif name == "asks_photo":
            value = {"yes": True, "no": False, "": False}[word]
        elif word and name in ("duplicate_m", "duplicate_h"):
            value = float(word)
        elif word and name in ("since", "until"):
            value = date.fromisoformat(word)
    except (KeyError, ValueError):
        raise Invalid("{name} cannot be {word!r}.", name=name, word=word[:40]) from None
    return replace(item, **{name: "" if value is None and name in ("code", "name") else value})  # type: ignore[arg-type]


def checked(
    item: DraftItem, known: Mapping[str, DraftItem], *, was: str | None, last: date
) -> DraftItem:
    """The item with its words tidied, if it may stand on a list of the items ``known`` by code.

    Parameters
    ----------
    was
        The code under which it stands there now; None: it is new.
    last
        A temporary item that is new or changes ends on this day or later.

    Raises
    ------
    Invalid
        No code or name, a level that is none, a limit of 0 or too long, consent without days or without an end,
        an end before its begin; see the texts.
    NotFound
        There is no such group.
    """
    item = _tidy(item)
    if not item.code or any(c.isspace() for c in item.code):
        raise Invalid("An item needs a code without spaces.")
    if not item.name:
        raise Invalid("The item {code} needs a name.", code=item.code)
    for f in fields(DraftItem):
        value = getattr(item, f.name)
        if isinstance(value, str) and len(value) > (most := LONGEST.get(f.name, 1000)):
            raise Invalid(
                "“{shown}…” of {code} is longer than {most} characters.",
                shown=value[:12],
                code=item.code[:40],
                most=most,
            )
    _check_parent(item, known, was)
    for level in (item.decider, item.acts, *item.informs):
        if level is not None and level not in LEVELS:
            raise Invalid("{level!r} is none of the five levels.", level=level)
    if item.decider in item.informs:
        raise Invalid("{code}: the level that decides is not informed besides.", code=item.code)
    if item.time_limit is not None:
        check_limit(item.code, item.time_limit, working=True)
    strange = sorted(set(item.limits) - set(own_flow("normal").clocks))
    if strange:
        raise Invalid("A flow has no clock {strange}.", strange=strange)
    for limit in item.limits.values():
        check_limit(item.code, limit, working=False)
    if (item.duplicate_m is None) != (item.duplicate_h is None) or min(
        item.duplicate_m or 1, item.duplicate_h or 1
    ) < 0:
        raise Invalid(
            "{code}: say within how many metres and how many hours, both, more than 0.",
            code=item.code,
        )
    _check_days(item, known.get(was or ""), last)
    return item


def _tidy(item: DraftItem) -> DraftItem:
    words = {
        f.name: (value.strip() or None)
        for f in fields(DraftItem)
        if isinstance(value := getattr(item, f.name), str)
    }
    tidy = {"code": "", "name": "", **words}
    return replace(
        item,
        **{k: v if v is not None or k not in ("code", "name") else "" for k, v in tidy.items()},  # type: ignore[arg-type]
        informs=in_order(item.informs),
        duplicate_m=item.duplicate_m or None,
        duplicate_h=item.duplicate_h or None,
    )


def _check_parent(item: DraftItem, known: Mapping[str, DraftItem], was: str | None) -> None:
    below = [each for each in known.values() if was is not None and each.parent == was]
    if item.parent is None:
        if was is not None and known.get(was, item).parent is not None and not below:
            raise Invalid("{code} is a minor item: choose the group it belongs to.", code=item.code)
        return
    group = known.get(item.parent)
    if group is None:
        raise NotFound("There is no group {group!r} on the draft.", group=item.parent)
    if item.parent in (item.code, was):
        raise Invalid("{code} cannot be its own group.", code=item.code)
    deep = group.parent is not None
    if deep and known[group.parent or ""].parent is not None:
        raise Invalid("A list has at most three levels: {group} is a minor item.", group=group.code)
    if below and deep:
        raise Invalid("{code} has items of its own and cannot lie so deep.", code=item.code)


def check_limit(code: str, limit: str, *, working: bool) -> None:
    """Invalid for a limit of 0, one that is too long, or where it has to be ``working`` time and is not."""
    if re.match(r"\s*0+(\.0*)?\s", limit):
        raise Invalid(
            "{code}: a limit of 0 leaves no time; leave it empty where there is none.", code=code
        )
    parsed = Limit.parse(limit)
    time, _, kind = parsed.unit.partition("_")
    if working and time != "working":
        raise Invalid("A matter's limit counts working time.")
    if parsed.amount > (most := MOST_LIMIT[kind]):
        raise Invalid(
            "{code}: a limit of {amount} is longer than the {most} that are allowed in this unit.",
            code=code,
            amount=f"{parsed.amount:g}",
            most=most,
        )


def _check_days(item: DraftItem, before: DraftItem | None, last: date) -> None:
    said = [item.consent, item.since, item.until]
    if said.count(None) == len(said):
        return
    if None in said:
        raise Invalid(
            "{code}: a temporary item needs who agreed and in which paper, its first and its last day; others have "
            "none of the three.",
            code=item.code,
        )
    if item.since is None or item.until is None:  # narrows the type
        return
    if item.until < item.since:
        raise Invalid(
            "From {since} to {until} there is no day.", since=item.since, until=item.until
        )
    if item.until - item.since > timedelta(days=_LONGEST_TEMPORARY_DAYS):
        raise Invalid(
            "{code}: a temporary item lasts a year at most; what stays longer belongs on the list.",
            code=item.code,
        )
    if item.until < last and (before is None or before.until != item.until):
        raise Invalid("{code}: its last day, {until}, is over.", code=item.code, until=item.until)
