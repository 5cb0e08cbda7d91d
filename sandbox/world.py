"""What there is: guilds, channels, messages. simcord's backend on the real clock, put right where it bends rules."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from simcord._clock import Clock
from simcord.backend import Backend, serializers
from simcord.backend.errors import BackendError
from simcord.backend.models import Channel, Message, SystemMessageMetadata
from simcord.enums import ChannelType, MessageType

from sandbox import polls

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
    """simcord's backend with Discord's own rules for threads, forum posts, published messages and polls."""

    CROSSPOSTED_FLAG = 1 << 0

    def __init__(self, bot_name: str) -> None:
        super().__init__(clock=RealClock())
        self.bot_user.name = bot_name
        self.forum_flags: dict[int, int] = {}
        self.nonces: dict[int, str] = {}
        # Interaction id -> how often the bot edited the message it came from, with the interaction's token.
        self.own_edits: dict[int, int] = {}
        self.happened: Callable[[], None] = lambda: None
        self._next_end: asyncio.TimerHandle | None = None

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
        """The same payload with a forum's flags, which simcord leaves out, and without the answers nobody chose."""
        if isinstance(payload, Mapping):
            whole = {key: self.completed(value) for key, value in payload.items()}
            if "answer_counts" in whole:
                whole["answer_counts"] = [count for count in whole["answer_counts"] if count["count"]]
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
        """A forum post's first message has the post's id; neither it nor a private answer counts among the messages."""
        channel = self.get_channel(message.channel_id)
        counted = channel.message_count
        begins = channel.is_thread and channel.last_message_id is None
        if begins and self.in_forum(channel):
            message.id = channel.id
        if begins and message.type == MessageType.THREAD_STARTER_MESSAGE:
            message.content = ""
        committed = super().commit_message(message, broadcast=broadcast)
        if begins:
            channel.message_count = 0
        if message.is_ephemeral:
            channel.message_count = counted
        if message.poll is not None:
            self._await_next_end()
        return committed

    def edit_message(self, channel_id: int, message_id: int, fields: dict[str, Any]) -> Message:
        """An answer that was still to come may turn out to be a poll."""
        edited = super().edit_message(channel_id, message_id, fields)
        if fields.get("poll") is not None:
            self._await_next_end()
        return edited

    def delete_message(self, channel_id: int, message_id: int) -> None:
        was_private = self.get_message(channel_id, message_id).is_ephemeral
        super().delete_message(channel_id, message_id)
        channel = self.get_channel(channel_id)
        if channel.is_thread and message_id != channel.id and not was_private:
            channel.message_count = max(channel.message_count - 1, 0)

    def in_forum(self, thread: Channel) -> bool:
        """Whether this thread is a forum post."""
        parent = self.channels.get(thread.parent_id or 0)
        return parent is not None and parent.type == ChannelType.FORUM

    def archive(self, thread: Channel, archived: bool) -> None:
        """Archive a thread or bring it back, and tell everyone."""
        self.edit_channel(thread.id, {}, thread_metadata={"archived": archived, "archive_timestamp": self.now_iso()})

    # ------------------------------------------------------------------ polls

    def expire_poll(self, channel_id: int, message_id: int) -> Message:
        """End a poll for good, and tell its result in the name of whoever asked."""
        message = self.get_message(channel_id, message_id)
        if message.poll is None or message.poll.finalized:
            return message
        super().expire_poll(channel_id, message_id)
        self.create_message(
            channel_id,
            message.author_id,
            "",
            embeds=[polls.result(message.poll)],
            message_type=MessageType.POLL_RESULT,
            system_metadata=SystemMessageMetadata(
                recipient_id=message.author_id, referenced_channel_id=channel_id, referenced_message_id=message_id
            ),
        )
        return message

    def expire_due_polls(self) -> None:
        """End every poll whose time has come."""
        now = self.clock.now()
        due = [
            message
            for messages in self.messages.values()
            for message in messages.values()
            if message.poll is not None
            and not message.poll.finalized
            and datetime.fromisoformat(message.poll.expiry) <= now
        ]
        for message in due:
            self.expire_poll(message.channel_id, message.id)
        self._await_next_end()

    def _await_next_end(self) -> None:
        """Wake up when the next poll ends."""
        self.close()
        deadline = self.next_poll_deadline()
        if deadline is not None:
            seconds = max((deadline - self.clock.now()).total_seconds(), 0)
            self._next_end = asyncio.get_running_loop().call_later(seconds, self.expire_due_polls)

    def close(self) -> None:
        """Wait for the end of no poll any longer."""
        if self._next_end is not None:
            self._next_end.cancel()
            self._next_end = None
