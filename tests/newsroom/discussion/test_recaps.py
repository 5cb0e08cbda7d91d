"""The weekly recap comes when the guild's clock says so, once, and says what is stored and nothing else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from newsroom.answers.chat import Models
from newsroom.discussion.chatter import MOST_THREADS
from newsroom.discussion.recap_messages import AGED_AFTER
from newsroom.discussion.recaps import LATEST, Recaps
from newsroom.discussion.takes import Draft
from newsroom.discussion.week import Exchange, Intro, Week, from_json
from newsroom.errors import Failure, ModelFailed, RequestRefused
from newsroom.models import (
    ChannelKind,
    DeliveryState,
    GuildSettings,
    Line,
    Poll,
    PollKind,
    RecapKind,
    Side,
    ThreadMode,
    Tone,
)
from newsroom.store import tables
from newsroom.store.database import Database
from tests.desk import CHANNEL, FEED, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk
from tests.fakes import FakeModel
from tests.makers import NOW
from tests.recaps import anywhere, busy_week, drop, fire, friday, post_now, rows, sees_all, send_due, tell_week
from tests.votes import ANNA, BEN, CARA, ask_and_show, close, vote_many

FIRST = datetime(2026, 1, 9, 17, 0, tzinfo=UTC)
"""The first Friday with a whole week behind it."""

HEADLINE = "Mistral releases an open-weights model under Apache 2.0"


# ------------------------------------------------------------------------------------- when


async def test_a_guild_with_news_channels_gets_its_first_recap_on_friday_after_a_whole_week(desk: Desk):
    await busy_week(desk)
    await desk.newsroom.recaps.plan_due(anywhere)

    planned = await desk.newsroom.recaps.planned(GUILD)

    assert (planned.plan.next_at, planned.plan.paused, planned.channel_id, planned.chosen) == (
        FIRST,
        False,
        CHANNEL,
        False,
    )


async def test_a_recap_is_told_once_at_its_time_and_then_a_week_later(desk: Desk):
    await busy_week(desk)
    when = await friday(desk)
    desk.clock.time = when - timedelta(seconds=1)
    assert await desk.newsroom.recaps.plan_due(anywhere) == 0

    desk.clock.time = when
    assert await desk.newsroom.recaps.plan_due(anywhere) == 1
    assert await desk.newsroom.recaps.plan_due(anywhere) == 0

    assert [row.kind for row in await rows(desk)] == [RecapKind.WEEK]
    assert (await desk.newsroom.recaps.planned(GUILD)).plan.next_at == when + timedelta(weeks=1)


async def test_processes_that_look_at_the_same_moment_tell_one_recap(desk: Desk, twin: Desk):
    await busy_week(desk)
    await friday(desk)

    told = await asyncio.gather(*(each.newsroom.recaps.plan_due(anywhere) for each in (desk, twin) * 3))

    assert sum(told) == 1
    assert len(await rows(desk)) == 1


async def test_the_hour_stays_when_the_clocks_change(desk: Desk):
    await busy_week(desk)
    await desk.newsroom.recaps.plan_due(anywhere)
    desk.clock.time = datetime(2026, 3, 21, tzinfo=UTC)
    await desk.newsroom.guilds.change(GUILD, {"timezone": "Europe/Berlin"})

    before = (await desk.newsroom.recaps.planned(GUILD)).plan.next_at
    desk.clock.time = before
    await desk.newsroom.recaps.plan_due(anywhere)
    after = (await desk.newsroom.recaps.planned(GUILD)).plan.next_at

    assert before == datetime(2026, 3, 27, 16, 0, tzinfo=UTC)
    assert after == datetime(2026, 4, 3, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(("late", "told"), [(LATEST, 1), (LATEST + timedelta(seconds=1), 0)])
async def test_after_an_absence_it_is_told_up_to_a_day_late_and_else_in_the_next_week(
    desk: Desk, late: timedelta, told: int
):
    await busy_week(desk)
    when = await friday(desk)
    desk.clock.time = when + late

    assert await desk.newsroom.recaps.plan_due(anywhere) == told

    assert len(await rows(desk)) == told
    assert (await desk.newsroom.recaps.planned(GUILD)).plan.next_at == when + timedelta(weeks=1)


async def test_what_was_planned_and_could_not_be_sent_for_a_day_is_left_out(desk: Desk):
    await busy_week(desk)
    await friday(desk)
    await desk.newsroom.recaps.plan_due(anywhere)
    desk.clock.time += LATEST + timedelta(hours=1)

    assert await send_due(desk) == []

    assert [row.state for row in await rows(desk)] == [DeliveryState.SKIPPED]
    assert await lines(desk) == [Line.RECAP_LEFT_OUT]


async def test_admins_hear_once_why_a_recap_could_not_be_posted(desk: Desk):
    await busy_week(desk)
    await friday(desk)
    await desk.newsroom.recaps.plan_due(anywhere)
    [recap_id] = await desk.newsroom.recap_messages.due()
    claim = await desk.newsroom.recap_messages.claim(recap_id)
    assert claim is not None

    for _ in range(2):
        await desk.newsroom.recap_messages.give_up(claim, "I may not write here.")

    assert await lines(desk) == [Line.RECAP_LEFT_OUT]


async def test_a_moderator_who_reads_a_refusal_is_the_only_one_who_does(desk: Desk):
    await busy_week(desk)
    await desk.newsroom.recaps.post(GUILD, CHANNEL, sees_all, 7, 4711, desk.clock())
    [recap_id] = await desk.newsroom.recap_messages.due()
    claim = await desk.newsroom.recap_messages.claim(recap_id)
    assert claim is not None

    await desk.newsroom.recap_messages.give_up(claim, "I may not write here.")

    assert await lines(desk) == []


async def test_a_guild_that_removed_the_bot_gets_none(desk: Desk):
    await busy_week(desk)
    await friday(desk)
    async with desk.store.begin() as connection:
        await desk.store.guilds.lock(connection, GUILD)
        await desk.store.guilds.set_left(connection, GUILD, desk.clock())

    assert await desk.newsroom.recaps.plan_due(anywhere) == 0


# ------------------------------------------------------------------------------------ where


async def test_it_goes_to_the_text_channel_that_got_most_cards_lately(desk: Desk):
    await busy_week(desk)
    await desk.follow("https://other.example/feed.xml", OTHER_CHANNEL)
    await desk.follow("https://forum.example/feed.xml", 2009, kind=ChannelKind.FORUM)
    for number in range(5):
        await desk.post_story(f"Forum story {number} about llamas", 2009, "https://forum.example/feed.xml")
    for number in range(4):
        await desk.post_story(f"Other story {number} about alpacas", OTHER_CHANNEL, "https://other.example/feed.xml")

    assert (await desk.newsroom.recaps.planned(GUILD)).channel_id == OTHER_CHANNEL


async def test_a_guild_with_forums_alone_gets_none_until_a_channel_is_chosen(desk: Desk):
    await desk.follow(FEED, kind=ChannelKind.FORUM)
    await friday(desk)
    assert (await desk.newsroom.recaps.planned(GUILD)).channel_id is None
    assert await desk.newsroom.recaps.plan_due(anywhere) == 0

    await desk.newsroom.recaps.change(GUILD, channel_id=OTHER_CHANNEL)
    await friday(desk)
    assert await desk.newsroom.recaps.plan_due(anywhere) == 1

    assert [row.channel_id for row in await rows(desk)] == [OTHER_CHANNEL]


async def test_admins_choose_the_time_and_whether_it_comes_at_all(desk: Desk):
    await busy_week(desk)

    planned = await desk.newsroom.recaps.change(GUILD, at="monday 9:30")
    assert planned.plan.next_at == datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
    planned = await desk.newsroom.recaps.change(GUILD, on=False)
    assert planned.plan.paused
    desk.clock.time = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
    assert await desk.newsroom.recaps.plan_due(anywhere) == 0
    planned = await desk.newsroom.recaps.change(GUILD, on=True)
    assert planned.plan.next_at == datetime(2026, 1, 12, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("at", ["", "sometimes", "every 2 weeks friday 17:00", "friday", "17:00", "daily 9:00"])
async def test_a_time_that_cannot_be_read_changes_nothing(desk: Desk, at: str):
    with pytest.raises(RequestRefused, match="friday 17:00"):
        await desk.newsroom.recaps.change(GUILD, at=at)

    assert not (await desk.newsroom.recaps.planned(GUILD)).plan.paused


# ------------------------------------------------------------------------------------- what


async def test_a_week_is_what_was_posted_cast_said_and_answered_in_it(desk: Desk):
    first, second, _ = await busy_week(desk, votes=12)
    said = await drop(desk, first, ANNA, Side.OPEN, "Weights for everybody")
    answer = await drop(desk, first, BEN, Side.PROPRIETARY, "Somebody has to pay for it", answers=said)
    await drop(desk, second, CARA, None, "I am only here for the popcorn")
    await fire(desk, said, BEN, CARA)
    desk.newsroom.chatter.heard(9000 + first.delivery.id)
    desk.newsroom.chatter.heard(9000 + first.delivery.id)
    desk.newsroom.chatter.heard(123456)
    await desk.newsroom.threads.opened(9000 + first.delivery.id)
    await desk.newsroom.chatter.keep()
    desk.clock.time = FIRST

    week = await desk.newsroom.recaps.preview(GUILD, sees_all, 30, 4711, FIRST)

    assert (week.stories, week.votes, week.days) == (3, 12, 30)
    assert week.talked is not None
    assert (week.talked.headline, week.talked.messages, week.talked.takes) == (first.card.headline, 2, 2)
    assert week.talked.link == (CHANNEL, 9000 + first.delivery.id)
    assert week.takes == ((said.id, 2), (answer.id, 0))
    assert week.exchange == Exchange(said.id, answer.id, 1, 2)
    assert week.trend is not None
    assert week.trend.now.open == 12
    assert week.moved is None


async def test_what_happened_before_the_week_or_elsewhere_is_not_told(desk: Desk):
    sent = await busy_week(desk)
    await drop(desk, sent[0], ANNA, Side.OPEN, "Weights for everybody")

    later = await desk.newsroom.recaps.preview(GUILD, sees_all, 1, 4711, desk.clock() + timedelta(days=2))
    elsewhere = await desk.newsroom.recaps.preview(OTHER_GUILD, sees_all, 7, 4711, desk.clock() + timedelta(days=1))

    for week in (later, elsewhere):
        assert (week.stories, week.votes, week.talked, week.takes, week.exchange) == (0, 0, None, (), None)


async def test_a_recap_tells_of_nothing_that_some_of_its_readers_may_not_see(desk: Desk):
    await busy_week(desk)
    await desk.follow("https://team.example/feed.xml", OTHER_CHANNEL)
    card = await desk.post_story("A secret model", OTHER_CHANNEL, "https://team.example/feed.xml")
    said = await drop(desk, card, ANNA, Side.OPEN, "Tell nobody about it")
    await drop(desk, card, BEN, Side.PROPRIETARY, "Nobody will hear of it", answers=said)
    await drop(desk, card, CARA, Side.DEPENDS, "I can keep a secret")
    desk.clock.advance(minutes=1)

    outside = await desk.newsroom.recaps.preview(GUILD, CHANNEL.__eq__, 7, 4711, desk.clock())
    inside = await desk.newsroom.recaps.preview(GUILD, sees_all, 7, 4712, desk.clock())

    assert (outside.stories, outside.votes, outside.talked, outside.takes, outside.exchange) == (3, 10, None, (), None)
    assert (inside.stories, inside.votes, len(inside.takes)) == (4, 10, 3)
    assert inside.talked is not None
    assert inside.talked.headline == "A secret model"
    assert inside.exchange is not None


async def test_a_take_that_no_thread_shows_is_told_where_its_channel_is_seen_an_old_one_where_all_of_its_story_are(
    desk: Desk,
):
    await busy_week(desk)
    await desk.follow(FEED, OTHER_CHANNEL)
    for channel_id in (CHANNEL, OTHER_CHANNEL):
        await desk.newsroom.threads.change(GUILD, channel_id, threads=ThreadMode.NONE)
    card = await desk.post_story("A model for everybody")
    await desk.claims(OTHER_CHANNEL)
    await drop(desk, card, ANNA, Side.OPEN, "Weights for everybody")
    desk.clock.advance(minutes=1)

    async def told(first: int) -> list[int]:
        readers = CHANNEL.__eq__, OTHER_CHANNEL.__eq__, sees_all
        weeks = [
            await desk.newsroom.recaps.preview(GUILD, sees, 7, number, desk.clock())
            for number, sees in enumerate(readers, first)
        ]
        return [len(week.takes) for week in weeks]

    assert await told(1) == [1, 0, 1]
    async with desk.store.begin() as connection:
        await connection.execute(update(tables.take).values(channel_id=None))
    assert await told(4) == [0, 0, 1]


async def test_while_nobody_knows_who_reads_it_a_recap_waits(desk: Desk):
    await busy_week(desk)
    await friday(desk)

    assert await desk.newsroom.recaps.plan_due(lambda guild_id, channel_id: None) == 0
    assert await desk.newsroom.recaps.plan_due(anywhere) == 1


async def test_the_story_under_whose_poll_most_crossed_is_told(desk: Desk):
    await busy_week(desk, votes=0)
    poll = await crossed_poll(desk)
    desk.clock.advance(hours=1)
    await close(desk, poll)

    week = await desk.newsroom.recaps.preview(GUILD, sees_all, 7, 4711, desk.clock() + timedelta(minutes=1))

    assert week.moved is not None
    assert (week.moved.headline, week.moved.crossed, week.moved.switched) == (HEADLINE, 4, None)


async def crossed_poll(desk: Desk) -> Poll:
    """A story's team poll in which four of twelve members cross."""
    await vote_many(desk, await ask_and_show(desk), 12)
    claim = await desk.post_story(HEADLINE)
    assert claim.card.poll is not None
    await vote_many(desk, claim.card.poll.poll, 8, 4)
    return claim.card.poll.poll


async def phrased(database: Database, says: str | ModelFailed, *, on: bool = True) -> tuple[Week, FakeModel]:
    """A week that a model puts in words, if it may."""
    model = FakeModel([says])
    desk = Desk.over(database, chat=Models(answer=model))
    sent = await busy_week(desk)
    await drop(desk, sent[0], ANNA, Side.OPEN, "Weights for everybody")
    await desk.newsroom.threads.change(GUILD, CHANNEL, tone=Tone.PLAYFUL)
    await desk.newsroom.budget.allow(GUILD, on=on)
    until = desk.clock() + timedelta(minutes=1)
    return await desk.newsroom.recaps.preview(GUILD, sees_all, 7, 4711, until, CHANNEL), model


async def test_a_model_puts_a_week_in_words_and_reads_nothing_of_who_said_what(database: Database):
    week, model = await phrased(database, "**Three stories**, ten votes.")

    assert week.intro == Intro("Three stories, ten votes.", "small")
    [asked] = model.asked
    read = "\n".join(message.text for message in asked)
    assert "- Votes in 7 days: 10" in read
    assert "with a wink" in read
    assert not any(secret in read for secret in ("Weights for everybody", str(GUILD), str(CHANNEL), str(ANNA)))


@pytest.mark.parametrize("says", ["Four stories!", "Three stories at https://evil.example", ModelFailed(Failure.AWAY)])
async def test_a_week_that_a_model_puts_badly_begins_with_words_of_ours(database: Database, says: str | ModelFailed):
    week, model = await phrased(database, says)

    assert week.intro is None
    assert week.stories == 3
    assert len(model.asked) == 1


async def test_no_model_puts_a_week_in_words_where_admins_want_none(database: Database):
    week, model = await phrased(database, "Three stories, ten votes.", on=False)

    assert (week.intro, model.asked) == (None, [])


async def test_a_recap_waits_for_no_model_that_takes_its_time(desk: Desk):
    await busy_week(desk)

    async def hangs(week: Week, settings: GuildSettings, channel_id: int | None) -> Intro | None:
        await asyncio.Event().wait()
        return None

    recaps = Recaps(desk.store, desk.newsroom.members, now=desk.clock, phrases=hangs, patience=0)

    assert (await recaps.preview(GUILD, sees_all, 7, 4711, desk.clock() + timedelta(minutes=1))).intro is None


async def test_what_is_posted_is_what_was_shown_or_begins_with_words_of_ours(database: Database):
    desk = Desk.over(database, chat=Models(answer=FakeModel(["Three stories.", "Ten votes."])))
    await busy_week(desk)
    desk.clock.advance(minutes=1)
    now = desk.clock()
    await desk.newsroom.recaps.preview(GUILD, sees_all, 7, 4711, now, CHANNEL)
    await desk.newsroom.recaps.preview(GUILD, sees_all, 7, 4712, now, CHANNEL)

    await desk.newsroom.recaps.post(GUILD, CHANNEL, sees_all, 7, 4711, now)
    await Desk.over(database, clock=desk.clock, chat=desk.newsroom.chat).newsroom.recaps.post(
        GUILD, CHANNEL, sees_all, 7, 4712, now
    )

    weeks = [from_json(row.contents or "") for row in await rows(desk)]
    assert [week.intro and week.intro.text for week in weeks] == ["Three stories.", None]


# ---------------------------------------------------------------------------- quiet weeks


async def test_after_two_quiet_weeks_it_pauses_and_the_admins_are_told_once(desk: Desk):
    await busy_week(desk, votes=9)
    for quiet in (1, 2):
        assert (await tell_week(desk)).week.is_quiet  # type: ignore[union-attr]
        assert (await desk.newsroom.recaps.planned(GUILD)).plan.quiet == quiet

    assert await lines(desk) == [Line.RECAP_PAUSED]
    assert (await desk.newsroom.recaps.planned(GUILD)).plan.paused
    desk.clock.advance(weeks=1)
    assert await desk.newsroom.recaps.plan_due(anywhere) == 0


async def test_a_week_with_something_in_it_lets_the_count_of_quiet_ones_begin_anew(desk: Desk):
    await busy_week(desk, votes=0)
    await tell_week(desk)
    for headline in ("One more story about llamas", "Another one about camels", "A third about goats"):
        await desk.post_story(headline)
    await vote_many(desk, await ask_and_show(desk), 10)
    assert not (await tell_week(desk)).week.is_quiet  # type: ignore[union-attr]

    assert (await desk.newsroom.recaps.planned(GUILD)).plan.quiet == 0


async def test_a_new_time_does_not_tell_the_same_week_again(desk: Desk):
    await busy_week(desk)
    assert await tell_week(desk) is not None
    told_at = desk.clock()

    later = await desk.newsroom.recaps.change(GUILD, at=f"{told_at + timedelta(minutes=30):%A %H:%M}")
    await desk.newsroom.guilds.change(GUILD, {"timezone": "Pacific/Pago_Pago"})
    moved = await desk.newsroom.recaps.planned(GUILD)

    assert later.plan.next_at == told_at + timedelta(days=7, minutes=30)
    assert moved.plan.next_at - told_at > timedelta(days=4)


async def test_a_quiet_week_asks_no_team_question(desk: Desk):
    await busy_week(desk, votes=0)
    await tell_week(desk)

    assert await desk.newsroom.polls.listing(GUILD) == []


async def lines(desk: Desk) -> list[Line | None]:
    """What admins are to read, in order."""
    found = [await desk.newsroom.alerts.contents(alert_id) for alert_id in await desk.newsroom.alerts.due()]
    return [contents.alert.line for contents in found if contents is not None]


# --------------------------------------------------------------------------- messages


async def busy_friday(desk: Desk) -> None:
    """Let the time for a recap come in a week with enough in it."""
    await friday(desk)
    desk.clock.advance(hours=-20)
    await busy_week(desk)
    desk.clock.advance(hours=20)


async def test_the_weekly_recap_ends_in_the_team_question_and_is_drawn_anew_as_votes_come_in(desk: Desk):
    await desk.follow()
    await busy_friday(desk)
    assert await desk.newsroom.recaps.plan_due(anywhere) == 1
    [claim] = await send_due(desk)
    assert claim.contents.poll is not None
    assert await desk.newsroom.recap_messages.due_redraws() == []

    poll = claim.contents.poll.poll
    await vote_many(desk, poll, 1)
    desk.clock.advance(minutes=1)
    assert poll.id in await desk.newsroom.poll_messages.undrawn()
    assert await desk.newsroom.poll_messages.take_to_draw(poll.id) == []
    assert poll.id not in await desk.newsroom.poll_messages.undrawn()
    [recap_id] = await desk.newsroom.recap_messages.due_redraws()
    redraw = await desk.newsroom.recap_messages.take_redraw(recap_id)
    assert redraw is not None and redraw.contents is not None and redraw.contents.poll is not None
    assert redraw.contents.poll.tally.voters == 1

    [shown] = [each for each in await desk.newsroom.polls.listing(GUILD) if each.poll.automatic]
    assert (shown.poll.kind, shown.poll.story_id, shown.poll.channel_id) == (PollKind.TEAM, None, CHANNEL)
    assert shown.poll.question == "Team Open Source or Team Proprietary?"


async def test_a_recap_that_may_have_arrived_is_looked_for_and_asks_its_question_once(desk: Desk, twin: Desk):
    await desk.follow()
    await busy_friday(desk)
    await desk.newsroom.recaps.plan_due(anywhere)
    [recap_id] = await desk.newsroom.recap_messages.due()
    first = await desk.newsroom.recap_messages.claim(recap_id)
    assert first is not None
    desk.clock.advance(minutes=5)

    second = await twin.newsroom.recap_messages.claim(recap_id)
    assert second is not None
    assert (first.step, second.step) == ("send", "look first")
    assert first.nonce == second.nonce
    await twin.newsroom.recap_messages.sent(second, 7001, sees_all)
    await desk.newsroom.recap_messages.sent(first, 7001, sees_all)

    assert len([each for each in await desk.newsroom.polls.listing(GUILD) if each.poll.automatic]) == 1


async def test_a_recap_that_is_posted_by_hand_asks_nothing(desk: Desk):
    await desk.follow()
    await busy_friday(desk)

    contents = await post_now(desk)

    assert contents.week is not None and not contents.week.is_quiet
    assert contents.poll is None
    assert not [each for each in await desk.newsroom.polls.listing(GUILD) if each.poll.automatic]


async def test_a_recap_that_never_came_leaves_no_question_behind(desk: Desk):
    await desk.follow()
    await busy_friday(desk)
    await desk.newsroom.recaps.plan_due(anywhere)
    [recap_id] = await desk.newsroom.recap_messages.due()
    claim = await desk.newsroom.recap_messages.claim(recap_id)
    assert claim is not None and claim.contents.poll is not None

    await desk.newsroom.recap_messages.give_up(claim, "I may not write here.")

    assert not [each for each in await desk.newsroom.polls.listing(GUILD) if each.poll.automatic]


async def test_a_take_that_was_removed_is_in_no_recap_any_more(desk: Desk):
    await desk.follow()
    await busy_friday(desk)
    card = await desk.post_story("Weights and measures")
    said = await drop(desk, card, ANNA, Side.OPEN, "Weights for everybody")
    desk.clock.advance(minutes=1)
    contents = await post_now(desk)
    assert contents.takes.keys() == {said.id}

    await desk.newsroom.takes.remove(GUILD, said.id)

    [recap_id] = await desk.newsroom.recap_messages.due_redraws()
    redraw = await desk.newsroom.recap_messages.take_redraw(recap_id)
    assert redraw is not None
    assert redraw.contents is not None
    assert redraw.contents.takes == {}
    assert await desk.newsroom.recap_messages.take_redraw(recap_id) is None
    await desk.newsroom.recap_messages.redrawn(redraw)
    assert await desk.newsroom.recap_messages.due_redraws() == []


async def test_a_take_that_its_author_changes_is_drawn_anew_in_the_words_of_today(desk: Desk):
    await desk.follow()
    await busy_friday(desk)
    card = await desk.post_story("Weights and measures")
    said = await drop(desk, card, ANNA, Side.OPEN, "Weights for everybody")
    desk.clock.advance(minutes=1)
    await post_now(desk)

    await drop(desk, card, ANNA, Side.OPEN, "Weights for nobody")

    [recap_id] = await desk.newsroom.recap_messages.due_redraws()
    contents = await desk.newsroom.recap_messages.look(recap_id)
    assert contents is not None
    assert contents.takes[said.id].text == "Weights for nobody"


async def test_who_is_forgotten_is_in_no_recap_any_more(desk: Desk):
    await desk.follow()
    await busy_friday(desk)
    card = await desk.post_story("Weights and measures")
    await drop(desk, card, ANNA, Side.OPEN, "Weights for everybody")
    desk.clock.advance(minutes=1)
    await post_now(desk)

    await desk.newsroom.members.forget(ANNA, GUILD)

    [recap_id] = await desk.newsroom.recap_messages.due_redraws()
    contents = await desk.newsroom.recap_messages.look(recap_id)
    assert contents is not None
    assert contents.takes == {}


async def test_a_preview_is_posted_once_and_not_the_next_day(desk: Desk):
    await busy_week(desk)
    asked_at = desk.clock()
    desk.clock.advance(minutes=1)
    await desk.newsroom.recaps.post(GUILD, CHANNEL, sees_all, 7, 4711, asked_at)

    with pytest.raises(RequestRefused, match="already"):
        await desk.newsroom.recaps.post(GUILD, CHANNEL, sees_all, 7, 4711, asked_at)
    desk.clock.advance(days=1)
    with pytest.raises(RequestRefused, match="too old"):
        await desk.newsroom.recaps.post(GUILD, CHANNEL, sees_all, 7, 4712, asked_at)

    assert len(await rows(desk)) == 1


async def test_what_was_shown_is_what_is_posted(desk: Desk):
    await busy_week(desk)
    desk.clock.advance(minutes=1)
    shown = await desk.newsroom.recaps.preview(GUILD, sees_all, 7, 4711, desk.clock())
    await drop(desk, await desk.post_story("Weights and measures"), ANNA, Side.OPEN, "Weights for everybody")

    contents = await post_now(desk)

    assert contents.week == shown


# ------------------------------------------------------------------------------ old takes


async def old_take_is_back(desk: Desk, *, days: float = 90) -> int:
    """Let a take be so old, and its subject back in a week of which a recap was just sent; return the take."""
    await desk.follow()
    card = await desk.post_story("DeepSeek R1 tops the App Store, Nvidia shares fall")
    said = await drop(desk, card, ANNA, Side.OPEN, "This changes sees_all")
    await desk.newsroom.recaps.plan_due(anywhere)
    desk.clock.time = NOW + timedelta(days=days) - timedelta(hours=1)
    await busy_week(desk)
    await desk.post_story("Nvidia shares climb back as DeepSeek R2 needs more chips")
    desk.clock.time = NOW + timedelta(days=days)
    await post_now(desk)
    return said.id


async def asked_about(desk: Desk) -> list[int | None]:
    return [row.take_id for row in await rows(desk) if row.kind is RecapKind.AGED]


async def test_a_take_of_a_season_ago_is_asked_about_once_its_subject_is_back(desk: Desk):
    take_id = await old_take_is_back(desk)
    assert await send_due(desk) == []

    desk.clock.time += AGED_AFTER
    [claim] = await send_due(desk)

    assert claim.contents.old is not None
    assert (claim.contents.old.take.id, claim.contents.old.take.text) == (take_id, "This changes sees_all")
    desk.clock.advance(days=1)
    await desk.newsroom.recaps.post(GUILD, CHANNEL, sees_all, 7, 4712, desk.clock())
    await send_due(desk)
    assert await asked_about(desk) == [take_id]


@pytest.mark.parametrize("days", [84, 101])
async def test_a_younger_or_older_take_is_not(desk: Desk, days: float):
    await old_take_is_back(desk, days=days)

    assert await asked_about(desk) == []


async def test_a_member_may_refuse_before(desk: Desk):
    await desk.newsroom.recap_messages.set_quotes(GUILD, ANNA, allowed=False)
    await old_take_is_back(desk)

    assert await asked_about(desk) == []
    assert not (await desk.newsroom.members.kept(GUILD, ANNA)).quotes


async def test_a_member_may_refuse_afterwards_and_the_quotation_goes(desk: Desk):
    await old_take_is_back(desk)
    desk.clock.time += AGED_AFTER
    [claim] = await send_due(desk)

    await desk.newsroom.recap_messages.set_quotes(GUILD, ANNA, allowed=False)

    assert await desk.newsroom.recap_messages.due_redraws() == [claim.recap.id]
    redraw = await desk.newsroom.recap_messages.take_redraw(claim.recap.id)
    assert redraw is not None
    assert redraw.contents is None
    await desk.newsroom.recap_messages.deleted(redraw)
    assert await desk.newsroom.recap_messages.due_redraws() == []
    with pytest.raises(RequestRefused, match="no longer"):
        await desk.newsroom.recap_messages.judge(claim.contents.mark, GUILD, BEN, well=True)


async def test_a_quotation_that_was_refused_before_it_was_sent_is_not_sent(desk: Desk):
    await old_take_is_back(desk)
    await desk.newsroom.recap_messages.set_quotes(GUILD, ANNA, allowed=False)
    desk.clock.time += AGED_AFTER

    assert await send_due(desk) == []


async def test_members_say_once_each_how_it_aged_and_the_author_says_nothing(desk: Desk):
    await old_take_is_back(desk)
    desk.clock.time += AGED_AFTER
    [claim] = await send_due(desk)
    messages, mark = desk.newsroom.recap_messages, claim.contents.mark

    assert await messages.judge(mark, GUILD, BEN, well=True) is True
    assert await messages.judge(mark, GUILD, BEN, well=False) is False
    assert await messages.judge(mark, GUILD, CARA, well=True) is True
    assert await messages.judge(mark, GUILD, 4009, well=True) is True
    assert await messages.judge(mark, GUILD, 4009, well=True) is None
    with pytest.raises(RequestRefused, match="your own"):
        await messages.judge(mark, GUILD, ANNA, well=True)
    with pytest.raises(RequestRefused, match="no longer"):
        await messages.judge(mark, OTHER_GUILD, BEN, well=True)
    with pytest.raises(RequestRefused, match="no longer"):
        await messages.judge("1.000000000000000000000000", GUILD, BEN, well=True)

    contents = await messages.look(claim.recap.id)
    assert contents is not None
    assert contents.old is not None
    assert (contents.old.well, contents.old.badly) == (1, 1)
    assert await messages.due_redraws() == [claim.recap.id]


async def test_what_a_member_said_of_old_takes_goes_with_the_member(desk: Desk):
    await old_take_is_back(desk)
    desk.clock.time += AGED_AFTER
    [claim] = await send_due(desk)
    await desk.newsroom.recap_messages.judge(claim.contents.mark, GUILD, BEN, well=True)
    assert b"This changes sees_all" in await desk.newsroom.members.download(GUILD, BEN)

    await desk.newsroom.members.forget(BEN, GUILD)

    contents = await desk.newsroom.recap_messages.look(claim.recap.id)
    assert contents is not None
    assert contents.old is not None
    assert (contents.old.well, contents.old.badly) == (0, 0)


async def test_a_quotation_goes_with_the_take_and_its_author(desk: Desk):
    await old_take_is_back(desk)
    desk.clock.time += AGED_AFTER
    [claim] = await send_due(desk)

    await desk.newsroom.members.forget(ANNA, GUILD)

    redraw = await desk.newsroom.recap_messages.take_redraw(claim.recap.id)
    assert redraw is not None
    assert redraw.contents is None


async def test_a_recap_and_the_question_behind_it_are_known_by_the_takes_that_they_quote(desk: Desk):
    old_id = await old_take_is_back(desk)
    card = await desk.post_story("A court hears about data once more")
    new = await drop(desk, card, BEN, Side.PROPRIETARY, "Nobody reads weights")
    desk.clock.time += AGED_AFTER
    await desk.newsroom.recaps.post(GUILD, CHANNEL, sees_all, 7, 4712, desk.clock())
    await send_due(desk)

    quoted = {
        row.kind: [take.id for take in await desk.newsroom.takes.on_message(GUILD, 7000 + row.id)]
        for row in await rows(desk)
    }

    assert quoted == {RecapKind.WEEK: [new.id], RecapKind.AGED: [old_id]}
    assert await desk.newsroom.takes.on_message(OTHER_GUILD, 7000 + (await rows(desk))[-1].id) == []


async def test_a_quotation_and_what_was_answered_go_when_its_author_says_something_else(desk: Desk):
    take_id = await old_take_is_back(desk)
    desk.clock.time += AGED_AFTER
    [claim] = await send_due(desk)
    await desk.newsroom.recap_messages.judge(claim.contents.mark, GUILD, BEN, well=True)

    await desk.newsroom.takes.drop(
        Draft(GUILD, ANNA, Side.OPEN, "I knew it all along"), desk.newsroom.outbox._marks.mark(1)
    )

    redraw = await desk.newsroom.recap_messages.take_redraw(claim.recap.id)
    assert redraw is not None and redraw.contents is None
    async with desk.store.read() as connection:
        assert await desk.store.recaps.judged(connection, take_id) == (0, 0)


# -------------------------------------------------------------------------------- chatter


async def test_no_more_threads_are_counted_at_once_than_there_is_room_for(desk: Desk):
    for thread_id in range(MOST_THREADS + 10):
        desk.newsroom.chatter.heard(thread_id)

    assert len(desk.newsroom.chatter._heard) == MOST_THREADS


async def test_messages_in_foreign_threads_are_not_remembered(desk: Desk):
    desk.newsroom.chatter.heard(99)
    await desk.newsroom.chatter.keep()

    async with desk.store.read() as connection:
        assert (
            await desk.store.recaps.messages(
                connection, GUILD, [CHANNEL], NOW - timedelta(days=1), NOW + timedelta(days=1)
            )
            == {}
        )
