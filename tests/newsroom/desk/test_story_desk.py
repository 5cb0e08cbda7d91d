"""What moderators do with a posted story holds, in their own guild and nowhere else."""

from __future__ import annotations

import asyncio

import pytest

from newsroom.desk.story_desk import NO_STORY
from newsroom.errors import RequestRefused
from newsroom.models import Camp, ChannelKind, DeliveryState, Outcome, PollState, Purpose, Side, Tally
from newsroom.store.database import Database
from newsroom.votes.polls import OVER
from newsroom.votes.standings import Season
from tests.desk import ADMIN, CHANNEL, FEED, FOREIGN_CHANNEL, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk
from tests.makers import NOW
from tests.votes import ANNA, custom, draft, everything, get, messages, send_due, tally_of, vote, vote_many

STRONG = "Mistral releases open weights of a new model"
NEITHER = "A small lab hires a cook"
MIRROR = "https://mirror.example/feed.xml"


@pytest.fixture
async def desk(database: Database) -> Desk:
    """A channel that follows two feeds."""
    desk = Desk.over(database)
    await desk.follow()
    await desk.follow(MIRROR)
    return desk


async def posted(desk: Desk, headline: str, channel_id: int = CHANNEL) -> int:
    """Post a story and return its card's message."""
    return 9000 + (await desk.post_story(headline, channel_id)).delivery.id


async def card_in(desk: Desk, channel_id: int) -> int:
    """Send what a channel has waiting, which is one card, and return its message."""
    [claim] = await desk.claims(channel_id)
    return 9000 + claim.delivery.id


async def test_moderators_see_the_story_of_a_card_with_its_poll_and_why(desk: Desk):
    message_id = await posted(desk, STRONG)

    story = await desk.newsroom.story_desk.story_of(GUILD, message_id)

    assert (story.headline, story.channel_id, story.message_id) == (STRONG, CHANNEL, message_id)
    assert (story.posted_at, story.strong) == (NOW, True)
    assert story.poll is not None and story.poll.question == STRONG
    assert story.origin is not None and (story.origin.feed_url, story.origin.camp) == (FEED, Camp.OPEN)
    assert [(term.text, term.side) for term in story.origin.terms] == [
        ("open weights", Side.OPEN), ("Mistral", Side.OPEN),
    ]  # fmt: skip
    assert not story.origin.corrected


async def test_a_reply_with_the_poll_leads_to_the_story_as_well(desk: Desk):
    message_id = await posted(desk, NEITHER)
    await desk.newsroom.story_desk.start_poll(GUILD, message_id, ADMIN)
    [reply] = await send_due(desk)

    story = await desk.newsroom.story_desk.story_of(GUILD, 8000 + reply.id)

    assert (story.message_id, story.headline) == (message_id, NEITHER)


async def test_a_poll_that_was_started_by_command_under_a_card_leads_to_the_story_as_well(desk: Desk):
    message_id = await posted(desk, NEITHER)
    [(story_id, _, _)] = await desk.newsroom.story_desk.stories(GUILD, NEITHER)
    await desk.newsroom.polls.start(GUILD, CHANNEL, ADMIN, draft(), story_id)
    [shown] = await send_due(desk)

    assert (await desk.newsroom.story_desk.story_of(GUILD, 8000 + shown.id)).message_id == message_id


@pytest.mark.parametrize("doing", ["story_of", "start_poll", "correct", "take_down"])
@pytest.mark.parametrize("message", ["another guild's", "nobody's", "a poll on no story", "no id of Discord's"])
async def test_a_message_that_is_no_story_card_of_this_guild_is_refused(desk: Desk, doing: str, message: str):
    await desk.follow(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    await desk.tell(NEITHER)
    foreign = await card_in(desk, FOREIGN_CHANNEL)
    await desk.newsroom.polls.start(GUILD, CHANNEL, ADMIN, custom())
    [lone] = await send_due(desk)
    message_id = {
        "another guild's": foreign,
        "nobody's": 2**63 - 1,
        "a poll on no story": 8000 + lone.id,
        "no id of Discord's": 2**63,
    }[message]
    more = {"start_poll": (ADMIN,), "correct": (Camp.OPEN,)}.get(doing, ())
    before = await everything(desk)

    with pytest.raises(RequestRefused, match=NO_STORY):
        await getattr(desk.newsroom.story_desk, doing)(GUILD, message_id, *more)
    assert await everything(desk) == before


async def test_stories_that_are_posted_are_found_by_words_of_their_headline_the_newest_first(desk: Desk):
    await desk.follow(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    await posted(desk, STRONG)
    await posted(desk, NEITHER)
    await desk.tell("Never posted")
    stories = desk.newsroom.story_desk.stories

    assert [headline for _, headline, _ in await stories(GUILD, "")] == [NEITHER, STRONG]
    assert [headline for _, headline, _ in await stories(GUILD, "OPEN weights")] == [STRONG]
    assert await stories(GUILD, "%") == []
    assert await stories(OTHER_GUILD, "") == []


async def test_a_story_is_found_once_for_each_of_its_cards_with_the_channel_where_it_stands(desk: Desk):
    await desk.follow(channel_id=OTHER_CHANNEL)
    await posted(desk, STRONG)
    await posted(desk, NEITHER)
    await desk.claims(OTHER_CHANNEL)

    found = await desk.newsroom.story_desk.stories(GUILD, "")

    assert sorted((headline, channel) for _, headline, channel in found) == sorted(
        (headline, channel) for headline in (STRONG, NEITHER) for channel in (CHANNEL, OTHER_CHANNEL)
    )
    assert [headline for _, headline, _ in found] == [NEITHER, NEITHER, STRONG, STRONG]
    assert len({story_id for story_id, _, _ in found}) == 2


async def test_small_and_capital_letters_of_every_alphabet_are_the_same_to_a_search(desk: Desk):
    await posted(desk, "ÄRGER über Öl")
    await posted(desk, "Ещё одна НОВОСТЬ")
    stories = desk.newsroom.story_desk.stories

    assert [headline for _, headline, _ in await stories(GUILD, "ärger ÜBER")] == ["ÄRGER über Öl"]
    assert [headline for _, headline, _ in await stories(GUILD, "новость")] == ["Ещё одна НОВОСТЬ"]


# --------------------------------------------------------------------------------- the team poll


async def test_a_moderator_starts_the_team_poll_of_a_story_as_a_reply_to_each_of_its_cards(desk: Desk):
    await desk.follow(channel_id=OTHER_CHANNEL)
    message_id = await posted(desk, NEITHER)
    other = await card_in(desk, OTHER_CHANNEL)

    story = await desk.newsroom.story_desk.start_poll(GUILD, other, ADMIN)

    assert story.poll is not None
    assert (story.poll.question, story.poll.automatic, story.poll.opened_by) == (NEITHER, False, ADMIN)
    assert story.poll.channel_id == OTHER_CHANNEL
    assert [(row.channel_id, row.purpose, row.reply_to) for row in await messages(desk, story.poll)] == [
        (CHANNEL, Purpose.REPLY, message_id), (OTHER_CHANNEL, Purpose.REPLY, other),
    ]  # fmt: skip


async def test_a_story_that_has_its_poll_gets_no_second_one(desk: Desk):
    message_id = await posted(desk, STRONG)
    before = await everything(desk)

    with pytest.raises(RequestRefused, match="has its team poll already"):
        await desk.newsroom.story_desk.start_poll(GUILD, message_id, ADMIN)
    assert await everything(desk) == before


async def test_of_two_moderators_who_start_the_poll_at_once_one_does(desk: Desk):
    message_id = await posted(desk, NEITHER)

    started = await asyncio.gather(
        *(desk.newsroom.story_desk.start_poll(GUILD, message_id, ADMIN + number) for number in range(4)),
        return_exceptions=True,
    )

    assert [isinstance(each, RequestRefused) for each in started].count(False) == 1
    assert len(await desk.newsroom.polls.listing(GUILD)) == 1


# ----------------------------------------------------------------------------------- corrections


async def test_what_a_moderator_says_a_story_is_about_wins_and_the_last_word_counts(desk: Desk):
    message_id = await posted(desk, STRONG)
    correct = desk.newsroom.story_desk.correct

    neither = await correct(GUILD, message_id, Camp.NEITHER)
    both = await correct(GUILD, message_id, Camp.BOTH)

    assert neither.origin is not None and both.origin is not None
    assert (neither.origin.camp, neither.origin.corrected, neither.strong) == (Camp.NEITHER, True, False)
    assert (both.origin.camp, both.origin.corrected, both.strong) == (Camp.BOTH, True, True)
    assert both.origin.terms, "what its words say can still be read"


async def test_a_correction_holds_in_its_own_guild_alone(desk: Desk):
    await desk.follow(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    message_id = await posted(desk, STRONG)
    foreign = await card_in(desk, FOREIGN_CHANNEL)

    await desk.newsroom.story_desk.correct(GUILD, message_id, Camp.NEITHER)

    there = await desk.newsroom.story_desk.story_of(OTHER_GUILD, foreign)
    assert there.origin is not None and (there.origin.camp, there.origin.corrected) == (Camp.OPEN, False)


# -------------------------------------------------------------------------------- taking it down


async def test_with_the_last_card_a_storys_poll_ends_as_it_stood_and_its_result_is_told_nowhere(desk: Desk):
    message_id = await posted(desk, STRONG)
    poll = (await desk.newsroom.story_desk.story_of(GUILD, message_id)).poll
    assert poll is not None
    await vote_many(desk, poll, 12)

    assert await desk.newsroom.story_desk.take_down(GUILD, message_id) == [(CHANNEL, message_id)]

    ended = await get(desk, poll)
    assert (ended.state, ended.closed_at, ended.outcome) == (PollState.CLOSED, NOW, Outcome.OPEN)
    assert (ended.voters, [choice.votes for choice in ended.choices]) == (12, [12, 0, 0])
    with pytest.raises(RequestRefused, match=OVER):
        await vote(desk, poll, ANNA)
    assert await messages(desk, poll, Purpose.RESULT) == []
    assert await desk.newsroom.poll_messages.due() == [] == await desk.newsroom.poll_messages.undrawn()
    assert await desk.newsroom.polls.close(poll.id) is None
    await desk.newsroom.members.forget(5001, GUILD)
    assert await tally_of(desk, poll) == Tally((12, 0, 0), 12), "printed, as of any poll that ended"
    desk.clock.advance(seconds=1)
    assert (await desk.newsroom.members.standings(GUILD)).season == Season(open=1)


async def test_a_poll_that_ended_with_its_last_card_cannot_be_reopened_where_nobody_sees_it(desk: Desk):
    message_id = await posted(desk, STRONG)
    poll = (await desk.newsroom.story_desk.story_of(GUILD, message_id)).poll
    assert poll is not None
    await desk.newsroom.story_desk.take_down(GUILD, message_id)

    with pytest.raises(RequestRefused, match="No message shows that poll any more"):
        await desk.newsroom.polls.reopen(GUILD, poll.id)


async def test_what_shows_the_poll_goes_with_the_card_and_the_poll_goes_on_under_the_other_card(desk: Desk):
    await desk.follow(channel_id=OTHER_CHANNEL)
    message_id = await posted(desk, NEITHER)
    await card_in(desk, OTHER_CHANNEL)
    story = await desk.newsroom.story_desk.start_poll(GUILD, message_id, ADMIN)
    here, there = await send_due(desk)
    assert story.poll is not None

    taken = await desk.newsroom.story_desk.take_down(GUILD, message_id)

    assert taken == [(CHANNEL, message_id), (CHANNEL, 8000 + here.id)]
    assert (await get(desk, story.poll)).state is PollState.OPEN
    await vote(desk, story.poll, ANNA)
    desk.clock.advance(seconds=10)
    taken_to_draw = await desk.newsroom.poll_messages.take_to_draw(story.poll.id)
    assert [contents.message.id for contents in taken_to_draw] == [there.id]


async def test_a_reply_that_was_not_sent_yet_is_not_sent_any_more(desk: Desk):
    message_id = await posted(desk, NEITHER)
    await desk.newsroom.story_desk.start_poll(GUILD, message_id, ADMIN)

    await desk.newsroom.story_desk.take_down(GUILD, message_id)

    assert await send_due(desk) == []


async def test_a_card_can_be_taken_down_by_the_reply_under_it(desk: Desk):
    message_id = await posted(desk, NEITHER)
    await desk.newsroom.story_desk.start_poll(GUILD, message_id, ADMIN)
    [reply] = await send_due(desk)

    taken = await desk.newsroom.story_desk.take_down(GUILD, 8000 + reply.id)

    assert taken == [(CHANNEL, message_id), (CHANNEL, 8000 + reply.id)]


async def test_a_forums_card_is_taken_down_in_its_thread(desk: Desk):
    await desk.follow(channel_id=OTHER_CHANNEL, kind=ChannelKind.FORUM)
    await desk.tell(STRONG)
    message_id = await card_in(desk, OTHER_CHANNEL)

    [poll] = await desk.newsroom.polls.listing(GUILD)

    assert await desk.newsroom.story_desk.take_down(GUILD, message_id) == [(message_id, message_id)]
    assert (await get(desk, poll.poll)).state is PollState.CLOSED


async def test_a_story_that_was_taken_down_is_no_story_any_more_and_stays_away(desk: Desk):
    message_id = await posted(desk, NEITHER)
    await desk.newsroom.story_desk.take_down(GUILD, message_id)

    with pytest.raises(RequestRefused, match=NO_STORY):
        await desk.newsroom.story_desk.take_down(GUILD, message_id)
    assert await desk.newsroom.story_desk.stories(GUILD, "") == []
    await desk.tell(NEITHER, url=MIRROR)
    assert await desk.headlines() == [], "another source that tells it doesn't bring it back"


async def test_a_story_stays_where_it_was_not_taken_down(desk: Desk):
    await desk.follow(channel_id=OTHER_CHANNEL)
    await desk.follow(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    message_id = await posted(desk, NEITHER)
    other = await card_in(desk, OTHER_CHANNEL)
    foreign = await card_in(desk, FOREIGN_CHANNEL)

    await desk.newsroom.story_desk.take_down(GUILD, message_id)

    assert (await desk.newsroom.story_desk.story_of(GUILD, other)).headline == NEITHER
    assert (await desk.newsroom.story_desk.story_of(OTHER_GUILD, foreign)).headline == NEITHER


async def test_another_guilds_poll_on_a_story_outlives_this_ones(desk: Desk):
    await desk.follow(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    message_id = await posted(desk, STRONG)
    foreign = await card_in(desk, FOREIGN_CHANNEL)

    await desk.newsroom.story_desk.take_down(GUILD, message_id)

    there = (await desk.newsroom.story_desk.story_of(OTHER_GUILD, foreign)).poll
    assert there is not None and there.state is PollState.OPEN
    assert [row.state for row in await messages(desk, there)] == [DeliveryState.SENT]
