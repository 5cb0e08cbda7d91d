"""Cutting a document into its items without reading it: what is known by its bytes need not be read again.

Feedparser takes a hundred times as long as a look at the bytes. So an item whose very bytes were remembered is cut out
before the document is parsed. That only ever skips work: whether an article is new is decided by its keys, and those
are always feedparser's.

Pure, and linear in the size of the document, whatever is in it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from hashlib import blake2b

FINGERPRINT_BYTES = 8

_TAG = re.compile(rb"<(?:(!--)|(!\[CDATA\[)|(\?)|(!DOCTYPE)|(/?)((?:[\w.-]{1,40}:)?(?:item|entry))(?=[\s/>]))")
_ENDS = {1: b"-->", 2: b"]]>", 3: b"?>"}


def cut(data: bytes) -> list[tuple[int, int]] | None:
    """Return where each item of an RSS, RDF or Atom document in UTF-8 begins and ends, from top to bottom.

    None wherever that can't be told for certain: items within items, one that isn't closed, a declaration that could
    hold anything, or no item at all.
    """
    items: list[tuple[int, int]] = []
    opened: tuple[int, bytes] | None = None
    position = 0
    while (tag := _TAG.search(data, position)) is not None:
        if tag.lastindex in _ENDS:
            end = data.find(_ENDS[tag.lastindex], tag.end())
            if end < 0:
                return None
            position = end + len(_ENDS[tag.lastindex])
            continue
        if tag[4]:
            return None
        end = data.find(b">", tag.end())
        if end < 0:
            return None
        position = end + 1
        name = tag[6]
        if tag[5]:
            if opened is None or opened[1] != name:
                return None
            items.append((opened[0], position))
            opened = None
        elif opened is not None:
            return None
        elif data[end - 1] == ord("/"):
            items.append((tag.start(), position))
        else:
            opened = (tag.start(), name)
    return items if items and opened is None else None


def most_items(data: bytes) -> int:
    """Return how many items feedparser can find in a document at most, whether it cuts or not.

    More are counted where a prefix stands before their name, or where a text speaks of items.
    """
    small = data.lower()
    return sum(small.count(opening) for opening in (b"<item", b":item", b"<entry", b":entry"))


def fingerprint(item: bytes) -> bytes:
    """Name an item by its bytes, in FINGERPRINT_BYTES of them."""
    return blake2b(item, digest_size=FINGERPRINT_BYTES).digest()


def split(fingerprints: bytes | None) -> frozenset[bytes]:
    """Take joined fingerprints apart."""
    joined = fingerprints or b""
    return frozenset(joined[i : i + FINGERPRINT_BYTES] for i in range(0, len(joined), FINGERPRINT_BYTES))


def without(data: bytes, items: Sequence[tuple[int, int]], left_out: Collection[int]) -> bytes:
    """Return a document without some of its items, which are named by their places in ``items``."""
    kept: list[bytes] = []
    position = 0
    for place in sorted(left_out):
        start, end = items[place]
        kept.append(data[position:start])
        position = end
    kept.append(data[position:])
    return b"".join(kept)
