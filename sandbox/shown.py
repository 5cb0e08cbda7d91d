"""Messages, threads and answers as a member sees them: plain values, for tests and for the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from simcord.backend import serializers
from simcord.backend.models import Channel as StoredChannel
from simcord.backend.models import Interaction
from simcord.backend.models import Message as StoredMessage
from simcord.components import walk_components

from sandbox.world import World

EPHEMERAL = 1 << 6  # among the flags of a message


class HasId(Protocol):
    """Anything of Discord's: a guild, channel, thread, message, member."""

    @property
    def id(self) -> int: ...


@dataclass(frozen=True)
class Member:
    """Somebody in a guild, whom a test or the page may act as."""

    id: int
    name: str
    guild_id: int


@dataclass(frozen=True)
class Message:
    """A message as it stood when it was looked at; ``payload`` is Discord's own form of it."""

    id: int
    channel_id: int
    author_id: int
    content: str
    embeds: tuple[dict[str, Any], ...]
    components: tuple[dict[str, Any], ...]
    flags: int
    nonce: str | None
    created_at: datetime
    payload: dict[str, Any]

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def text(self) -> str:
        """Everything there is to read: content, embeds, text displays, labels."""
        return "\n".join(_texts(self.content, self.embeds, self.components))


@dataclass(frozen=True)
class Thread:
    """A thread or forum post; ``message_count`` leaves out the message it began with."""

    id: int
    name: str
    parent_id: int
    owner_id: int
    applied_tags: tuple[int, ...]
    archived: bool
    locked: bool
    message_count: int


@dataclass(frozen=True)
class Answer:
    """What the bot answered to one interaction: a message, a modal, and what it sent after that."""

    interaction_id: int
    message: Message | None
    followups: tuple[Message, ...]
    modal: dict[str, Any] | None

    @property
    def content(self) -> str:
        return self.message.content if self.message is not None else ""

    @property
    def embeds(self) -> tuple[dict[str, Any], ...]:
        return self.message.embeds if self.message is not None else ()

    @property
    def components(self) -> tuple[dict[str, Any], ...]:
        return self.message.components if self.message is not None else ()

    @property
    def ephemeral(self) -> bool:
        """Whether only the member who asked sees it."""
        return self.message is not None and self.message.ephemeral

    @property
    def text(self) -> str:
        """Everything there is to read, in the answer, its follow-ups and its modal."""
        messages = [*([self.message] if self.message is not None else []), *self.followups]
        modal = [self.modal["title"], *_component_texts(self.modal["components"])] if self.modal is not None else []
        return "\n".join([message.text for message in messages] + modal)


def message(world: World, stored: StoredMessage) -> Message:
    """Look at a message."""
    payload = dict(serializers.message_payload(world, stored))
    return Message(
        id=stored.id,
        channel_id=stored.channel_id,
        author_id=stored.author_id,
        content=stored.content,
        embeds=tuple(stored.embeds),
        components=tuple(stored.components),
        flags=stored.flags,
        nonce=world.nonces.get(stored.id),
        created_at=datetime.fromisoformat(stored.timestamp),
        payload=payload,
    )


def thread(stored: StoredChannel) -> Thread:
    """Look at a thread."""
    meta = stored.thread_metadata
    assert meta is not None and stored.parent_id is not None and stored.owner_id is not None
    return Thread(
        id=stored.id,
        name=stored.name or "",
        parent_id=stored.parent_id,
        owner_id=stored.owner_id,
        applied_tags=tuple(stored.applied_tags),
        archived=meta.archived,
        locked=meta.locked,
        message_count=stored.message_count,
    )


def answer(world: World, record: Interaction) -> Answer:
    """Look at what an interaction was answered with."""
    there = world.messages.get(record.channel_id, {})
    first = there.get(record.message_id or 0)
    return Answer(
        interaction_id=record.id,
        message=message(world, first) if first is not None else None,
        followups=tuple(message(world, there[number]) for number in record.followup_ids if number in there),
        modal=record.modal,
    )


def _texts(content: str, embeds: Sequence[dict[str, Any]], components: Sequence[dict[str, Any]]) -> Iterator[str]:
    if content:
        yield content
    for embed in embeds:
        parts = [(embed.get("author") or {}).get("name"), embed.get("title"), embed.get("description")]
        for field in embed.get("fields") or []:
            parts += [field.get("name"), field.get("value")]
        parts.append((embed.get("footer") or {}).get("text"))
        yield from (part for part in parts if part)
    yield from _component_texts(components)


def _component_texts(components: Sequence[dict[str, Any]]) -> Iterator[str]:
    for part in walk_components(list(components)):
        for key in ("content", "label", "placeholder", "description"):
            if isinstance(part.get(key), str) and part[key]:
                yield part[key]
        for option in part.get("options") or []:
            yield from (option[key] for key in ("label", "description") if option.get(key))
