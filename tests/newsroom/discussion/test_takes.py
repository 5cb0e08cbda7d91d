"""Takes: who may say what, once; who finds it hot; and what is left of one that was removed."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from newsroom.discussion.takes import BLOCKED_FOR, COOLDOWN, GONE, NAMES_STAND, TAKES_OFF, sides_of, weeks_ago
from newsroom.errors import RequestRefused
from newsroom.models import ChannelKind, DeliveryState, GuildSettings, Side, ThreadMode
from newsroom.store import tables
from tests.desk import CHANNEL, FEED, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk
from tests.recaps import sees_all
from tests.talks import (
    ANSWER,
    STORY,
    WORDS,
    card,
    discussed,
    draft,
    draw_due,
    drop,
    fire,
    message_of,
    open_threads,
    push_back,
    remark_of,
    say_due,
    shown,
    shown_in,
    take_now,
)
from tests.votes import ANNA, BEN, CARA, ask_and_show, close, draw_of_result, everything, say_why, send_due, vote_many

OTHER_WORDS = "Nobody has seen the data it was trained on."


async def refusal(work: Any) -> str:
    """Why something is refused."""
    with pytest.raises(RequestRefused) as refused:
        await work
    return str(refused.value)


async def fires_of(desk: Desk, take_id: int) -> int:
    async with desk.store.read() as connection:
        return (await desk.store.takes.fires(connection, [take_id]))[take_id]


# ------------------------------------------------------------------------------------- writing


async def test_a_take_opens_the_storys_thread_and_is_shown_in_it(desk: Desk):
    posted = await card(desk)

    written = await drop(desk, posted)

    assert (written.take.text, written.take.side, written.take.member_id) == (WORDS, Side.OPEN, ANNA)
    assert (written.place_id, written.edited) == (message_of(posted), False)
    assert await open_threads(desk) == [message_of(posted)]
    opener, take = await say_due(desk)
    assert shown_in(take).take == written.take
    assert {opener.remark.channel_id, take.remark.channel_id} == {message_of(posted)}


async def test_in_a_thread_that_gets_news_a_take_answers_the_card(desk: Desk):
    posted = await card(desk, kind=ChannelKind.THREAD)

    written = await drop(desk, posted)

    [take] = await say_due(desk)
    assert written.place_id == take.remark.channel_id == CHANNEL
    assert take.remark.reply_to == message_of(posted)


async def test_where_stories_get_no_threads_a_take_is_kept_and_shown_nowhere(desk: Desk):
    posted = await card(desk, threads=ThreadMode.NONE)

    written = await drop(desk, posted)

    assert written.place_id is None
    assert await desk.newsroom.remarks.due() == await desk.newsroom.threads.due() == []
    desk.clock.advance(minutes=1)
    [hot] = await desk.newsroom.takes.top(GUILD, sees_all)
    assert (hot.take, hot.headline, hot.link) == (written.take, posted.card.headline, None)


async def test_a_take_whose_thread_was_deleted_is_kept_and_shown_nowhere(desk: Desk):
    posted = await card(desk)
    thread_id = await discussed(desk, posted)
    await desk.newsroom.threads.refused(thread_id, "deleted")

    assert (await drop(desk, posted)).place_id is None
    assert await desk.newsroom.remarks.due() == []


async def test_who_changes_a_take_whose_thread_was_deleted_is_not_told_that_it_is_shown(desk: Desk):
    posted = await card(desk)
    await shown(desk, posted)
    await desk.newsroom.threads.refused(message_of(posted), "deleted")

    changed = await drop(desk, posted, OTHER_WORDS)

    assert (changed.edited, changed.place_id) == (True, None)


async def test_a_take_that_discord_did_not_take_is_shown_once_it_is_changed(desk: Desk):
    posted = await card(desk)
    await discussed(desk, posted)
    await drop(desk, posted)
    [remark_id] = await desk.newsroom.remarks.due()
    claim = await desk.newsroom.remarks.claim(remark_id)
    assert claim is not None
    await desk.newsroom.remarks.give_up(claim, "AutoMod blocks it.")

    changed = await drop(desk, posted, OTHER_WORDS)

    [said] = await say_due(desk)
    assert (shown_in(said).take.text, said.remark.channel_id) == (OTHER_WORDS, changed.place_id)


async def test_a_member_has_one_take_on_a_story_and_one_message_that_shows_it(desk: Desk):
    posted = await card(desk)
    first = await shown(desk, posted)

    second = await drop(desk, posted, OTHER_WORDS, side=Side.PROPRIETARY)

    assert (second.take.id, second.edited, second.place_id) == (first.id, True, message_of(posted))
    assert await desk.newsroom.remarks.due() == []
    [redraw] = await draw_due(desk)
    assert (shown_in(redraw).take.text, shown_in(redraw).take.side) == (OTHER_WORDS, Side.PROPRIETARY)


async def test_a_take_and_a_reason_for_a_vote_on_the_storys_poll_are_one(desk: Desk):
    posted = await card(desk)
    assert posted.card.poll is not None
    first = await drop(desk, posted)
    desk.clock.advance(minutes=1)

    second = await say_why(desk, GUILD, posted.card.poll.poll.id, ANNA, Side.OPEN, OTHER_WORDS)

    assert (second.take.id, second.edited, second.place_id) == (first.take.id, True, first.place_id)


async def test_takes_at_the_same_moment_of_one_member_become_one(desk: Desk, twin: Desk):
    posted = await card(desk)
    desk.clock.advance(seconds=COOLDOWN.total_seconds())

    ends = await asyncio.gather(
        *(
            each.newsroom.takes.drop(draft(text), posted.mark)
            for each, text in ((desk, WORDS), (twin, OTHER_WORDS), (desk, ANSWER))
        ),
        return_exceptions=True,
    )

    assert sorted(type(end).__name__ for end in ends) == ["RequestRefused", "RequestRefused", "Written"]


async def test_who_says_something_waits_half_a_minute_before_the_next(desk: Desk):
    posted = await card(desk)
    other = await desk.post_story("Another story")
    await drop(desk, posted)
    desk.clock.advance(seconds=10.5)

    told = await refusal(desk.newsroom.takes.drop(draft(OTHER_WORDS), other.mark))
    await desk.newsroom.takes.drop(draft(ANSWER, BEN), other.mark)
    desk.clock.advance(seconds=19.5)
    await desk.newsroom.takes.drop(draft(OTHER_WORDS), other.mark)

    assert told == "One take at a time: wait 20 seconds, then send it again."


async def test_a_take_from_a_clock_that_ran_ahead_keeps_nobody_waiting(desk: Desk):
    posted = await card(desk)
    desk.clock.advance(days=400)
    await drop(desk, posted)
    desk.clock.advance(days=-400)

    assert (await drop(desk, posted, OTHER_WORDS)).edited


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("too short", "A take has 10 to 280 characters; yours has 9."),
        ("x" * 281, "A take has 10 to 280 characters; yours has 281."),
        ("🔥" * 280, "A take has 10 to 280 characters; yours has 560."),
        ("🔥" * 140, "A take needs words, not signs and emoji alone."),
        ("?!?!?!?!?! ab", "A take needs words, not signs and emoji alone."),
        ("\u200b\u202e" * 20, "A take has 10 to 280 characters; yours has 0."),
        ("look at https://evil.example/", "Takes here hold no links. Say it in your own words."),
        ("look at HTTPS://evil.example/", "Takes here hold no links. Say it in your own words."),
        ("look at www.evil.example please", "Takes here hold no links. Say it in your own words."),
        ("come to discord.gg/abcdef, all of you", "Takes here hold no links. Say it in your own words."),
        ("[harmless](evil.example) words", "Takes here hold no links. Say it in your own words."),
        ("look at ｈｔｔｐｓ://evil.example/", "Takes here hold no links. Say it in your own words."),
        ("look at h\u200bttps://evil.example/", "Takes here hold no links. Say it in your own words."),
    ],
)
async def test_what_is_no_take_is_refused_in_a_sentence(desk: Desk, text: str, why: str):
    posted = await card(desk)
    before = await everything(desk)

    assert await refusal(drop(desk, posted, text)) == why
    assert await everything(desk) == before


@pytest.mark.parametrize(
    "text", ["x" * 280, "ten chars!", "日本語のモデルも公開してほしいです", "Fire 🔥🔥🔥 and fury", "मॉडल सबके लिए"]
)
async def test_takes_in_any_writing_are_taken(desk: Desk, text: str):
    assert (await drop(desk, await card(desk), text)).take.text == text


async def test_links_are_taken_where_the_admins_allow_them(desk: Desk):
    posted = await card(desk, links=True)

    assert (await drop(desk, posted, "Read https://lab.example/paper first.")).take.text.endswith("paper first.")


@pytest.mark.parametrize(
    "again",
    [
        WORDS,
        WORDS.upper(),
        WORDS.replace(" ", " \t").rstrip(".") + "!!!",
        "".join(chr(ord(sign) + 0xFEE0) if sign.isalpha() else sign for sign in WORDS),
    ],
)
async def test_nobody_says_what_was_said_of_a_story_already(desk: Desk, again: str):
    posted = await card(desk)
    await drop(desk, posted)

    told = await refusal(drop(desk, posted, again, BEN))

    assert told == "Somebody has said exactly that already. Say it in other words."


async def test_nobody_says_the_same_of_every_story_for_a_week(desk: Desk):
    posted, other = await card(desk), await desk.post_story("Another story")
    await drop(desk, posted)

    told = await refusal(drop(desk, other))
    await drop(desk, other, member_id=BEN)
    desk.clock.advance(days=7)
    await drop(desk, other, OTHER_WORDS)

    assert told == "You have said exactly that already. Say it in other words."


async def test_a_vowel_sign_makes_another_word(desk: Desk):
    posted = await card(desk)
    await drop(desk, posted, "दिन दिन दिन दिन")

    assert (await drop(desk, posted, "दान दान दान दान", BEN)).take.member_id == BEN


async def test_the_same_words_may_be_said_again_to_change_the_side_alone(desk: Desk):
    posted = await card(desk)
    await drop(desk, posted)

    assert (await drop(desk, posted, side=Side.PROPRIETARY)).take.side is Side.PROPRIETARY


async def test_in_between_is_no_side_where_a_guild_has_two_teams(desk: Desk):
    posted = await card(desk)
    kept = await drop(desk, posted, side=Side.DEPENDS)
    await desk.newsroom.guilds.change(GUILD, {"depends": False})

    told = await refusal(drop(desk, posted, OTHER_WORDS, side=Side.DEPENDS))

    assert told == "This server has two teams only."
    assert await take_now(desk, kept.take) == kept.take
    settings = await desk.newsroom.guilds.settings(GUILD)
    assert sides_of(settings) == (Side.OPEN, Side.PROPRIETARY)
    assert sides_of(GuildSettings(GUILD)) == (Side.OPEN, Side.PROPRIETARY, Side.DEPENDS)


async def test_where_takes_are_off_none_is_asked_for_nor_taken(desk: Desk):
    posted = await card(desk)
    take = await shown(desk, posted)
    await desk.newsroom.threads.change(GUILD, CHANNEL, takes=False)
    takes = desk.newsroom.takes
    before = await everything(desk)

    assert await refusal(takes.form_for_card(posted.mark, GUILD, BEN)) == TAKES_OFF
    assert await refusal(takes.form_for_answer(takes.mark(take.id), GUILD, BEN)) == TAKES_OFF
    assert await refusal(drop(desk, posted, OTHER_WORDS, BEN)) == TAKES_OFF
    assert await refusal(push_back(desk, take, member_id=BEN)) == TAKES_OFF
    assert await everything(desk) == before


async def test_a_form_that_comes_back_after_the_story_was_taken_down_changes_nothing(desk: Desk):
    posted = await card(desk)
    await desk.newsroom.takes.form_for_card(posted.mark, GUILD, ANNA)
    await desk.newsroom.story_desk.take_down(GUILD, message_of(posted))
    before = await everything(desk)

    assert await refusal(drop(desk, posted)) == "I no longer know that story."
    assert await everything(desk) == before


async def test_the_form_brings_back_what_the_member_has_said(desk: Desk):
    posted = await card(desk)
    take = (await drop(desk, posted)).take

    own = await desk.newsroom.takes.form_for_card(posted.mark, GUILD, ANNA)
    others = await desk.newsroom.takes.form_for_card(posted.mark, GUILD, BEN)

    assert (own.headline, own.mine, own.anonymous_allowed) == (posted.card.headline, take, False)
    assert others.mine is None


async def test_a_card_of_another_guild_takes_no_take(desk: Desk):
    posted = await card(desk)

    assert await refusal(drop(desk, posted, guild_id=OTHER_GUILD)) == "I no longer know that story."


# ---------------------------------------------------------------------------------- anonymous


async def test_a_name_is_left_out_only_where_the_admins_allow_that(desk: Desk):
    posted = await card(desk, anonymous_takes=True)
    poll = posted.card.poll
    assert poll is not None
    assert (await desk.newsroom.takes.form_for_card(posted.mark, GUILD, ANNA)).anonymous_allowed
    assert (await drop(desk, posted, anonymous=True)).take.anonymous
    desk.clock.advance(minutes=1)
    before = await everything(desk)

    await desk.newsroom.threads.change(GUILD, CHANNEL, anonymous_takes=False)

    nameless = draft(OTHER_WORDS, anonymous=True)
    assert await refusal(desk.newsroom.takes.drop(nameless, posted.mark)) == NAMES_STAND
    assert await refusal(desk.newsroom.polls.say_why(poll.poll.id, nameless)) == NAMES_STAND
    await desk.newsroom.threads.change(GUILD, CHANNEL, anonymous_takes=True)
    assert await everything(desk) == before


async def test_on_a_poll_without_a_story_names_stand(desk: Desk):
    poll = await ask_and_show(desk)

    refused = await refusal(desk.newsroom.polls.say_why(poll.id, draft(anonymous=True)))

    assert refused == NAMES_STAND


async def test_who_leaves_the_name_out_later_is_quoted_without_it_everywhere(desk: Desk):
    posted = await card(desk, anonymous_takes=True)
    take = await shown(desk, posted)
    await push_back(desk, take, member_id=BEN)
    await say_due(desk)
    poll = posted.card.poll
    assert poll is not None
    await vote_many(desk, poll.poll, 6, 6)
    await close(desk, poll.poll)
    await send_due(desk)
    desk.clock.advance(minutes=1)

    await drop(desk, posted, anonymous=True)

    quotes = [shown_in(redraw) for redraw in await draw_due(desk)]
    assert [(quote.answers or quote.take).anonymous for quote in quotes] == [True, True]
    [result] = await draw_of_result(desk, poll.poll)
    assert [quoted.anonymous for quoted in result.takes if quoted.id == take.id] == [True]


# ----------------------------------------------------------------------------------- push back


async def test_a_take_that_pushes_back_is_paired_with_the_one_it_answers(desk: Desk):
    posted = await card(desk)
    take = await shown(desk, posted)
    asked = await desk.newsroom.takes.form_for_answer(desk.newsroom.takes.mark(take.id), GUILD, BEN)

    written = await push_back(desk, take, member_id=BEN)

    [said] = await say_due(desk)
    where = await remark_of(desk, take)
    assert asked.answered == take
    assert where is not None
    assert (written.take.answers_id, shown_in(said).answers) == (take.id, take)
    assert shown_in(said).answers_link == (where.channel_id, where.message_id)
    assert said.remark.reply_to == where.message_id


async def test_who_pushes_back_does_so_with_the_one_take_on_that_story(desk: Desk):
    posted = await card(desk)
    mine = await shown(desk, posted)
    other = await shown(desk, posted, OTHER_WORDS, BEN)

    written = await push_back(desk, other)

    assert (written.take.id, written.take.answers_id, written.edited) == (mine.id, other.id, True)


async def test_two_can_push_back_on_each_other(desk: Desk):
    posted = await card(desk)
    mine = await shown(desk, posted)
    other = (await push_back(desk, mine, member_id=BEN)).take
    await say_due(desk)

    await push_back(desk, other, OTHER_WORDS)

    pairs = [shown_in(redraw) for redraw in await draw_due(desk)]
    assert sorted((pair.take.id, pair.answers.id) for pair in pairs if pair.answers) == [
        (mine.id, other.id),
        (other.id, mine.id),
    ]


async def test_what_quotes_a_take_follows_when_that_changes(desk: Desk):
    posted = await card(desk)
    take = await shown(desk, posted)
    await push_back(desk, take, member_id=BEN)
    await say_due(desk)

    await drop(desk, posted, OTHER_WORDS)

    quotes = [shown_in(redraw) for redraw in await draw_due(desk)]
    assert [quote.answers.text for quote in quotes if quote.answers] == [OTHER_WORDS]


async def test_nobody_pushes_back_on_their_own_take_or_on_one_that_is_gone(desk: Desk):
    posted = await card(desk)
    take = await shown(desk, posted)
    takes = desk.newsroom.takes

    assert (await refusal(takes.form_for_answer(takes.mark(take.id), GUILD, ANNA))).startswith("That take is your own.")
    assert (await refusal(push_back(desk, take))).startswith("That take is your own.")
    await takes.remove(GUILD, take.id)
    assert await refusal(push_back(desk, take, member_id=BEN)) == GONE


# --------------------------------------------------------------------------------------- fires


async def test_a_take_is_hot_to_a_member_until_they_click_again(desk: Desk):
    take = await shown(desk, await card(desk))

    hot = [await fire(desk, take, member) for member in (BEN, CARA, BEN)]

    assert hot == [True, True, False]
    assert await fires_of(desk, take.id) == 1


async def test_many_who_fire_at_once_are_all_counted_and_drawn_once(desk: Desk, twin: Desk):
    take = await shown(desk, await card(desk))
    desk.clock.advance(minutes=1)

    await asyncio.gather(*(fire(each, take, 6000 + number) for number, each in enumerate([desk, twin] * 10)))

    [redraw] = await draw_due(desk)
    assert shown_in(redraw).fires == await fires_of(desk, take.id) == 20
    assert await draw_due(desk) == await draw_due(twin) == []


async def test_two_clicks_of_one_member_at_once_take_each_other_back(desk: Desk, twin: Desk):
    take = await shown(desk, await card(desk))

    hot = await asyncio.gather(*(fire(each, take, BEN) for each in (desk, twin)))

    assert sorted(hot) == [False, True]
    assert await fires_of(desk, take.id) == 0


@pytest.mark.parametrize(("text", "side"), [(OTHER_WORDS, Side.OPEN), (WORDS, Side.PROPRIETARY)])
async def test_other_words_or_another_side_begin_without_fires_and_are_said_now(desk: Desk, text: str, side: Side):
    posted = await card(desk)
    take = await shown(desk, posted)
    for member in (BEN, CARA):
        await fire(desk, take, member)
    desk.clock.advance(days=20)

    again = (await drop(desk, posted)).take
    assert (again.written_at, again.edited_at) == (take.written_at, desk.clock())
    assert (await refusal(desk.newsroom.takes.drop(draft(), posted.mark))).startswith("One take at a time")
    assert await fires_of(desk, take.id) == 2
    changed = (await drop(desk, posted, text, side=side)).take

    assert (changed.id, changed.written_at) == (take.id, desk.clock())
    assert await fires_of(desk, take.id) == 0


async def test_nobody_sets_their_own_take_on_fire_nor_one_of_another_guild(desk: Desk):
    take = await shown(desk, await card(desk))
    takes = desk.newsroom.takes

    assert await refusal(fire(desk, take, ANNA)) == "You can't set your own take on fire."
    assert await refusal(takes.fire(takes.mark(take.id), OTHER_GUILD, BEN)) == GONE
    assert await refusal(takes.fire(f"{take.id}.made-up", GUILD, BEN)) == GONE
    assert await fires_of(desk, take.id) == 0


# ----------------------------------------------------------------------------------------- top


@pytest.mark.parametrize(
    ("typed", "number"), [(None, 0), ("", 0), (" This ", 0), ("LAST", 1), ("0", 0), ("1", 1), ("52", 52)]
)
def test_weeks_are_told_in_words_or_as_how_long_ago_they_are(typed: str | None, number: int):
    assert weeks_ago(typed) == number


@pytest.mark.parametrize("typed", ["53", "-1", "next", "1.5", "9" * 30, "²"])
def test_what_is_no_week_is_refused(typed: str):
    with pytest.raises(RequestRefused, match="how many weeks ago"):
        weeks_ago(typed)


async def test_the_hottest_come_first_and_each_week_has_its_own(desk: Desk):
    posted = await card(desk)
    cool = await shown(desk, posted)
    hot = await shown(desk, posted, OTHER_WORDS, BEN)
    await fire(desk, hot, CARA)
    desk.clock.advance(minutes=1)

    assert [(each.take.id, each.fires) for each in await desk.newsroom.takes.top(GUILD, sees_all)] == [
        (hot.id, 1),
        (cool.id, 0),
    ]
    desk.clock.advance(days=8)
    assert await desk.newsroom.takes.top(GUILD, sees_all) == []
    [first, _] = await desk.newsroom.takes.top(GUILD, sees_all, 1)
    where = await remark_of(desk, hot)
    assert where is not None
    assert (first.headline, first.link) == (posted.card.headline, (where.channel_id, where.message_id))
    assert await desk.newsroom.takes.top(OTHER_GUILD, sees_all, 1) == []


# ------------------------------------------------------------------------------------ removing


async def test_a_removed_take_is_gone_with_its_fires_and_its_message(desk: Desk):
    posted = await card(desk)
    take = await shown(desk, posted)
    await fire(desk, take, BEN)

    removed = await desk.newsroom.takes.remove(GUILD, take.id)

    assert removed.channel_id == message_of(posted)
    assert posted.card.poll is not None
    assert await take_now(desk, take) is None
    [redraw] = await draw_due(desk)
    assert redraw.contents is None
    assert await remark_of(desk, take) is None
    assert await desk.newsroom.takes.top(GUILD, sees_all) == []
    assert await refusal(desk.newsroom.takes.remove(GUILD, take.id)) == GONE


async def test_the_next_take_after_a_removed_one_is_shown_and_not_taken_for_it(desk: Desk):
    posted = await card(desk)
    removed = await shown(desk, posted)
    await desk.newsroom.takes.remove(GUILD, removed.id)

    written = await drop(desk, posted, OTHER_WORDS, BEN)

    assert written.take.id != removed.id
    [said] = await say_due(desk)
    assert shown_in(said).take == written.take
    assert [redraw.contents for redraw in await draw_due(desk)] == [None]


async def test_a_take_is_found_by_its_message_and_removed_in_its_own_guild_alone(desk: Desk):
    posted = await card(desk)
    take = await shown(desk, posted)
    where = await remark_of(desk, take)
    assert where is not None and where.message_id is not None
    takes = desk.newsroom.takes

    assert await takes.on_message(GUILD, where.message_id) == [take]
    for guild_id, message_id in ((OTHER_GUILD, where.message_id), (GUILD, message_of(posted)), (GUILD, 7001)):
        if (guild_id, message_id) != (GUILD, where.message_id):
            assert await takes.on_message(guild_id, message_id) == []
    assert await refusal(takes.remove(OTHER_GUILD, take.id)) == GONE


async def test_a_result_is_known_by_the_takes_that_it_may_quote_and_those_of_today_come_first(desk: Desk):
    poll = await ask_and_show(desk)
    for member_id, text in ((ANNA, "So short a take."), (BEN, WORDS), (CARA, "Short, too, this.")):
        await say_why(desk, GUILD, poll.id, member_id, Side.OPEN, text)
    await vote_many(desk, poll, 10)
    await close(desk, poll)
    [result] = await send_due(desk)
    takes, message_id = desk.newsroom.takes, 8000 + result.id

    quoted = await takes.on_message(GUILD, message_id)

    assert [take.text for take in quoted] == [WORDS, "So short a take.", "Short, too, this."]
    assert await takes.on_message(OTHER_GUILD, message_id) == []
    assert (await takes.remove(GUILD, quoted[0].id)).poll_ids == (poll.id,)
    [drawn] = await draw_of_result(desk, poll)
    assert [take.text for take in drawn.takes] == ["So short a take.", "Short, too, this."]


@pytest.mark.parametrize("threads", [ThreadMode.DISCUSS, ThreadMode.NONE])
async def test_what_was_said_in_another_channel_is_told_in_no_result_and_no_debate_here(
    desk: Desk, threads: ThreadMode
):
    await desk.follow(channel_id=OTHER_CHANNEL)
    await desk.newsroom.threads.change(GUILD, OTHER_CHANNEL, threads=threads)
    posted = await card(desk, threads=threads)
    elsewhere = (await desk.claims(OTHER_CHANNEL))[-1]
    poll = posted.card.poll
    assert poll is not None and elsewhere.delivery.story_id == posted.delivery.story_id
    await shown(desk, elsewhere, "Between us, who may read it here: this one is a fraud.", BEN)
    here = [await shown(desk, posted)]
    desk.clock.advance(minutes=1)
    here.append((await say_why(desk, GUILD, poll.poll.id, CARA, Side.OPEN, OTHER_WORDS)).take)
    await vote_many(desk, poll.poll, 10)
    await close(desk, poll.poll)

    [row_id] = await desk.newsroom.poll_messages.due()
    result = await desk.newsroom.poll_messages.claim(row_id)

    assert result is not None and result.message.channel_id == CHANNEL
    assert list(result.contents.takes) == here
    async with desk.store.read() as connection:
        assert await desk.store.takes.of_story(connection, GUILD, posted.delivery.story_id, CHANNEL) == here


async def test_what_answered_a_removed_take_answers_nothing_and_quotes_it_no_more(desk: Desk):
    posted = await card(desk)
    take = await shown(desk, posted)
    answer = (await push_back(desk, take, member_id=BEN)).take
    await say_due(desk)

    await desk.newsroom.takes.remove(GUILD, take.id)

    left = [shown_in(redraw) for redraw in await draw_due(desk) if redraw.contents]
    assert [(each.take.id, each.answers, each.take.answers_id) for each in left] == [(answer.id, None, None)]


async def test_a_result_that_may_quote_a_removed_take_is_drawn_without_it(desk: Desk):
    posted = await card(desk)
    take = await shown(desk, posted)
    assert posted.card.poll is not None
    poll = posted.card.poll.poll
    await vote_many(desk, poll, 6, 6)
    await close(desk, poll)
    await send_due(desk)

    removed = await desk.newsroom.takes.remove(GUILD, take.id)

    assert removed.poll_ids == (poll.id,)
    [result] = await draw_of_result(desk, poll)
    assert result.takes == ()


async def test_a_blocked_author_writes_no_takes_for_a_week_and_learns_until_when(desk: Desk):
    posted = await card(desk, anonymous_takes=True)
    other = await desk.post_story("Another story")
    take = await shown(desk, posted, anonymous=True)
    removed = await desk.newsroom.takes.remove(GUILD, take.id, block=True)
    until = desk.clock() + BLOCKED_FOR

    told = await refusal(drop(desk, other, OTHER_WORDS))

    assert str(ANNA) not in repr(removed), "whose it was stays untold"
    assert told == f"The moderators of this server take no takes of yours until <t:{until.timestamp():.0f}:f>."
    assert await refusal(desk.newsroom.takes.form_for_card(other.mark, GUILD, ANNA)) == told
    assert (await drop(desk, other, ANSWER, BEN)).take.member_id == BEN
    desk.clock.time = until
    assert (await drop(desk, other, OTHER_WORDS)).take.member_id == ANNA


async def test_a_block_is_of_one_guild_and_goes_for_reasons_of_votes_too(desk: Desk):
    posted = await card(desk)
    take = await shown(desk, posted)
    await desk.newsroom.takes.remove(GUILD, take.id, block=True)
    here = await ask_and_show(desk)
    there = await ask_and_show(desk, guild_id=OTHER_GUILD, channel_id=OTHER_CHANNEL)
    desk.clock.advance(minutes=1)

    told = await refusal(say_why(desk, GUILD, here.id, ANNA, Side.OPEN, OTHER_WORDS))
    elsewhere = await say_why(desk, OTHER_GUILD, there.id, ANNA, Side.OPEN, OTHER_WORDS)

    assert told.startswith("The moderators of this server take no takes of yours")
    assert elsewhere.take.guild_id == OTHER_GUILD


async def test_a_block_outlasts_that_its_author_has_all_data_deleted(desk: Desk):
    posted = await card(desk)
    take = await shown(desk, posted)
    await desk.newsroom.takes.remove(GUILD, take.id, block=True)

    await desk.newsroom.members.forget(ANNA, GUILD)

    assert (await refusal(drop(desk, posted, OTHER_WORDS))).startswith("The moderators of this server take no takes")


# -------------------------------------------------------------------------------- a member's own


async def test_who_has_all_data_deleted_takes_along_takes_fires_and_what_quotes_them(desk: Desk):
    posted = await card(desk)
    mine = await shown(desk, posted)
    other = await shown(desk, posted, OTHER_WORDS, CARA)
    answer = (await push_back(desk, mine, member_id=BEN)).take
    await say_due(desk)
    await fire(desk, other, ANNA)
    desk.clock.advance(minutes=1)
    await draw_due(desk)
    desk.clock.advance(minutes=1)

    await desk.newsroom.members.forget(ANNA, GUILD)

    drawn = await draw_due(desk)
    assert [redraw.remark.take_id for redraw in drawn if redraw.contents is None] == [mine.id]
    left = {shown_in(redraw).take.id: shown_in(redraw) for redraw in drawn if redraw.contents}
    assert set(left) == {other.id, answer.id}
    assert (left[other.id].fires, left[answer.id].answers) == (0, None)
    async with desk.store.read() as connection:
        members = list(await connection.scalars(select(tables.take.c.member_id)))
        assert ANNA not in members + list(await connection.scalars(select(tables.fire.c.member_id)))


async def test_a_download_holds_the_members_own_takes_and_fires_and_nobody_elses_name(desk: Desk):
    posted = await card(desk, anonymous_takes=True)
    await drop(desk, posted, anonymous=True)
    other = await shown(desk, posted, OTHER_WORDS, BEN)
    await fire(desk, other, ANNA)

    content = json.loads(await desk.newsroom.members.download(GUILD, ANNA))

    assert [(take["text"], take["anonymous"]) for take in content["takes"]] == [(WORDS, True)]
    assert [entry["take"] for entry in content["fires"]] == [OTHER_WORDS]
    assert str(BEN) not in json.dumps(content)


# ------------------------------------------------------------------- stories change their shape


async def test_takes_on_two_stories_that_are_merged_are_on_the_one_that_stays(desk: Desk):
    posted = await card(desk)
    other = await desk.post_story("Another story")
    moved = await shown(desk, other, OTHER_WORDS, BEN)
    first = await shown(desk, posted)
    second = await shown(desk, other, ANSWER, ANNA)

    await desk.newsroom.story_desk.merge(GUILD, message_of(posted), message_of(other))

    story_id = posted.delivery.story_id
    after = [await take_now(desk, take) for take in (first, second, moved)]
    assert [take.story_id for take in after if take] == [story_id, other.delivery.story_id, story_id]
    assert (await drop(desk, posted, "Something else entirely, then.", BEN)).take.id == moved.id


async def test_a_take_under_a_card_that_went_with_a_merger_can_still_be_answered_and_removed(desk: Desk):
    posted = await card(desk)
    other = await desk.post_story("Another story")
    take = await shown(desk, other, OTHER_WORDS, BEN)
    where = await remark_of(desk, take)
    await desk.newsroom.story_desk.merge(GUILD, message_of(posted), message_of(other))
    desk.clock.advance(minutes=1)

    answer = await push_back(desk, take)
    assert await fire(desk, take, CARA)
    [redraw] = await draw_due(desk)

    assert (answer.take.answers_id, answer.place_id) == (take.id, message_of(posted))
    assert shown_in(redraw).fires == 1
    assert where is not None and where.message_id is not None
    assert [each.id for each in await desk.newsroom.takes.on_message(GUILD, where.message_id)] == [take.id]
    await desk.newsroom.takes.remove(GUILD, take.id)
    assert [each.contents for each in await draw_due(desk) if each.remark.take_id == take.id] == [None]


async def test_takes_outlive_the_article_and_their_messages_are_still_known(desk: Desk):
    posted = await card(desk)
    take = await shown(desk, posted)
    async with desk.store.begin() as connection:
        await connection.execute(update(tables.article).values(seen_at=desk.clock() - timedelta(days=1)))
    desk.clock.advance(days=400)
    await desk.newsroom.retention.run()
    async with desk.store.read() as connection:
        assert await desk.store.deliveries.get(connection, posted.delivery.id) is None

        assert list(await connection.scalars(select(tables.remark.c.take_id))) == [take.id]

    await desk.newsroom.members.forget(ANNA, GUILD)

    [redraw] = await draw_due(desk)
    assert (redraw.remark.take_id, redraw.contents) == (take.id, None)


async def test_all_that_was_said_goes_with_a_guild_that_removed_the_bot_for_long(desk: Desk):
    posted = await card(desk)
    take = await shown(desk, posted)
    await fire(desk, take, BEN)
    await desk.newsroom.takes.remove(GUILD, (await shown(desk, posted, OTHER_WORDS, BEN)).id, block=True)
    await desk.newsroom.presence.left(GUILD)
    assert await draw_due(desk) == await desk.newsroom.remarks.due() == []

    desk.clock.advance(days=31)
    await desk.newsroom.retention.run()

    rows = await everything(desk)
    assert {name: rows[name] for name in ("take", "fire", "take_block", "thread", "remark")} == {
        name: [] for name in ("take", "fire", "take_block", "thread", "remark")
    }


async def test_a_story_with_a_take_is_kept_when_its_article_is_forgotten(desk: Desk):
    posted = await card(desk, "A story for neither side")
    take = (await drop(desk, posted)).take
    desk.clock.advance(days=800)
    await desk.newsroom.retention.run()

    assert await take_now(desk, take) is not None


async def test_takes_and_cards_of_the_same_story_in_two_channels_are_one_discussion_each(desk: Desk):
    posted = await card(desk)
    await desk.follow(channel_id=OTHER_CHANNEL)
    both = await desk.post_story(f"{STORY} today", OTHER_CHANNEL)
    assert both.delivery.channel_id == OTHER_CHANNEL and FEED in desk.web.documents

    written = await drop(desk, both)

    assert written.place_id == message_of(both) != message_of(posted)
    remark = await remark_of(desk, written.take)
    assert remark is not None and remark.state is DeliveryState.PENDING
