"""How a plan stands, in the request's language: on its way, waiting for its day, in force, over."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Flask
from flask_babel import gettext

from gisgrid.core.plans import PlanInfo


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(standing=standing, standing_key=standing_key, term=term)
    app.jinja_env.filters["last_day"] = last_day


def states() -> dict[str, str]:
    """What a plan is on its way, and at the end of it."""
    return {
        "draft": gettext("Draft"),
        "in_review": gettext("In review"),
        "returned": gettext("Returned"),
        "approved": gettext("Approved"),
        "notified": gettext("Departments notified"),
        "published": gettext("Published"),
    }


def standing(plan: PlanInfo) -> str:
    """How a plan stands today."""
    if plan.in_force == "now":
        return str(gettext("In force"))
    if plan.in_force == "later":
        return str(gettext("In force from %(day)s", day=plan.valid_from))
    if plan.in_force == "past":
        return str(gettext("No longer in force"))
    return states()[plan.state]


def standing_key(plan: PlanInfo) -> str:
    """The same as a name for styles and scripts: ``now``, ``later``, ``past``, else the state."""
    return plan.in_force or plan.state


def term(plan: PlanInfo) -> str:
    """The days on which a plan is in force, the last one included; empty where `standing` says it."""
    if plan.valid_from is None:
        return str(gettext("without dates"))
    if plan.last_day is None and plan.in_force == "later":
        return ""
    if plan.last_day is None:
        return str(gettext("since %(first)s", first=plan.valid_from))
    return str(gettext("%(first)s until %(end)s", first=plan.valid_from, end=plan.last_day))


def last_day(first_without: date) -> date:
    """Of a span that is kept with the first day after it: its last day, which is what people are told."""
    return first_without - timedelta(days=1)
