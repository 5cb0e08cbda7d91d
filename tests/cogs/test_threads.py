"""What members are promised of Discuss and More, and of the threads in which stories are discussed."""

from __future__ import annotations

from typing import Any

import pytest

from cogs.discussions import CANNOT_OPEN, LACKING
from newsroom.desk.outbox import Outbox
from newsroom.discussion.threads import DELETED
from newsroom.errors import StoreError
from newsroom.models import ThreadState
from tests.cogs.guild import TEAM_HEADLINE, Guild, labels, read, told_in
from tests.desk import FEED, post, posts

SILENT = 1 << 12
SLOW = "Discord won't open the thread just now. I try again."
THREADS = "/channels/*/messages/*/threads"
MEMBERS = "/channels/*/thread-members/*"


async def discussed(guild: Guild) -> tuple[Any, Any]:
    """Have Bob click on Discuss under a card; return the card and its thread."""
    card = await guild.team_card()
    await guild.bob.click(card, label="Discuss")
    await guild.later()
    (thread,) = guild.news.threads
    return card, thread


async def test_the_first_click_on_discuss_opens_a_thread_and_adds_who_clicked(guild: Guild):
    card = await guild.team_card()

    told = await guild.bob.click(card, label="Discuss")
    await guild.later()

    (thread,) = guild.news.threads
    assert (thread.id, thread.name) == (card.id, TEAM_HEADLINE)
    assert told.ephemeral
    assert read(told.response) == f"The discussion is in <#{thread.id}>. You're in it, so you hear what follows."
    assert guild.requests("PUT", f"/channels/{thread.id}/thread-members/{guild.bob.id}")


async def test_the_opener_says_what_the_story_says_and_asks_a_question_for_each_side(guild: Guild):
    _, thread = await discussed(guild)

    (opener,) = thread.history()
    summary, basis, for_open, for_proprietary, standing = opener.content.split("\n")
    assert summary.startswith("> The weights are open.")
    assert basis == "-# The story, in its source's own words"
    assert for_open.startswith("🟦 **Team Open Source:** ")
    assert for_proprietary.startswith("🟧 **Team Proprietary:** ")
    assert standing == "-# Where this server stands: 0 members on a side so far, too few to call"
    assert guild.requests("POST", f"/channels/{thread.id}/messages")[-1].json["flags"] & SILENT


async def test_everybody_who_clicks_on_discuss_is_added_to_the_one_thread(guild: Guild):
    card, thread = await discussed(guild)

    await guild.alice.click(card, label="Discuss")
    await guild.later()

    assert len(guild.news.threads) == len(thread.history()) == 1
    assert guild.requests("PUT", f"/channels/{thread.id}/thread-members/{guild.alice.id}")


# Settings


async def test_a_channel_can_have_a_thread_for_each_story(guild: Guild):
    await guild.told("feed add", url=FEED, backfill=0)
    told = await guild.told("channel discussion", threads="always")
    guild.web.put(FEED, *posts(1, 2, 3, 4))
    await guild.later(minutes=30)

    (thread,) = guild.news.threads
    assert "Threads: **for each story**" in told
    assert (thread.name, len(thread.history())) == ("Post 4", 1)


async def test_where_stories_get_no_threads_there_is_no_discuss(guild: Guild):
    card = await guild.team_card()
    assert "Discuss" in labels(card)

    await guild.told("channel discussion", threads="none")
    await guild.later()

    assert "Discuss" not in labels(guild.fresh(card))
    assert "More" in labels(guild.fresh(card))


async def test_only_who_manages_the_server_says_how_stories_are_discussed(guild: Guild):
    await guild.told("feed add", url=FEED)
    guild.allow("channel", guild.mod)
    before = await guild.rows()

    told = await guild.told("channel discussion", threads="always", by=guild.mod)

    assert told == "For this you need the permission **Manage Server**."
    assert await guild.rows() == before


async def test_the_settings_are_told_line_by_line(guild: Guild):
    await guild.told("feed add", url=FEED)

    told = await guild.told("channel discussion", takes=False, anonymous_takes=True)

    assert told.split("\n")[:4] == [
        f"**Discussion in {guild.news.mention}**",
        "Threads: **on the first click on Discuss**",
        "Hot takes: **off**",
        "Anonymous takes: **on**",
    ]


# Forums and threads


async def test_in_a_forum_the_post_is_the_thread(guild: Guild):
    forum = guild.guild.create_forum_channel("stories")
    await guild.told("feed add", url=FEED, channel=forum)
    await guild.later()
    (thread,) = forum.threads
    await guild.bob.send(thread, f"<@{guild.env.bot.user.id}> When does the paper follow?")
    await guild.later()
    answer = thread.history()[-1]
    assert "**Asked:** When does the paper follow?" in answer.content, "it is one before anybody presses Discuss"

    told = await guild.bob.click(thread.history()[0], label="Discuss")
    await guild.later()

    assert read(told.response).startswith(f"The discussion is in <#{thread.id}>.")
    assert len(forum.threads) == 1
    assert "Where this server stands" in thread.history()[-1].content


async def test_a_forums_post_has_the_tags_that_fit_its_story(guild: Guild):
    forum = guild.forum(Rules=False, Internal=True, MISTRAL=False, **{"Open source": False, "lab notes": False})
    ids = {tag["name"]: int(tag["id"]) for tag in forum._channel.available_tags}
    guild.web.put(FEED, *posts(1), post(900, title=TEAM_HEADLINE))
    asked = await guild.slash("feed add", url=FEED, channel=forum)
    await guild.alice.select(asked.response, values=["0"])
    await guild.later()

    (thread,) = forum.threads
    assert thread._channel.applied_tags == [ids[name] for name in ("Rules", "Open source", "lab notes", "MISTRAL")]


async def test_in_a_thread_that_gets_news_there_is_no_other_thread(guild: Guild):
    place = await guild.thread("ai")
    await guild.told("feed add", url=FEED, channel=place)
    await guild.later()
    card = place.history()[-1]

    told = await guild.counterfeit(guild.bob, f"discuss:{guild.newsroom.outbox._marks.mark(1)}")

    assert "Discuss" not in labels(card)
    assert read(told.response) == "This is a thread already: say it right here."


# What can go wrong


async def test_who_clicks_where_a_permission_is_missing_reads_which_and_it_opens_once_it_is_there(guild: Guild):
    card = await guild.team_card()
    guild.env.inject_error("POST", THREADS, status=403, code=50013, message="Missing Permissions")

    told = await guild.bob.click(card, label="Discuss")
    assert (told.ephemeral, read(told.response)) == (True, LACKING)
    assert guild.news.threads == []

    await guild.later()
    await guild.later()
    (thread,) = guild.news.threads
    assert len(thread.history()) == 1


async def test_where_the_bot_may_not_speak_no_thread_opens_and_the_admins_hear_once_what_it_lacks(guild: Guild):
    ops = guild.guild.create_text_channel("ops")
    told_in(guild, ops)
    card = await guild.team_card()
    guild.take_away(guild.news, "send_messages_in_threads")
    await guild.env.settle()

    assert read((await guild.bob.click(card, label="Discuss")).response) == LACKING
    await guild.later(minutes=15)

    (alert,) = ops.history()
    assert alert.embeds[0].description.startswith(
        f"Nothing of mine can be said in the discussions of <#{guild.news.id}>. {CANNOT_OPEN}"
    )
    assert CANNOT_OPEN in await guild.told("feed list")
    assert guild.news.threads == []

    guild.give_back(guild.news)
    await guild.env.settle()
    await guild.alice.click(alert, label="Retry")
    await guild.later(minutes=10)

    (thread,) = guild.news.threads
    assert len(thread.history()) == 1
    assert CANNOT_OPEN not in await guild.told("feed list")


async def test_a_thread_that_somebody_else_has_opened_on_the_card_is_as_good(guild: Guild):
    card = await guild.team_card()
    channel = guild.env.bot.get_channel(guild.news.id)
    await channel.get_partial_message(card.id).create_thread(name="Mine")
    guild.env.inject_error("POST", THREADS, status=400, code=160004, message="A thread has already been created")

    told = await guild.bob.click(card, label="Discuss")
    await guild.later()

    (thread,) = guild.news.threads
    assert read(told.response).startswith(f"The discussion is in <#{thread.id}>.")
    assert (thread.name, len(thread.history())) == ("Mine", 1)


async def test_a_thread_that_is_archived_is_woken_for_who_wants_to_discuss(guild: Guild):
    card, thread = await discussed(guild)
    guild.env.inject_error("PUT", MEMBERS, status=400, code=50083, message="Thread is archived")

    told = await guild.alice.click(card, label="Discuss")

    assert read(told.response).startswith(f"The discussion is in <#{thread.id}>.")
    (woken,) = guild.requests("PATCH", f"/channels/{thread.id}")
    assert woken.json["archived"] is False
    assert len(guild.requests("PUT", f"/channels/{thread.id}/thread-members/{guild.alice.id}")) == 2


async def test_a_thread_that_was_deleted_stays_deleted_and_who_clicks_reads_so(guild: Guild):
    card, thread = await discussed(guild)
    guild.env.backend.delete_channel(thread.id)
    await guild.env.settle()

    for _ in range(2):
        told = await guild.alice.click(card, label="Discuss")
        assert (told.ephemeral, read(told.response)) == (True, DELETED)

    await guild.later()
    assert guild.news.threads == []


async def test_a_card_that_was_deleted_gets_no_thread(guild: Guild):
    card = await guild.team_card()
    guild.env.inject_error("POST", THREADS, status=404, code=10008, message="Unknown Message")

    told = await guild.bob.click(card, label="Discuss")
    await guild.later()

    assert read(told.response) == "That card isn't there any more."
    assert len(guild.requests("POST", "/threads")) == 1


async def test_who_cannot_be_added_is_told_where_the_discussion_is(guild: Guild):
    card = await guild.team_card()
    guild.env.inject_error("PUT", MEMBERS, status=403, code=50001, message="Missing Access")

    told = await guild.bob.click(card, label="Discuss")

    assert read(told.response) == f"The discussion is in <#{card.id}>, but I may not add you to it."


async def test_a_button_of_a_card_that_is_forgotten_says_so(guild: Guild):
    card = await guild.team_card()
    await guild.told("feed remove", feed="Lab Notes")
    async with guild.store.begin() as connection:
        await guild.store.deliveries.regroup(connection, 1, None)

    told = await guild.bob.click(card, label="Discuss")

    assert (told.ephemeral, read(told.response)) == (True, "I no longer know that story.")


# A server full of threads


async def test_where_a_server_is_nearly_full_the_oldest_quiet_thread_of_ours_makes_room(
    guild: Guild, monkeypatch: pytest.MonkeyPatch
):
    _, quiet = await discussed(guild)
    await guild.look_every(hours=1)
    guild.web.put(FEED, *posts(1, 901, 902))
    await guild.thread("somebody else's, older than all of ours")
    await guild.later(hours=2)
    second, third = guild.news.history()[-2:]
    await guild.bob.click(second, label="Discuss")
    await guild.later(hours=25)
    talked_in = next(thread for thread in guild.news.threads if thread.id == second.id)
    await guild.alice.send(talked_in, "Still here.")
    monkeypatch.setattr("cogs.discussions.CROWDED", 3)

    await guild.bob.click(third, label="Discuss")

    archived = [request.path for request in guild.requests("PATCH", "/channels/") if "archived" in request.json]
    assert [path.split("/")[-1] for path in archived] == [str(quiet.id)]
    assert any(thread.id == third.id for thread in guild.news.threads)


async def test_a_full_server_is_told_as_such_and_the_thread_opens_once_there_is_room(guild: Guild):
    card = await guild.team_card()
    guild.env.inject_error("POST", THREADS, status=400, code=160006, message="Maximum number of active threads")

    told = await guild.bob.click(card, label="Discuss")
    assert read(told.response) == SLOW

    await guild.later()
    await guild.later()
    assert [thread.id for thread in guild.news.threads] == [card.id]


# More


BEHIND_MORE = {
    "Also covered by": "No other source that is posted here has told this story yet.",
    "Why this side?": "**Why this side?** I take this to be about open source",
    "What do the teams mean?": "**What do the teams mean?**",
}


@pytest.mark.parametrize("restarted", [False, True])
async def test_more_shows_its_clicker_alone_where_the_story_is_from_and_what_to_do_with_it(
    guild: Guild, restarted: bool
):
    card = await guild.team_card()
    if restarted:
        await guild.restart()

    more = await guild.bob.click(card, label="More")

    assert more.ephemeral
    assert "From **Lab Notes**" in read(more.response)
    assert labels(more.response) == ["Hot take", "Find in article", *BEHIND_MORE]
    for label, text in BEHIND_MORE.items():
        told = await guild.bob.click(more.response, label=label)
        assert told.ephemeral and read(told.response).startswith(text), label


async def test_where_takes_are_off_more_offers_none(guild: Guild):
    card = await guild.team_card()
    await guild.told("channel discussion", takes=False)

    assert labels((await guild.bob.click(card, label="More")).response) == ["Find in article", *BEHIND_MORE]


@pytest.mark.parametrize("template", ["more", "discuss", "also", "why-side", "hot"])
async def test_a_made_up_button_is_answered_in_a_sentence(guild: Guild, template: str):
    await guild.team_card()
    before = await guild.rows()

    told = await guild.counterfeit(guild.bob, f"{template}:1.000000000000000000000000")

    assert told.ephemeral and read(told.response)
    assert await guild.rows() == before


@pytest.mark.parametrize("label", ["More", "Also covered by", "Why this side?"])
@pytest.mark.parametrize("error", [StoreError("The database is busy."), ZeroDivisionError()])
async def test_nobody_is_left_waiting_whatever_goes_wrong(
    guild: Guild, monkeypatch: pytest.MonkeyPatch, label: str, error: Exception
):
    card = await guild.team_card()
    shown = card if label == "More" else (await guild.bob.click(card, label="More")).response

    async def fail(*_: object) -> None:
        raise error

    for name in ("origin", "also"):
        monkeypatch.setattr(Outbox, name, fail)
    told = await guild.bob.click(shown, label=label)

    assert told.ephemeral
    expected = str(error) if isinstance(error, StoreError) else "That went wrong, and it is our mistake"
    assert read(told.response).startswith(expected)


async def test_a_thread_whose_words_are_all_said_is_open_in_our_books(guild: Guild):
    card, _ = await discussed(guild)
    async with guild.store.read() as connection:
        kept = await guild.store.threads.of_card(connection, 1)

    assert kept is not None
    assert (kept.thread_id, kept.state, kept.channel_id) == (card.id, ThreadState.OPEN, guild.news.id)
