"""Text from outside, made safe to show: no markup, no characters that hide or reorder, never too long.

Everything here takes time in proportion to its input. Lengths are counted as Discord's clients count them,
in UTF-16 code units (an emoji is two), so a text that fits here fits there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import pairwise

from lxml import etree

ELLIPSIS = "…"

LONGEST_MARKUP = 100_000
"""How many characters of one piece of markup are read; what we show of it is a hundredth of that."""

# Characters nobody sees: controls, format characters (bidi overrides and marks, zero-width ones, tags), fillers,
# surrogates, private use and noncharacters. They hide text, reorder it, or smuggle some past a reader.
# White space and U+200D, U+FE0E and U+FE0F are dealt with below.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\uf8ff\ufdd0-\ufdef"
    "\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U0001fffe\U0001ffff\U000e0000-\U0010ffff]"
)
_UNSEEN_ASCII = dict.fromkeys(code for code in range(128) if _UNSEEN.match(chr(code)))
_PICTURES = "\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
# A variation selector belongs to the sign before it, a joiner between two of an emoji sequence. Elsewhere they hide.
_LOST_SELECTOR = re.compile(f"(?<![#*0-9\xa9\xae\u203c\u2049\u2122\u2139{_PICTURES}])[\ufe0e\ufe0f]")
_LOST_JOINER = re.compile(f"(?<![\ufe0f{_PICTURES}])\u200d|\u200d(?![{_PICTURES}])")
# Stacked accents paint over the lines around them. No language needs more than four on one letter.
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_STACK = re.compile(f"([{_MARKS}]{{4}})[{_MARKS}]+")
# What any of these could find something in.
_ODD = re.compile(f"{_UNSEEN.pattern[:-1]}\ufe0e\ufe0f\u200d{_MARKS}]")

_FLAG_HALVES = "".join(map(chr, range(0x1F1E6, 0x1F200)))

_SENTENCE_END = re.compile(r"(?<![.!?…؟۔।])[.!?…؟۔।]++[\"'”’»)\]]*+(?=\s)|[。！？]++[」』”’）]*+")
# A dot after one of these ends no sentence; neither does one after a single letter, as in "U.S." and "e.g.".
_ABBREVIATIONS = frozenset({
    "al", "approx", "ca", "co", "col", "corp", "dept", "dr", "est", "etc", "fig", "gen", "gov", "hon", "inc",
    "jr", "lt", "ltd", "mr", "mrs", "ms", "mt", "prof", "rep", "resp", "rev", "sen", "sr", "st",
    "vol", "vs", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
})  # fmt: skip
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘]*$")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")

# A picture or a block's border parts two words; what is inside the silent ones is nothing to read.
_BREAKING = frozenset({
    "address", "article", "aside", "blockquote", "br", "caption", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
    "img", "input", "legend", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody",
    "td", "tfoot", "th", "thead", "title", "tr", "ul",
})  # fmt: skip
_SILENT = frozenset({
    "applet", "audio", "canvas", "embed", "frame", "iframe", "math", "noembed", "object", "script", "select",
    "style", "svg", "template", "video",
})  # fmt: skip

# Where paragraphs end. Two breaks in a row are an empty line; one, like a cell of a table, only parts words.
_BORDERS = {
    **dict.fromkeys(_BREAKING, "\n\n"),
    **dict.fromkeys(("img", "input", "legend", "td", "th"), " "),
    "br": "\r",
}
_BORDER = re.compile(r"\n[^\S\n]*\n\s*|\r\s*\r\s*")


def clean(text: str) -> str:
    """Take the characters away that hide or reorder text, and make each run of white space one space.

    For text that is no markup: what an admin typed, a plain title. Cleaning twice changes nothing more.
    """
    spaced = " ".join(text.split())
    if not _ODD.search(spaced):  # as in most texts; then nothing below would find anything either
        return spaced
    text = _UNSEEN.sub("", text)
    text = _LOST_SELECTOR.sub("", text)
    text = _LOST_JOINER.sub("", text)
    text = _STACK.sub(r"\1", text)
    return " ".join(text.split())


def plain(html: str, limit: int) -> str:
    """Read HTML, or text, as safe plain text of one line and at most ``limit`` UTF-16 code units.

    Tags, comments, scripts and styles go, entities become their characters. Of very long markup only the
    first LONGEST_MARKUP characters are read.
    """
    return shorten(clean(_words_of(html, dict.fromkeys(_BREAKING, " "))), limit)


def paragraphs(html: str, most: int, limit: int) -> tuple[str, ...]:
    """Read HTML, or text, as paragraphs of safe plain text: at most ``most``, and ``limit`` characters in all.

    What a browser sets apart is a paragraph of its own: headings, items of lists, rows of tables, code, what follows an
    empty line. The last one may be cut. Markup is read as far as ``plain`` reads it.
    """
    found: list[str] = []
    for piece in _BORDER.split(_words_of(html, _BORDERS)):
        text = clean(piece)
        if len(text) > limit:
            found.append(shorten(text, limit))
            break
        if text:
            found.append(text)
            limit -= len(text)
        if len(found) == most:
            break
    return tuple(paragraph for paragraph in found if paragraph.strip(ELLIPSIS))


def _words_of(html: str, borders: Mapping[str, str]) -> str:
    """The words of HTML, with what stands for them in ``borders`` where such an element begins and ends."""
    was_cut = len(html) > LONGEST_MARKUP
    html = html[:LONGEST_MARKUP]
    html = html.translate(_UNSEEN_ASCII) if html.isascii() else _UNSEEN.sub("", html)
    # A "<" that nothing closes would swallow the rest as a tag. It is a less-than sign, unless our own cut opened it.
    opened = html.rfind("<")
    if opened > html.rfind(">"):
        html = html[:opened] if was_cut else f"{html[:opened]}&lt;{html[opened + 1 :]}"
    if "<" not in html and "&" not in html:
        return html
    words = _Words(borders)
    parser = etree.HTMLParser(target=words, no_network=True)
    parser.feed(html)
    parser.close()
    return "".join(words.pieces)


class _Words:
    """Collects the words of a page while lxml reads it."""

    def __init__(self, borders: Mapping[str, str]) -> None:
        self.borders = borders
        self.pieces: list[str] = []
        self.silent = 0

    def start(self, tag: str | bytes, attrib: object) -> None:
        self.silent += tag in _SILENT
        if border := self.borders.get(str(tag)):
            self.pieces.append(border)

    def end(self, tag: str | bytes) -> None:
        self.silent -= tag in _SILENT
        if tag != "br" and (border := self.borders.get(str(tag))):
            self.pieces.append(border)

    def data(self, data: str | bytes) -> None:
        if not self.silent:
            self.pieces.append(str(data))

    def comment(self, text: str | bytes) -> None:
        """Comments are not for readers."""

    def close(self) -> None:
        """Nothing is held back until the end."""


def row_number(text: str) -> int | None:
    """Read the id of a row, at most 18 digits, which every database holds; None for any other text."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def listed(parts: Sequence[str]) -> str:
    """Join parts (one or more) as a sentence does: "one", "one and two", "one, two and three"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """The number with its noun: "1 feed", "2 feeds", "2 stories"."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def length(text: str) -> int:
    """Count as Discord's clients do: in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def shorten(text: str, limit: int) -> str:
    """Cut a text to at most ``limit`` UTF-16 code units: after a sentence or a word, marked with "…".

    Never splits a character from its accents or an emoji from its parts. A text that fits stays as it is.
    """
    if length(text) <= limit:
        return text
    if limit < 1:
        return ""
    whole = _fitting(text, limit - 1)
    # Back to the last word's end, unless that costs more than half: some languages write without spaces.
    end = len(whole)
    if not text[end].isspace():
        end = max((at for at, character in enumerate(whole) if character.isspace()), default=0)
    kept = whole[:end] if 2 * end >= len(whole) else whole
    return kept.rstrip(" \t\r\n\v\f.,;:–—-…") + ELLIPSIS


def _fitting(text: str, limit: int) -> str:
    """The longest beginning of ``text`` within ``limit`` code units that ends between two visible characters."""
    units = end = 0
    for character in text:
        units += 2 if character > "\uffff" else 1
        if units > limit:
            break
        end += 1
    while end and _belongs_together(text, end):
        end -= 1
    return text[:end]


def _belongs_together(text: str, at: int) -> bool:
    """Whether a cut before ``text[at]`` would go through one visible character (an approximation of UAX #29)."""
    if at >= len(text):
        return False
    before, after = text[at - 1], text[at]
    if after == "\u200d" or before == "\u200d" or "\U0001f3fb" <= after <= "\U0001f3ff":
        return True
    if before in _FLAG_HALVES and after in _FLAG_HALVES:
        return (len(text[:at]) - len(text[:at].rstrip(_FLAG_HALVES))) % 2 == 1
    return unicodedata.category(after).startswith("M")


def sentences(text: str, most: int, limit: int) -> str:
    """Take the first sentences, ``most`` of them and at most ``limit`` code units; if none fits, cut the first."""
    ends = []
    for match in _SENTENCE_END.finditer(text):
        if _ends_sentence(text, match):
            ends.append(match.end())
        if len(ends) == most:
            break
    else:
        ends.append(len(text))
    for end in reversed(ends):
        if length(text[:end]) <= limit:
            return text[:end].strip()
    return shorten(text, limit)


def split_sentences(text: str) -> list[str]:
    """Split a text at the ends of its sentences. Joined by spaces they are the text, but for its white space."""
    starts = [0, *(match.end() for match in _SENTENCE_END.finditer(text) if _ends_sentence(text, match)), len(text)]
    pieces = (text[start:end].strip() for start, end in pairwise(starts))
    return [piece for piece in pieces if piece]


def _ends_sentence(text: str, end: re.Match[str]) -> bool:
    """Whether these marks close a sentence; a single dot may also belong to an abbreviation or to initials."""
    if not end[0].startswith("."):
        return True
    if text[end.end() : end.end() + 2].strip()[:1].islower():
        return False
    if end[0].startswith(".."):
        return True
    last_word = _LAST_WORD.search(text[max(0, end.start() - 20) : end.start()])
    word = last_word[0] if last_word else ""
    return not _INITIALS.fullmatch(word) and word.lower() not in _ABBREVIATIONS
