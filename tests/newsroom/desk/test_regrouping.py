"""What moderators split and merge holds in their guild: one card a story and channel, as they see it."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from newsroom.desk.outbox import Claim
from newsroom.desk.story_desk import ManagedStory
from newsroom.errors import RequestRefused
from newsroom.models import DeliveryState, Redraw
from newsroom.store import tables
from newsroom.store.database import Database
from tests.desk import CHANNEL, FEED, FOREIGN_CHANNEL, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk
from tests.newsroom.desk.test_story_groups import (
    BLOG,
    BLOG_HEADLINE,
    LAB_HEADLINE,
    PRESS,
    PRESS_HEADLINE,
    redraws,
    tell,
)

CHOIR = "A choir in Wales sings what a chatbot wrote"
MODEL = "DeepSeek releases R1 reasoning model under MIT licence"
OTHER_MODEL = "Mistral publishes open weights under Apache 2.0"


@pytest.fixture
async def desk(database: Database) -> Desk:
    """Two channels of one guild and one of another, which get three feeds without any news yet."""
    desk = Desk.over(database)
    for url in (FEED, BLOG, PRESS):
        for channel_id, guild_id in ((CHANNEL, GUILD), (OTHER_CHANNEL, GUILD), (FOREIGN_CHANNEL, OTHER_GUILD)):
            await desk.follow(url, channel_id, guild_id, title=url.removeprefix("https://").partition(".")[0].title())
    desk.clock.advance(minutes=5)
    return desk


async def one_story(desk: Desk) -> int:
    """A story that the lab and the blog tell under one card everywhere; return the card's message in CHANNEL."""
    await tell(desk, FEED, LAB_HEADLINE)
    await tell(desk, BLOG, BLOG_HEADLINE)
    return await post_everywhere(desk)


async def two_stories(desk: Desk, one: str = LAB_HEADLINE, other: str = CHOIR) -> tuple[int, int]:
    """Two stories, one of the lab and one of the blog; return their cards' messages in CHANNEL."""
    await tell(desk, FEED, one)
    first = await post_everywhere(desk)
    await tell(desk, BLOG, other, summary="It is something else.")
    return first, await post_everywhere(desk)


async def merge_where_posted(desk: Desk, channel_id: int) -> tuple[ManagedStory, Claim, Claim]:
    """Post two stories in one channel, while elsewhere they wait, and merge them; return their claims as well."""
    await tell(desk, FEED, LAB_HEADLINE)
    [one] = await desk.claims(channel_id)
    await tell(desk, BLOG, CHOIR, summary="It is something else.")
    [two] = await desk.claims(channel_id)
    story, _ = await desk.newsroom.story_desk.merge(GUILD, 9000 + one.delivery.id, 9000 + two.delivery.id)
    return story, one, two


async def post_everywhere(desk: Desk) -> int:
    [claim] = await desk.claims(CHANNEL)
    await desk.claims(OTHER_CHANNEL)
    await desk.claims(FOREIGN_CHANNEL)
    return 9000 + claim.delivery.id


async def named(desk: Desk, message_id: int, source: str = "Blog") -> int:
    """The article of another source that a card names."""
    story = await desk.newsroom.story_desk.story_of(GUILD, message_id)
    [article_id] = [article.id for article, name in story.others if name == source]
    return article_id


async def split(desk: Desk, message_id: int, source: str = "Blog") -> ManagedStory:
    story, _ = await desk.newsroom.story_desk.split(GUILD, message_id, await named(desk, message_id, source))
    return story


async def remove(desk: Desk, url: str, channel_id: int = CHANNEL) -> None:
    [feed] = [feed for feed in desk._feeds() if feed.url == url]
    await desk.subscriptions.remove(GUILD, feed.id, channel_id)


def also(drawn: list[Redraw], guild_id: int = GUILD) -> list[tuple[str, list[str]]]:
    """The headlines of cards, each with the sources that it names."""
    return [
        (redraw.card.headline, [name for name, _ in redraw.card.also])
        for redraw in drawn
        if redraw.guild_id == guild_id
    ]


# Splitting


async def test_what_is_split_off_gets_a_card_of_its_own_in_each_channel_of_the_guild(desk: Desk) -> None:
    message_id = await one_story(desk)

    story = await split(desk, message_id)

    assert story.others == ()
    assert await desk.headlines(CHANNEL) == await desk.headlines(OTHER_CHANNEL) == [BLOG_HEADLINE]
    assert also(await redraws(desk)) == [(LAB_HEADLINE, [])] * 2


async def test_other_guilds_see_nothing_of_a_split(desk: Desk) -> None:
    await split(desk, await one_story(desk))

    assert await desk.headlines(FOREIGN_CHANNEL) == []
    assert also(await redraws(desk), OTHER_GUILD) == []


async def test_where_the_card_tells_what_is_split_off_the_rest_gets_the_new_card(desk: Desk) -> None:
    await tell(desk, BLOG, BLOG_HEADLINE)
    await desk.claims(OTHER_CHANNEL)
    await desk.claims(FOREIGN_CHANNEL)
    async with desk.store.begin() as connection:  # in #news the lab's article was the first to be told
        [row] = await connection.execute(select(tables.delivery).where(tables.delivery.c.channel_id == CHANNEL))
        await connection.execute(tables.delivery.delete().where(tables.delivery.c.id == row.id))
    await tell(desk, FEED, LAB_HEADLINE)
    [claim] = await desk.claims(CHANNEL)

    await split(desk, 9000 + claim.delivery.id)

    assert await desk.headlines(CHANNEL) == [BLOG_HEADLINE]
    assert await desk.headlines(OTHER_CHANNEL) == [LAB_HEADLINE]


async def test_a_channel_that_does_not_get_the_other_feed_gets_no_card_by_a_split(desk: Desk) -> None:
    message_id = await one_story(desk)
    await remove(desk, BLOG, OTHER_CHANNEL)

    await split(desk, message_id)

    assert await desk.headlines(OTHER_CHANNEL) == []


async def test_a_story_that_was_taken_down_stays_down(desk: Desk) -> None:
    message_id = await one_story(desk)
    async with desk.store.begin() as connection:
        [there] = await connection.scalars(
            select(tables.delivery.c.message_id).where(tables.delivery.c.channel_id == OTHER_CHANNEL)
        )
    await desk.newsroom.story_desk.take_down(GUILD, there)

    await split(desk, message_id)

    assert await desk.headlines(OTHER_CHANNEL) == []


async def test_a_card_that_a_moderator_asked_for_comes_whatever_was_sent_in_the_hour(desk: Desk) -> None:
    message_id = await one_story(desk)
    await desk.newsroom.channels.limit(GUILD, CHANNEL, 1, 0)

    await split(desk, message_id)

    assert await desk.headlines(CHANNEL) == [BLOG_HEADLINE]


async def test_what_is_not_under_the_card_can_not_be_split_off(desk: Desk) -> None:
    message_id, other = await two_stories(desk)
    theirs = (await desk.newsroom.whys.of(GUILD, f"https://discord.com/channels/{GUILD}/{CHANNEL}/{other}")).article

    for article_id in (theirs.id, 999):
        with pytest.raises(RequestRefused, match="isn't under this card"):
            await desk.newsroom.story_desk.split(GUILD, message_id, article_id)


async def test_feed_why_tells_what_was_split_off_as_a_story_of_its_own(desk: Desk) -> None:
    await split(desk, await one_story(desk))
    link = desk.web.documents[BLOG].entries[0].link

    why = await desk.newsroom.whys.of(GUILD, link or "")

    assert why.others == ()
    assert [way.fate for way in why.ways] == ["on its way", "on its way"]


async def test_of_two_moderators_who_split_it_off_at_once_the_second_is_told(desk: Desk) -> None:
    message_id = await one_story(desk)
    article_id = await named(desk, message_id)

    done = await asyncio.gather(
        *(desk.newsroom.story_desk.split(GUILD, message_id, article_id) for _ in range(2)), return_exceptions=True
    )

    assert sorted(type(result).__name__ for result in done) == ["RequestRefused", "tuple"]
    assert await desk.headlines(CHANNEL) == [BLOG_HEADLINE]


async def test_a_report_from_before_the_channel_got_its_feed_gets_a_card_once_it_is_split_off(
    database: Database,
) -> None:
    desk = Desk.over(database)
    await desk.follow(FEED, CHANNEL, title="Lab")
    await desk.follow(BLOG, FOREIGN_CHANNEL, OTHER_GUILD)
    await tell(desk, FEED, LAB_HEADLINE)
    await tell(desk, BLOG, BLOG_HEADLINE)
    [claim] = await desk.claims(CHANNEL)
    desk.clock.advance(minutes=5)
    await desk.add(BLOG, CHANNEL, title="Blog")

    await split(desk, 9000 + claim.delivery.id)

    assert await desk.headlines(CHANNEL) == [BLOG_HEADLINE]


async def test_what_is_split_off_stays_when_the_other_feed_is_removed_and_the_other_does_not(desk: Desk) -> None:
    await tell(desk, FEED, LAB_HEADLINE)
    await tell(desk, BLOG, BLOG_HEADLINE)
    [claim] = await desk.claims(OTHER_CHANNEL)
    await split(desk, 9000 + claim.delivery.id)

    await remove(desk, FEED)

    assert await desk.headlines(CHANNEL) == [BLOG_HEADLINE]


async def test_a_card_that_tells_what_was_split_off_loses_the_poll_of_the_story_it_leaves(desk: Desk) -> None:
    about = {"summary": "DeepSeek has published the weights of its reasoning model R1."}
    await remove(desk, FEED, OTHER_CHANNEL)
    await tell(desk, FEED, MODEL, **about)
    await tell(desk, BLOG, "DeepSeek R1, an open reasoning model, is out under the MIT licence", **about)
    [claim] = await desk.claims(CHANNEL)
    [there] = await desk.claims(OTHER_CHANNEL)
    assert claim.card.poll is not None and there.card.poll is not None

    await split(desk, 9000 + claim.delivery.id)

    story = await desk.newsroom.story_desk.story_of(GUILD, 9000 + there.delivery.id)
    assert story.poll is None
    [drawn] = [redraw for redraw in await redraws(desk) if redraw.message_id == 9000 + there.delivery.id]
    assert drawn.card.poll is None


async def test_what_is_split_off_while_its_card_is_sent_is_drawn_so_next(desk: Desk) -> None:
    await tell(desk, FEED, LAB_HEADLINE)
    await tell(desk, BLOG, BLOG_HEADLINE)
    [claim] = await desk.claims(CHANNEL)
    sending = await desk.outbox.claim(OTHER_CHANNEL)
    assert sending is not None and len(sending.card.also) == 1

    await split(desk, 9000 + claim.delivery.id)
    await desk.outbox.sent(sending, 7000, publish=False)

    assert (LAB_HEADLINE, []) in [
        (redraw.card.headline, list(redraw.card.also)) for redraw in await redraws(desk) if redraw.message_id == 7000
    ]


# Merging


async def test_two_merged_stories_are_one_card_which_names_the_other_source(desk: Desk) -> None:
    first, second = await two_stories(desk)

    story, places = await desk.newsroom.story_desk.merge(GUILD, second, first)

    assert story.message_id == first
    assert [source for _, source in story.others] == ["Blog"]
    assert len(places) == 2 and (CHANNEL, second) in places
    assert also(await redraws(desk)) == [(LAB_HEADLINE, ["Blog"])] * 2


async def test_other_guilds_see_nothing_of_a_merge(desk: Desk) -> None:
    first, second = await two_stories(desk)

    await desk.newsroom.story_desk.merge(GUILD, first, second)

    assert also(await redraws(desk), OTHER_GUILD) == []
    desk.clock.advance(minutes=5)
    await tell(desk, PRESS, CHOIR.upper(), summary="It is something else.")
    assert also(await redraws(desk), OTHER_GUILD) == [(CHOIR, ["Press"])]


async def test_whatever_tells_the_merged_story_later_is_named_on_the_same_card(desk: Desk) -> None:
    first, second = await two_stories(desk)
    await desk.newsroom.story_desk.merge(GUILD, first, second)
    await redraws(desk)
    desk.clock.advance(minutes=5)

    await tell(desk, PRESS, CHOIR.upper(), summary="It is something else.")

    assert await desk.headlines(CHANNEL) == []
    assert also(await redraws(desk)) == [(LAB_HEADLINE, ["Blog", "Press"])] * 2


async def test_a_merge_keeps_the_card_that_stands_where_the_other_only_waits(desk: Desk) -> None:
    await merge_where_posted(desk, CHANNEL)

    assert await desk.headlines(OTHER_CHANNEL) == [LAB_HEADLINE]


async def test_the_story_with_the_team_poll_stays(desk: Desk) -> None:
    first, second = await two_stories(desk, LAB_HEADLINE, MODEL)

    story, places = await desk.newsroom.story_desk.merge(GUILD, first, second)

    assert (story.message_id, story.poll is not None) == (second, True)
    assert (CHANNEL, first) in places


async def test_two_team_polls_are_not_merged(desk: Desk) -> None:
    first, second = await two_stories(desk)
    for message_id in (first, second):
        await desk.newsroom.story_desk.start_poll(GUILD, message_id, 1)

    with pytest.raises(RequestRefused, match="votes can't be merged"):
        await desk.newsroom.story_desk.merge(GUILD, first, second)


async def test_a_story_is_not_merged_with_itself(desk: Desk) -> None:
    first, _ = await two_stories(desk)

    with pytest.raises(RequestRefused, match="one story already"):
        await desk.newsroom.story_desk.merge(GUILD, first, first)


async def test_a_card_of_another_guild_is_none_to_merge_with(desk: Desk) -> None:
    first, _ = await two_stories(desk)
    async with desk.store.read() as connection:
        foreign = await connection.scalar(
            select(tables.delivery.c.message_id).where(tables.delivery.c.guild_id == OTHER_GUILD)
        )

    with pytest.raises(RequestRefused, match="none of my story cards"):
        await desk.newsroom.story_desk.merge(GUILD, first, foreign)


async def test_nothing_is_merged_while_a_card_is_being_posted(desk: Desk) -> None:
    first, _ = await two_stories(desk)
    await tell(desk, PRESS, MODEL, summary="Weights are out.")
    [claim] = await desk.claims(CHANNEL)
    sending = await desk.outbox.claim(OTHER_CHANNEL)
    assert sending is not None

    with pytest.raises(RequestRefused, match="being posted"):
        await desk.newsroom.story_desk.merge(GUILD, first, 9000 + claim.delivery.id)

    async with desk.store.read() as connection:
        states = select(tables.delivery.c.state).where(tables.delivery.c.message_id == first)
        assert await connection.scalar(states) is DeliveryState.SENT


async def test_splitting_takes_a_merge_back_and_the_card_comes_again(desk: Desk) -> None:
    first, second = await two_stories(desk)
    await desk.newsroom.story_desk.merge(GUILD, first, second)

    await split(desk, first)

    assert await desk.headlines(CHANNEL) == await desk.headlines(OTHER_CHANNEL) == [CHOIR]
    desk.clock.advance(minutes=5)
    await tell(desk, PRESS, CHOIR.upper(), summary="It is something else.")
    drawn = also(await redraws(desk))
    assert (CHOIR, ["Press"]) in drawn and (LAB_HEADLINE, []) in drawn


async def test_a_card_that_was_posted_when_its_feed_was_added_comes_again_after_merge_and_split(
    database: Database,
) -> None:
    desk = Desk.over(database)
    await desk.follow(FEED, CHANNEL, title="Lab")
    await desk.follow(BLOG, FOREIGN_CHANNEL, OTHER_GUILD)
    desk.clock.advance(minutes=5)
    await tell(desk, FEED, LAB_HEADLINE)
    await tell(desk, BLOG, CHOIR, summary="It is something else.")
    await desk.add(BLOG, CHANNEL, title="Blog", backfill=1)
    one, two = await desk.claims(CHANNEL)
    story, _ = await desk.newsroom.story_desk.merge(GUILD, 9000 + one.delivery.id, 9000 + two.delivery.id)

    await split(desk, story.message_id)

    assert await desk.headlines(CHANNEL) == [CHOIR]


async def test_what_was_planned_while_the_stories_were_merged_gets_no_card_of_its_own(desk: Desk) -> None:
    """A round may have asked what is merged just before it was."""
    story, one, two = await merge_where_posted(desk, CHANNEL)
    async with desk.store.begin() as connection:
        late = dict((await connection.execute(select(tables.delivery))).mappings().first() or {})
        late |= {"id": 900, "story_id": two.delivery.story_id, "message_id": None, "sent_at": None}
        late |= {"state": DeliveryState.PENDING, "attempted_at": None, "channel_id": CHANNEL, "guild_id": GUILD}
        await connection.execute(tables.delivery.insert().values(late))

    assert story.message_id == 9000 + one.delivery.id
    assert await desk.headlines(CHANNEL) == []


async def test_of_two_merges_of_one_story_at_once_both_hold_or_one_is_told(desk: Desk) -> None:
    first, second = await two_stories(desk)
    await tell(desk, PRESS, OTHER_MODEL, summary="Weights.")
    third = await post_everywhere(desk)

    done = await asyncio.gather(
        desk.newsroom.story_desk.merge(GUILD, first, second),
        desk.newsroom.story_desk.merge(GUILD, second, third),
        return_exceptions=True,
    )

    assert {type(result) for result in done} <= {tuple, RequestRefused}
    assert isinstance(done[0], tuple) or isinstance(done[1], tuple)


async def test_a_merged_story_stays_when_one_of_its_feeds_is_removed(desk: Desk) -> None:
    await merge_where_posted(desk, OTHER_CHANNEL)

    await remove(desk, FEED)

    assert len(await desk.headlines(CHANNEL)) == 1


async def test_what_was_split_off_can_be_merged_again(desk: Desk) -> None:
    message_id = await one_story(desk)
    await split(desk, message_id)
    [claim] = await desk.claims(CHANNEL)

    story, places = await desk.newsroom.story_desk.merge(GUILD, 9000 + claim.delivery.id, message_id)

    assert story.message_id == message_id
    assert [source for _, source in story.others] == ["Blog"]
    assert (CHANNEL, 9000 + claim.delivery.id) in places


async def test_the_stories_that_are_most_alike_are_offered_first(desk: Desk) -> None:
    await tell(desk, FEED, PRESS_HEADLINE)
    await post_everywhere(desk)
    await tell(desk, BLOG, CHOIR, summary="It is something else.")
    await post_everywhere(desk)
    await tell(desk, PRESS, "Lumen Photonics delays its optical chips by a year", summary="Later.")
    last = await post_everywhere(desk)

    story = await desk.newsroom.story_desk.story_of(GUILD, last)

    assert [near.headline for near in story.near] == [PRESS_HEADLINE, CHOIR]
