"""A sandbox with a guild, a feed site and the bot as its own process, ready to be used."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.actors import PATIENCE
from sandbox.http import Request
from sandbox.rules import NONCE_SECONDS
from sandbox.server import Sandbox
from sandbox.shown import HasId, Member, Thread
from tests.end_to_end.process import BotProcess, bot_process
from tests.openapi import from_environment
from tests.web import FeedSite, feed_site


@dataclass
class House:
    """All that a story passes on its way, with a member who may administer it."""

    sandbox: Sandbox
    site: FeedSite
    bot: BotProcess
    guild: HasId
    news: HasId
    admin: Member
    database_url: str
    starts: int = 1

    async def add(self, feed: str = "news", **options: object) -> str:
        """Add a feed by slash command, to a channel that gets any number of cards; return what the admin read."""
        told = (await self.sandbox.slash(self.admin, self.news, "feed add", url=self.site.feed(feed), **options)).text
        where = {"channel": options["channel"]} if "channel" in options else {}
        await self.sandbox.slash(self.admin, self.news, "channel limits", per_hour=0, per_day=0, **where)
        return told

    async def restart(self) -> None:
        """Start the bot again, after so long that a second send would be a second card; wait until it is connected."""
        self.sandbox.pass_time(NONCE_SECONDS + 1)
        await self.bot.start()
        self.starts += 1
        await self.sandbox.bot_ready(self.starts)

    def headlines(self, channel: HasId | None = None) -> list[str]:
        """The headlines that stand in a channel, oldest first."""
        return [message.content.split("**")[1] for message in self.sandbox.messages(channel or self.news)]

    async def headlines_at_last(self, channel: HasId | None = None) -> list[str]:
        """Publish "Last" and wait for its card; return all headlines. Whatever came twice would stand before it."""
        self.site.publish("Last")
        await self.sandbox.until(lambda: "Last" in self.headlines(channel), "the last card")
        return self.headlines(channel)

    async def posts_at_last(self, forum: HasId) -> list[Thread]:
        """The same in a forum: return all posts."""
        self.site.publish("Last")
        await self.sandbox.until(lambda: "Last" in [post.name for post in self.sandbox.threads(forum)], "the last post")
        return self.sandbox.threads(forum)


async def open_house(database_url: str, folder: Path, **more: str) -> AsyncIterator[House]:
    """Everything at work; ``more`` settings than it takes, by the names of their variables."""
    async with feed_site() as site, Sandbox.running(first_answer=PATIENCE) as sandbox:
        guild = sandbox.add_guild("AI corner")
        news = sandbox.add_text_channel(guild, "news")
        admin = sandbox.add_member(guild, "alice", manage_guild=True, manage_messages=True)
        settings = {
            "DISCORD_TOKEN": sandbox.token,
            "DISCORD_API_URL": sandbox.api_url,
            "DATABASE_URL": database_url,
            "FEED_INTERVAL_MINUTES": "0.02",
            "FEED_ALLOW_HOSTS": site.host,
            **more,
        }
        async with bot_process(folder, **settings) as bot:
            await sandbox.bot_ready()
            yield House(sandbox, site, bot, guild, news, admin, database_url)
        description = from_environment()
        if description is not None:
            for request in _different(sandbox.requests):
                assert description.check(request.method, request.path, request.query, request.json) == []


def _different(requests: list[Request]) -> Iterator[Request]:
    """One of each kind of request: a thousand clicks differ by their numbers alone, and checking one takes a while."""
    seen = set()
    for request in requests:
        path = re.sub(r"[^/]*\d[^/]*", "*", request.path)
        kind = re.sub(r"[0-9a-f]*\d[0-9a-f]*", "#", json.dumps([request.method, path, request.query, request.json]))
        if kind not in seen:
            seen.add(kind)
            yield request
