"""``/practice``: each task of the door with invented houses. Nothing here opens the store, so nothing is written.

Verifying, visiting, moving and collecting show the real pages over `web.practice.houses`; looking up and reporting, whose
pages ask the store for what may be chosen, have forms of their own. What they lead to lies here, too, and none of them
waits on a phone to be sent.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext

from gisgrid.collection.questions import stored_answer
from gisgrid.core.errors import GisgridError, Invalid, NotFound
from gisgrid.core.messages import say
from gisgrid.register import entries
from web.collection import words as collection_words
from web.http.dates import TIME_ZONE
from web.http.errors import problem_of, status_of
from web.http.language import language
from web.http.towns import link_for
from web.practice import houses as practice
from web.register import words

TASK_WORDS = {
    "lookup": (
        say("Look up an address"),
        (
            say("Write street and number, or what people call it."),
            say("Touch “Search”."),
            say("The page says which grid it is and who leads it."),
        ),
    ),
    "verify": (
        say("Verify a house"),
        (
            say("Open the house and read who is registered."),
            say("Ask at the door whether it is still so."),
            say("Touch “All as registered”."),
        ),
    ),
    "visit": (
        say("Write down a visit"),
        (
            say("Choose why you came and whom you met."),
            say("Write what was agreed, and when to come again."),
            say("Touch “Write it down”."),
        ),
    ),
    "move": (
        say("Move a household"),
        (
            say("Write the address they moved to and search."),
            say("Choose the house."),
            say("Touch “Write it down”: the people go along."),
        ),
    ),
    "report": (
        say("Report something"),
        (
            say("Choose what it is."),
            say("Say it in a few words."),
            say("Send it: the leader of the grid gets it."),
        ),
    ),
    "task": (
        say("Answer a collection task"),
        (
            say("Open the task and choose the house."),
            say("Answer the questions that must be answered."),
            say("Touch “Write it down”."),
        ),
    ),
}
"""Title of each task, and how it is done in three steps."""
SEEN = {
    "rubbish": say("Rubbish lies in the street"),
    "lamp": say("A street lamp is out"),
    "cover": say("A manhole cover is missing"),
}
"""What may be reported in practice."""
KINDS = {"visit": "visited", "move": "household_moved"}
_SEX = {"f": say("female"), "m": say("male")}

blueprint = Blueprint("practice", __name__, url_prefix="/practice")


@blueprint.get("")
def show() -> str:
    """The tasks to practise, each with its picture."""
    return render_template("practice.html", tasks=TASK_WORDS)


@blueprint.get("/<task>")
def ask(task: str) -> Response:
    """The page of a task, over invented houses."""
    return _page(_known(task), {})


@blueprint.post("/<task>")
def try_out(task: str) -> Response:
    """What would have been written down; or what is wrong with it, as the real page says it."""
    task, typed = _known(task), {**request.form.to_dict(), "needs": ""}
    try:
        told = _tried(task, typed)
    except GisgridError as error:
        answer = _page(task, typed, problem_of(error).detail)
        answer.status_code = status_of(error)
        return answer
    if told is None:
        return _page(task, typed)
    following = practice.TASKS[practice.TASKS.index(task) + 1 :]
    page = render_template(
        "practice-done.html", task=task, title=TASK_WORDS[task][0], told=told,
        following=following[0] if following else None, titles=TASK_WORDS,
    )  # fmt: skip
    return Response(page, headers={"Cache-Control": "private, no-store"})


def _tried(task: str, typed: dict[str, str]) -> list[tuple[str, str]] | None:
    """What would be written, by its words; None: the form asks for more first."""
    if task == "lookup":
        if not practice.found(_today(), typed.get("q", "")):
            raise Invalid("No house of practice has this address: write 样本街 1号.")
        return None
    if task == "verify":
        return [
            (str(gettext("House")), practice.houses(_today())[0].address),
            (str(gettext("Verified")), str(_today())),
        ]
    if task == "report":
        if typed.get("seen") not in SEEN:
            raise Invalid("Choose one of the answers.")
        thing = SEEN[typed["seen"]]
        said = [(str(gettext("What is it?")), str(gettext(thing)))]
        return [*said, (str(gettext("In a few words")), typed.get("words", "")[:500] or "—")]
    if task == "task":
        answers = [
            (each.label, stored_answer(each, typed.get(f"q{each.id}", "")))
            for each in practice.task(_today()).questions
        ]
        if missing := [
            each.label
            for each, (_, value) in zip(practice.task(_today()).questions, answers, strict=True)
            if each.required and value is None
        ]:
            raise Invalid("{question} must be answered.", question=missing[0])
        return [(label, value or "—") for label, value in answers]
    if task == "move" and not typed.get("house_id"):
        return None
    said_ = entries.told_of(KINDS[task], {k: v for k, v in typed.items() if k in words.SAID})
    if task == "move":
        to = [
            each.address for each in practice.houses(_today()) if each.house_id == said_["house_id"]
        ]
        if not to:
            raise Invalid("Choose the house that they moved to.")
        said_["house_id"] = to[0]
    line = entries.EntryLine(
        0, 1, practice.houses(_today())[0].address, None, KINDS[task], "", datetime.now(UTC), "done", False, None, None, None, None,
        None, None, True, said_, {},
    )  # fmt: skip
    return [(name, value) for name, _, value in words.entered_values(line)]


def _page(task: str, typed: dict[str, str], problem: str | None = None) -> Response:
    house, shown = practice.houses(_today())[0], typed.get("address", "")
    hits = practice.found(_today(), shown, besides=house.house_id) if task == "move" else []
    page = render_template(
        f"practice-{task}.html",
        practice=True, task=practice.task(_today()) if task == "task" else task, name=task, title=TASK_WORDS[task][0],
        url_for=_within(task), typed=typed, problem=problem, register=house, household=house.households[0],
        person=None, kind=KINDS.get(task), what=task, hits=hits, searches=task == "move", map=None, column=None,
        day=_today().isoformat(), seen="" if task != "report" else SEEN, client_id=uuid4().hex, entries=entries,
        words=collection_words if task == "task" else words, found=practice.found(_today(), typed.get("q", "")),
        changes=(), called=(), lines=(), photos={}, sources={}, keeps=True, purposes=(), purpose=None, may_open=False,
        english=language() == "en", sexes=_SEX, held={}, lacking={}, people={}, homes={}, most_photos=3, local=str,
        steps=TASK_WORDS[task][1],
    )  # fmt: skip
    return Response(page, headers={"Cache-Control": "private, no-store"})


def _within(task: str) -> Any:
    """Addresses for a real page that is shown here: what lies at its house lies in practice, too."""

    def there(endpoint: str, **values: Any) -> str:
        if endpoint in ("register.enter", "collecting.answer"):
            return str(link_for("practice.try_out", task=task))
        if endpoint == "register.ask":
            known = {"visit": "visit", "household-moved": "move"}.get(values.get("what", ""))
            return str(link_for("practice.ask", task=known) if known else link_for("practice.show"))
        if endpoint == "report.show" and "address" in values:
            return str(link_for("practice.ask", task="report"))
        if endpoint in ("register.house", "register.grid", "register.wrong", "collecting.task"):
            return str(link_for("practice.show"))
        return str(link_for(endpoint, **values))

    return there


def _today() -> date:
    """The day on a township's clock; which township's nobody asks, since nothing here opens the store."""
    return datetime.now(ZoneInfo(TIME_ZONE)).date()


def _known(task: str) -> str:
    if task not in TASK_WORDS:
        raise NotFound("There is no such page.")
    return task
