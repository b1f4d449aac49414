"""Reads a vector tile, as far as tests need it: https://github.com/mapbox/vector-tile-spec (2.1)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Feature:
    id: int | None = None
    values: dict[str, Any] = field(default_factory=dict)
    points: list[tuple[int, int]] = field(default_factory=list)


def read(tile: bytes) -> dict[str, list[Feature]]:
    """Features by layer; points in tile coordinates, 0 to 4096 from the north-west."""
    return dict(_layer(body) for number, body in _fields(tile) if number == 3)


def _layer(data: bytes) -> tuple[str, list[Feature]]:
    name, keys, values, raw = "", [], [], []
    for number, body in _fields(data):
        if number == 1:
            name = body.decode()
        elif number == 2:
            raw.append(body)
        elif number == 3:
            keys.append(body.decode())
        elif number == 4:
            values.append(_value(body))
    return name, [_feature(body, keys, values) for body in raw]


def _feature(data: bytes, keys: list[str], values: list[Any]) -> Feature:
    feature = Feature()
    for number, body in _fields(data):
        if number == 1:
            feature.id = body
        elif number == 2:
            tags = list(_varints(body))
            feature.values = {
                keys[k]: values[v] for k, v in zip(tags[::2], tags[1::2], strict=True)
            }
        elif number == 4:
            feature.points = _points(list(_varints(body)))
    return feature


def _points(numbers: list[int]) -> list[tuple[int, int]]:
    found, i, x, y = [], 0, 0, 0
    while i < len(numbers):
        command, count = numbers[i] & 7, numbers[i] >> 3
        i += 1
        for _ in range(count if command != 7 else 0):
            dx, dy = ((n >> 1) ^ -(n & 1) for n in numbers[i : i + 2])
            x, y, i = x + dx, y + dy, i + 2
            found.append((x, y))
    return found


def _value(data: bytes) -> Any:
    ((number, body),) = _fields(data)
    if number == 1:
        return body.decode()
    if number in (2, 3):
        return struct.unpack("<f" if number == 2 else "<d", body)[0]
    return (body >> 1) ^ -(body & 1) if number == 6 else body


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    i = 0
    while i < len(data):
        key, i = _varint(data, i)
        kind = key & 7
        if kind == 0:
            value, i = _varint(data, i)
            yield key >> 3, value
        else:
            size, i = _varint(data, i) if kind == 2 else ({1: 8, 5: 4}[kind], i)
            yield key >> 3, data[i : i + size]
            i += size


def _varints(data: bytes) -> Iterator[int]:
    i = 0
    while i < len(data):
        value, i = _varint(data, i)
        yield value


def _varint(data: bytes, i: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[i] & 0x7F) << shift
        shift, i = shift + 7, i + 1
        if not data[i - 1] & 0x80:
            return value, i
