"""In which encoding a document is written: it says so in up to three places, and is sometimes wrong in all of them.

Belongs into a worker process, because detection takes its time.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress

import webencodings  # type: ignore[import-untyped]
from charset_normalizer import from_bytes

DETECTED_FROM = 64 * 1024  # bytes, from the beginning
MOST_MARKUP_AROUND = 1024  # bytes in which an XML declaration has to end

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What "<?" looks like where two bytes make a character, and nothing marks their order.
_UNMARKED = ((b"<\x00?\x00", "utf-16-le"), (b"\x00<\x00?", "utf-16-be"))
_ESCAPE = b"\x1b"  # no XML holds it, and ISO-2022-JP can't do without: it writes Japanese in plain ASCII
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:+-]{1,40})", re.IGNORECASE)
_PROLOG = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.:+-]{1,40})[\"']")
_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\?>")


def to_utf8(body: bytes, content_type: str | None) -> bytes:
    """Return a document in UTF-8, without a byte order mark and without an XML declaration.

    What it says of itself is tried in this order: byte order mark, Content-Type header, XML declaration, and then what
    its bytes look like. A name that is wrong, because the bytes can't be read so, is passed over. What is valid UTF-8
    beyond plain ASCII is UTF-8, whatever it says: no text in another encoding is that by accident, and servers that
    call everything iso-8859-1 are common. Bytes that can't be read at all are replaced. Encodings are those that
    browsers know (source: the WHATWG's Encoding Standard), so UTF-7 is none.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return _finished(body[len(mark) :].decode(encoding, "replace"))
    for pattern, encoding in _UNMARKED:
        if body.startswith(pattern):
            return _finished(body.decode(encoding, "replace"))
    if _ESCAPE not in body:
        with suppress(UnicodeDecodeError):
            return _finished(body.decode())
    for label in _labels(body, content_type):
        found = webencodings.lookup(label)
        if found is not None and found.name != "utf-8":
            try:
                return _finished(body.decode(found.codec_info.name))
            except UnicodeDecodeError:
                continue
    best = from_bytes(body[:DETECTED_FROM]).best()
    return _finished(body.decode(best.encoding if best else "utf-8", "replace"))


def _labels(body: bytes, content_type: str | None) -> Iterator[str]:
    header = _HEADER.search(content_type or "")
    if header:
        yield header[1]
    prolog = _PROLOG.match(body[:MOST_MARKUP_AROUND])
    if prolog:
        yield prolog[1].decode()


def _finished(text: str) -> bytes:
    """The text as UTF-8. Its declaration goes: it speaks of the encoding that was."""
    return _DECLARATION.sub(b"", text.encode("utf-8", "replace"), count=1)
