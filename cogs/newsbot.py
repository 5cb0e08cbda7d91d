"""The bot itself: connects to Discord, loads the cogs, and knows nothing else."""

from __future__ import annotations

import json
import logging
from hashlib import blake2b

import discord
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from cogs import EXTENSIONS
from cogs.boards import Boards
from cogs.discussions import Discussions
from cogs.pace import let_through, reconnect_soon
from cogs.places import Places
from cogs.refused import Refused
from cogs.team_roles import TeamRoles
from cogs.views.replies import explain
from newsroom.resources import Newsroom
from newsroom.tasks import Pulse

log = logging.getLogger(__name__)

# A wait that a server asks for beyond this comes back to us as an error, so that it holds up nobody else.
LONGEST_RATE_LIMIT_WAIT = 30.0

# What posting and discussing takes, and nothing more: what the invite link asks for.
LEAST_PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
)


class Tree(app_commands.CommandTree["NewsBot"]):
    """The slash commands. Whatever goes wrong in one, its caller gets a sentence."""

    async def on_error(self, interaction: discord.Interaction[NewsBot], error: app_commands.AppCommandError) -> None:
        await explain(interaction, error)


class NewsBot(commands.AutoShardedBot):
    """Popcorn on Discord. Keeps no members and no messages in memory and needs no privileged intent."""

    def __init__(self, newsroom: Newsroom, *, api_url: str) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=Tree,
            intents=discord.Intents(guilds=True, guild_messages=True, guild_polls=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            max_ratelimit_timeout=LONGEST_RATE_LIMIT_WAIT,
        )
        self.newsroom = newsroom
        self.boards = Boards(newsroom.poll_messages, Places(self), now=discord.utils.utcnow)
        self.discussions = Discussions(newsroom.threads, newsroom.remarks, Places(self), self, now=discord.utils.utcnow)
        self.team_roles = TeamRoles(newsroom.guilds)
        self.refused = Refused()
        self.pulses: list[Pulse] = []
        self._api_url = api_url

    def pulse(self, name: str, interval: float) -> Pulse:
        """Return what keeps a loop of this name going that looks for work every ``interval`` seconds."""
        pulse = Pulse(name, interval, now=discord.utils.utcnow)
        self.pulses.append(pulse)
        return pulse

    async def setup_hook(self) -> None:
        let_through(self, LONGEST_RATE_LIMIT_WAIT)
        self.refused.watch(self)
        for extension in EXTENSIONS:
            await self.load_extension(extension)
        await self._sync_commands()

    async def on_shard_connect(self, shard_id: int) -> None:
        reconnect_soon(self, shard_id)

    async def on_message(self, message: discord.Message, /) -> None:
        """Leave messages alone: everything is a slash command, a button or a menu."""

    async def adopt_gateway(self) -> None:
        """Use the gateway that this API names, also after a session that Discord has called invalid.

        discord.py goes back to a fixed address of Discord's then, which is the wrong one behind any other API.
        """
        _, url, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url)

    def invite_url(self) -> str:
        """Return the link by which an admin invites this bot with the least permissions."""
        assert self.application_id is not None, "known once logged in"
        return discord.utils.oauth_url(self.application_id, permissions=LEAST_PERMISSIONS)

    async def _sync_commands(self) -> None:
        """Tell Discord of our commands if they changed since the last time; it limits how often one may."""
        payload = [command.to_dict(self.tree) for command in self.tree.get_commands()]
        digest = blake2b(json.dumps(payload, sort_keys=True).encode(), digest_size=16).hexdigest()
        name = f"commands of {self.application_id} at {self._api_url}"
        if await self.newsroom.notes.get(name) == digest:
            return
        await self.tree.sync()
        await self.newsroom.notes.put(name, digest)
        log.info("told Discord of %d commands", len(payload))


def speak_to(api_url: str) -> None:
    """Have discord.py send its requests to this API, for example a proxy's or a sandbox's."""
    Route.BASE = api_url
