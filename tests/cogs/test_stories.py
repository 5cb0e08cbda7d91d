"""What moderators are promised of Manage story, the menu on a card."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from discord.utils import utcnow
from sqlalchemy import select

from newsroom.models import Camp
from newsroom.store import tables
from tests.cogs.guild import TEAM_HEADLINE, Guild, buttons, labels, member, options, read
from tests.desk import FEED, post, posts, told

MIDNIGHT = 1767225600  # when every test begins: 2026-01-01 00:00 UTC
TEAMS = ["Open source", "Proprietary", "It depends"]
NEEDED = "For this you need the permission **Manage Messages**."
NO_STORY = "That message is none of my story cards."
SILENT = 1 << 12


async def manage(guild: Guild, message: Any, by: Any = None, where: Any = None) -> Any:
    """Open the menu on a message, by default as Mod in #news, and return the panel."""
    shown = await (by or guild.mod).context_menu(where or guild.news, "Manage story", message)
    assert shown.ephemeral
    return shown.response


async def plain_card(guild: Guild) -> Any:
    """A card whose headline earns no team poll."""
    await guild.told("feed add", url=FEED)
    await guild.later()
    return guild.news.last_message


async def take_down(by: Any, panel: Any) -> None:
    """Click on Take down in a panel, and again when it asks."""
    await by.click(panel, label="Take down")
    await by.click(panel, label="Take it down")


async def why_this_side(guild: Guild, card: Any) -> str:
    """Have Bob look behind More for the words that counted."""
    more = await guild.bob.click(card, label="More")
    return read((await guild.bob.click(more.response, label="Why this side?")).response)


async def camps(guild: Guild) -> list[Camp]:
    async with guild.store.read() as connection:
        return list(await connection.scalars(select(tables.correction.c.camp)))


async def test_it_tells_why_the_story_is_here_and_what_can_be_done(guild: Guild):
    card = await guild.team_card()

    panel = await manage(guild, card)

    assert read(panel).split("\n") == [
        f"### **{TEAM_HEADLINE}**",
        f"Posted <t:{MIDNIGHT + 300}:f> in {guild.news.mention}, because that channel gets the feed.",
        "From **Lab Notes** · lab.example",
        f"Found <t:{MIDNIGHT}:f>, <t:{MIDNIGHT}:R>",
        "<https://lab.example/posts/900>",
        "**Why this side?** I take this to be about open source: 🟦 for open source “open-weights” (weighs "
        "3), “Apache 2.0” (weighs 3), “Mistral” (weighs 2), “weights” (weighs 1).",
        f"**Team poll:** open, closes <t:{MIDNIGHT + 300 + 24 * 3600}:R>, opened by itself.",
    ]
    assert labels(panel) == ["Stop the team poll", "Take down"]
    assert [(option["value"], option["default"]) for option in options(panel)] == [
        ("open", True),
        ("proprietary", False),
        ("both", False),
        ("neither", False),
    ]


async def test_more_tells_every_member_the_words_that_counted(guild: Guild):
    card = await guild.team_card()

    told = await why_this_side(guild, card)

    assert (
        "**Why this side?** I take this to be about open source: 🟦 for open source “open-weights” (weighs 3)" in told
    )


# Who may


async def test_a_story_with_a_very_long_link_has_its_panels_as_any_other(guild: Guild):
    headline = "OpenAI's closed model beats open source"
    guild.web.put(FEED, *posts(1), post(900, title=headline, link="https://lab.example/".ljust(1900, "a")))
    await guild.told("feed add", url=FEED)
    await guild.later()
    card = guild.news.last_message

    assert "**Why this side?**" in await why_this_side(guild, card)
    assert "**Why this side?**" in read(await manage(guild, card))


async def test_members_are_not_offered_it_and_are_refused_where_a_server_shows_it(guild: Guild):
    card = await guild.team_card()
    guild.allow("Manage story", guild.bob)
    before = await guild.rows()

    assert read(await manage(guild, card, by=guild.bob)) == NEEDED
    assert await guild.rows() == before


@pytest.mark.parametrize("button", ["Stop the team poll", "Take down", "Take it down", "menu"])
async def test_a_forged_button_of_a_member_without_the_permission_is_refused(guild: Guild, button: str):
    card = await guild.team_card()
    before = await guild.rows()
    custom_id = {
        "Stop the team poll": f"story-poll:stop:{card.id}",
        "Take down": f"story-down:{card.id}",
        "Take it down": f"story-down!:{card.id}",
        "menu": f"story-side:{card.id}",
    }[button]

    result = await guild.counterfeit(guild.bob, custom_id, *(["neither"] if button == "menu" else []))

    assert result.ephemeral
    assert read(result.response) == NEEDED
    assert await guild.rows() == before
    assert any(message.id == card.id for message in guild.news.history())


@pytest.mark.parametrize("what", ["story-poll:stop", "story-poll:start", "story-down", "story-down!", "story-side"])
async def test_another_servers_story_cannot_be_reached(guild: Guild, what: str):
    card = await guild.team_card()
    elsewhere = guild.env.create_guild("Elsewhere")
    talk = elsewhere.create_text_channel("talk")
    await guild.env.settle()
    stranger = member(guild.env, elsewhere, "stranger", manage_messages=True)
    before = await guild.rows()

    values = ["neither"] if what == "story-side" else []
    result = await guild.counterfeit(stranger, f"{what}:{card.id}", *values, where=talk)

    assert read(result.followups[0]) == NO_STORY
    assert result.followups[0].ephemeral
    assert await guild.rows() == before
    assert any(message.id == card.id for message in guild.news.history())


async def test_a_message_that_is_no_card_is_told_as_such(guild: Guild):
    await guild.bob.send(guild.news, "hello")

    assert read(await manage(guild, guild.news.last_message)) == NO_STORY


async def test_a_side_that_is_none_of_the_four_is_refused(guild: Guild):
    card = await guild.team_card()
    before = await guild.rows()

    result = await guild.counterfeit(guild.mod, f"story-side:{card.id}", "sideways")

    assert read(result.followups[0]) == "Pick one of the four."
    assert await guild.rows() == before


@pytest.mark.parametrize("what", ["story-poll:stop", "story-poll:start", "story-down", "story-down!", "story-side"])
@pytest.mark.parametrize("number", ["9" * 19, "9" * 20])
async def test_a_made_up_id_is_told_in_a_sentence_or_is_none_of_our_buttons(guild: Guild, what: str, number: str):
    await guild.team_card()
    before = await guild.rows()

    result = await guild.counterfeit(guild.mod, f"{what}:{number}", *(["neither"] if what == "story-side" else []))

    told = [read(answer) for answer in (*filter(None, [result.response]), *result.followups)]
    # What no id can be is none of our buttons, and Discord says so itself.
    assert [text for text in told if text] == ([NO_STORY] if len(number) == 19 else [])
    assert await guild.rows() == before


# Take down


async def test_before_a_story_goes_it_is_asked_whether_it_shall(guild: Guild):
    card = await guild.team_card()
    panel = await manage(guild, card)
    before = await guild.rows()

    await guild.mod.click(panel, label="Take down")

    assert read(panel) == (
        f"**{TEAM_HEADLINE}** goes from {guild.news.mention} for good, and its team poll with its last card."
    )
    assert labels(panel) == ["Take it down"]
    assert await guild.rows() == before
    assert any(message.id == card.id for message in guild.news.history())


async def test_a_story_that_is_taken_down_goes_with_its_poll_and_does_not_come_back(guild: Guild):
    card = await plain_card(guild)
    await guild.mod.click(await manage(guild, card), label="Start the team poll")
    await guild.later()
    assert len(guild.news.history()) == 2

    panel = await manage(guild, card)
    await take_down(guild.mod, panel)
    assert read(panel) == "Taken down. It won't come back here."
    assert labels(panel) == []
    assert guild.news.history() == []

    guild.web.put(FEED, *posts(1, 2, 3))
    await guild.later(minutes=30)
    await guild.restart()
    await guild.later(minutes=30)
    assert guild.news.history() == []
    assert "closed" in await guild.told("poll list", by=guild.mod)


async def test_a_story_taken_down_in_one_channel_stays_in_the_other_and_so_does_its_poll(guild: Guild):
    other = guild.guild.create_text_channel("other")
    guild.web.put(FEED, *posts(1), post(900, title=TEAM_HEADLINE))
    await guild.told("poll settings", timezone="Asia/Tokyo")
    await guild.told("feed add", url=FEED)
    await guild.told("feed add", url=FEED, channel=other)
    await guild.later()

    await take_down(guild.mod, await manage(guild, guild.news.last_message))

    assert guild.news.history() == []
    there = other.last_message
    assert labels(there)[3:] == TEAMS
    assert "Team Open Source" in await guild.vote(guild.bob, there, "Open source")
    await guild.later()
    assert "1 vote in" in guild.tally(there)


async def test_a_card_that_cannot_be_deleted_is_told_of(guild: Guild):
    panel = await manage(guild, await guild.team_card())
    guild.env.inject_error("DELETE", "/channels/*/messages/*", status=403, code=50013, message="Missing Permissions")

    await take_down(guild.mod, panel)

    assert read(panel) == (
        "Taken down. It won't come back here. I couldn't delete all of its messages; please delete the rest by hand."
    )


async def test_of_two_moderators_who_take_it_down_the_second_is_told(guild: Guild):
    card = await guild.team_card()
    first, second = await manage(guild, card), await manage(guild, card, by=guild.alice)
    await guild.alice.click(second, label="Take down")
    await take_down(guild.mod, first)

    await guild.alice.click(second, label="Take it down")

    assert read(second) == NO_STORY


# The team poll


async def test_a_team_poll_that_discord_counts_is_not_stopped_behind_its_back(guild: Guild):
    card = await plain_card(guild)
    await guild.told("poll start", by=guild.mod, story="1", style="native", duration="24h")
    before = await guild.rows()

    result = await guild.mod.click(await manage(guild, card), label="Stop the team poll")

    assert read(result.response) == "Discord counts that poll: `/poll close` ends it."
    assert await guild.rows() == before


async def test_a_moderator_may_start_a_team_poll_which_answers_the_card_silently(guild: Guild):
    card = await plain_card(guild)
    panel = await manage(guild, card)
    assert "**Team poll:** none." in read(panel)
    assert labels(panel) == ["Start the team poll", "Take down"]

    await guild.mod.click(panel, label="Start the team poll")
    await guild.later()

    assert read(panel).startswith("The team poll appears as a reply to the card in a moment.\n")
    assert labels(panel) == ["Stop the team poll", "Take down"]
    reply = guild.news.last_message
    assert reply.reference.message_id == card.id
    assert reply.content == "**Team Open Source or Team Proprietary?**\nPost 3"
    assert labels(reply) == TEAMS
    assert guild.requests("POST", f"/channels/{guild.news.id}/messages")[-1].json["flags"] & SILENT
    assert labels(guild.fresh(card)) == ["Read", "Discuss", "More"]
    assert "started by a moderator" in read(await manage(guild, card))


async def test_the_menu_works_on_the_poll_below_a_card_as_well(guild: Guild):
    card = await plain_card(guild)
    await guild.mod.click(await manage(guild, card), label="Start the team poll")
    await guild.later()

    assert "### **Post 3**" in read(await manage(guild, guild.news.last_message))


async def test_a_moderators_own_choice_does_not_count_against_the_limit(guild: Guild):
    await guild.told("poll settings", timezone="Asia/Tokyo")
    card = await plain_card(guild)
    await guild.mod.click(await manage(guild, card), label="Start the team poll")

    guild.web.put(FEED, *posts(1, 2, 3), post(900, title=TEAM_HEADLINE))
    await guild.later(minutes=20)

    assert labels(guild.news.last_message)[3:] == TEAMS


async def test_a_second_start_is_refused(guild: Guild):
    card = await plain_card(guild)
    first, second = await manage(guild, card), await manage(guild, card, by=guild.alice)
    await guild.mod.click(first, label="Start the team poll")

    await guild.alice.click(second, label="Start the team poll")
    await guild.later(minutes=10)

    assert read(second) == "This story has its team poll already."
    assert len(guild.news.history()) == 2


async def test_a_moderator_may_stop_a_team_poll(guild: Guild):
    card = await guild.team_card()
    await guild.vote(guild.bob, card, "Open source")
    panel = await manage(guild, card)

    await guild.mod.click(panel, label="Stop the team poll")
    await guild.later(minutes=10)

    assert read(panel).startswith("The team poll is closed.\n")
    assert labels(panel) == ["Take down"]
    assert "**Team poll:** closed." in read(panel)
    drawn = guild.fresh(card)
    assert [button["label"] for button in buttons(drawn) if button["disabled"]] == TEAMS
    assert "-# Closed" in guild.tally(card)


# Which side


async def test_a_corrected_side_wins_and_is_remembered(guild: Guild):
    card = await guild.team_card()
    panel = await manage(guild, card)

    await guild.mod.select(panel, ["both"])
    assert read(panel).startswith("Noted: your word wins over mine.\n")
    assert "**Why this side?** A moderator says that this is about both sides." in read(panel)
    await guild.restart()

    assert await camps(guild) == [Camp.BOTH]
    told = await why_this_side(guild, card)
    assert "A moderator says that this is about both sides." in told
    assert [option["value"] for option in options(await manage(guild, card)) if option["default"]] == ["both"]


async def test_a_story_corrected_to_neither_earns_no_poll_by_a_second_source(guild: Guild):
    other_feed = "https://blog.example/feed.xml"
    told_first = post(7, title="Something small, something large", summary="It is an open-weights model.")
    guild.web.put(FEED, told_first)
    guild.web.put(other_feed, *posts(1), title="Other Notes")
    await guild.told("poll settings", timezone="Asia/Tokyo")
    await guild.told("feed add", url=FEED)
    await guild.told("feed add", url=other_feed, backfill=0)
    await guild.later()
    await guild.mod.select(await manage(guild, guild.news.last_message), ["neither"])

    guild.web.put(other_feed, *posts(1), told_first, title="Other Notes")
    await guild.later(minutes=30)

    assert len(guild.news.history()) == 1


async def test_panels_of_a_former_process_still_work(guild: Guild):
    card = await guild.team_card()
    panel = await manage(guild, card)
    await guild.restart()

    await guild.mod.select(panel, ["proprietary"])
    assert "about proprietary AI" in read(panel)
    await guild.mod.click(panel, label="Stop the team poll")
    assert read(panel).startswith("The team poll is closed.\n")
    await guild.mod.click(panel, label="Take down")
    await guild.restart()
    await guild.mod.click(panel, label="Take it down")
    assert read(panel) == "Taken down. It won't come back here."


async def test_a_hostile_headline_has_no_power_in_the_panel(guild: Guild):
    guild.web.put(FEED, *posts(1), post(900, title="@everyone <@1> [x](https://evil.example) open-weights Apache 2.0"))
    await guild.told("poll settings", timezone="Asia/Tokyo")
    await guild.told("feed add", url=FEED)
    await guild.later()

    told = read(await manage(guild, guild.news.last_message))

    assert "### **\\@everyone \\<\\@1> [x]\\(https\\://evil.example) open-weights Apache 2.0**" in told


# Several sources


async def test_a_report_of_the_same_event_is_added_to_the_card_that_stands(guild: Guild):
    blog = "https://blog.example/feed.xml"
    guild.web.put(blog, post(1), title="Blog")
    await guild.told("feed add", url=FEED, backfill=0)
    await guild.told("feed add", url=blog, backfill=0)
    summary = "Lumen Photonics has raised 300 million dollars for its optical chips."
    lab = post(11, title="Lumen Photonics raises 300 million dollars for optical chips", published=utcnow())
    guild.web.put(FEED, replace(lab, summary=summary), *posts(1, 2, 3))
    await guild.later(minutes=20)
    card = guild.news.last_message
    page = "https://blog.example/lumen"
    told = post(12, title="Optical chip startup Lumen Photonics raises $300 million", link=page, guid=page)
    guild.web.put(blog, replace(told, summary=summary, published=utcnow()), post(1))

    await guild.later(minutes=25)

    assert guild.news.last_message.id == card.id
    assert guild.fresh(card).embeds[0].description.endswith(f"\n-# Also covered by [Blog]({page})")


# Splitting and merging


@pytest.fixture
async def two_cards(guild: Guild) -> tuple[Any, Any]:
    """The cards of two stories in #news, which two feeds have told."""
    blog = "https://blog.example/feed.xml"
    guild.web.put(FEED, *posts(1))
    guild.web.put(blog, told("Old", blog))
    for url in (FEED, blog):
        await guild.told("feed add", url=url, backfill=0, title="Lab" if url == FEED else "Blog")
    await guild.later()
    guild.web.put(FEED, post(900, title="A choir in Wales sings"), *posts(1))
    guild.web.put(blog, told("Welsh choir performs", blog), told("Old", blog))
    await guild.later(minutes=25)
    first, second = guild.news.history()
    return first, second


async def merge(guild: Guild, card: Any, other: Any) -> Any:
    panel = await manage(guild, card)
    await guild.mod.select(panel, [str(other.id)], custom_id=f"story-merge:{card.id}")
    return panel


async def test_of_two_merged_cards_one_stays_and_names_the_other_source(guild: Guild, two_cards: tuple[Any, Any]):
    first, second = two_cards

    panel = await merge(guild, second, first)
    await guild.later()

    [left] = guild.news.history()
    assert left.id == first.id
    assert "Also covered by" in guild.fresh(first).embeds[0].description
    assert read(panel).split("\n")[0] == ("Merged: one card here tells both. To take that back, split it off again.")


async def test_what_was_split_off_again_has_its_own_card(guild: Guild, two_cards: tuple[Any, Any]):
    first, second = two_cards
    panel = await merge(guild, first, second)
    article = next(option["value"] for option in options(panel) if option.get("description") == "Blog")

    await guild.mod.select(panel, [article], custom_id=f"story-split:{first.id}")
    await guild.later()

    assert len(guild.news.history()) == 2
    assert "Also covered by" not in (guild.fresh(first).embeds[0].description or "")
    assert read(panel).startswith("Split: that report is a story of its own here, and its card follows.")


async def test_a_card_that_a_merge_could_not_delete_is_told_of(guild: Guild, two_cards: tuple[Any, Any]):
    guild.env.inject_error("DELETE", "/channels/*/messages/*", status=403, code=50013, message="Missing Permissions")

    panel = await merge(guild, *two_cards)

    assert "I couldn't delete the other card; please delete it by hand." in read(panel)


@pytest.mark.parametrize("what", ["split", "merge"])
@pytest.mark.parametrize("value", ["nothing", "9" * 25, "-1", "٣", "999", str(2**63)])
async def test_a_forged_choice_changes_nothing(guild: Guild, two_cards: tuple[Any, Any], what: str, value: str):
    before = await guild.rows()

    result = await guild.counterfeit(guild.mod, f"story-{what}:{two_cards[0].id}", value)

    (answer,) = result.followups
    assert answer.ephemeral
    assert read(answer) in ("Pick one from the list.", NO_STORY, "That report isn't under this card any more.")
    assert await guild.rows() == before


@pytest.mark.parametrize("what", ["split", "merge"])
async def test_a_member_can_not_forge_it(guild: Guild, two_cards: tuple[Any, Any], what: str):
    first, second = two_cards
    before = await guild.rows()

    result = await guild.counterfeit(guild.bob, f"story-{what}:{first.id}", str(second.id))

    assert read(result.response) == NEEDED
    assert await guild.rows() == before
