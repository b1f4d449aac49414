"""``/matters/versions/draft/item``: an item of the draft edited, added, withdrawn; its duties as a matrix."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.cases import matter_drafts as drafts
from gisgrid.cases.flow import own_flow
from gisgrid.cases.matter_drafts import ItemMoved, MatterUse, StillUsed
from gisgrid.cases.matter_items import DraftItem, limit_of
from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.db.tables.cases import LEVELS
from web.http.dates import day_of
from web.http.keeping import keeping, page, refusing
from web.http.language import language, worded
from web.matters.messages import unit_words
from web.matters.versions import WORKING_UNITS, item_words, kept, log_words

blueprint = Blueprint("matter_items", __name__, url_prefix="/matters/versions/draft")

CLOCK_UNITS = (*WORKING_UNITS, "clock_minutes", "clock_hours", "clock_days")
"""Of the limits of steps, which may run day and night."""


@blueprint.get("/item")
def show() -> Response:
    """An item of the draft, ``?code=``; without one an empty form, in the group ``?parent=``."""
    with keeping(read_only=True) as session:
        return _shown(session, request.args.get("code", ""))


@blueprint.post("/item")
@refusing(lambda session, error: _shown(session, request.form.get("was", ""), error), reads=True)
def keep() -> BaseResponse:
    """Keep the item of the form; refused, the form comes again with all that was typed."""
    was = request.form.get("was", "") or None
    with keeping() as session:
        place = kept(session)
        item = _sent()
        changed = drafts.keep_item(
            session, place.id, item, was=was, seen=request.form.get("seen") or None
        )
    flash(
        gettext("%(code)s is kept in the draft.", code=item.code)
        if changed
        else gettext("Nothing was changed."),
        "info",
    )
    address = url_for("matter_lists.draft", township=place.code)
    return redirect(f"{address}#item-{item.code}", 303)


@blueprint.post("/withdraw")
@refusing(lambda session, error: _shown(session, request.form.get("code", ""), error), reads=True)
def withdraw() -> BaseResponse:
    """Take an item off the draft."""
    code = request.form.get("code", "")
    with keeping() as session:
        place = kept(session)
        drafts.withdraw(
            session, place.id, code, seen=request.form.get("seen") or None,
            although_used=request.form.get("although") == "1",
        )  # fmt: skip
    flash(gettext("%(code)s is off the draft.", code=code), "info")
    return redirect(url_for("matter_lists.draft", township=place.code), 303)


@blueprint.get("/duties")
def duties() -> Response:
    """The duty matrix of the draft, to be changed."""
    with keeping(read_only=True) as session:
        return _matrix(session)


@blueprint.post("/duties")
@refusing(lambda session, error: _matrix(session, error), reads=True)
def keep_duties() -> BaseResponse:
    """Keep the matrix; all of it or nothing."""
    with keeping() as session:
        place = kept(session)
        wanted, seen = _duties_sent()
        changed = drafts.keep_duties(session, place.id, wanted, seen)
    flash(gettext("The duties of %(n)s items have changed.", n=len(changed)), "info")
    return redirect(url_for("matter_items.duties", township=place.code), 303)


def _sent() -> DraftItem:
    """The item of the form; Invalid: a number or a day is none."""
    form = request.form
    words = {
        name: form.get(name, "").strip() or None
        for name in (
            "parent", "name_en", "office", "decider", "acts", "filing_rule", "closing_rule", "note", "consent",
        )
    }  # fmt: skip
    limits = {
        clock: limit
        for clock in own_flow("normal").clocks
        if (limit := limit_of(form.get(f"limit.{clock}", ""), form.get(f"unit.{clock}", "")))
    }
    skills = (word.strip() for word in form.get("skills", "").replace("；", ";").split(";"))
    return DraftItem(
        code=form.get("code", "").strip(),
        name=form.get("name", "").strip(),
        **words,
        informs=tuple(level for level in LEVELS if f"informs.{level}" in form),
        time_limit=limit_of(form.get("limit", ""), form.get("unit", "")),
        limits=limits,
        asks_photo=form.get("asks_photo") == "1",
        duplicate_m=_number("duplicate_m"),
        duplicate_h=_number("duplicate_h"),
        skills=tuple(word for word in skills if word),
        since=day_of(form.get("since"), "since"),
        until=day_of(form.get("until"), "until"),
    )


def _number(name: str) -> float | None:
    written = request.form.get(name, "").strip()
    if not written:
        return None
    try:
        return float(written)
    except ValueError:
        raise Invalid("{shown!r} is no number.", shown=written[:20]) from None


def _shown(session: Session, code: str, error: GisgridError | None = None) -> Response:
    place = kept(session)
    there = drafts.the_draft(session, place.id, hold=False)
    items = drafts.items_of(session, there.id)
    stored = drafts.item_of(session, there.id, code) if code else None
    typed = _form_of(stored) if stored else {"parent": request.args.get("parent", "")}
    moved = isinstance(error, ItemMoved) and request.endpoint == "matter_items.keep"
    if request.form and request.endpoint == "matter_items.keep":
        typed = request.form.to_dict()
    using = drafts.uses(session, place.id).get(code, MatterUse()) if code else MatterUse()
    group = request.args.get("group") == "1" or typed.get("group") == "1" or (stored is not None and stored.parent is None)  # fmt: skip
    english = language() == "en"
    return page(
        "matter-item.html", error=error, town=place, draft=there, stored=stored, item=typed, group=group, use=using,
        seen=drafts.mark_of(stored) if stored else "", asks=isinstance(error, StillUsed), moved=_differs(stored) if moved else [],
        groups=[(i.code, f"{i.code} {(english and i.name_en) or i.name}") for i in items if _may_hold(i, items) and i.code != code],
        offices=sorted({i.office for i in items if i.office}),
        clocks=[(name, worded(clock)) for name, clock in own_flow("normal").clocks.items()],
        clock_units=[(unit, unit_words(unit)) for unit in CLOCK_UNITS], **item_words(),
    )  # fmt: skip


def _may_hold(item: DraftItem, items: list[DraftItem]) -> bool:
    """Whether an item is a group: at the top, or with items of its own."""
    return item.parent is None or any(each.parent == item.code for each in items)


def _differs(stored: DraftItem | None) -> list[tuple[str, str]]:
    """What is kept now of the fields in which the form says otherwise, in words."""
    if stored is None:
        return []
    kept_now, form = _form_of(stored), request.form
    names = {f.name for f in fields(DraftItem)} | {"limit"}
    found = []
    for name, value in kept_now.items():
        if form.get(name, "") != value and (name in names or "." in name):
            head = name.partition(".")[0]
            found.append((log_words("time_limit" if head == "limit" else head), value or "—"))
    return found


def _form_of(item: DraftItem) -> dict[str, str]:
    """An item as its form has it."""
    amount, unit = item.limit
    form: dict[str, Any] = {
        f.name: getattr(item, f.name)
        for f in fields(DraftItem)
        if f.name not in ("informs", "limits", "skills", "asks_photo", "time_limit")
    }
    form |= {
        "limit": "" if amount is None else f"{amount:g}",
        "unit": unit,
        "skills": "; ".join(item.skills),
        "asks_photo": "1" if item.asks_photo else "",
    }
    form |= {f"informs.{level}": "1" for level in item.informs}
    for clock, limit in item.limits.items():
        form[f"limit.{clock}"], _, form[f"unit.{clock}"] = limit.partition(" ")
    return {
        name: f"{value:g}" if isinstance(value, float) else "" if value is None else str(value)
        for name, value in form.items()
    }


def _duties_sent() -> tuple[dict[str, tuple[str | None, str | None, list[str]]], dict[str, str]]:
    form = request.form
    seen = {
        name.removeprefix("seen."): mark for name, mark in form.items() if name.startswith("seen.")
    }
    wanted = {
        code: (
            form.get(f"decider.{code}") or None,
            form.get(f"acts.{code}") or None,
            [level for level in LEVELS if f"informs.{level}.{code}" in form],
        )
        for code in seen
    }
    return wanted, seen


def _matrix(session: Session, error: GisgridError | None = None) -> Response:
    place = kept(session)
    there = drafts.the_draft(session, place.id, hold=False)
    items = drafts.items_of(session, there.id)
    minors = [i for i in items if not _may_hold(i, items)]
    typed, _ = _duties_sent() if error is not None else ({}, {})
    stored = {i.code: (i.decider, i.acts, list(i.informs)) for i in minors}
    return page(
        "matter-duties-edit.html", error=error, town=place, draft=there, items=minors, duties={**stored, **typed},
        marks={i.code: drafts.mark_of(i) for i in minors}, differs={c for c, d in typed.items() if d != stored.get(c)},
        order=LEVELS[::-1], **item_words(),
    )  # fmt: skip
