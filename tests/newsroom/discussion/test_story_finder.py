"""What whoever names a story is promised: that it is the one they mean, of those that they see."""

from __future__ import annotations

from typing import Any

import pytest

from newsroom.discussion.story_finder import Seeker
from newsroom.errors import RequestRefused
from newsroom.models import DiscussionSettings
from tests import talks
from tests.desk import CHANNEL, FEED, GUILD, OTHER_CHANNEL, Desk

OTHER_FEED = "https://other.example/feed.xml"


def seeker(*places: int, sees: Any = None) -> Seeker:
    return Seeker(GUILD, places or (OTHER_CHANNEL,), sees or (lambda channel_id: True))


def debated(settings: DiscussionSettings) -> bool:
    return settings.debate


async def meant(desk: Desk, who: Seeker, given: str | None = None, words: str = "") -> int:
    return (await desk.newsroom.story_finder.meant(who, given, wanted=debated, words=words)).card.id


async def test_without_a_story_it_is_that_of_the_thread_then_the_one_that_fits_best(desk: Desk):
    mistral = await talks.card(desk)
    kestrel = await desk.post_story("A lab prices Kestrel for Europe", CHANNEL, FEED)
    thread_id = await talks.discussed(desk, mistral)

    assert await meant(desk, seeker(thread_id, CHANNEL), words="Kestrel in Europe?") == mistral.delivery.id
    assert await meant(desk, seeker(), words="What is Kestrel's price in Europe?") == kestrel.delivery.id
    with pytest.raises(RequestRefused, match="Which story"):
        await meant(desk, seeker())


async def test_a_story_is_named_by_the_number_that_was_offered_or_by_its_words(desk: Desk):
    posted = await talks.card(desk)
    [offered] = await desk.newsroom.story_finder.offered(seeker(), "mist")

    for given in (str(offered.story_id), "mistral open weights"):
        assert await meant(desk, seeker(), given) == posted.delivery.id
    for given, told in (("987654", "isn't posted"), ("bananas on Mars", "no story here")):
        with pytest.raises(RequestRefused, match=told):
            await meant(desk, seeker(), given)


async def test_of_a_storys_cards_it_is_the_one_where_that_is_on_then_where_one_asks_then_the_oldest(desk: Desk):
    first = await talks.card(desk)
    second = await talks.card(desk, channel_id=OTHER_CHANNEL, url=OTHER_FEED)
    story = str(first.delivery.story_id)
    assert second.delivery.story_id == first.delivery.story_id

    assert await meant(desk, seeker(1), story) == first.delivery.id
    assert await meant(desk, seeker(OTHER_CHANNEL), story) == second.delivery.id
    await desk.newsroom.threads.change(GUILD, CHANNEL, debate=True)
    assert await meant(desk, seeker(OTHER_CHANNEL), story) == first.delivery.id


async def test_what_somebody_does_not_see_is_neither_offered_nor_meant(desk: Desk):
    posted = await talks.card(desk)
    blind = seeker(sees=lambda channel_id: channel_id != CHANNEL)

    assert await desk.newsroom.story_finder.offered(blind, "mist") == []
    for given in (str(posted.delivery.story_id), "mistral open weights"):
        with pytest.raises(RequestRefused):
            await meant(desk, blind, given)
