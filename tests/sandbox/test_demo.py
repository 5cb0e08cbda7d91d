"""The demo as a whole, with a small bot in place of the real one: how it ends, and what it says."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from sandbox.demo import demo
from sandbox.errors import DemoFailed
from sandbox.walk import Walk

# A bot that logs in where it is told to, and answers /feed add; CARD is what it does then.
BOT = """
import asyncio, os, sys
import discord, yarl
from discord import app_commands

discord.http.Route.BASE = os.environ["DISCORD_API_URL"]

class Bot(discord.Client):
    async def setup_hook(self):
        _, gateway, _ = await self.http.get_bot_gateway()
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
        tree = app_commands.CommandTree(self)
        feed = app_commands.Group(name="feed", description="Feeds")
        @feed.command()
        async def add(interaction: discord.Interaction, url: str, channel: discord.TextChannel | discord.ForumChannel):
            "Add a feed."
            await interaction.response.send_message("added", ephemeral=True)
            CARD
        tree.add_command(feed)
        await tree.sync()

async def main():
    import signal
    bot = Bot(intents=discord.Intents(guilds=True))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: asyncio.create_task(bot.close()))
    await bot.start(os.environ["DISCORD_TOKEN"])

asyncio.run(main())
"""
CARD = """
            if isinstance(channel, discord.TextChannel):
                await channel.send(url, embed=discord.Embed(title=url))
"""


class Bot:
    """The file that is started as the bot, alone in its folder; the demo's own folder lies beside it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bot.py"
        self.becomes(BOT.replace("            CARD", CARD))

    def becomes(self, source: str) -> None:
        self.path.write_text(source)

    def left(self) -> list[str]:
        """What lies in the folder."""
        return [path.name for path in self.path.parent.iterdir()]

    def log(self, failure: DemoFailed) -> str:
        """What the bot wrote, found by what the demo said."""
        return Path(str(failure).split("log: ")[1]).read_text()


@pytest.fixture
def bot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bot:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    bot = Bot(tmp_path)
    monkeypatch.setattr("sandbox.show.BOT", bot.path)
    return bot


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set once the crowd has shown what it could."""
    ended, go = asyncio.Event(), Walk.go

    async def go_and_tell(self: Walk) -> None:
        await go(self)
        ended.set()

    monkeypatch.setattr(Walk, "go", go_and_tell)
    return ended


async def test_a_demo_with_cards_ends_well_and_leaves_nothing(bot: Bot, capsys: pytest.CaptureFixture[str]):
    await demo(port=0, feeds=["http://127.0.0.1:9/own.xml"], exit_after=0)

    out = capsys.readouterr().out
    assert "This is not Discord" in out
    assert "/feed add http://127.0.0.1:9/own.xml: added" in out
    assert "The crowd showed nothing." in out
    assert bot.left() == ["bot.py"]


async def test_the_crowd_shows_the_real_bot_from_discuss_to_the_recap(
    walked: asyncio.Event, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name, seconds in (("PAUSE_SECONDS", 0), ("CLICK_SECONDS", 0), ("AGAIN_SECONDS", 0.5)):
        monkeypatch.setattr(f"sandbox.walk.{name}", seconds)
    running = asyncio.create_task(demo(port=0))
    await walked.wait()
    running.cancel()
    await running

    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "The crowd showed Discuss, Hot takes, Fire, Push back, Ask, Debate, Result, Recap."


async def test_a_bot_that_the_crowd_cannot_discuss_with_does_not_end_the_demo(
    bot: Bot, walked: asyncio.Event, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sandbox.walk.PATIENCE", 0.05)
    running = asyncio.create_task(demo(port=0))
    await walked.wait()
    running.cancel()
    await running

    out = capsys.readouterr().out
    assert "The crowd showed nothing.\nThe crowd got no further: waited 0.05 s for what follows the first card." in out


async def test_a_demo_that_is_told_to_end_tells_how_many_cards_it_posted(
    bot: Bot, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    first_card = asyncio.Event()
    monkeypatch.setattr("sandbox.site.DemoSite.publish", _told(first_card))
    running = asyncio.create_task(demo(port=0))
    await first_card.wait()
    running.cancel()
    await running

    assert re.search(r"^[1-9]\d* cards were posted\.$", capsys.readouterr().out, re.MULTILINE)
    assert bot.left() == ["bot.py"]


async def test_a_demo_that_is_told_to_end_before_its_first_card_has_failed(bot: Bot, monkeypatch: pytest.MonkeyPatch):
    connected = asyncio.Event()
    monkeypatch.setattr("sandbox.show._add_feeds", _told(connected))
    running = asyncio.create_task(demo(port=0))
    await connected.wait()
    running.cancel()
    with pytest.raises(DemoFailed, match="ended before a card was posted"):
        await running


def _told(event: asyncio.Event) -> Callable[..., Awaitable[None]]:
    """In place of a step of the demo: only tells that it came so far."""

    async def tell(*_: object) -> None:
        event.set()

    return tell


async def test_a_demo_without_cards_fails_and_names_the_log(bot: Bot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sandbox.show.FIRST_CARD_SECONDS", 0.05)
    bot.becomes(BOT.replace("CARD", "pass"))
    with pytest.raises(DemoFailed, match="the first card, in vain") as failed:
        await demo(port=0, exit_after=0)

    assert failed.value.code == 1
    assert bot.log(failed.value) is not None


async def test_a_bot_that_ends_by_itself_ends_the_demo(bot: Bot):
    bot.becomes("print('no'); raise SystemExit(3)")
    with pytest.raises(DemoFailed, match="ended by itself with status 3"):
        await demo(port=0, exit_after=60)


async def test_the_bot_sees_only_the_demos_own_settings(bot: Bot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DISCORD_TOKEN", "a real one")
    monkeypatch.setenv("FEED_CONTACT", "me@example.org")
    bot.becomes("import os; print(sorted(os.environ), os.environ['DISCORD_TOKEN'], os.listdir())")
    with pytest.raises(DemoFailed) as failed:
        await demo(port=0, exit_after=60)

    log = bot.log(failed.value)
    assert "a real one" not in log and "FEED_CONTACT" not in log
    assert "sandbox.token.not-a-secret ['bot.log']" in log


async def test_a_port_that_is_taken_is_told_and_leaves_nothing(bot: Bot):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(DemoFailed, match=f"port {port} can't be used") as failed:
            await demo(port=port, exit_after=0)

    assert failed.value.code == 2
    assert bot.left() == ["bot.py"]


async def test_without_the_development_group_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DemoFailed, match="pip install uv && uv run") as failed:
        await demo(port=0, exit_after=0)

    assert failed.value.code == 2


def test_the_door_of_the_demo_needs_the_standard_library_alone():
    source = Path(sys.modules["sandbox.demo"].__file__).read_text()
    top = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
    assert not [line for line in top if "simcord" in line or "aiohttp" in line or "sandbox" in line]
