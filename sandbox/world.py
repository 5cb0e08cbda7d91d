"""What there is: guilds, channels, messages. simcord's backend on the real clock, put right where it bends rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from simcord._clock import Clock
from simcord.backend import Backend, serializers
from simcord.backend.errors import BackendError
from simcord.backend.models import Channel, Message
from simcord.enums import ChannelType, MessageType

HAS_THREAD = 1 << 5
REQUIRE_TAG = 1 << 4
ATTACHMENT_LIMIT = 10 * 1024 * 1024


class RealClock(Clock):
    """The time it really is, because bots search a channel's history by the time inside message ids.

    ``advance`` moves it on, so that a test need not wait for an interaction to expire.
    """

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.elapsed)


class World(Backend):
    """simcord's backend with Discord's own rules for threads, forum posts and published messages."""

    CROSSPOSTED_FLAG = 1 << 0

    def __init__(self, bot_name: str) -> None:
        super().__init__(clock=RealClock())
        self.bot_user.name = bot_name
        self.forum_flags: dict[int, int] = {}
        self.nonces: dict[int, str] = {}
        self.happened: Callable[[], None] = lambda: None

    def now_iso(self) -> str:
        return self.clock.now().isoformat(timespec="microseconds")

    def iso_after(self, seconds: float) -> str:
        return (self.clock.now() + timedelta(seconds=seconds)).isoformat(timespec="microseconds")

    def emit(self, event: str, payload: Mapping[str, Any]) -> None:
        super().emit(event, self.completed(payload))
        # simcord keeps every event and request for its transcript; over hours that is all the memory there is.
        self.transcript.clear()
        self.happened()

    def completed(self, payload: Any) -> Any:
        """The same payload with what simcord leaves out: a forum's flags."""
        if isinstance(payload, Mapping):
            whole = {key: self.completed(value) for key, value in payload.items()}
            if whole.get("type") == ChannelType.FORUM and "available_tags" in whole:
                whole["flags"] = self.forum_flags.get(int(whole["id"]), 0)
            return whole
        if isinstance(payload, list | tuple):
            return [self.completed(value) for value in payload]
        return payload

    # ---------------------------------------------------------------- threads

    def create_thread(
        self,
        parent_id: int,
        name: str,
        owner_id: int,
        *,
        type: int = ChannelType.PUBLIC_THREAD,
        auto_archive_duration: int = 1440,
        message_id: int | None = None,
        applied_tags: Iterable[int] = (),
        broadcast: bool = True,
    ) -> Channel:
        """A message has room for one thread, which has its id, marks it, and begins with a pointer to it."""
        if message_id is not None and message_id in self.channels:
            raise BackendError(400, 160004, "A thread has already been created for this message")
        thread = super().create_thread(
            parent_id,
            name,
            owner_id,
            type=type,
            auto_archive_duration=auto_archive_duration,
            message_id=message_id,
            applied_tags=applied_tags,
            broadcast=broadcast and message_id is None,
        )
        if message_id is not None:
            message = self.get_message(parent_id, message_id)
            message.flags |= HAS_THREAD
            self.emit("MESSAGE_UPDATE", dict(serializers.message_payload(self, message)))
            self.announce_thread_create(thread)
            self.create_system_message(
                thread.id,
                MessageType.THREAD_STARTER_MESSAGE,
                message.author_id,
                referenced_channel_id=parent_id,
                referenced_message_id=message_id,
            )
        return thread

    def commit_message(self, message: Message, *, broadcast: bool = True) -> Message:
        """A forum post's first message has the post's id, and is not counted among its messages."""
        channel = self.get_channel(message.channel_id)
        begins = channel.is_thread and channel.last_message_id is None
        if begins and self.in_forum(channel):
            message.id = channel.id
        if begins and message.type == MessageType.THREAD_STARTER_MESSAGE:
            message.content = ""
        committed = super().commit_message(message, broadcast=broadcast)
        if begins:
            channel.message_count = 0
        return committed

    def delete_message(self, channel_id: int, message_id: int) -> None:
        super().delete_message(channel_id, message_id)
        channel = self.get_channel(channel_id)
        if channel.is_thread and message_id != channel.id:
            channel.message_count = max(channel.message_count - 1, 0)

    def in_forum(self, thread: Channel) -> bool:
        """Whether this thread is a forum post."""
        parent = self.channels.get(thread.parent_id or 0)
        return parent is not None and parent.type == ChannelType.FORUM

    def archive(self, thread: Channel, archived: bool) -> None:
        """Archive a thread or bring it back, and tell everyone."""
        self.edit_channel(thread.id, {}, thread_metadata={"archived": archived, "archive_timestamp": self.now_iso()})
