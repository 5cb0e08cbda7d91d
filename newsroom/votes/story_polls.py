"""Which stories get a team poll, and where it is shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import product

from newsroom.marks import POLL, Marks
from newsroom.models import (
    Article,
    Camp,
    ChannelKind,
    Delivery,
    DeliveryState,
    GuildSettings,
    News,
    Poll,
    PollKind,
    PollState,
    PollStyle,
    Purpose,
    Results,
    ShownPoll,
    Visibility,
)
from newsroom.store import Connection, Store
from newsroom.store.stories import StoryCamp, merged
from newsroom.text import shorten
from newsroom.times import is_night, start_of_day, zone
from newsroom.votes.asking import OPEN_FOR, QUESTION, in_its_words, team_choices, team_question
from newsroom.votes.totals import tally_of


class StoryPolls:
    """Opens team polls by themselves. Every method works inside the caller's transaction."""

    def __init__(self, store: Store, marks: Marks) -> None:
        self._store = store
        self._marks = marks

    async def under(self, connection: Connection, delivery: Delivery, now: datetime) -> ShownPoll | None:
        """Return the team poll that a card is sent with: the story's, or one that opens now if the story has earned it.

        Asked again for the same delivery, it returns the same poll.
        """
        story = await self._store.stories.get(connection, delivery.story_id, delivery.guild_id)
        poll = await self._store.polls.of_story(connection, delivery.guild_id, delivery.story_id)
        settings = await self._store.guilds.settings(connection, delivery.guild_id)
        if poll is None:
            if not await self._has_earned(connection, story, delivery.guild_id):
                return None
            if not await self._has_room(connection, settings, delivery.channel_id, now):
                return None
            article, _ = await self._store.deliveries.contents(connection, delivery)
            poll = await self._open(connection, settings, delivery, article, now)
            if poll is None:  # another channel's card came at the same moment, and opened it
                poll = await self._store.polls.of_story(connection, delivery.guild_id, delivery.story_id)
        if poll is None or poll.state is PollState.CLOSED or poll.style is PollStyle.NATIVE:
            return None
        await self._store.polls.show(
            connection,
            poll.id,
            poll.guild_id,
            delivery.channel_id,
            Purpose.CARD,
            now,
            state=DeliveryState.SENDING,
            delivery_id=delivery.id,
            drawn_votes=await self._store.votes.log_length(connection, poll.id),
            drawn_revision=poll.revision,
        )
        counted = await tally_of(self._store, connection, poll)
        return ShownPoll(poll, self._marks.mark(poll.id, POLL), counted, in_its_words(settings, poll))

    async def told_again(self, connection: Connection, news: Sequence[News], now: datetime) -> None:
        """Give a poll to the stories that a second source among these news has just earned one.

        It opens in those of the guilds that read the new source where a card of the story stands, and appears as a
        reply to each such card, since nobody would notice an edit.
        """
        # By story and guild: a guild is asked in the words of a feed that it reads itself.
        told_in: dict[int, dict[int, Article]] = {}
        for each in news:
            for article, subscription in product(each.articles, each.subscriptions):
                told_in.setdefault(article.story_id, {}).setdefault(subscription.guild_id, article)
        if not told_in:
            return
        into = await merged(connection, told_in)
        several = await self._store.stories.told_by_several(connection, told_in)
        told = {(story_id, story_id) for story_id in several} | {(own, story_id) for (_, own), story_id in into.items()}
        for own, story_id in sorted(told):
            by_guild: dict[int, list[tuple[Delivery, ChannelKind]]] = {}
            for card, kind in await self._store.deliveries.standing_cards(connection, story_id):
                if card.guild_id in told_in[own] and into.get((card.guild_id, own), own) == story_id:
                    by_guild.setdefault(card.guild_id, []).append((card, kind))
            for guild_id, cards in sorted(by_guild.items()):
                story = await self._store.stories.get(connection, story_id, guild_id)
                if story.camp in (None, Camp.NEITHER):
                    continue
                # Other guilds' feeds may have told it too.
                if await self._store.stories.sources(connection, story_id, guild_id) > 1:
                    await self._open_under(connection, cards, told_in[own][guild_id], now)

    async def start(
        self, connection: Connection, guild_id: int, story_id: int, channel_id: int, opened_by: int, now: datetime
    ) -> Poll | None:
        """Open a story's team poll because a moderator wants it, limits or not; None if the story has one already."""
        settings = await self._store.guilds.settings(connection, guild_id)
        cards = await self._store.deliveries.standing_cards(connection, story_id, guild_id)
        first = next((card for card, kind in cards if place_of(card, kind) == channel_id), cards[0][0])
        article, _ = await self._store.deliveries.contents(connection, first)
        poll = await self._open(connection, settings, first, article, now, opened_by=opened_by)
        if poll is not None:
            await reply_to_cards(self._store, connection, poll.id, cards, now)
        return poll

    async def _open_under(
        self, connection: Connection, cards: Sequence[tuple[Delivery, ChannelKind]], article: Article, now: datetime
    ) -> None:
        """Open a story's poll if one channel of its cards has room, and show it under all of them.

        One story is one poll in a guild, wherever its card stands.
        """
        settings = await self._store.guilds.settings(connection, cards[0][0].guild_id)
        for card, _ in cards:
            if await self._has_room(connection, settings, card.channel_id, now):
                poll = await self._open(connection, settings, card, article, now)
                if poll is not None:
                    await reply_to_cards(self._store, connection, poll.id, cards, now)
                return

    async def _has_earned(self, connection: Connection, story: StoryCamp, guild_id: int) -> bool:
        """Whether a story's headline earns it a poll, or else that two sources of the guild have told it by now."""
        if story.camp in (None, Camp.NEITHER):
            return False
        return story.strong or await self._store.stories.sources(connection, story.story_id, guild_id) > 1

    async def _has_room(self, connection: Connection, settings: GuildSettings, channel_id: int, now: datetime) -> bool:
        """Whether a news channel may get one more team poll by itself now."""
        place = zone(settings.timezone)
        if not settings.story_polls or is_night(now, place):
            return False
        # Two that count at the same moment would both find room.
        await self._store.channels.lock(connection, channel_id)
        today = await self._store.polls.opened_by_themselves(connection, channel_id, start_of_day(now, place))
        return today < settings.per_day

    async def _open(
        self,
        connection: Connection,
        settings: GuildSettings,
        card: Delivery,
        article: Article,
        now: datetime,
        *,
        opened_by: int | None = None,
    ) -> Poll | None:
        """Open a story's team poll; None if it has one already, or another process just opened it."""
        poll_id = await self._store.polls.add(
            connection,
            team_choices(settings),
            guild_id=card.guild_id,
            channel_id=card.channel_id,
            kind=PollKind.TEAM,
            style=PollStyle.BUTTONS,
            story_id=card.story_id,
            question=shorten(article.title, QUESTION) or team_question(settings),
            visibility=Visibility.ANONYMOUS,
            results=Results.LIVE,
            max_choices=1,
            automatic=opened_by is None,
            opened_by=opened_by,
            opened_at=now,
            closes_at=now + OPEN_FOR,
        )
        return await self._store.polls.get(connection, poll_id) if poll_id is not None else None


def place_of(card: Delivery, kind: ChannelKind) -> int:
    """Return the channel in which a card's message lies: a forum's post is a thread, whose id is its message's."""
    assert card.message_id is not None, "the card stands in a channel"
    return card.message_id if kind is ChannelKind.FORUM else card.channel_id


async def reply_to_cards(
    store: Store,
    connection: Connection,
    poll_id: int,
    cards: Collection[tuple[Delivery, ChannelKind]],
    now: datetime,
    *,
    but_in: int | None = None,
) -> None:
    """Show a story's poll as a reply to each of its cards, except in the channel ``but_in``."""
    for card, kind in cards:
        place = place_of(card, kind)
        if place != but_in:
            await store.polls.show(
                connection,
                poll_id,
                card.guild_id,
                place,
                Purpose.REPLY,
                now,
                delivery_id=card.id,
                reply_to=card.message_id,
            )
