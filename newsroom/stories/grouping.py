"""Which story an article tells: one that another source has told already, or one of its own.

Words say what two articles share, and conflicts say that they tell different events all the same: another version,
a delay that one side alone speaks of, another company, another amount. An unsure pair stays apart, because a wrong
merge hides a story and a missed one only repeats it. docs/grouping.md has the rule and how well it does.

Pure, and made for hostile text: what is kept is bounded, and so is the number of comparisons that an article costs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from heapq import nlargest
from importlib import resources
from itertools import islice
from math import fsum, log, prod, sqrt

from newsroom.stories.tellings import Facts, Mention, Reading, Telling, read, stem

WINDOW = timedelta(hours=48)
"""Articles further apart never tell one story, and older ones are not kept here."""

JOINS = 0.12
"""An article joins a story whose articles are as like it as this, on average, from 0 to 1."""

EVIDENCE = 3.0
"""What the shared words must weigh, where one that nobody else writes weighs 1: short headlines are soon alike."""

LEAST_SHARED = 2
"""One word in common is chance, however rare it is."""

OTHER_PARTIES = 0.5
PARTIES_OF_THEIR_OWN = 0.6
NAMES_OF_THEIR_OWN = 0.5
OTHER_AMOUNTS = 0.75
OTHER_PRODUCTS = 0.5
OTHER_EVENTS = 0.5
FOLLOW_UP = 0.3
LATE = 0.7
"""What a penalty leaves of the likeness."""

SAME_DAY = timedelta(hours=18)
"""Articles further apart are late for one another: what comes the next day is often the next event."""

MOST_ARTICLES = 10_000
"""As many articles are kept; beyond that those that came first go, though they are younger than WINDOW."""

MOST_LOOKED_UP = 400
MOST_BEST = 24
MOST_CANDIDATES = 12
MOST_MEMBERS = 6
"""An article costs at most MOST_LOOKED_UP look-ups and MOST_CANDIDATES x MOST_MEMBERS comparisons."""

SEED = 2_000
"""The table of common words counts like as many articles that came before the first."""


@dataclass(frozen=True, slots=True)
class Match:
    """A story that an article may join. ``likeness`` lies between 0 and 1: the mean over the story's articles."""

    story_id: int
    likeness: float


@dataclass(slots=True)
class _Known:
    """An article as the index keeps it. ``weights`` have the length 1 together; ``mass`` was their length before."""

    article_id: int
    story_id: int
    source: str
    title: str
    at: float
    weights: Mapping[str, float]
    mass: float
    facts: Facts


@dataclass(slots=True)
class _Story:
    """Its articles in the order they came, and in how many of them each term stands."""

    began: float
    articles: dict[int, None] = field(default_factory=dict)
    terms: dict[str, int] = field(default_factory=dict)


class StoryIndex:
    """The articles of the last WINDOW, found by their rare words."""

    def __init__(self) -> None:
        self._articles: dict[int, _Known] = {}
        self._stories: dict[int, _Story] = {}
        # The weights of a term in the articles that have it, and in how many stories it stands. What everybody tells
        # of one event doesn't make its words common.
        self._postings: dict[str, dict[int, float]] = {}
        self._spread: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._articles)

    def load(self, tellings: Iterable[Telling], now: datetime) -> None:
        """Take in what was told before, in any order. What is older than WINDOW says only when its story began."""
        for telling in sorted(tellings, key=lambda telling: (telling.at, telling.article_id)):
            self._take(telling, now)
        self.prune(now)

    def add(self, telling: Telling, now: datetime) -> None:
        """Take in an article that has a story, or take it in anew because its text was corrected."""
        self._take(telling, now)
        self.prune(now)

    def forget(self, article_id: int) -> None:
        """Let go of an article, if it is here."""
        if known := self._articles.pop(article_id, None):
            self._leave_story(known)
            for term in known.weights:
                postings = self._postings[term]
                del postings[article_id]
                if not postings:
                    del self._postings[term]

    def prune(self, now: datetime) -> None:
        """Let go of what is older than WINDOW, in the order it came, and of what is more than MOST_ARTICLES."""
        horizon = (now - WINDOW).timestamp()
        while self._articles:
            first = next(iter(self._articles))
            if self._articles[first].at >= horizon and len(self._articles) <= MOST_ARTICLES:
                break
            self.forget(first)

    def story_for(self, telling: Telling, now: datetime) -> Match | None:
        """Find the story that an article joins. It is not taken in, and if it is here, it doesn't speak for itself."""
        asked = self._known(telling, 0, read(telling.title, telling.summary), now)
        matches = [match for story_id in self._candidates(asked) if (match := self._match(asked, story_id))]
        return min(matches, key=lambda match: (-match.likeness, match.story_id), default=None)

    def _take(self, telling: Telling, now: datetime) -> None:
        assert telling.story_id is not None, "what has no story yet is asked for one first"
        self.forget(telling.article_id)
        known = self._known(telling, telling.story_id, read(telling.title, telling.summary), now)
        self._articles[telling.article_id] = known
        self._join_story(known)
        for term, weight in known.weights.items():
            self._postings.setdefault(term, {})[telling.article_id] = weight

    def _join_story(self, known: _Known) -> None:
        story = self._stories.setdefault(known.story_id, _Story(known.at))
        story.began = min(story.began, known.at)
        story.articles[known.article_id] = None
        for term in known.weights:
            if term not in story.terms:
                self._spread[term] = self._spread.get(term, 0) + 1
            story.terms[term] = story.terms.get(term, 0) + 1

    def _leave_story(self, known: _Known) -> None:
        story = self._stories[known.story_id]
        del story.articles[known.article_id]
        if not story.articles:
            del self._stories[known.story_id]
        for term in known.weights:
            story.terms[term] -= 1
            if not story.terms[term]:
                del story.terms[term]
                self._spread[term] -= 1
                if not self._spread[term]:
                    del self._spread[term]

    def _known(self, telling: Telling, story_id: int, reading: Reading, now: datetime) -> _Known:
        """Weigh an article's words by how common they are now; an hour later they are hardly more or less so."""
        total = log(SEED + len(self._stories) + 1)
        weights = {
            term: count * (1 - log(_common().get(term, 0) + self._spread.get(term, 0) + 1) / total)
            for term, count in reading.terms.items()
        }
        mass = sqrt(fsum(weight * weight for weight in weights.values()))
        return _Known(
            telling.article_id,
            story_id,
            telling.source,
            telling.title,
            min(telling.at, now).timestamp(),
            {term: weight / mass for term, weight in weights.items()},
            mass,
            reading.facts,
        )

    def _candidates(self, asked: _Known) -> Iterable[int]:
        """The stories of the articles that share the heaviest words, looked up by the rarest of them."""
        rarest = sorted(
            (term for term in asked.weights if term in self._postings),
            key=lambda term: (len(self._postings[term]), term),
        )
        found: dict[int, float] = {}
        left = MOST_LOOKED_UP
        for term in rarest:
            postings, mine = self._postings[term], asked.weights[term]
            # Of a word that is everywhere the newest: the flood of one feed must not cost more than any other article.
            for article_id, weight in islice(reversed(postings.items()), left):
                found[article_id] = found.get(article_id, 0.0) + mine * weight
            left -= min(left, len(postings))
        found.pop(asked.article_id, None)
        best = nlargest(MOST_BEST, found.items(), key=lambda item: (item[1], -item[0]))
        return list(dict.fromkeys(self._articles[article_id].story_id for article_id, _ in best))[:MOST_CANDIDATES]

    def _match(self, asked: _Known, story_id: int) -> Match | None:
        """Compare with the articles of a story; None if they aren't like enough, or one of them keeps it apart."""
        story = self._stories[story_id]
        if _are_far(asked.at, story.began):
            return None
        # Of a story that everybody tells, the first article and the newest speak for the rest.
        spoken_for = dict.fromkeys([*islice(story.articles, 2), *islice(reversed(story.articles), MOST_MEMBERS)])
        members = [self._articles[each] for each in spoken_for if each != asked.article_id][:MOST_MEMBERS]
        likenesses = [_likeness(asked, member) for member in members]
        if sum(likenesses) < JOINS * len(members):
            return None
        total = 0.0
        for member, likeness in zip(members, likenesses, strict=True):
            against = dict(_penalties(asked, member))
            if len(against.keys() - {_LATE}) > 1 or any(_vetoes(asked, member)):
                return None
            total += likeness * prod(against.values())
        match = Match(story_id, total / len(members))
        return match if match.likeness >= JOINS else None


def _likeness(one: _Known, other: _Known) -> float:
    """How like the words of two articles are; the same whichever comes first."""
    mine, theirs = one.weights, other.weights
    if len(mine) > len(theirs):
        mine, theirs = theirs, mine
    shared = [weight * theirs[term] for term, weight in mine.items() if term in theirs]
    if len(shared) < LEAST_SHARED or fsum(map(sqrt, shared)) * sqrt(one.mass * other.mass) < EVIDENCE:
        return 0.0
    return min(fsum(shared), 1.0)


def evidence(one: Reading, other: Reading) -> float:
    """Return what the words that two articles share weigh, whenever they were written: see EVIDENCE.

    How common a word is goes by the table of common words alone. With fewer than LEAST_SHARED words it is 0.
    """
    total = log(SEED + 1)
    shared = [
        sqrt(count * other.terms[term]) * (1 - log(_common().get(term, 0) + 1) / total)
        for term, count in one.terms.items()
        if term in other.terms
    ]
    return fsum(shared) if len(shared) >= LEAST_SHARED else 0.0


_LATE = "not the same day"
_TOO_FAR = f"more than {WINDOW.total_seconds() / 3600:.0f} hours apart"


def _are_far(one: float, other: float) -> bool:
    return abs(one - other) > WINDOW.total_seconds()


def _vetoes(one: _Known, other: _Known) -> Iterator[str]:
    mine, theirs = one.facts, other.facts
    if _are_far(one.at, other.at):
        yield _TOO_FAR
    if one.source == other.source:
        yield "the same source"
    if mine.title.is_roundup or theirs.title.is_roundup:
        yield "a round-up"
    if mine.whole.is_paper and theirs.whole.is_paper and one.title != other.title:
        yield "two papers"
    for series in sorted(_series(mine.mentions) & _series(theirs.mentions)):
        my_versions = {mention for mention in mine.mentions if mention.series == series}
        their_versions = {mention for mention in theirs.mentions if mention.series == series}
        if not _have_common(my_versions, their_versions):
            names = sorted([", ".join(sorted(map(str, my_versions))), ", ".join(sorted(map(str, their_versions)))])
            yield f"other versions: {' / '.join(names)}"
    for action in sorted((mine.title.apart - theirs.whole.apart) | (theirs.title.apart - mine.whole.apart)):
        yield f"one headline alone says: {action}"


def _penalties(one: _Known, other: _Known) -> Iterator[tuple[str, float]]:
    mine, theirs = one.facts, other.facts
    if _differ(mine.whole.parties, theirs.whole.parties):
        yield "other parties", OTHER_PARTIES
    elif mine.title.parties - theirs.whole.parties and theirs.title.parties - mine.whole.parties:
        yield "each names a party of its own", PARTIES_OF_THEIR_OWN
    if (mine.title.names - other.weights.keys()) and (theirs.title.names - one.weights.keys()):
        yield "each has a name of its own", NAMES_OF_THEIR_OWN
    if _differ(mine.whole.amounts, theirs.whole.amounts):
        yield "other amounts", OTHER_AMOUNTS
    if mine.title.mentions and theirs.title.mentions and not _have_common(mine.whole.mentions, theirs.whole.mentions):
        yield "other products", OTHER_PRODUCTS
    alone = (mine.follow_ups - theirs.whole.events) | (theirs.follow_ups - mine.whole.events)
    if alone:
        yield "one alone is a follow-up", FOLLOW_UP
    elif _differ(mine.events, theirs.events):
        yield "other events", OTHER_EVENTS
    if abs(one.at - other.at) > SAME_DAY.total_seconds():
        yield _LATE, LATE


def _differ(one: Set[str], other: Set[str]) -> bool:
    return bool(one and other) and one.isdisjoint(other)


def _series(mentions: Iterable[Mention]) -> set[str]:
    return {mention.series for mention in mentions}


def _have_common(some: Iterable[Mention], others: Iterable[Mention]) -> bool:
    """Whether a version is named on both sides; one without a series or a number goes with any."""
    return any(
        one.variants == other.variants
        and (one.number == other.number or not one.number or not other.number)
        and (one.series == other.series or not one.series or not other.series)
        for one in some
        for other in others
    )


@cache
def _common() -> Mapping[str, float]:
    """In how many of SEED articles a term is taken to stand."""
    data = tomllib.loads(resources.files("newsroom.stories").joinpath("common.toml").read_text(encoding="utf-8"))
    shares: dict[str, float] = {}
    for one_in, words in data.items():
        for word in words:
            for term in {word, stem(word)}:
                shares.setdefault(term, SEED / int(one_in))
    return shares
