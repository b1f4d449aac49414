"""A township in a few kilobytes: grids and their cards, for a page that has no connection.

The page's own script (``web/static/js/pure/packed.js``) answers from it by the same rule of one owner.

The format, version 1: a line of JSON, ended by a line feed, then the rings. Every coordinate is a
whole number of quanta; each ring's first vertex and then each step to the next is written as two
zigzag varints (LEB128), longitude before latitude; the last vertex is the one before the first and
is left out. A quantum is 1e-7 degrees (at most 11 mm, so that no vertex moves by more than 8 mm)
where all coordinates are whole numbers of it, as files with seven decimals are: then nothing moves
at all. Else it is 1e-9 degrees, and no vertex moves by more than 0.08 mm.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

import numpy as np
import numpy.typing as npt

from gisgrid.locate.locator import Locator
from gisgrid.locate.point_lookup import Snapshot

FORMAT = 1
COARSE, FINE = 10_000_000, 1_000_000_000
"""Quanta per degree."""

Whole = npt.NDArray[np.int64]


def version_of(snapshot: Snapshot) -> str:
    """The plan's number and a fingerprint of what is told of its grids.

    A published plan's polygons do not change, but where somebody mends them in the store the same
    fingerprint shows it.
    """
    print_ = hashlib.sha256(json.dumps(_facts(snapshot), sort_keys=True).encode())
    for locator in (snapshot.owners, snapshot.over):
        if locator is not None:
            print_.update(locator.index.xy.tobytes())
    return f"{snapshot.plan.id}-{print_.hexdigest()[:12]}"


def pack(snapshot: Snapshot, *, taken_at: datetime) -> bytes:
    """The snapshot as the page takes it; leaders' names are in it, telephone numbers are not.

    Parameters
    ----------
    taken_at
        When the data was so, told to whoever uses it later.
    """
    locators = [snapshot.owners] + ([snapshot.over] if snapshot.over is not None else [])
    rings_of: dict[str, list[npt.NDArray[np.float64]]] = {}
    for locator in locators:
        rings_of |= {code: _rings(locator, g) for g, code in enumerate(locator.codes)}
    every = [ring for code in sorted(rings_of) for ring in rings_of[code]]
    points = np.concatenate(every) if every else np.empty((0, 2))
    scale = COARSE if (np.round(points * COARSE) / COARSE == points).all() else FINE
    head = {
        "format": FORMAT,
        "version": version_of(snapshot),
        "taken_at": taken_at.isoformat(timespec="seconds"),
        "scale": scale,
        **_facts(snapshot),
        "rings": {code: len(rings) for code, rings in sorted(rings_of.items())},
        "vertices": [len(ring) - 1 for ring in every],
    }
    body = b"".join(_steps(np.round(ring[:-1] * scale).astype(np.int64)) for ring in every)
    return json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" + body


def _facts(snapshot: Snapshot) -> dict[str, object]:
    place, plan = snapshot.place, snapshot.plan
    over = set(snapshot.over.codes) if snapshot.over is not None else set()
    return {
        "township": {
            "code": place.code,
            "name": place.name,
            "name_en": place.name_en,
            # Whose midnight it is at which the plan ends.
            "time_zone": place.time_zone,
        },
        "plan": {
            "id": plan.id,
            "name": plan.name,
            "valid_from": plan.valid_from and plan.valid_from.isoformat(),
            "last_day": plan.last_day and plan.last_day.isoformat(),
        },
        "grids": [
            {
                "code": card.code,
                "name": card.name,
                "kind": card.kind,
                "host": card.host,
                "community": card.community,
                "leader": card.leader,
                "over": card.code in over,
            }
            for _, card in sorted(snapshot.cards.items())
        ],
    }


def _rings(locator: Locator, polygon: int) -> list[npt.NDArray[np.float64]]:
    """The closed rings of one polygon, (n, 2) each: shells and holes alike, told apart by nesting."""
    start = locator.index.start
    xy = locator.index.xy[start[polygon] : start[polygon + 1]]
    ends = np.flatnonzero(np.isnan(xy[:, 0]))
    return [ring for part in np.split(xy, ends) if len(ring := part[~np.isnan(part[:, 0])])]


def _steps(ring: Whole) -> bytes:
    """Zigzag varints of the first vertex and of each step after it."""
    steps = np.diff(ring, axis=0, prepend=np.zeros((1, 2), np.int64)).ravel()
    zigzag = ((steps << 1) ^ (steps >> 63)).astype(np.uint64)
    out = np.empty((len(zigzag), 10), np.uint8)
    used = np.zeros((len(zigzag), 10), np.bool_)
    left = zigzag.copy()
    for i in range(10):
        used[:, i] = (left > 0) | (i == 0)
        out[:, i] = (left & np.uint64(0x7F)).astype(np.uint8)
        left >>= np.uint64(7)
        out[:, i] |= np.where(left > 0, 0x80, 0).astype(np.uint8)
    return out[used].tobytes()
