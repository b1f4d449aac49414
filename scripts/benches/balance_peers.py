"""What others make of the same units: graph partitioners and redistricting tools, if importable."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

Array = np.ndarray[Any, Any]
NAMES = ("pymetis", "kahip", "gerrychain", "spopt")


@dataclass(frozen=True)
class Peer:
    """``divide(graph, workload, k)`` gives a part 0..k-1 for each unit of one community."""

    name: str
    divide: Callable[[Any, Array, int], Array]


def importable() -> list[Peer]:
    peers = {
        "pymetis": Peer("METIS, contiguous", _metis),
        "kahip": Peer("KaHIP strong", _kahip),
        "gerrychain": Peer("GerryChain recursive tree", _gerrychain),
        "spopt": Peer("spopt Ward", _spopt),
    }
    return [peers[name] for name in NAMES if importlib.util.find_spec(name)]


def divided(peer: Peer, case: Any) -> Array:
    """The peer's plan of all communities, named to keep most workload in its grid of today."""
    plan = case.grid_of.copy()
    for c in np.unique(case.community_of):
        units = np.flatnonzero(case.community_of == c)
        names, home = np.unique(case.grid_of[units], return_inverse=True)
        if len(names) == 1:
            continue
        workload = case.workload_min[units]
        part = peer.divide(case.graph.subgraph(units), workload, len(names))
        kept = np.zeros((len(names),) * 2)
        np.add.at(kept, (part, home), workload)
        new, old = linear_sum_assignment(-kept)
        name = np.empty(len(names), dtype=np.int64)
        name[new] = old
        plan[units] = names[name[part]]
    return plan


def _metis(graph: Any, workload: Array, k: int) -> Array:
    import pymetis  # noqa: PLC0415

    options = pymetis.Options(contig=1, ufactor=10, seed=1)
    _, part = pymetis.part_graph(
        k,
        xadj=graph.indptr.tolist(),
        adjncy=graph.indices.tolist(),
        vweights=workload.astype(int).tolist(),
        eweights=np.maximum(1, graph.border_m).astype(int).tolist(),
        recursive=False,
        options=options,
    )
    return np.array(part)


def _kahip(graph: Any, workload: Array, k: int) -> Array:
    import kahip  # noqa: PLC0415

    _, part = kahip.kaffpa(
        workload.astype(int).tolist(),
        graph.indptr.tolist(),
        np.maximum(1, graph.border_m).astype(int).tolist(),
        graph.indices.tolist(),
        k,
        0.01,
        True,
        1,
        2,
    )
    return np.array(part)


def _gerrychain(graph: Any, workload: Array, k: int) -> Array:
    import random  # noqa: PLC0415

    import gerrychain  # noqa: PLC0415
    import networkx  # noqa: PLC0415
    from gerrychain.partition import recursive_tree_part  # noqa: PLC0415

    random.seed(1)
    rows = graph.rows()
    net = networkx.Graph()
    net.add_nodes_from((u, {"work": float(w)}) for u, w in enumerate(workload))
    net.add_edges_from(zip(rows.tolist(), graph.indices.tolist(), strict=True))
    whole = gerrychain.Graph.from_networkx(net)
    try:
        part = recursive_tree_part(whole, range(k), workload.sum() / k, "work", 0.01)
    except RuntimeError:  # no balanced cut in its number of tries: a wider band
        part = recursive_tree_part(whole, range(k), workload.sum() / k, "work", 0.05)
    return np.array([part[u] for u in range(len(workload))])


def _spopt(graph: Any, workload: Array, k: int) -> Array:
    import geopandas  # noqa: PLC0415
    import libpysal  # noqa: PLC0415
    from spopt.region import WardSpatial  # noqa: PLC0415

    rows = graph.rows()
    touching: dict[int, list[int]] = {u: [] for u in range(len(workload))}
    for u, v in zip(rows.tolist(), graph.indices.tolist(), strict=True):
        touching[u].append(v)
    table = geopandas.GeoDataFrame({"work": workload})
    model = WardSpatial(table, libpysal.weights.W(touching), ["work"], n_clusters=k)
    model.solve()
    return np.asarray(model.labels_)
