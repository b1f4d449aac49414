"""Words for what is entered at the door."""

from __future__ import annotations

from flask_babel import gettext

from gisgrid.core.messages import say
from gisgrid.register.entries import EntryLine
from gisgrid.register.house_changes import HouseChanged, TakenBack
from gisgrid.register.lineage import ValueSource
from gisgrid.register.values import NEED_WORDS

KIND_WORDS = {
    "verified": say("All as registered"),
    "visited": say("Visited"),
    "alias": say("Called by another name"),
    "household_in": say("Household moved in"),
    "household_out": say("Household moved out"),
    "household_moved": say("Household moved to another house"),
    "resident_in": say("Person added"),
    "resident_out": say("Person left"),
    "corrected": say("Value corrected"),
    "house_new": say("A house that is missing"),
    "house_gone": say("House is gone"),
    "house_split": say("House became two"),
    "house_joined": say("House became part of another"),
}
STATE_WORDS = {
    "done": say("entered"),
    "waiting": say("waits for the clerk"),
    "accepted": say("accepted"),
    "returned": say("sent back"),
    "taken_back": say("taken back"),
}
STATE_TONES = {
    "done": "good",
    "waiting": "warn",
    "accepted": "good",
    "returned": "bad",
    "taken_back": "bad",
}
COLUMN_WORDS = {
    "alias": say("Also called"),
    "name": say("Name"),
    "citizen_id": say("Identity number"),
    "phone": say("Telephone"),
    "sex": say("Sex"),
    "birth_date": say("Day of birth"),
    "needs": say("Special needs"),
    "room": say("Room"),
    "house_id": say("New house"),
    "why": say("Why"),
    "met": say("Met"),
    "agreed": say("Agreed"),
    "next_on": say("Next visit"),
    "out": say("Because"),
    "address": say("Address"),
    "place": say("Place"),
    "beside": say("Placed beside"),
    "gone": say("What became of it"),
    "on_day": say("Gone since"),
    "households": say("Households that go along"),
}
SAID = frozenset((*COLUMN_WORDS, "lon", "lat", "datum", "apart", "homes"))
"""Fields of the forms that an entry is made of."""
SOURCED_WORDS = {
    **COLUMN_WORDS,
    "geom": say("Place"),
    "house_id": say("House"),
    "verified_on": say("Verified"),
}
"""What the sources of a house are told of, by column."""
GRID_WORDS = {
    "name": say("Name of the grid"),
    "kind": say("Kind"),
    "host": say("Host body"),
    "geom": say("Border"),
    "leader": say("Leader"),
}
"""What the sources of a grid are told of."""
GRID_KIND_WORDS = {"basic": say("basic grid"), "exclusive": say("exclusive grid")}
CHOICE_WORDS = {
    "routine": say("Regular round"),
    "care": say("Care"),
    "event": say("About an event"),
    "notice": say("Bringing a notice"),
    "household": say("The household"),
    "neighbour": say("A neighbour"),
    "nobody": say("Nobody was there"),
    "moved": say("Moved away"),
    "died": say("Died"),
    "other": say("Other"),
    "demolished": say("It was pulled down"),
    "mistake": say("It never stood here"),
    "f": say("female"),
    "m": say("male"),
}
DUE_WORDS = {
    "register": say("no register yet"),
    "visit": say("to visit"),
    "verify": say("to verify"),
    "": say("nothing due"),
}


def value_word(column: str, value: object) -> str:
    """A value of a line as a person reads it; a dash where there is none."""
    if value in (None, "", []):
        return "—"
    if column in ("why", "met", "out", "sex", "gone") and value in CHOICE_WORDS:
        return str(gettext(CHOICE_WORDS[str(value)]))
    if column == "needs" and isinstance(value, list):
        return "、".join(str(gettext(NEED_WORDS.get(each, each))) for each in value)
    return str(value)


def entered_values(line: EntryLine) -> list[tuple[str, str | None, str]]:
    """What a line says: the column's word, what stood there (None: nothing is set against it), what is said now."""
    out = []
    for column, word in COLUMN_WORDS.items():
        if column not in line.said or (line.kind != "corrected" and not line.said[column]):
            continue
        was = _before(column, line)
        joined = column == "house_id" and line.kind == "house_joined"
        named = gettext("Becomes part of") if joined else gettext(word)
        out.append((str(named), was, value_word(column, line.said[column])))
    if line.kind in ("resident_out", "household_out"):
        before = [
            (str(gettext(COLUMN_WORDS[column])), value_word(column, line.was[column]), "—")
            for column in ("name", "room")
            if line.was.get(column)
        ]
        return before + out
    if line.kind in ("house_gone", "house_joined") and line.was.get("households"):
        n, people = line.was["households"], line.was.get("people", 0)
        stays = line.said.get("house_id")
        after = gettext("move to %(address)s", address=stays) if stays else gettext("left the town")
        lived = gettext("%(n)s, %(people)s people", n=n, people=people)
        return [(str(gettext("Households")), lived, str(after)), *out]
    return out


def _before(column: str, line: EntryLine) -> str | None:
    """What stood in the place of a value; None: nothing is set against it."""
    if line.kind == "corrected":
        return value_word(column, line.was.get(column))
    if line.kind == "house_new" and column == "address":
        return str(gettext("not in the register"))
    if line.kind == "house_split" and column == "address":
        return value_word(column, line.was.get(column))
    if line.kind == "alias" and line.was.get("house_id"):
        return str(gettext("means %(address)s", address=line.was["house_id"]))
    return None


def taken_back_told(back: TakenBack) -> str:
    """What came back with a house, and what did not."""
    said = [gettext("%(address)s is in the register again.", address=back.address)]
    if back.homes:
        said.append(gettext("Households that came back with it: %(n)s.", n=back.homes))
    left = [
        word
        for n, word in (
            (back.homes_left, gettext("households: %(n)s", n=back.homes_left)),
            (back.people_left, gettext("people: %(n)s", n=back.people_left)),
            (back.visits_left, gettext("visits: %(n)s", n=back.visits_left)),
            (back.words_left, gettext("names of the house: %(n)s", n=back.words_left)),
            (back.answers_left, gettext("answers to tasks: %(n)s", n=back.answers_left)),
        )
        if n
    ]
    if left:
        said.append(
            gettext(
                "Not come back: %(what)s. They moved on, were entered anew, or are no longer kept. What is there now "
                "was left as it is.",
                what="; ".join(map(str, left)),
            )
        )
    return " ".join(map(str, said))


def change_told(changed: HouseChanged, house_id: int) -> str:
    """What became of a house, or where it is from, seen from one house."""
    day = changed.on_day
    if changed.change in ("new", "back"):
        new = gettext("In the register since %(day)s: it was missing.", day=day)
        back = gettext("Stands here after all: taken back on %(day)s.", day=day)
        return str(new if changed.change == "new" else back)
    if changed.change == "gone":
        return value_word("gone", changed.reason)
    if changed.change == "split" and changed.house_id == house_id:
        return str(gettext("Became two on %(day)s; the other part is", day=day))
    if changed.change == "split":
        return str(gettext("Split off on %(day)s from", day=day))
    if changed.house_id == house_id:
        return str(gettext("Became part of another house on %(day)s:", day=day))
    return str(gettext("Took in on %(day)s", day=day))


def source_told(source: ValueSource) -> str:
    """From where a value is."""
    if source.source == "load":
        return str(
            gettext(
                "file %(file)s, load %(n)s, by %(who)s",
                file=source.file_name,
                n=source.run_id,
                who=source.who,
            )
        )
    if source.source == "door":
        return str(gettext("entered at the door by %(who)s", who=source.who))
    if source.source == "correction":
        return str(gettext("corrected on request, decided by %(who)s", who=source.who))
    if source.source == "drawn":
        return str(
            gettext(
                "drawn in the plan editor by %(who)s, in plan %(plan)s",
                who=source.who,
                plan=source.plan,
            )
        )
    if source.source == "office":
        return str(gettext("named by the office, by %(who)s", who=source.who))
    return str(gettext("not recorded"))
