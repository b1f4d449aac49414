"""Would a grid stay in one piece without this unit?"""

# ruff: noqa: PLR0912, PLR0917 - arrays go one by one; numba copies a bundle on every call.

from __future__ import annotations

import numba

from gisgrid.core.arrays import ShortInts


@numba.njit(cache=True, nogil=True)
def stays_whole(
    u: int,
    grid_of: ShortInts,
    indptr: ShortInts,
    indices: ShortInts,
    mark: ShortInts,
    queue: ShortInts,
) -> bool:
    """Whether the grid of unit ``u`` is connected, and not empty, without ``u``. Exact.

    First the neighbours of ``u`` alone, which settles nearly all cases; only if they hang together
    nowhere near is the grid walked through. ``mark`` (n + 1, the last a running number) and
    ``queue`` (n) are working space, handed on from call to call.
    """
    g = grid_of[u]
    kin = 0
    first = -1
    n = len(queue)
    if mark[n] > 2_000_000_000:
        mark[:] = 0
    mark[n] += 2
    near, seen = mark[n] - 1, mark[n]
    for e in range(indptr[u], indptr[u + 1]):
        x = indices[e]
        if grid_of[x] == g:
            kin += 1
            mark[x] = near
            first = x
    if kin == 0:
        return False
    if kin == 1:
        return True
    found = 1
    mark[first] = seen
    queue[0] = first
    head, tail = 0, 1
    while head < tail:
        x = queue[head]
        head += 1
        for e in range(indptr[x], indptr[x + 1]):
            y = indices[e]
            if mark[y] == near:
                mark[y] = seen
                queue[tail] = y
                tail += 1
                found += 1
    if found == kin:
        return True
    # A walk through the grid from the piece found; what it meets of the ring is joined after all.
    mark[u] = seen
    head = 0
    while head < tail:
        x = queue[head]
        head += 1
        for e in range(indptr[x], indptr[x + 1]):
            y = indices[e]
            if grid_of[y] == g and mark[y] != seen:
                if mark[y] == near:
                    found += 1
                    if found == kin:
                        return True
                mark[y] = seen
                queue[tail] = y
                tail += 1
    return False
