"""A Discord on this machine: the bot logs in to it, tests and the demo page act in it.

It is no Discord: it knows the rules a bot that posts news depends on, as far as they are documented.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import discord
from aiohttp import web
from simcord.backend import permissions, serializers
from simcord.backend.models import Channel, Guild, Overwrite, Role
from simcord.enums import ChannelType, MessageType, OverwriteType

from sandbox import shown
from sandbox.actors import FIRST_ANSWER, PATIENCE, Actors
from sandbox.changes import Changes
from sandbox.faults import Fault, Faults
from sandbox.gateway import Gateway
from sandbox.guard import only_this_machine
from sandbox.http import API, BODY_LIMIT, Api, Hook, Request
from sandbox.limits import Limits
from sandbox.rules import Rules
from sandbox.shown import Answer, HasId, Member, Message, Thread
from sandbox.world import REQUIRE_TAG, World

TOKEN = "sandbox.token.not-a-secret"
GATEWAY_PATH = "/gateway-socket"
# What the invite link asks for, and no more.
LEAST_PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
)
# Pointers and notices that Discord itself writes about threads.
THREAD_NOTICES = (MessageType.THREAD_CREATED, MessageType.THREAD_STARTER_MESSAGE)


class Sandbox:
    """One running sandbox. Make it by ``async with Sandbox.running() as sandbox``."""

    token = TOKEN

    def __init__(
        self,
        *,
        limits: bool,
        shards: int,
        privileged: bool,
        heartbeat_interval: float,
        first_answer: float,
        bot_name: str,
    ) -> None:
        self.changes = Changes()
        self.world = World(bot_name)
        self.world.happened = self.changes.tell
        self.faults = Faults(self.changes)
        self.gateway = Gateway(
            self.world, self.changes, self.faults, TOKEN, heartbeat_interval=heartbeat_interval, privileged=privileged
        )
        self.limits = Limits(limits)
        self._rules = Rules(self.world, message_content=privileged)
        self._api = Api(self._rules, self.limits, self.faults, self.gateway, self.changes, TOKEN, shards)
        self.actors = Actors(self.world, self.gateway, self.changes, first_answer)
        self.url = ""
        self._runner: web.AppRunner | None = None

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        *,
        port: int = 0,
        limits: bool = True,
        shards: int = 1,
        privileged: bool = False,
        heartbeat_interval: float = 41.25,
        first_answer: float = FIRST_ANSWER,
        bot_name: str = "Popcorn",
        parts: Sequence[Callable[[web.Application, Sandbox], None]] = (),
    ) -> AsyncIterator[Sandbox]:
        """Run a sandbox on 127.0.0.1; port 0 takes any free one. Raises OSError when the port is taken.

        ``limits`` switches the rate limits, ``shards`` is what the bot is told to use, ``privileged`` says
        whether it may have privileged intents. ``first_answer`` is how many seconds the bot has for the first answer to
        an interaction. ``parts`` add further routes: the demo's page and feeds.
        """
        sandbox = cls(
            limits=limits,
            shards=shards,
            privileged=privileged,
            heartbeat_interval=heartbeat_interval,
            first_answer=first_answer,
            bot_name=bot_name,
        )
        app = web.Application(middlewares=[only_this_machine], client_max_size=BODY_LIMIT)
        app.router.add_route("*", API + "/{path:.*}", sandbox._api.handle)
        app.router.add_get(GATEWAY_PATH, sandbox._gateway_door)
        for part in parts:
            part(app, sandbox)
        sandbox._runner = runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            sandbox._listen(runner.addresses[0][1])
            yield sandbox
        finally:
            sandbox.faults.end()
            sandbox.world.close()
            await sandbox.gateway.close()
            await runner.cleanup()

    @asynccontextmanager
    async def outage(self) -> AsyncIterator[None]:
        """Cut every connection and refuse each new one for as long as the context lasts; sessions are kept."""
        assert self._runner is not None and self._runner.server is not None, "it runs"
        (site,) = self._runner.sites
        _, port = self._runner.addresses[0]
        await site.stop()
        self.gateway.drop()
        for connection in self._runner.server.connections:
            connection.force_close()
        try:
            yield
        finally:
            await web.TCPSite(self._runner, "127.0.0.1", port).start()

    def _listen(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.gateway.url = f"ws://127.0.0.1:{port}{GATEWAY_PATH}"

    async def _gateway_door(self, request: web.Request) -> web.StreamResponse:
        """The gateway can be out of order too: see ``faults.fail("GET", "/gateway-socket")``."""
        refused = await self._api.refusal(request)
        return refused if refused is not None else await self.gateway.handle(request)

    @property
    def api_url(self) -> str:
        """What goes into ``DISCORD_API_URL``."""
        return self.url + API

    @property
    def requests(self) -> list[Request]:
        """Every request the bot made, oldest first."""
        return self._api.requests

    @property
    def on_request(self) -> Hook | None:
        """Called with method, path, query, JSON and files of each request before it is looked at."""
        return self._api.on_request

    @on_request.setter
    def on_request(self, hook: Hook | None) -> None:
        self._api.on_request = hook

    # ------------------------------------------------------------- what there is

    def add_guild(self, name: str, *, bot_permissions: discord.Permissions = LEAST_PERMISSIONS) -> Guild:
        """Make a guild the bot is in, with the permissions its invite link asks for."""
        guild = self.world.create_guild(name)
        role = next(role for role in guild.roles.values() if role.managed)
        role.permissions = bot_permissions.value
        self.world.emit("GUILD_ROLE_UPDATE", {"guild_id": str(guild.id), "role": serializers.role_payload(role)})
        return guild

    def add_text_channel(self, guild: HasId, name: str) -> Channel:
        return self.world.create_channel(guild.id, name, type=ChannelType.TEXT)

    def add_announcement_channel(self, guild: HasId, name: str) -> Channel:
        return self.world.create_channel(guild.id, name, type=ChannelType.NEWS)

    def add_forum(self, guild: HasId, name: str, tags: Sequence[str] = (), *, require_tag: bool = False) -> Channel:
        """Make a forum with these tags, one of which each post must carry if ``require_tag``."""
        forum = self.world.create_channel(guild.id, name, type=ChannelType.FORUM, announce=False)
        forum.available_tags = [
            {"id": str(self.world.snowflake()), "name": tag, "moderated": False, "emoji_id": None, "emoji_name": None}
            for tag in tags
        ]
        self.world.forum_flags[forum.id] = REQUIRE_TAG if require_tag else 0
        self.world.emit("CHANNEL_CREATE", serializers.channel_payload(self.world, forum))
        return forum

    def add_thread(self, channel: HasId, name: str, owner: Member | None = None) -> Channel:
        """Make a thread in a text channel, begun by ``owner`` or else by the bot."""
        return self.world.create_thread(channel.id, name, owner.id if owner else self.world.bot_user.id)

    def add_role(self, guild: HasId, name: str, **allowed: bool) -> Role:
        """Make a role, right above everyone's; ``manage_guild=True`` and the like are what it allows."""
        return self.world.create_role(guild.id, name, permissions=discord.Permissions(**allowed).value)

    def add_member(self, guild: HasId, name: str, *, roles: Sequence[HasId] = (), **allowed: bool) -> Member:
        """Make a member; ``manage_guild=True`` and the like give a permission beyond everyone's and the roles'."""
        user = self.world.make_user(name)
        held = [role.id for role in roles]
        if allowed:
            held.append(self.add_role(guild, f"{name}'s role", **allowed).id)
        self.world.add_member(guild.id, user.id, roles=held, announce=True)
        return Member(user.id, name, guild.id)

    def give_role(self, member: Member, role: HasId) -> None:
        """Give a member a role, as an admin does."""
        self.world.add_member_role(member.guild_id, member.id, role.id)

    def take_role(self, member: Member, role: HasId) -> None:
        """Take a role from a member."""
        self.world.remove_member_role(member.guild_id, member.id, role.id)

    def roles_of(self, member: Member) -> list[str]:
        """The names of the roles a member has, besides everyone's."""
        guild = self.world.get_guild(member.guild_id)
        return [guild.roles[role].name for role in guild.members[member.id].role_ids]

    def set_guild_permissions(self, guild: HasId, **allowed: bool) -> None:
        """Allow the bot something everywhere in a guild, or no longer."""
        role = next(role for role in self.world.get_guild(guild.id).roles.values() if role.managed)
        held = discord.Permissions(role.permissions)
        held.update(**allowed)
        self.world.edit_role(guild.id, role.id, {"permissions": held.value})

    def set_bot_permissions(self, channel: HasId, **allowed: bool | None) -> None:
        """Allow or deny the bot something in a channel; None leaves it to its roles again."""
        target = self.world.bot_user.id
        stored = self.world.get_channel(self.world.get_channel(channel.id).permission_channel_id())
        before = next((each for each in stored.overwrites if each.target_id == target), None)
        overwrite = before or Overwrite(target_id=target, type=OverwriteType.MEMBER)
        for name, value in allowed.items():
            flag = permissions.flag(name)
            overwrite.allow = overwrite.allow | flag if value else overwrite.allow & ~flag
            overwrite.deny = overwrite.deny | flag if value is False else overwrite.deny & ~flag
        self.world.set_overwrite(stored.id, overwrite)

    def edit_thread(self, thread: HasId, *, archived: bool | None = None, locked: bool | None = None) -> None:
        """Archive or lock a thread as a moderator, or undo that."""
        changes = {"archived": archived, "locked": locked}
        self.world.edit_channel(
            thread.id,
            {},
            thread_metadata={
                **{name: value for name, value in changes.items() if value is not None},
                "archive_timestamp": self.world.now_iso(),
            },
        )

    def delete_channel(self, channel: HasId) -> None:
        self.world.delete_channel(channel.id)

    def delete_message(self, message: Message) -> None:
        self.world.delete_message(message.channel_id, message.id)
        self.changes.tell(message.id)

    def remove_guild(self, guild: HasId) -> None:
        """Throw the bot out of a guild."""
        self.world.remove_guild(guild.id)

    def say(self, member: Member, channel: HasId, content: str) -> Message:
        """Let a member write a message."""
        return shown.message(self.world, self.world.create_message(channel.id, member.id, content))

    def pass_time(self, seconds: float) -> None:
        """Move the sandbox's clock on, so that interactions, nonces and polls end without a wait."""
        self.world.advance_clock(seconds)
        self.world.expire_due_polls()

    def forget_nonces(self) -> None:
        """Take each message for a new one, as Discord does a few minutes after the first with its nonce."""
        self._rules.forget_nonces()

    # --------------------------------------------------------------- what stands

    def messages(self, channel: HasId) -> list[Message]:
        """The messages of a channel that all can see, oldest first, without Discord's notices about threads."""
        return [
            shown.message(self.world, stored)
            for _, stored in sorted(self.world.messages.get(channel.id, {}).items())
            if not stored.is_ephemeral and stored.type not in THREAD_NOTICES
        ]

    def threads(self, channel: HasId) -> list[Thread]:
        """The threads or forum posts of a channel, oldest first, archived ones too."""
        found = [each for each in self.world.channels.values() if each.is_thread and each.parent_id == channel.id]
        return [shown.thread(each) for each in sorted(found, key=lambda each: each.id)]

    def look(self, at: Message | Answer) -> Message | None:
        """The same message as it stands now; None when it is gone."""
        seen = at.message if isinstance(at, Answer) else at
        stored = self.world.messages.get(seen.channel_id, {}).get(seen.id) if seen is not None else None
        return shown.message(self.world, stored) if stored is not None else None

    async def until(self, holds: Callable[[], bool], what: str, timeout: float = 20) -> None:
        """Wait until ``holds()``, looking again each time something happened here; TimeoutError names ``what``."""
        await self.changes.until(holds, what, timeout)

    async def message_count(self, channel: HasId, count: int, timeout: float = 20) -> list[Message]:
        """Wait until at least ``count`` messages stand in a channel, and return them."""
        name = self.world.get_channel(channel.id).name
        await self.until(lambda: len(self.messages(channel)) >= count, f"{count} messages in {name}", timeout)
        return self.messages(channel)

    async def thread_count(self, channel: HasId, count: int, timeout: float = 20) -> list[Thread]:
        """Wait until a channel has at least ``count`` threads or posts, and return them."""
        name = self.world.get_channel(channel.id).name
        await self.until(lambda: len(self.threads(channel)) >= count, f"{count} threads in {name}", timeout)
        return self.threads(channel)

    async def request_count(self, method: str, path: str, count: int, timeout: float = 20) -> list[Request]:
        """Wait until ``count`` requests to a path (``*`` for any segment) were answered or lost, and return them."""
        pattern = Fault(method, path, None)

        def found() -> list[Request]:
            return [each for each in self.requests if each.done and pattern.fits(each.method, each.path)]

        await self.until(lambda: len(found()) >= count, f"{count} requests {method} {path}", timeout)
        return found()

    # ------------------------------------------------------------------ the bot

    async def bot_ready(self, times: int = 1, timeout: float = 30) -> None:
        """Wait until a bot is connected that was told it is READY, for the ``times``-th time in all."""
        await self.until(
            lambda: bool(self.gateway.connected) and self.gateway.identified >= times, "a bot to be ready", timeout
        )

    async def bot_gone(self, timeout: float = 20) -> None:
        """Wait until no bot is connected, after it was ended or killed."""
        await self.until(lambda: not self.gateway.connected, "the bot to be gone", timeout)

    def drop_gateway(self) -> None:
        """Cut the bot's gateway connection; its session stays, to be resumed."""
        self.gateway.drop()

    def invalidate_session(self, resumable: bool = False) -> None:
        """Tell the bot that its session is invalid."""
        self.gateway.invalidate(resumable)

    # -------------------------------------------------------------- what members do

    async def slash(
        self,
        member: Member,
        channel: HasId,
        command: str,
        /,
        *,
        force: bool = False,
        timeout: float = PATIENCE,
        **options: Any,
    ) -> Answer:
        """Run a slash command named as typed ("feed add") and wait for its final answer.

        Channels, members and roles are given as such. ``force`` runs it even where Discord would not offer it
        to this member. Raises CannotDo when Discord would not let them, or the bot does not answer in time.
        """
        return await self.actors.slash(member, channel, command, options, force=force, timeout=timeout)

    async def autocomplete(
        self, member: Member, channel: HasId, command: str, option: str, typed: str, /, **filled: Any
    ) -> list[dict[str, Any]]:
        """Type into an option of a command. Returns the choices offered, each with ``name`` and ``value``."""
        return await self.actors.autocomplete(member, channel, command, option, typed, filled)

    async def click(
        self,
        member: Member,
        on: Message | Answer,
        *,
        custom_id: str | None = None,
        label: str | None = None,
        followups: int | None = None,
        timeout: float = PATIENCE,
    ) -> Answer:
        """Click the one button with this custom_id or label, and wait for the bot's final answer.

        Where the bot defers and then edits the message, sends follow-ups, or both in any order, the answer is what
        came until it went quiet for a moment. To wait for so many ``followups`` instead, however long they take, and
        also where the first answer was none of a deferral, name their number; an edit is not waited for then.
        """
        return await self.actors.click(
            member, on, custom_id=custom_id, label=label, followups=followups, timeout=timeout
        )

    async def select(
        self,
        member: Member,
        on: Message | Answer,
        values: Sequence[str | HasId],
        *,
        custom_id: str | None = None,
        followups: int | None = None,
        timeout: float = PATIENCE,
    ) -> Answer:
        """Choose in a select: texts, or channels, members and roles as such. ``followups`` is as for a click."""
        return await self.actors.select(member, on, values, custom_id=custom_id, followups=followups, timeout=timeout)

    async def submit(
        self,
        member: Member,
        form: Answer,
        values: Mapping[str, Any],
        *,
        followups: int | None = None,
        timeout: float = PATIENCE,
    ) -> Answer:
        """Send the form (modal) a command or click was answered with, its fields filled in by custom_id.

        ``followups`` is as for a click.
        """
        return await self.actors.submit(member, form, values, followups=followups, timeout=timeout)

    async def menu(
        self, member: Member, on: Message | Answer, name: str, *, force: bool = False, timeout: float = PATIENCE
    ) -> Answer:
        """Choose a command from the menu of a message ("Manage story"), and wait for the bot's final answer.

        ``force`` runs it even where Discord would not offer it to this member.
        """
        return await self.actors.menu(member, on, name, force=force, timeout=timeout)

    def vote(self, member: Member, on: Message | Answer, answer: int) -> None:
        """Vote in a native poll, for the answer with this number, the first being 1.

        Where one answer is allowed, another vote of the same member goes. Raises CannotDo when the poll has ended.
        """
        self.actors.vote(member, on, answer, wanted=True)

    def unvote(self, member: Member, on: Message | Answer, answer: int) -> None:
        """Take a vote in a native poll back."""
        self.actors.vote(member, on, answer, wanted=False)

    def menus(self, member: Member, channel: HasId) -> list[str]:
        """The commands a member is offered in the menu of a message in this channel."""
        return self.actors.menus(member, channel)

    def commands(self, member: Member, channel: HasId) -> list[tuple[str, dict[str, Any]]]:
        """The slash commands a member is offered in a channel: the name as typed, and Discord's description of it."""
        return self.actors.commands(member, channel)
