"""The demo's page: what it shows, and what its visitor does as one of the members.

All state lives in the sandbox. The page asks for it anew each time it is told that something happened.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from simcord.backend import permissions, serializers
from simcord.backend.models import Channel
from simcord.components import walk_components
from simcord.enums import ChannelType, ComponentType, OptionType

from sandbox import shown
from sandbox.actors import CannotDo
from sandbox.server import Sandbox
from sandbox.shown import Answer, Member, Message
from sandbox.site import PICTURES, picture
from sandbox.walk import STOPS, Walk

STATIC = Path(__file__).parent / "static"
FILES = {"/": "index.html", "/page/page.css": "page.css"} | {
    f"/page/{name}": name for name in ("page.js", "messages.js", "polls.js", "markdown.js", "dialogs.js")
}
NEWEST = 60  # messages shown of a channel
LONGEST_MESSAGE = 2000  # what a member may write at once
PAUSE_SECONDS = 0.2  # between two looks of the page
TEXT_MENUS = (ComponentType.SELECT, ComponentType.RADIO_GROUP, ComponentType.CHECKBOX_GROUP)  # their values are texts
KINDS = {ChannelType.NEWS: "announcement", ChannelType.FORUM: "forum"}
# Nothing but our own files, and pictures of feeds; a page elsewhere cannot frame it.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' https:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Id:
    """Something of Discord's of which only the id came from the browser."""

    id: int


class Page:
    """Shows one guild to whoever opens the page, as the member they choose to be."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._guild = 0
        self._members: list[Member] = []
        self._walk: Walk | None = None
        self._forms: dict[int, Answer] = {}
        self._closing = False

    def show(self, guild: shown.HasId, members: list[Member], walk: Walk | None = None) -> None:
        """Show this guild, to be visited as one of these members, the first unless chosen otherwise.

        ``walk`` is what whoever opens the page is taken along.
        """
        self._guild, self._members, self._walk = guild.id, members, walk

    def serve(self, app: web.Application) -> None:
        """Add the page to an application."""
        app.on_shutdown.append(self._close)
        for path, name in FILES.items():
            app.router.add_get(path, self._file(name))
        app.router.add_get("/page/state", self._state)
        app.router.add_get("/page/events", self._events)
        app.router.add_get("/page/picture/{key}.png", self._picture)
        app.router.add_get("/page/upload/{path:.*}", self._upload)
        app.router.add_post("/page/{action}", self._act)

    # ------------------------------------------------------------------- files

    def _file(self, name: str) -> Handler:
        async def send(_: web.Request) -> web.StreamResponse:
            headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
            return web.FileResponse(STATIC / name, headers=headers | {"Cache-Control": "no-cache"})

        return send

    async def _picture(self, request: web.Request) -> web.Response:
        body = await asyncio.to_thread(picture, request.match_info["key"])
        return web.Response(body=body, content_type="image/png", headers={"Cache-Control": "max-age=3600"})

    async def _upload(self, request: web.Request) -> web.Response:
        """A file the bot uploaded. Only pictures: anything else would be a page with our rights."""
        path = request.match_info["path"]
        body = self._sandbox.world.cdn.get(f"https://cdn.simcord.invalid/{path}")
        if body is None or not path.endswith((".png", ".jpg", ".gif", ".webp")):
            raise web.HTTPNotFound
        kind = path.rpartition(".")[2].replace("jpg", "jpeg")
        return web.Response(body=body, content_type=f"image/{kind}", headers={"X-Content-Type-Options": "nosniff"})

    # -------------------------------------------------------------------- state

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Tell the page each time something happened, with a pause in between."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        changes = self._sandbox.changes
        try:
            while not self._closing:
                told = changes.revision
                await response.write(f"data: {told}\n\n".encode())
                await asyncio.sleep(PAUSE_SECONDS)
                if changes.revision == told:
                    await changes.next()
        except ConnectionError:
            pass  # the browser closed the page
        return response

    async def _close(self, _: web.Application) -> None:
        """Let the open pages go, so that nothing waits for them."""
        self._closing = True
        self._sandbox.changes.tell()

    async def _state(self, request: web.Request) -> web.Response:
        """Everything the page shows to this member in this channel."""
        world = self._sandbox.world
        member = self._member(request.query.get("member"))
        channels = [world.channels[number] for number in world.guilds[self._guild].channel_ids]
        channel = self._channel(request.query.get("channel"), channels)
        state = {
            "guild": world.guilds[self._guild].name,
            "bot": {"name": world.bot_user.name, "online": bool(self._sandbox.gateway.connected)},
            "members": [
                {"id": str(each.id), "name": each.name, "admin": self._is_admin(each)} for each in self._members
            ],
            "member": str(member.id),
            "channel": str(channel.id),
            "channels": [self._channel_entry(each) for each in channels],
            "messages": self._messages(channel, member),
            "names": {str(user.id): user.name for user in world.users.values()},
            "roles": {str(role.id): role.name for role in world.guilds[self._guild].roles.values()},
            "menus": [] if channel.type == ChannelType.FORUM else self._sandbox.menus(member, channel),
            "commands": [{**leaf, "name": name} for name, leaf in self._sandbox.commands(member, channel)],
            "pictures": PICTURES,
            "walk": self._stops(),
        }
        return web.json_response(state, headers={"Cache-Control": "no-store"})

    def _stops(self) -> list[dict[str, str | None]]:
        """The stops of the walk in their order, those to come without a place."""
        if self._walk is None:
            return []
        reached = {stop.label: f"{stop.channel_id}/{stop.message_id}" for stop in self._walk.stops}
        return [{"label": label, "place": reached.get(label)} for label in STOPS]

    def _channel_entry(self, channel: Channel) -> dict[str, Any]:
        world = self._sandbox.world
        threads = [
            {
                **vars(thread),
                "id": str(thread.id),
                "parent_id": str(thread.parent_id),
                "tags": [tag["name"] for tag in channel.available_tags if int(tag["id"]) in thread.applied_tags],
                "last": str(world.channels[thread.id].last_message_id or 0),
                "first": self._preview(thread.id),
            }
            for thread in self._sandbox.threads(channel)
        ]
        return {
            "id": str(channel.id),
            "name": channel.name,
            "type": int(channel.type),
            "kind": KINDS.get(ChannelType(channel.type), "text"),
            "last": str(channel.last_message_id or 0),
            "threads": threads[::-1],
        }

    def _preview(self, thread_id: int) -> dict[str, Any] | None:
        first = self._sandbox.world.messages.get(thread_id, {}).get(thread_id)
        return shown.message(self._sandbox.world, first).payload if first is not None else None

    def _messages(self, channel: Channel, member: Member) -> list[dict[str, Any]]:
        world = self._sandbox.world
        visible = [
            stored for _, stored in sorted(world.messages.get(channel.id, {}).items()) if stored.visible_to(member.id)
        ]
        return [dict(serializers.message_payload(world, stored, for_user=member.id)) for stored in visible[-NEWEST:]]

    def _is_admin(self, member: Member) -> bool:
        held = self._sandbox.world.compute_permissions(self._guild, member.id)
        return bool(held & permissions.flag("manage_guild"))

    def _member(self, member_id: str | None) -> Member:
        return next((each for each in self._members if str(each.id) == member_id), self._members[0])

    def _channel(self, channel_id: str | None, channels: list[Channel]) -> Channel:
        found = self._sandbox.world.channels.get(int(channel_id)) if channel_id and channel_id.isdecimal() else None
        return found if found is not None and found.guild_id == self._guild else channels[0]

    # ------------------------------------------------------------------ actions

    async def _act(self, request: web.Request) -> web.Response:
        """Do something as a member. Refusals come back as a sentence, with status 200: they are part of the show."""
        actions = {
            "slash": self._slash,
            "autocomplete": self._autocomplete,
            "click": self._click,
            "select": self._select,
            "submit": self._submit,
            "menu": self._menu,
            "vote": self._vote,
            "unvote": self._unvote,
            "say": self._say,
        }
        action = actions.get(request.match_info["action"])
        # A page elsewhere can send a form without asking, but no JSON.
        if action is None or request.content_type != "application/json":
            raise web.HTTPNotFound
        try:
            asked = await request.json()
            member = self._member(asked["member"])
            answer = await action(member, asked)
        except CannotDo as error:
            answer = {"error": str(error)}
        except (KeyError, TypeError, ValueError, json.JSONDecodeError):
            raise web.HTTPBadRequest from None
        return web.json_response(answer)

    async def _slash(self, member: Member, asked: dict[str, Any]) -> dict[str, Any]:
        options = self._options(member, asked)
        return self._answered(await self._sandbox.slash(member, _id(asked["channel"]), asked["command"], **options))

    async def _autocomplete(self, member: Member, asked: dict[str, Any]) -> dict[str, Any]:
        option, typed = asked["option"], asked["typed"]
        filled = {name: value for name, value in self._options(member, asked).items() if name != option}
        return {
            "choices": await self._sandbox.autocomplete(
                member, _id(asked["channel"]), asked["command"], option, typed, **filled
            )
        }

    async def _click(self, member: Member, asked: dict[str, Any]) -> dict[str, Any]:
        return self._answered(await self._sandbox.click(member, self._message(asked), custom_id=asked["custom_id"]))

    async def _select(self, member: Member, asked: dict[str, Any]) -> dict[str, Any]:
        message, custom_id = self._message(asked), asked["custom_id"]
        menus = {part.get("custom_id"): part for part in walk_components(list(message.components))}
        values = self._values(menus.get(custom_id, {}), asked["values"])
        return self._answered(await self._sandbox.select(member, message, values, custom_id=custom_id))

    async def _submit(self, member: Member, asked: dict[str, Any]) -> dict[str, Any]:
        form = self._forms.get(int(asked["form"]))
        if form is None or form.modal is None:
            raise CannotDo("there is no form open")
        fields = {part.get("custom_id"): part for part in walk_components(form.modal["components"])}
        values = {
            name: self._values(fields.get(name, {}), value) if isinstance(value, list) else value
            for name, value in asked["values"].items()
        }
        answer = await self._sandbox.submit(member, form, values)
        del self._forms[form.interaction_id]
        return self._answered(answer)

    async def _menu(self, member: Member, asked: dict[str, Any]) -> dict[str, Any]:
        return self._answered(await self._sandbox.menu(member, self._message(asked), str(asked["name"])))

    async def _vote(self, member: Member, asked: dict[str, Any]) -> dict[str, Any]:
        self._sandbox.vote(member, self._message(asked), int(asked["answer"]))
        return {}

    async def _unvote(self, member: Member, asked: dict[str, Any]) -> dict[str, Any]:
        self._sandbox.unvote(member, self._message(asked), int(asked["answer"]))
        return {}

    async def _say(self, member: Member, asked: dict[str, Any]) -> dict[str, Any]:
        content = str(asked["content"]).strip()[:LONGEST_MESSAGE]
        if self._sandbox.world.get_channel(int(asked["channel"])).type == ChannelType.FORUM:
            raise CannotDo("a forum has posts; open one to write in it")
        if content:
            self._sandbox.say(member, _id(asked["channel"]), content)
        return {}

    def _answered(self, answer: Answer) -> dict[str, Any]:
        if answer.modal is None:
            return {}
        self._forms[answer.interaction_id] = answer
        return {"form": str(answer.interaction_id), "modal": answer.modal}

    def _message(self, asked: dict[str, Any]) -> Message:
        stored = self._sandbox.world.messages.get(int(asked["channel"]), {}).get(int(asked["message"]))
        if stored is None:
            raise CannotDo("that message is gone")
        return shown.message(self._sandbox.world, stored)

    def _options(self, member: Member, asked: dict[str, Any]) -> dict[str, Any]:
        """The texts of the page's inputs as what the command's options take; empty ones are left out."""
        leaves = dict(self._sandbox.commands(member, _id(asked["channel"])))
        types = {each["name"]: each["type"] for each in leaves.get(asked["command"], {}).get("options") or []}
        options: dict[str, Any] = {}
        for name, text in asked["options"].items():
            if text == "" or name not in types:
                continue
            options[name] = _value(OptionType(types[name]), text)
        return options

    def _values(self, menu: dict[str, Any], values: list[str]) -> list[str | shown.HasId]:
        return list(values) if menu.get("type") in TEXT_MENUS else [_id(value) for value in values]


def _id(text: Any) -> Id:
    return Id(int(text))


def _value(kind: OptionType, text: str) -> Any:
    if kind is OptionType.INTEGER:
        return int(text) if text.lstrip("-").isdecimal() else text
    if kind is OptionType.NUMBER:
        return float(text)
    if kind is OptionType.BOOLEAN:
        return text == "true"
    if kind is OptionType.STRING:
        return text
    return _id(text)
