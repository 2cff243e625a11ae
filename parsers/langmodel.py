"""py3langid's model, read as a stream: no temporary file, which a parsing child may not write, and no second copy.

The file is an npz (a zip whose members are not compressed) inside xz. Its members are taken in the order they stand in:
39 MB of transitions, 28 MB of weights. py3langid's own loader unpacks all of it to a temporary file first.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from functools import cache
from typing import IO, Any

from kliping.errors import KlipingError

_MEMBER = struct.Struct("<4sHHHHHIIIHH")  # a zip member's local header: signature, ..., sizes of name and extra field
_STARTS, _SIZES_FOLLOW = b"PK\x03\x04", 0x08
_CHUNK = 1 << 20


late = True  # whether the first text that needs the model may load it: half a second and 90 MB


class ModelMissingError(KlipingError):
    """A text needs the model, which is not loaded and may not be."""


def identifier() -> Any:
    """The model. Raises ModelMissingError when it is not loaded and `late` is off."""
    if not late and not load.cache_info().currsize:
        raise ModelMissingError("the language model is not loaded")
    return load()


@cache
def load() -> Any:
    """Load the model, once. Imported here because it and numpy cost a start half a second."""
    import lzma

    import numpy
    from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier

    found: dict[str, Any] = {}
    with lzma.open(MODEL_DIR / MODEL_FILE) as stream:
        for name in _members(stream):
            found[name] = _integers(stream) if name.startswith("nextmove") else numpy.lib.format.read_array(stream)
    return LanguageIdentifier(
        found["ptc"],
        found["pc"],
        found["classes"].tolist(),
        found["nextmove"],
        found["out_feat"].tolist(),
        norm_probs=True,
        tk_row=found["nextmove_row"],
    )


def _members(stream: IO[bytes]) -> Iterator[str]:
    """The name of each array; what it yields is to be read to its end before the next. Raises ValueError."""
    while (header := stream.read(_MEMBER.size)).startswith(_STARTS):
        _, _, flags, method, _, _, _, _, _, name_size, extra_size = _MEMBER.unpack(header)
        if method or flags & _SIZES_FOLLOW:
            raise ValueError("the language model is packed in another way")
        name = stream.read(name_size).decode()
        stream.read(extra_size)
        yield name.removesuffix(".npy")


def _integers(stream: IO[bytes]) -> array[int]:
    """An array of unsigned integers as the standard library has them: indexing it gives plain ints, and fast."""
    from numpy.lib import format as npy

    npy.read_magic(stream)
    shape, _, kind = npy.read_array_header_1_0(stream)
    found = array({2: "H", 4: "I"}[kind.itemsize])
    left = kind.itemsize * shape[0]
    while left:
        chunk = stream.read(min(_CHUNK, left))
        if not chunk:
            raise ValueError("the language model ends early")
        found.frombytes(chunk)
        left -= len(chunk)
    return found
