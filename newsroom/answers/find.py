"""Find in the article: the paragraphs that answer a question best, without any model.

BM25 over the paragraphs of one article decides which comes first. Whether it answers at all is another question, for
which BM25's figures say nothing from one article to the next: there a paragraph has to hold enough of what was asked.
``tests/newsroom/answers/test_find.py`` measures both on a labelled set. Pure; takes time in proportion to the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log

from newsroom.answers.harmless import defused
from newsroom.answers.words import terms
from newsroom.text import ELLIPSIS, length, shorten, split_sentences

LEAST_COVERED = 0.42
"""The share of a question's words, by weight, that a paragraph has to hold to count as an answer.

Chosen on the labelled set: from 0.38 to 0.48 neither precision nor recall changes there; below 0.3 questions that the
article doesn't answer get an answer, above 0.5 those that it does go without. The set's stop words were mended after
its first measurement, so a second set, which nothing was chosen on, has bounds of its own.
"""

NEXT_BEST = 0.6
"""The share of the best paragraph's score that another has to reach to be shown beside it."""

LONGEST_QUESTION = 500
LONGEST_QUOTE = 300

# How much a term that stands there twice counts more, and how much a long paragraph is held against it. Paragraphs of
# one article are of about one length, and what is long among them often says more, so less than is usual.
_SATURATION = 1.2
_LENGTH_SHARE = 0.4

# What kind of answer a question asks for, and how a paragraph shows that it has one.
_KINDS = (
    (
        "@when",
        re.compile(r"\b(?:when|what (?:date|day|month|year)|how long|how soon)\b", re.IGNORECASE),
        re.compile(
            r"\b(?:(?:19|20)\d\d|(?:jan|febr)uary|march|april|june|july|august|(?:septem|octo|novem|decem)ber"
            r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:today|yesterday|tomorrow|tonight)"
            r"|(?:days?|weeks?|months?|quarter|hours?|minutes?|spring|summer|autumn|fall|winter))\b",
            re.IGNORECASE,
        ),
    ),
    (
        "@amount",
        re.compile(r"\bhow (?:much|many|big|large|long|fast|far|old|often)\b", re.IGNORECASE),
        re.compile(
            r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|dozen|hundred|half|twice)\b", re.IGNORECASE
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph that fits a question, and of it at most LONGEST_QUOTE characters that fit best.

    ``number`` is the paragraph's to a reader: the first is 1. ``text`` is the article's word for word and only to
    compare with; ``quote`` has no link, mention or markup in it, and "…" where something was left out.
    """

    number: int
    text: str
    quote: str


@dataclass(frozen=True, slots=True)
class _Ranked:
    place: int
    score: float
    covered: float


def find(question: str, paragraphs: Sequence[str], *, most: int = 3) -> list[Passage]:
    """Return the paragraphs that answer a question, the best first; none where none holds enough of it."""
    wanted = _wanted(question)
    best = [each for each in _ranked(wanted, paragraphs) if each.covered >= LEAST_COVERED]
    return [
        Passage(each.place + 1, paragraphs[each.place], quotation(paragraphs[each.place], wanted))
        for each in best[:most]
        if each.score >= NEXT_BEST * best[0].score
    ]


def rank(question: str, paragraphs: Sequence[str]) -> list[int]:
    """Return the places (from 0) of all paragraphs that share a word with a question, the best first."""
    return [each.place for each in _ranked(_wanted(question), paragraphs)]


def nearest(question: str, paragraphs: Sequence[str], *, most: int = 3) -> list[Passage]:
    """Return what comes nearest to a question, whether or not that is an answer."""
    wanted = _wanted(question)
    return [
        Passage(each.place + 1, paragraphs[each.place], quotation(paragraphs[each.place], wanted))
        for each in _ranked(wanted, paragraphs)[:most]
    ]


def quotation(paragraph: str, wanted: Iterable[str], limit: int = LONGEST_QUOTE) -> str:
    """Quote at most ``limit`` characters of a paragraph: around the sentence with most of the wanted terms.

    Sentences beside it come along as they fit. What has power in Discord is gone from it.
    """
    wanted = set(wanted)
    sentences = [defused(sentence) for sentence in split_sentences(paragraph)]
    sentences = [sentence for sentence in sentences if sentence]
    if not sentences:
        return ""
    held = [len(wanted.intersection(terms(sentence))) for sentence in sentences]
    first = last = held.index(max(held))
    if length(sentences[first]) > limit:
        return _excerpt(sentences[first], wanted, limit)
    room = limit - length(sentences[first]) - 2 * len(f"{ELLIPSIS} ")
    while True:
        if last + 1 < len(sentences) and length(sentences[last + 1]) < room:
            last += 1
            room -= length(sentences[last]) + 1
        elif first and length(sentences[first - 1]) < room:
            first -= 1
            room -= length(sentences[first]) + 1
        else:
            break
    quoted = " ".join(sentences[first : last + 1])
    before, after = f"{ELLIPSIS} " * (first > 0), f" {ELLIPSIS}" * (last + 1 < len(sentences))
    return shorten(f"{before}{quoted}{after}", limit)


def _excerpt(sentence: str, wanted: set[str], limit: int) -> str:
    """The part of a very long sentence that has most of the wanted terms, cut at words where there are spaces."""
    step = limit // 2
    starts = range(0, max(1, len(sentence) - step), step)
    held = [len(wanted.intersection(terms(sentence[start : start + limit]))) for start in starts]
    start = starts[held.index(max(held))]
    if not start:
        return shorten(sentence, limit)
    space = sentence.find(" ", start, start + 30)
    return shorten(f"{ELLIPSIS} {sentence[max(start, space + 1) :][: limit + 1]}", limit)


def _wanted(question: str) -> list[str]:
    question = question[:LONGEST_QUESTION]
    kinds = [name for name, asks, _ in _KINDS if asks.search(question)]
    return list(dict.fromkeys([*terms(question), *kinds]))


def _ranked(wanted: Sequence[str], paragraphs: Sequence[str]) -> list[_Ranked]:
    if not wanted:
        return []
    counts = [Counter(_told(paragraph, wanted)) for paragraph in paragraphs]
    lengths = [max(1, count.total()) for count in counts]
    usual = sum(lengths) / max(1, len(lengths))
    weights = {term: _rarity(sum(term in count for count in counts), len(counts)) for term in wanted}
    asked = sum(weights.values())
    found = []
    for place, count in enumerate(counts):
        held = [term for term in wanted if term in count]
        if not held:
            continue
        slack = _SATURATION * (1 - _LENGTH_SHARE + _LENGTH_SHARE * lengths[place] / usual)
        score = sum(weights[term] * count[term] * (_SATURATION + 1) / (count[term] + slack) for term in held)
        found.append(_Ranked(place, score, sum(weights[term] for term in held) / asked))
    return sorted(found, key=lambda each: -each.score)


def _told(paragraph: str, wanted: Sequence[str]) -> Iterator[str]:
    yield from terms(paragraph)
    for name, _, shows in _KINDS:
        if name in wanted and shows.search(paragraph):
            yield name


def _rarity(told_by: int, of: int) -> float:
    """How much a term weighs that so many of the paragraphs have; most if none has it."""
    return log(1 + (of - told_by + 0.5) / (told_by + 0.5))
