"""A summary of an article in its own words: the sentences that say most, in the order of the text.

Faithful by construction, since nothing is written anew. Pure, and made for hostile text: what is read is bounded, and
takes time in proportion to its length.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from newsroom.models import Article, ArticleText, Summary, SummaryBasis, TextBasis
from newsroom.text import ELLIPSIS, length, sentences, shorten, split_sentences

LONGEST_READ = 10_000
"""Characters of an article that are read, from its beginning, where news say what they have to say."""

MOST_SENTENCES = 100
LONGEST_SENTENCE = 500

LEAST_SENTENCE, LEAST_DENSE = 40, 14
"""Characters of a sentence that can stand for itself: usually, and in scripts that write a word in one or two signs."""

GAP = " … "
"""Between sentences that don't follow each other in the article."""

LEAST_SUMMARY = 80
"""Characters of a feed's own summary from which it is taken for one."""

CENTRALITY, POSITION, TITLE, FIGURES, OPENING, QUOTE, LIKENESS = 3.0, 0.6, 0.5, 0.15, 0.4, 0.3, 0.6
"""What each thing about a sentence weighs: see ``_weights``. LIKENESS is taken off for what was chosen before."""

_DENSE = "\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_TERM = re.compile(rf"[{_DENSE}]+|\d+(?:[.,]\d+)*|[^\W\d_{_DENSE}]+")
_FIRST_DENSE = "\u3005"
_IS_DENSE = re.compile(rf"[{_DENSE}]")
_ENDS = re.compile(r"[.!?…。！？؟۔।][\"'”’»)\]」』）]*$")
_FIGURE = re.compile(r"\d")
# A sentence that begins so leans on the one before it.
_LEANS = re.compile(
    r"(?:it|its|they|their|he|she|his|her|this|that|these|those|but|and|so|or|yet|still|also|some|such|there|however"
    r"|meanwhile|then|here|er|sie|es|das|dies|aber|und|doch|auch|il|elle|ce|cela|mais|et|ella|esto|pero|y)\b",
    re.IGNORECASE,
)
_LEANS_DENSE = re.compile("但|而|这|那|他|她|它|此外|同时|しかし|また|これ|それ|그러나|하지만")
_QUOTE = re.compile('["“„«「『][^"”“»」』]{20,}')
_CODE = re.compile(r"[{}<>=;|$`\\]|\(\)|--\w")
_CUT_OFF = re.compile(
    r"(?:…|\.\.\.|\[\W*\]|\b(?:continue reading|read more|read on|the post .{1,200} appeared first on .{1,100})\W*)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence with its place among those to choose from, where it is among all, and its terms with their weight,
    together of length 1."""

    place: int
    at: int
    text: str
    terms: Mapping[str, float]


def summary_of(article: Article, text: ArticleText, *, most_length: int = 600) -> Summary:
    """Summarise an article: in its feed's words if they are good enough, else in sentences of the article.

    They are if they make LEAST_SUMMARY to ``most_length`` characters, are sentences to their end (feeds cut after so
    many words, and say where to read on), and more than the headline. Where nobody could read more than them, they have
    to do, as far as they fit. An article that says nothing has an empty summary.
    """
    own = article.summary
    if LEAST_SUMMARY <= length(own) <= most_length and _is_whole(own) and not _repeats(own, article.title):
        return Summary(own, SummaryBasis.FEED)
    if text.basis is not TextBasis.SUMMARY:
        extract = summarise(article.title, text.paragraphs, most_length=most_length)
        if extract:
            return Summary(extract, SummaryBasis.EXTRACT)
    return Summary(sentences(own, 10, most_length) if own else "", SummaryBasis.FEED)


def summarise(title: str, paragraphs: Sequence[str], *, most_sentences: int = 3, most_length: int = 600) -> str:
    """Choose at most ``most_sentences`` sentences of an article, of ``most_length`` UTF-16 code units in all.

    The first may be cut. Headings, code and items of lists are chosen only where there is nothing else: then it is how
    the text begins.
    """
    read = list(_beginning(paragraphs))
    candidates = _sentences(read)
    weights = _weights(title, candidates)
    chosen: list[_Sentence] = []
    left = most_length
    likeness = [0.0] * len(candidates)
    while len(chosen) < most_sentences:
        open_to = [
            at for at, one in enumerate(candidates) if not chosen or (one not in chosen and length(one.text) <= left)
        ]
        if not open_to:
            break
        best = max(open_to, key=lambda at: (weights[at] - LIKENESS * likeness[at], -at))
        chosen.append(candidates[best])
        if length(candidates[best].text) > left:
            break
        left -= length(candidates[best].text) + len(GAP)
        likeness = [
            max(before, _product(one.terms, candidates[best].terms))
            for before, one in zip(likeness, candidates, strict=True)
        ]
    if not chosen:
        return sentences(_joined(read[:most_sentences]), most_sentences, most_length)
    told, last = "", 0
    for one in sorted(chosen, key=lambda one: one.at):
        if told and one.at > last + 1:
            told += GAP.rstrip()
        told, last = _joined([told, one.text]), one.at
    return shorten(told, most_length)


def _beginning(paragraphs: Sequence[str]) -> Iterator[str]:
    left = LONGEST_READ
    for paragraph in paragraphs:
        if left <= 0:
            return
        yield paragraph[:left]
        left -= len(paragraph)


def _sentences(paragraphs: Sequence[str]) -> list[_Sentence]:
    """The sentences that could stand in a summary, each once."""
    found: dict[str, tuple[int, Counter[str]]] = {}
    at = 0
    for paragraph in paragraphs:
        # What is no prose counts as one sentence that can't be chosen.
        for sentence in split_sentences(paragraph) if _is_prose(paragraph) else ("",):
            if len(found) == MOST_SENTENCES:
                break
            if _stands_alone(sentence) and sentence not in found:
                found[sentence] = at, Counter(_terms(sentence))
            at += 1
    rarity = _rarity([terms for _, terms in found.values()])
    return [
        _Sentence(place, at, text, _scaled(terms, rarity)) for place, (text, (at, terms)) in enumerate(found.items())
    ]


def _is_prose(paragraph: str) -> bool:
    """Whether a paragraph is made of sentences: no heading, list, code or caption."""
    return bool(_ENDS.search(paragraph)) and 10 * len(_CODE.findall(paragraph)) < len(paragraph) / 4


def _stands_alone(sentence: str) -> bool:
    is_dense = _IS_DENSE.search(sentence) is not None
    if not (LEAST_DENSE if is_dense else LEAST_SENTENCE) <= len(sentence) <= LONGEST_SENTENCE:
        return False
    return bool(_ENDS.search(sentence)) and 2 * sum(map(str.isalpha, sentence)) > len(sentence)


def _terms(text: str) -> list[str]:
    """Words in small letters; of a run without spaces its pairs of signs."""
    terms = []
    for word in _TERM.findall(text.lower()):
        if word[0] >= _FIRST_DENSE and _IS_DENSE.match(word):
            terms += [word[at : at + 2] for at in range(max(len(word) - 1, 1))]
        elif len(word) > 2 or word[0].isdigit():
            terms.append(word)
    return terms


def _rarity(texts: Collection[Counter[str]]) -> dict[str, float]:
    """How much a term tells: the fewer sentences have it, the more. What half of them have tells nothing."""
    counts = Counter(chain.from_iterable(texts))
    half = (len(texts) + 1) / 2
    return {term: max(math.log(half / count), 0) + 0.05 for term, count in counts.items()}


def _scaled(terms: Counter[str], rarity: Mapping[str, float]) -> dict[str, float]:
    weighed = {term: (count if count == 1 else 1 + math.log(count)) * rarity[term] for term, count in terms.items()}
    size = math.sqrt(sum(weight * weight for weight in weighed.values()))
    return {term: weight / size for term, weight in weighed.items()} if size else {}


def _product(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    if len(other) < len(one):
        one, other = other, one
    return sum(weight * other.get(term, 0.0) for term, weight in one.items())


def _weights(title: str, candidates: Sequence[_Sentence]) -> list[float]:
    """How much each sentence deserves to be chosen.

    What most others speak of counts most, then how early it stands, the words of the headline, and figures. A sentence
    that leans on the one before it, or quotes somebody, says less when it stands alone.
    """
    middle: Counter[str] = Counter()
    for one in candidates:
        middle.update(one.terms)
    size = math.sqrt(sum(weight * weight for weight in middle.values())) or 1.0
    in_title = set(_terms(title))
    weights = []
    for one in candidates:
        leans = _LEANS.match(one.text) or _LEANS_DENSE.match(one.text)
        weights.append(
            CENTRALITY * _product(one.terms, middle) / size
            + POSITION / (1 + one.place)
            + (TITLE * len(in_title & one.terms.keys()) / len(in_title) if in_title else 0)
            + (FIGURES if _FIGURE.search(one.text) else 0)
            - (OPENING if leans else 0)
            - (QUOTE if _QUOTE.search(one.text) else 0)
        )
    return weights


def _joined(texts: Sequence[str]) -> str:
    """Put sentences side by side: without a space where the script has none."""
    joined = ""
    for text in texts:
        joined += text if not joined or joined[-1] in "。！？」』）" else f" {text}"
    return joined


def _is_whole(summary: str) -> bool:
    return _ENDS.search(summary) is not None and not summary.endswith(ELLIPSIS) and not _CUT_OFF.search(summary[-400:])


def _repeats(summary: str, title: str) -> bool:
    """Whether a summary says no more than its headline, as some feeds have it."""
    added = set(_terms(summary[:LONGEST_READ])) - set(_terms(title))
    return len(added) < 5
