from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import discord
import pytest
import pytest_asyncio
import simcord
from discord import app_commands
from discord.ext import commands

from cogs.views import markdown
from cogs.views.panels import (
    NOT_YOURS,
    PATIENCE,
    ROWS_A_PAGE,
    FeedRow,
    Reply,
    channels,
    choice_name,
    choose_feed,
    choose_tag,
    completion_name,
    feed_added,
    feed_list,
    feed_removed,
    help_panel,
    permissions_missing,
    undo_item,
)
from cogs.views.replies import OUR_MISTAKE
from newsroom.desk.subscriptions import UNDO_WINDOW
from newsroom.errors import RequestRefused
from newsroom.models import Backlog
from newsroom.text import length
from tests.makers import NOW, ago, feed_link
from tests.openapi import check_env

NEVER_READ_BY_MEMBERS = {"camp", "delivery", "deliveries", "deferred", "quarantined", "backlog"}


def row(number: int = 1, **fields: Any) -> FeedRow:
    known: dict[str, Any] = {
        "title": f"Feed {number}",
        "url": f"https://lab.example/{number}.xml",
        "channel_id": 2001,
        "state": "active",
        "last_success": ago(minutes=5),
        "next_check": NOW,
        "error": None,
    }
    return FeedRow(**known | fields)


class Bot(commands.AutoShardedBot):
    """A bot with one command, /show, which defers and then shows what the test wants."""

    def __init__(self) -> None:
        super().__init__((), intents=discord.Intents(guilds=True), allowed_mentions=discord.AllowedMentions.none())
        self.reply: Callable[[discord.Interaction[Any]], Reply] = lambda interaction: help_panel()
        self.at_once = False

    async def setup_hook(self) -> None:
        @self.tree.command()
        async def show(interaction: discord.Interaction[Any]) -> None:
            """Show it."""
            if self.at_once:
                await interaction.response.send_message(**self.reply(interaction).send())
            else:
                await interaction.response.defer(ephemeral=True)
                await interaction.edit_original_response(**self.reply(interaction).edit())

        assert isinstance(show, app_commands.Command)
        await self.tree.sync()


class Stage:
    """A channel in which alice calls /show."""

    def __init__(self, env: simcord.Env) -> None:
        guild = env.create_guild("G")
        self.env = env
        self.expected_errors: list[type[Exception]] = []
        self.channel = guild.create_text_channel("news")
        self.alice = guild.add_member(env.create_user("alice"))

    async def show(self, reply: Callable[[discord.Interaction[Any]], Reply], *, at_once: bool = False) -> Any:
        self.env.bot.reply = reply
        self.env.bot.at_once = at_once
        return await self.alice.slash(self.channel, "show")


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    env = simcord.Env(Bot(), shard_count=1)
    await env.start()
    stage = Stage(env)
    yield stage
    check_env(env)
    await env.bot.close()
    await env.shutdown()
    assert [type(error) for error in env.errors] == stage.expected_errors


def parts_of(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for part in components:
        yield part
        yield from parts_of(part.get("components", []))


def text_of(message: Any) -> str:
    """All that a member reads in a message made of Components V2."""
    return "\n".join(part["content"] for part in parts_of(message.components) if "content" in part)


def labels_of(message: Any) -> list[str]:
    return [part["label"] for part in parts_of(message.components) if "label" in part]


def saying(text: str) -> Callable[..., Awaitable[Reply]]:
    async def then(*_: Any) -> Reply:
        return Reply(text)

    return then


async def test_the_list_tells_channel_state_times_and_the_last_error_of_each_feed(stage: Stage):
    shown = await stage.show(lambda asked: feed_list(asked, [row(state="paused", error="The server is busy.")]))

    assert shown.ephemeral
    assert text_of(shown.response) == (
        "### 1 feed\n"
        "**Feed 1** in <#2001> · paused\n"
        "-# https\\://lab.example/1.xml\n"
        f"-# last read <t:{int(ago(minutes=5).timestamp())}:R> · next check <t:{int(NOW.timestamp())}:t>\n"
        "⚠️ The server is busy."
    )


async def test_a_long_list_is_turned_page_by_page(stage: Stage):
    shown = await stage.show(lambda asked: feed_list(asked, [row(number) for number in range(1, 13)]))
    assert "Page 1 of 3" in text_of(shown.response)
    assert "Feed 5" in text_of(shown.response)
    assert "Feed 6" not in text_of(shown.response)

    await stage.alice.click(shown.response, label="Next")
    await stage.alice.click(shown.response, label="Next")
    assert "Page 3 of 3" in text_of(shown.response)
    assert "Feed 12" in text_of(shown.response)

    await stage.alice.click(shown.response, label="Previous")
    assert "Page 2 of 3" in text_of(shown.response)


async def test_a_list_that_nobody_turns_any_more_keeps_its_text_and_loses_its_buttons(stage: Stage):
    shown = await stage.show(lambda asked: feed_list(asked, [row(number) for number in range(1, 13)]))
    assert labels_of(shown.response) == ["Previous", "Next"]

    await stage.env.advance_time(PATIENCE + 1)

    assert "Feed 1" in text_of(shown.response)
    assert labels_of(shown.response) == []


async def test_a_list_of_one_page_has_no_buttons(stage: Stage):
    shown = await stage.show(lambda asked: feed_list(asked, [row(number) for number in range(ROWS_A_PAGE)]))

    assert labels_of(shown.response) == []


async def test_the_list_of_a_channel_tells_that_others_get_more(stage: Stage):
    shown = await stage.show(lambda asked: feed_list(asked, [row()], [2, 2, 3]))

    assert "-# Other channels get 3 more feeds: `/feed list channel` shows them" in text_of(shown.response)


async def test_the_list_of_a_channel_without_feeds_names_those_that_have_some(stage: Stage):
    shown = await stage.show(lambda asked: feed_list(asked, [], [2, 2, 3]))

    assert shown.response.content == (
        "That channel gets no feed. Others do: <#2> and <#3>. `/feed list channel` shows which."
    )


async def test_an_empty_list_says_how_to_begin(stage: Stage):
    shown = await stage.show(lambda asked: feed_list(asked, []))

    assert shown.response.content == "There are no feeds here yet. Add the first one with `/feed add`."


@pytest.mark.parametrize("text", ["*" * 5000, "word " * 1000, "😀" * 3000, "<@1>" * 1000])
async def test_a_page_of_the_longest_rows_fits_into_one_message(stage: Stage, text: str):
    backlog = Backlog(waiting=10_000, waiting_for=text, refused=10_000, refused_for=text)
    longest = row(title=text, url=f"https://{text}", channel_id=2**63, state=text, error=text)

    shown = await stage.show(
        lambda asked: feed_list(asked, [longest] * 20, [1] * 10_000, suspended_for=text, backlog=backlog)
    )

    assert text_of(shown.response).count("⚠️") == ROWS_A_PAGE + 2
    assert length(text_of(shown.response)) <= markdown.LAYOUT_TEXT
    assert len(list(parts_of(shown.response.components))) <= markdown.LAYOUT_COMPONENTS


async def test_only_the_caller_turns_pages(stage: Stage):
    shown = await stage.show(lambda asked: feed_list(asked, [row(number) for number in range(1, 13)]))
    view = next(iter(stage.env.bot._connection._view_store._synced_message_views.values()))

    class Somebody:
        class user:
            id = 1

        class response:
            @staticmethod
            async def send_message(content: str, *, ephemeral: bool) -> None:
                told.append((content, ephemeral))

    told: list[tuple[str, bool]] = []
    assert not await view.interaction_check(Somebody())
    assert told == [(NOT_YOURS, True)]
    assert "Page 1 of 3" in text_of(shown.response)


async def test_a_list_tells_what_keeps_the_channel_from_its_stories(stage: Stage):
    backlog = Backlog(waiting=3, waiting_for="It is busy.", refused=1, refused_for="AutoMod blocks it.")
    shown = await stage.show(lambda asked: feed_list(asked, [row()], backlog=backlog))

    assert text_of(shown.response).startswith(
        "### 1 feed\n"
        "-# Waiting: 3 stories. It is busy.\n"
        "⚠️ Lately 1 story could not be posted. AutoMod blocks it.\n"
        "**Feed 1**"
    )


async def test_the_list_of_a_channel_that_refuses_us_says_how_to_go_on(stage: Stage):
    backlog = Backlog(waiting=1, waiting_for="I can't write there.", refused=0, refused_for=None)
    shown = await stage.show(
        lambda asked: feed_list(asked, [row()], suspended_for="I can't write there.", backlog=backlog)
    )

    assert text_of(shown.response).startswith(
        "### 1 feed\n⚠️ I can't write there. Then I go on by myself; `/channel resume` there tries it at once.\n"
        "-# Waiting: 1 story.\n**Feed 1**"
    )


def undoing(
    then: Callable[..., Awaitable[Reply]], removed_at: datetime = NOW
) -> Callable[[discord.Interaction[Any]], Reply]:
    """A feed that was removed from two channels and can be brought back by ``then``."""
    undo = undo_item(then)
    return lambda asked: feed_removed(asked, "Lab *Notes*", [1, 2], undo(17, removed_at))


async def test_removing_can_be_undone_once(stage: Stage):
    shown = await stage.show(undoing(saying("It is back.")))
    assert (
        shown.response.content
        == "**Lab \\*Notes\\*** no longer posts in <#1> and <#2>. You can undo this for 10 minutes."
    )

    await stage.alice.click(shown.response, label="Undo")

    assert shown.response.content == "It is back."
    assert labels_of(shown.response) == []


async def test_the_undo_tells_exactly_which_removal_is_meant(stage: Stage):
    async def told(_: Any, feed_id: int, removed_at: datetime) -> Reply:
        return Reply(f"{feed_id} at {removed_at.isoformat()}")

    shown = await stage.show(undoing(told, NOW + timedelta(microseconds=123457)))
    await stage.alice.click(shown.response, label="Undo")

    assert shown.response.content == "17 at 2026-01-01T12:00:00.123457+00:00"


async def test_the_undo_goes_away_after_ten_minutes(stage: Stage):
    shown = await stage.show(undoing(saying("It is back.")))

    await stage.env.advance_time(UNDO_WINDOW.total_seconds() - 1)
    assert labels_of(shown.response) == ["Undo"]
    await stage.env.advance_time(2)
    assert labels_of(shown.response) == []


async def test_an_undo_that_is_refused_says_why(stage: Stage):
    async def refuse(*_: Any) -> Reply:
        raise RequestRefused("That can't be undone any more.")

    shown = await stage.show(undoing(refuse))
    await stage.alice.click(shown.response, label="Undo")

    assert shown.response.content == "That can't be undone any more."
    assert labels_of(shown.response) == []


async def test_an_undo_that_fails_by_our_mistake_says_so(stage: Stage):
    async def fail(*_: Any) -> Reply:
        raise ZeroDivisionError

    shown = await stage.show(undoing(fail))
    await stage.alice.click(shown.response, label="Undo")

    assert shown.response.content == OUR_MISTAKE
    assert labels_of(shown.response) == []


async def test_a_choice_that_is_refused_says_why(stage: Stage):
    async def refuse(_: Any) -> Reply:
        raise RequestRefused("That is no feed.")

    shown = await stage.show(lambda asked: choose_feed(asked, [feed_link()], refuse))
    await stage.alice.select(shown.response, ["0"])

    assert shown.response.content == "That is no feed."
    assert shown.response.components == []
    stage.expected_errors = [RequestRefused]


async def test_of_several_feeds_the_chosen_one_is_added(stage: Stage):
    links = [feed_link(url=f"https://lab.example/{'x' * 200}{number}", title=f"Feed {number}") for number in range(30)]

    async def then(link: Any) -> Reply:
        return Reply(f"chosen: {links.index(link)}")

    shown = await stage.show(lambda asked: choose_feed(asked, links, then))
    assert shown.response.content == "That page has 30 feeds. Which one shall I add?"
    await stage.alice.select(shown.response, ["7"])

    assert shown.response.content == "chosen: 7"
    assert shown.response.components == []


async def test_an_answer_may_ask_the_next_question(stage: Stage):
    tags = [discord.ForumTag(name="Models"), discord.ForumTag(name="Chips", emoji="🔥")]

    async def tagged(tag: discord.ForumTag) -> Reply:
        return Reply(f"tagged: {tag.name}")

    async def chosen(_: Any) -> Reply:
        return choose_tag(asked_first, tags, tagged)

    def ask(asked: discord.Interaction[Any]) -> Reply:
        nonlocal asked_first
        asked_first = asked
        return choose_feed(asked, [feed_link(), feed_link(title="Other")], chosen)

    asked_first: Any = None
    shown = await stage.show(ask)
    await stage.alice.select(shown.response, ["1"])
    await stage.alice.select(shown.response, ["1"])

    assert shown.response.content == "tagged: Chips"


async def test_a_second_question_closes_by_itself_however_late_it_was_asked(stage: Stage):
    async def chosen(_: Any) -> Reply:
        return choose_tag(asked_first, [discord.ForumTag(name="Models")], saying("tagged"))

    def ask(asked: discord.Interaction[Any]) -> Reply:
        nonlocal asked_first
        asked_first = asked
        return choose_feed(asked, [feed_link(), feed_link(title="Other")], chosen)

    asked_first: Any = None
    shown = await stage.show(ask)
    await stage.env.advance_time(PATIENCE - 1)
    await stage.alice.select(shown.response, ["1"])
    assert "need a tag" in shown.response.content

    # Longer after the command than Discord lets its answer be changed.
    await stage.env.advance_time(PATIENCE + 1)

    assert shown.response.components == []


async def test_what_was_added_tells_what_was_found_and_what_comes_where():
    reply = feed_added(title="Lab Notes", items=12, newest="A *new* model", channel_id=2001, posting_now=1)

    assert reply.content == (
        "**Lab Notes** now posts in <#2001>.\n"
        "It has 12 articles. The newest: **A \\*new\\* model**\n"
        "I post the newest one now, then each new one as it appears."
    )


@pytest.mark.parametrize(
    ("posting_now", "sentence"),
    [
        (0, "I post each new one as it appears."),
        (3, "I post the newest 3 now, then each new one as it appears."),
    ],
)
def test_what_was_added_tells_how_many_come_at_once(posting_now: int, sentence: str):
    reply = feed_added(title="Lab Notes", items=12, newest="News", channel_id=2001, posting_now=posting_now)

    assert sentence in (reply.content or "")


def test_where_news_is_stopped_nothing_is_said_to_come_now():
    reply = feed_added(title="Lab", items=12, newest="News", channel_id=2001, posting_now=3, stopped=True)

    assert (reply.content or "").splitlines()[-1] == (
        "⚠️ That channel gets no news at the moment, so all of it waits. `/channel resume` there lets it in."
    )


def test_of_many_channels_the_first_are_named():
    assert channels([1]) == "<#1>"
    assert channels([1, 2]) == "<#1> and <#2>"
    assert channels(range(1, 13)).endswith("<#9>, <#10> and 2 other channels")


def test_each_missing_permission_is_called_what_discord_calls_it():
    missing = ["read_messages", "send_messages_in_threads", "read_message_history"]

    assert permissions_missing(2001, missing) == (
        "⚠️ In <#2001> I still need **View Channel**, **Send Messages in Threads**, **Read Message History**. "
        "The channel's settings have a page for that."
    )
    assert permissions_missing(2001, []) == ""


@pytest.mark.parametrize(
    ("title", "url", "name"),
    [
        ("Lab\nNotes", "https://lab.example/", "Lab Notes"),
        ("", "https://lab.example/", "https://lab.example/"),
        ("", "", "?"),
        ("*bold*", "", "*bold*"),
    ],
)
def test_a_choice_is_called_by_its_title_or_else_its_address(title: str, url: str, name: str):
    assert choice_name(title, url) == name


@pytest.mark.parametrize(
    ("title", "url", "name"),
    [
        ("Lab\nNotes", "https://lab.example/feed.xml", "Lab Notes · lab.example/feed.xml"),
        ("", "https://lab.example/feed.xml", "lab.example/feed.xml"),
        ("", "", "?"),
    ],
)
def test_while_somebody_types_a_feed_is_called_by_title_and_address(title: str, url: str, name: str):
    assert completion_name(title, url) == name


@pytest.mark.parametrize("title", ["😀" * 500, "word " * 100, ""])
@pytest.mark.parametrize("url", [f"https://lab.example/{'x' * 500}", "x y " * 100, ""])
def test_a_choice_is_never_called_too_long(title: str, url: str):
    assert 1 <= length(choice_name(title, url)) <= markdown.SELECT_LABEL
    assert 1 <= length(completion_name(title, url)) <= markdown.CHOICE_NAME


def test_the_longest_title_leaves_room_for_the_address():
    assert "· lab.example/xxx" in completion_name("y" * 200, f"https://lab.example/{'x' * 200}")


async def test_help_is_shown_at_once_and_without_our_own_jargon(stage: Stage):
    shown = await stage.show(lambda asked: help_panel(), at_once=True)

    text = text_of(shown.response)
    assert shown.ephemeral
    assert "/feed add" in text
    assert "/channel pause" in text
    assert not NEVER_READ_BY_MEMBERS & set(text.lower().replace("*", " ").replace("`", " ").split())
