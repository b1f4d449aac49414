"""Invented names: communities, streets, bodies and plainly made-up people."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, count

import numpy as np
from scipy.optimize import linear_sum_assignment

from scripts.town.spec import Floats, Ints, Spec

# Name, English name, and where in the town it belongs (east, north).
COMMUNITIES = (
    ("东河社区", "Donghe", 1.0, 0.0),
    ("西岭社区", "Xiling", -1.0, 0.0),
    ("南塘社区", "Nantang", 0.0, -1.0),
    ("北坡社区", "Beipo", 0.0, 1.0),
    ("中街社区", "Zhongjie", 0.0, 0.0),
    ("柳湾社区", "Liuwan", 0.8, -0.8),
    ("石桥社区", "Shiqiao", -0.8, 0.8),
    ("青禾社区", "Qinghe", -0.8, -0.8),
    ("望海社区", "Wanghai", 0.8, 0.8),
)
MAIN_STREETS = (
    "学府路", "人和路", "迎春路", "站前路", "河滨路", "公园路", "新华路", "东风路", "兴隆路",
    "光明路", "平安路", "和平路", "长青路", "丰收路", "海天路", "振兴路",
)  # fmt: skip
FIRST_CHARS = "安百春丰广和吉嘉康乐明清荣瑞泰文祥新兴永"
SECOND_CHARS = "昌成达福海华林民宁平泉顺田旺阳益源远泽志"
# What a corner is still called long after the thing has gone.
PLACES_OF_OLD = (
    "老供销社", "大槐树底下", "老粮库", "旧戏台后面", "老水塔", "铁匠铺旧址", "老磨坊", "旧渡口",
)  # fmt: skip
# Body, kind for the code, and English.
BODIES = (
    ("实验学校", "01"),
    ("农贸市场", "02"),
    ("滨河公园", "03"),
    ("镇医院", "04"),
    ("敬老院", "05"),
    ("物流园", "06"),
    ("汽车客运站", "07"),
    ("食品工业园", "08"),
    ("职业中学", "09"),
)
# No family bears these as a surname: each says test, virtual, sample or invented.
SURNAMES = "测试虚拟样构"
GIVEN_FIRST = "一安柏初大恩方果禾嘉可乐满念平青然山田晚文夏小心星言又元知竹"
GIVEN_SECOND = "宝北辰川丹东帆冈海禾江楷兰林禄木南宁朋秋仁桑石桃微溪希晓雅洋月舟"
NUMERALS = "零一二三四五六七八九"


def community_names(centres_m: Floats, spec: Spec) -> list[tuple[str, str]]:
    """Chinese and English names; in Town F each lies where its name says."""
    if len(centres_m) != len(COMMUNITIES):
        return [
            (
                f"{COMMUNITIES[i % 9][0][:2]}{chinese_number(i // 9 + 1)}社区",
                f"{COMMUNITIES[i % 9][1]} {i // 9 + 1}",
            )
            for i in range(len(centres_m))
        ]
    wanted = np.array([c[2:] for c in COMMUNITIES])
    at = (centres_m - centres_m.mean(0)) / centres_m.std(0)
    _, name = linear_sum_assignment(((at[:, None] - wanted) ** 2).sum(2))
    return [COMMUNITIES[n][:2] for n in name]


def street_names(main: list[bool], rng: np.random.Generator) -> list[str]:
    """A name for every street, none twice: main streets 路, the others 街 and 巷."""
    pairs = [a + b for a in FIRST_CHARS for b in SECOND_CHARS]
    pairs = [pairs[k] for k in rng.permutation(len(pairs))]
    pool = [p + s for s in ("街", "巷", "东街", "西街", "北巷", "南巷") for p in pairs]
    # Streets and lanes in turn, so that a small town has both.
    half = len(pairs)
    in_turn = zip(pool[: half // 2], pool[half + half // 2 : 2 * half], strict=True)
    small = chain(chain.from_iterable(in_turn), pool[2 * half :], _numbered(pairs, "街"))
    big = chain(MAIN_STREETS, (p + "大路" for p in pairs), _numbered(pairs, "路"))
    return [next(big) if m else next(small) for m in main]


def people(surname: Ints, rng: np.random.Generator) -> list[str]:
    """Names for people whose surnames are given by number."""
    first = rng.integers(0, len(GIVEN_FIRST), len(surname)).tolist()
    second = rng.integers(0, len(GIVEN_SECOND), len(surname)).tolist()
    return [
        SURNAMES[s] + GIVEN_FIRST[a] + GIVEN_SECOND[b]
        for s, a, b in zip(surname.tolist(), first, second, strict=True)
    ]


def chinese_number(n: int) -> str:
    """1 to 999 in Chinese numerals.

    >>> [chinese_number(n) for n in (3, 10, 17, 20, 45, 108, 230)]
    ['三', '十', '十七', '二十', '四十五', '一百零八', '二百三十']
    """
    hundreds, rest = divmod(n, 100)
    tens, ones = divmod(rest, 10)
    text = f"{NUMERALS[hundreds]}百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else NUMERALS[tens]) + "十"
    elif hundreds and ones:
        text += "零"
    return text + (NUMERALS[ones] if ones else "")


def _numbered(pairs: list[str], kind: str) -> Iterator[str]:
    """Names without end for towns that use up all others: 康成二街, …, 康成三街, …"""
    return (f"{p}{chinese_number(k)}{kind}" for k in count(2) for p in pairs)
