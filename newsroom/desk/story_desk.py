"""What moderators do with a story that is posted: take it down, split and merge it, poll on it, correct its side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from newsroom.desk.regrouping import Place, merge, near, split
from newsroom.errors import RequestRefused
from newsroom.models import Article, Camp, Delivery, DeliveryState, GuildSettings, Origin, Poll, PollState, Purpose
from newsroom.store import Connection, Store
from newsroom.store.stories import Posted
from newsroom.votes.story_polls import StoryPolls, place_of
from newsroom.votes.totals import close_poll

LARGEST_ID = 2**63 - 1  # no id of Discord's is larger
NO_STORY = "That message is none of my story cards."


@dataclass(frozen=True, slots=True)
class ManagedStory:
    """A story as its moderators see it: the card that was picked, where it comes from, and its team poll if any.

    ``others`` are the articles of other sources that the card names, each with its source, and ``near`` are stories
    that it might be the same as, the most alike first.
    """

    channel_id: int
    message_id: int
    headline: str
    origin: Origin | None
    posted_at: datetime | None
    poll: Poll | None
    settings: GuildSettings
    strong: bool
    others: tuple[tuple[Article, str], ...] = ()
    near: tuple[Posted, ...] = ()


class StoryDesk:
    """Each method is one transaction and acts on one guild alone."""

    def __init__(self, store: Store, story_polls: StoryPolls, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._story_polls = story_polls
        self._now = now

    async def story_of(self, guild_id: int, message_id: int) -> ManagedStory:
        """Return the story of a card, or of a message with the team poll about it. Raises RequestRefused."""
        async with self._store.read() as connection:
            return await self._managed(connection, guild_id, await self._card(connection, guild_id, message_id))

    async def stories(self, guild_id: int, text: str) -> list[tuple[int, str, int]]:
        """Return the cards whose headline holds ``text``, the newest first, as (story, headline, channel)."""
        async with self._store.read() as connection:
            return await self._store.stories.posted(connection, guild_id, text)

    async def start_poll(self, guild_id: int, message_id: int, opened_by: int) -> ManagedStory:
        """Open the story's team poll because a moderator wants it. Raises RequestRefused if it has one."""
        async with self._store.begin() as connection:
            card = await self._card(connection, guild_id, message_id)
            poll = await self._story_polls.start(
                connection, guild_id, card.story_id, card.channel_id, opened_by, self._now()
            )
            if poll is None:
                raise RequestRefused("This story has its team poll already.")
            return await self._managed(connection, guild_id, card)

    async def correct(self, guild_id: int, message_id: int, camp: Camp) -> ManagedStory:
        """Remember which side or sides a story is about, whatever its words say."""
        async with self._store.begin() as connection:
            card = await self._card(connection, guild_id, message_id)
            await self._store.guilds.correct(connection, guild_id, card.story_id, camp)
            return await self._managed(connection, guild_id, card)

    async def split(self, guild_id: int, message_id: int, article_id: int) -> tuple[ManagedStory, list[Place]]:
        """Have one of the articles that a card names be a story of its own in this guild.

        Return the card's story with the messages to delete. Raises RequestRefused.
        """
        async with self._store.begin() as connection:
            await self._store.guilds.lock(connection, guild_id)
            card = await self._card(connection, guild_id, message_id)
            places = await split(self._store, connection, card, article_id, self._now())
            return await self._managed(connection, guild_id, card), places

    async def merge(self, guild_id: int, message_id: int, other_id: int) -> tuple[ManagedStory, list[Place]]:
        """Have the stories of two cards be one in this guild, and return it with the messages to delete.

        Raises RequestRefused.
        """
        async with self._store.begin() as connection:
            await self._store.guilds.lock(connection, guild_id)
            card = await self._card(connection, guild_id, message_id)
            other = await self._card(connection, guild_id, other_id)
            story_id, places = await merge(
                self._store, connection, guild_id, card.story_id, other.story_id, self._now()
            )
            here = (await self._store.deliveries.of_story(connection, story_id, guild_id))[card.channel_id]
            return await self._managed(connection, guild_id, here.delivery), places

    async def take_down(self, guild_id: int, message_id: int) -> list[Place]:
        """Take a story's card out of its channel for good, with what shows its poll there; return what to delete.

        With the last card the poll ends, too, and its result is told nowhere.
        """
        async with self._store.begin() as connection:
            card = await self._card(connection, guild_id, message_id)
            cards = await self._store.deliveries.standing_cards(connection, card.story_id, guild_id)
            place = next(place_of(each, kind) for each, kind in cards if each.id == card.id)
            assert card.message_id is not None, "it stands in its channel"
            messages = [(place, card.message_id)]
            await self._store.deliveries.record(
                connection,
                card.id,
                state=DeliveryState.SKIPPED,
                message_id=None,
                redraw_at=None,
                reason="Taken down by a moderator.",
            )
            poll = await self._store.polls.of_story(connection, guild_id, card.story_id)
            if poll is not None:
                for shown in await self._store.polls.messages(connection, [poll.id]):
                    if shown.channel_id == place and shown.purpose is not Purpose.RESULT:
                        await self._store.polls.record(connection, shown.id, state=DeliveryState.SKIPPED)
                        if shown.message_id is not None and shown.message_id != card.message_id:
                            messages.append((place, shown.message_id))
                if len(cards) == 1 and poll.state is PollState.OPEN:
                    await close_poll(self._store, connection, poll, self._now())
        return messages

    async def _card(self, connection: Connection, guild_id: int, message_id: int) -> Delivery:
        """Return the card that a moderator means: the message itself, or what a poll's message replies to."""
        if message_id > LARGEST_ID:
            raise RequestRefused(NO_STORY)
        card = await self._store.deliveries.by_message(connection, guild_id, message_id)
        if card is None:
            shown = await self._store.polls.by_message(connection, guild_id, message_id)
            if shown is not None and shown.delivery_id is not None:
                card = await self._store.deliveries.get(connection, shown.delivery_id)
            elif shown is not None and shown.reply_to is not None:
                card = await self._store.deliveries.by_message(connection, guild_id, shown.reply_to)
        if card is None or card.message_id is None:
            raise RequestRefused(NO_STORY)
        return card

    async def _managed(self, connection: Connection, guild_id: int, card: Delivery) -> ManagedStory:
        article, _ = await self._store.deliveries.contents(connection, card)
        story = await self._store.stories.get(connection, card.story_id, guild_id)
        assert card.message_id is not None, "it stands in its channel"
        return ManagedStory(
            channel_id=card.channel_id,
            message_id=card.message_id,
            headline=article.title,
            origin=await self._store.deliveries.origin(connection, card.id, guild_id),
            posted_at=await self._store.deliveries.posted_at(connection, card.id),
            poll=await self._store.polls.of_story(connection, guild_id, card.story_id),
            settings=await self._store.guilds.settings(connection, guild_id),
            strong=story.strong,
            others=tuple(await self._store.deliveries.others(connection, card)),
            near=await near(self._store, connection, guild_id, card.story_id, article.title, self._now()),
        )
