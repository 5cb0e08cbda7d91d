"""Whatever goes wrong, the caller gets a sentence, where a sentence can stand."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import discord
import pytest
import simcord
from discord import app_commands
from discord.ext import commands

from cogs.views.replies import OUR_MISTAKE, explain, in_words, permission_name
from newsroom.errors import RequestRefused

REFUSED = RequestRefused("That can't be done. `/help` shows what can.")


class Faulty(discord.ui.View):
    """A button that is acknowledged and then fails."""

    @discord.ui.button(label="Go")
    async def go(self, interaction: discord.Interaction, button: discord.ui.Button[Any]) -> None:
        await interaction.response.defer()
        raise REFUSED

    async def on_error(self, interaction: discord.Interaction, error: Exception, item: Any, /) -> None:
        await explain(interaction, error)


class FaultyLayout(discord.ui.LayoutView):
    """The same in a message that is nothing but components."""

    row = discord.ui.ActionRow[Any]()

    @row.button(label="Go")
    async def go(self, interaction: discord.Interaction, button: discord.ui.Button[Any]) -> None:
        await interaction.response.defer()
        raise REFUSED

    async def on_error(self, interaction: discord.Interaction, error: Exception, item: Any, /) -> None:
        await explain(interaction, error)


class Tree(app_commands.CommandTree[Any]):
    async def on_error(self, interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        await explain(interaction, error)


class Bot(commands.AutoShardedBot):
    """A bot whose commands fail: at once, after they were acknowledged, or behind a button."""

    def __init__(self) -> None:
        super().__init__((), intents=discord.Intents(guilds=True), tree_cls=Tree)

    async def setup_hook(self) -> None:
        @self.tree.command()
        async def fail(interaction: discord.Interaction, late: bool = False, oddly: bool = False) -> None:
            """Fail."""
            if late:
                await interaction.response.defer(ephemeral=True, thinking=True)
            raise ZeroDivisionError if oddly else REFUSED

        @self.tree.command()
        async def show(interaction: discord.Interaction, public: bool = False, layout: bool = False) -> None:
            """Show a button that fails."""
            view = FaultyLayout() if layout else Faulty()
            content = {} if layout else {"content": "News"}
            await interaction.response.send_message(view=view, ephemeral=not public, **content)

        await self.tree.sync()


@dataclass
class Stage:
    env: Any
    alice: Any
    channel: Any
    errors: list[type[BaseException]] = field(default_factory=lambda: [RequestRefused])

    async def use(self, command: str, **options: bool) -> Any:
        return await self.alice.slash(self.channel, command, **options)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    env = simcord.Env(Bot(), shard_count=1)
    await env.start()
    guild = env.create_guild("G")
    stage = Stage(env, guild.add_member(env.create_user("alice")), guild.create_text_channel("news"))
    yield stage
    await env.bot.close()
    await env.shutdown()
    assert [type(getattr(error, "original", error)) for error in env.errors] == stage.errors


@pytest.mark.parametrize("late", [True, False])
async def test_a_command_that_is_refused_says_why_to_its_caller_alone(stage: Stage, late: bool):
    result = await stage.use("fail", late=late)

    assert result.ephemeral
    assert result.response.content == str(REFUSED)


async def test_what_nobody_foresaw_is_our_mistake_and_stands_in_the_log(stage: Stage, caplog: pytest.LogCaptureFixture):
    stage.errors = [ZeroDivisionError]

    result = await stage.use("fail", oddly=True)

    assert result.response.content == OUR_MISTAKE
    (record,) = [record for record in caplog.records if record.name == "cogs.views.replies"]
    assert (record.getMessage(), record.levelno) == ("answering fail failed", logging.ERROR)
    assert record.exc_info


async def test_a_private_question_gives_way_to_what_went_wrong(stage: Stage):
    shown = await stage.use("show")

    await stage.alice.click(shown.response, label="Go")

    assert shown.response.content == str(REFUSED)
    assert shown.response.components == []


@pytest.mark.parametrize("options", [{"public": True}, {"layout": True}, {"public": True, "layout": True}])
async def test_what_others_read_and_what_is_no_text_stays_and_the_caller_is_told_beside_it(
    stage: Stage, options: dict[str, bool]
):
    shown = await stage.use("show", **options)
    before = shown.response.content, shown.response.components

    clicked = await stage.alice.click(shown.response, label="Go")

    assert (shown.response.content, shown.response.components) == before
    assert [(message.content, message.ephemeral) for message in clicked.followups] == [(str(REFUSED), True)]


async def test_where_discord_takes_no_answer_any_more_that_is_only_logged(
    stage: Stage, caplog: pytest.LogCaptureFixture
):
    stage.env.inject_error("POST", "/interactions/*/callback", status=404, code=10062, message="Unknown interaction")

    await stage.use("fail")

    assert "a caller could not be told what went wrong" in caplog.text


def test_an_outdated_command_says_what_helps():
    for error in (
        app_commands.CommandNotFound("feed", []),
        app_commands.TransformerError("x", discord.AppCommandOptionType.integer, app_commands.Transformer()),
    ):
        assert in_words(error) == "This command has changed since. Restart Discord and try it again."


def test_permissions_are_called_what_discord_calls_them():
    names = ("manage_guild", "manage_messages", "read_messages", "view_channel", "send_messages_in_threads")

    assert [permission_name(name) for name in names] == [
        "Manage Server",
        "Manage Messages",
        "View Channel",
        "View Channel",
        "Send Messages in Threads",
    ]
    assert in_words(app_commands.MissingPermissions(["manage_guild", "manage_messages"])) == (
        "For this you need the permission **Manage Server**, **Manage Messages**."
    )
