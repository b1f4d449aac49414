"""Blocks into communities, basic grids and exclusive grids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from scripts.town.ground import Ground
from scripts.town.spec import Floats, Ints, Spec

TRIALS = 240


@dataclass(frozen=True)
class Division:
    """Labels of every block; grids 0 … basic - 1 are basic, the rest exclusive."""

    community: Ints
    grid: Ints
    community_of_grid: Ints


def divide(ground: Ground, residents: Ints, spec: Spec, rng: np.random.Generator) -> Division:
    """Contiguous communities and grids; basic grids differ 2-3 fold in residents.

    Borders prefer main streets: crossing one costs as much as three ordinary ways.
    """
    walk = _walk(ground)
    everywhere = np.arange(len(residents))
    seeds = _town_centres(
        ground.centres_m, (residents + 0.5).astype(np.float64), spec.communities, rng
    )
    community = _nearest_seed(walk, everywhere, seeds)
    community = _in_reading_order(community, ground.centres_m)
    per_community = _apportion(np.bincount(community, residents).astype(np.float64), spec.basic)

    mean = residents.sum() / spec.basic
    trials = TRIALS if spec.is_town_f else 40
    grid = np.empty(len(residents), int)
    first = 0
    for c, k in enumerate(per_community):
        blocks = np.flatnonzero(community == c)
        grid[blocks] = first + _basic(
            walk, blocks, ground.centres_m, residents, k=int(k), mean=mean, trials=trials, rng=rng
        )
        first += int(k)
    home = np.repeat(np.arange(spec.communities), per_community)
    return _cut_exclusive(
        ground, walk, residents, community=community, grid=grid, home=home, spec=spec, rng=rng
    )


def reading_order(at_m: Floats, row_m: float) -> Ints:
    """Rows of height ``row_m`` from north to south, and from west to east in each row.

    The order in which the communities of the town are numbered.
    """
    row = np.floor((at_m[:, 1].max() - at_m[:, 1]) / row_m)
    return np.lexsort((at_m[:, 0], row))


def _walk(ground: Ground) -> csr_array:
    """Neighbouring blocks, with the length of the way between their centres."""
    b = np.arange(ground.nu * ground.nv).reshape(ground.nu, ground.nv)
    tail = np.r_[b[:-1].ravel(), b[:, :-1].ravel()]
    head = np.r_[b[1:].ravel(), b[:, 1:].ravel()]
    street = np.r_[ground.street_v[1:-1].ravel(), ground.street_u[1:-1].T.ravel()]
    main = np.array([s.main for s in ground.streets])[street] & (street >= 0)
    length = np.hypot(*(ground.centres_m[tail] - ground.centres_m[head]).T)
    length = length * np.where(main, 3.0, np.where(street >= 0, 1.3, 1.0))
    n = b.size
    return csr_array((np.r_[length, length], (np.r_[tail, head], np.r_[head, tail])), shape=(n, n))


def _town_centres(at_m: Floats, weight: Floats, k: int, rng: np.random.Generator) -> Ints:
    """k blocks near the means of a weighted k-means."""
    chosen = [int(rng.choice(len(at_m), p=weight / weight.sum()))]
    near2 = ((at_m - at_m[chosen[0]]) ** 2).sum(1)
    for _ in range(k - 1):
        far = near2 * np.sqrt(weight)
        chosen.append(int(rng.choice(len(at_m), p=far / far.sum())))
        near2 = np.minimum(near2, ((at_m - at_m[chosen[-1]]) ** 2).sum(1))
    means = at_m[chosen]
    for _ in range(12):
        label = ((at_m[:, None] - means) ** 2).sum(2).argmin(1)
        total = np.maximum(np.bincount(label, weight, k), 1e-9)
        means = np.stack([np.bincount(label, weight * c, k) / total for c in at_m.T], axis=1)
    return np.asarray(((at_m[:, None] - means) ** 2).sum(2).argmin(0))


def _nearest_seed(walk: csr_array, blocks: Ints, seeds: Ints) -> Ints:
    """Number of the seed nearest on foot, for each of ``blocks``; all labels are contiguous."""
    inside = walk[blocks][:, blocks] if len(blocks) < walk.shape[0] else walk
    _, _, source = dijkstra(inside, indices=seeds, min_only=True, return_predecessors=True)
    return np.unique(source, return_inverse=True)[1]


def _in_reading_order(label: Ints, at_m: Floats) -> Ints:
    size = np.bincount(label)
    means = np.stack([np.bincount(label, c) / size for c in at_m.T], axis=1)
    spread_m = np.ptp(at_m, axis=0).prod() / len(size)
    rank = np.empty(len(size), int)
    rank[reading_order(means, float(np.sqrt(spread_m)))] = np.arange(len(size))
    return rank[label]


def _apportion(residents: Floats, seats: int) -> Ints:
    """Grids per community by residents, at least one each (largest remainder)."""
    quota = residents / residents.sum() * seats
    count: Ints = np.maximum(1, np.floor(quota)).astype(np.int64)
    while count.sum() != seats:
        if count.sum() < seats:
            count[np.argmax(quota - count)] += 1
        else:
            count[np.argmin(np.where(count > 1, quota - count, np.inf))] -= 1
    return count


def _basic(
    walk: csr_array,
    blocks: Ints,
    at_m: Floats,
    residents: Ints,
    *,
    k: int,
    mean: float,
    trials: int,
    rng: np.random.Generator,
) -> Ints:
    """Label 0 … k - 1 of every block of a community: the trial most nearly 1.5 to 0.62 of the mean."""
    people = residents[blocks]
    chance = (people + 1.0) / (people + 1.0).sum()
    best, best_score = np.zeros(len(blocks), int), np.inf
    for _ in range(trials):
        seeds = [int(rng.integers(len(blocks)))]
        near2 = ((at_m[blocks] - at_m[blocks[seeds[0]]]) ** 2).sum(1)
        while len(seeds) < k:
            candidates = rng.choice(len(blocks), 4, p=chance)
            seed = int(candidates[np.argmax(near2[candidates])])
            if seed in seeds:
                continue
            seeds.append(seed)
            near2 = np.minimum(near2, ((at_m[blocks] - at_m[blocks[seed]]) ** 2).sum(1))
        label = _nearest_seed(walk, blocks, np.array(seeds))
        load = np.bincount(label, people, k) / mean
        score = abs(load.max() - 1.5) + abs(load.min() - 0.62)
        score += 0.3 * (np.bincount(label, minlength=k).min() < 7)
        if score < best_score:
            best, best_score = label, score
    return best


def _cut_exclusive(
    ground: Ground,
    walk: csr_array,
    residents: Ints,
    *,
    community: Ints,
    grid: Ints,
    home: Ints,
    spec: Spec,
    rng: np.random.Generator,
) -> Division:
    """Take small quiet groups of blocks out of the basic grids, every third as a true hole."""
    grid = grid.copy()
    homes: list[int] = []
    for number in range(spec.exclusive):
        hole = number % 3 == 0
        for attempt in range(4000):
            group = _group(walk, community, residents, int(rng.integers(1, 4)), rng)
            if group is None or not _fits(
                walk, ground, residents, grid, group=group, hole=hole, spec=spec
            ):
                continue
            c = int(community[group[0]])
            # One body to a community until each has one or the search gets long.
            if homes.count(c) > (attempt > 600) + number // spec.communities + (number % 4 == 3):
                continue
            grid[group] = spec.basic + number
            homes.append(c)
            break
        else:
            raise RuntimeError("no room for an exclusive grid; try another seed")
    return Division(community, grid, np.r_[home, homes])


def _group(
    walk: csr_array, community: Ints, residents: Ints, size: int, rng: np.random.Generator
) -> Ints | None:
    group = [int(rng.integers(len(community)))]
    while len(group) < size:
        around = np.unique(walk[group].indices)
        around = around[(community[around] == community[group[0]]) & ~np.isin(around, group)]
        if not len(around):
            return None
        group.append(int(around[np.argmin(residents[around])]))
    return np.array(group)


def _fits(
    walk: csr_array,
    ground: Ground,
    residents: Ints,
    grid: Ints,
    *,
    group: Ints,
    hole: bool,
    spec: Spec,
) -> bool:
    owners = np.unique(grid[group])
    if owners.max() >= spec.basic or residents[group].sum() > 25:
        return False
    # In the outskirts nobody would give a field a team of its own.
    if ground.density[group].mean() < 0.12:
        return False
    i, j = np.divmod(group, ground.nv)
    around_i = (i[:, None] + np.repeat([-1, 0, 1], 3)).ravel()
    around_j = (j[:, None] + np.tile([-1, 0, 1], 3)).ravel()
    inland = (around_i >= 0) & (around_i < ground.nu) & (around_j >= 0) & (around_j < ground.nv)
    around = around_i[inland] * ground.nv + around_j[inland]
    if grid[around].max() >= spec.basic:
        return False
    if (inland.all() and len(np.unique(grid[around])) == 1) != hole:
        return False
    for owner in owners:
        rest = np.setdiff1d(np.flatnonzero(grid == owner), group)
        if len(rest) < 5 or connected_components(walk[rest][:, rest], directed=False)[0] > 1:
            return False
    return True
