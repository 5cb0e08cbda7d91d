"""What an article says of its story: its words, and the facts by which one event is told from the next.

Versions, parties, amounts and events are found by the lists in ``grouping.toml``. Pure, and made for hostile text:
what is read is bounded, and takes time in proportion to its length.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise
from sys import intern
from typing import Any, TypeVar

from newsroom.text import sentences

T = TypeVar("T")

TITLE_WEIGHT = 1.5

LONGEST_READ = 500

LATELY_READ = 2_048
"""So many readings are kept for who asks again: more than the largest batch has, which is read before it is written."""

MOST_TERMS = 48
MOST_MENTIONS = 6
"""As many versions of one text count; a headline names one or two."""

# Scripts that write without spaces: kana, Han, Hangul.
_UNSPACED = "\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_PIECE = re.compile(
    rf"(?P<run>[{_UNSPACED}]+)|(?P<number>\d+(?:[.,]\d+)*)|(?P<word>[^\W\d_{_UNSPACED}]+)",
)
_UNITS = {
    "k": 1e3, "thousand": 1e3, "tausend": 1e3, "mille": 1e3, "万": 1e4,
    "m": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6, "millions": 1e6, "millionen": 1e6, "millones": 1e6, "亿": 1e8,
    "億": 1e8, "b": 1e9, "bn": 1e9, "mrd": 1e9, "billion": 1e9, "billions": 1e9, "milliarde": 1e9, "milliarden": 1e9,
    "milliard": 1e9, "milliards": 1e9, "t": 1e12, "tn": 1e12, "trillion": 1e12, "trillions": 1e12,
}  # fmt: skip
_LONG_UNITS = "|".join(sorted((unit for unit in _UNITS if len(unit) > 1 or not unit.isascii()), key=len, reverse=True))
_FIGURE = r"(?<![\d.,])(?P<figure>\d{1,12}(?:[.,]\d{1,3}){0,4})"
_SIGN = r"[$€£¥₩₹]"
_AMOUNTS = (
    re.compile(rf"(?P<sign>{_SIGN})\s?{_FIGURE}(?:[\s-]?(?P<unit>{_LONG_UNITS}|[kmbt])(?![a-z]))?", re.IGNORECASE),
    re.compile(
        rf"{_FIGURE}[\s-]?(?P<unit>{_LONG_UNITS})(?![a-z])\.?"
        rf"(?:\s?(?P<sign>{_SIGN}|dollars?|euros?|pounds?|yuan|yen|rupees|usd|eur|gbp|美元|欧元|元|ドル|円|달러)(?![a-z]))?",
        re.IGNORECASE,
    ),
    re.compile(
        rf"{_FIGURE}\s?(?P<unit>)(?P<sign>€|dollars?|euros?|pounds?|yuan|usd|eur|gbp|美元|欧元|元|ドル|円)(?![a-z])",
        re.IGNORECASE,
    ),
)

_HYPHENS = frozenset("-‐‑–.")
_MEASURES = frozenset(
    ["b", "m", "k", "x", "bn", "tn", "mb", "gb", "tb", "kw", "mw", "gw", "nm", "mm", "cm", "km", "kg"]
)


@dataclass(frozen=True, slots=True)
class Telling:
    """What one article says of its story; title and summary are plain text and may be empty.

    ``source`` tells publishers apart: the host of the article, or its feed. ``at`` is when it was published, or found
    if that can't be believed. ``story_id`` is None while the article has no story.
    """

    article_id: int
    story_id: int | None
    source: str
    title: str
    summary: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Mention:
    """A version: ("claude", "6", {"opus"}). ``series`` is empty where a number stands for itself, as in "v0.15.1".

    ``number`` is empty where only a variant is named: "Gemini Flash".
    """

    series: str
    number: str
    variants: frozenset[str]

    def __str__(self) -> str:
        return " ".join(filter(None, [self.series, self.number, *sorted(self.variants)]))


@dataclass(frozen=True, slots=True)
class Said:
    """What a text says, besides its words.

    ``parties`` are those of the lists, ``names`` the terms that look like others. ``amounts`` are of money. ``apart``
    are actions that keep a text from all that don't speak of them.
    """

    mentions: frozenset[Mention]
    parties: frozenset[str]
    names: frozenset[str]
    amounts: frozenset[str]
    events: frozenset[str]
    apart: frozenset[str]
    is_paper: bool
    is_roundup: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """``whole`` is of title and first sentence together.

    ``mentions`` and ``events`` are those of the title, and those of the sentence where the title leaves them open.
    ``follow_ups`` are the events of the title that follow on others.
    """

    title: Said
    whole: Said
    mentions: frozenset[Mention]
    events: frozenset[str]
    follow_ups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """``terms`` count with the weight of their place."""

    terms: Mapping[str, float]
    facts: Facts


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Stems in their order; ``kind`` is the section of the list, ``name`` what it stands for."""

    kind: str
    name: str
    stems: tuple[str, ...]

    @property
    def is_fold(self) -> bool:
        """Whether its words count as one term, its name."""
        return self.kind in ("events", "folds")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word, a number, or a run of letters without spaces, as it stands in the text."""

    kind: str
    text: str
    stem: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Lists:
    """``by_stem`` are patterns by their first stem, the longest first; ``by_letters`` those of unspaced scripts."""

    by_stem: Mapping[str, Sequence[_Pattern]]
    by_letters: Mapping[str, Sequence[_Pattern]]
    in_runs: re.Pattern[str]
    families: Set[str]
    short: Mapping[str, str]
    variants: Set[str]
    follow_ups: frozenset[str]
    stop: Set[str]


@lru_cache(LATELY_READ)
def read(title: str, summary: str) -> Reading:
    """Read a headline and the summary's first sentence: LONGEST_READ characters of each, MOST_TERMS terms in all.

    It takes about a millisecond, but for what was read just before.
    """
    in_title, in_sentence = _Reader(title), _Reader(sentences(summary[:LONGEST_READ], 1, LONGEST_READ))
    terms: dict[str, float] = {}
    for reader, weight in ((in_title, TITLE_WEIGHT), (in_sentence, 1.0)):
        for term in reader.terms:
            if term in terms or len(terms) < MOST_TERMS:
                term = intern(term)
                terms[term] = terms.get(term, 0) + weight
    first, second = in_title.said(), in_sentence.said()
    whole = Said(
        mentions=_both(first.mentions, second.mentions),
        parties=_both(first.parties, second.parties),
        names=_both(first.names, second.names),
        amounts=_both(first.amounts, second.amounts),
        events=_both(first.events, second.events),
        apart=_both(first.apart, second.apart),
        is_paper=first.is_paper or second.is_paper,
        is_roundup=first.is_roundup or second.is_roundup,
    )
    named = {mention.series for mention in first.mentions}
    facts = Facts(
        title=first,
        whole=whole,
        mentions=_both(first.mentions, frozenset(each for each in second.mentions if each.series not in named)),
        events=first.events or second.events,
        follow_ups=first.events & _lists().follow_ups,
    )
    return Reading(terms, facts)


def _both(first: frozenset[T], second: frozenset[T]) -> frozenset[T]:
    """Both together; no new set where one is empty, because thousands of them are kept."""
    return first | second if first and second else first or second


class _Reader:
    """Reads one text from left to right, and collects what it says."""

    def __init__(self, text: str) -> None:
        self.text = unicodedata.normalize("NFKC", text[:LONGEST_READ])[:LONGEST_READ]
        self.terms: dict[str, None] = {}
        self.mentions: set[Mention] = set()
        self.amounts: set[str] = set()
        self.found: dict[str, set[str]] = {}
        for pattern in _AMOUNTS:
            self.text = pattern.sub(self._read_amount, self.text)
        self.pieces = [
            _Piece(kind, match[0], stem(match[0]) if kind == "word" else match[0], match.start(), match.end())
            for match in _PIECE.finditer(self.text)
            if (kind := match.lastgroup)
        ]
        self.in_party: set[int] = set()
        self.folded: set[int] = set()
        for at in range(len(self.pieces)):
            self._read_patterns(at)
        at = 0
        while at < len(self.pieces):
            at = self._read_version(at) or self._read_piece(at)

    def said(self) -> Said:
        """What was found, besides the terms."""
        return Said(
            mentions=frozenset(self.mentions),
            parties=frozenset(self.found.get("parties", ())),
            names=frozenset(self._names()),
            amounts=frozenset(self.amounts),
            events=frozenset(self.found.get("events", ())),
            apart=frozenset(self.found.get("apart", ())),
            is_paper="paper" in self.found,
            is_roundup="roundup" in self.found,
        )

    def _names(self) -> Iterator[str]:
        """The terms that are written like names and are no party's.

        A capital letter tells that only inside a sentence, and not Where Every Word Has One.
        """
        words = [(at, piece) for at, piece in enumerate(self.pieces) if piece.kind == "word" and len(piece.text) > 2]
        capital = [(at, piece) for at, piece in words if piece.text[0].isupper()]
        if 2 * len(capital) > len(words):
            return
        for at, piece in capital:
            before = self.text[: piece.start].rstrip(" \"'“‘(")
            if before and before[-1] not in ".:!?–—" and piece.stem in self.terms and at not in self.in_party:
                yield piece.stem

    def _read_amount(self, match: re.Match[str]) -> str:
        figure = re.sub(r",(?=\d{3}(?!\d))", "", match["figure"]).replace(",", ".")
        if figure.count(".") > 1:
            return match[0]
        value = f"{float(figure) * _UNITS.get((match['unit'] or '').lower(), 1):.3g}"
        if match["sign"]:
            self.amounts.add(value)
        self.terms[f"={value}"] = None
        return " " * len(match[0])

    def _read_patterns(self, at: int) -> None:
        """Find the patterns of the lists that begin here, the longest first; the first fold or event is the term."""
        piece = self.pieces[at]
        if piece.kind == "run":
            for match in _lists().in_runs.finditer(piece.text):
                for pattern in _lists().by_letters[match[0]]:
                    self._note(pattern, is_free=True)
            return
        is_free = at not in self.folded
        for pattern in _lists().by_stem.get(piece.stem, ()):
            places = range(at, at + len(pattern.stems))
            if not self._stands_at(pattern, at):
                continue
            if pattern.kind == "parties":
                if piece.text.islower() and piece.text.isascii():
                    continue
                self.in_party.update(places)
            self._note(pattern, is_free=is_free)
            if pattern.is_fold:
                is_free = False
                self.folded.update(places)

    def _stands_at(self, pattern: _Pattern, at: int) -> bool:
        pieces = self.pieces[at : at + len(pattern.stems)]
        return tuple(piece.stem for piece in pieces) == pattern.stems and all(
            after.start - before.end <= 2 for before, after in pairwise(pieces)
        )

    def _note(self, pattern: _Pattern, *, is_free: bool) -> None:
        self.found.setdefault(pattern.kind, set()).add(pattern.name)
        if is_free and pattern.is_fold:
            self.terms[pattern.name] = None

    def _read_piece(self, at: int) -> int:
        """Count a piece as a term, unless a pattern has folded it; return where the next one is."""
        piece = self.pieces[at]
        if piece.kind == "number":
            return self._read_number(at)
        if at not in self.folded:
            if piece.kind == "run":
                self.terms |= dict.fromkeys(map("".join, pairwise(piece.text)))
            elif len(piece.text) > 1 and piece.text.lower() not in _lists().stop:
                self.terms[piece.stem] = None
        return at + 1

    def _read_number(self, at: int) -> int:
        """Count a number with the letters or the % behind it. Years and single digits tell nothing."""
        piece, unit = self.pieces[at], self._glued(at)
        after = unit.text if unit else self.text[piece.end : piece.end + 1].strip(" ,.;:!?)")
        text = piece.text + (after if unit or after == "%" else "")
        if len(text) > 1 and not _is_year(text):
            self.terms[text.lower().replace(",", "")] = None
        return at + 1 + bool(unit)

    def _read_version(self, at: int) -> int | None:
        """Read a name with its version and variants; return where the next piece is, or None if none stands here."""
        if self.pieces[at].kind != "word":
            return None
        lists = _lists()
        name = self.pieces[at].text.lower()
        series = lists.short.get(name, name)
        variants = {name} if name in lists.short else set()
        end = at + 1
        if series in lists.families:
            end = self._read_variants(end, variants)
        number = self._version(end, series in lists.families)
        if number:
            end = self._read_variants(end + 1 + bool(self._glued(end)), variants)
        elif not variants:
            return None
        if name == "v":
            series = self._owner(at)
        if len(self.mentions) < MOST_MENTIONS:
            self.mentions.add(Mention(series, number, frozenset(variants)))
        if number and series:
            self.terms[f"{series}-{number}"] = None
        if name == "v" and "." not in number:
            # "v0.15.1" by itself may be a version of anything, "V5" hardly.
            self.terms[f"v-{number}"] = None
        self.terms |= dict.fromkeys(term for term in (series, *sorted(variants)) if len(term) > 2)
        return end

    def _version(self, at: int, is_family: bool) -> str:
        """The version that stands here, behind a name; empty if none does.

        It hangs on the name ("Qwen4", "GPT-5.1"), or the name is in the list ("Llama 4"), or it is plainly one
        ("PyTorch 2.14").
        """
        if at >= len(self.pieces) or self.pieces[at].kind != "number":
            return ""
        number, gap, unit = self.pieces[at].text, self._gap(at - 1), self._glued(at)
        if "," in number or self.text[self.pieces[at].end : self.pieces[at].end + 1] == "%":
            return ""
        if gap and _is_year(number):
            return ""
        if unit and (len(unit.text) > 2 or unit.text.lower() in _MEASURES):
            return ""
        name = self.pieces[at - 1].text
        is_plain = "." in number and not name.islower() and name.lower() not in _lists().stop
        if gap not in ("", "-") and not (gap == " " and (is_family or is_plain)):
            return ""
        while number.endswith(".0"):
            number = number[:-2]
        return number + (unit.text.lower() if unit else "")

    def _read_variants(self, at: int, variants: set[str]) -> int:
        """Collect the variants that stand here; return where the next piece is."""
        while at < len(self.pieces) and self._gap(at - 1) in (" ", "-"):
            word = self.pieces[at].text.lower()
            if word not in _lists().variants:
                break
            variants.add(word)
            at += 1
        return at

    def _owner(self, at: int) -> str:
        """Whose version a "v4" is: the name before it, or nobody's. A release is no name."""
        if at and at - 1 not in self.folded and self._gap(at - 1) in (" ", "-"):
            name = self.pieces[at - 1].text
            if len(name) > 1 and not name.islower() and name.lower() not in _lists().stop:
                return name.lower()
        return ""

    def _gap(self, at: int) -> str:
        """What stands between a piece and the next one."""
        gap = self.text[self.pieces[at].end : self.pieces[at + 1].start]
        return "-" if gap in _HYPHENS else gap

    def _glued(self, at: int) -> _Piece | None:
        """The letters right behind a number: the "B" of "27B", the "o" of "4o"."""
        if at + 1 < len(self.pieces) and self.pieces[at + 1].kind == "word" and not self._gap(at):
            return self.pieces[at + 1]
        return None


def stem(word: str) -> str:
    """A word without what grammar adds to it in English; others lose their case and little more."""
    word = word.lower()
    if len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if len(word) > len(ending) + 3 and word.endswith(ending):
            word = word[: -len(ending)]
            if word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def is_stop_word(word: str) -> bool:
    """Whether a word in small letters says nothing by itself, in English or one of its neighbours."""
    return word in _lists().stop


def _is_year(number: str) -> bool:
    return len(number) == 4 and number[:2] in ("19", "20")


@cache
def _lists() -> _Lists:
    data = tomllib.loads(resources.files("newsroom.stories").joinpath("grouping.toml").read_text(encoding="utf-8"))
    spaced: dict[str, list[_Pattern]] = {}
    unspaced: dict[str, list[_Pattern]] = {}
    for kind, name, text in _patterns(data):
        if re.fullmatch(f"[{_UNSPACED}]+", text):
            unspaced.setdefault(text, []).append(_Pattern(kind, name, (text,)))
            continue
        stems = tuple(stem(match[0]) for match in _PIECE.finditer(text))
        spaced.setdefault(stems[0], []).append(_Pattern(kind, name, stems))
    for patterns in spaced.values():
        patterns.sort(key=lambda pattern: -len(pattern.stems))
    return _Lists(
        by_stem=spaced,
        by_letters=unspaced,
        in_runs=re.compile("|".join(sorted(unspaced, key=lambda text: (-len(text), text)))),
        families=frozenset(data["families"]["names"]),
        short=data["families"]["short"],
        variants=frozenset(data["variants"]["names"]),
        follow_ups=frozenset(data["follow_up"]["events"]),
        stop=frozenset(data["stop"]["words"]),
    )


def _patterns(data: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for kind in ("parties", "events", "apart"):
        for name, texts in data[kind].items():
            for text in texts:
                yield kind, name, text
    for kind in ("paper", "roundup"):
        for text in data[kind]["words"]:
            yield kind, kind, text
    for texts in data["folds"]["words"]:
        for text in texts:
            yield "folds", texts[0], text
