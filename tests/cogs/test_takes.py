"""What members are promised of hot takes: forms, fires, pushing back, the hottest, and what moderators take away."""

from __future__ import annotations

import re
from typing import Any

import pytest
from discord import InteractionType

from cogs.discussions import LACKING
from newsroom.discussion.takes import GONE, NAMES_STAND
from tests.cogs.guild import TEAM_HEADLINE, Guild, labels, member, options, read, refusal, told_in
from tests.talks import ANSWER, WORDS

SILENT = 1 << 12
OTHER_WORDS = "Nobody has seen the data it was trained on."
NEEDED = "For this you need the permission **Manage Messages**."
NEEDED_IN_ALL = "For this you need **Manage Messages** in the whole server."
BLOCKED = "Removed. Its author can write no takes here for a week, unless they moderate this server."


async def hot_form(guild: Guild, by: Any, card: Any) -> Any:
    """Open the form of a hot take behind More."""
    more = await by.click(card, label="More")
    return await by.click(more.response, label="Hot take")


async def drop(guild: Guild, by: Any, card: Any, text: str = WORDS, **values: Any) -> str:
    """Drop a hot take, and return what its author then reads."""
    sent = await by.submit_modal(await hot_form(guild, by, card), {"side": "open", "text": text} | values)
    assert sent.ephemeral
    return read(sent.response)


async def shown(guild: Guild, by: Any, card: Any, text: str = WORDS, **values: Any) -> Any:
    """Drop a hot take, and return the message that shows it."""
    await drop(guild, by, card, text, **values)
    await guild.later()
    await guild.later()
    (thread,) = guild.news.threads
    return next(message for message in thread.history() if text in message.content)


async def remove(guild: Guild, message: Any, label: str = "Remove it", by: Any = None) -> str:
    """Use the menu of a take's message and click on a button, and return what then is read."""
    by = by or guild.mod
    (thread,) = guild.news.threads
    asked = await by.context_menu(thread, "Remove take", message)
    assert asked.ephemeral
    await by.click(asked.response, label=label)
    return read(asked.response)


def stands(guild: Guild, message: Any) -> bool:
    (thread,) = guild.news.threads
    return any(each.id == message.id for each in thread.history())


def controls(opened: Any) -> dict[str, dict[str, Any]]:
    """The parts of a form that are filled in, by their ids."""
    parts = [part["component"] for part in opened.modal["components"] if "component" in part]
    return {part["custom_id"]: part for part in parts}


# The form


async def test_the_form_asks_for_a_side_and_a_text_and_fills_in_neither(guild: Guild):
    card = await guild.team_card()
    await guild.answer(guild.bob, card, "Proprietary")

    opened = await hot_form(guild, guild.bob, card)

    asked = controls(opened)
    assert opened.modal["title"] == "Hot take"
    assert opened.modal["components"][0]["content"] == f"**{TEAM_HEADLINE}**\nShown in public under your name."
    assert [option["label"] for option in asked["side"]["options"]] == ["Open source", "Proprietary", "It depends"]
    assert not any(option.get("default") for option in asked["side"]["options"]), "what was voted stays private"
    assert (asked["text"]["min_length"], asked["text"]["max_length"]) == (10, 280)
    assert not asked["text"].get("value")
    assert set(asked) == {"side", "text"}


async def test_the_form_brings_back_what_its_member_said_before(guild: Guild):
    card = await guild.team_card()
    await drop(guild, guild.bob, card)

    asked = controls(await hot_form(guild, guild.bob, card))

    assert asked["text"]["value"] == WORDS
    assert [option["value"] for option in asked["side"]["options"] if option.get("default")] == ["open"]
    assert "value" not in controls(await hot_form(guild, guild.alice, card))["text"]


async def test_no_take_is_said_to_be_shown_in_a_thread_that_was_deleted(guild: Guild):
    card = await guild.team_card()
    take = await shown(guild, guild.alice, card)
    guild.env.backend.delete_channel(take.channel.id)
    await guild.env.settle()

    assert "shown with the result" in await drop(guild, guild.bob, card, OTHER_WORDS)


async def test_a_take_is_shown_in_the_storys_thread_under_its_authors_name(guild: Guild):
    card = await guild.team_card()

    told = await drop(guild, guild.bob, card)
    await guild.later()
    await guild.later()

    (thread,) = guild.news.threads
    assert told == f"Kept: it is shown in <#{thread.id}>, under your name. Say it again to change it."
    opener, take = thread.history()
    assert "Where this server stands" in opener.content
    assert take.content == f"<@{guild.bob.id}> · 🟦 Team Open Source\n> {WORDS}"
    assert labels(take) == ["Hot", "Push back"]
    sent = guild.requests("POST", f"/channels/{thread.id}/messages")[-1].json
    assert sent["flags"] & SILENT
    assert sent["allowed_mentions"] == {"parse": []}


async def test_who_drops_a_take_where_no_thread_can_be_opened_reads_why_and_it_comes_once_one_can(guild: Guild):
    card = await guild.team_card()
    guild.take_away(guild.news, "create_public_threads")

    told = await drop(guild, guild.bob, card)
    again = await drop(guild, guild.alice, card, OTHER_WORDS)
    guild.give_back(guild.news)
    await guild.later(hours=1)

    assert told == again == f"Kept, under your name, but not shown yet: it waits for its thread. {LACKING}"
    (thread,) = guild.news.threads
    assert {message.content.split("> ")[-1] for message in thread.history()[1:]} == {WORDS, OTHER_WORDS}


async def test_a_take_said_again_changes_its_message(guild: Guild):
    card = await guild.team_card()
    take = await shown(guild, guild.bob, card)

    told = await drop(guild, guild.bob, card, OTHER_WORDS, side="proprietary")
    await guild.later()

    (thread,) = guild.news.threads
    assert told.startswith(f"Changed: it is shown in <#{thread.id}>")
    assert guild.fresh(take).content == f"<@{guild.bob.id}> · 🟧 Team Proprietary\n> {OTHER_WORDS}"
    assert len(thread.history()) == 2


async def test_a_form_that_was_opened_before_a_restart_can_be_sent_after_it(guild: Guild):
    card = await guild.team_card()
    opened = await hot_form(guild, guild.bob, card)
    await guild.restart()

    sent = await guild.bob.submit_modal(opened, {"side": "open", "text": WORDS})

    assert read(sent.response).startswith("Kept")


async def test_a_form_that_comes_back_after_its_story_was_taken_down_is_answered_with_what_was_written(guild: Guild):
    card = await guild.team_card()
    opened = await hot_form(guild, guild.bob, card)
    panel = (await guild.mod.context_menu(guild.news, "Manage story", card)).response
    await guild.mod.click(panel, label="Take down")
    await guild.mod.click(panel, label="Take it down")
    before = await guild.rows()

    sent = await guild.bob.submit_modal(opened, {"side": "open", "text": WORDS})

    assert sent.ephemeral
    assert read(sent.response) == f"I no longer know that story.\nYou wrote:\n> {WORDS}"
    assert await guild.rows() == before


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("🔥" * 280, "A take has 10 to 280 characters; yours has 560."),
        ("x" * 4000, "A take has 10 to 280 characters; yours has 4000."),
        ("", "A take has 10 to 280 characters; yours has 0."),
        ("See https://evil.example/ for more.", "Takes here hold no links. Say it in your own words."),
        ("@everyone look at <@1>", None),
    ],
)
async def test_what_a_forged_form_holds_is_judged_as_any_other(guild: Guild, text: str, why: str | None):
    await guild.team_card()
    data = {
        "custom_id": f"hot:{guild.newsroom.outbox._marks.mark(1)}",
        "components": [{"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": "text", "value": text}}],
    }

    sent = await guild.forged(guild.bob, InteractionType.modal_submit, data)

    told = refusal(sent.response)
    assert told == why if why else told.startswith("Kept")


@pytest.mark.parametrize("form", ["hot", "back", "take"])
@pytest.mark.parametrize("mark", ["", "1", "1.000000000000000000000000", "9" * 40, "💥"])
async def test_a_forged_form_with_a_made_up_mark_changes_nothing_and_is_answered(guild: Guild, form: str, mark: str):
    await guild.team_card()
    before = await guild.rows()
    text = {"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": "text", "value": WORDS}}

    sent = await guild.forged(
        guild.bob, InteractionType.modal_submit, {"custom_id": f"{form}:{mark}", "components": [text]}
    )

    assert sent.acknowledged and read(sent.response)
    assert await guild.rows() == before


# Anonymous takes


async def test_a_name_can_be_left_out_where_that_is_allowed_and_stands_nowhere_then(guild: Guild):
    card = await guild.team_card()
    await guild.told("channel discussion", anonymous_takes=True)
    assert controls(await hot_form(guild, guild.bob, card))["anonymous"]["type"] == 23

    take = await shown(guild, guild.bob, card, anonymous=True)
    answered = await guild.mod.click(take, label="Push back")
    await guild.mod.submit_modal(answered, {"side": "proprietary", "text": ANSWER})
    await guild.later()
    top = await guild.told("takes top")
    asked = await guild.mod.context_menu(guild.news.threads[0], "Remove take", take)

    (thread,) = guild.news.threads
    assert take.content == f"A member · 🟦 Team Open Source\n> {WORDS}"
    everything_read = [*(message.content for message in thread.history()), top, read(asked.response)]
    assert "an anonymous take" in everything_read[2]
    assert not any(str(guild.bob.id) in text for text in everything_read)
    sent = guild.requests("POST", f"/channels/{thread.id}/messages")
    assert not any(str(guild.bob.id) in str(request.json) for request in sent)


async def test_a_forged_tick_leaves_no_name_out_where_that_is_not_allowed(guild: Guild):
    await guild.team_card()
    before = await guild.rows()
    parts = [
        {"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": "text", "value": WORDS}},
        {"type": 18, "id": 3, "component": {"type": 23, "id": 4, "custom_id": "anonymous", "value": True}},
    ]
    data = {"custom_id": f"hot:{guild.newsroom.outbox._marks.mark(1)}", "components": parts}

    sent = await guild.forged(guild.bob, InteractionType.modal_submit, data)

    assert refusal(sent.response) == NAMES_STAND
    assert await guild.rows() == before


# Fires and pushing back


async def test_hot_counts_who_finds_a_take_hot_and_a_second_click_takes_it_back(guild: Guild):
    take = await shown(guild, guild.bob, await guild.team_card())

    for who, label, after in (
        (guild.alice, "Hot", "Hot · 1"),
        (guild.mod, "Hot · 1", "Hot · 2"),
        (guild.alice, "Hot · 2", "Hot · 1"),
    ):
        clicked = await who.click(guild.fresh(take), label=label)
        assert clicked.acknowledged and clicked.followups == []
        await guild.later()
        assert labels(guild.fresh(take))[0] == after


async def test_nobody_sets_their_own_take_on_fire(guild: Guild):
    take = await shown(guild, guild.bob, await guild.team_card())

    clicked = await guild.bob.click(take, label="Hot")

    (told,) = clicked.followups
    assert told.ephemeral and read(told) == "You can't set your own take on fire."


async def test_a_hundred_who_fire_at_once_are_counted_and_the_message_is_drawn_a_few_times(guild: Guild):
    take = await shown(guild, guild.bob, await guild.team_card())
    mark = guild.newsroom.takes.mark(1)
    crowd = guild.crowd(100)

    await guild.at_once(*((each, f"fire:{mark}") for each in crowd))
    await guild.later()

    assert labels(guild.fresh(take))[0] == "Hot · 100"
    assert len(guild.requests("PATCH", f"/messages/{take.id}")) <= 2


async def test_push_back_pairs_a_take_with_the_one_it_answers(guild: Guild):
    take = await shown(guild, guild.bob, await guild.team_card())

    opened = await guild.alice.click(take, label="Push back")
    assert f"You push back on: {WORDS}" in opened.modal["components"][0]["content"]
    sent = await guild.alice.submit_modal(opened, {"side": "proprietary", "text": ANSWER})
    await guild.later()

    (thread,) = guild.news.threads
    answer = thread.history()[-1]
    link = f"https://discord.com/channels/{guild.guild.id}/{thread.id}/{take.id}"
    assert read(sent.response).startswith("Kept")
    assert answer.reference.message_id == take.id
    assert answer.content.split("\n")[1:] == [f"> {ANSWER}", f"-# [pushes back]({link}) on <@{guild.bob.id}>: {WORDS}"]
    assert labels(answer) == ["Hot", "Push back"]


async def test_nobody_pushes_back_on_their_own_take(guild: Guild):
    take = await shown(guild, guild.bob, await guild.team_card())

    told = await guild.bob.click(take, label="Push back")

    assert told.ephemeral
    assert read(told.response) == "That take is your own. Drop a hot take again to change it."


@pytest.mark.parametrize("button", ["fire", "back"])
async def test_buttons_of_a_take_that_is_gone_or_was_never_there_say_so(guild: Guild, button: str):
    await guild.team_card()
    before = await guild.rows()

    clicked = await guild.counterfeit(guild.bob, f"{button}:1.000000000000000000000000")

    told = [read(each) for each in (*filter(None, [clicked.response]), *clicked.followups)]
    assert GONE in told
    assert await guild.rows() == before


async def test_a_take_in_an_archived_thread_is_drawn_all_the_same(guild: Guild):
    take = await shown(guild, guild.bob, await guild.team_card())
    guild.env.inject_error("PATCH", f"/channels/*/messages/{take.id}", status=400, code=50083, message="archived")

    await guild.alice.click(take, label="Hot")
    await guild.later()

    assert labels(guild.fresh(take))[0] == "Hot · 1"


# The hottest


async def test_the_hottest_of_a_week_are_listed_with_where_they_stand(guild: Guild):
    card = await guild.team_card()
    assert "Nobody said anything." in await guild.told("takes top")
    await shown(guild, guild.bob, card)
    hot = await shown(guild, guild.mod, card, OTHER_WORDS)
    await guild.alice.click(hot, label="Hot")

    told = await guild.told("takes top", by=guild.bob)

    (thread,) = guild.news.threads
    assert told.split("\n")[:3] == [
        "### 🔥 Hottest takes of the last seven days",
        f"<@{guild.mod.id}> · 🟦 Team Open Source · 🔥\xa01",
        f"> {OTHER_WORDS}",
    ]
    assert f"https://discord.com/channels/{guild.guild.id}/{thread.id}/{hot.id}" in told
    assert "Nobody said anything." in await guild.told("takes top", week="last")
    assert "0 to 52" in await guild.told("takes top", week="never")


# Who may speak


async def test_who_may_not_write_in_threads_leaves_no_take_by_button_or_by_an_old_form(guild: Guild):
    card = await guild.team_card()
    take = await shown(guild, guild.alice, card)
    more = (await guild.bob.click(card, label="More")).response
    voted = await guild.answer(guild.bob, card, "Open source")
    ways = [(more, "Hot take"), (voted, "Say why"), (take, "Push back")]
    forms = [await guild.bob.click(message, label=label) for message, label in ways]
    guild.take_away(guild.news, "send_messages_in_threads", of=guild.bob)
    before = await guild.rows()

    refused = [await guild.bob.submit_modal(form, {"side": "open", "text": OTHER_WORDS}) for form in forms]
    refused += [await guild.bob.click(message, label=label) for message, label in ways]

    needed = f"For this you need **Send Messages in Threads** in {guild.news.mention}."
    assert [(result.ephemeral, refusal(result.response)) for result in refused] == [(True, needed)] * 6
    assert await guild.rows() == before


async def test_a_channel_for_reading_alone_takes_takes_where_its_threads_are_for_writing(guild: Guild):
    card = await guild.team_card()
    guild.take_away(guild.news, "send_messages", of=guild.bob)

    assert (await drop(guild, guild.bob, card)).startswith("Kept")


# Moderating


async def test_moderators_remove_a_take_and_its_message_goes(guild: Guild):
    take = await shown(guild, guild.bob, await guild.team_card())

    assert await remove(guild, take) == "Removed."
    await guild.later()

    assert not stands(guild, take)
    assert "Nobody said anything." in await guild.told("takes top")


async def test_what_pushed_back_on_a_removed_take_stays_and_quotes_it_no_more(guild: Guild):
    take = await shown(guild, guild.bob, await guild.team_card())
    opened = await guild.alice.click(take, label="Push back")
    await guild.alice.submit_modal(opened, {"side": "proprietary", "text": ANSWER})
    await guild.later()
    answer = guild.news.threads[0].history()[-1]

    await remove(guild, take)
    await guild.later()

    assert guild.fresh(answer).content == f"<@{guild.alice.id}> · 🟧 Team Proprietary\n> {ANSWER}"


async def test_a_removed_takes_message_goes_although_its_thread_is_archived(guild: Guild):
    take = await shown(guild, guild.bob, await guild.team_card())
    guild.env.inject_error("DELETE", "/channels/*/messages/*", status=400, code=50083, message="Thread is archived")

    await remove(guild, take)
    await guild.later()

    assert not stands(guild, take)


async def test_a_take_whose_message_somebody_deleted_can_be_left_at_that(guild: Guild):
    take = await shown(guild, guild.bob, await guild.team_card())
    guild.env.backend.delete_message(take.channel.id, take.id)

    await guild.told("privacy", by=guild.bob)
    async with guild.store.begin() as connection:
        await guild.store.threads.withdraw(connection, [1], guild.newsroom.takes._now())
    await guild.later()
    await guild.later()

    assert len(guild.requests("DELETE", f"/messages/{take.id}")) == 1


async def test_a_moderator_can_block_the_author_of_an_anonymous_take_and_learns_no_name(guild: Guild):
    card = await guild.team_card()
    await guild.told("channel discussion", anonymous_takes=True)
    take = await shown(guild, guild.bob, card, anonymous=True)

    sure = (await guild.mod.context_menu(guild.news.threads[0], "Remove take", take)).response
    await guild.mod.click(sure, label="Remove it and block its author for a week")

    assert read(sure) == BLOCKED
    blocked = await hot_form(guild, guild.bob, card)
    assert blocked.ephemeral
    assert read(blocked.response).startswith("The moderators of this server take no takes of yours until <t:")
    assert controls(await hot_form(guild, guild.alice, card))
    await guild.mod.click(sure, label="Lift the block")
    assert read(sure) == "Lifted: nobody is blocked for that take any more." and labels(sure) == []
    assert controls(await hot_form(guild, guild.bob, card))


async def test_who_moderates_the_server_is_blocked_by_nobody_and_given_away_to_nobody(guild: Guild):
    card = await guild.team_card()
    await guild.told("channel discussion", anonymous_takes=True)
    take = await shown(guild, guild.alice, card, anonymous=True)

    assert await remove(guild, take, "Remove it and block its author for a week") == BLOCKED

    assert controls(await hot_form(guild, guild.alice, card))


async def test_who_moderates_one_channel_removes_what_was_said_there_and_blocks_nobody(guild: Guild):
    take = await shown(guild, guild.alice, await guild.team_card())
    talk = guild.guild.create_text_channel("talk")
    guild.permit(talk, guild.bob, "manage_messages")
    await guild.env.settle()
    before = await guild.rows()

    elsewhere = await guild.counterfeit(guild.bob, "remove-take:1:remove", where=talk)
    assert [read(each) for each in elsewhere.followups] == [
        f"For this you need **Manage Messages** in {guild.news.mention}."
    ]
    guild.permit(guild.news, guild.bob, "manage_messages")
    await guild.env.settle()
    for custom_id in ("remove-take:1:block", "lift-block:1"):
        refused = await guild.counterfeit(guild.bob, custom_id)
        assert NEEDED_IN_ALL in [read(each) for each in (*filter(None, [refused.response]), *refused.followups)]
    assert await guild.rows() == before
    sure = await guild.bob.context_menu(guild.news.threads[0], "Remove take", take)
    assert labels(sure.response) == ["Remove it"]
    await guild.bob.click(sure.response, label="Remove it")
    assert read(sure.response) == "Removed."


async def test_admins_read_that_a_take_was_removed_and_not_a_word_of_it(guild: Guild):
    ops = guild.guild.create_text_channel("ops")
    told_in(guild, ops)
    take = await shown(guild, guild.bob, await guild.team_card())

    await remove(guild, take, "Remove it and block its author for a week")
    await guild.later()

    (thread,) = guild.news.threads
    assert [message.content for message in ops.history()] == [
        f"<@{guild.mod.id}> removed a take in <#{thread.id}> and blocked its author from takes for a week."
    ]
    assert guild.requests("POST", f"/channels/{ops.id}/messages")[-1].json["allowed_mentions"] == {"parse": []}


async def test_without_a_channel_for_admins_whoever_added_the_feed_reads_that_a_take_was_removed(guild: Guild):
    take = await shown(guild, guild.bob, await guild.team_card())

    assert await remove(guild, take) == "Removed."
    await guild.later()

    assert not stands(guild, take)
    (thread,) = guild.news.threads
    assert [message.content for message in guild.alice.user.dm_channel.history()] == [
        f"<@{guild.mod.id}> removed a take in <#{thread.id}>.\n-# In the server AI corner"
    ]


async def test_members_cannot_remove_takes_by_menu_or_forged_button(guild: Guild):
    take = await shown(guild, guild.bob, await guild.team_card())
    guild.allow("Remove take", guild.bob)
    before = await guild.rows()

    by_menu = await guild.bob.context_menu(guild.news.threads[0], "Remove take", take)
    by_button = await guild.counterfeit(guild.bob, "remove-take:1:block")

    assert (read(by_menu.response), read(by_button.response)) == (NEEDED, NEEDED)
    assert await guild.rows() == before


async def test_a_message_that_shows_no_take_is_told_as_such(guild: Guild):
    card = await guild.team_card()

    told = await guild.mod.context_menu(guild.news, "Remove take", card)

    assert told.ephemeral and read(told.response) == "That message shows nothing of mine that can be removed here."


async def test_a_take_that_no_thread_shows_is_removed_by_the_result_that_quotes_it_or_from_the_list(guild: Guild):
    poll = await guild.ask()
    await guild.votes(poll, Open_source=7)
    for voter, text in zip((guild.bob, guild.alice, guild.mod), (WORDS, ANSWER, OTHER_WORDS), strict=True):
        form = await voter.click(await guild.answer(voter, poll, "Open source"), label="Say why")
        await voter.submit_modal(form, {"side": "open", "text": text})
    await guild.told("poll close", poll="1")
    await guild.later()
    result = guild.news.last_message
    assert WORDS in result.content

    menu = (await guild.mod.context_menu(guild.news, "Remove take", result)).response
    assert options(menu)[0]["label"] == WORDS
    sure = await guild.mod.select(menu, [options(menu)[0]["value"]])
    await guild.mod.click(sure.response, label="Remove it")
    await guild.later()
    listed = (await guild.mod.slash(guild.news, "takes top")).response
    sure = await guild.mod.select(listed, [options(listed)[-1]["value"]])
    await guild.mod.click(sure.response, label="Remove it")

    assert WORDS not in guild.fresh(result).content
    left = (await guild.bob.slash(guild.news, "takes top")).response
    assert [text in read(left) for text in (WORDS, ANSWER, OTHER_WORDS)] == [False, True, False]
    assert options(left) == [], "who doesn't moderate has no menu"


async def test_moderators_of_another_server_reach_no_take_of_this_one(guild: Guild):
    await shown(guild, guild.bob, await guild.team_card())
    elsewhere = guild.env.create_guild("Elsewhere")
    talk = elsewhere.create_text_channel("talk")
    await guild.env.settle()
    stranger = member(guild.env, elsewhere, "stranger", manage_messages=True)
    before = await guild.rows()

    for custom_id in ("remove-take:1:block", f"fire:{guild.newsroom.takes.mark(1)}"):
        result = await guild.counterfeit(stranger, custom_id, where=talk)
        assert GONE in [read(each) for each in result.followups]

    assert await guild.rows() == before


# Privacy


async def test_who_has_all_data_deleted_takes_the_message_along(guild: Guild):
    take = await shown(guild, guild.bob, await guild.team_card())

    await guild.newsroom.members.forget(guild.bob.id, guild.guild.id)
    await guild.later()

    assert not stands(guild, take)


# Where takes are off


async def test_where_takes_are_off_no_button_offers_one_and_an_old_form_is_refused(guild: Guild):
    card = await guild.team_card()
    opened = await hot_form(guild, guild.bob, card)
    await guild.told("channel discussion", takes=False)

    sent = await guild.bob.submit_modal(opened, {"side": "open", "text": WORDS})
    answer = await guild.answer(guild.bob, card, "Open source")
    await guild.bob.click(card, label="Discuss")
    await guild.later()

    assert refusal(sent.response) == "Takes are off in this channel."
    assert "Say why" not in labels(answer)
    (opener,) = guild.news.threads[0].history()
    assert labels(opener) == ["Find in article"]
    assert re.search("Where this server stands", opener.content)


async def test_what_stood_before_takes_and_questions_went_off_loses_its_buttons_and_gets_them_back(guild: Guild):
    card = await guild.team_card()
    take = await shown(guild, guild.bob, card)
    (thread,) = guild.news.threads
    told = await guild.bob.slash(thread, "ask", question="When does the paper follow?")
    await guild.bob.click(told.response, label="Share in the thread")
    await guild.later()
    before = [(message.content, labels(message)) for message in thread.history()]
    assert [names for _, names in before] == [
        ["Hot take", "Find in article"],
        ["Hot", "Push back"],
        ["Find in article"],
    ]
    fire = f"fire:{guild.newsroom.takes.mark(1)}"

    await guild.told("channel discussion", takes=False, ask=False)
    await guild.later()
    await guild.later()

    assert [(message.content, labels(message)) for message in thread.history()] == [(said, []) for said, _ in before]
    refused = await guild.counterfeit(guild.alice, fire)
    assert [read(each) for each in refused.followups] == ["Takes are off in this channel."]
    await guild.told("channel discussion", takes=True, ask=True)
    await guild.later()
    await guild.later()
    assert [(message.content, labels(message)) for message in thread.history()] == before
    assert guild.fresh(take).content == take.content
