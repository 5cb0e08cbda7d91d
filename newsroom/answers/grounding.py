"""What a model said -> what may be shown: claims that the article bears out, and nothing else.

A model may obey the article it read, so its answer is as hostile as any page. Each claim stands or falls by itself: it
needs a paragraph that really says so (``CITED_FLOOR``, ``KNOWN_FLOOR``), no numbers and names but the article's,
quotations word for word, and must be without anything that no honest answer needs. Nothing left means the article
doesn't say.

What this can't see is a claim made of the article's own words that says the opposite; so each one is shown with the
place it rests on. Pure; takes time in proportion to the article and to the part of the answer that is read.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import islice
from typing import Any

from newsroom.answers.figures import invented, known_numbers
from newsroom.answers.find import Passage, find, nearest, quotation
from newsroom.answers.harmless import leaks, trouble, unmarked
from newsroom.answers.prompts import LONGEST_TURN, MOST_CLAIMS, OWN_PHRASES, Verdict
from newsroom.answers.shapes import first_object
from newsroom.answers.words import terms
from newsroom.models import ArticleText
from newsroom.text import clean, length, sentences, split_sentences

CITED_FLOOR = 0.3
"""The share of a claim's words that a paragraph has to have to be its source; two words at least."""

KNOWN_FLOOR = 0.6
"""The share of a claim's words that the article (or its title, or the question) has to have at all.

Both are chosen on the labelled claims of ``tests/newsroom/answers/test_grounding.py``, which bounds what they let
through and what they hold back.
"""

_FEW_WORDS = 3
"""Of a claim this short the article has to have every word: each may turn it round."""

_REPEATED = 2.5
"""How often words come again on average where somebody has begun to babble."""

MOST_NAMES = 0.25
"""A text in which more of the words begin with a capital letter is one of a language that writes nouns so."""

MOST_CITATIONS = 3
LONGEST_CLAIM = 400
LONGEST_ANSWER = 1_500
LONGEST_SNIPPET = 200

LONGEST_READ = 20_000
"""How many characters of an answer are read. No honest one is as long."""
_CLAIMS_READ = 12

_PAIRS = {'"': '"', "“": "”", "„": "“”", "«": "»", "»": "«", "‹": "›", "「": "」", "『": "』", "‘": "’", "”": "”"}
_NAME = re.compile(r"(?<=[\w,;)’”] )([A-Z][^\W_]+)")
_SINGLE = re.compile(r"(?<!\w)'([^']{2,300})'(?!\w)")
_ALIKE = str.maketrans({
    "“": "'", "”": "'", "„": "'", "«": "'", "»": "'", "‘": "'", "’": "'", "‚": "'", '"': "'", "`": "'", "‐": "-",
    "‑": "-", "–": "-", "—": "-", "−": "-", "‹": "<", "›": ">", "*": None, "_": " ",
})  # fmt: skip
_ENDS = " \t'-.,;:!?…()[]"
_ELLIPSES = re.compile(r"\[?(?:…|\.{3,})\]?")
# [2], [2, 3] and (paragraph 2); but "(2024)" is a year.
_WORD_FOR_IT = r"(?:paragraphs?|paras?|p|¶|§)\.? ?"
_NUMBERS = r"(\d{1,4}(?:(?: ?[,;–-] ?| and )\d{1,4}){0,8})"
_CITED = re.compile(rf" ?(?:[\[【](?:{_WORD_FOR_IT})?{_NUMBERS}[\]】]|\({_WORD_FOR_IT}{_NUMBERS}\))", re.IGNORECASE)
_CLAIM_END = re.compile(r"([.!?…。！？]*)\s*")


@dataclass(frozen=True, slots=True)
class Citation:
    """A paragraph, by its number to a reader, and what it says: at most LONGEST_SNIPPET characters of plain text."""

    number: int
    snippet: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that the article says, as plain text on one line, and where it says so: one place at least."""

    text: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Grounded:
    """What may be shown of an answer. Without claims the article doesn't say, and ``nearest`` is what comes nearest."""

    claims: tuple[Claim, ...]
    nearest: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What an article says of a statement, and what that rests on."""

    verdict: Verdict
    claims: tuple[Claim, ...]
    nearest: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class _Said:
    """A claim as the model made it."""

    text: str
    numbers: tuple[int, ...]
    quote: str = ""


def ground(said: Mapping[str, Any] | str, article: ArticleText, question: str, *, title: str = "") -> Grounded:
    """Keep what the article bears out of an answer: the object of ``ANSWER_SCHEMA``, or text with [2] behind claims."""
    claims = _claims(said, _Article(article.paragraphs, title, question))
    if claims:
        return Grounded(claims)
    return Grounded((), tuple(find(question, article.paragraphs) or nearest(question, article.paragraphs)))


def ground_check(said: Mapping[str, Any] | str, article: ArticleText, statement: str, *, title: str = "") -> Checked:
    """Keep what the article bears out of a verdict: the object of ``CHECK_SCHEMA``.

    A verdict without a claim to rest on says nothing, and nothing is supported whose numbers aren't in the article.
    """
    data = first_object(said[:LONGEST_READ]) if isinstance(said, str) else said
    source = _Article(article.paragraphs, title, "")
    verdict = data.get("verdict") if isinstance(data, Mapping) else None
    claims = _claims(data, source) if isinstance(data, Mapping) else ()
    if verdict == Verdict.SUPPORTED and not _bears_out(source, statement):
        verdict = None
    if not claims or verdict not in (Verdict.SUPPORTED, Verdict.CONTRADICTED):
        passages = find(statement, article.paragraphs) or nearest(statement, article.paragraphs)
        return Checked(Verdict.NOT_IN_ARTICLE, (), tuple(passages))
    return Checked(Verdict(verdict), claims)


def ground_summary(
    said: Mapping[str, Any] | str, article: ArticleText, *, title: str = "", most: int = LONGEST_ANSWER
) -> str | None:
    """Keep what the article bears out of a summary: the object of ``SUMMARY_SCHEMA``, or text as ``ground`` takes it.

    Claims that it merely doesn't bear out are left out. None if fewer than half are left, or if one has power, invents
    a number or a quotation, is abusive or repeats our instructions: whoever does that once isn't believed in the rest.
    At most ``most`` UTF-16 code units, in whole claims.
    """
    source = _Article(article.paragraphs, title, "")
    read = list(islice(_read(said), MOST_CLAIMS))
    claims = _claims(said, source)
    if 2 * len(claims) < len(read) or any(_shown(each.text, source) is None for each in read):
        return None
    told = ""
    for claim in claims:
        longer = f"{told} {claim.text}".strip()
        if length(longer) > most:
            break
        told = longer
    return told or None


def clean_turn(text: str, allowed_numbers_from: Iterable[str], *, most: int = LONGEST_TURN) -> str | None:
    """Make what a model wrote freely (a turn of a debate) fit to show, in at most ``most`` characters.

    Sentences with a number or a quotation that none of the texts has, or with something that has power, are left out.
    Of an endless one only the beginning is read. None where nothing is left, or where any of that is abusive or repeats
    our instructions.
    """
    texts = list(allowed_numbers_from)
    # The paragraphs are numbered for the model alone.
    text = clean(_CITED.sub("", text[: 8 * most]))
    if _is_abusive(unmarked(text)) or leaks(text, OWN_PHRASES):
        return None
    source = _Article(texts, "", "")
    kept = [unmarked(sentence) for sentence in split_sentences(text) if source.is_fit(sentence)]
    turn = sentences(" ".join(kept), len(kept), most) if kept else ""
    # What stood apart may have come together.
    return turn if turn.strip(_ENDS) and source.is_fit(turn) else None


def fit_whole(text: str, allowed_numbers_from: Iterable[str], *, most: int) -> str | None:
    """Make what a model wrote freely fit to show where it stands or falls as one; ``clean_turn`` else.

    None where it is empty or too long, abusive, repeats our instructions, or holds a number or a quotation that none of
    the texts has, or something that has power.
    """
    text = clean(text[: 8 * most])
    said = unmarked(text)
    source = _Article(list(allowed_numbers_from), "", "")
    if not said.strip(_ENDS) or length(said) > most or _is_abusive(said) or leaks(text, OWN_PHRASES):
        return None
    return said if source.is_fit(text) and source.is_fit(said) else None


class _Article:
    """What can be known to who read the article, its title and the question; each part read when it is asked for."""

    def __init__(self, paragraphs: Sequence[str], title: str, question: str) -> None:
        self.paragraphs = paragraphs
        self.beside = [title, question]
        self.known = "\n".join([*paragraphs, *self.beside])
        self._terms: dict[int, frozenset[str]] = {}
        self._all_terms: Set[str] | None = None
        self._numbers: Set[str] | None = None
        self._normal: list[str] | None = None

    def terms(self, place: int) -> frozenset[str]:
        if place not in self._terms:
            self._terms[place] = frozenset(terms(self.paragraphs[place]))
        return self._terms[place]

    def all_terms(self) -> Set[str]:
        if self._all_terms is None:
            own = (self.terms(place) for place in range(len(self.paragraphs)))
            self._all_terms = frozenset().union(*own, terms(" ".join(self.beside)))
        return self._all_terms

    @property
    def names_tell(self) -> bool:
        """Whether a capital letter inside a sentence means a name here. In German it may be any noun."""
        beginning = " ".join(self.paragraphs)[:5_000]
        return len(_names(beginning)) < MOST_NAMES * len(beginning.split())

    def quoted_at(self, quote: str, first: Iterable[int] = ()) -> int | None:
        """The place of a paragraph that has a quotation, one of ``first`` if any; -1 for title and question."""
        if self._normal is None:
            self._normal = [_normal(text) for text in (*self.paragraphs, " \n ".join(self.beside))]
        pieces = [piece for each in _ELLIPSES.split(quote) if (piece := _normal(each))]
        if not pieces:
            return None
        for place in dict.fromkeys([*first, *range(len(self._normal))]):
            if _holds(self._normal[place], pieces):
                return place if place < len(self.paragraphs) else -1
        return None

    def is_fit(self, text: str) -> bool:
        """Whether a text has no power, and no number or quotation that isn't the article's."""
        return trouble(text, self.known) is None and self.may_say(text)

    def may_say(self, text: str) -> bool:
        """Whether all numbers and quotations of a text are the article's."""
        if self._numbers is None:
            self._numbers = known_numbers([*self.paragraphs, *self.beside])
        if invented(text, self._numbers):
            return False
        return all(self.quoted_at(quote) is not None for quote in _quotations(text))


def _claims(said: Mapping[str, Any] | str, article: _Article) -> tuple[Claim, ...]:
    kept: dict[str, Claim] = {}
    room = LONGEST_ANSWER
    for each in islice(_read(said), _CLAIMS_READ):
        claim = _checked(each, article)
        if claim and claim.text not in kept and length(claim.text) <= room:
            kept[claim.text] = claim
            room -= length(claim.text)
        if len(kept) == MOST_CLAIMS:
            break
    return tuple(kept.values())


def _read(said: Mapping[str, Any] | str) -> Iterator[_Said]:
    """The claims of an answer, whatever its form; nothing of what doesn't have one."""
    data = first_object(said[:LONGEST_READ]) if isinstance(said, str) else said
    if data is None and isinstance(said, str):
        yield from _claims_in_text(said[:LONGEST_READ])
        return
    if not isinstance(data, Mapping) or data.get("answered") is False:
        return
    claims = data.get("claims")
    for each in claims[:_CLAIMS_READ] if isinstance(claims, list) else ():
        if isinstance(each, Mapping) and isinstance(text := each.get("text"), str):
            numbers = each.get("paragraphs")
            quote = each.get("quote")
            told = tuple(_numbers_in(text := text[: 4 * LONGEST_CLAIM]))
            listed = numbers[:20] if isinstance(numbers, list) else [numbers]
            own = tuple(number for value in listed if (number := _whole(value)) is not None)
            yield _Said(text, (*own, *told), quote[:LONGEST_READ] if isinstance(quote, str) else "")


def _whole(value: object) -> int | None:
    """A paragraph's number as models write it: 2, 2.0, "2" or "[2]"."""
    if isinstance(value, str):
        digits = value.strip("[]() ¶§")
        return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 6 else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if value == value and abs(value) < 1e6 and value == int(value) else None


def _claims_in_text(text: str) -> Iterator[_Said]:
    """What stands before each [2] or [2][3] of a text. What has none behind it is nobody's word."""
    text = clean(text)
    start, waiting = 0, ""
    numbers: list[int] = []
    for match in _CITED.finditer(text):
        between = text[start : match.start()]
        if between.strip(_ENDS):
            if waiting:
                yield _Said(waiting, tuple(numbers))
            waiting, numbers = between, []
        numbers += _numbers_in(match[0])
        end = _CLAIM_END.match(text, match.end())
        assert end, "it may be empty"
        if waiting and not waiting.rstrip().endswith((".", "!", "?", "…", "。", "！", "？")):
            waiting += end[1]
        start = end.end()
    if waiting:
        yield _Said(waiting, tuple(numbers))


def _numbers_in(text: str) -> Iterator[int]:
    for match in _CITED.finditer(text):
        yield from (int(digits) for digits in re.findall(r"\d+", match[0]))


def _checked(said: _Said, article: _Article) -> Claim | None:
    """The claim as it may be shown, or None."""
    text = _shown(said.text, article)
    if text is None:
        return None
    cited = [number - 1 for number in dict.fromkeys(said.numbers) if 0 < number <= len(article.paragraphs)]
    quoted = article.quoted_at(said.quote[:LONGEST_CLAIM], cited) if said.quote else None
    if quoted is not None and quoted >= 0 and quoted not in cited:
        cited.append(quoted)
    told = list(terms(text))
    words = frozenset(told)
    known = len(words & article.all_terms())
    if len(told) > _REPEATED * len(words):
        return None
    if not words or known < KNOWN_FLOOR * len(words) or known < len(words) <= _FEW_WORDS:
        return None
    if article.names_tell and not article.all_terms() >= set(terms(" ".join(_names(text)))):
        return None
    borne_out = [place for place in cited if _is_source(words, article.terms(place))]
    if not borne_out:
        return None
    citations = (
        Citation(place + 1, snippet)
        for place in borne_out[:MOST_CITATIONS]
        if (snippet := _snippet(article.paragraphs[place], words, said.quote if place == quoted else ""))
    )
    return Claim(text, found) if (found := tuple(citations)) else None


def _shown(said: str, article: _Article) -> str | None:
    """A claim's words as they may be shown, should the article bear them out; None if nothing could make them fit."""
    # First without what hides, so that nothing is pieced together by what is taken away later.
    raw = clean(_CITED.sub("", said))
    if trouble(raw, article.known) or leaks(raw, OWN_PHRASES):
        return None
    text = unmarked(sentences(unmarked(raw), 3, LONGEST_CLAIM))
    return text if not _is_abusive(text) and article.is_fit(text) else None


def _names(text: str) -> list[str]:
    """Words inside sentences that begin with a capital letter."""
    return [match[1] for match in _NAME.finditer(text)]


def _is_source(words: Set[str], paragraph: Set[str]) -> bool:
    shared = len(words & paragraph)
    return shared >= min(2, len(words)) and shared >= CITED_FLOOR * len(words)


def _snippet(paragraph: str, words: Set[str], quote: str) -> str:
    return quotation(paragraph, terms(quote) if quote else words, LONGEST_SNIPPET)


def _bears_out(article: _Article, statement: str) -> bool:
    words = frozenset(terms(statement[: 4 * LONGEST_CLAIM]))
    return article.may_say(statement[: 4 * LONGEST_CLAIM]) and len(words & article.all_terms()) >= len(words) / 2


def _quotations(text: str) -> Iterator[str]:
    """What stands between quotation marks; behind an open one all the rest."""
    yield from (match[1] for match in _SINGLE.finditer(text))
    opened, closers = -1, ""
    for at, sign in enumerate(text):
        if opened >= 0:
            if sign in closers:
                if text[opened:at].strip():
                    yield text[opened:at]
                opened = -1
        elif sign in _PAIRS and not (sign in '"”' and at and text[at - 1].isdigit()):
            opened, closers = at + 1, _PAIRS[sign]
    if opened >= 0 and text[opened:].strip(_ENDS):
        yield text[opened:]


def _normal(text: str) -> str:
    """A text as quotations are compared: by its letters and signs, whatever their case, spacing and typography."""
    text = unicodedata.normalize("NFKC", clean(text)).casefold().translate(_ALIKE)
    return " ".join(text.split()).strip(_ENDS)


def _holds(text: str, pieces: Sequence[str]) -> bool:
    """Whether a text has all pieces, in their order, each as whole words."""
    at = 0
    for piece in pieces:
        while (found := text.find(piece, at)) >= 0:
            end = found + len(piece)
            if not _joins(text[found - 1 : found], piece[0]) and not _joins(piece[-1], text[end : end + 1]):
                break
            at = found + 1
        else:
            return False
        at = end
    return True


def _joins(before: str, after: str) -> bool:
    """Whether two characters stand within one word; scripts without spaces have no such border."""
    return before.isalnum() and after.isalnum() and before < "\u0e00" and after < "\u0e00"


def _is_abusive(text: str) -> bool:
    return _abuse().search(unicodedata.normalize("NFKC", text)) is not None


@cache
def _abuse() -> re.Pattern[str]:
    data = tomllib.loads(resources.files("newsroom.answers").joinpath("abuse.toml").read_text(encoding="utf-8"))
    spaced = "|".join(re.escape(word) for name in ("english", "other") for word in data[name])
    unspaced = "|".join(re.escape(word) for word in data["unspaced"])
    return re.compile(rf"(?<!\w)(?:{spaced})(?!\w)|{unspaced}", re.IGNORECASE)
