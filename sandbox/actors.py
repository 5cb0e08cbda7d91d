"""What members do: run commands, click, choose, fill in forms. And waiting for the bot's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simcord import interactions
from simcord.backend import serializers
from simcord.backend.access import channel_accessible
from simcord.backend.command_access import command_access
from simcord.backend.errors import BackendError, SetupError
from simcord.backend.models import Interaction
from simcord.backend.models import Message as StoredMessage
from simcord.backend.models.interaction import ResponseKind
from simcord.components import walk_components
from simcord.enums import AppCommandType, ChannelType, ComponentType, InteractionType, OptionType

from sandbox import shown
from sandbox.changes import Changes
from sandbox.gateway import Gateway
from sandbox.shown import Answer, HasId, Member, Message
from sandbox.world import ATTACHMENT_LIMIT, World

# The bot's own longest budget is 20 s; then some.
PATIENCE = 30.0
FIRST_ANSWER = 3.0  # Discord's own limit
# How long nothing must come after a follow-up, or after an edit alone, before a click whose answer was deferred is
# taken to be over: the bot may send either, or both in any order, and nothing tells that it has finished.
QUIET_AFTER_FOLLOW_UP, QUIET_AFTER_EDIT = 0.05, 0.3
ENTITY_SELECTS = {
    ComponentType.USER_SELECT,
    ComponentType.ROLE_SELECT,
    ComponentType.MENTIONABLE_SELECT,
    ComponentType.CHANNEL_SELECT,
}
SELECTS = {ComponentType.STRING_SELECT, *ENTITY_SELECTS}
ENTITY_OPTIONS = {OptionType.USER, OptionType.ROLE, OptionType.MENTIONABLE, OptionType.CHANNEL}


class CannotDo(Exception):
    """Discord would not let this member do this, or the bot did not answer; the text says why."""


class Actors:
    """Acts as a member, and waits for the bot's answer within limits."""

    def __init__(self, world: World, gateway: Gateway, changes: Changes, first_answer: float) -> None:
        self._world = world
        self._gateway = gateway
        self._changes = changes
        self.first_answer = first_answer

    # ---------------------------------------------------------------- commands

    async def slash(
        self, member: Member, channel: HasId, command: str, options: Mapping[str, Any], *, force: bool, timeout: float
    ) -> Answer:
        """Run a slash command named as typed ("feed add").

        ``force`` runs it even where Discord would not offer it to this member.
        """
        root, leaf, nesting = self._find(member, channel, command, force)
        try:
            accepted = self._checked(command, leaf, options)
        except SetupError as error:
            raise CannotDo(str(error)) from error
        resolved: dict[str, dict[str, Any]] = {}
        wire = [self._option(leaf, name, value, member, resolved) for name, value in accepted.items()]
        data = {**_named(root), "options": interactions.nest_options(root, nesting, wire)}
        if resolved:
            data["resolved"] = resolved
        record = self._send(InteractionType.APPLICATION_COMMAND, member, channel.id, data)
        record.command_name = command
        return await self._answer(record, timeout)

    async def autocomplete(
        self, member: Member, channel: HasId, command: str, option: str, typed: str, filled: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Type into an option. Returns the choices offered, each with ``name`` and ``value``."""
        root, leaf, nesting = self._find(member, channel, command, False)
        spec = next((each for each in leaf.get("options") or [] if each["name"] == option), None)
        if spec is None or not spec.get("autocomplete"):
            raise CannotDo(f"/{command} offers no choices for {option!r}")
        # Discord resolves nothing here: an entity is its id.
        wire = [self._option(leaf, name, value, member, {}) for name, value in filled.items()]
        wire.append({"name": option, "type": spec["type"], "value": typed, "focused": True})
        data = {**_named(root), "options": interactions.nest_options(root, nesting, wire)}
        record = self._send(InteractionType.APPLICATION_COMMAND_AUTOCOMPLETE, member, channel.id, data)
        await self._answer(record, self.first_answer)
        return list(record.autocomplete_choices or [])

    def commands(self, member: Member, channel: HasId) -> list[tuple[str, dict[str, Any]]]:
        """The slash commands this member is offered here: name as typed, and Discord's description of it."""
        if self._world.get_channel(channel.id).type == ChannelType.FORUM:
            return []
        offered = self._world.visible_commands(user_id=member.id, channel_id=channel.id)
        return [(" ".join(path), leaf) for command in offered for path, leaf in interactions.command_leaves(command)]

    async def menu(self, member: Member, on: Message | Answer, name: str, *, force: bool, timeout: float) -> Answer:
        """Choose a command from the menu of a message.

        ``force`` runs it even where Discord would not offer it to this member.
        """
        stored = self._message(member, on)
        command = self._world.find_command(name, member.guild_id, type=AppCommandType.MESSAGE)
        if command is None:
            raise CannotDo(f"there is no {name!r} in the menu of a message")
        access = command_access(self._world, command, user_id=member.id, channel_id=stored.channel_id)
        if not access.allowed and not force:
            raise CannotDo(f"{name!r} is not offered to {member.name} here: {access.reason}")
        message = dict(serializers.message_payload(self._world, stored))
        data = {**_named(command), "target_id": str(stored.id), "resolved": {"messages": {str(stored.id): message}}}
        record = self._send(InteractionType.APPLICATION_COMMAND, member, stored.channel_id, data)
        return await self._answer(record, timeout)

    def menus(self, member: Member, channel: HasId) -> list[str]:
        """The commands this member is offered in the menu of a message here."""
        offered = self._world.visible_commands(user_id=member.id, channel_id=channel.id, type=AppCommandType.MESSAGE)
        return [command["name"] for command in offered]

    def _find(
        self, member: Member, channel: HasId, command: str, force: bool
    ) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
        if self._world.get_channel(channel.id).type == ChannelType.FORUM:
            raise CannotDo("in a forum itself nobody can type; its posts are threads")
        name, *path = command.split()
        root = self._world.find_command(name, member.guild_id)
        if root is None:
            raise CannotDo(f"there is no command /{name}")
        access = command_access(self._world, root, user_id=member.id, channel_id=channel.id)
        if not access.allowed and not force:
            raise CannotDo(f"/{name} is not offered to {member.name} here: {access.reason}")
        try:
            leaf, nesting = interactions.walk_to_subcommand(root, path)
        except SetupError as error:
            raise CannotDo(str(error)) from error
        return root, leaf, nesting

    def _checked(self, command: str, leaf: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
        declared = {option["name"]: option for option in leaf.get("options") or []}
        for name, value in options.items():
            if name not in declared:
                raise CannotDo(f"/{command} has no option {name!r}")
            if declared[name]["type"] not in ENTITY_OPTIONS:
                interactions.validate_option_value(command, declared[name], value)
        missing = [name for name, option in declared.items() if option.get("required") and name not in options]
        if missing:
            raise CannotDo(f"/{command} needs {', '.join(missing)}")
        return dict(options)

    def _option(
        self, leaf: Mapping[str, Any], name: str, value: Any, member: Member, resolved: dict[str, dict[str, Any]]
    ) -> dict[str, Any]:
        """One filled-in option as Discord sends it; what it refers to goes into ``resolved``."""
        spec = next(option for option in leaf["options"] if option["name"] == name)
        if spec["type"] in ENTITY_OPTIONS:
            types = spec.get("channel_types")
            if types and self._world.get_channel(value.id).type not in types:
                raise CannotDo(f"{name!r} does not take that type of channel")
            self._resolve(value.id, member, resolved)
            value = str(value.id)
        return {"name": name, "type": spec["type"], "value": value}

    def _resolve(self, entity_id: int, member: Member, resolved: dict[str, dict[str, Any]]) -> None:
        world, guild = self._world, self._world.get_guild(member.guild_id)
        key = str(entity_id)
        if entity_id in world.channels:
            channel = world.get_channel(entity_id)
            allowed = world.compute_permissions(guild.id, member.id, channel.id)
            payload = dict(serializers.channel_payload(world, channel))
            resolved.setdefault("channels", {})[key] = {**payload, "permissions": str(allowed)}
        elif entity_id in guild.roles:
            resolved.setdefault("roles", {})[key] = dict(serializers.role_payload(guild.roles[entity_id]))
        elif entity_id in guild.members:
            resolved.setdefault("users", {})[key] = dict(serializers.user_payload(world.get_user(entity_id)))
            payload = dict(serializers.member_payload(world, guild, guild.members[entity_id], with_user=False))
            resolved.setdefault("members", {})[key] = payload
        else:
            raise CannotDo(f"nothing in this guild has the id {entity_id}")

    # -------------------------------------------------------------- components

    async def click(
        self,
        member: Member,
        on: Message | Answer,
        *,
        custom_id: str | None,
        label: str | None,
        followups: int | None,
        timeout: float,
    ) -> Answer:
        """Click the one button with this custom_id or label; ``followups`` is how many to wait for."""
        stored = self._message(member, on)
        button = self._component(stored, {ComponentType.BUTTON}, custom_id, label)
        if not button.get("custom_id"):
            raise CannotDo("a link button opens its page; the bot hears nothing of it")
        data = {"custom_id": button["custom_id"], "component_type": int(ComponentType.BUTTON), "id": button.get("id")}
        return await self._component_answer(member, stored, data, timeout, followups)

    async def select(
        self,
        member: Member,
        on: Message | Answer,
        values: Sequence[str | HasId],
        *,
        custom_id: str | None,
        followups: int | None,
        timeout: float,
    ) -> Answer:
        """Choose in the one select with this custom_id: texts, or channels, members and roles as such."""
        stored = self._message(member, on)
        menu = self._component(stored, SELECTS, custom_id, None)
        data = {"component_type": int(menu["type"]), "id": menu.get("id"), **self._chosen(member, menu, values)}
        return await self._component_answer(member, stored, data, timeout, followups)

    async def submit(
        self, member: Member, form: Answer, values: Mapping[str, Any], *, followups: int | None, timeout: float
    ) -> Answer:
        """Send the modal an interaction was answered with, its fields filled in by custom_id."""
        opened = self._world.interactions[form.interaction_id]
        if opened.modal is None or opened.modal_consumed or opened.user_id != member.id:
            raise CannotDo("there is no form open for this member")
        modal = opened.modal
        fields = {part["custom_id"]: part for part in walk_components(modal["components"]) if part.get("custom_id")}
        unknown = set(values) - set(fields)
        if unknown:
            raise CannotDo(f"the form has no field {sorted(unknown)[0]!r}")
        components = [self._filled(member, part, values) for part in modal["components"]]
        resolved = [part.pop("resolved") for part in walk_components(components) if "resolved" in part]
        data: dict[str, Any] = {"custom_id": modal["custom_id"], "components": components}
        for found in resolved:
            for kind, entities in found.items():
                data.setdefault("resolved", {}).setdefault(kind, {}).update(entities)
        opened.modal_consumed = True
        stored = self._world.messages[opened.channel_id].get(opened.source_message_id or 0)
        source = _Source(stored, stored.edited_timestamp) if stored is not None else None
        record = self._send(InteractionType.MODAL_SUBMIT, member, opened.channel_id, data, stored)
        return await self._answer(record, timeout, source, followups)

    def _message(self, member: Member, on: Message | Answer) -> StoredMessage:
        seen = on.message if isinstance(on, Answer) else on
        if seen is None:
            raise CannotDo("that answer is no message")
        stored = self._world.messages.get(seen.channel_id, {}).get(seen.id)
        if stored is None or not stored.visible_to(member.id):
            raise CannotDo(f"{member.name} does not see that message")
        if not channel_accessible(self._world, stored.channel_id, member.id):
            raise CannotDo(f"{member.name} does not see that channel")
        return stored

    def _component(
        self, stored: StoredMessage, types: set[ComponentType], custom_id: str | None, label: str | None
    ) -> dict[str, Any]:
        parts = [part for part in walk_components(stored.components) if part.get("type") in types]
        wanted = {key: value for key, value in (("custom_id", custom_id), ("label", label)) if value is not None}
        found = [part for part in parts if all(part.get(key) == value for key, value in wanted.items())]
        if len(found) != 1:
            there = [part.get("label") or part.get("custom_id") for part in parts]
            raise CannotDo(f"{len(found)} components fit custom_id={custom_id!r}, label={label!r}; there: {there}")
        if found[0].get("disabled"):
            raise CannotDo("that component is disabled")
        return found[0]

    def _chosen(self, member: Member, menu: Mapping[str, Any], values: Sequence[str | HasId]) -> dict[str, Any]:
        if not menu.get("min_values", 1) <= len(values) <= menu.get("max_values", 1):
            raise CannotDo(f"that select does not take {len(values)} values")
        data: dict[str, Any] = {"custom_id": menu["custom_id"]}
        if menu["type"] == ComponentType.STRING_SELECT:
            offered = [option["value"] for option in menu["options"]]
            if any(value not in offered for value in values):
                raise CannotDo(f"that select offers {offered}, not {list(values)}")
            return {**data, "values": list(values)}
        resolved: dict[str, dict[str, Any]] = {}
        ids = [value.id for value in values if not isinstance(value, str)]
        for entity_id in ids:
            self._resolve(entity_id, member, resolved)
        return {**data, "values": [str(entity_id) for entity_id in ids], "resolved": resolved}

    def _filled(self, member: Member, part: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        """A part of a modal as it comes back: the fields with their values, the wrappers around them."""
        kind = ComponentType(part["type"])
        filled: dict[str, Any] = {"type": int(kind), "id": part.get("id")}
        if kind is ComponentType.LABEL:
            return {**filled, "component": self._filled(member, part["component"], values)}
        if kind is ComponentType.ACTION_ROW:
            return {**filled, "components": [self._filled(member, child, values) for child in part["components"]]}
        if kind is ComponentType.TEXT_DISPLAY:
            return filled
        custom_id = part["custom_id"]
        filled["custom_id"] = custom_id
        if kind in SELECTS or kind is ComponentType.CHECKBOX_GROUP:
            chosen = values.get(custom_id, [])
            if not chosen and not part.get("required", kind in SELECTS):
                return {**filled, "values": []}
            if kind in SELECTS:
                return {**filled, **self._chosen(member, part, chosen)}
            return {**filled, "values": list(chosen)}
        if kind is ComponentType.TEXT_INPUT:
            text = values.get(custom_id, part.get("value") or "")
            required = part.get("required", True)
            least, most = max(part.get("min_length") or 0, int(required)), part.get("max_length") or 4000
            if (text or required) and not least <= len(text) <= most:
                raise CannotDo(f"{custom_id!r} takes {least} to {most} characters")
            return {**filled, "value": text}
        if kind is ComponentType.RADIO_GROUP:
            offered = [option["value"] for option in part["options"]]
            default = next((option["value"] for option in part["options"] if option.get("default")), None)
            picked = values.get(custom_id, default)
            if picked not in offered and (picked is not None or part.get("required", True)):
                raise CannotDo(f"{custom_id!r} offers {offered}, not {picked!r}")
            return {**filled, "value": picked}
        return {**filled, "value": values.get(custom_id, part.get("default"))}

    async def _component_answer(
        self,
        member: Member,
        stored: StoredMessage,
        data: dict[str, Any],
        timeout: float,
        followups: int | None,
    ) -> Answer:
        before = stored.edited_timestamp
        record = self._send(InteractionType.MESSAGE_COMPONENT, member, stored.channel_id, data, stored)
        return await self._answer(record, timeout, _Source(stored, before), followups)

    # ------------------------------------------------------------------- polls

    def vote(self, member: Member, on: Message | Answer, answer: int, *, wanted: bool) -> None:
        """Vote for an answer of a native poll, or take that vote back."""
        stored = self._message(member, on)
        change = self._world.add_poll_vote if wanted else self._world.remove_poll_vote
        try:
            change(stored.channel_id, stored.id, answer, member.id)
        except BackendError as error:
            raise CannotDo(error.message.removeprefix("Invalid Form Body: ")) from error

    # ------------------------------------------------------- asking, and waiting

    def _send(
        self,
        type: InteractionType,
        member: Member,
        channel_id: int,
        data: dict[str, Any],
        source: StoredMessage | None = None,
    ) -> Interaction:
        if not self._gateway.connected:
            raise CannotDo("no bot is connected")
        if not channel_accessible(self._world, channel_id, member.id):
            raise CannotDo(f"{member.name} does not see that channel")
        record, payload = interactions.base_payload(
            self._world, type=type, channel_id=channel_id, guild_id=member.guild_id, user_id=member.id, data=data
        )
        payload["attachment_size_limit"] = ATTACHMENT_LIMIT
        if source is not None:
            record.source_message_id = source.id
            payload["message"] = dict(serializers.message_payload(self._world, source))
        self._world.emit("INTERACTION_CREATE", payload)
        return record

    async def _answer(
        self, record: Interaction, timeout: float, source: _Source | None = None, followups: int | None = None
    ) -> Answer:
        """Wait for the first answer as long as Discord does, then for what was promised by a deferral.

        ``followups`` waits for so many follow-ups whatever the first answer was.
        """
        about = [record.id, *([source.message.id] if source is not None else [])]
        try:
            await self._changes.until(lambda: record.responded, "the first answer", self.first_answer, about)
        except TimeoutError:
            raise CannotDo(f"The application did not respond within {self.first_answer:g} s") from None
        try:
            await self._changes.until(lambda: self._done(record, source, followups), "the answer", timeout, about)
        except TimeoutError:
            raise CannotDo(f"The application is still thinking after {timeout:g} s") from None
        if record.response_kind is ResponseKind.DEFERRED_UPDATE and followups is None:
            await self._until_quiet(record, source, about)
        return shown.answer(self._world, record)

    def _done(self, record: Interaction, source: _Source | None, followups: int | None) -> bool:
        """Whether the bot has said what it had to say, as far as one can know."""
        if followups is not None:
            return len(record.followup_ids) >= followups and record.response_kind is not ResponseKind.DEFERRED
        if record.followup_ids:
            return True
        if record.response_kind is ResponseKind.DEFERRED:
            return record.message_id not in self._world.messages.get(record.channel_id, {})
        if record.response_kind is ResponseKind.DEFERRED_UPDATE:
            return self._edits(record, source) != 0
        return True

    def _edits(self, record: Interaction, source: _Source | None) -> int:
        """How often the clicked message was edited since: with the interaction's token, or as any other message."""
        own = self._world.own_edits.get(record.id, 0)
        if own or source is None:
            return own
        is_there = source.message.id in self._world.messages.get(record.channel_id, {})
        return int(not is_there or source.message.edited_timestamp != source.edited_before)

    async def _until_quiet(self, record: Interaction, source: _Source | None, about: Sequence[int]) -> None:
        """Give a bot that deferred the time to both edit the message and send a follow-up."""

        def come() -> tuple[int, int]:
            return len(record.followup_ids), self._edits(record, source)

        while not all(so_far := come()):
            quiet = QUIET_AFTER_FOLLOW_UP if so_far[0] else QUIET_AFTER_EDIT
            try:
                await self._changes.until(lambda before=so_far: come() != before, "more", quiet, about)  # type: ignore[misc]
            except TimeoutError:
                return


@dataclass(frozen=True)
class _Source:
    """The message a click was made on, and when it had last been edited before."""

    message: StoredMessage
    edited_before: str | None


def _named(root: Mapping[str, Any]) -> dict[str, Any]:
    named = {"id": root["id"], "name": root["name"], "type": root.get("type", 1)}
    return {**named, "guild_id": root["guild_id"]} if root.get("guild_id") else named
