"""Which stories get a team poll by themselves, when, and that a story has one poll in a guild wherever it stands."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from newsroom.desk.outbox import Claim
from newsroom.marks import Marks
from newsroom.models import (
    Camp,
    ChannelKind,
    Delivery,
    DeliveryState,
    Poll,
    PollKind,
    PollStyle,
    Purpose,
    Results,
    ShownPoll,
    Tally,
)
from newsroom.models import Visibility as Visible
from newsroom.store import tables
from newsroom.store.channels import NewsChannelStore
from newsroom.store.database import Database
from newsroom.votes.asking import OPEN_FOR
from newsroom.votes.story_polls import StoryPolls
from tests.desk import ADMIN, CHANNEL, FOREIGN_CHANNEL, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk
from tests.makers import NOW
from tests.votes import ANNA, ask, close, custom, draft, messages, send_due, sides_of, tally_of, vote

STRONG = "Mistral releases open weights of a new model"
ALSO_STRONG = "OpenAI launches GPT-5.5"
WEAK = "DeepSeek releases new model"
NEITHER = "A small lab hires a cook"
MIRROR = "https://mirror.example/feed.xml"


@pytest.fixture
async def desk(database: Database) -> Desk:
    """A channel that follows two feeds."""
    desk = Desk.over(database)
    await desk.follow()
    await desk.follow(MIRROR)
    return desk


@pytest.fixture
async def twin(twin: Desk) -> Desk:
    """The desk of another process, which knows the feeds."""
    await twin.rounds.load()
    return twin


async def polls(desk: Desk, guild_id: int = GUILD) -> list[Poll]:
    return [shown.poll for shown in await desk.newsroom.polls.listing(guild_id)][::-1]


def poll_of(claim: Claim) -> Poll:
    assert claim.card.poll is not None
    return claim.card.poll.poll


async def shown_in(desk: Desk, poll: Poll) -> list[tuple[int, Purpose]]:
    return [(row.channel_id, row.purpose) for row in await messages(desk, poll)]


# ---------------------------------------------------------------------------------- at birth


async def test_a_strong_headline_gets_its_team_poll_on_the_card(desk: Desk):
    claim = await desk.post_story(STRONG)

    shown = claim.card.poll
    assert shown is not None and shown.mark == desk.newsroom.polls.mark(shown.poll.id)
    assert shown.tally == Tally((0, 0, 0), 0)
    poll = shown.poll
    assert (poll.kind, poll.style, poll.story_id) == (PollKind.TEAM, PollStyle.BUTTONS, claim.delivery.story_id)
    assert (poll.question, poll.automatic, poll.opened_by) == (STRONG, True, None)
    assert (poll.visibility, poll.results, poll.max_choices) == (Visible.ANONYMOUS, Results.LIVE, 1)
    assert (poll.opened_at, poll.closes_at) == (NOW, NOW + OPEN_FOR)
    [row] = await messages(desk, poll)
    assert (row.channel_id, row.purpose, row.delivery_id) == (CHANNEL, Purpose.CARD, claim.delivery.id)
    assert (row.state, row.message_id, row.sent_at) == (DeliveryState.SENT, 9000 + claim.delivery.id, NOW)
    assert await desk.newsroom.poll_messages.due() == [], "the outbox has sent it"


@pytest.mark.parametrize("headline", [WEAK, NEITHER])
async def test_a_headline_that_leaves_doubt_gets_none(desk: Desk, headline: str):
    assert (await desk.post_story(headline)).card.poll is None
    assert await polls(desk) == []


async def test_a_poll_asks_in_the_words_of_its_guild(desk: Desk):
    await desk.newsroom.guilds.change(GUILD, {"open_label": "Weights", "depends": False})

    assert [choice.label for choice in poll_of(await desk.post_story(STRONG)).choices] == ["Weights", "Proprietary"]


async def test_a_guild_that_wants_no_story_polls_gets_none(desk: Desk):
    await desk.newsroom.guilds.change(GUILD, {"story_polls": False})

    assert (await desk.post_story(STRONG)).card.poll is None


async def test_a_news_channel_gets_one_poll_a_day_by_itself(desk: Desk):
    assert (await desk.post_story(STRONG)).card.poll is not None
    assert (await desk.post_story(ALSO_STRONG)).card.poll is None


async def test_a_news_channel_gets_as_many_polls_a_day_as_its_guild_wants(desk: Desk):
    await desk.newsroom.guilds.change(GUILD, {"per_day": 3})

    claims = [await desk.post_story(f"{STRONG} {number}") for number in range(5)]

    assert [claim.card.poll is not None for claim in claims] == [True, True, True, False, False]


async def test_a_day_begins_at_midnight_by_the_guilds_clock(desk: Desk):
    await desk.newsroom.guilds.change(GUILD, {"timezone": "America/Los_Angeles"})  # UTC-8
    got = []
    for number, moment in enumerate(
        [
            datetime(2026, 1, 1, 20, 0, tzinfo=UTC),  # noon
            datetime(2026, 1, 2, 6, 0, tzinfo=UTC),  # 22:00, the same day there
            datetime(2026, 1, 2, 16, 0, tzinfo=UTC),  # 8:00, the next
            datetime(2026, 1, 3, 6, 59, tzinfo=UTC),  # 22:59, still that day
        ]
    ):
        desk.clock.time = moment
        got.append((await desk.post_story(f"{STRONG} {number}")).card.poll is not None)

    assert got == [True, False, True, False]


@pytest.mark.parametrize(
    ("clock", "awake"),
    [("22:59", True), ("23:00", False), ("00:00", False), ("03:00", False), ("07:59", False), ("08:00", True)],
)
async def test_no_poll_opens_by_itself_while_its_guild_sleeps(desk: Desk, clock: str, awake: bool):
    await desk.newsroom.guilds.change(GUILD, {"timezone": "Asia/Kolkata"})
    desk.clock.time = datetime.fromisoformat(f"2026-01-05T{clock}:00+05:30").astimezone(UTC)

    assert (await desk.post_story(STRONG)).card.poll is not None if awake else await polls(desk) == []


async def test_a_story_that_came_at_night_has_no_poll_in_the_morning_either(desk: Desk):
    desk.clock.time = NOW.replace(hour=23)
    await desk.post_story(STRONG)
    desk.clock.advance(hours=12)

    assert await polls(desk) == []
    assert (await desk.post_story(ALSO_STRONG)).card.poll is not None, "and the night used nothing up"


# ------------------------------------------------------------------------ one story, one poll


async def test_two_channels_of_a_guild_show_the_same_poll(desk: Desk):
    await desk.follow(channel_id=OTHER_CHANNEL)
    first = await desk.post_story(STRONG)
    [second] = await desk.claims(OTHER_CHANNEL)

    assert poll_of(first) == poll_of(second)
    assert await shown_in(desk, poll_of(first)) == [(CHANNEL, Purpose.CARD), (OTHER_CHANNEL, Purpose.CARD)]
    await vote(desk, poll_of(second), ANNA)
    assert await tally_of(desk, poll_of(first)) == Tally((1, 0, 0), 1)


async def test_a_poll_that_is_shown_in_two_channels_is_the_one_of_the_day_in_both(desk: Desk):
    await desk.follow(channel_id=OTHER_CHANNEL)
    await desk.post_story(STRONG)
    await desk.claims(OTHER_CHANNEL)
    await desk.tell(ALSO_STRONG)

    assert [claim.card.poll for claim in await desk.claims() + await desk.claims(OTHER_CHANNEL)] == [None, None]


async def test_a_channel_has_room_though_another_one_has_had_its_poll(desk: Desk):
    third = "https://third.example/feed.xml"
    await desk.follow(third, OTHER_CHANNEL)
    await desk.post_story(STRONG)

    assert (await desk.post_story(ALSO_STRONG, OTHER_CHANNEL, third)).card.poll is not None


async def test_each_guild_has_a_poll_of_its_own(desk: Desk):
    await desk.follow(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    here = poll_of(await desk.post_story(STRONG))
    [claim] = await desk.claims(FOREIGN_CHANNEL)
    there = poll_of(claim)

    assert (here.guild_id, there.guild_id) == (GUILD, OTHER_GUILD)
    assert here.id != there.id and here.story_id == there.story_id
    await vote(desk, here, ANNA)
    assert await tally_of(desk, there) == Tally((0, 0, 0), 0)


async def test_a_claim_that_is_made_again_after_a_crash_shows_the_same_poll(desk: Desk):
    await desk.tell(STRONG)
    first = await desk.outbox.claim(CHANNEL)
    desk.clock.advance(minutes=5)
    again = await desk.restarted().outbox.claim(CHANNEL)

    assert first is not None and again is not None
    assert poll_of(first) == poll_of(again)
    assert len(await polls(desk)) == 1
    assert await shown_in(desk, poll_of(first)) == [(CHANNEL, Purpose.CARD)]


async def test_cards_of_two_channels_that_are_claimed_at_once_share_one_poll(desk: Desk, twin: Desk):
    await desk.newsroom.guilds.change(GUILD, {"per_day": 24})
    await desk.follow(channel_id=OTHER_CHANNEL)
    for number in range(5):
        await desk.tell(f"{STRONG} {number}")

        first, second = await asyncio.gather(desk.outbox.claim(CHANNEL), twin.outbox.claim(OTHER_CHANNEL))

        assert first is not None and second is not None
        assert poll_of(first) == poll_of(second)
        await desk.outbox.sent(first, 7000 + number, publish=False)
        await twin.outbox.sent(second, 7100 + number, publish=False)
    assert len(await polls(desk)) == 5


async def test_two_stories_that_two_processes_send_to_one_channel_at_once_get_its_one_poll_between_them(
    desk: Desk, twin: Desk
):
    for number in range(5):
        desk.clock.time = NOW + timedelta(days=number)
        await desk.tell(f"{STRONG} {number}", f"{ALSO_STRONG} {number}")
        async with desk.store.read() as connection:
            waiting = await connection.execute(
                select(tables.delivery.c.id).where(tables.delivery.c.state == DeliveryState.PENDING)
            )
            deliveries = [await desk.store.deliveries.get(connection, row.id) for row in waiting]

        async def under(process: Desk, delivery: Delivery) -> ShownPoll | None:
            async with process.store.begin() as connection:
                return await StoryPolls(process.store, Marks("installation")).under(connection, delivery, desk.clock())

        shown = await asyncio.gather(*map(under, (desk, twin), deliveries))

        assert [poll is not None for poll in shown].count(True) == 1
        assert len(await polls(desk)) == number + 1
        await desk.claims()


async def test_a_card_keeps_the_words_of_a_poll_that_is_older_than_the_teams_new_names(desk: Desk):
    await desk.follow(channel_id=OTHER_CHANNEL)
    await desk.post_story(STRONG)
    await desk.newsroom.guilds.change(GUILD, {"open_label": "Weights"})

    [later] = await desk.claims(OTHER_CHANNEL)

    assert later.card.poll is not None
    assert later.card.poll.settings.open_label == later.card.poll.poll.choices[0].label == "Open source"


async def test_a_card_that_comes_after_the_poll_was_closed_shows_none(desk: Desk):
    await desk.follow(channel_id=OTHER_CHANNEL)
    await close(desk, poll_of(await desk.post_story(STRONG)))

    [late] = await desk.claims(OTHER_CHANNEL)

    assert late.card.poll is None
    assert len(await polls(desk)) == 1


async def test_discords_own_poll_on_a_story_is_on_no_card(desk: Desk):
    await desk.newsroom.guilds.change(GUILD, {"story_polls": False})
    await desk.follow(channel_id=OTHER_CHANNEL)
    claim = await desk.post_story(STRONG)
    await desk.newsroom.polls.start(GUILD, CHANNEL, ADMIN, draft(style=PollStyle.NATIVE), claim.delivery.story_id)

    assert [late.card.poll for late in await desk.claims(OTHER_CHANNEL)] == [None]


async def test_a_post_in_a_forum_shows_the_poll_in_its_own_thread(desk: Desk):
    await desk.follow(channel_id=OTHER_CHANNEL, kind=ChannelKind.FORUM)
    await desk.tell(STRONG)
    [claim] = await desk.claims(OTHER_CHANNEL)

    thread = 9000 + claim.delivery.id
    [row] = await messages(desk, poll_of(claim))
    assert (row.channel_id, row.message_id, row.purpose) == (thread, thread, Purpose.CARD)
    assert (await desk.post_story(ALSO_STRONG, OTHER_CHANNEL)).card.poll is None, "the forum has had its one"


# --------------------------------------------------------------------------- by a second source


async def test_a_second_source_earns_a_story_its_poll_as_a_reply_to_each_of_its_cards(desk: Desk):
    await desk.follow(channel_id=OTHER_CHANNEL)
    card = await desk.post_story(WEAK)
    [other] = await desk.claims(OTHER_CHANNEL)
    desk.clock.advance(hours=1)

    await desk.tell(WEAK, url=MIRROR)

    [poll] = await polls(desk)
    assert (poll.question, poll.automatic, poll.opened_at) == (WEAK, True, desk.clock())
    assert [(row.channel_id, row.purpose, row.delivery_id, row.reply_to) for row in await messages(desk, poll)] == [
        (CHANNEL, Purpose.REPLY, card.delivery.id, 9000 + card.delivery.id),
        (OTHER_CHANNEL, Purpose.REPLY, other.delivery.id, 9000 + other.delivery.id),
    ]
    assert len(await send_due(desk)) == 2


async def test_a_third_source_earns_nothing_more(desk: Desk):
    third = "https://third.example/feed.xml"
    await desk.follow(third)
    await desk.post_story(WEAK)
    await desk.tell(WEAK, url=MIRROR)
    await desk.tell(WEAK, url=third)

    [poll] = await polls(desk)
    assert await shown_in(desk, poll) == [(CHANNEL, Purpose.REPLY)]


async def test_a_story_that_two_sources_tell_before_its_card_is_sent_has_the_poll_on_its_card(desk: Desk):
    await desk.tell(WEAK)
    await desk.tell(WEAK, url=MIRROR)

    [claim] = await desk.claims()

    assert poll_of(claim).question == WEAK
    assert await shown_in(desk, poll_of(claim)) == [(CHANNEL, Purpose.CARD)]


async def test_a_story_whose_second_source_its_guild_does_not_read_has_no_poll_on_its_card(desk: Desk):
    await desk.follow(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    await desk.tell(WEAK)
    await desk.tell(WEAK, url=MIRROR)

    assert [claim.card.poll for claim in await desk.claims(FOREIGN_CHANNEL)] == [None]
    [here] = await desk.claims()
    assert here.card.poll is not None


@pytest.mark.parametrize("sent_first", [False, True], ids=["before its card", "after its card"])
async def test_a_story_about_neither_side_earns_none_however_many_tell_it(desk: Desk, sent_first: bool):
    await desk.tell(NEITHER)
    if sent_first:
        await desk.claims()
    await desk.tell(NEITHER, url=MIRROR)

    assert [claim.card.poll for claim in await desk.claims()] == [None] * (not sent_first)
    assert await polls(desk) == []


async def test_a_source_that_a_guild_does_not_read_earns_it_nothing(desk: Desk):
    await desk.follow(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    await desk.post_story(WEAK)
    await desk.claims(FOREIGN_CHANNEL)

    await desk.tell(WEAK, url=MIRROR)

    assert len(await polls(desk)) == 1
    assert await polls(desk, OTHER_GUILD) == []


@pytest.mark.parametrize("change", ["night", "story_polls", "per_day"])
async def test_a_second_source_opens_no_poll_where_none_may_open_by_itself(desk: Desk, change: str):
    await desk.post_story(WEAK)
    if change == "night":
        desk.clock.time = NOW.replace(hour=23, minute=30)
    elif change == "story_polls":
        await desk.newsroom.guilds.change(GUILD, {"story_polls": False})
    else:
        await desk.post_story(STRONG)
    before = len(await polls(desk))

    await desk.tell(WEAK, url=MIRROR)

    assert len(await polls(desk)) == before


async def test_a_poll_that_a_second_source_earned_is_the_one_of_the_day(desk: Desk):
    await desk.post_story(WEAK)
    await desk.tell(WEAK, url=MIRROR)

    assert (await desk.post_story(STRONG)).card.poll is None


async def test_a_story_that_has_its_poll_gets_no_second_one_by_a_second_source(desk: Desk):
    poll = poll_of(await desk.post_story(STRONG))
    await desk.newsroom.guilds.change(GUILD, {"per_day": 9})

    await desk.tell(STRONG, url=MIRROR)

    assert await polls(desk) == [poll]
    assert await shown_in(desk, poll) == [(CHANNEL, Purpose.CARD)]


async def test_two_processes_that_read_the_second_source_at_once_open_one_poll(desk: Desk, twin: Desk):
    await desk.post_story(WEAK)
    await twin.rounds.load()

    await asyncio.gather(desk.tell(WEAK, url=MIRROR), twin.tell(WEAK, url=MIRROR))

    [poll] = await polls(desk)
    assert await shown_in(desk, poll) == [(CHANNEL, Purpose.REPLY)]


async def test_second_sources_of_two_stories_that_two_processes_read_at_once_open_the_channels_one_poll(
    desk: Desk, twin: Desk, monkeypatch: pytest.MonkeyPatch
):
    """Each has news for the channel as well, which the database takes for a use of the channel."""

    lock = NewsChannelStore.lock

    async def after_the_other_has_planned_its_news(store: NewsChannelStore, *what: Any) -> None:
        await asyncio.sleep(0.1)
        await lock(store, *what)

    monkeypatch.setattr(NewsChannelStore, "lock", after_the_other_has_planned_its_news)
    third = "https://third.example/feed.xml"
    await desk.follow(third)
    await desk.post_story(f"{WEAK} today")
    await desk.post_story(f"{WEAK} tonight")
    await twin.rounds.load()

    await asyncio.gather(
        desk.tell("News of the mirror", f"{WEAK} today", url=MIRROR),
        twin.tell("News of the third", f"{WEAK} tonight", url=third),
    )

    assert len(await polls(desk)) == 1
    assert sorted(await desk.headlines()) == ["News of the mirror", "News of the third"]


async def test_a_forums_card_gets_its_reply_in_its_thread(desk: Desk):
    await desk.follow(channel_id=OTHER_CHANNEL, kind=ChannelKind.FORUM)
    await desk.tell(WEAK)
    [claim] = await desk.claims(OTHER_CHANNEL)
    await desk.tell(WEAK, url=MIRROR)

    [poll] = await polls(desk)
    thread = 9000 + claim.delivery.id
    [row] = await messages(desk, poll)
    assert (row.channel_id, row.reply_to) == (thread, thread)


# ----------------------------------------------------------------------------- by a moderator


async def test_a_moderators_own_choice_is_not_limited_and_uses_nothing_up(desk: Desk):
    first, second = await desk.post_story(NEITHER), await desk.post_story(WEAK)
    for claim in (first, second):
        await desk.newsroom.story_desk.start_poll(GUILD, 9000 + claim.delivery.id, ADMIN)
    await ask(desk)
    await ask(desk, custom())

    assert (await desk.post_story(STRONG)).card.poll is not None
    started = [
        poll for poll in await polls(desk) if poll.story_id in (first.delivery.story_id, second.delivery.story_id)
    ]
    assert [(poll.automatic, poll.opened_by) for poll in started] == [(False, ADMIN)] * 2
    assert [sides_of(poll.choices) for poll in started] == [sides_of(started[0].choices)] * 2


async def test_a_moderator_may_start_a_poll_at_night_and_where_none_open_by_themselves(desk: Desk):
    await desk.newsroom.guilds.change(GUILD, {"story_polls": False})
    desk.clock.time = NOW.replace(hour=2) + timedelta(days=1)
    claim = await desk.post_story(STRONG)

    managed = await desk.newsroom.story_desk.start_poll(GUILD, 9000 + claim.delivery.id, ADMIN)

    assert managed.poll is not None and managed.poll.opened_by == ADMIN


async def test_what_moderators_corrected_to_neither_earns_no_poll(desk: Desk):
    claim = await desk.post_story(WEAK)
    await desk.newsroom.story_desk.correct(GUILD, 9000 + claim.delivery.id, Camp.NEITHER)

    await desk.tell(WEAK, url=MIRROR)

    assert await polls(desk) == []


async def test_what_moderators_corrected_to_a_side_counts_as_strong_in_their_guild_alone(desk: Desk):
    await desk.follow(channel_id=OTHER_CHANNEL)
    await desk.follow(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)
    claim = await desk.post_story(NEITHER)
    await desk.newsroom.story_desk.correct(GUILD, 9000 + claim.delivery.id, Camp.OPEN)

    [other], [foreign] = await desk.claims(OTHER_CHANNEL), await desk.claims(FOREIGN_CHANNEL)

    assert poll_of(other).guild_id == GUILD
    assert foreign.card.poll is None


async def test_a_strong_headline_that_was_corrected_to_neither_gets_no_poll_on_later_cards(desk: Desk):
    await desk.newsroom.guilds.change(GUILD, {"story_polls": False})
    await desk.follow(channel_id=OTHER_CHANNEL)
    claim = await desk.post_story(STRONG)
    await desk.newsroom.story_desk.correct(GUILD, 9000 + claim.delivery.id, Camp.NEITHER)
    await desk.newsroom.guilds.change(GUILD, {"story_polls": True})

    assert [late.card.poll for late in await desk.claims(OTHER_CHANNEL)] == [None]


async def test_a_story_that_was_corrected_to_a_side_earns_its_poll_by_a_second_source(desk: Desk):
    claim = await desk.post_story(NEITHER)
    await desk.newsroom.story_desk.correct(GUILD, 9000 + claim.delivery.id, Camp.BOTH)

    await desk.tell(NEITHER, url=MIRROR)

    [poll] = await polls(desk)
    assert await shown_in(desk, poll) == [(CHANNEL, Purpose.REPLY)]
