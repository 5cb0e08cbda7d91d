"""How did it age? Which take of a season ago is worth asking about, because its subject is back in the news."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from newsroom.models import Take
from newsroom.stories.grouping import EVIDENCE, evidence
from newsroom.stories.tellings import Reading, read

YOUNGEST, OLDEST = timedelta(days=85), timedelta(days=100)
"""A take is asked about when it is about so old."""

BACK = EVIDENCE / 2
"""What the words that the old and the new article share must weigh, besides a name: to tell one story takes twice as
much."""

MOST_TAKES = 300
MOST_STORIES = 300
"""How many old takes are held against how many new stories."""


def is_back(old: Reading, new: Reading) -> bool:
    """Whether what an old article told is the subject of a new one.

    Both name the same company, product or proper name, and share words that weigh BACK. That they tell the same event
    is not asked for, and after a season can't be.
    """
    return _shares_a_name(old, new) and evidence(old, new) >= BACK


def back_in_the_news(
    takes: Sequence[tuple[Take, str, str]], stories: Sequence[tuple[int, str, str]]
) -> tuple[Take, int] | None:
    """Return the take whose subject is back most clearly, and the story that brought it back; None if none is.

    ``takes`` come with their story's headline and summary, ``stories`` as id, headline and summary. What brings a
    subject back is another story than the take's own. Of equals the older take wins, and the newer story.
    It reads every text once, about a millisecond each: not for the loop.
    """
    fresh = [(story_id, read(title, summary)) for story_id, title, summary in stories[:MOST_STORIES]]
    found: list[tuple[float, int, int, Take]] = []
    for take, title, summary in takes[:MOST_TAKES]:
        old = read(title, summary)
        for story_id, new in fresh:
            if story_id != take.story_id and is_back(old, new):
                found.append((evidence(old, new), -take.id, story_id, take))
    if not found:
        return None
    _, _, story_id, take = max(found, key=lambda each: each[:3])
    return take, story_id


def _shares_a_name(one: Reading, other: Reading) -> bool:
    mine, theirs = one.facts, other.facts
    series = {mention.series for mention in mine.mentions if mention.series}
    return (
        not mine.whole.parties.isdisjoint(theirs.whole.parties)
        or not mine.whole.names.isdisjoint(theirs.whole.names)
        or any(mention.series in series for mention in theirs.mentions)
    )
