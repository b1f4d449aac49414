"""Where people are served and when houses were visited: stations and visits."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scripts.town.names import SURNAMES, people
from scripts.town.spec import TOWNSHIP


def stations_table(
    houses: pd.DataFrame, grid_of: list[str], grids: pd.DataFrame, communities: dict[str, str]
) -> pd.DataFrame:
    """The rows of stations.csv: the township's centre, one a community, and posts of teams.

    Each stands at a house: the one nearest to the middle of those it serves. Every second basic grid
    has a post of its own; the others share their community's.
    """
    rows = []

    def add(name: str, kind: str, served: pd.DataFrame, grid: str = "") -> None:
        middle = served[["lon", "lat"]].mean()
        away = ((served[["lon", "lat"]] - middle) ** 2).sum(axis=1)
        at = served.loc[away.idxmin()]
        code = f"Z{len(rows) + 1:03d}"
        rows.append([code, name, kind, grid, at["address"], "2022-09-01", "", at["lon"], at["lat"]])

    add("镇党群服务中心（虚构）", "township", houses)
    for code, name in communities.items():
        add(f"{name}服务站（虚构）", "community", houses[houses["community"] == code])
    basic = grids[grids["kind"] == "basic"].sort_values("code")
    owner = np.array(grid_of)
    for code, name in zip(basic["code"].tolist()[::2], basic["name"].tolist()[::2], strict=True):
        served = houses[owner == code]
        if len(served):
            add(f"{name}服务点（虚构）", "team_post", served, code)
    return pd.DataFrame(
        rows,
        columns=["code", "name", "kind", "grid", "address", "since", "until", "lon", "lat"],
    )


def visits_table(
    households: pd.DataFrame, grid_of_house: dict[str, str], staff: pd.DataFrame
) -> pd.DataFrame:
    """The rows of visits.csv: one for each day on which somebody of a house was verified.

    It was made by a worker of the house's grid, by its leader before the first one came.
    """
    seen = households[households["verified_on"] != ""][["house", "verified_on"]]
    seen = seen.drop_duplicates().sort_values(["verified_on", "house"])
    workers = staff[staff["role"] == "worker"].groupby("grid")["code"].agg(list).to_dict()
    made = []
    for house, day in seen.itertuples(index=False):
        team = workers.get(grid_of_house[house], [])
        # No team is known before the first day of the town's plan.
        person = team[int(house[-5:]) % len(team)] if team and day >= "2022-09-01" else ""
        made.append([f"V{len(made) + 1:06d}", house, person, day])
    return pd.DataFrame(made, columns=["code", "house", "staff", "visited_on"])


def offices_table(communities: dict[str, str], rng: np.random.Generator) -> pd.DataFrame:
    """The rows of offices.csv: who answers above the grids, and for which area.

    One head of the township government, cadres who are each in charge of three communities, and the
    head of each community.
    """
    codes = list(communities)
    sections = [codes[k : k + 3] for k in range(0, len(codes), 3)]
    rows = [["O001", "镇政府（虚构）", "township_government", TOWNSHIP]]
    for number, section in enumerate(sections, 2):
        rows += [[f"O{number:03d}", "镇政府（虚构）", "section_cadre", c] for c in section]
    for number, code in enumerate(codes, 2 + len(sections)):
        rows.append(
            [f"O{number:03d}", f"{communities[code]}居委会（虚构）", "community_clerk", code]
        )
    table = pd.DataFrame(rows, columns=["code", "body", "role", "area"])
    number_of = table["code"].str[1:].astype(int)
    names = people(rng.integers(0, len(SURNAMES), number_of.max()), rng)
    table.insert(1, "name", [names[k - 1] for k in number_of])
    table.insert(2, "phone", [f"19902{k:06d}" for k in number_of])
    table["since"], table["until"] = "2022-09-01", ""
    return table
