"""Splitting and merging stories: what a guild's moderators say of them wins over the grouping, in their guild alone.

Every function works inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from newsroom.errors import RequestRefused
from newsroom.models import (
    Article,
    Delivery,
    DeliveryState,
    News,
    PollState,
    PollStyle,
    Subscription,
    SubscriptionState,
)
from newsroom.store import Connection, Store
from newsroom.store.deliveries import Record
from newsroom.store.stories import Posted, articles_of, merged
from newsroom.votes.story_polls import place_of, reply_to_cards

NEAR = timedelta(days=7)
"""How old a card may be for its story to be offered for a merge."""

MOST_COMPARED = 200
MOST_OFFERED = 25

Place = tuple[int, int]
"""A message, as channel and message."""

_BUSY = "One of its cards is being posted just now. Try again in a moment."


async def near(
    store: Store, connection: Connection, guild_id: int, story_id: int, headline: str, now: datetime
) -> tuple[Posted, ...]:
    """Return the stories of a guild that another might be the same as: the most alike first, then the newest."""
    others = await store.stories.posted_since(connection, guild_id, now - NEAR, MOST_COMPARED)
    words = _words(headline)
    by_likeness = sorted(others, key=lambda other: -len(words & _words(other.headline)))
    return tuple(other for other in by_likeness if other.story_id != story_id)[:MOST_OFFERED]


async def split(store: Store, connection: Connection, card: Delivery, article_id: int, now: datetime) -> list[Place]:
    """Have one of the articles that a card names tell a story of its own; one that was merged, its story again.

    Each channel that had both under one card gets a card for each: the one that stands keeps its place, but not the
    team poll of a story that it doesn't tell any more. Return the messages to delete. Raises RequestRefused where the
    card doesn't name that article.
    """
    named = {article.id: article for article, _ in await store.deliveries.others(connection, card)}
    if article_id not in named:
        raise RequestRefused("That report isn't under this card any more.")
    told, own = await store.stories.told_in(connection, named[article_id], card.guild_id)
    if told != own:
        await store.stories.unmerge(connection, card.guild_id, own)
    else:
        own = await store.stories.split(connection, card.guild_id, named[article_id], now)
    parts = {story_id: await _articles(store, connection, story_id, card.guild_id) for story_id in (own, card.story_id)}
    moved = {article.id for article in parts[own]}
    to_delete: list[Place] = []
    drawn: list[int] = []
    for channel_id, record in (await store.deliveries.of_story(connection, card.story_id, card.guild_id)).items():
        if record.delivery.state in (DeliveryState.SKIPPED, DeliveryState.QUARANTINED):
            continue
        lacks = own
        if record.delivery.article_id in moved:
            await _regroup(store, connection, record, own)
            to_delete += await store.polls.taken_off(connection, record.delivery.id)
            lacks = card.story_id
        pairs = await store.subscriptions.of_guild(connection, card.guild_id, channel_id=channel_id)
        if found := _teller(parts[lacks], [subscription for subscription, _ in pairs]):
            article, subscription = found
            await store.channels.grant(connection, channel_id, 1)
            await store.deliveries.plan(connection, [News([replace(article, story_id=lacks)], [subscription])], now)
        # Also while it waits: whoever claims it at this moment has read it as it was.
        drawn.append(record.delivery.id)
    await store.deliveries.draw_anew(connection, drawn, now)
    return to_delete


async def merge(
    store: Store, connection: Connection, guild_id: int, one: int, other: int, now: datetime
) -> tuple[int, list[Place]]:
    """Have two stories be one; return which of them stays, and the messages of the cards that go.

    The one with the team poll stays, or else the older one; in a channel with cards of both, its card. What tells the
    other from now on tells it too, and what members said of the other they said of it. Raises RequestRefused.
    """
    if one == other:
        raise RequestRefused("These are one story already.")
    polls = {story_id: await store.polls.of_story(connection, guild_id, story_id) for story_id in (one, other)}
    if all(polls.values()):
        raise RequestRefused("Both stories have a team poll, and votes can't be merged.")
    stays, goes = sorted((one, other), key=lambda story_id: (polls[story_id] is None, story_id))
    standing = {
        card.id: (place_of(card, kind), card.message_id)
        for card, kind in await store.deliveries.standing_cards(connection, goes, guild_id)
        if card.message_id is not None
    }
    kept = await store.deliveries.of_story(connection, stays, guild_id)
    to_delete: list[Place] = []
    moved: set[int] = set()
    for channel_id, record in (await store.deliveries.of_story(connection, goes, guild_id)).items():
        rival = kept.get(channel_id)
        if rival is not None and _rank(rival) <= _rank(record):
            await _regroup(store, connection, record, None)
            if record.delivery.id in standing:
                to_delete.append(standing[record.delivery.id])
            continue
        if rival is not None:
            await _regroup(store, connection, rival, None)
        await _regroup(store, connection, record, stays)
        moved.add(record.delivery.id)
    await store.stories.merge(connection, guild_id, goes, stays)
    await store.takes.move(connection, guild_id, goes, stays)
    poll = polls[stays]
    if poll is not None and poll.state is PollState.OPEN and poll.style is PollStyle.BUTTONS:
        cards = await store.deliveries.standing_cards(connection, stays, guild_id)
        await reply_to_cards(store, connection, poll.id, [pair for pair in cards if pair[0].id in moved], now)
    records = await store.deliveries.of_story(connection, stays, guild_id)
    await store.deliveries.draw_anew(connection, [record.delivery.id for record in records.values()], now)
    return stays, to_delete


async def regrouped(store: Store, connection: Connection, delivery: Delivery) -> bool:
    """Whether a delivery that is still to be sent was planned while its story was being merged: it is put right."""
    into = await merged(connection, [delivery.story_id])
    story_id = into.get((delivery.guild_id, delivery.story_id))
    if story_id is None:
        return False
    there = await store.deliveries.of_story(connection, story_id, delivery.guild_id)
    await store.deliveries.regroup(connection, delivery.id, None if delivery.channel_id in there else story_id)
    return True


async def _articles(store: Store, connection: Connection, story_id: int, guild_id: int) -> list[Article]:
    """The articles that tell a story in a guild, the oldest first."""
    found = await store.articles.get(connection, await articles_of(connection, story_id, guild_id))
    return [found[article_id] for article_id in sorted(found)]


def _teller(articles: Sequence[Article], subscriptions: Sequence[Subscription]) -> tuple[Article, Subscription] | None:
    """The first of these articles that a channel gets, by the subscription that brings it."""
    active = {one.feed_id: one for one in subscriptions if one.state is not SubscriptionState.PAUSED}
    return next(((article, active[article.feed_id]) for article in articles if article.feed_id in active), None)


def _rank(record: Record) -> int:
    """How much there is of a story in a channel; the lower, the more."""
    delivery = record.delivery
    match delivery.state:
        case DeliveryState.SENT:
            return 0 if delivery.message_id is not None else 1
        case DeliveryState.SKIPPED | DeliveryState.QUARANTINED:
            return 3
    return 2


async def _regroup(store: Store, connection: Connection, record: Record, story_id: int | None) -> None:
    if not await store.deliveries.regroup(connection, record.delivery.id, story_id):
        raise RequestRefused(_BUSY)


def _words(headline: str) -> set[str]:
    return {word for word in headline.casefold().split() if len(word) > 2}
