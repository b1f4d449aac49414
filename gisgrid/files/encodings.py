"""In which encoding is this text written, and how sure is that?"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from charset_normalizer import from_bytes

from gisgrid.core.errors import Invalid

Sure = Literal["certain", "likely", "guess"]

SAMPLE_BYTES = 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Words and characters that nearly every register or address list holds, in both scripts.
_COMMON = frozenset(
    "的一是在了有不人大中上地市区县乡镇村街道路号栋楼室组巷弄里社网格户姓名住址电话手机身份证编码"
    "经纬度日期时间事件类型描述来源状态东西南北新华民生安平和城山河江海园小院门牌男女年月"
    "區縣鄉鎮號樓網戶證電話經緯東門園華"
)
_PUNCTUATION = frozenset("，。、；：？！（）《》“”—…")


@dataclass(frozen=True, slots=True)
class Encoding:
    name: str
    """Python's name: ``utf-8``, ``utf-8-sig``, ``gb18030``, ``big5hkscs``, ``utf-16``, …"""
    sure: Sure


def detect(blocks: Iterable[bytes]) -> Encoding:
    """The encoding of a text that comes in blocks; all of them are read.

    A byte order mark or valid UTF-8 from the first byte to the last is certain. Otherwise the
    first mebibyte decides between GB18030, Big5 and what charset-normalizer proposes: by how
    many of the decoded characters are common ones.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    sample = bytearray()
    is_utf8, is_ascii, bom = True, True, ""
    for block in blocks:
        if not sample:
            bom = next((name for mark, name in _BOMS if block.startswith(mark)), "")
        if len(sample) < SAMPLE_BYTES:
            sample += block[: SAMPLE_BYTES - len(sample)]
        # Where plain ASCII shows nothing, the sample must reach the first other byte.
        if is_ascii and not block.isascii():
            is_ascii = False
            sample += block[:SAMPLE_BYTES] if len(sample) >= SAMPLE_BYTES else b""
        if is_utf8:
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                is_utf8 = False
    if is_utf8:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            is_utf8 = False
    if bom:
        return Encoding(bom, "certain")
    if is_utf8:
        return Encoding("utf-8", "certain")
    return _judge(bytes(sample))


def check(name: str) -> str:
    """Python's name of an encoding that a person asked for.

    GBK and GB2312 are read as GB18030, Big5 as Big5-HKSCS, which hold them.

    >>> check("GBK"), check("big5"), check("UTF8")
    ('gb18030', 'big5hkscs', 'utf-8-sig')

    Raises Invalid for an unknown name.
    """
    try:
        found = codecs.lookup(name).name
    except LookupError as error:
        raise Invalid(
            "There is no encoding “{encoding}”; use utf-8, gb18030 or big5.", encoding=name
        ) from error
    wider = {"gbk": "gb18030", "gb2312": "gb18030", "big5": "big5hkscs", "cp950": "big5hkscs"}
    return "utf-8-sig" if found == "utf-8" else wider.get(found, found)


def misfits(sample: bytes, name: str) -> float:
    """Share of the foreign characters of the sample that ``name`` cannot decode."""
    text = sample.decode(name, errors="replace")[:-2]
    foreign = sum(not c.isascii() for c in text)
    return text.count("\ufffd") / foreign if foreign else 0.0


def _judge(sample: bytes) -> Encoding:
    if misfits(sample, "utf-8") < 0.02:
        # A damaged character or two in a file that else is UTF-8.
        return Encoding("utf-8", "likely")
    scores = {name: _score(sample, name) for name in ("gb18030", "big5hkscs")}
    best, other = sorted(scores, key=lambda name: (-scores[name], name))
    if scores[best] > 0.5:
        return Encoding(best, "likely" if scores[best] > 2 * scores[other] else "guess")
    # Little Chinese or none: a western list, which charset-normalizer knows better.
    proposed = from_bytes(sample[: 1 << 16], cp_exclusion=["utf_16", "utf_32"]).best()
    if proposed is not None and max(scores.values()) <= 0.1:
        name = codecs.lookup(proposed.encoding).name
        same = sample.decode("cp1252", "replace") == sample.decode(name, "replace")
        return Encoding("cp1252" if same else name, "guess")
    if scores[best] > 0.1:
        return Encoding(best, "guess")
    return Encoding("cp1252", "guess")


def _score(sample: bytes, name: str) -> float:
    """Evidence per foreign character: common ones 1, first-level ones a half, odd ones minus 1.

    0 if more than a few bytes do not decode at all.
    """
    if misfits(sample, name) > 0.002:
        return 0.0
    # The cut at the end of the sample may split one character.
    text = sample.decode(name, errors="replace")[:-2]
    foreign = [c for c in text if not c.isascii()]
    if not foreign:
        return 0.0
    return sum(map(_weight(name), foreign)) / len(foreign)


def _weight(name: str) -> Callable[[str], float]:
    def weight(c: str) -> float:
        if c in _COMMON or c in _PUNCTUATION:
            return 1.5
        if c == "\ufffd":
            return -1.0
        lead = c.encode(name)[0] if "\u4e00" <= c <= "\u9fff" else 0
        first_level = 0xB0 <= lead <= 0xD7 if name == "gb18030" else 0xA4 <= lead <= 0xC6
        if first_level:
            return 0.75
        return -0.5 if lead or "\ue000" <= c <= "\uf8ff" else 0.0

    return weight
