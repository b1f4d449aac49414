"""Plain words and pictures of the pages for whoever reports."""

from __future__ import annotations

import re

from flask_babel import gettext

from gisgrid.cases.preview import ReportPreview
from gisgrid.cases.tracking import ToldStep
from gisgrid.core.messages import say
from web.http.language import worded
from web.http.towns import town_name

RATINGS = {
    "5": say("very good"),
    "4": say("good"),
    "3": say("fair"),
    "2": say("poor"),
    "1": say("very poor"),
}
STEPS = {
    "report": say("Your report came in."),
    "file": say("It was accepted."),
    "refuse": say("It will not be taken up."),
    "assign": say("It was sent to those who deal with it."),
    "transfer": say("It was handed on to others."),
    "begin": say("Somebody is at work on it."),
    "handle": say("The work is said to be done; it will be checked."),
    "return": say("It needs another look."),
    "escalate": say("It was brought before a higher level."),
    "suspend": say("It has to wait."),
    "resume": say("It goes on."),
    "close": say("It was checked and closed."),
    "merge": say("It is handled together with another report of the same thing."),
    "withdraw": say("It was taken back."),
    "reopen": say("It is taken up again."),
    "rate": say("It was rated."),
    "change_flow": say("It goes another way from here."),
    "recategorise": say("It is handled as another matter from here."),
    "separate": say("It was not the same as the other report: it is handled by itself again."),
}
"""By what a step means; every flow's steps mean one of these."""
# Words in a major item's name to the picture that stands for it; the first that fits counts.
_ICONS = (
    (r"安全隐患|hazard|消防|fire", "hazard"),
    (r"民意|诉求|opinion|complaint|mailbox", "voice"),
    (r"政策|法规|polic|law|regulation|permit|licen", "paper"),
    (r"设施|市政|facilit|road|street|highway|transport|sidewalk|traffic|道路", "lamp"),
    (r"平安|治安|治理|safety|police|security|peace", "shield"),
    (r"环境|生态|environment|tree|park|绿化|water|animal", "leaf"),
    (r"城乡|市容|城管|rural|urban|sanitation|garbage|trash|waste|housing|building|环卫", "bin"),
    (r"民生|服务|service|health|residents|民政", "hands"),
)


def icon_of(name: str, name_en: str | None) -> str | None:
    """The picture of a major item; None: its first letter will do.

    >>> icon_of("市政设施", "Public facilities"), icon_of("其他", None)
    ('lamp', None)
    """
    words = f"{name} {name_en or ''}".lower()
    return next((icon for pattern, icon in _ICONS if re.search(pattern, words)), None)


def step_words(step: ToldStep) -> str:
    """One step in a sentence."""
    sentence: str = gettext(STEPS[step.means])
    if step.means == "assign" and step.office:
        sentence = gettext("It was sent to: %(office)s.", office=step.office)
    if step.means == "recategorise" and step.matter:
        sentence = gettext("It is handled as %(matter)s from here.", matter=worded(step.matter))
    if step.means == "rate" and step.rating:
        sentence = gettext("It was rated %(n)s of 5.", n=step.rating)
    if step.reason:
        sentence = gettext("%(sentence)s Reason: %(reason)s", sentence=sentence, reason=step.reason)
    return sentence


def too_many() -> str:
    """Why nothing more is taken from an address for a moment."""
    return str(
        gettext(
            "Very much was sent from this network address just now. Nothing is lost: send again in a moment."
        )
    )


def words() -> dict[str, str]:
    """What the page's script writes."""
    return {
        "position": gettext("Looking for your position …"),
        "refused": gettext("The phone does not give its position. Allow it, or write an address."),
        "insecure": gettext("This phone gives its position to secure (https) pages only."),
        "no_position": gettext("No position was found. Go into the open, or write an address."),
        "waiting": gettext("One moment …"),
        "sending": gettext("Sending …"),
        "no_server": gettext("There is no connection. Nothing is lost: send again in a moment."),
        "failed": gettext("It could not be sent. Nothing is lost: send again in a moment."),
        "here": gettext("Position taken, sure to about {m} m."),
        "photos": gettext("{n} photos chosen"),
    }


def doubt_words(look: ReportPreview) -> list[str]:
    """What somebody would have to look at first, in sentences, for who cannot be shown it."""
    found = {
        "address_unknown": gettext("The address is not known: the centre will find the place."),
        "several_addresses": gettext(
            "Several addresses may be meant: the centre will find the place."
        ),
        "place_of_photo": gettext("The place was taken from the photo."),
        "coordinates_typed": gettext("The coordinates in the address were taken for the place."),
        "reported_before": gettext("Something like it was reported near by already."),
        "in_no_grid": gettext("The place lies in no grid: the centre will find whose it is."),
    }
    if look.owner and look.moved:
        found["grid_of_thing"] = gettext(
            "%(asset)s stands here, which belongs to %(grid)s wherever it stands: it goes there.",
            asset=look.owner.asset, grid=look.owner.card.name,
        )  # fmt: skip
    if look.handed:
        found["other_township"] = gettext(
            "This is the ground of %(town)s, which takes it over.", town=town_name(look.handed)
        )
    if look.where and look.where.others:
        found["near_border"] = gettext(
            "The place lies %(m)s m from the border: it may be either. It goes to %(grid)s.",
            m=f"{look.where.border_m:.1f}", grid=look.where.grid.name,
        )  # fmt: skip
    return [found[name] for name in look.doubts]
