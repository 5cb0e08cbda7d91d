"""What moderators are promised of /poll, as they meet it in Discord."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import discord
import pytest
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType
from sqlalchemy import select

from newsroom.models import Side
from newsroom.store import tables
from tests.cogs.guild import TEAM_HEADLINE, Guild, buttons, labels, member, options, read
from tests.desk import FEED, post, posts

MIDNIGHT = 1767225600  # when every test begins: 2026-01-01 00:00 UTC
HOUR = 3600
PRIVATE = "-# 🔒 Private: nobody in this server sees your vote"
PUBLIC = "-# 👁 Public: everybody can see who voted what"

# Each command as it can be used once Tabs or spaces? was asked, and a repeat was added.
USES: dict[str, dict[str, Any]] = {
    "poll start": {"question": "Cake?"},
    "poll list": {},
    "poll close": {"poll": "Tabs or spaces?"},
    "poll reopen": {"poll": "Tabs or spaces?"},
    "poll edit": {"poll": "Tabs or spaces?"},
    "poll export": {"poll": "Tabs or spaces?"},
    "poll settings": {},
    "poll repeat add": {"every": "daily", "at": "18:00"},
    "poll repeat list": {},
    "poll repeat pause": {"repeat": "1"},
    "poll repeat remove": {"repeat": "1"},
}


async def polls(guild: Guild) -> list[Any]:
    async with guild.store.read() as connection:
        return list(await connection.execute(select(tables.poll).order_by(tables.poll.c.id)))


async def choices(guild: Guild) -> list[tuple[str, Side | None]]:
    async with guild.store.read() as connection:
        rows = await connection.execute(select(tables.poll_choice.c.label, tables.poll_choice.c.side))
        return [(row.label, row.side) for row in rows]


def form(custom_id: str, values: dict[str, str]) -> dict[str, Any]:
    """A filled form as Discord sends it, whoever opened it."""
    fields = [
        {"type": 18, "id": number, "component": {"type": 4, "id": 100 + number, "custom_id": name, "value": value}}
        for number, (name, value) in enumerate(values.items(), 1)
    ]
    return {"custom_id": custom_id, "components": fields}


# Who may use it


@pytest.mark.parametrize("command", USES)
async def test_who_may_not_manage_messages_is_told_so_even_where_a_server_shows_the_command(guild: Guild, command: str):
    await guild.ask()
    await guild.told("poll repeat add", by=guild.mod, every="daily", at="18:00")
    guild.allow("poll", guild.bob)
    before = await guild.rows()

    needs = "Manage Server" if command == "poll settings" else "Manage Messages"
    told = await guild.told(command, by=guild.bob, **USES[command])

    # The group asks for its own permission first.
    assert told in (
        f"For this you need the permission **{needs}**.",
        "For this you need the permission **Manage Messages**.",
    )
    assert await guild.rows() == before


async def test_who_may_not_use_it_is_offered_nothing(guild: Guild):
    await guild.team_card()
    await guild.ask()
    await guild.told("poll repeat add", by=guild.mod, every="daily", at="18:00")
    guild.allow("poll", guild.bob)

    for command, option in (("poll close", "poll"), ("poll export", "poll"), ("poll start", "story")):
        assert await guild.completions(command, option=option, by=guild.mod) != []
        assert await guild.completions(command, option=option, by=guild.bob) == []
    assert await guild.completions("poll repeat pause", option="repeat", by=guild.bob) == []


async def test_the_settings_take_manage_server_and_a_moderator_is_told_so(guild: Guild):
    before = await guild.rows()

    for changes in ({}, {"per_day": 3}):
        told = await guild.told("poll settings", by=guild.mod, **changes)
        assert told == "For this you need the permission **Manage Server**."
    assert await guild.rows() == before


async def test_a_form_filled_by_somebody_who_may_not_is_refused(guild: Guild):
    await guild.ask()
    before = await guild.rows()

    for data in (
        form("poll-form", {"question": "Cake?"}),
        form(f"poll-edit:{guild.newsroom.polls.mark(1)}", {"question": "Cake?", "choices": "a|b"}),
    ):
        told = await guild.forged(guild.bob, discord.InteractionType.modal_submit, data)
        assert told.ephemeral
        assert read(told.response) == "For this you need the permission **Manage Messages**."
    assert await guild.rows() == before


async def test_any_moderator_may_close_what_another_started(guild: Guild):
    await guild.ask(by=guild.mod)

    assert "is closed" in await guild.told("poll close", by=guild.alice, poll="Tabs or spaces?")


@pytest.mark.parametrize("command", [command for command in USES if command != "poll edit"])
async def test_a_command_is_acknowledged_before_anything_slow(
    guild: Guild, command: str, monkeypatch: pytest.MonkeyPatch
):
    await guild.ask()
    await guild.told("poll repeat add", by=guild.mod, every="daily", at="18:00")
    if command == "poll reopen":
        await guild.told("poll close", by=guild.mod, poll="Tabs or spaces?")
    acknowledged = guild.watch(monkeypatch, (guild.store, "begin"), (guild.store, "read"))
    await guild.told(command, **USES[command])

    assert acknowledged
    assert all(acknowledged)


# /poll start


async def test_a_question_alone_asks_it_of_the_teams_privately_for_a_day_in_this_channel(guild: Guild):
    told = await guild.told("poll start", by=guild.mod, question="Which will matter in ten years?")

    asked = guild.news.last_message
    assert told == (
        f"[Your poll](https://discord.com/channels/{guild.guild.id}/{guild.news.id}/{asked.id}) "
        f"stands in {guild.news.mention}."
    )
    assert asked.content == "**Which will matter in ten years?**"
    assert asked.embeds[0].description == f"0 votes in\n{PRIVATE} · closes <t:{MIDNIGHT + 24 * HOUR}:R>"
    assert labels(asked) == ["Open source", "Proprietary", "It depends"]
    (poll,) = await polls(guild)
    assert (poll.kind, poll.style, poll.results, poll.max_choices) == ("custom", "buttons", "live", 1)
    assert (poll.visibility, poll.automatic, poll.opened_by) == ("anonymous", False, guild.mod.id)


async def test_without_a_question_it_is_the_team_question(guild: Guild):
    asked = await guild.ask(duration="2h")

    assert asked.content == "**Team Open Source or Team Proprietary?**"
    assert [(button["label"], button.get("emoji", {}).get("name")) for button in buttons(asked)] == [
        ("Open source", "🟦"),
        ("Proprietary", "🟧"),
        ("It depends", None),
    ]
    assert {button["style"] for button in buttons(asked)} == {discord.ButtonStyle.secondary.value}


async def test_without_options_a_form_asks(guild: Guild):
    opened = await guild.slash("poll start", by=guild.mod)

    assert opened.modal["title"] == "Start a poll"
    fields = [part["label"] for part in opened.modal["components"]]
    assert fields == ["Question", "Choices", "How long", "Votes are", "The result is shown"]


async def test_what_the_form_was_filled_with_is_asked(guild: Guild):
    opened = await guild.slash("poll start", by=guild.mod)

    answered = await guild.mod.submit_modal(
        opened,
        {"question": "Cake?", "choices": "Yes | No", "duration": "2h", "visibility": "public", "results": "after_vote"},
    )

    assert answered.ephemeral
    assert read(answered.response).endswith(f" stands in {guild.news.mention}.")
    asked = guild.news.last_message
    assert asked.content == "**Cake?**"
    assert labels(asked) == ["Yes", "No", "Who voted"]
    assert asked.embeds[0].description == (
        f"0 votes in\n-# The result is shown once you have voted.\n{PUBLIC} · closes <t:{MIDNIGHT + 2 * HOUR}:R>"
    )


async def test_a_form_left_empty_asks_for_the_teams(guild: Guild):
    opened = await guild.slash("poll start", by=guild.mod)

    await guild.mod.submit_modal(opened, {})

    assert guild.news.last_message.content == "**Team Open Source or Team Proprietary?**"
    assert (await polls(guild))[0].visibility == "anonymous"


async def test_a_form_opened_before_a_restart_can_be_sent_after_it(guild: Guild):
    opened = await guild.slash("poll start", by=guild.mod)
    await guild.restart()

    answered = await guild.mod.submit_modal(opened, {"question": "Still there?"})

    assert answered.ephemeral
    assert guild.news.last_message.content == "**Still there?**"


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("2h", 2 * HOUR),
        ("1d 2h", 26 * HOUR),
        ("3 days", 72 * HOUR),
        ("5m", 300),
        # The test begins on a Thursday, at nine in the morning in Tokyo.
        ("until friday 18:00", 33 * HOUR),
        ("until 18:00", 9 * HOUR),
    ],
)
async def test_a_poll_stays_open_as_long_as_asked_by_the_servers_own_clock(guild: Guild, duration: str, seconds: int):
    await guild.told("poll settings", timezone="asia/tokyo")

    asked = await guild.ask(question="Cake?", duration=duration)

    assert asked.embeds[0].description.endswith(f"closes <t:{MIDNIGHT + seconds}:R>")


async def test_a_poll_without_a_deadline_stays_open(guild: Guild):
    asked = await guild.ask(question="Cake?", duration="none")
    await guild.look_every(hours=24)
    await guild.later(days=30)

    assert asked.embeds[0].description == f"0 votes in\n{PRIVATE}"
    assert await guild.vote(guild.bob, asked, "It depends") != ""


async def test_choices_may_stand_for_sides_and_a_vote_for_one_joins_its_team(guild: Guild):
    asked = await guild.ask(
        question="What runs here?", choices="vLLM=open | An API = proprietary | Both=DEPENDS | Nothing"
    )

    assert await choices(guild) == [
        ("vLLM", Side.OPEN),
        ("An API", Side.PROPRIETARY),
        ("Both", Side.DEPENDS),
        ("Nothing", None),
    ]
    assert labels(asked) == ["vLLM", "An API", "Both", "Nothing"]
    assert await guild.vote(guild.bob, asked, "vLLM") == (
        "You're on Team Open Source. Nobody in this server sees your vote."
    )
    assert await guild.vote(guild.alice, asked, "Nothing") == (
        "You voted “Nothing”. Nobody in this server sees your vote."
    )


async def test_choices_for_both_teams_need_no_question_of_their_own(guild: Guild):
    asked = await guild.ask(choices="Free=open | Sold=proprietary | Neither")

    assert asked.content == "**Team Open Source or Team Proprietary?**"
    assert labels(asked) == ["Free", "Sold", "Neither"]


async def test_ten_choices_are_two_rows_of_buttons_in_their_order(guild: Guild):
    names = [f"Choice {number}" for number in range(10)]

    asked = await guild.ask(question="Which?", choices=" | ".join(names))

    assert labels(asked) == names
    assert [len(row.children) for row in asked.components] == [5, 5]


async def test_several_choices_are_taken_from_a_menu(guild: Guild):
    asked = await guild.ask(question="Which do you use?", choices="Llama | Qwen | Claude", max_choices=2)
    assert [option["label"] for option in options(asked)] == ["Llama", "Qwen", "Claude"]

    (answer,) = (await guild.bob.select(asked, ["0", "2"])).followups
    await guild.later()

    assert read(answer) == "You voted “Llama” and “Claude”. Nobody in this server sees your vote."
    assert guild.tally(asked).startswith("1 vote in\n")


async def test_a_poll_for_a_role_lets_nobody_else_vote_and_names_it_before_the_click(guild: Guild):
    painters = guild.guild.create_role("painters")
    painter = guild.guild.add_member(guild.env.create_user("painter"), roles=[painters])
    asked = await guild.ask(question="Which blue?", choices="Navy | Sky", role=painters)
    before = await guild.rows()

    refused = await guild.vote(guild.bob, asked, "Navy")

    assert f"for {painters.mention}" in asked.embeds[0].description
    assert refused == f"Only members with the role {painters.mention} can vote here."
    assert await guild.rows() == before
    assert await guild.vote(painter, asked, "Navy") == "You voted “Navy”. Nobody in this server sees your vote."


async def test_everyone_is_no_role_to_restrict_a_poll_to(guild: Guild):
    asked = await guild.ask(question="Cake?", role=guild.guild.default_role)

    assert await guild.vote(guild.bob, asked, "It depends") != ""
    assert (await polls(guild))[0].role_id is None


async def test_a_poll_may_go_to_another_channel_an_announcement_channel_or_a_thread(guild: Guild):
    thread = await guild.thread("talk")
    for place in (
        guild.guild.create_text_channel("other"),
        guild.guild.create_news_channel("announcements"),
        thread,
    ):
        told = await guild.told("poll start", by=guild.mod, question="Cake?", channel=place)
        assert told.startswith(f"[Your poll](https://discord.com/channels/{guild.guild.id}/{place.id}/")
        assert told.endswith(f") stands in {place.mention}.")
        assert place.last_message.content == "**Cake?**"


async def test_a_poll_on_a_story_is_that_storys_team_poll_and_answers_its_card(guild: Guild):
    guild.web.put(FEED, post(1, title="Qwen is out"), post(2, title="GPT is out"))
    await guild.told("feed add", url=FEED, backfill=2)
    await guild.later()
    card = guild.news.history()[0]
    (story,) = await guild.choices("poll start", "qwen", by=guild.mod, option="story")
    assert story["name"] == "Qwen is out"

    asked = await guild.ask(story=story["value"])

    assert asked.content == "**Team Open Source or Team Proprietary?**\nQwen is out"
    assert asked.reference.message_id == card.id
    (poll,) = await polls(guild)
    assert (poll.kind, poll.question, poll.automatic) == ("team", "Qwen is out", False)
    told = await guild.told("poll start", by=guild.mod, story=story["value"])
    assert told == "That story has its team poll already. `/poll list` shows it."


async def test_another_question_on_a_story_leaves_its_team_poll_alone(guild: Guild):
    card = await guild.team_card()
    (story,) = await guild.choices("poll start", "mistral", by=guild.mod, option="story")

    asked = await guild.ask(story=story["value"], question="Will you try it?", choices="Yes | No")

    assert asked.content == f"**Will you try it?**\n{TEAM_HEADLINE}"
    assert asked.reference.message_id == card.id
    assert [poll.kind for poll in await polls(guild)] == ["team", "custom"]


async def test_a_poll_that_a_moderator_starts_pings_nobody_whatever_it_says(guild: Guild):
    asked = await guild.ask(question="@everyone <@1> [x](https://evil.example)", choices="@here | <@&1>")

    assert not asked.mention_everyone
    assert not (asked.mentions or asked.role_mentions)
    assert asked.content == "**\\@everyone \\<\\@1> [x]\\(https\\://evil.example)**"
    (sent,) = guild.requests("POST", f"/channels/{guild.news.id}/messages")
    assert sent.json["allowed_mentions"] == {"parse": []}


# What is seen of the result


async def test_who_voted_tells_the_voters_of_a_public_poll_to_whoever_asks(guild: Guild):
    asked = await guild.ask(question="Cake?", choices="Yes | No", visibility="public")

    assert await guild.vote(guild.bob, asked, "Yes") == "You voted “Yes”. Everybody in this server can see your vote."
    shown = await guild.mod.click(asked, label="Who voted")

    assert shown.ephemeral
    assert read(shown.response) == f"**Cake?**\nYes · **1**\n{guild.bob.mention}\nNo · **0**\nnobody yet"
    assert not shown.response.message.mentions or shown.response.ephemeral


async def test_results_kept_until_one_has_voted_are_told_to_voters_alone(guild: Guild):
    asked = await guild.ask(
        question="Cake?", choices="Yes | No", visibility="public", results="after_vote", duration="none"
    )
    await guild.votes(asked, Yes=11)
    await guild.later()

    assert guild.tally(asked) == f"11 votes in\n-# The result is shown once you have voted.\n{PUBLIC}"
    refused = await guild.mod.click(asked, label="Who voted")
    assert read(refused.response) == "This poll shows its votes to those who have voted."
    assert await guild.vote(guild.bob, asked, "No") == (
        "You voted “No”. Everybody in this server can see your vote.\n"
        "Yes · **11** · 92%\n█████████░\nNo · **1** · 8%\n█░░░░░░░░░\n12 votes"
    )
    assert "Yes · **11**" in read((await guild.bob.click(asked, label="Who voted")).response)


async def test_results_kept_until_one_has_voted_are_shown_from_ten_votes_on(guild: Guild):
    asked = await guild.ask(question="Cake?", choices="Yes | No", results="after_vote", duration="none")
    await guild.votes(asked, Yes=8)

    assert await guild.vote(guild.bob, asked, "No") == (
        "You voted “No”. Nobody in this server sees your vote.\n-# From 10 votes on you see the result here."
    )
    assert (await guild.vote(guild.alice, asked, "No")).endswith(
        "\nYes · **8** · 80%\n████████░░\nNo · **2** · 20%\n██░░░░░░░░\n10 votes"
    )


async def test_results_kept_until_the_end_are_told_to_nobody_before_and_to_everybody_then(guild: Guild):
    asked = await guild.ask(
        question="Cake?", choices="Yes | No", visibility="public", results="after_close", duration="none"
    )
    await guild.votes(asked, Yes=12)
    await guild.later()

    assert guild.tally(asked) == f"12 votes in\n-# The result is shown when the poll closes.\n{PUBLIC}"
    assert await guild.vote(guild.bob, asked, "Yes") == "You voted “Yes”. Everybody in this server can see your vote."
    refused = await guild.bob.click(asked, label="Who voted")
    assert read(refused.response) == "This poll keeps its votes to itself until it is closed."
    files = await exported(guild, "Cake?")
    assert json.loads(files["json"])["choices"] == [
        {"label": "Yes", "side": None, "votes": None},
        {"label": "No", "side": None, "votes": None},
    ]
    assert len(list(csv.reader(io.StringIO(files["csv"])))) == 1

    await guild.told("poll close", by=guild.mod, poll="Cake?")
    await guild.later()

    assert guild.tally(asked).startswith("Yes · **13** · 100%\n")


# /poll list, close, reopen


async def test_without_polls_the_list_says_how_to_ask_the_first(guild: Guild):
    assert (
        await guild.told("poll list", by=guild.mod) == "There are no polls here yet. `/poll start` asks the first one."
    )


async def test_the_list_has_the_open_polls_first_and_leads_to_each(guild: Guild):
    cake = await guild.ask(question="Cake?", visibility="public", duration="none")
    tabs = await guild.ask(question="Tabs?")
    await guild.vote(guild.bob, cake, "It depends")
    await guild.told("poll close", by=guild.mod, poll="Tabs?")

    told = await guild.told("poll list", by=guild.mod)

    assert told == (
        "### 2 polls, 1 open\n"
        f"[**Cake?**](https://discord.com/channels/{guild.guild.id}/{guild.news.id}/{cake.id})\n"
        f"-# 1 vote · open until closed by hand · public · {guild.news.mention}\n"
        f"[**Tabs?**](https://discord.com/channels/{guild.guild.id}/{guild.news.id}/{tabs.id})\n"
        f"-# 0 votes · closed <t:{MIDNIGHT}:R> · private · {guild.news.mention}"
    )


async def test_a_list_of_many_polls_has_pages(guild: Guild):
    for number in range(7):
        await guild.ask(question=f"Question {number}?")

    listed = await guild.slash("poll list", by=guild.mod)
    first = read(listed.response)
    (button,) = [label for label in labels(listed.response) if "ext" in label]
    await guild.mod.click(listed.response, label=button)

    assert "**Question 6?**" in first
    assert "**Question 0?**" in read(listed.response)


async def test_polls_are_picked_by_words_of_their_question_and_only_where_they_fit(guild: Guild):
    await guild.ask(question="Tabs or spaces?")
    await guild.ask(question="Cake?")
    await guild.told("poll close", by=guild.mod, poll="cake")

    assert await guild.completions("poll close", option="poll") == ["Tabs or spaces?"]
    assert await guild.completions("poll reopen", option="poll") == ["Cake?"]
    assert await guild.completions("poll export", "SPACES", option="poll") == ["Tabs or spaces?"]
    assert await guild.completions("poll edit", "", option="poll") == ["Cake?", "Tabs or spaces?"]
    (offered,) = await guild.choices("poll close", option="poll")
    assert "is closed" in await guild.told("poll close", by=guild.mod, poll=offered["value"])


async def test_a_name_that_fits_several_polls_or_none_changes_nothing(guild: Guild):
    await guild.ask(question="Cake on Monday?")
    await guild.ask(question="Cake on Friday?")
    before = await guild.rows()

    assert await guild.told("poll close", by=guild.mod, poll="cake") == (
        "Several polls fit that. Pick one from the list."
    )
    assert await guild.told("poll close", by=guild.mod, poll="pie") == "There is no such poll. Pick one from the list."
    assert await guild.told("poll reopen", by=guild.mod, poll="Cake on Monday?") == (
        "There is no such poll. Pick one from the list."
    )
    assert await guild.rows() == before


async def test_another_servers_polls_are_neither_offered_nor_found(guild: Guild):
    foreign = await foreign_moderator(guild)
    await guild.ask(question="Cake?")
    before = await guild.rows()

    there = foreign.guild.channels["talk"]
    assert await foreign.autocomplete(there, "poll close", "poll", "") == []
    for command in ("close", "reopen", "edit", "export"):
        told = await foreign.slash(there, f"poll {command}", poll="1")
        assert read(told.response) == "There is no such poll. Pick one from the list."
    assert "no polls here yet" in read((await foreign.slash(there, "poll list")).response)
    assert await guild.rows() == before


async def foreign_moderator(guild: Guild) -> Any:
    """A moderator of another server in which the bot is too, with a channel called talk."""
    elsewhere = guild.env.create_guild("Elsewhere")
    elsewhere.create_text_channel("talk")
    await guild.env.settle()
    return member(guild.env, elsewhere, "stranger", manage_messages=True, manage_guild=True)


async def test_a_poll_closed_by_hand_says_when_and_takes_no_more_clicks(guild: Guild):
    asked = await guild.ask()
    await guild.votes(asked, Open_source=2, Proprietary=1)
    told = await guild.told("poll close", by=guild.mod, poll="Tabs or spaces?")
    await guild.later()

    assert told == "**Tabs or spaces?** is closed. `/poll reopen` lets votes in again."
    closed = guild.fresh(asked)
    assert all(button["disabled"] for button in buttons(closed))
    assert guild.tally(asked) == f"3 votes · too few to call\n-# Closed <t:{MIDNIGHT}:f>"


async def test_a_reopened_poll_takes_votes_for_another_day(guild: Guild):
    asked = await guild.ask()
    await guild.vote(guild.bob, asked, "Proprietary")
    await guild.told("poll close", by=guild.mod, poll="Tabs or spaces?")
    await guild.later()

    told = await guild.told("poll reopen", by=guild.mod, poll="Tabs or spaces?")
    await guild.later()

    assert told == f"**Tabs or spaces?** is open again, until <t:{MIDNIGHT + 300 + 24 * HOUR}:f>."
    assert await guild.vote(guild.alice, asked, "Open source") != ""
    await guild.later()
    assert guild.tally(asked).startswith("2 votes in\n")


async def test_reopening_takes_the_result_away_and_the_next_close_tells_another(guild: Guild):
    asked = await guild.ask(question="Cake?", choices="Yes | No", duration="none")
    await guild.votes(asked, Yes=10)
    await guild.told("poll close", by=guild.mod, poll="Cake?")
    await guild.later()
    assert len(guild.news.history()) == 2

    assert "is open again" in await guild.told("poll reopen", by=guild.mod, poll="Cake?")
    assert [message.id for message in guild.news.history()] == [asked.id]
    await guild.later()
    await guild.votes(asked, No=1)
    await guild.told("poll close", by=guild.mod, poll="Cake?")
    await guild.later()

    _, result = guild.news.history()
    assert "Yes · **10** · 91%" in result.content
    assert "-# 11 votes" in result.content


async def test_a_poll_is_reopened_also_where_its_result_cannot_be_taken_away(guild: Guild):
    asked = await guild.ask(question="Cake?", choices="Yes | No", duration="none")
    await guild.votes(asked, Yes=10)
    await guild.told("poll close", by=guild.mod, poll="Cake?")
    await guild.later()
    guild.env.inject_error("DELETE", "/channels/*/messages/*", status=403, code=50013, message="Missing Permissions")

    assert "is open again" in await guild.told("poll reopen", by=guild.mod, poll="Cake?")
    await guild.later()
    assert "“Yes”" in await guild.vote(guild.bob, asked, "Yes")


async def test_a_poll_that_no_message_shows_any_more_stays_closed(guild: Guild):
    asked = await guild.ask(question="Cake?", choices="Yes | No")
    await guild.alice.delete(asked)
    await guild.told("poll close", by=guild.mod, poll="Cake?")
    await guild.later(minutes=10)
    before = await guild.rows()

    told = await guild.told("poll reopen", by=guild.mod, poll="Cake?")

    assert told == "No message shows that poll any more. Start another one."
    assert await guild.rows() == before


# Moderators of one channel


async def keeper_of_news(guild: Guild, **elsewhere: bool) -> tuple[Any, Any]:
    """Somebody who moderates #news alone, and another channel, in which they have or lack these permissions."""
    keeper = guild.guild.add_member(guild.env.create_user("keeper"))
    other = guild.guild.create_text_channel("other")
    overrule(guild, guild.news, keeper, manage_messages=True)
    overrule(guild, other, keeper, **elsewhere)
    await guild.env.settle()
    return keeper, other


def overrule(guild: Guild, channel: Any, who: Any, **permissions: bool) -> None:
    """Allow or deny somebody these permissions in one channel."""
    allow, deny = (
        discord.Permissions(**{name: True for name, value in permissions.items() if value is wanted}).value
        for wanted in (True, False)
    )
    guild.env.backend.set_overwrite(channel.id, Overwrite(who.id, OverwriteType.MEMBER, allow=allow, deny=deny))


async def test_a_moderator_of_one_channel_moderates_the_polls_there(guild: Guild):
    keeper, _ = await keeper_of_news(guild)
    await guild.ask(by=keeper)

    assert "**Tabs or spaces?**" in await guild.told("poll list", by=keeper)
    assert await guild.completions("poll close", option="poll", by=keeper) == ["Tabs or spaces?"]
    assert (await guild.slash("poll edit", by=keeper, poll="1")).modal is not None
    assert "is closed" in await guild.told("poll close", by=keeper, poll="1")
    assert "is open again" in await guild.told("poll reopen", by=keeper, poll="1")
    assert (await exported(guild, "1")) != {}


@pytest.mark.parametrize("command", ["close", "reopen", "edit", "export"])
@pytest.mark.parametrize(
    ("elsewhere", "needed"),
    [
        ({}, "**Manage Messages**"),
        ({"view_channel": False, "manage_messages": True}, "**View Channel**"),
    ],
)
async def test_polls_of_a_channel_that_one_does_not_moderate_are_left_alone(
    guild: Guild, command: str, elsewhere: dict[str, bool], needed: str
):
    keeper, other = await keeper_of_news(guild, **elsewhere)
    await guild.told("poll start", by=guild.mod, where=other, question="Cake?")
    if command == "reopen":
        await guild.told("poll close", by=guild.mod, poll="Cake?")
    before = await guild.rows()

    told = await guild.told(f"poll {command}", by=keeper, poll="Cake?")

    assert told.startswith("For this you need ") and needed in told
    assert told.endswith(f" in {other.mention}.")
    assert await guild.rows() == before


async def test_a_moderator_of_one_channel_has_no_say_in_one_that_is_gone(guild: Guild):
    keeper, other = await keeper_of_news(guild, manage_messages=True)
    await guild.told("poll start", by=guild.mod, where=other, question="Cake?")
    guild.env.backend.delete_channel(other.id)
    await guild.env.settle()

    needed = f"For this you need **Manage Messages** and **Manage Server** in {other.mention}."
    assert await guild.told("poll close", by=keeper, poll="1") == needed
    assert "**Manage Server**" in await guild.told("poll close", by=guild.mod, poll="1")
    assert "is closed" in await guild.told("poll close", poll="1")


async def test_polls_of_a_channel_that_one_cannot_see_are_neither_listed_nor_offered(guild: Guild):
    keeper, other = await keeper_of_news(guild, view_channel=False)
    await guild.told("poll start", by=guild.mod, where=other, question="A secret?")
    await guild.ask(question="Cake?")

    told = await guild.told("poll list", by=keeper)

    assert "**Cake?**" in told and "secret" not in told and other.mention not in told
    for command in ("close", "edit", "export"):
        assert await guild.completions(f"poll {command}", option="poll", by=keeper) == ["Cake?"]


async def test_stories_of_a_channel_that_one_cannot_see_are_not_offered(guild: Guild):
    keeper, other = await keeper_of_news(guild, view_channel=False)
    guild.web.put(FEED, post(1, title="Qwen is out"))
    await guild.told("feed add", url=FEED, channel=other)
    await guild.later()

    assert await guild.completions("poll start", "qwen", option="story", by=guild.mod) == ["Qwen is out"]
    assert await guild.completions("poll start", "qwen", option="story", by=keeper) == []


@pytest.mark.parametrize("command", ["poll start", "poll repeat add"])
async def test_through_the_bot_nobody_asks_where_they_may_not_write(guild: Guild, command: str):
    keeper, other = await keeper_of_news(guild, send_messages=False)
    given = {"every": "daily", "at": "18:00"} if command == "poll repeat add" else {"question": "Cake?"}
    before = await guild.rows()

    told = await guild.told(command, by=keeper, channel=other, **given)

    assert told == f"For this you need **Send Messages** in {other.mention}."
    assert await guild.rows() == before
    assert other.history() == []


@pytest.mark.parametrize("command", ["pause", "remove"])
@pytest.mark.parametrize("elsewhere", [{}, {"view_channel": False, "manage_messages": True}])
async def test_repeats_of_a_channel_that_one_does_not_moderate_are_left_alone(
    guild: Guild, command: str, elsewhere: dict[str, bool]
):
    keeper, other = await keeper_of_news(guild, **elsewhere)
    await guild.told("poll repeat add", by=guild.mod, every="daily", at="18:00", channel=other)
    before = await guild.rows()

    told = await guild.told(f"poll repeat {command}", by=keeper, repeat="1")

    assert told.startswith("For this you need ") and told.endswith(f" in {other.mention}.")
    assert await guild.rows() == before
    if elsewhere:
        assert await guild.completions(f"poll repeat {command}", option="repeat", by=keeper) == []
        assert "No question is repeated here." in await guild.told("poll repeat list", by=keeper)


async def test_a_form_for_an_edit_that_one_may_not_make_is_refused(guild: Guild):
    keeper, other = await keeper_of_news(guild)
    await guild.told("poll start", by=guild.mod, where=other, question="Cake?", choices="Yes | No")
    before = await guild.rows()

    data = form(f"poll-edit:{guild.newsroom.polls.mark(1)}", {"question": "Pie?", "choices": "a|b"})
    told = await guild.forged(keeper, discord.InteractionType.modal_submit, data)

    assert read(told.response).endswith(f" in {other.mention}.")
    assert await guild.rows() == before


# /poll edit


async def test_the_words_of_a_poll_can_be_changed_before_the_first_vote(guild: Guild):
    asked = await guild.ask(question="Taps or spaces?", choices="Taps | Spaces=open")

    opened = await guild.slash("poll edit", by=guild.mod, poll="Taps or spaces?")
    shown = [part["component"]["value"] for part in opened.modal["components"]]
    assert shown == ["Taps or spaces?", "Taps | Spaces=open"]
    answered = await guild.mod.submit_modal(opened, {"question": "Tabs or spaces?", "choices": "Tabs | Spaces"})
    await guild.later()

    assert read(answered.response) == "**Tabs or spaces?** it is."
    assert guild.fresh(asked).content == "**Tabs or spaces?**"
    assert labels(guild.fresh(asked)) == ["Tabs", "Spaces"]


async def test_an_edit_opened_before_a_restart_can_be_sent_after_it(guild: Guild):
    await guild.ask(question="Cake?", choices="Yes | No")
    opened = await guild.slash("poll edit", by=guild.mod, poll="Cake?")
    await guild.restart()

    answered = await guild.mod.submit_modal(opened, {"question": "Pie?", "choices": "Yes | No"})

    assert read(answered.response) == "**Pie?** it is."


async def test_after_the_first_vote_the_words_must_stay(guild: Guild):
    asked = await guild.ask(question="Cake?", choices="Yes | No")
    opened = await guild.slash("poll edit", by=guild.mod, poll="Cake?")
    await guild.vote(guild.bob, asked, "Yes")
    before = await guild.rows()
    refusal = "Somebody has voted already, so the words must stay. Close it and start another."

    assert await guild.told("poll edit", by=guild.mod, poll="Cake?") == refusal
    late = await guild.mod.submit_modal(opened, {"question": "Pie?", "choices": "No | Yes"})

    assert (late.ephemeral, read(late.response)) == (True, refusal)
    assert await guild.rows() == before


@pytest.mark.parametrize(
    ("start", "refusal"),
    [
        ({"duration": "2h"}, "A team poll's words come from `/poll settings`; there is nothing to edit."),
        (
            {"question": "Cake?", "style": "native"},
            "Discord doesn't let anybody edit its own polls. Close it and start another.",
        ),
    ],
)
async def test_what_has_no_words_of_its_own_cannot_be_edited(guild: Guild, start: dict[str, str], refusal: str):
    await guild.ask(**start)

    assert await guild.told("poll edit", by=guild.mod, poll="1") == refusal


# /poll export


async def exported(guild: Guild, poll: str) -> dict[str, str]:
    """What /poll export gives, by the endings of the files' names."""
    answered = await guild.slash("poll export", by=guild.mod, poll=poll)
    assert answered.ephemeral
    return {
        attachment.filename.rpartition(".")[2]: (await attachment.read()).decode("utf-8-sig")
        for attachment in answered.response.attachments
    }


async def test_a_private_poll_is_exported_as_counts_of_each_hour_without_a_name(guild: Guild):
    asked = await guild.ask(question="Cake?", choices="Yes | No", duration="none")
    voters = await guild.votes(asked, Yes=7, No=3)
    await guild.look_every(hours=1)
    await guild.later(hours=2)
    await guild.vote(guild.bob, asked, "No")

    files = await exported(guild, "Cake?")

    assert list(csv.reader(io.StringIO(files["csv"]))) == [
        ["hour", "choice", "votes"],
        ["2026-01-01T00:00:00+00:00", "Yes", "7"],
        ["2026-01-01T00:00:00+00:00", "No", "3"],
        ["2026-01-01T02:00:00+00:00", "No", "1"],
    ]
    content = json.loads(files["json"])
    assert (content["question"], content["voters"]) == ("Cake?", 11)
    for voter in (*voters, guild.bob):
        assert str(voter.id) not in files["csv"] + files["json"]


async def test_a_private_poll_with_few_votes_is_exported_without_its_counts(guild: Guild):
    asked = await guild.ask(question="Cake?", choices="Yes | No")
    await guild.votes(asked, Yes=3)

    files = await exported(guild, "Cake?")

    assert [choice["votes"] for choice in json.loads(files["json"])["choices"]] == [None, None]
    assert json.loads(files["json"])["voters"] == 3


async def test_a_public_poll_is_exported_with_who_voted_what(guild: Guild):
    asked = await guild.ask(question="Cake?", choices="Yes | No", visibility="public", duration="none")
    await guild.votes(asked, Yes=9)
    await guild.vote(guild.bob, asked, "No")

    rows = list(csv.reader(io.StringIO((await exported(guild, "Cake?"))["csv"])))

    assert rows[0] == ["member", "choice", "at"]
    assert [str(guild.bob.id), "No", "2026-01-01T00:00:00+00:00"] in rows
    assert len(rows) == 11


async def test_no_exported_cell_is_a_formula(guild: Guild):
    asked = await guild.ask(question="Cake?", choices="=1+1 | +cmd | @x | -2", visibility="public", duration="none")
    for label in ("=1+1", "+cmd", "@x", "-2"):
        for voter in guild.crowd(3):
            await guild.vote(voter, asked, label)

    rows = list(csv.reader(io.StringIO((await exported(guild, "Cake?"))["csv"])))

    assert {row[1] for row in rows[1:]} == {"'=1+1", "'+cmd", "'@x", "'-2"}


# style: native


async def test_a_native_poll_is_discords_own_and_says_that_votes_are_public(guild: Guild):
    await guild.told("poll start", by=guild.mod, question="Cake?", choices="Yes | No", style="native", duration="48h")

    asked = guild.news.last_message
    assert asked.content == "-# Everybody can see who votes what here: this is one of Discord's own polls."
    assert asked.poll.question == "Cake?"
    assert [answer.text for answer in asked.poll.answers] == ["Yes", "No"]
    (sent,) = guild.requests("POST", f"/channels/{guild.news.id}/messages")
    assert sent.json["poll"]["duration"] == 48
    assert (await polls(guild))[0].visibility == "public"


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"duration": "90m"}, "whole hours"),
        ({"duration": "30m"}, "1 hour to 32 days"),
        ({"duration": "33 days"}, "1 hour to 32 days"),
        ({"duration": "none"}, "1 hour to 32 days"),
        ({"choices": f"{'x' * 56} | No"}, "at most 55 characters"),
        ({"visibility": "anonymous"}, "everybody can see who voted what"),
        ({"results": "after_vote"}, "always show their results"),
        ({"choices": "a | b | c", "max_choices": 2}, "allow one choice or any number"),
    ],
)
async def test_what_discord_would_not_take_is_refused_before_it_is_sent(
    guild: Guild, given: dict[str, Any], refusal: str
):
    before = await guild.rows()

    told = await guild.told("poll start", by=guild.mod, **({"question": "Cake?", "style": "native"} | given))

    assert refusal in told
    assert await guild.rows() == before
    assert guild.news.history() == []


# Bad input


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"duration": "soonish"},
            'I can\'t read when that is. Write it like "2h", "3 days", "friday 18:00", "tomorrow 9:00", '
            '"2026-12-24 18:00", or "none" for no deadline.',
        ),
        ({"duration": "2 minutes"}, 'A poll stays open for at least 5 minutes. Give it longer, like "1h".'),
        ({"duration": "500 days"}, 'A poll stays open for at most a year. Give it less, like "3 days", or "none".'),
        ({"question": "x" * 301}, "That question is too long: at most 300 characters, please."),
        ({"question": "\u200b"}, "A poll needs a question."),
        (
            {"choices": "|".join("abcdefghijk")},
            "A poll has 2 to 10 choices, with | between them: `Yes | No | Ask me later`.",
        ),
        ({"choices": "Yes"}, "A poll has 2 to 10 choices, with | between them: `Yes | No | Ask me later`."),
        ({"choices": "Yes | No | yes"}, "Two choices are the same: “Yes”. Give each its own words."),
        ({"choices": "Yes=open | No=open"}, "Two choices stand for the same side. Each side can be one choice only."),
        ({"question": None, "choices": "Yes | No"}, "Those choices need a question: what do they answer?"),
        (
            {"question": None, "choices": "Free=open | Sold | Else"},
            "Those choices need a question: what do they answer?",
        ),
        ({"choices": f"{'x' * 81} | No"}, f"This choice is too long, at most 80 characters, please: “{'x' * 40}…”."),
        ({"choices": "Yes | | No"}, "One of the choices is empty. Put words between the | signs."),
        (
            {"choices": "Yes | No", "max_choices": 3},
            "max_choices is 1 to 2 here: there are no more choices than that.",
        ),
        (
            {"max_choices": 2},
            "Nobody can be on two teams at once: leave max_choices at 1, or drop the sides.",
        ),
        ({"story": "Mistral"}, "Pick a story from the list."),
        ({"story": "17"}, "That story isn't posted in this server. Pick one from the list."),
    ],
)
async def test_what_cannot_be_asked_is_told_in_a_sentence_and_leaves_nothing(
    guild: Guild, given: dict[str, Any], told: str
):
    before = await guild.rows()

    options = {name: value for name, value in ({"question": "Cake?"} | given).items() if value is not None}
    assert await guild.told("poll start", by=guild.mod, **options) == told
    assert await guild.rows() == before
    assert guild.news.history() == []


async def test_a_bad_form_is_told_in_a_sentence_and_leaves_nothing(guild: Guild):
    before = await guild.rows()
    opened = await guild.slash("poll start", by=guild.mod)

    answered = await guild.mod.submit_modal(opened, {"question": "Cake?", "duration": "soonish"})

    assert answered.ephemeral
    assert read(answered.response).startswith("I can't read when that is.")
    assert await guild.rows() == before


@pytest.mark.parametrize(
    ("permission", "name", "style"),
    [
        ("view_channel", "View Channel", "buttons"),
        ("send_messages", "Send Messages", "buttons"),
        ("embed_links", "Embed Links", "buttons"),
        ("send_polls", "Create Polls", "native"),
    ],
)
async def test_where_the_bot_may_not_ask_nothing_is_asked(guild: Guild, permission: str, name: str, style: str):
    other = guild.guild.create_text_channel("other")
    guild.take_away(other, permission)
    before = await guild.rows()

    told = await guild.told("poll start", by=guild.mod, question="Cake?", channel=other, style=style)

    assert other.mention in told
    if permission != "view_channel":
        assert f"**{name}**" in told
    assert await guild.rows() == before


async def test_a_poll_that_discord_refuses_to_show_was_never_asked(guild: Guild):
    before = await guild.rows("poll_message")
    guild.env.inject_error("POST", "/channels/*/messages", status=403, code=50013, message="Missing Permissions")

    told = await guild.told("poll start", by=guild.mod, question="Cake?")

    assert told.endswith("Nothing was asked.")
    assert await guild.rows("poll_message") == before
    assert guild.news.history() == []


async def test_a_poll_that_is_slow_to_appear_is_said_to_and_appears_once(guild: Guild):
    guild.env.inject_error("POST", "/channels/*/messages", status=503, code=0, message="busy")

    told = await guild.told("poll start", by=guild.mod, question="Cake?")
    await guild.later(minutes=10)

    assert told == f"Your poll appears in {guild.news.mention} in a moment: Discord is slow just now."
    assert [message.content for message in guild.news.history()] == ["**Cake?**"]


async def test_a_voice_channel_is_no_place_for_a_poll(guild: Guild):
    voice = guild.guild.create_voice_channel("voice")

    told = await guild.told("poll start", by=guild.mod, where=voice, question="Cake?")

    assert told == "Polls go to text and announcement channels and to threads. Pick one of those."


async def test_no_text_of_a_poll_is_longer_than_discord_takes(guild: Guild):
    """The rest is for the views; here the longest of everything goes through Discord's own checks."""
    await guild.told("poll settings", open_label="x" * 40, proprietary_label="y" * 40, depends_label="*" * 40)
    names = [f"{number}{'*' * 79}" for number in range(10)]

    asked = await guild.ask(question="_" * 300, choices="|".join(names), visibility="public", duration="none")
    for position in range(10):
        await guild.bob.click(asked, custom_id=buttons(asked)[position]["custom_id"])
    for voter in guild.crowd(10):
        await voter.click(asked, custom_id=buttons(asked)[0]["custom_id"])
    await guild.later()

    assert "**10**" in guild.tally(asked)
    assert (await guild.bob.click(asked, label="Who voted")).acknowledged
    assert await guild.told("poll list", by=guild.mod)
    await guild.told("poll close", by=guild.mod, poll="1")
    await guild.later()
    assert guild.news.last_message.content.startswith("**")
    assert await guild.completions("poll export", option="poll")


# /poll settings


async def test_the_settings_are_shown_with_the_option_that_changes_each(guild: Guild):
    assert await guild.told("poll settings") == (
        "### How polls work in this server\n"
        "`timezone` **UTC**\n"
        "`open_label` **Open source**\n"
        "`proprietary_label` **Proprietary**\n"
        "`depends_label` **It depends**\n"
        "`depends` **yes**: a third choice for those in between\n"
        "`story_polls` **yes**: team polls open under stories by themselves\n"
        "`per_day` **1**: at most so many of them a day in each news channel\n"
        "`team_roles` **no**: members may wear their team as a role"
    )


async def test_everything_in_the_settings_can_be_changed(guild: Guild):
    told = await guild.told(
        "poll settings",
        timezone="Europe/Berlin",
        open_label="Open weights",
        proprietary_label="Closed",
        depends_label="Neither",
        depends=False,
        per_day=3,
        team_roles=True,
    )

    assert told.split("\n")[:9] == [
        "### Changed. Polls in this server now work like this",
        "`timezone` **Europe/Berlin**",
        "`open_label` **Open weights**",
        "`proprietary_label` **Closed**",
        "`depends_label` **Neither**",
        "`depends` **no**: a third choice for those in between",
        "`story_polls` **yes**: team polls open under stories by themselves",
        "`per_day` **3**: at most so many of them a day in each news channel",
        "`team_roles` **yes**: members may wear their team as a role",
    ]
    assert "`story_polls` **no**:" in await guild.told("poll settings", story_polls=False)
    assert "`team_roles` **yes**:" in await guild.told("poll settings")
    asked = await guild.ask(duration="2h")
    assert asked.content == "**Team Open Weights or Team Closed?**"
    assert labels(asked) == ["Open weights", "Closed"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"timezone": "Mars/Olympus"},
            'I don\'t know that time zone. Write it like "Europe/Berlin", "America/New_York" or "UTC", '
            "or pick one from the list while you type.",
        ),
        ({"open_label": "\u200b"}, "A side's name has 1 to 40 characters."),
        (
            {"open_label": "yes | no"},
            "A side's name can't hold | or end in =open, =proprietary or =depends.",
        ),
        ({"open_label": "Proprietary"}, "Two sides would have the same name. Give each its own."),
        ({"per_day": 2, "depends_label": "open SOURCE"}, "Two sides would have the same name. Give each its own."),
    ],
)
async def test_a_setting_that_cannot_be_is_told_and_none_is_changed(guild: Guild, given: dict[str, Any], told: str):
    before = await guild.rows()

    assert await guild.told("poll settings", **given) == told
    assert await guild.rows() == before


async def test_time_zones_are_offered_while_one_types(guild: Guild):
    assert await guild.completions("poll settings", "berl", option="timezone") == ["Europe/Berlin"]
    assert len(await guild.completions("poll settings", "", option="timezone")) == 25


# /poll repeat


async def test_a_repeat_says_what_is_asked_when_and_where(guild: Guild):
    await guild.told("poll settings", timezone="Europe/Berlin")

    told = await guild.told(
        "poll repeat add", by=guild.mod, question="What did you train?", every="weekly friday", at="18:00"
    )

    assert told == (
        "**What did you train?**\n"
        f"-# every Friday at 18:00 (Europe/Berlin) in {guild.news.mention} · "
        f"next, by your clock, <t:{MIDNIGHT + 41 * HOUR}:f>\n"
        "It pings nobody, and pauses when hardly anybody votes twice in a row."
    )
    assert (await guild.told("poll repeat list", by=guild.mod)).startswith("### 1 repeat\n**What did you train?**\n")


async def test_a_repeat_can_be_paused_go_on_and_be_removed(guild: Guild):
    await guild.told("poll repeat add", by=guild.mod, every="daily", at="18:00")
    (offered,) = await guild.choices("poll repeat pause", option="repeat")
    assert offered["name"] == "every day at 18:00: the team question"

    paused = await guild.told("poll repeat pause", by=guild.mod, repeat=offered["value"])
    going_on = await guild.told("poll repeat pause", by=guild.mod, repeat=offered["value"])
    removed = await guild.told("poll repeat remove", by=guild.mod, repeat=offered["value"])

    assert paused.startswith("Paused.\n**Team Open Source or Team Proprietary?**\n")
    assert paused.endswith("· paused")
    assert going_on.startswith("It goes on.\n")
    assert removed == "No longer asked: every day at 18:00: the team question."
    assert await guild.told("poll repeat list", by=guild.mod) == (
        "No question is repeated here. `/poll repeat add` does that."
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"every": "now and then", "at": "18:00"}, "I can't read that schedule."),
        ({"every": "weekly", "at": "18:00"}, "That doesn't say on which day."),
        ({"every": "daily", "at": "25:00"}, "I can't read that schedule."),
    ],
)
async def test_a_schedule_that_cannot_be_read_is_told_with_examples(guild: Guild, given: dict[str, str], told: str):
    before = await guild.rows()

    answer = await guild.told("poll repeat add", by=guild.mod, **given)

    assert answer.startswith(told)
    assert '"weekly friday"' in answer and '`at` like "18:00"' in answer
    assert await guild.rows() == before


async def test_a_repeat_where_the_bot_may_not_ask_is_refused(guild: Guild):
    guild.take_away(guild.news, "send_messages")
    before = await guild.rows()

    told = await guild.told("poll repeat add", by=guild.mod, every="daily", at="18:00")

    assert "**Send Messages**" in told
    assert await guild.rows() == before


@pytest.mark.parametrize("command", ["poll repeat pause", "poll repeat remove"])
@pytest.mark.parametrize("repeat", ["none such", "99", "²"])
async def test_a_repeat_that_is_not_there_is_told_as_such(guild: Guild, command: str, repeat: str):
    assert re.fullmatch(
        r"Pick a repeat from the list\.|There is no such repeat\. .*",
        await guild.told(command, by=guild.mod, repeat=repeat),
    )


# What is used of the feed here is only its first three posts, so that nothing earns a poll by itself.


async def test_stories_without_strong_words_get_no_poll(guild: Guild):
    guild.web.put(FEED, *posts(1, 2, 3))
    await guild.told("poll settings", timezone="Asia/Tokyo")
    await guild.told("feed add", url=FEED)
    await guild.later()

    assert labels(guild.news.last_message) == ["Read", "Discuss", "More"]
    assert await polls(guild) == []
