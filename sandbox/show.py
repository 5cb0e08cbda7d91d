"""The demo's show: sandbox, feed site and page at one port, and the real bot as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from simcord.backend.models import Channel

from sandbox.actors import CannotDo
from sandbox.crowd import Crowd
from sandbox.errors import CANNOT_START, DemoFailed
from sandbox.guard import is_loopback
from sandbox.page import Page
from sandbox.server import Sandbox
from sandbox.shown import HasId, Member, Message
from sandbox.site import DemoSite
from sandbox.walk import Walk

BOT = Path(__file__).resolve().parent.parent / "bot.py"
# What the bot may take from our own environment; everything of its own is made up below.
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")
DATABASE = "popcorn.db"  # in the demo's folder
TEAM_POLLS = 3  # in each channel
READY_SECONDS = 60.0
FIRST_CARD_SECONDS = 30.0
# The bot takes a second or two; bot.py gives no command more than ten to end, this one included.
END_SECONDS = 9.0

WELCOME = """
This is not Discord: a sandbox on your own machine, with the real bot in it.

  Open {url} in your browser.

New stories appear every few seconds, for about a minute and a half, and a crowd of members discusses the first one.
The page takes you along, from Discuss to the recap, until you click or type something yourself. Then read the cards,
press More, vote where a card asks which side you are on, change your mind, or type / to run a command as alice (an
admin) or as another member: /standings shows who is ahead. Ctrl-C ends it.
"""


@dataclass(frozen=True)
class Cast:
    """Who is there: alice, who is an admin, the channels, who votes in them, and who discusses."""

    alice: Member
    channels: list[Channel]
    crowd: Crowd
    walk: Walk


async def play(port: int, feeds: Sequence[str], exit_after: float | None, folder: Path) -> None:
    """Run the whole show; the bot's database and log lie in ``folder``.

    Being cancelled is how it ends as a rule. Raises DemoFailed when no card was posted, the bot did not do its part,
    or the page can't be served.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + exit_after if exit_after is not None else None
    site = DemoSite()
    pages: list[Page] = []

    def add_page(app: web.Application, sandbox: Sandbox) -> None:
        pages.append(Page(sandbox))
        pages[0].serve(app)
        site.serve(app)

    async with AsyncExitStack() as stack:
        try:
            sandbox = await stack.enter_async_context(Sandbox.running(port=port, parts=[add_page]))
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            sentence = f"port {port} can't be used ({why}). Choose another one with --port."
            raise DemoFailed(sentence, CANNOT_START) from error
        site.base = f"{sandbox.url}/site"
        cast = _furnish(sandbox, pages[0], folder)
        print(WELCOME.format(url=sandbox.url), flush=True)
        async with _bot(sandbox, feeds, folder) as process:
            with contextlib.suppress(asyncio.CancelledError):
                await _while_it_runs(process, _perform(sandbox, site, cast, feeds, deadline))
        if process.returncode != 0:
            raise DemoFailed(f"the bot ended with status {process.returncode}.")
        cards = len(_cards(sandbox, cast.channels))
        if not cards:
            raise DemoFailed("it was ended before a card was posted.")
        print(f"{cards} cards were posted.\n{cast.walk.told()}", flush=True)


async def _perform(sandbox: Sandbox, site: DemoSite, cast: Cast, feeds: Sequence[str], deadline: float | None) -> None:
    """Wait for the bot, give it feeds, publish stories, and let the crowd vote and discuss.

    That goes on until the deadline, or for ever.
    """
    await sandbox.bot_ready(timeout=READY_SECONDS)
    await _welcome_polls(sandbox, cast.alice, cast.channels[0])
    await _add_feeds(sandbox, site, cast.alice, cast.channels, feeds)
    await sandbox.until(lambda: bool(_cards(sandbox, cast.channels)), "the first card", FIRST_CARD_SECONDS)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(deadline), asyncio.TaskGroup() as group:
            group.create_task(site.publish())
            group.create_task(cast.crowd.vote())
            group.create_task(cast.walk.go())


def _furnish(sandbox: Sandbox, page: Page, folder: Path) -> Cast:
    """A guild with a channel of each kind, and its members."""
    guild = sandbox.add_guild("AI corner")
    channels = [
        sandbox.add_text_channel(guild, "ai-news"),
        sandbox.add_announcement_channel(guild, "announcements"),
        sandbox.add_forum(guild, "stories", ["models", "money", "law"]),
    ]
    alice = sandbox.add_member(guild, "alice", manage_guild=True, manage_messages=True)
    visitors = [alice, sandbox.add_member(guild, "bob"), sandbox.add_member(guild, "carol")]
    crowd = Crowd(sandbox, guild, channels)
    moderator = sandbox.add_member(guild, "Maya", manage_messages=True)
    walk = Walk(sandbox, channels[0], moderator, crowd.members, folder / DATABASE)
    page.show(guild, visitors, walk)
    return Cast(alice, channels, crowd, walk)


async def _welcome_polls(sandbox: Sandbox, alice: Member, channel: Channel) -> None:
    """Let alice say that it is about noon where her guild is, and that more than one poll a day is fine.

    At night the bot opens none by itself.
    """
    described = dict(sandbox.commands(alice, channel)).get("poll settings", {})
    if "timezone" in [each["name"] for each in described.get("options") or []]:
        with contextlib.suppress(CannotDo):
            noon = zone_at_noon(datetime.now(UTC))
            await sandbox.slash(alice, channel, "poll settings", timezone=noon, per_day=TEAM_POLLS)


def zone_at_noon(now: datetime) -> str:
    """The time zone in which ``now`` lies between noon and one: "Etc/GMT-5" is five hours ahead, as POSIX has it."""
    ahead = 12 - now.hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


async def _add_feeds(
    sandbox: Sandbox, site: DemoSite, alice: Member, channels: Sequence[Channel], feeds: Sequence[str]
) -> None:
    """Let alice add our feeds, each to the next channel, and the visitor's to the first."""
    places = [channels[number % len(channels)] for number in range(len(site.feeds))]
    for url, channel in [*zip(site.feeds, places, strict=True), *((url, channels[0]) for url in feeds)]:
        try:
            answer = await sandbox.slash(alice, channels[0], "feed add", url=url, channel=channel)
        except CannotDo as error:
            raise DemoFailed(f"/feed add went wrong: {error}.") from error
        # Who watches for a minute wants to see more than four cards an hour.
        offered = dict(sandbox.commands(alice, channels[0]))
        if "channel limits" in offered:
            await sandbox.slash(alice, channels[0], "channel limits", channel=channel, per_hour=0, per_day=0)
        if "channel discussion" in offered and channel is channels[0]:
            await sandbox.slash(alice, channel, "channel discussion", channel=channel, debate=True)
        if url in feeds:
            print(f"/feed add {url}: {answer.text.splitlines()[0] if answer.text else 'no answer'}", flush=True)


def _cards(sandbox: Sandbox, channels: Sequence[Channel]) -> list[Message]:
    """The bot's messages with an embed, in the channels and their threads."""
    places: list[HasId] = [*channels, *(thread for channel in channels for thread in sandbox.threads(channel))]
    return [
        message
        for place in places
        for message in sandbox.messages(place)
        if message.embeds and message.author_id == sandbox.world.bot_user.id
    ]


@asynccontextmanager
async def _bot(sandbox: Sandbox, feeds: Sequence[str], folder: Path) -> AsyncIterator[Process]:
    """The real bot, in its own process and with settings of its own; it is ended in any case."""
    hosts = [urlsplit(sandbox.url).netloc]
    hosts += [parts.netloc for parts in map(urlsplit, feeds) if is_loopback(parts.hostname or "")]
    settings = {
        "DISCORD_TOKEN": sandbox.token,
        "DISCORD_API_URL": sandbox.api_url,
        "DATABASE_URL": f"sqlite:///{folder / DATABASE}",
        "FEED_INTERVAL_MINUTES": "0.1",
        "FEED_ALLOW_HOSTS": ",".join(hosts),
    }
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    with (folder / "bot.log").open("wb") as log:
        # In a session of its own, so that Ctrl-C reaches it through us; in a folder without a .env.
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(BOT),
            "run",
            cwd=folder,
            env=kept | settings,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        await _end(process)


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
    with contextlib.suppress(TimeoutError):
        try:
            await asyncio.wait_for(process.wait(), END_SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def _while_it_runs(process: Process, work: Coroutine[Any, Any, None]) -> None:
    """Do the work until it is done. Without the bot there is nothing to show."""
    working, running = asyncio.create_task(work), asyncio.create_task(process.wait())
    try:
        await asyncio.wait({working, running}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise DemoFailed(f"the bot ended by itself with status {process.returncode}.")
        await working
    except TimeoutError as error:
        raise DemoFailed(f"{error}, in vain.") from error
    finally:
        working.cancel()
        running.cancel()
        await asyncio.gather(working, running, return_exceptions=True)
