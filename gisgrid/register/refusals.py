"""What the store refuses of an entry, in words."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from gisgrid.core.errors import Conflict, NotAllowed, NotFound


def refused(error: DBAPIError, *, address: str = "") -> None:
    """Raise what the functions ``enter_register``, ``enter_house``, ``decide_entry`` and ``take_back_house`` mean by an error.

    Returns where it is none of theirs. ``address`` is that of the house to come, where the line is about one.

    Raises
    ------
    NotFound
        What the entry is about is gone.
    NotAllowed
        The house or place is none of whoever asks.
    Conflict
        A house cannot go as things stand.
    """
    state = getattr(error.orig, "sqlstate", None)
    why = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    if why == "house_went":
        raise NotFound("This house is no longer registered.") from error
    # Of 23503: the house went while this was written down.
    if state in ("P0002", "23503"):
        raise NotFound(
            "The household or person is no longer registered here: open the house anew."
        ) from error
    if state == "42501":
        raise NotAllowed("This house lies outside the area of your rights.") from error
    if state != "55000":
        return
    if why == "addressed":
        raise Conflict(
            "There is a house {address} by now: send this line back, or have it written as another address.",
            address=address,
        ) from error
    if why == "near":
        raise Conflict(
            "Where {address} is to stand, another house was entered meanwhile: send this line back, unless it is "
            "a further house there and says so.",
            address=address,
        ) from error
    if why == "taken_back":
        raise Conflict("This was taken back already: the house is registered again.") from error
    if why == "stands_again":
        raise Conflict(
            "Another house has this address by now: correct that one first, then take this back."
        ) from error
    if why == "lived_in":
        raise Conflict(
            "Say what becomes of the households: they left the town, or live in another house now."
        ) from error
    if why == "others_wait":
        raise Conflict(
            "Other changes of this house still wait: the clerk decides those first."
        ) from error
    if why == "changed":
        raise Conflict(
            "Somebody moved in here since this was entered: send it back, and have it looked at again."
        ) from error
