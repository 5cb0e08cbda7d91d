"""What members are promised of Ask, /ask, Check against the article, and mentions."""

from __future__ import annotations

from typing import Any

import discord
import pytest
from discord.utils import utcnow
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from newsroom.answers.chat import Notice
from newsroom.errors import Failure
from tests.cogs.guild import TEAM_HEADLINE, Guild, labels, read
from tests.desk import FEED, post, posts

SILENT = 1 << 12


async def discussed(guild: Guild) -> tuple[Any, Any]:
    card = await guild.team_card()
    await guild.bob.click(card, label="Discuss")
    await guild.later()
    (thread,) = guild.news.threads
    return card, thread


GOOD = {
    "answered": True,
    "claims": [{"text": "The paper follows next week.", "paragraphs": [1], "quote": "The paper follows next week."}],
}
EVERYBODY = {
    "answered": True,
    "claims": [
        {"text": "@everyone the paper follows next week, see https://evil.example", "paragraphs": [1], "quote": ""}
    ],
}


async def ask(guild: Guild, by: Any, where: Any = None, text: str = "When does the paper follow?") -> str:
    return await guild.told("ask", by=by, where=where, question=text)


async def test_the_button_finds_passages_where_there_is_no_model(guild: Guild):
    _, thread = await discussed(guild)
    (opener,) = thread.history()
    assert labels(opener) == ["Hot take", "Find in article"]

    opened = await guild.bob.click(opener, label="Find in article")
    told = await guild.bob.submit_modal(opened, {"question": "When does the paper follow?"})

    assert told.ephemeral
    assert "> The weights are open. The paper follows next week." in read(told.response)


async def test_the_button_behind_more_asks_a_model_where_there_is_one(guild: Guild):
    card, _ = await discussed(guild)
    model = await guild.with_model(GOOD)

    more = await guild.bob.click(card, label="More")
    opened = await guild.bob.click(more.response, label="Ask")
    told = await guild.bob.submit_modal(opened, {"question": "When does the paper follow?"})

    assert "The paper follows next week. [[1]](https://lab.example/posts/900" in read(told.response)
    assert "By small from" in read(told.response)
    assert len(model.asked) == 1


async def test_a_form_opened_before_a_restart_is_answered_after_it(guild: Guild):
    card, _ = await discussed(guild)
    more = await guild.bob.click(card, label="More")
    opened = await guild.bob.click(more.response, label="Find in article")
    await guild.restart()

    told = await guild.bob.submit_modal(opened, {"question": "When does the paper follow?"})

    assert "The paper follows next week." in read(told.response)


async def test_an_answer_is_shared_in_the_thread_silently_and_once(guild: Guild):
    _, thread = await discussed(guild)
    told = await guild.bob.slash(thread, "ask", question="When does the paper follow?")

    shared = await guild.bob.click(told.response, label="Share in the thread")
    await guild.later()

    assert read(shared.followups[0]) == f"Shared in <#{thread.id}>."
    assert labels(told.response) == []
    answer = thread.history()[-1]
    assert answer.content.endswith(f"-# Shared by <@{guild.bob.id}>")
    sent = guild.requests("POST", f"/channels/{thread.id}/messages")[-1].json
    assert sent["flags"] & SILENT
    assert sent["allowed_mentions"]["parse"] == []


async def test_who_may_not_write_in_threads_shares_no_answer_there(guild: Guild):
    _, thread = await discussed(guild)
    told = await guild.bob.slash(thread, "ask", question="When does the paper follow?")
    guild.take_away(guild.news, "send_messages_in_threads", of=guild.bob)

    await guild.bob.click(told.response, label="Share in the thread")
    await guild.later()

    assert read(told.response) == f"For this you need **Send Messages in Threads** in {guild.news.mention}."
    assert len(thread.history()) == 1


async def test_a_question_in_a_thread_is_about_its_story_and_elsewhere_about_what_fits_best(guild: Guild):
    _, thread = await discussed(guild)

    assert "The paper follows next week." in await ask(guild, guild.bob, thread)
    assert "**Asked:** Are the Mistral weights open?" in await ask(
        guild, guild.bob, text="Are the Mistral weights open?"
    )
    assert await ask(guild, guild.bob, text="Who eats bananas on Mars?") == (
        "I know no story here that this could be about. Pick one with the option `story`."
    )


async def test_a_story_is_picked_from_those_posted_here(guild: Guild):
    await discussed(guild)

    (choice,) = await guild.choices("ask", "mist", by=guild.bob, option="story")
    told = await guild.told("ask", by=guild.bob, question="When does the paper follow?", story=choice["value"])

    assert choice["name"] == TEAM_HEADLINE
    assert "The paper follows next week." in told


@pytest.mark.parametrize("story", ["999999", "#", "#x", "no such thing", "'; DROP TABLE ask; --", "x" * 4000])
async def test_a_story_that_is_not_there_is_answered_with_a_sentence(guild: Guild, story: str):
    await discussed(guild)

    told = await guild.told("ask", by=guild.bob, question="When does the paper follow?", story=story)

    assert told.endswith(("Pick one with the option `story`.", "Pick one from the list."))


async def test_a_members_message_is_checked_against_the_article_of_its_thread(guild: Guild):
    _, thread = await discussed(guild)
    await guild.with_model({"verdict": "supported", "claims": GOOD["claims"]})
    said = await guild.alice.send(thread, "I hear the paper follows next week.")

    told = await guild.bob.context_menu(thread, "Check against the article", said)

    assert told.ephemeral
    assert read(told.response).startswith(
        "**Checked:** I hear the paper follows next week.\n✅ **The article says so.**\n"
    )


async def test_what_is_said_elsewhere_is_not_checked(guild: Guild):
    card, _ = await discussed(guild)

    told = await guild.bob.context_menu(guild.news, "Check against the article", card)

    assert read(told.response) == "I check what is said in a story's thread, and this is none."


async def test_stories_of_channels_that_a_member_cannot_see_stay_untold(guild: Guild):
    secret = guild.guild.create_text_channel("secret")
    guild.web.put(FEED, *posts(1), post(900, title="Zebra lab merges with Quokka lab"))
    await guild.told("feed add", url=FEED, channel=secret)
    await guild.later()
    assert await guild.completions("ask", "zebra", by=guild.bob, option="story") == ["Zebra lab merges with Quokka lab"]
    guild.env.backend.set_overwrite(
        secret.id, Overwrite(guild.guild.id, OverwriteType.ROLE, deny=discord.Permissions(view_channel=True).value)
    )

    assert await guild.completions("ask", "zebra", by=guild.bob, option="story") == []
    assert "I know no story" in await ask(guild, guild.bob, text="Did the Zebra lab merge with Quokka?")
    assert "isn't posted" in await guild.told("ask", by=guild.bob, question="Did they merge?", story="2")


async def test_stories_of_private_threads_stay_untold_to_whom_we_do_not_know_to_be_in_them(guild: Guild):
    channel = guild.env.bot.get_channel(guild.news.id)
    opened = await channel.create_thread(name="Just us", type=discord.ChannelType.private_thread)
    await opened.add_user(discord.Object(guild.alice.id))
    thread = next(each for each in guild.news.threads if each.id == opened.id)
    guild.web.put(FEED, *posts(1), post(900, title="Zebra lab merges with Quokka lab"))
    await guild.told("feed add", url=FEED, channel=thread)
    await guild.later()
    assert "Zebra lab" in thread.history()[-1].content

    assert await guild.completions("ask", "zebra", by=guild.bob, option="story") == []
    assert "I know no story" in await ask(guild, guild.bob, text="Did the Zebra lab merge with Quokka?")


async def test_an_answer_that_discord_would_not_take_is_shown_a_little_later(
    guild: Guild, monkeypatch: pytest.MonkeyPatch
):
    _, thread = await discussed(guild)
    edit = discord.Interaction.edit_original_response

    async def fails(*_: Any, **__: Any) -> None:
        monkeypatch.setattr(discord.Interaction, "edit_original_response", edit)
        raise TimeoutError

    monkeypatch.setattr(discord.Interaction, "edit_original_response", fails)
    asked = await guild.bob.slash(thread, "ask", question="When does the paper follow?")
    assert read(asked.response) == ""

    await guild.later()

    # simcord doesn't take the name of the reply as discord.py's webhooks spell it.
    (shown,) = guild.requests("PATCH", "/messages/%40original")
    assert "The paper follows next week." in shown.json["content"]


# Mentions


async def mention(guild: Guild, by: Any, thread: Any, text: str = "when does the paper follow?") -> list[Any]:
    """Mention the bot in a thread; return the messages that follow."""
    before = len(thread.history())
    await by.send(thread, f"<@{guild.env.bot.user.id}> {text}")
    await guild.later()
    return list(thread.history()[before + 1 :])


async def test_a_mention_in_a_thread_is_answered_there_as_a_reply(guild: Guild):
    _, thread = await discussed(guild)

    (answer,) = await mention(guild, guild.bob, thread)

    assert answer.reference.message_id == thread.history()[-2].id
    assert "The paper follows next week." in answer.content
    assert "Shared by" not in answer.content


async def test_a_mention_elsewhere_or_where_questions_are_off_is_left_alone(guild: Guild):
    _, thread = await discussed(guild)
    other = await guild.thread("Something else")

    assert await mention(guild, guild.bob, other) == []
    await guild.told("channel discussion", ask=False)
    assert await mention(guild, guild.bob, thread) == []


async def test_a_bot_that_mentions_us_is_never_answered(guild: Guild):
    _, thread = await discussed(guild)
    other = guild.guild.add_member(guild.env.create_user("other", bot=True))

    assert await mention(guild, other, thread) == []


async def test_members_who_mention_without_end_are_answered_five_times_in_ten_minutes(guild: Guild):
    _, thread = await discussed(guild)
    before = len(thread.history())
    for _ in range(7):
        await guild.bob.send(thread, f"<@{guild.env.bot.user.id}> when does the paper follow?")
    await guild.later()

    assert len(thread.history()) - before == 7 + 5


async def test_a_mention_that_cannot_be_answered_is_told_why_in_the_thread(guild: Guild):
    _, thread = await discussed(guild)

    (told,) = await mention(guild, guild.bob, thread, "?")

    assert told.content == "Ask a question in a few words."
    assert told.reference.message_id == thread.history()[-2].id


# What admins say of models


async def test_where_admins_want_no_model_the_article_answers_and_no_button_says_otherwise(guild: Guild):
    card, _ = await discussed(guild)
    model = await guild.with_model(GOOD)

    told = await guild.told("channel model", on=False, member_hour=2)
    more = await guild.bob.click(card, label="More")
    opened = await guild.bob.click(more.response, label="Find in article")
    answer = read((await guild.bob.submit_modal(opened, {"question": "When does the paper follow?"})).response)

    assert told.startswith("**Language models in this server: off")
    assert "Set up here: **small**" in told
    assert "A member may ask: **2 questions an hour**, at most 5" in told
    assert "The paper follows next week." in answer
    assert "No language model this time" not in answer
    assert model.asked == []


async def test_admins_are_told_what_they_may_say_of_models(guild: Guild):
    told = await guild.told("channel model", member_hour=6)

    assert told == "Whoever runs this bot allows 1 to 5 questions an hour for a member. Nothing has changed."
    assert "None is set up here" in await guild.told("channel model")
    assert "**Manage Server**" in await guild.told("channel model", by=guild.mod)


# What a model may not do


async def test_a_model_that_pings_everybody_pings_nobody(guild: Guild):
    _, thread = await discussed(guild)
    await guild.with_model(EVERYBODY)

    (answer,) = await mention(guild, guild.bob, thread)

    assert "evil.example" not in answer.content
    assert guild.env.backend.messages[thread.id][answer.id].ping_user_ids in ([], set(), ())
    assert not answer.mention_everyone


async def test_a_model_that_rests_is_told_to_the_admins_once(guild: Guild):
    ops = guild.guild.create_text_channel("ops")
    _, thread = await discussed(guild)
    await guild.told("channel alerts", channel=ops)
    await guild.with_model(GOOD)
    assert guild.chat is not None
    guild.chat._notices.append(Notice("small", Failure.AWAY, utcnow()))

    for _ in range(2):
        await ask(guild, guild.bob, thread)
    await guild.later()

    assert [message.content for message in ops.history()] == [
        "The language model small failed several times in a row, so I leave it alone for five minutes. "
        "Meanwhile the articles themselves answer, and members have a debate's rounds to themselves."
    ]


# Moderators


async def test_a_moderator_removes_an_answer_and_the_admins_read_a_line_without_its_words(guild: Guild):
    ops = guild.guild.create_text_channel("ops")
    _, thread = await discussed(guild)
    await guild.told("channel alerts", channel=ops)
    (answer,) = await mention(guild, guild.bob, thread)

    asked = await guild.mod.context_menu(thread, "Remove take", answer)
    await guild.mod.click(asked.response, label="Remove it")
    await guild.later()

    assert answer.id not in [message.id for message in thread.history()]
    assert [message.content for message in ops.history()] == [f"<@{guild.mod.id}> removed an answer in <#{thread.id}>."]


async def test_where_questions_are_off_no_button_asks(guild: Guild):
    card, _ = await discussed(guild)
    await guild.told("channel discussion", ask=False)

    more = await guild.bob.click(card, label="More")

    assert "Find in article" not in labels(more.response)
    assert await ask(guild, guild.bob, text="Are the Mistral weights open?") == "Questions are off in this channel."
