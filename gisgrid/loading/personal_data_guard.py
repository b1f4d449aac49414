"""Does this file bring personal data that nobody declared a purpose for?

A column that no target takes is not stored, but a file that holds the telephones of people should
not lie about either: the load is refused until the column is taken out or left out by name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gisgrid.core.codes import citizen_id_faults
from gisgrid.core.errors import Invalid
from gisgrid.core.heavy import pandas as pd
from gisgrid.core.messages import message, say
from gisgrid.files.columns import Resolved
from gisgrid.files.vocabulary import HEADERS, NAME_HEADERS
from gisgrid.files.words import plain


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of personal data, as a person calls it."""

    en: str


CITIZEN_ID = Sort(say("citizen IDs"))
PHONE = Sort(say("telephones or addresses of mail"))
NAME = Sort(say("names of people"))
PERSON = Sort(say("data on people"))

ID_SHARE, PHONE_SHARE, NAME_SHARE = 0.01, 0.5, 0.8
"""From this share of the filled cells on, a column counts as holding that sort."""
MANY_NAMES = 20
"""Fewer different words may be a list of kinds; names of people differ."""
SPREAD = 1000
"""So many cells of a chunk, evenly spread, show whether a column holds telephones or names."""

_WORDS: tuple[tuple[Sort, re.Pattern[str]], ...] = (
    (CITIZEN_ID, re.compile("身份证|身分證|身份號|公民身份|护照|護照|证件号|citizenid|passport|^ssn$|idcard")),
    (
        PHONE,
        re.compile(
            "电话|電話|手机|手機|联系方式|聯絡|邮箱|郵箱|微信|qq号|phone|^mobile|email|wechat|^tel$|^qq$"
        ),
    ),
    (
        NAME,
        re.compile(
            "姓名|联系人|聯絡人|户主$|戶主$|业主$|業主$|房主$|房东$|租客$|租户$|承租人|报案人|举报人|投诉人|"
            "反映人|申请人|责任人$|负责人$|監護人|监护人|^owners?$|^ownername$|^tenant$|^contact$|"
            "^(first|last|full|sur|family|given|contact|person)name$|^reporter"
        ),
    ),
    (
        PERSON,
        re.compile(
            "民族|宗教|政治面貌|婚姻|银行卡|銀行|车牌|車牌|病史|指纹|人脸|出生|生日|血型|学历|"
            "^religion$|^ethnic|^race$|^marital|birth|^dob$|fingerprint"
        ),
    ),
)  # fmt: skip
# What any kind takes of people; a kind that has no such column must not be sent it.
_FIELDS = {
    **dict.fromkeys(HEADERS["citizen_id"], CITIZEN_ID),
    **dict.fromkeys(HEADERS["phone"], PHONE),
    **dict.fromkeys((*NAME_HEADERS["residents"], *NAME_HEADERS["staff"]), NAME),
    **dict.fromkeys((*HEADERS["birth_date"], *HEADERS["needs"], *HEADERS["sex"]), PERSON),
}

_ID = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?:\+?86[- ]?)?1[3-9]\d{9}(?:\.0)?|0\d{2,3}[- ]\d{7,8}", re.ASCII)
# The hundred most frequent family names of the census; they are borne by five of six people.
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁"
    "任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武"
    "張劉陳楊黃趙吳孫馬羅鄭謝許韓馮鄧葉蘇呂盧鍾譚陸"
)
_CHINESE = re.compile(f"[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}")
_PLACE = re.compile("[路街巷村里镇鄉乡区區县縣市省局站科所院校室组隊队店厂楼幢号號园園桥]$")


def refuse_personal_headers(resolved: Resolved) -> None:
    """Raise Invalid if the header of a column that nobody takes says that it is about people."""
    found = {h: sort for h in resolved.unused if (sort := sort_of_header(h))}
    if found:
        raise _refusal(resolved, found)


def refuse_personal_cells(resolved: Resolved, chunk: pd.DataFrame) -> None:
    """Raise Invalid if what stands in a column that nobody takes looks like people's data."""
    found = {h: sort for h in resolved.unused if (sort := sort_of_cells(chunk[h].to_numpy()))}
    if found:
        raise _refusal(resolved, found)


def sort_of_header(header: str) -> Sort | None:
    """What a header says its column holds of people; None: nothing.

    >>> sort_of_header("联系电话（手机）").en, sort_of_header("DEPARTMENT")
    ('telephones or addresses of mail', None)
    """
    word = plain(header)
    if word in _FIELDS:
        return _FIELDS[word]
    return next((sort for sort, pattern in _WORDS if pattern.search(word)), None)


def sort_of_cells(cells: Sequence[str | None] | np.ndarray) -> Sort | None:
    """What a column of text cells holds of people, by its looks; None: nothing.

    A citizen ID counts with a real day of birth and the right check digit only, so that a column of
    case numbers is none.
    """
    filled = [c.strip() for c in cells if c and not c.isspace()]
    if not filled:
        return None
    ids = _ID.findall("\n".join(filled))
    if ids:
        form, birth, check = citizen_id_faults(ids)
        if int((~(form | birth | check)).sum()) >= max(1.0, ID_SHARE * len(filled)):
            return CITIZEN_ID
    spread = filled[:: 1 + len(filled) // SPREAD]
    if sum(map(bool, map(_MOBILE.fullmatch, spread))) >= PHONE_SHARE * len(spread):
        return PHONE
    names = [c for c in spread if _CHINESE.fullmatch(c) and not _PLACE.search(c)]
    if len(names) >= NAME_SHARE * len(spread) and len(set(names)) >= MANY_NAMES:
        return NAME
    return None


def _refusal(resolved: Resolved, found: dict[str, Sort]) -> Invalid:
    leave = " ".join(f"--ignore '{header}'" for header in found)
    return Invalid(
        "The file holds personal data that no purpose is declared for: {found}. {kind} take no such column. "
        "Ask "
        "the sender for the file without it.",
        hint=say("Or leave it out: {leave}"),
        found=[
            message("“{header}” ({sort})", header=h, sort=message(sort.en))
            for h, sort in found.items()
        ],
        leave=leave,
        kind=resolved.kind.name,
        columns=list(found),
    )
