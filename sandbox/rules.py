"""Discord's rules: simcord's routes, and in front of them what simcord lets pass and Discord does not.

Codes: https://docs.discord.com/developers/topics/opcodes-and-status-codes
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from simcord.backend import errors, permissions, serializers
from simcord.backend.errors import BackendError
from simcord.backend.models import Channel, Interaction
from simcord.components import walk_components
from simcord.enums import ChannelType, ComponentType
from simcord.http import router

from sandbox import polls
from sandbox.world import ATTACHMENT_LIMIT, REQUIRE_TAG, World

log = logging.getLogger(__name__)
NONCE_LENGTH = 25
NONCE_SECONDS = 180
LONGEST_URL = 2048
LONGEST_NAME = 100  # of a thread or a choice, and the value of a choice
MOST_CHOICES = 25
PAGE, LARGEST_PAGE = 50, 100  # messages or threads in one answer, unless asked otherwise, and at most
SMALLEST_THREAD_PAGE = 2
PREMIUM_BUTTON = 6  # which Discord labels itself
EMBED_LINKS = (("url",), ("author", "url"))
EMBED_PICTURES = (("image", "url"), ("thumbnail", "url"), ("author", "icon_url"), ("footer", "icon_url"))
THREAD_METADATA = ("archived", "locked", "auto_archive_duration", "invitable")


@dataclass(frozen=True)
class Upload:
    """A file that came with a request."""

    filename: str
    data: bytes
    description: str | None = None


@dataclass(frozen=True)
class Call:
    """One request to the API. ``path`` begins after the version; ``body`` is the parsed JSON or None."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    files: tuple[Upload, ...] = ()
    reason: str | None = None

    @property
    def segments(self) -> list[str]:
        return self.path.strip("/").split("/")

    def with_body(self, **changes: Any) -> Call:
        """The same request with parts of its body changed."""
        return Call(self.method, self.path, self.query, {**(self.body or {}), **changes}, self.files, self.reason)


class Rules:
    """Carries requests out by Discord's rules. Errors are raised as simcord's BackendError."""

    def __init__(self, world: World, *, message_content: bool) -> None:
        self._world = world
        self._message_content = message_content
        self._nonces: dict[str, tuple[datetime, dict[str, Any]]] = {}

    def carry_out(self, call: Call) -> Any:
        """Do what the request asks. Returns the JSON of the answer; None means 204."""
        if any(len(file.data) > ATTACHMENT_LIMIT for file in call.files):
            raise BackendError(413, 40005, "Request entity too large")
        match [call.method, *call.segments]:
            case ["POST", "channels", channel_id, "messages"]:
                return self._send_message(call, int(channel_id))
            case ["PATCH", "channels", channel_id, "messages", message_id]:
                self._check_no_poll(int(channel_id), int(message_id))
                return self._pass_on(self._checked_message(call, int(channel_id)))
            case ["GET", "channels", channel_id, "polls", message_id, "answers", answer]:
                return self._voters(call, int(channel_id), int(message_id), int(answer))
            case ["POST", "channels", channel_id, "polls", message_id, "expire"]:
                self._check_end(int(channel_id), int(message_id))
            case ["POST", "channels", channel_id, "threads"]:
                return self._create_thread(call, int(channel_id))
            case ["POST", "channels", _, "messages", _, "threads"]:
                _check_name(call.body)
            case ["PATCH", "channels", thread_id] if self._is_thread(thread_id):
                return self._edit_thread(call, int(thread_id))
            case ["DELETE", "channels", thread_id] if self._is_thread(thread_id):
                return self._delete_thread(int(thread_id))
            case ["GET", "guilds", guild_id, "threads", "active"]:
                return self._active_threads(int(guild_id))
            case ["GET", "channels", channel_id, "threads", "archived", "public"]:
                return self._archived_threads(call, int(channel_id))
            case ["GET", "channels", _, "messages"]:
                _check_page(call.query)
            case ["POST", "interactions", _, _, "callback"]:
                return self._answer_interaction(call)
            case [_, "webhooks", _, token, *rest] if token in self._world.interaction_tokens:
                return self._follow_up(call, token, rest)
            case ["GET", "applications", "@me"]:
                return self._pass_on(Call("GET", "/oauth2/applications/@me"))
        return self._pass_on(call)

    def forget_nonces(self) -> None:
        """Take no message for a repeated one that was sent before now."""
        self._nonces.clear()

    def interaction_of(self, token: str) -> list[int]:
        """The interaction this webhook token belongs to, if any."""
        found = self._world.interaction_tokens.get(token)
        return [found] if found is not None else []

    def _pass_on(self, call: Call) -> Any:
        world = self._world
        files = [
            SimpleNamespace(fp=BytesIO(each.data), filename=each.filename, description=each.description)
            for each in call.files
        ]
        try:
            answer = router.dispatch(
                world,
                call.method,
                call.path,
                json=call.body,
                params=dict(call.query),
                files=files,
                reason=call.reason,
                message_content_access=self._message_content,
            )
        except (KeyError, TypeError, ValueError) as error:
            # simcord trusts the shape of a body where Discord checks it.
            log.warning("%s %s was refused for its shape", call.method, call.path, exc_info=True)
            raise errors.invalid_form_body(f"{type(error).__name__}: {error}") from error
        finally:
            world.http_requests.clear()
            world.transcript.clear()
        return world.completed(answer)

    # ---------------------------------------------------------------- messages

    def _send_message(self, call: Call, channel_id: int) -> Any:
        channel = self._world.get_channel(channel_id)
        self._require(channel, "send_messages_in_threads" if channel.is_thread else "send_messages")
        if channel.type in (ChannelType.FORUM, ChannelType.CATEGORY):
            raise BackendError(400, 50008, "Cannot send messages in a non-text channel")
        call = self._checked_message(call, channel_id)
        nonce = call.body.get("nonce")
        if nonce is not None and len(str(nonce)) > NONCE_LENGTH:
            raise errors.invalid_form_body(f"nonce: Must be {NONCE_LENGTH} or fewer in length.")
        now = self._world.clock.now()
        if nonce is not None and call.body.get("enforce_nonce") and str(nonce) in self._nonces:
            then, first = self._nonces[str(nonce)]
            if (now - then).total_seconds() < NONCE_SECONDS:
                return first
        self._check_lock(channel)
        answer = self._pass_on(call)
        if channel.thread_metadata is not None and channel.thread_metadata.archived:
            self._world.archive(channel, False)
        if nonce is not None:
            answer["nonce"] = nonce
            self._nonces[str(nonce)] = (now, answer)
            self._world.nonces[int(answer["id"])] = str(nonce)
        return answer

    def _checked_message(self, call: Call, channel_id: int) -> Call:
        """The message as Discord takes it: embeds vanish silently where the bot may not embed links."""
        channel = self._world.get_channel(channel_id)
        message = _message_of(call.body)
        _check_embeds(message)
        _check_links(message.get("components") or [])
        if message.get("poll") is not None:
            polls.check(message["poll"])
            self._require(channel, "send_polls")
        if call.files:
            self._require(channel, "attach_files")
        if message.get("embeds") and not self._may(channel, "embed_links"):
            message = {**message, "embeds": []}
        parts = ("content", "embeds", "components", "sticker_ids", "poll", "attachments", "message_reference")
        if call.method == "POST" and not call.files and not any(message.get(part) for part in parts):
            raise BackendError(400, 50006, "Cannot send an empty message")
        if "message" in (call.body or {}):
            return call.with_body(message=message)
        return call.with_body(**message)

    # ------------------------------------------------------------------- polls

    def _check_no_poll(self, channel_id: int, message_id: int) -> None:
        """A message with a poll stays as it was sent."""
        message = self._world.messages.get(channel_id, {}).get(message_id)
        if message is not None and message.poll is not None:
            raise polls.CANNOT_EDIT

    def _voters(self, call: Call, channel_id: int, message_id: int, answer: int) -> Any:
        self._require(self._world.get_channel(channel_id), "view_channel", "read_message_history")
        found = polls.voters(self._world.get_message(channel_id, message_id), answer, call.query)
        return {"users": [dict(serializers.user_payload(self._world.get_user(user))) for user in found]}

    def _check_end(self, channel_id: int, message_id: int) -> None:
        """Only a poll that still runs can be ended. simcord sees to it that it is the bot's own."""
        message = self._world.get_message(channel_id, message_id)
        if message.poll is None:
            raise polls.NOT_A_POLL
        if message.poll.finalized:
            raise polls.EXPIRED

    # ----------------------------------------------------------------- threads

    def _is_thread(self, channel_id: str) -> bool:
        channel = self._world.channels.get(int(channel_id))
        return channel is not None and channel.is_thread

    def _check_lock(self, channel: Channel) -> None:
        """Into a locked thread only moderators may write."""
        meta = channel.thread_metadata
        if meta is None or not meta.locked or self._may(channel, "manage_threads"):
            return
        if meta.archived:
            raise BackendError(403, 50083, "Thread is archived")
        raise BackendError(403, 160005, "Thread is locked")

    def _create_thread(self, call: Call, channel_id: int) -> Any:
        _check_name(call.body)
        channel = self._world.get_channel(channel_id)
        if channel.type != ChannelType.FORUM:
            return self._pass_on(call)
        self._require(channel, "send_messages")
        call = self._checked_message(call, channel_id)
        if self._world.forum_flags.get(channel_id, 0) & REQUIRE_TAG and not call.body.get("applied_tags"):
            raise BackendError(400, 40067, "A tag is required to create a forum post in this channel")
        return self._pass_on(call)

    def _edit_thread(self, call: Call, thread_id: int) -> Any:
        """Whoever began a thread may rename, tag and archive it; the rest is for Manage Threads."""
        world = self._world
        thread = world.get_channel(thread_id)
        body = dict(call.body or {})
        meta = thread.thread_metadata
        assert meta is not None
        own = thread.owner_id == world.bot_user.id and not meta.locked and "locked" not in body
        self._require(thread, *(() if own else ("manage_threads",)))
        if meta.archived and not meta.locked and body.get("archived") is not False:
            raise BackendError(400, 50083, "Thread is archived")
        if "name" in body:
            _check_name(body)
        changes: dict[str, Any] = {key: body[key] for key in ("name", "rate_limit_per_user") if key in body}
        if "applied_tags" in body:
            changes["applied_tags"] = [int(tag) for tag in body["applied_tags"]]
        metadata = {key: body[key] for key in THREAD_METADATA if key in body}
        if "archived" in body:
            metadata["archive_timestamp"] = world.now_iso()
        return dict(serializers.thread_payload(world, world.edit_channel(thread_id, changes, thread_metadata=metadata)))

    def _delete_thread(self, thread_id: int) -> Any:
        thread = self._world.get_channel(thread_id)
        self._require(thread, "manage_threads")
        payload = dict(serializers.thread_payload(self._world, thread))
        self._world.delete_channel(thread_id)
        return payload

    def _active_threads(self, guild_id: int) -> Any:
        self._world.get_guild(guild_id)
        threads = [thread for thread in self._world.active_threads(guild_id) if self._may(thread, "view_channel")]
        threads.sort(key=lambda thread: thread.id, reverse=True)
        return serializers.thread_list_payload(self._world, threads)

    def _archived_threads(self, call: Call, channel_id: int) -> Any:
        """Newest archived first, up to ``limit`` of those archived before ``before``."""
        channel = self._world.get_channel(channel_id)
        self._require(channel, "view_channel", "read_message_history")
        threads = self._world.archived_threads(channel_id, private=False)
        if "before" in call.query:
            before = datetime.fromisoformat(call.query["before"])
            threads = [thread for thread in threads if _archived_at(thread) < before]
        threads.sort(key=_archived_at, reverse=True)
        limit = int(call.query.get("limit", PAGE))
        if not SMALLEST_THREAD_PAGE <= limit <= LARGEST_PAGE:
            raise errors.invalid_form_body(f"limit: Must be between {SMALLEST_THREAD_PAGE} and {LARGEST_PAGE}.")
        return serializers.thread_list_payload(self._world, threads[:limit], has_more=len(threads) > limit)

    # ------------------------------------------------------------- interactions

    def _answer_interaction(self, call: Call) -> Any:
        data = (call.body or {}).get("data") or {}
        _check_embeds(data)
        _check_links(data.get("components") or [])
        _check_choices(data.get("choices") or [])
        if data.get("poll") is not None:
            polls.check(data["poll"])
        answer = self._pass_on(call)
        return answer if call.query.get("with_response") in ("1", "true") else None

    def _follow_up(self, call: Call, token: str, rest: list[str]) -> Any:
        """What comes after the first answer: further messages, and edits of any of them."""
        record = self._world.interactions[self._world.interaction_tokens[token]]
        self._check_token(record)
        message = _message_of(call.body)
        _check_embeds(message)
        if message.get("poll") is not None:
            polls.check(message["poll"])
        edited = None
        if call.method == "PATCH" and rest[0] == "messages":
            edited = record.message_id if rest[1] == "@original" else int(rest[1])
            self._check_no_poll(record.channel_id, edited or 0)
        answer = self._pass_on(call)
        if edited is not None and edited == record.source_message_id:
            self._world.own_edits[record.id] = self._world.own_edits.get(record.id, 0) + 1
        return answer

    def _check_token(self, record: Interaction) -> None:
        if record.expires_at is not None and self._world.now_iso() >= record.expires_at:
            raise BackendError(401, 50027, "Invalid Webhook Token")

    # --------------------------------------------------------------- permissions

    def _may(self, channel: Channel, name: str) -> bool:
        if channel.guild_id is None:
            return True
        held = self._world.compute_permissions(channel.guild_id, self._world.bot_user.id, channel.id)
        return bool(held & permissions.flag(name))

    def _require(self, channel: Channel, *names: str) -> None:
        self._world.require_permissions(channel.guild_id, self._world.bot_user.id, channel.id, *names)


def _message_of(body: Any) -> dict[str, Any]:
    """The message inside a body: a forum post wraps it."""
    if not isinstance(body, dict):
        return {}
    message = body.get("message", body)
    return message if isinstance(message, dict) else {}


def _archived_at(thread: Channel) -> datetime:
    assert thread.thread_metadata is not None
    return datetime.fromisoformat(thread.thread_metadata.archive_timestamp)


def _check_name(body: Any) -> None:
    name = (body or {}).get("name")
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= LONGEST_NAME:
        raise errors.invalid_form_body(f"name: Must be between 1 and {LONGEST_NAME} in length.")


def _check_page(query: dict[str, str]) -> None:
    if not 1 <= int(query.get("limit", PAGE)) <= LARGEST_PAGE:
        raise errors.invalid_form_body(f"limit: int value should be between 1 and {LARGEST_PAGE}.")


def _check_choices(choices: list[dict[str, Any]]) -> None:
    fits = len(choices) <= MOST_CHOICES and all(
        1 <= len(choice["name"]) <= LONGEST_NAME and len(str(choice["value"])) <= LONGEST_NAME for choice in choices
    )
    if not fits:
        raise errors.invalid_form_body(
            f"choices: At most {MOST_CHOICES}, with names and values of 1 to {LONGEST_NAME} characters."
        )


def _check_embeds(message: dict[str, Any]) -> None:
    """What simcord does not look at: addresses and times. It counts the characters itself."""
    for embed in message.get("embeds") or []:
        for keys in EMBED_LINKS + EMBED_PICTURES:
            value: Any = embed
            for key in keys:
                value = (value or {}).get(key)
            if value is not None:
                _check_url(value, "embeds." + ".".join(keys), ("attachment",) if keys in EMBED_PICTURES else ())
        if embed.get("timestamp") is not None:
            try:
                datetime.fromisoformat(embed["timestamp"])
            except ValueError:
                raise errors.invalid_form_body("embeds.timestamp: Could not parse.") from None
        for field_ in embed.get("fields") or []:
            if not field_.get("name") or not field_.get("value"):
                raise errors.invalid_form_body("embeds.fields: This field is required")


def _check_links(components: Iterable[dict[str, Any]]) -> None:
    for component in walk_components(list(components)):
        if component.get("type") != ComponentType.BUTTON:
            continue
        if component.get("url") is not None:
            _check_url(component["url"], "components.url", ("discord",))
        if component.get("style") != PREMIUM_BUTTON and not component.get("label") and not component.get("emoji"):
            raise errors.invalid_form_body("components: A button needs a label or an emoji.")


def _check_url(value: Any, where: str, also: tuple[str, ...]) -> None:
    if not isinstance(value, str) or len(value) > LONGEST_URL:
        raise errors.invalid_form_body(f"{where}: Must be {LONGEST_URL} or fewer in length.")
    try:
        parts = urlsplit(value)
    except ValueError:
        raise errors.invalid_form_body(f"{where}: Not a well formed URL.") from None
    if parts.scheme not in ("http", "https", *also) or not parts.netloc or any(c.isspace() for c in value):
        raise errors.invalid_form_body(f"{where}: Not a well formed URL.")
