"""What the scripts of the phone write."""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext


def page_words() -> dict[str, str]:
    """Of every page with forms that may wait."""
    return {
        "waiting_url": url_for("phone.waiting"),
        "waiting": gettext("What waits to be sent"),
        "back": gettext("Go on"),
        "sending": gettext("Sending …"),
        "kept": gettext("Written down on this phone."),
        "later": gettext("It is sent as soon as the server can be reached."),
        "full": gettext(
            "This phone could not keep it: it is full, or another window blocks it. Close other windows and try again."
        ),
        **_problems(),
    }


def waiting_words() -> dict[str, str]:
    """Of the page of what waits."""
    return {
        "waits": gettext("waits to be sent"),
        "refused": gettext("not taken"),
        "incomplete": gettext("taken, but a photo did not arrive; it stays on this phone"),
        "sent": gettext("sent {time}"),
        "written": gettext("Written down {time}"),
        "photos": gettext("photos: {n}"),
        "entry": gettext("Entry"),
        "again": gettext("Open it and mend it"),
        "aside": gettext("Delete it"),
        "sure": gettext("Really delete it? Tap once more"),
        "look": gettext("See it there"),
        "last": gettext("Last sent: {time}"),
        "never": gettext("Nothing has been sent from this phone yet."),
        "sending": gettext("Sending …"),
        "all_sent": gettext("Everything is sent."),
        "to_log_in": gettext("Log in"),
        **_problems(),
    }


def _problems() -> dict[str, str]:
    return {
        "no_line": gettext("There is no line now. It is sent by itself when there is one."),
        "log_in": gettext("Your session is over. Log in, then it is sent; nothing is lost."),
        "server": gettext("The server could not take it now. It is tried again by itself."),
        "slow": gettext("The line is slow. It goes on being sent; you may go on."),
    }
