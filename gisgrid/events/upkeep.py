"""What has to be done though nobody asks: clocks turn, emergencies end, reviews come due."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlalchemy import Engine

from gisgrid.db.store import transaction
from gisgrid.events.clocks import judge
from gisgrid.events.emergencies import end_expired
from gisgrid.events.legacy import remind
from gisgrid.plans.plans import townships


def keep_up(engine: Engine, now: datetime) -> Counter[str]:
    """Do what is due at ``now`` in every township, each in a transaction of its own; how much of what.

    Done again at the same moment, it does nothing. ``red``, ``yellow``: clocks that turned; ``ended``:
    emergencies; ``reminded``: reviews.
    """
    done: Counter[str] = Counter()
    with transaction(engine) as session:
        places = townships(session)
        # First: ordinary clocks that stood still until now run on before they are judged.
        done["ended"] += len(end_expired(session, now))
    for place in places:
        with transaction(engine) as session:
            judged = judge(session, place.id, now)
            done.update(red=judged.red, yellow=judged.yellow)
            done["reminded"] += len(remind(session, place.id, now))
    return +done
