"""The file of a locator: one header, then its arrays, ready to be mapped into memory.

Layout: 8 bytes of magic; length of the header, its CRC-32, its text (JSON); arrays, each at a
multiple of 64 bytes. The header gives every array's name, type, shape, place and checksum, and the
length of the whole file. All numbers are little-endian.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import sys
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gisgrid.core.errors import Invalid
from gisgrid.core.messages import Message, message
from gisgrid.locate.kernels.checksum import checksum

MAGIC = b"GISGLOC1"
PREFIX = struct.Struct("<8sII")
ALIGN = 64


def write(path: Path, facts: Mapping[str, object], arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write ``arrays`` and JSON-able ``facts`` to ``path``, at once or not at all."""
    if sys.byteorder != "little":
        raise Invalid("Locator files are little-endian; this machine is not.")
    entries, place = [], 0
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    for name, array in contiguous.items():
        entries.append(
            {
                "name": name,
                "type": array.dtype.str,
                "shape": array.shape,
                "place": place,
                "sum": int(checksum(array.reshape(-1).view(np.uint8))),
            }
        )
        place += -(-array.nbytes // ALIGN) * ALIGN
    text = json.dumps({"facts": facts, "arrays": entries, "body": place}).encode()
    body = -(-(PREFIX.size + len(text)) // ALIGN) * ALIGN
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(PREFIX.pack(MAGIC, len(text), zlib.crc32(text)))
            file.write(text)
            for entry, array in zip(entries, contiguous.values(), strict=True):
                file.seek(body + int(str(entry["place"])))
                file.write(array.reshape(-1).view(np.uint8).data)
            file.truncate(body + place)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read(path: Path, *, verify: bool) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Facts and memory-mapped arrays of a file that ``write`` made.

    Parameters
    ----------
    verify
        Check every byte, which takes a second for every 10 GB or so once the file is in memory;
        otherwise header and length only.

    Raises
    ------
    Invalid
        If the file is not one of ours, of another version, cut short, or damaged.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        prefix = file.read(PREFIX.size)
        if len(prefix) < PREFIX.size or prefix[: len(MAGIC)] != MAGIC:
            raise _refused(
                path,
                "foreign",
                message("is not a locator file of this version"),
            )
        _, length, crc = PREFIX.unpack(prefix)
        text = file.read(length) if length <= size else b""
        if len(text) < length or zlib.crc32(text) != crc:
            raise _damaged(path)
        header = json.loads(text)
        body = -(-(PREFIX.size + length) // ALIGN) * ALIGN
        if size != body + header["body"]:
            raise _damaged(path)
        # A private map: writable for numpy's types, but no write ever reaches the file.
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    arrays = {}
    for entry in header["arrays"]:
        dtype = np.dtype(entry["type"])
        count = int(np.prod(entry["shape"], dtype=np.int64))
        array = np.frombuffer(mapped, dtype, count, body + entry["place"])
        if verify and checksum(array.view(np.uint8)) != entry["sum"]:
            raise _damaged(path)
        arrays[entry["name"]] = array.reshape(entry["shape"])
    return header["facts"], arrays


def _damaged(path: Path) -> Invalid:
    return _refused(path, "damaged", message("is damaged or cut short"))


def _refused(path: Path, why: str, what: Message) -> Invalid:
    return Invalid("{file} {what}; build the locator again.", file=path.name, what=what, why=why)
