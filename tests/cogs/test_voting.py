"""What members are promised of a vote: clicks, undo, switching, saying why; and how polls end."""

from __future__ import annotations

from typing import Any

import discord
import pytest
from sqlalchemy import select

from cogs.views.polls import VOICE
from cogs.views.replies import OUR_MISTAKE
from newsroom.models import Side
from newsroom.store import tables
from tests.cogs.guild import TEAM_HEADLINE, Guild, buttons, labels, member, read, refusal, told_in
from tests.desk import FEED, post, posts

OTHER_FEED = "https://blog.example/feed.xml"
MIDNIGHT = 1767225600  # when every test begins: 2026-01-01 00:00 UTC
HOUR = 3600
TEAMS = ["Open source", "Proprietary", "It depends"]
PRIVATE = "-# 🔒 Private: nobody in this server sees your vote"
ABOUT_A_THREAD = discord.MessageType.thread_created
SILENT = 1 << 12
ON_OPEN_SOURCE = "You're on Team Open Source. Nobody in this server sees your vote."
ON_PROPRIETARY = "You're on Team Proprietary. Nobody in this server sees your vote."
GONE = "This poll is gone."
OVER = "This poll is closed; votes no longer count."


async def side_of(guild: Guild, who: Any) -> Side | None:
    async with guild.store.read() as connection:
        statement = select(tables.member_side.c.side).where(tables.member_side.c.member_id == who.id)
        return await connection.scalar(statement)


async def votes(guild: Guild) -> list[tuple[int, int]]:
    async with guild.store.read() as connection:
        rows = await connection.execute(select(tables.vote.c.member_id, tables.vote.c.ballot))
        return sorted((row.member_id, row.ballot) for row in rows)


def told(result: Any) -> str:
    """What the one who clicked, and nobody else, then reads."""
    (answer,) = result.followups or [result.response]
    assert answer.ephemeral
    return read(answer)


# The card before the click


async def test_a_story_that_earns_it_is_posted_with_the_team_row_and_nothing_else(guild: Guild):
    card = await guild.team_card()

    assert card.content == f"**{TEAM_HEADLINE}** · Lab Notes"
    assert labels(card) == ["Read", "Discuss", "More", *TEAMS]
    assert [[part.label for part in row.children] for row in card.components] == [["Read", "Discuss", "More"], TEAMS]
    teams = buttons(card)[3:]
    assert [team.get("emoji", {}).get("name") for team in teams] == ["🟦", "🟧", None]
    assert {team["style"] for team in teams} == {discord.ButtonStyle.secondary.value}


async def test_a_team_card_asks_in_one_line_and_says_before_the_click_that_votes_are_private(guild: Guild):
    card = await guild.team_card()

    question, voice, tally, terms = card.embeds[-1].description.split("\n")
    assert question == "**Team Open Source or Team Proprietary?**"
    assert voice in VOICE
    assert tally == "0 votes in"
    assert terms == f"{PRIVATE} · closes <t:{MIDNIGHT + 300 + 24 * HOUR}:R>"


@pytest.mark.parametrize("about", ["lays off 300 engineers", "mourns its founder's death", "is hit by a lawsuit"])
async def test_no_joke_stands_under_a_sombre_story(guild: Guild, about: str):
    card = await guild.team_card(f"Mistral, maker of open-weights models under Apache 2.0, {about}")

    assert labels(card)[3:] == TEAMS
    assert not any(line in card.embeds[-1].description for line in VOICE)


async def test_a_news_channel_gets_one_team_poll_a_day_by_itself(guild: Guild):
    await guild.team_card()
    guild.web.put(
        FEED, post(900, title=TEAM_HEADLINE), post(901, title="Qwen 4 released with open weights on Hugging Face")
    )
    await guild.later(minutes=20)
    assert len(guild.news.history()) == 2
    assert labels(guild.news.last_message) == ["Read", "Discuss", "More"]


async def test_more_polls_a_day_come_where_the_settings_say_so(guild: Guild):
    await guild.told("poll settings", per_day=2)
    await guild.team_card()
    guild.web.put(
        FEED, post(900, title=TEAM_HEADLINE), post(901, title="Qwen 4 released with open weights under Apache 2.0")
    )
    await guild.later(minutes=20)

    assert labels(guild.news.last_message)[3:] == TEAMS


@pytest.mark.parametrize(("timezone", "polled"), [("Asia/Tokyo", True), ("UTC", False), ("America/New_York", True)])
async def test_no_poll_opens_by_itself_at_night_by_the_servers_own_clock(guild: Guild, timezone: str, polled: bool):
    # 00:05 UTC: five past nine in the morning in Tokyo, five past seven in the evening in New York.
    guild.web.put(FEED, *posts(1), post(900, title=TEAM_HEADLINE))
    await guild.told("poll settings", timezone=timezone)
    await guild.told("feed add", url=FEED)
    await guild.later()

    assert (labels(guild.news.last_message)[3:] == TEAMS) is polled


async def test_no_poll_opens_by_itself_where_the_settings_forbid_it(guild: Guild):
    await guild.told("poll settings", story_polls=False)

    assert labels(await guild.team_card()) == ["Read", "Discuss", "More"]


async def test_one_story_is_one_poll_wherever_its_card_stands(guild: Guild):
    other = guild.guild.create_text_channel("other")
    guild.web.put(FEED, *posts(1), post(900, title=TEAM_HEADLINE))
    await guild.told("poll settings", timezone="Asia/Tokyo")
    await guild.told("feed add", url=FEED)
    await guild.told("feed add", url=FEED, channel=other)
    await guild.later()

    here, there = guild.news.last_message, other.last_message
    assert buttons(here)[3:] == buttons(there)[3:]
    await guild.vote(guild.bob, here, "Open source")
    await guild.vote(guild.bob, there, "Proprietary")
    await guild.later()
    assert guild.tally(here) == guild.tally(there)
    assert "1 vote in" in guild.tally(here)


async def test_in_a_forum_the_team_row_stands_in_the_post_and_a_click_there_is_drawn(guild: Guild):
    forum = guild.guild.create_forum_channel("forum")
    guild.web.put(FEED, *posts(1), post(900, title=TEAM_HEADLINE))
    await guild.told("poll settings", timezone="Asia/Tokyo")
    await guild.told("feed add", url=FEED, channel=forum)
    await guild.later()
    (opened,) = forum.threads
    card = opened.last_message

    assert await guild.vote(guild.bob, card, "Open source") == ON_OPEN_SOURCE
    await guild.later()

    # In Discord a post's first message has the post's own id; simcord gives it another, so nothing changes here.
    (edit,) = guild.requests("PATCH", f"/channels/{opened.id}/messages/{opened.id}")
    assert "1 vote in" in edit.json["embeds"][-1]["description"]


async def test_a_published_card_is_drawn_like_any_other(guild: Guild):
    news = guild.guild.create_news_channel("announcements")
    guild.web.put(FEED, *posts(1), post(900, title=TEAM_HEADLINE))
    await guild.told("poll settings", timezone="Asia/Tokyo")
    await guild.told("feed add", url=FEED, channel=news)
    await guild.later(minutes=15)
    card = news.last_message
    assert guild.requests("POST", "/crosspost")

    await guild.vote(guild.bob, card, "Open source")
    await guild.later()

    assert "1 vote in" in guild.tally(card)


# One click


async def test_the_first_team_vote_sets_the_side_and_says_so(guild: Guild):
    card = await guild.team_card()

    answer = await guild.answer(guild.bob, card, "Open source")

    assert read(answer) == ON_OPEN_SOURCE
    assert labels(answer) == ["Say why", "Undo"]
    assert await side_of(guild, guild.bob) is Side.OPEN


async def test_a_vote_for_the_other_team_is_a_crossing_and_leaves_the_side(guild: Guild):
    await guild.told("poll settings", per_day=2)
    card = await guild.team_card()
    await guild.vote(guild.bob, card, "Open source")
    other = await guild.ask(duration="2h")

    answer = await guild.answer(guild.bob, other, "Proprietary")

    assert read(answer) == "You crossed the floor on this one. You're still Team Open Source."
    assert labels(answer) == ["Switch teams", "Say why", "Undo"]
    assert await side_of(guild, guild.bob) is Side.OPEN


async def test_it_depends_is_no_crossing(guild: Guild):
    asked = await guild.ask(duration="2h")
    await guild.vote(guild.bob, asked, "Open source")

    answer = await guild.answer(guild.bob, asked, "It depends")

    assert read(answer) == (
        "You voted “It depends” on this one. You're still on Team Open Source. Nobody in this server sees your vote."
    )
    assert await side_of(guild, guild.bob) is Side.OPEN


async def test_who_begins_in_between_is_told_so(guild: Guild):
    asked = await guild.ask(duration="2h")

    assert await guild.vote(guild.bob, asked, "It depends") == (
        "You're in between (“It depends”). Nobody in this server sees your vote."
    )


async def test_the_last_click_wins_and_the_same_again_changes_nothing(guild: Guild):
    asked = await guild.ask(duration="2h")
    await guild.vote(guild.bob, asked, "Open source")
    crossed = await guild.vote(guild.bob, asked, "Proprietary")
    before = await guild.rows()

    again = await guild.vote(guild.bob, asked, "Proprietary")

    assert again == crossed
    assert await guild.rows() == before
    assert await votes(guild) == [(guild.bob.id, 0b10)]


async def test_the_labels_of_the_server_are_used_wherever_a_team_is_named(guild: Guild):
    await guild.told("poll settings", open_label="the commons", proprietary_label="Walled gardens")
    asked = await guild.ask(duration="2h")

    assert await guild.vote(guild.bob, asked, "the commons") == (
        "You're on Team The Commons. Nobody in this server sees your vote."
    )
    assert await guild.vote(guild.bob, asked, "Walled gardens") == (
        "You crossed the floor on this one. You're still Team The Commons."
    )


async def test_every_click_is_acknowledged_before_its_vote_is_stored(guild: Guild, monkeypatch: pytest.MonkeyPatch):
    asked = await guild.ask(duration="2h")
    before = len(guild.env.http_requests)
    requests: list[list[Any]] = []
    vote = guild.newsroom.polls.vote

    async def watching(polls: Any, *args: Any) -> Any:
        requests.append([(request.path, request.json) for request in guild.env.http_requests[before:]])
        return await vote(*args)

    monkeypatch.setattr(type(guild.newsroom.polls), "vote", watching)
    await guild.vote(guild.bob, asked, "Open source")

    ((path, body),) = requests[0]
    assert path.endswith("/callback")
    assert body == {"type": discord.InteractionResponseType.deferred_message_update.value}


@pytest.mark.parametrize("what", ["vote", "undo", "switch"])
async def test_a_click_is_acknowledged_and_answered_also_where_the_database_fails(
    guild: Guild, what: str, monkeypatch: pytest.MonkeyPatch
):
    asked = await guild.ask(duration="2h")
    await guild.vote(guild.bob, asked, "Open source")
    answer = await guild.answer(guild.bob, asked, "Proprietary")
    before, sent = await guild.rows(), len(guild.env.http_requests)

    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    guild.mistakes = []
    with monkeypatch.context() as patch:
        patch.setattr(guild.store, "begin", broken)
        patch.setattr(guild.store, "read", broken)
        clicked_on, label = {
            "vote": (asked, "It depends"),
            "undo": (answer, "Undo"),
            "switch": (answer, "Switch teams"),
        }[what]
        result = await guild.bob.click(clicked_on, label=label)

    first = guild.env.http_requests[sent]
    assert (first.path.rpartition("/")[2], first.json["type"]) == ("callback", 6)
    assert read(result.followups[0] if result.followups else answer) == OUR_MISTAKE
    assert await guild.rows() == before


async def test_an_answer_pings_nobody_and_formats_nothing_of_a_choice(guild: Guild):
    asked = await guild.ask(question="Who?", choices="@everyone | <@1> **bold** [x](https://evil.example)")

    answer = await guild.vote(guild.bob, asked, "<@1> **bold** [x](https://evil.example)")

    assert answer.startswith("You voted “\\<\\@1> \\*\\*bold\\*\\* [x]\\(https\\://evil.example)”.")
    for request in guild.requests("POST", "/webhooks/"):
        assert request.json["allowed_mentions"] == {"parse": []}


async def test_a_click_on_words_that_were_edited_meanwhile_is_refused_until_the_new_ones_are_seen(
    guild: Guild, monkeypatch: pytest.MonkeyPatch
):
    asked = await guild.ask(question="Which?", choices="Weights=open | An API=proprietary", duration="none")
    opened = await guild.slash("poll edit", by=guild.mod, poll="Which?")
    with monkeypatch.context() as patch:
        patch.setattr("cogs.boards.Boards.changed", lambda *_: None)
        await guild.mod.submit_modal(opened, {"question": "Which?", "choices": "An API=proprietary | Weights=open"})
    before = await guild.rows()

    refused = await guild.vote(guild.bob, asked, "Weights")

    assert refused == "This poll has just been edited. Look at it again."
    assert await guild.rows() == before
    await guild.restart()
    await guild.later()
    assert labels(guild.fresh(asked)) == ["An API", "Weights"]
    assert await guild.vote(guild.bob, guild.fresh(asked), "Weights") == ON_OPEN_SOURCE


async def test_a_choice_in_a_menu_that_was_edited_meanwhile_is_refused(guild: Guild, monkeypatch: pytest.MonkeyPatch):
    asked = await guild.ask(question="Which?", choices="a | b | c", max_choices=2, duration="none")
    opened = await guild.slash("poll edit", by=guild.mod, poll="Which?")
    with monkeypatch.context() as patch:
        patch.setattr("cogs.boards.Boards.changed", lambda *_: None)
        await guild.mod.submit_modal(opened, {"question": "Which?", "choices": "a | c | b"})

    (moved,) = (await guild.bob.select(asked, ["0", "1"])).followups
    (same,) = (await guild.bob.select(asked, ["0"])).followups

    assert read(moved) == "This poll has just been edited. Look at it again."
    assert read(same) == "You voted “a”. Nobody in this server sees your vote."


async def test_a_team_poll_keeps_its_words_when_the_teams_get_others(guild: Guild):
    asked = await guild.ask(duration="30m")
    await guild.told("poll settings", open_label="Commons", proprietary_label="Gardens", depends_label="Both")

    assert await guild.vote(guild.bob, asked, "Open source") == ON_OPEN_SOURCE
    assert await guild.vote(guild.bob, asked, "Proprietary") == (
        "You crossed the floor on this one. You're still Team Open Source."
    )
    assert await guild.vote(guild.bob, asked, "It depends") == (
        "You voted “It depends” on this one. You're still on Team Open Source. Nobody in this server sees your vote."
    )
    await guild.votes(asked, Open_source=10)
    await guild.later()
    drawn = guild.fresh(asked)
    assert (drawn.content, labels(drawn)) == ("**Team Open Source or Team Proprietary?**", TEAMS)
    assert "11 votes · Team Open Source leads" in guild.tally(asked)
    await guild.later(minutes=35)
    assert guild.news.last_message.content.startswith("**Team Open Source wins** · Team Open Source or Team")
    assert labels(await guild.ask(duration="2h")) == ["Commons", "Gardens", "Both"]


async def test_a_card_keeps_the_words_of_its_team_poll_when_the_teams_get_others(guild: Guild):
    card = await guild.team_card()
    before = guild.tally(card)
    await guild.told("poll settings", open_label="Commons", proprietary_label="Gardens")

    assert await guild.vote(guild.bob, card, "Open source") == ON_OPEN_SOURCE
    await guild.later()

    assert labels(guild.fresh(card))[3:] == TEAMS
    assert guild.tally(card) == before.replace("0 votes in", "1 vote in")


# Undo


async def test_undo_takes_the_first_vote_back_and_with_it_the_side(guild: Guild):
    asked = await guild.ask(duration="2h")
    answer = await guild.answer(guild.bob, asked, "Open source")

    await guild.bob.click(answer, label="Undo")

    assert read(answer) == "Undone. You have no vote in this poll."
    assert labels(answer) == []
    assert await side_of(guild, guild.bob) is None
    assert await votes(guild) in ([], [(guild.bob.id, 0)])
    await guild.later()
    assert guild.tally(asked).startswith("0 votes in\n")


async def test_undo_brings_back_the_vote_before(guild: Guild):
    asked = await guild.ask(duration="2h")
    await guild.vote(guild.bob, asked, "Open source")
    answer = await guild.answer(guild.bob, asked, "Proprietary")

    await guild.bob.click(answer, label="Undo")

    assert read(answer) == "Undone. Your vote is “Open source” again."
    assert await votes(guild) == [(guild.bob.id, 0b1)]
    assert await side_of(guild, guild.bob) is Side.OPEN


async def test_undo_of_a_vote_that_was_changed_since_says_so(guild: Guild):
    asked = await guild.ask(duration="2h")
    first = await guild.answer(guild.bob, asked, "Open source")
    await guild.vote(guild.bob, asked, "Proprietary")
    before = await guild.rows()

    await guild.bob.click(first, label="Undo")

    assert read(first) == "That isn't your newest vote in this poll any more: nothing to undo here."
    assert await guild.rows() == before


async def test_nobody_undoes_anothers_vote(guild: Guild):
    asked = await guild.ask(duration="2h")
    answer = await guild.answer(guild.bob, asked, "Open source")
    (undo,) = [button["custom_id"] for button in buttons(answer) if button["label"] == "Undo"]
    before = await guild.rows()

    assert told(await guild.counterfeit(guild.alice, undo)) == "That vote isn't there any more."
    assert await guild.rows() == before


async def test_undo_works_after_a_restart(guild: Guild):
    asked = await guild.ask(duration="2h")
    answer = await guild.answer(guild.bob, asked, "Open source")
    await guild.restart()

    await guild.bob.click(answer, label="Undo")

    assert read(answer) == "Undone. You have no vote in this poll."


async def test_undo_after_the_end_is_refused(guild: Guild):
    asked = await guild.ask(duration="2h")
    answer = await guild.answer(guild.bob, asked, "Open source")
    await guild.told("poll close", by=guild.mod, poll="1")
    before = await guild.rows()

    await guild.bob.click(answer, label="Undo")

    assert read(answer) == OVER
    assert await guild.rows() == before


# Switch teams


async def test_switching_changes_the_side_for_good(guild: Guild):
    asked = await guild.ask(duration="2h")
    await guild.vote(guild.bob, asked, "Open source")
    answer = await guild.answer(guild.bob, asked, "Proprietary")

    await guild.bob.click(answer, label="Switch teams")

    assert read(answer) == "You're on Team Proprietary now, until you switch again."
    assert await side_of(guild, guild.bob) is Side.PROPRIETARY
    assert (await guild.vote(guild.bob, asked, "Open source")).startswith("You crossed the floor")


async def test_a_switch_to_a_side_that_the_server_dropped_is_refused(guild: Guild):
    asked = await guild.ask(duration="2h")
    await guild.vote(guild.bob, asked, "Open source")
    answer = await guild.answer(guild.bob, asked, "It depends")
    await guild.told("poll settings", depends=False)

    await guild.bob.click(answer, label="Switch teams")

    assert read(answer) == "This server has two teams only."
    assert await side_of(guild, guild.bob) is Side.OPEN


# Say why


async def test_say_why_opens_a_form_that_reveals_no_vote(guild: Guild):
    asked = await guild.ask(duration="2h")
    answer = await guild.answer(guild.bob, asked, "Proprietary")

    opened = await guild.bob.click(answer, label="Say why")

    text, speaks_for, take = opened.modal["components"]
    assert text["content"] == "**Team Open Source or Team Proprietary?**\nShown in public under your name."
    assert [option["label"] for option in speaks_for["component"]["options"]] == TEAMS
    assert not any(option.get("default") for option in speaks_for["component"]["options"])
    assert (take["component"]["min_length"], take["component"]["max_length"]) == (10, 280)
    assert not take["component"].get("value")


async def test_a_take_is_kept_and_the_next_one_replaces_it(guild: Guild):
    asked = await guild.ask(duration="2h")
    answer = await guild.answer(guild.bob, asked, "Proprietary")

    for done, text in (("Kept", "Somebody has to pay for it."), ("Changed", "Somebody has to answer the phone.")):
        opened = await guild.bob.click(answer, label="Say why")
        kept = await guild.bob.submit_modal(opened, {"side": "proprietary", "text": text})
        assert kept.ephemeral
        assert read(kept.response) == (
            f"{done}: the best take of each side is shown with the result, under your name. Say it again to change it."
        )
        await guild.later()

    async with guild.store.read() as connection:
        rows = list(await connection.execute(select(tables.take.c.text, tables.take.c.side)))
    assert rows == [("Somebody has to answer the phone.", Side.PROPRIETARY)]


async def test_a_form_opened_before_a_restart_can_be_sent_after_it(guild: Guild):
    asked = await guild.ask(duration="2h")
    answer = await guild.answer(guild.bob, asked, "Proprietary")
    opened = await guild.bob.click(answer, label="Say why")
    await guild.restart()

    kept = await guild.bob.submit_modal(opened, {"side": "open", "text": "I have changed my mind."})

    assert read(kept.response).startswith("Kept")


async def test_a_poll_without_sides_asks_for_none(guild: Guild):
    asked = await guild.ask(question="Cake?", choices="Yes | No")
    answer = await guild.answer(guild.bob, asked, "Yes")

    opened = await guild.bob.click(answer, label="Say why")
    assert [part.get("label") for part in opened.modal["components"]] == [None, "Your take"]
    kept = await guild.bob.submit_modal(opened, {"text": "It is somebody's birthday."})

    assert read(kept.response).startswith("Kept")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("too short", "A take has 10 to 280 characters; yours has 9."),
        ("x" * 281, "A take has 10 to 280 characters; yours has 281."),
        (" \u200b" * 20, "A take has 10 to 280 characters; yours has 0."),
    ],
)
async def test_a_take_that_is_too_short_or_too_long_is_refused(guild: Guild, text: str, why: str):
    await guild.ask(question="Cake?", choices="Yes | No")
    before = await guild.rows()

    data = {
        "custom_id": f"take:{guild.newsroom.polls.mark(1)}",
        "components": [{"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": "text", "value": text}}],
    }
    result = await guild.forged(guild.bob, discord.InteractionType.modal_submit, data)

    assert refusal(result.response) == why
    assert await guild.rows() == before


async def test_a_take_needs_the_role_that_the_poll_is_for(guild: Guild):
    painters = guild.guild.create_role("painters")
    painter = guild.guild.add_member(guild.env.create_user("painter"), roles=[painters])
    await guild.ask(question="Which blue?", choices="Navy | Sky", role=painters)
    before = await guild.rows()
    data = {
        "custom_id": f"take:{guild.newsroom.polls.mark(1)}",
        "components": [
            {"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": "text", "value": "It is the sea."}}
        ],
    }

    refused = await guild.forged(guild.bob, discord.InteractionType.modal_submit, data)
    assert refusal(refused.response) == f"Only members with the role {painters.mention} can vote here."
    assert await guild.rows() == before
    kept = await guild.forged(painter, discord.InteractionType.modal_submit, data)
    assert told(kept).startswith("Kept")


async def test_a_take_after_the_end_comes_too_late(guild: Guild):
    asked = await guild.ask(duration="2h")
    answer = await guild.answer(guild.bob, asked, "Proprietary")
    opened = await guild.bob.click(answer, label="Say why")
    await guild.told("poll close", by=guild.mod, poll="1")

    late = await guild.bob.submit_modal(opened, {"side": "open", "text": "I have changed my mind."})

    assert refusal(late.response) == "This poll is closed, and its result is out: your take would come too late."


# Clicks that can't count


async def test_a_vote_after_the_deadline_is_refused_even_before_the_poll_is_closed(guild: Guild):
    asked = await guild.ask(question="Cake?", duration="7m")
    await guild.later(minutes=8)  # the bot looks for what is due every five
    before = await guild.rows()

    assert await guild.vote(guild.bob, asked, "Open source") == OVER
    assert await guild.rows() == before


async def test_a_closed_polls_button_is_refused(guild: Guild):
    asked = await guild.ask(duration="2h")
    await guild.told("poll close", by=guild.mod, poll="1")
    before = await guild.rows("poll_message")

    assert await guild.vote(guild.bob, asked, "Open source") == OVER
    assert await guild.rows("poll_message") == before


async def test_a_deleted_polls_button_is_refused(guild: Guild):
    asked = await guild.ask(duration="2h")
    await guild.newsroom.polls.discard(1)
    before = await guild.rows()

    assert await guild.vote(guild.bob, asked, "Open source") == GONE
    assert await guild.rows() == before


@pytest.mark.parametrize("kind", ["vote", "choose", "why", "voters", "undo-vote"])
async def test_another_servers_poll_cannot_be_reached_with_a_forged_button(guild: Guild, kind: str):
    asked = await guild.ask(duration="2h", visibility="public")
    await guild.vote(guild.bob, asked, "Open source")
    mark = guild.newsroom.polls.mark(1)
    elsewhere = guild.env.create_guild("Elsewhere")
    talk = elsewhere.create_text_channel("talk")
    await guild.env.settle()
    stranger = member(guild.env, elsewhere, "stranger")
    before = await guild.rows()

    custom_id = {"vote": f"vote:{mark}:0", "undo-vote": "undo-vote:1"}.get(kind, f"{kind}:{mark}")
    result = await guild.counterfeit(stranger, custom_id, *(["0"] if kind == "choose" else []), where=talk)

    assert told(result) in (GONE, "That vote isn't there any more.")
    assert await guild.rows() == before


@pytest.mark.parametrize(
    "custom_id",
    [
        "vote:1.0123456789abcdef01234567:0",
        "vote:1:0",
        "vote:x:0",
        "vote:99999999999999999999.00:0",
        "vote:²:0",
        "choose:1.0123456789abcdef01234567",
        "why:1.0123456789abcdef01234567",
        "voters:1.0123456789abcdef01234567",
        "switch:1.0123456789abcdef01234567:open",
    ],
)
async def test_a_made_up_button_is_refused(guild: Guild, custom_id: str):
    await guild.ask(duration="2h", visibility="public")
    before = await guild.rows()

    values = ["0"] if custom_id.startswith("choose") else []
    assert told(await guild.counterfeit(guild.bob, custom_id, *values)) == GONE
    assert await guild.rows() == before


async def test_a_choice_that_is_not_there_is_refused(guild: Guild):
    await guild.ask(question="Cake?", choices="Yes | No")
    before = await guild.rows()

    result = await guild.counterfeit(guild.bob, f"vote:{guild.newsroom.polls.mark(1)}:9")

    assert told(result) == "That choice isn't there any more. Look at the poll again."
    assert await guild.rows() == before


@pytest.mark.parametrize("values", [["0", "1", "2"], ["9"], ["x"], ["0", "0", "1", "2"]])
async def test_more_or_other_choices_than_a_menu_offers_are_refused(guild: Guild, values: list[str]):
    await guild.ask(question="Which?", choices="a | b | c", max_choices=2)
    before = await guild.rows()

    result = await guild.counterfeit(guild.bob, f"choose:{guild.newsroom.polls.mark(1)}", *values)

    assert "choice" in told(result)
    assert await guild.rows() == before


async def test_the_voters_of_a_private_poll_are_told_to_nobody(guild: Guild):
    asked = await guild.ask(duration="2h")
    await guild.vote(guild.bob, asked, "Open source")

    result = await guild.counterfeit(guild.alice, f"voters:{guild.newsroom.polls.mark(1)}")

    assert told(result) == "Votes in this poll are private."


# The visible tally


async def test_with_fewer_than_ten_votes_it_says_how_many_are_in_and_shows_no_bars(guild: Guild):
    asked = await guild.ask(duration="2h")
    await guild.votes(asked, Open_source=4, Proprietary=3)
    await guild.later()

    assert guild.tally(asked).split("\n")[0] == "7 votes in"
    assert "█" not in guild.tally(asked)
    assert "**4**" not in guild.tally(asked)


async def test_from_ten_votes_on_each_choice_has_its_name_and_number_before_a_bar_of_ten_cells(guild: Guild):
    asked = await guild.ask(duration="2h")
    await guild.votes(asked, Open_source=9, Proprietary=2, It_depends=1)
    await guild.later()

    assert guild.tally(asked) == (
        "🟦 Open source · **9** · 75%\n████████░░\n"
        "🟧 Proprietary · **2** · 17%\n██░░░░░░░░\n"
        "It depends · **1** · 8%\n█░░░░░░░░░\n"
        "12 votes · Team Open Source leads\n"
        f"{PRIVATE} · closes <t:{MIDNIGHT + 2 * HOUR}:R>"
    )


@pytest.mark.parametrize(
    ("by_label", "verdict"),
    [
        ({"Open_source": 6, "Proprietary": 5}, "11 votes · neck and neck"),
        ({"Open_source": 6, "Proprietary": 6}, "12 votes · a tie: Team Open Source and Team Proprietary"),
        ({"Open_source": 4, "It_depends": 8}, "12 votes · too few to call"),
    ],
)
async def test_a_lead_is_called_only_where_it_is_one(guild: Guild, by_label: dict[str, int], verdict: str):
    asked = await guild.ask(duration="2h")
    await guild.votes(asked, **by_label)
    await guild.later()

    assert verdict in guild.tally(asked).split("\n")


async def test_a_redraw_keeps_the_storys_own_part_of_the_card(guild: Guild):
    card = await guild.team_card()

    await guild.vote(guild.bob, card, "Open source")
    await guild.later()

    drawn = guild.fresh(card)
    assert (drawn.content, drawn.embeds[0].to_dict()) == (card.content, card.embeds[0].to_dict())
    assert buttons(drawn) == buttons(card)
    assert "1 vote in" in guild.tally(card)


async def test_a_click_is_drawn_through_its_own_reply(guild: Guild):
    asked = await guild.ask(duration="2h")
    await guild.later()

    await guild.vote(guild.bob, asked, "Open source")

    (edit,) = guild.requests("PATCH", "/webhooks/", "/messages/@original")[-1:]
    assert edit.json["embeds"][0]["description"].startswith("1 vote in\n")
    assert guild.requests("PATCH", f"/channels/{guild.news.id}/messages/") == []
    assert guild.tally(asked).startswith("1 vote in\n")


async def test_where_the_reply_is_of_no_use_any_more_the_channel_is_edited(guild: Guild):
    asked = await guild.ask(duration="2h")
    await guild.later()
    guild.env.inject_error("PATCH", "/webhooks/*/*/messages/@original", status=404, code=10015, message="Unknown")

    await guild.vote(guild.bob, asked, "Open source")

    assert len(guild.requests("PATCH", f"/channels/{guild.news.id}/messages/{asked.id}")) == 1
    assert guild.tally(asked).startswith("1 vote in\n")


async def test_a_message_is_drawn_at_most_every_two_seconds_and_shows_all_votes_in_the_end(guild: Guild):
    await guild.look_every(seconds=1)
    asked = await guild.ask(duration="2h")
    await guild.later(seconds=3)
    before = len(guild.env.http_requests)

    await guild.votes(asked, Open_source=5)
    await guild.later(seconds=1)
    await guild.votes(asked, Proprietary=1)
    assert len(drawn(guild, before)) == 1
    assert guild.tally(asked).startswith("1 vote in\n")
    await guild.later(seconds=2)

    assert len(drawn(guild, before)) == 2
    assert guild.tally(asked).startswith("6 votes in\n")


async def test_a_message_older_than_an_hour_is_drawn_at_most_every_ten_seconds(guild: Guild):
    asked = await guild.ask(duration="none")
    await guild.later(minutes=61)
    await guild.look_every(seconds=1)
    before = len(guild.env.http_requests)

    await guild.votes(asked, Open_source=1)
    await guild.votes(asked, Open_source=1)
    await guild.later(seconds=8)
    assert len(drawn(guild, before)) == 1
    await guild.later(seconds=4)

    assert len(drawn(guild, before)) == 2
    assert guild.tally(asked).startswith("2 votes in\n")


def drawn(guild: Guild, since: int) -> list[Any]:
    """The edits of public messages since then."""
    return [request for request in guild.env.http_requests[since:] if request.method == "PATCH"]


async def test_what_a_crash_left_undrawn_is_drawn_after_the_next_start(guild: Guild, monkeypatch: pytest.MonkeyPatch):
    asked = await guild.ask(duration="2h")
    await guild.later()
    with monkeypatch.context() as patch:
        patch.setattr("cogs.boards.Boards.changed", lambda *_: None)
        await guild.vote(guild.bob, asked, "Open source")
    assert guild.tally(asked).startswith("0 votes in\n")

    await guild.restart()
    await guild.later()

    assert guild.tally(asked).startswith("1 vote in\n")


async def test_a_redraw_that_discord_refuses_for_now_is_made_up_for(guild: Guild):
    asked = await guild.ask(duration="2h")
    await guild.later()
    guild.env.inject_error("PATCH", "/webhooks/*/*/messages/@original", status=503, code=0, message="busy")

    assert await guild.vote(guild.bob, asked, "Open source") == ON_OPEN_SOURCE
    await guild.later(minutes=10)

    assert guild.tally(asked).startswith("1 vote in\n")


@pytest.mark.parametrize(("code", "message"), [(50001, "Missing Access"), (50013, "Missing Permissions")])
async def test_a_redraw_that_the_bot_may_not_do_is_made_up_for_once_it_may(guild: Guild, code: int, message: str):
    asked = await guild.ask(duration="none")
    await guild.votes(asked, Open_source=1)
    await guild.later(minutes=20)  # from now on there is no reply of a click to draw through
    guild.env.inject_error("PATCH", "/channels/*/messages/*", status=403, code=code, message=message, times=3)

    await guild.told("poll close", by=guild.mod, poll="1")
    assert not guild.tally(asked).endswith(f"-# Closed <t:{MIDNIGHT + 1200}:f>")
    await guild.later(minutes=40)

    assert guild.tally(asked).endswith(f"-# Closed <t:{MIDNIGHT + 1200}:f>")


async def test_while_discord_blocks_the_whole_machine_nothing_is_drawn_and_then_all_of_it(guild: Guild):
    await guild.look_every(minutes=1)
    asked, other = await guild.ask(duration="none"), await guild.ask(question="Cake?", duration="none")
    await guild.later(minutes=2)
    guild.env.inject_error("PATCH", "/webhooks/*/*/messages/@original", status=403, code=40333, message="Blocked")
    await guild.vote(guild.bob, asked, "Open source")
    before = len(guild.env.http_requests)

    await guild.vote(guild.bob, other, "Open source")
    await guild.later(minutes=8)
    assert drawn(guild, before) == []
    await guild.later(minutes=5)

    assert guild.tally(asked).startswith("1 vote in\n")
    assert guild.tally(other).startswith("1 vote in\n")


async def test_a_message_that_was_deleted_is_drawn_no_more_and_votes_elsewhere_go_on(guild: Guild):
    asked = await guild.ask(duration="2h")
    await guild.alice.delete(asked)
    await guild.told("poll close", by=guild.mod, poll="1")
    await guild.later(minutes=10)
    before = len(guild.env.http_requests)
    await guild.told("poll reopen", by=guild.mod, poll="1")
    await guild.later(minutes=10)

    assert drawn(guild, before) == guild.requests("PATCH", "/webhooks/")[-1:]


# Buttons of a former process


async def test_buttons_work_after_a_restart_on_cards_replies_and_polls(guild: Guild):
    card = await guild.team_card()
    asked = await guild.ask(question="Cake?", choices="Yes | No", visibility="public", duration="none")
    menu = await guild.ask(question="Which?", choices="a | b | c", max_choices=2, duration="none")
    await guild.restart()

    assert await guild.vote(guild.bob, card, "Open source") == ON_OPEN_SOURCE
    assert "“Yes”" in await guild.vote(guild.bob, asked, "Yes")
    assert guild.bob.mention in told(await guild.alice.click(asked, label="Who voted"))
    (answer,) = (await guild.bob.select(menu, ["0", "1"])).followups
    await guild.restart()
    opened = await guild.bob.click(answer, label="Say why")
    assert opened.modal["title"] == "Say why"
    await guild.later()
    assert "1 vote in" in guild.tally(card)


# Closing


async def test_under_ten_votes_the_message_is_edited_and_nothing_is_sent(guild: Guild):
    asked = await guild.ask(duration="30m")
    await guild.votes(asked, Open_source=5, Proprietary=4)
    await guild.later(minutes=30)
    await guild.later()

    assert len(guild.news.history()) == 1
    assert guild.tally(asked) == f"9 votes · too few to call\n-# Closed <t:{MIDNIGHT + 1800}:f>"
    assert all(button["disabled"] for button in buttons(guild.fresh(asked)))


async def test_a_public_poll_closed_with_few_votes_shows_how_they_went(guild: Guild):
    asked = await guild.ask(question="Cake?", choices="Yes | No", visibility="public", duration="30m")
    await guild.votes(asked, Yes=3, No=1)
    await guild.later(minutes=30)
    await guild.later()

    assert guild.tally(asked) == (
        f"Yes · **3**\nNo · **1**\n4 votes · too few to call\n-# Closed <t:{MIDNIGHT + 1800}:f>"
    )


async def test_from_ten_votes_on_one_silent_reply_tells_the_result(guild: Guild):
    card = await guild.team_card()
    voters = await guild.votes(card, Open_source=12, Proprietary=3)
    await say_why(guild, voters[0], card, "Open source", "open", "Weights that I can read are weights I can trust.")
    await say_why(guild, voters[-1], card, "Proprietary", "proprietary", "Somebody has to answer the phone at night.")
    await guild.look_every(hours=1)
    await guild.later(hours=26)

    posted, result = [message for message in guild.news.history() if message.type is not ABOUT_A_THREAD]
    assert posted.id == card.id
    assert result.reference.message_id == card.id
    assert result.content == (
        f"**Team Open Source wins** · {TEAM_HEADLINE}\n"
        "🟦 Open source · **12** · 80%\n████████░░\n"
        "🟧 Proprietary · **3** · 20%\n██░░░░░░░░\n"
        "It depends · **0** · 0%\n░░░░░░░░░░\n"
        f"-# 15 votes · closed <t:{MIDNIGHT + 300 + 24 * HOUR}:f>\n"
        "-# Stories won this month: Open source 1 : 0 Proprietary\n"
        f"> Weights that I can read are weights I can trust.\n-# <@{voters[0].id}> for Team Open Source\n"
        f"> Somebody has to answer the phone at night.\n-# <@{voters[-1].id}> for Team Proprietary"
    )
    assert result.embeds == []
    assert labels(result) == ["Standings"]
    sent = guild.requests("POST", f"/channels/{guild.news.id}/messages")[-1]
    assert sent.json["flags"] & SILENT
    assert sent.json["allowed_mentions"]["parse"] == []
    assert guild.env.backend.messages[guild.news.id][result.id].ping_user_ids in ([], set(), ())


async def say_why(guild: Guild, who: Any, message: Any, label: str, side: str, text: str) -> None:
    opened = await who.click(await guild.answer(who, message, label), label="Say why")
    await who.submit_modal(opened, {"side": side, "text": text})


async def test_the_standings_are_a_click_away_from_a_result(guild: Guild):
    asked = await guild.ask(duration="30m")
    await guild.votes(asked, Open_source=10)
    await guild.later(minutes=35)

    shown = await guild.bob.click(guild.news.last_message, label="Standings")

    assert shown.ephemeral
    assert "### Where this server stands" in read(shown.response)


async def test_how_many_crossed_and_switched_is_told_from_three_on(guild: Guild):
    first = await guild.ask(duration="none")
    crowd = await guild.votes(first, Open_source=10)
    second = await guild.ask(duration="30m")
    for voter in crowd:
        answer = await guild.answer(voter, second, "Proprietary")
        if voter in crowd[:3]:
            await voter.click(answer, label="Switch teams")
    await guild.later(minutes=40)

    assert "-# 10 votes · 10 crossed · 3 switched for good · closed" in guild.news.last_message.content


async def test_a_group_of_fewer_than_three_is_never_told_of(guild: Guild):
    first = await guild.ask(duration="none")
    (alone, other) = await guild.votes(first, Open_source=2)
    second = await guild.ask(duration="30m")
    await guild.votes(second, Proprietary=10)
    answer = await guild.answer(alone, second, "Proprietary")
    await alone.click(answer, label="Switch teams")
    await guild.vote(other, second, "Proprietary")
    await guild.later(minutes=40)

    told_of = guild.news.last_message.content
    assert "-# 12 votes · closed" in told_of
    assert "crossed" not in told_of and "switched" not in told_of


async def test_a_poll_closed_by_hand_tells_its_result_too(guild: Guild):
    asked = await guild.ask(question="Cake?", choices="Yes | No", duration="none")
    await guild.votes(asked, Yes=10)

    await guild.told("poll close", by=guild.mod, poll="1")
    await guild.later()

    assert guild.news.last_message.content.startswith("**“Yes” wins** · Cake?\nYes · **10** · 100%\n")
    assert "this month" not in guild.news.last_message.content
    (button,) = buttons(guild.news.last_message)
    assert (button["label"], button["disabled"]) == ("Poll closed", True)
    assert button["custom_id"].startswith("standings:")


async def test_a_team_poll_without_a_story_counts_for_no_season(guild: Guild):
    asked = await guild.ask(duration="30m")
    await guild.votes(asked, Open_source=10)
    await guild.later(minutes=40)

    assert "**Team Open Source wins**" in guild.news.last_message.content
    assert "this month" not in guild.news.last_message.content


async def test_a_poll_that_ended_while_the_bot_was_away_names_its_true_end_and_has_one_result(guild: Guild):
    asked = await guild.ask(duration="30m")
    await guild.votes(asked, Open_source=10)
    await guild.look_every(hours=5)  # as good as being away

    await guild.later(hours=5, seconds=1)
    await guild.restart()
    await guild.later(hours=5)

    assert guild.tally(asked).endswith(f"-# Closed <t:{MIDNIGHT + 1800}:f>")
    results = [message for message in guild.news.history() if message.id != asked.id]
    assert len(results) == 1
    assert f"closed <t:{MIDNIGHT + 1800}:f>" in results[0].content


async def test_a_result_that_was_sent_but_not_noted_is_not_sent_twice(guild: Guild, monkeypatch: pytest.MonkeyPatch):
    asked = await guild.ask(duration="30m")
    await guild.votes(asked, Open_source=10)

    async def crash(*_: Any) -> None:
        raise ConnectionResetError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr("newsroom.votes.messages.PollMessages.sent", crash)
        await guild.later(minutes=35)
    assert len(guild.news.history()) == 2

    await guild.restart()
    await guild.later(minutes=20)

    assert len(guild.news.history()) == 2


@pytest.mark.parametrize(("code", "message"), [(50001, "Missing Access"), (50013, "Missing Permissions")])
async def test_a_result_waits_where_the_bot_may_not_send_it_yet(guild: Guild, code: int, message: str):
    asked = await guild.ask(duration="30m")
    await guild.votes(asked, Open_source=10)
    guild.env.inject_error("POST", "/channels/*/messages", status=403, code=code, message=message, times=2)

    await guild.later(minutes=35)
    assert len(guild.news.history()) == 1
    await guild.later(minutes=60)

    (_, result) = guild.news.history()
    assert result.content.startswith("**Team Open Source wins**")
    assert result.reference.message_id == asked.id


async def test_who_leaves_takes_the_take_out_of_the_result_and_leaves_its_totals(guild: Guild):
    asked = await guild.ask(duration="30m")
    voters = await guild.votes(asked, Open_source=10)
    await say_why(guild, voters[0], asked, "Open source", "open", "Weights that I can read are weights I can trust.")
    await guild.later(minutes=40)
    result = guild.news.last_message
    assert f"<@{voters[0].id}>" in result.content
    told_before = result.content.split("\n> ")[0]

    shown = await guild.slash("privacy", by=voters[0])
    await voters[0].click(shown.response, label="Delete")
    await voters[0].click(shown.response, label="Delete it here")
    await guild.later(minutes=10)

    assert guild.fresh(result).content == told_before
    assert "🟦 Open source · **10** · 100%" in told_before
    assert len(guild.news.history()) == 2


async def test_a_result_stays_as_it_was_told_when_a_member_is_forgotten(guild: Guild):
    asked = await guild.ask(duration="30m")
    voters = await guild.votes(asked, Open_source=10)
    await guild.later(minutes=35)
    result = guild.news.last_message

    await guild.newsroom.members.forget(voters[0].id, guild.guild.id)
    await guild.later(minutes=10)

    assert guild.fresh(result).content == result.content
    assert "**10**" in guild.tally(asked)


# Second source


async def test_a_second_source_earns_a_story_its_poll_as_a_silent_reply_to_the_card(guild: Guild):
    told_first = post(7, title="Something small, something large", summary="It is an open-weights model.")
    guild.web.put(FEED, told_first)
    guild.web.put(OTHER_FEED, *posts(1), title="Other Notes")
    await guild.told("poll settings", timezone="Asia/Tokyo")
    await guild.told("feed add", url=FEED)
    await guild.told("feed add", url=OTHER_FEED, backfill=0)
    await guild.later()
    (card,) = guild.news.history()
    assert labels(card) == ["Read", "Discuss", "More"]

    guild.web.put(OTHER_FEED, *posts(1), told_first, title="Other Notes")
    await guild.later(minutes=30)

    assert len(guild.news.history()) == 2
    reply = guild.news.last_message
    assert reply.reference.message_id == card.id
    assert reply.content == "**Team Open Source or Team Proprietary?**\nSomething small, something large"
    assert labels(reply) == TEAMS
    assert guild.requests("POST", f"/channels/{guild.news.id}/messages")[-1].json["flags"] & SILENT
    assert labels(guild.fresh(card)) == ["Read", "Discuss", "More"]
    assert await guild.vote(guild.bob, reply, "Open source") == ON_OPEN_SOURCE
    await guild.later()
    assert guild.tally(reply).startswith("1 vote in\n")


# Native polls


async def test_votes_in_discords_own_polls_are_mirrored_both_ways(guild: Guild):
    asked = await guild.ask_natively(duration="2h")

    await guild.bob.vote(asked, answer=1)
    await guild.alice.vote(asked, answer=2)
    await guild.mod.vote(asked, answer=2)
    await guild.mod.remove_vote(asked, answer=2)

    assert [vote for vote in await votes(guild) if vote[1]] == sorted([(guild.bob.id, 0b1), (guild.alice.id, 0b10)])
    assert await side_of(guild, guild.bob) is Side.OPEN


async def test_votes_cast_while_the_bot_was_away_are_found_at_its_start(guild: Guild, monkeypatch: pytest.MonkeyPatch):
    asked = await guild.ask_natively(duration="2h")
    await guild.bob.vote(asked, answer=1)
    with monkeypatch.context() as patch:
        patch.setattr("newsroom.votes.polls.Polls.mirror", _deaf)
        await guild.alice.vote(asked, answer=2)
        await guild.bob.remove_vote(asked, answer=1)

    await guild.restart()
    await guild.later()

    assert [vote for vote in await votes(guild) if vote[1]] == [(guild.alice.id, 0b10)]


async def _deaf(*_: Any, **__: Any) -> None:
    """Hears of no vote."""


async def test_a_native_poll_ends_with_discords_own_count_whatever_was_heard(
    guild: Guild, monkeypatch: pytest.MonkeyPatch
):
    asked = await guild.ask_natively(question="Cake?", choices="Yes | No", duration="24h")
    crowd = guild.crowd(12)
    with monkeypatch.context() as patch:
        patch.setattr("newsroom.votes.polls.Polls.mirror", _deaf)
        for voter in crowd:
            await voter.vote(asked, answer=1)
    assert await votes(guild) == []
    await guild.look_every(hours=1)
    await guild.later(hours=25)
    await guild.later(hours=1)

    assert len(await votes(guild)) == 12
    result = guild.news.last_message
    assert result.reference.message_id == asked.id
    assert result.content.startswith("**“Yes” wins** · Cake?\nYes · **12** · 100%\n")


async def test_a_native_poll_can_be_closed_by_hand(guild: Guild):
    asked = await guild.ask_natively(question="Cake?", choices="Yes | No")
    for voter in guild.crowd(10):
        await voter.vote(asked, answer=2)

    closed = await guild.told("poll close", by=guild.mod, poll="Cake?")
    await guild.later(minutes=10)

    assert closed == "**Cake?** is closed. Discord counts the votes; that takes a moment."
    assert guild.fresh(asked).poll.is_finalised()
    assert guild.news.last_message.content.startswith("**“No” wins** · Cake?\n")
    assert "Cake?" in await guild.told("poll list", by=guild.mod)
    refused = await guild.told("poll reopen", by=guild.mod, poll="Cake?")
    assert refused == "Discord doesn't reopen its own polls. Start another one."


async def test_a_deleted_native_poll_is_closed_with_what_was_heard(guild: Guild):
    asked = await guild.ask_natively(question="Cake?", choices="Yes | No")
    await guild.bob.vote(asked, answer=2)
    await guild.alice.delete(asked)

    await guild.told("poll close", by=guild.mod, poll="Cake?")
    await guild.later(minutes=10)

    assert "closed" in await guild.told("poll list", by=guild.mod)


# Repeats


async def test_a_repeat_asks_when_its_time_comes_silently_and_pings_nobody(guild: Guild):
    await guild.told("poll repeat add", by=guild.mod, question="What did you train?", every="daily", at="01:00")
    await guild.later(minutes=55)
    assert guild.news.history() == []
    await guild.later(minutes=10)

    (asked,) = guild.news.history()
    assert asked.content == "**What did you train?**"
    assert labels(asked) == TEAMS
    (sent,) = guild.requests("POST", f"/channels/{guild.news.id}/messages")
    assert sent.json["flags"] & SILENT
    assert sent.json["allowed_mentions"] == {"parse": []}


async def test_after_a_time_away_a_repeat_asks_once_not_three_times(guild: Guild):
    await guild.told("poll repeat add", by=guild.mod, every="daily", at="01:00")
    await guild.look_every(hours=80)

    await guild.later(hours=81)

    assert len(guild.news.history()) == 1


async def test_a_repeat_that_hardly_anybody_answers_twice_pauses_and_the_moderators_are_told(guild: Guild):
    mods = guild.guild.create_text_channel("moderators")
    told_in(guild, mods)
    await guild.told("poll repeat add", by=guild.mod, every="daily", at="01:00")
    await guild.look_every(hours=6)
    await guild.later(hours=24 * 4)

    assert len(guild.news.history()) == 2
    (notice,) = mods.history()
    assert notice.content == (
        f"I paused the poll that I asked every day at 01:00 in {guild.news.mention}: hardly anybody voted twice in a "
        "row. `/poll repeat pause` lets it go on."
    )
    assert (await guild.told("poll repeat list", by=guild.mod)).endswith("· paused")


async def test_where_moderators_read_no_news_whoever_set_it_up_is_told(guild: Guild):
    await guild.told("poll repeat add", by=guild.mod, every="daily", at="01:00")
    await guild.look_every(hours=6)
    await guild.later(hours=24 * 4)

    (notice,) = [request.json["content"] for request in guild.requests("POST", "/messages")][2:]
    assert notice.startswith("I paused the poll that I asked every day at 01:00")
    assert notice.endswith("\n-# In AI corner")


async def test_a_repeat_that_is_answered_goes_on(guild: Guild):
    await guild.told("poll repeat add", by=guild.mod, every="daily", at="01:00")
    await guild.look_every(hours=6)
    for _ in range(3):
        await guild.later(hours=24)
        await guild.votes(guild.news.last_message, Open_source=3)
    await guild.later(hours=30)

    assert len([message for message in guild.news.history() if labels(message) == TEAMS]) == 5


async def test_a_paused_repeat_asks_nothing_and_a_removed_one_neither(guild: Guild):
    await guild.told("poll repeat add", by=guild.mod, every="daily", at="01:00")
    await guild.told("poll repeat add", by=guild.mod, every="daily", at="02:00")
    await guild.told("poll repeat pause", by=guild.mod, repeat="1")
    await guild.told("poll repeat remove", by=guild.mod, repeat="2")
    await guild.look_every(hours=6)

    await guild.later(hours=30)

    assert guild.news.history() == []


@pytest.mark.parametrize("status", [500, 503])
async def test_a_closed_poll_is_drawn_as_closed_also_where_discord_was_busy_at_its_end(guild: Guild, status: int):
    asked = await guild.ask(duration="30m")
    await guild.later()
    guild.env.inject_error("PATCH", "/channels/*/messages/*", status=status, code=0, message="busy", times=1)

    await guild.later(hours=1)

    assert guild.requests("PATCH", f"/channels/{guild.news.id}/messages/{asked.id}")
    assert guild.tally(asked).endswith(f"-# Closed <t:{MIDNIGHT + 1800}:f>")
