"""Which side or sides a story is about, read off its headline by a weighted lexicon.

The words and their weights are data, in ``lexicon.toml``; how well they do is measured in ``docs/sides.md``. A
reading keeps the words it rests on, so that it can be shown and corrected. Pure, and made for hostile text: what
is read is bounded, and takes time in proportion to its length.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise, product
from typing import Any

from newsroom.models import Camp, Side, Term
from newsroom.stories.tellings import LATELY_READ
from newsroom.text import sentences, shorten

LEAST = 2
"""A story in which neither side weighs this much is about neither: one word that counts 1 may stand anywhere."""

SMALLER_SHARE = 0.28
"""With this share of the larger side, and LEAST, the smaller side is in the story too."""

STRONG = 3
"""What the larger side must weigh in the headline alone for nobody to doubt what the story is about."""

LONGEST_READ = 500

# A number, a run of letters, or one character of a script that writes without spaces: "GPT5" is two words, as
# "GPT-5" is, and a phrase in Chinese is found between any others.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"\d+(?:[.,]\d+)*|[{_UNSPACED}]|[^\W\d_{_UNSPACED}]+")
# What may stand between two words of a phrase. A full stop with a space ends a sentence, and with it the phrase.
_JOINTS = frozenset(["", *" -‐‑–·./_'’"])
# The rest of a name that goes on in digits or letters: the "3" of "Qwen3", the "o" of "GPT-4o". For showing only.
_TAIL = re.compile(rf"(?:[^\W_{_UNSPACED}]|\.(?=\d)){{0,12}}")
_NUMBER = "#"


@dataclass(frozen=True, slots=True)
class CampReading:
    """``terms`` are the words that counted, as they stand in the text, the heaviest first.

    ``strong``: the headline alone says it, which is what a poll that opens by itself asks for.
    """

    camp: Camp
    terms: tuple[Term, ...]
    strong: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    """One pattern of the lexicon. Without a side it weighs nothing, and may be ``company`` for those with one.

    ``shy`` ones count only in company.
    """

    pattern: str
    side: Side | None = None
    weight: int = 0
    shy: bool = False
    company: bool = False


@dataclass(frozen=True, slots=True)
class _Phrase:
    """One way to write a pattern, as words and what stands between them, and the entries that it belongs to."""

    words: tuple[str, ...]
    gaps: tuple[str, ...]
    entries: tuple[_Entry, ...]


@dataclass(frozen=True, slots=True)
class _Match:
    entry: _Entry
    text: str


_Index = Mapping[str, Sequence[_Phrase]]
"""Phrases by their first word in small letters, the longest first."""


@dataclass(frozen=True, slots=True)
class _Lexicon:
    sides: _Index
    sombre: _Index


@lru_cache(LATELY_READ)
def read_camp(title: str, summary: str) -> CampReading:
    """Weigh the words of the headline and of the summary's first sentence; no pattern counts twice."""
    in_title = list(_matches(shorten(title, LONGEST_READ), _lexicon().sides))
    in_sentence = list(_matches(sentences(summary, 1, LONGEST_READ), _lexicon().sides))
    counted = _counted([*in_title, *in_sentence])
    terms = [Term(match.text, side, match.entry.weight) for match in counted if (side := match.entry.side)]
    terms.sort(key=lambda term: -term.weight)
    return CampReading(
        camp=_camp(_weight(counted, Side.OPEN), _weight(counted, Side.PROPRIETARY)),
        terms=tuple(terms),
        strong=max(_weight(_counted(in_title), side) for side in (Side.OPEN, Side.PROPRIETARY)) >= STRONG,
    )


def is_sombre(title: str) -> bool:
    """Whether it is about deaths, layoffs, lawsuits and the like: no joke belongs on such a card."""
    return any(_matches(shorten(title, LONGEST_READ), _lexicon().sombre))


def terms_to_json(terms: Iterable[Term]) -> str:
    """Write terms as they are stored: a list of [text, side, weight]."""
    return json.dumps([[term.text, term.side, term.weight] for term in terms], ensure_ascii=False)


def terms_from_json(text: str | None) -> tuple[Term, ...]:
    """Read what ``terms_to_json`` wrote; a story from before there were camps has None."""
    return tuple(Term(words, Side(side), weight) for words, side, weight in json.loads(text or "[]"))


def _camp(of_open: int, of_proprietary: int) -> Camp:
    smaller, larger = sorted((of_open, of_proprietary))
    if larger < LEAST:
        return Camp.NEITHER
    if smaller >= max(LEAST, SMALLER_SHARE * larger):
        return Camp.BOTH
    return Camp.OPEN if of_open > of_proprietary else Camp.PROPRIETARY


def _weight(counted: Iterable[_Match], side: Side) -> int:
    return sum(match.entry.weight for match in counted if match.entry.side is side)


def _counted(matches: Iterable[_Match]) -> list[_Match]:
    """The first match of each entry that has a side; shy ones only in company.

    Company is a word of the lexicon's own list, or any entry that needs none. Two names that are both shy vouch
    for each other ("Gemini or Claude?"); a shy word that counts 1 vouches for nothing.
    """
    first: dict[_Entry, _Match] = {}
    for match in matches:
        first.setdefault(match.entry, match)
    sided = [match for match in first.values() if match.entry.side]
    if any(entry.company or (entry.side and not entry.shy) for entry in first):
        return sided
    return sided if len({match.text for match in sided if match.entry.weight >= LEAST}) > 1 else []


def _matches(text: str, index: _Index) -> Iterator[_Match]:
    """Find phrases from left to right, at each place the longest; no word belongs to two of them."""
    words = list(_WORD.finditer(text))
    at = 0
    while at < len(words):
        phrase = next(
            (phrase for phrase in _begun_by(words[at][0], index) if _stands_at(phrase, text, words, at)), None
        )
        if phrase is None:
            at += 1
            continue
        end = at + len(phrase.words)
        tail = _TAIL.match(text, words[end - 1].end())
        assert tail, "it may be empty"
        shown = text[words[at].start() : tail.end()]
        for entry in phrase.entries:
            yield _Match(entry, shown)
        at = end


def _begun_by(word: str, index: _Index) -> Iterable[_Phrase]:
    phrases = index.get(word.lower(), ())
    return [*phrases, *index.get(_NUMBER, ())] if word[0].isdecimal() else phrases


def _stands_at(phrase: _Phrase, text: str, words: Sequence[re.Match[str]], at: int) -> bool:
    if at + len(phrase.words) > len(words):
        return False
    for step, wanted in enumerate(phrase.words):
        if not _is_word(words[at + step][0], wanted):
            return False
        if step and not _joins(text[words[at + step - 1].end() : words[at + step].start()], phrase.gaps[step - 1]):
            return False
    return True


def _is_word(word: str, wanted: str) -> bool:
    if wanted == _NUMBER:
        return word[0].isdecimal()
    return len(word) == len(wanted) and all(
        letter == its or letter.lower() == its for letter, its in zip(word, wanted, strict=True)
    )


def _joins(gap: str, wanted: str) -> bool:
    return gap == wanted or (wanted != "" and gap in _JOINTS)


@cache
def _lexicon() -> _Lexicon:
    data = tomllib.loads(resources.files("newsroom.stories").joinpath("lexicon.toml").read_text(encoding="utf-8"))
    return _Lexicon(
        sides=_index(_entries(data)),
        sombre=_index(_Entry(pattern) for pattern in data["sombre"]["words"]),
    )


def _entries(data: Mapping[str, Any]) -> Iterator[_Entry]:
    for side in (Side.OPEN, Side.PROPRIETARY):
        for key, shy in ((side.value, False), (f"{side.value}-in-company", True)):
            for weight, patterns in data[key].items():
                for pattern in patterns:
                    yield _Entry(pattern, side, int(weight), shy)
    for pattern in data["company"]["words"]:
        yield _Entry(pattern, company=True)
    for pattern in data["ordinary"]["words"]:
        yield _Entry(pattern)


def _index(entries: Iterable[_Entry]) -> _Index:
    written: dict[tuple[tuple[str, ...], tuple[str, ...]], list[_Entry]] = {}
    for entry in entries:
        for way in _ways(entry.pattern):
            words, gaps = _taken_apart(way)
            written.setdefault((words, gaps), []).append(entry)
    index: dict[str, list[_Phrase]] = {}
    for (words, gaps), owners in written.items():
        index.setdefault(words[0].lower(), []).append(_Phrase(words, gaps, tuple(owners)))
    for phrases in index.values():
        # As long, but with a number written out: "Falcon 9" is the rocket, whatever "Falcon #" may be.
        phrases.sort(key=lambda phrase: (-len(phrase.words), _NUMBER in phrase.words))
    return index


def _ways(pattern: str) -> Iterator[str]:
    """Every way to write a pattern: "lays/laid off" is "lays off" and "laid off"."""
    return map("".join, product(*(part.split("/") for part in re.split("([ -])", pattern))))


def _taken_apart(way: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    # A "#" is read as a number would be, so that "GPT-#" and "o#" come apart as "GPT-5" and "o3" do.
    numbered = way.replace(_NUMBER, "0")
    places = list(_WORD.finditer(numbered))
    words = tuple(way[place.start() : place.end()] for place in places)
    gaps = tuple(numbered[before.end() : after.start()] for before, after in pairwise(places))
    return words, gaps
