"""What jobs, their states and steps are called on pages."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask_babel import gettext

from gisgrid.core.messages import say
from gisgrid.jobs.ordered import OrderedJob
from gisgrid.planning.checks.checks import CHECKS
from web.editor.json import doing as plan_steps
from web.http.language import said, said_again
from web.loading.words import DOING_WORDS, TASK_WORDS

KIND_WORDS = {
    "rebalance": say("Rebalancing a plan"),
    "check": say("All checks of a plan"),
    "show": say("What a proposal would change"),
    "take": say("Taking a proposal over"),
    "publish": say("Publishing a plan"),
    "attach": say("Attaching houses and events to a plan"),
    "coverage": say("Coverage for the map"),
    "workload": say("Workload for the map"),
    "proposal": say("Comparison of plans for the map"),
    "drill": say("Reading a backup back"),
    "retention_try": say("Trying what is past its time"),
    "retention": say("Deleting what is past its time"),
    "backup": say("Writing a backup"),
    "subject": say("Putting together what is held on somebody"),
}
STATE_WORDS = {
    "waiting": say("waits"),
    "running": say("runs"),
    "done": say("done"),
    "failed": say("failed"),
    "cancelled": say("cancelled"),
}
SHOWN = {"kind": KIND_WORDS | TASK_WORDS, "state": STATE_WORDS}
"""Columns of codes and the words that the list has for them."""
STATE_TONES = {"waiting": "warn", "running": "warn", "done": "good", "failed": "bad"}
STOP_WORDS = {
    "plan": say("What was computed so far is lost; the plan stays as it is."),
    "study": say("The map then shows the last answer there is, until somebody asks again."),
    "file": say("What was checked so far is lost; nothing is written, and the file stays."),
    "drill": say("What was read back so far is thrown away; the backup stays."),
    "office": say(
        "What was done so far comes to nothing; it can be ordered again where it was ordered."
    ),
}
"""By road: what is lost by stopping."""
CLOCK_WORDS = {
    "emergencies": say("Emergencies whose end has come"),
    "clocks": say("Deadlines that turn yellow or red"),
    "reviews": say("Reviews of long-term problems that are due"),
    "collections": say("Collection tasks that are due or over, and completeness by day"),
    "figures": say("Figures of the days"),
    "plans": say("Plans whose day has come"),
    "lost_jobs": say("Jobs whose worker is gone"),
}
DRILL_STEPS = {
    "comparing the file": say("comparing the file with what was written"),
    "restoring": say("reading it into a database of its own"),
    "counting": say("counting what came back"),
}


def kind(job: OrderedJob) -> str:
    """A job as the list calls it."""
    words = TASK_WORDS if job.road == "file" else KIND_WORDS
    return gettext(words[job.kind]) if job.kind in words else job.kind


def state(job: OrderedJob) -> str:
    """How it stands."""
    return str(gettext(STATE_WORDS[job.state]))


def failed(job: OrderedJob) -> str | None:
    """Why it failed, in the asker's language."""
    return said_again(job.failed) or None


def doing(job: OrderedJob) -> str:
    """What it does just now; empty where it does not say."""
    if job.road == "file":
        return gettext(DOING_WORDS[job.doing]) if job.doing in DOING_WORDS else ""
    if job.road == "drill":
        return gettext(DRILL_STEPS[job.doing]) if job.doing in DRILL_STEPS else ""
    if not job.doing:
        return ""
    titles = {check.title.en: check.title for check in CHECKS}
    if (title := titles.get(job.doing)) is not None:
        return said(title)
    return plan_steps().get(job.doing, "")


def seconds(job: OrderedJob, now: datetime) -> int | None:
    """From the order to its end, or until now."""
    took = job.took(now)
    return None if took is None else round(took.total_seconds())


def span(took: timedelta | None) -> str:
    """How long something took, in words."""
    if took is None:
        return "–"
    whole = max(0, round(took.total_seconds()))
    if whole < 60:
        return str(gettext("%(n)s s", n=whole))
    if whole < 3600:
        return str(gettext("%(n)s min", n=whole // 60))
    return str(
        gettext("%(hours)s h %(minutes)s min", hours=whole // 3600, minutes=whole % 3600 // 60)
    )
