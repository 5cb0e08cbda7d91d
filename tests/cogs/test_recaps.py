"""What members, moderators and admins are promised of the weekly recap, of /recap and of how takes have aged."""

from __future__ import annotations

from typing import Any

from discord.utils import utcnow
from sqlalchemy import select

from newsroom.discussion.recap_messages import RecapMessages
from newsroom.store import tables
from tests.cogs.guild import TEAM_HEADLINE, Guild, buttons, labels, read, told_in
from tests.desk import FEED, post, posts

SILENT = 1 << 12
QUESTION = "Team Open Source or Team Proprietary?"


async def busy(guild: Guild, votes: int = 10) -> Any:
    """Have three stories posted in #news and so many votes cast; return the card with the team poll."""
    card = await guild.team_card()
    guild.web.put(
        FEED,
        *posts(1),
        post(900, title=TEAM_HEADLINE),
        post(901, title="Chips are scarce once more", published=None),
        post(902, title="A court hears about data", published=None),
    )
    await guild.told("feed refresh", feed=FEED)
    await guild.later(minutes=30)
    await guild.votes(card, Open_source=votes)
    await guild.later()
    return card


async def say(guild: Guild, member: Any, card: Any, text: str, side: str = "open") -> None:
    """Have a member drop a hot take on a story."""
    more = await member.click(card, label="More")
    form = await member.click(more.response, label="Hot take")
    await member.submit_modal(form, {"side": side, "text": text})
    await guild.later()


def recaps(guild: Guild) -> list[Any]:
    """The recaps in #news, oldest first."""
    return [message for message in guild.news.history() if "The week" in read(message) or "quiet week" in read(message)]


async def due_now(guild: Guild) -> None:
    """Let it be time for the weekly recap, and for what follows it."""
    await guild.newsroom.recaps.planned(guild.guild.id)
    async with guild.store.begin() as connection:
        await guild.store.recaps.set_plan(connection, guild.guild.id, next_at=utcnow())
    await guild.later(minutes=20)


async def test_once_a_week_a_silent_message_tells_what_it_came_to_and_ends_in_the_team_question(guild: Guild):
    card = await busy(guild)
    await say(guild, guild.bob, card, "Weights for everybody")

    await due_now(guild)

    (recap,) = recaps(guild)
    told = read(recap)
    assert "3 stories came in, and 10 votes were cast." in told
    assert "> Weights for everybody" in told
    assert "Where this server stands" in told
    assert labels(recap) == ["Standings", "Open source", "Proprietary", "It depends"]
    (chart,) = recap.attachments
    assert chart.filename == "standings.png"
    assert f"**{QUESTION}**\n0 votes in\n-# 🔒 Private" in told
    assert guild.news.last_message.id == recap.id
    assert guild.requests("POST", f"/channels/{guild.news.id}/messages")[-1].json["flags"] & SILENT


async def test_votes_in_the_question_of_a_recap_are_counted_in_it_and_its_result_answers_it(guild: Guild):
    await busy(guild)
    await due_now(guild)
    (recap,) = recaps(guild)

    assert "on Team Open Source." in await guild.vote(guild.bob, recap, "Open source")
    await guild.votes(recap, Proprietary=10)
    await guild.later()

    told = read(guild.fresh(recap))
    assert "🟧 Proprietary · **10** · 91%" in told
    assert "3 stories came in" in told
    assert [chart.filename for chart in guild.fresh(recap).attachments] == ["standings.png"]
    await guild.later(hours=25)
    assert guild.news.last_message.reference.message_id == recap.id
    assert "Closed" in read(guild.fresh(recap))


async def test_it_comes_once_also_after_a_restart(guild: Guild):
    await busy(guild)
    await due_now(guild)

    await guild.restart()
    await guild.later(minutes=30)

    assert len(recaps(guild)) == 1


async def test_a_quiet_week_is_one_line_and_after_two_of_them_the_admins_hear_that_it_paused(guild: Guild):
    ops = guild.guild.create_text_channel("ops")
    told_in(guild, ops)
    await guild.told("feed add", url=FEED)
    await guild.later(minutes=30)

    for _ in range(3):
        await due_now(guild)
    await guild.later()

    lines = [read(recap) for recap in recaps(guild)]
    assert lines == ["🍿 A quiet week: 1 story and 0 votes, which makes no recap."] * 2
    assert [message.content for message in ops.history()] == [
        "I paused the weekly recap: two weeks in a row had fewer than 3 stories or 10 votes. "
        "`/channel recap on: True` lets it go on."
    ]
    assert (await guild.told("channel recap")).startswith("**Weekly recap: off**")


async def test_admins_say_whether_where_and_when_it_comes(guild: Guild):
    talk = guild.guild.create_text_channel("talk")
    await guild.env.settle()

    told = await guild.told("channel recap", channel=talk, at="monday 9:30")

    assert told.startswith("**Weekly recap: on, every Monday at 09:30**")
    assert told.endswith(f"Where: <#{talk.id}>")
    assert "friday 17:00" in await guild.told("channel recap", at="whenever")
    assert "**Manage Server**" in await guild.told("channel recap", by=guild.mod)
    assert (await guild.told("channel recap", on=False)).startswith("**Weekly recap: off**")


async def test_a_channel_in_which_the_bot_may_not_talk_is_refused(guild: Guild):
    talk = guild.guild.create_text_channel("talk")
    await guild.env.settle()
    guild.take_away(talk, "send_messages")
    await guild.env.settle()

    assert "Nothing has changed." in await guild.told("channel recap", channel=talk)


async def test_without_a_text_channel_that_gets_news_the_answer_says_so(guild: Guild):
    assert "There is no channel for it" in await guild.told("channel recap")


async def test_a_moderator_sees_a_recap_alone_and_posts_it_once(guild: Guild):
    await busy(guild)

    shown = await guild.slash("recap", by=guild.mod, days=3)
    assert shown.ephemeral
    assert "The last 3 days" in read(shown.response)
    assert labels(shown.response) == ["Post"]
    before = len(guild.news.history())
    await guild.at_once(*[(guild.mod, buttons(shown.response)[0]["custom_id"])] * 2)
    await guild.later(minutes=10)

    texts = [read(message) for message in guild.news.history()][before:]
    assert len([text for text in texts if "The last 3 days" in text]) == 1
    assert QUESTION not in "".join(texts)


async def test_a_model_phrases_how_it_begins_in_the_preview_and_once_a_week(guild: Guild):
    await busy(guild)
    await guild.with_model("Three stories, ten votes: a calm week.")
    label = "Three stories, ten votes: a calm week.\n-# Phrased by small, a language model"

    shown = await guild.slash("recap", by=guild.mod)
    await due_now(guild)

    assert label in read(shown.response)
    assert label in read(recaps(guild)[-1])


async def test_what_was_posted_stands_in_place_of_the_preview(guild: Guild):
    await busy(guild)
    shown = await guild.slash("recap", by=guild.mod)

    await guild.mod.click(shown.response, label="Post")

    assert read(shown.response) == f"The recap goes to <#{guild.news.id}> now, and comes once."
    assert len(recaps(guild)) == 1


async def test_recap_is_for_moderators_whatever_the_servers_settings_say(guild: Guild):
    guild.allow("recap", guild.bob)

    assert "**Manage Messages**" in await guild.told("recap", by=guild.bob)
    forged = await guild.counterfeit(guild.bob, f"recap-post:7:{guild.news.id}")
    assert "**Manage Messages**" in read(forged.response if forged.response else forged.followups[0])
    assert recaps(guild) == []


async def test_a_forged_or_old_preview_posts_nothing(guild: Guild):
    for custom_id in ("recap-post:7:1", "recap-post:99:1", f"recap-post:7:{'9' * 20}"):
        forged = await guild.counterfeit(guild.mod, custom_id)
        assert "too old to be posted" in read(forged.followups[0])

    assert recaps(guild) == []


async def test_messages_of_members_in_a_storys_thread_are_counted_and_those_of_bots_are_not(guild: Guild):
    card = await busy(guild)
    await guild.bob.click(card, label="Discuss")
    await guild.later()
    (thread,) = guild.news.threads
    for number in range(4):
        await guild.bob.send(thread, f"I say {number}")
        await guild.alice.send(guild.news, "elsewhere")
    await guild.later()

    async with guild.store.read() as connection:
        counted = (await connection.execute(select(tables.chatter.c.thread_id, tables.chatter.c.messages))).all()
    assert [tuple(row) for row in counted] == [(thread.id, 4)]
    shown = await guild.slash("recap", by=guild.mod)
    assert f"**Most discussed**\n[{TEAM_HEADLINE}](" in read(shown.response)
    assert "-# 4 messages" in read(shown.response)


async def asked_about(guild: Guild) -> Any:
    """Have Bob's take asked about in #news; return the message."""
    card = await busy(guild)
    await say(guild, guild.bob, card, "Weights for everybody")
    async with guild.store.begin() as connection:
        take_id = (await connection.execute(select(tables.take.c.id))).scalar_one()
        await guild.store.recaps.add(
            connection,
            guild_id=guild.guild.id,
            channel_id=guild.news.id,
            kind="aged",
            take_id=take_id,
            due_at=utcnow(),
            planned_at=utcnow(),
        )
    await guild.later(minutes=10)
    message = guild.news.last_message
    assert message.content.startswith("**How did it age?**")
    return message


async def test_members_say_how_an_old_take_has_aged(guild: Guild):
    message = await asked_about(guild)
    assert labels(message) == ["Aged well", "Aged badly"]
    crowd = guild.crowd(3)

    told = await crowd[0].click(message, label="Aged well")
    assert told.ephemeral
    assert read(told.response) == "You say that it aged well. Press again to take that back."
    for member in crowd[1:]:
        await member.click(message, label="Aged badly")
    own = await guild.bob.click(message, label="Aged well")
    await guild.later()

    assert "-# Aged well: **1** · badly: **2**" in guild.fresh(message).content
    assert "your own" in read(own.response)


async def test_a_quotation_goes_at_once_when_its_author_switches_that_off(guild: Guild):
    message = await asked_about(guild)
    shown = await guild.slash("privacy", by=guild.bob)

    await guild.bob.click(shown.response, label="Quote my old takes: on")
    await guild.later()

    assert read(shown.response) == ("None of your old takes is quoted any more. If one stands somewhere now, it goes.")
    assert message.id not in [each.id for each in guild.news.history()]
    again = await guild.slash("privacy", by=guild.bob)
    assert "Quote my old takes: off" in labels(again.response)
    await guild.bob.click(again.response, label="Quote my old takes: off")
    shown = await guild.slash("privacy", by=guild.bob)
    assert "Quote my old takes: on" in labels(shown.response)


async def test_a_take_that_moderators_remove_goes_from_the_recap_that_quotes_it_and_the_rest_stays(guild: Guild):
    card = await busy(guild)
    await say(guild, guild.bob, card, "Weights for everybody")
    await due_now(guild)
    (recap,) = recaps(guild)
    async with guild.store.read() as connection:
        take_id = (await connection.execute(select(tables.take.c.id))).scalar_one()

    await guild.newsroom.takes.remove(guild.guild.id, take_id)
    await guild.later()

    told = read(guild.fresh(recap))
    assert "Weights for everybody" not in told
    assert "Where this server stands" in told
    assert [chart.filename for chart in guild.fresh(recap).attachments] == ["standings.png"]


async def test_without_the_right_to_attach_files_the_recap_comes_without_its_chart(guild: Guild):
    await busy(guild)
    guild.take_away(guild.news, "attach_files")
    await guild.env.settle()

    await due_now(guild)

    (recap,) = recaps(guild)
    assert recap.attachments == []
    assert "Where this server stands" in read(recap)


async def test_recap_is_acknowledged_before_anything_slow(guild: Guild, monkeypatch: Any):
    acknowledged = guild.watch(monkeypatch, (RecapMessages, "shown"))

    await guild.slash("recap", by=guild.mod)

    assert acknowledged == [True]
