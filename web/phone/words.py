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
        "draft": gettext("What you had written is here again. Take or choose the photos anew."),
        "anew": gettext("Empty the form"),
        "many": gettext("At most {n} photos: choose fewer."),
        "without": gettext("Leave out the photos that wait here ({n})"),
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
        "put_aside": gettext("Put aside by the office {time}"),
        "look": gettext("See it there"),
        "last": gettext("Last sent: {time}"),
        "never": gettext("Nothing has been sent from this phone yet."),
        "sending": gettext("Sending …"),
        "all_sent": gettext("Everything is sent."),
        "to_log_in": gettext("Log in"),
        **_problems(),
    }


def grid_words() -> dict[str, str]:
    """Of the worker's grid as the phone keeps it."""
    return {
        "title": gettext("My grid on this phone"),
        "set_up": gettext(
            "Keep your grid on this phone, so that you can work without a line. Choose a PIN of at least six digits; it is asked when you open it."
        ),
        "new_pin": gettext("New PIN, at least six digits"),
        "keep": gettext("Keep my grid on this phone"),
        "locked": gettext("Your grid is locked on this phone."),
        "pin": gettext("PIN"),
        "open": gettext("Open my grid"),
        "wrong": gettext("The PIN is wrong. Tries left: {n}"),
        "wiped": gettext(
            "The PIN was wrong too often: what was kept is deleted. What waits to be sent is still here. With a line you can set it up anew."
        ),
        "expired": gettext(
            "This phone had not heard of the server for too long: what was kept is deleted. With a line you can set it up anew."
        ),
        "nothing": gettext(
            "Nothing of your grid is kept on this phone. Log in with a line to keep it."
        ),
        "log_in": gettext("Log in"),
        "no_line": gettext("The server cannot be reached now. Try again with a line."),
        "fetching": gettext("Fetching your grid …"),
        "retry": gettext("Try again"),
        "insecure": gettext("This page needs a secure (https) connection."),
        "as_of": gettext("As of {time}"),
        "offline": gettext("no line"),
        "left_out": gettext("{n} more houses are not on this phone: tell your community's clerk."),
        "no_grid": gettext("No grid is yours today."),
        "all": gettext("All houses"),
        "show_all": gettext("All houses"),
        "show_visit": gettext("To visit"),
        "show_verify": gettext("To verify"),
        "show_register": gettext("No register"),
        "show_waiting": gettext("Waiting"),
        "show_attention": gettext("Needs attention"),
        "show_fresh": gettext("New in the register"),
        "show_unlocated": gettext("Without a place"),
        "filters": gettext("Which houses"),
        "find": gettext("Address, what people call it, or name"),
        "none": gettext("No house of this kind."),
        "more": gettext("Show more"),
        "shut": gettext("Lock"),
        "missing_house": gettext("A house is missing here"),
        "walk": gettext("Round from where I stand"),
        "no_walk": gettext("End the round"),
        "walk_long": gettext(
            "{n} houses, about {m} m on foot in a straight line from one to the next"
        ),
        "position": gettext("Looking for your position …"),
        "no_position": gettext("No position was found. Go into the open, or write an address."),
        "last_seen": gettext("Last seen"),
        "verified_on": gettext("Verified"),
        "verified": gettext("All as registered"),
        "visit": gettext("Visited"),
        "household_in": gettext("A household moved in"),
        "household_out": gettext("Moved out of town"),
        "household_moved": gettext("Moved to another house"),
        "alias": gettext("Called by another name"),
        "person_in": gettext("Add a person"),
        "person_out": gettext("Has left"),
        "correct": gettext("Correct a value"),
        "what_wrong": gettext("What is wrong?"),
        "report": gettext("Report something"),
        "report_here": gettext("Report something here"),
        "household": gettext("Household"),
        "no_register": gettext("This house has no register yet."),
        "not_here": gettext("This house is not on this phone. With a line it is on its page."),
        "needs_line": gettext("This needs a line."),
        "checked": gettext("waits for the clerk: {n}"),
        "queued": gettext("waits to be sent: {n}"),
        "cases": gettext("My cases"),
        "no_case": gettext("No case waits for you."),
        "case_line": gettext("Its place, its log and its photos open with a line."),
        "case_page": gettext("The whole case"),
        "no_step": gettext("No step of this case can be taken without a line."),
        "photos_after": gettext("Photos after the work"),
        "photos_before": gettext("Photos"),
        "all_cases": gettext("My cases"),
        "required": gettext("required"),
        "due_at": gettext("due {time}"),
        "papers": gettext("Documents to read"),
        "read": gettext("I have read it"),
        "no_text": gettext("This document is a file: it opens with a line."),
        "no_paper": gettext("Nothing waits to be read."),
        **_task_words(),
        **_house_words(),
    }


def _task_words() -> dict[str, str]:
    return {
        "tasks": gettext("Collection tasks"),
        "no_task": gettext("No task waits for you."),
        "no_such_task": gettext(
            "This task is not on this phone: it is over, or asks about other houses."
        ),
        "tasks_left_out": gettext("{n} more tasks open with a line."),
        "task_due": gettext("To be done by"),
        "houses_left": gettext("Houses left: {n} of {all}"),
        "all_done": gettext("all done"),
        "done": gettext("done"),
        "to_do": gettext("to do"),
        "late": gettext("late"),
        "nameless": gettext("Person without a name"),
        "answered": gettext("Answered {time} by {who}. Leave it empty to keep it."),
        "answered_photo": gettext("Photo {n}, with a line"),
        "answer_waits": gettext("Your answer waits on this phone. What you leave empty stays."),
        "in_register": gettext("In the register"),
        "lacks": gettext("This is missing. It is entered into the register itself:"),
        "lacks_nothing": gettext("nothing is missing"),
    }


def _house_words() -> dict[str, str]:
    return {
        "as_such": gettext("The house itself has changed"),
        "house_gone": gettext("It is gone"),
        "house_split": gettext("It became two"),
        "house_joined": gettext("It became part of another"),
        "here": gettext("Your position, to about {m} m."),
        "beside": gettext("Beside {address}"),
        "on_map": gettext("Choose on the map, with a line"),
        "new_queued": gettext("Houses that are missing, waiting to be sent: {n}"),
        "choose_house": gettext("Choose one of the houses of your grid, or take your position."),
    }


def _problems() -> dict[str, str]:
    return {
        "no_line": gettext("There is no line now. It is sent by itself when there is one."),
        "log_in": gettext("Your session is over. Log in, then it is sent; nothing is lost."),
        "server": gettext("The server could not take it now. It is tried again by itself."),
        "slow": gettext("The line is slow. It goes on being sent; you may go on."),
    }
