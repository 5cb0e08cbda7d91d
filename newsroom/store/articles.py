"""Articles, the stories they tell, and the aliases by which an article is known again."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import delete, func, insert, literal, or_, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.feeds.identity import Identified
from newsroom.models import Article, Camp, DeliveryState
from newsroom.store import tables
from newsroom.store.database import Database
from newsroom.stories.camps import read_camp, terms_to_json

BURIED = 0
"""Stands for an article that was forgotten; no row has this id."""

TOMBSTONE_BYTES = 8
"""How much is kept of an alias: enough that of 20,000 in a feed no two are alike by accident."""

SIGHTED_EVERY = timedelta(days=30)
LAST_SEEN = func.coalesce(tables.article.c.seen_at, tables.article.c.found_at)

GOES_BY_A_NAME = (
    select(tables.alias.c.key)
    .where(tables.alias.c.article_id == tables.article.c.id, tables.alias.c.feed_id == tables.article.c.feed_id)
    .exists()
)
"""Whether an article is one that its feed has shown, and not one of a feed that became it: see ``move``."""

COLUMNS = [tables.article.c[name] for name in Article.__dataclass_fields__]

ADD = insert(tables.article).returning(*COLUMNS)

# In their order, because each row belongs to its item.
TELL_KEYLESS = insert(tables.story).returning(tables.story.c.id, sort_by_parameter_order=True)

LEADS_TO = (tables.story.c.key, func.coalesce(tables.story.c.joined_id, tables.story.c.id))
"""A story key, and the story it leads to."""

SOURCE = func.coalesce(tables.subscription.c.title, tables.feed.c.title)
"""What a source is called in a channel: as its admins named it there, or else as the feed names itself."""

# Databases take 32,766 values in a statement, but writing so long a one out would hold the loop.
KEYS_A_QUERY = 1_000

# SQLite looks each alias up for each feed of a query, whosever it is: about a microsecond each.
LOOK_UPS_A_QUERY = 4_000

SEARCHED = 1_000
"""Of how many articles the headlines are looked through when somebody types."""


class ArticleStore:
    """What is remembered of articles. Every method works inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._insert = database.insert
        # Made once: to put one of these together takes as long as to execute it.
        self._name = database.insert(tables.alias).on_conflict_do_nothing()
        statement = database.insert(tables.story)
        camp = {name: statement.excluded[name] for name in ("camp", "camp_terms", "strong")}
        # A second source may say what the first left open; the page's own site, what it is about.
        is_open = or_(tables.story.c.camp.is_(None), tables.story.c.camp == Camp.NEITHER)
        self._tell, self._tell_own_page = (
            statement.on_conflict_do_update(index_elements=["key"], set_=camp, where=where).returning(*LEADS_TO)
            for where in (is_open, None)
        )

    async def known(
        self, connection: AsyncConnection, keys: Mapping[int, Collection[bytes]]
    ) -> dict[int, dict[bytes, int]]:
        """Tell which of these aliases of each feed it has shown before, and for which article: BURIED if forgotten."""
        found: dict[int, dict[bytes, int]] = {feed_id: {} for feed_id in keys}
        for piece in _looked_up_together(keys):
            wanted = list({key for own in piece.values() for key in own})
            short = {feed_id: {key[:TOMBSTONE_BYTES]: key for key in own} for feed_id, own in piece.items()}
            alive = select(tables.alias.c.feed_id, tables.alias.c.key, tables.alias.c.article_id).where(
                tables.alias.c.feed_id.in_(list(piece)), tables.alias.c.key.in_(wanted)
            )
            buried = select(tables.tombstone.c.feed_id, tables.tombstone.c.key, literal(BURIED)).where(
                tables.tombstone.c.feed_id.in_(list(piece)),
                tables.tombstone.c.key.in_([key[:TOMBSTONE_BYTES] for key in wanted]),
            )
            for feed_id, key, article_id in await connection.execute(union_all(buried, alive)):
                own_key = short[feed_id].get(bytes(key)) if article_id == BURIED else bytes(key)
                if own_key in piece[feed_id]:
                    found[feed_id][own_key] = article_id
        return found

    async def sighted(self, connection: AsyncConnection, article_ids: Collection[int], now: datetime) -> None:
        """Note that a feed still lists these articles; once in SIGHTED_EVERY is enough."""
        ids = list(article_ids)
        for start in range(0, len(ids), KEYS_A_QUERY):
            statement = update(tables.article).where(
                tables.article.c.id.in_(ids[start : start + KEYS_A_QUERY]), now - SIGHTED_EVERY > LAST_SEEN
            )
            await connection.execute(statement.values(seen_at=now))

    async def bury(self, connection: AsyncConnection, unseen_since: datetime, now: datetime, most: int) -> int:
        """Forget articles that no feed has listed since then, but for short forms of their aliases; return how many.

        What is still on its way to a channel is kept.
        """
        waits = select(tables.delivery.c.article_id).where(
            tables.delivery.c.state.in_((DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.DEFERRED))
        )
        wanted = select(tables.article.c.id).where(
            # The first says nothing new, but has an index.
            tables.article.c.found_at < unseen_since,
            unseen_since > LAST_SEEN,
            tables.article.c.id.not_in(waits),
        )
        ids = list(await connection.scalars(wanted.order_by(tables.article.c.id).limit(most)))
        if ids:
            short = func.substr(tables.alias.c.key, 1, TOMBSTONE_BYTES)
            aliases = select(tables.alias.c.feed_id, short, literal(now, tables.tombstone.c.buried_at.type)).where(
                tables.alias.c.article_id.in_(ids)
            )
            buried = self._insert(tables.tombstone).from_select(["feed_id", "key", "buried_at"], aliases)
            await connection.execute(buried.on_conflict_do_nothing())
            await connection.execute(delete(tables.article).where(tables.article.c.id.in_(ids)))
        return len(ids)

    async def thin_tombstones(self, connection: AsyncConnection, most: int) -> None:
        """Keep at most so many tombstones of a feed, the newest."""
        number = func.count().label("number")
        counts = select(tables.tombstone.c.feed_id, number).group_by(tables.tombstone.c.feed_id).having(number > most)
        for feed_id, too_many in (await connection.execute(counts)).all():
            own = tables.tombstone.c.feed_id == feed_id
            oldest = select(tables.tombstone.c.key).where(own).order_by(tables.tombstone.c.buried_at)
            await connection.execute(
                delete(tables.tombstone).where(own, tables.tombstone.c.key.in_(oldest.limit(too_many - most)))
            )

    async def count_tombstones(self, connection: AsyncConnection) -> int:
        return (await connection.execute(select(func.count()).select_from(tables.tombstone))).scalar_one()

    async def add(
        self,
        connection: AsyncConnection,
        feed_id: int,
        items: Sequence[Identified],
        now: datetime,
        keyed: dict[bytes, int],
        joins: Mapping[int, int] = MappingProxyType({}),
        own_pages: Container[int] = (),
    ) -> list[Article]:
        """Remember new articles with their stories; return them in the order given. Their names come on top.

        ``keyed`` is what ``keyed`` says of their story keys, to which those that get a story here are added.

        Articles with one story key tell one story, whichever feed brings them; ``joins`` says by an item's place which
        story it tells besides, if its key has none yet; no two may join one story. An item's key leads there from now
        on if its place is among ``own_pages``, and its words then say for everybody what that page is about. No two of
        ``items`` may share a key, which ``identify`` sees to, but the keys of several may lead to one story: it is the
        pages that do.
        """
        if not items:
            return []
        story_ids = await self._stories(connection, items, now, keyed, joins, own_pages)
        rows = [
            {
                "feed_id": feed_id,
                "story_id": story_id,
                "title": item.entry.title,
                "url": item.entry.link,
                "summary": item.entry.summary,
                "picture_url": item.entry.picture,
                "published_at": item.entry.published,
                "found_at": now,
            }
            for item, story_id in zip(items, story_ids, strict=True)
        ]
        # They may come back in any order: asked to keep it, SQLAlchemy gives SQLite one row after the other. Of those
        # that tell one story each has a page of its own, because a key is a page's and one at most joins.
        added = [Article(*row) for row in await connection.execute(ADD, rows)]
        by_page = {(article.story_id, article.url): article for article in added}
        return [by_page[story_id, item.entry.link] for item, story_id in zip(items, story_ids, strict=True)]

    async def add_aliases(self, connection: AsyncConnection, articles: Mapping[tuple[int, bytes], int]) -> None:
        """Remember names of articles, by feed and alias; a name that an article has already stays with it."""
        if articles:
            rows = [
                {"feed_id": feed_id, "key": key, "article_id": article_id}
                for (feed_id, key), article_id in articles.items()
            ]
            await connection.execute(self._name, rows)

    async def move(self, connection: AsyncConnection, feed_id: int, to: int, since: datetime) -> None:
        """Give a feed's articles to another feed, and the aliases of those that were found after that moment.

        An alias that the other uses too stays as it is. The articles found before go nameless: cards and lists tell
        them, but nothing that the other feed shows is one of them. What the feed has forgotten was found before.
        """
        own = select(literal(to), tables.alias.c.key, tables.alias.c.article_id).join(
            tables.article, tables.article.c.id == tables.alias.c.article_id
        )
        own = own.where(tables.alias.c.feed_id == feed_id, tables.article.c.found_at > since)
        copied = self._insert(tables.alias).from_select(["feed_id", "key", "article_id"], own)
        await connection.execute(copied.on_conflict_do_nothing())
        statement = update(tables.article).where(tables.article.c.feed_id == feed_id)
        await connection.execute(statement.values(feed_id=to))

    async def shown_alone(
        self, connection: AsyncConnection, feed_id: int, other_id: int, since: datetime
    ) -> list[Article]:
        """Return what a feed has brought after that moment and another feed never, oldest first.

        The other one has brought it if it knows any of its aliases, or has told its story.
        """
        own, others, told = tables.alias.alias(), tables.alias.alias(), tables.article.alias()
        named = (
            select(own.c.key)
            .join(others, (others.c.key == own.c.key) & (others.c.feed_id == other_id))
            .where(own.c.feed_id == feed_id, own.c.article_id == tables.article.c.id)
        )
        statement = select(*COLUMNS).where(
            tables.article.c.feed_id == feed_id,
            tables.article.c.found_at > since,
            ~named.exists(),
            tables.article.c.story_id.not_in(select(told.c.story_id).where(told.c.feed_id == other_id)),
        )
        return [Article(*row) for row in await connection.execute(statement.order_by(tables.article.c.id))]

    async def get(self, connection: AsyncConnection, article_ids: Collection[int]) -> dict[int, Article]:
        """Return these articles by their ids; one that isn't there is left out."""
        wanted, found = list(article_ids), dict[int, Article]()
        for start in range(0, len(wanted), KEYS_A_QUERY):
            statement = select(*COLUMNS).where(tables.article.c.id.in_(wanted[start : start + KEYS_A_QUERY]))
            found.update({row.id: Article(*row) for row in await connection.execute(statement)})
        return found

    async def update(self, connection: AsyncConnection, news: Sequence[Article], most: int) -> list[Article]:
        """Take these articles as they are told now, each at most so often; return those that were taken."""
        taken = []
        for article in news:
            own = update(tables.article).where(tables.article.c.id == article.id, tables.article.c.updates < most)
            values = {name: getattr(article, name) for name in ("title", "summary", "picture_url")}
            done = await connection.execute(own.values(**values, updates=tables.article.c.updates + 1))
            if done.rowcount:
                taken.append(article)
        return taken

    async def found_since(self, connection: AsyncConnection, feed_id: int, since: datetime) -> list[Article]:
        """Return what a feed has brought after that moment, oldest first."""
        statement = (
            select(*COLUMNS)
            .where(tables.article.c.feed_id == feed_id, tables.article.c.found_at > since)
            .order_by(tables.article.c.id)
        )
        return [Article(*row) for row in await connection.execute(statement)]

    async def newest(self, connection: AsyncConnection, feed_id: int) -> Article | None:
        """Return the article that a feed brought last."""
        statement = select(*COLUMNS).where(tables.article.c.feed_id == feed_id, GOES_BY_A_NAME)
        statement = statement.order_by(tables.article.c.id.desc()).limit(1)
        row = (await connection.execute(statement)).one_or_none()
        return Article(*row) if row else None

    async def of_guild(
        self, connection: AsyncConnection, guild_id: int, text: str, most: int
    ) -> list[tuple[Article, str]]:
        """Return a guild's newest articles whose headline holds ``text``, with the title of their feed there.

        Of very many only the newest SEARCHED are looked through; see ``PollStore.of_guild`` for why not in SQL.
        """
        title = func.coalesce(func.max(tables.subscription.c.title), func.max(tables.feed.c.title))
        statement = (
            select(*COLUMNS, title.label("feed_title"))
            .join(tables.feed, tables.feed.c.id == tables.article.c.feed_id)
            .join(tables.subscription, tables.subscription.c.feed_id == tables.feed.c.id)
            .where(tables.subscription.c.guild_id == guild_id, tables.subscription.c.removed_at.is_(None))
            .where(GOES_BY_A_NAME)
            .group_by(*COLUMNS)
            .order_by(tables.article.c.id.desc())
            .limit(SEARCHED)
        )
        wanted = text.casefold()
        found = ((Article(*row[:-1]), row.feed_title) for row in await connection.execute(statement))
        return [pair for pair in found if wanted in pair[0].title.casefold()][:most]

    async def titles_told(self, connection: AsyncConnection, feed_id: int, titles: Collection[str]) -> set[str]:
        """Return those of these headlines that a feed has told before."""
        wanted, found = list(titles), set[str]()
        for start in range(0, len(wanted), KEYS_A_QUERY):
            statement = select(tables.article.c.title).where(
                tables.article.c.feed_id == feed_id,
                tables.article.c.title.in_(wanted[start : start + KEYS_A_QUERY]),
                GOES_BY_A_NAME,
            )
            found.update(await connection.scalars(statement))
        return found

    async def names(self, connection: AsyncConnection, article_id: int) -> list[bytes]:
        """Return the aliases by which an article is known again."""
        statement = select(tables.alias.c.key).where(tables.alias.c.article_id == article_id)
        return [bytes(key) for key in await connection.scalars(statement)]

    async def named(self, connection: AsyncConnection, guild_id: int, names: Collection[bytes]) -> int | None:
        """Return the newest article of a guild's feeds that goes by one of these aliases."""
        statement = (
            select(tables.alias.c.article_id)
            .join(tables.subscription, tables.subscription.c.feed_id == tables.alias.c.feed_id)
            .where(
                tables.alias.c.key.in_(list(names)),
                tables.subscription.c.guild_id == guild_id,
                tables.subscription.c.removed_at.is_(None),
            )
            .order_by(tables.alias.c.article_id.desc())
            .limit(1)
        )
        found: int | None = await connection.scalar(statement)
        return found

    async def keyed(self, connection: AsyncConnection, keys: Sequence[bytes]) -> dict[bytes, int]:
        """Return those of these story keys that have a story already, each with the story it leads to."""
        found: dict[bytes, int] = {}
        for start in range(0, len(keys), KEYS_A_QUERY):
            statement = select(*LEADS_TO).where(tables.story.c.key.in_(keys[start : start + KEYS_A_QUERY]))
            found.update({bytes(key): story_id for key, story_id in await connection.execute(statement)})
        return found

    async def recent(self, connection: AsyncConnection, since: datetime) -> list[Article]:
        """Return every article of the stories that some article has told since then."""
        told = select(tables.article.c.story_id).where(tables.article.c.found_at >= since)
        statement = select(*COLUMNS).where(tables.article.c.story_id.in_(told)).order_by(tables.article.c.id)
        return [Article(*row) for row in await connection.execute(statement)]

    async def _stories(
        self,
        connection: AsyncConnection,
        items: Sequence[Identified],
        now: datetime,
        keyed: dict[bytes, int],
        joins: Mapping[int, int],
        own_pages: Container[int],
    ) -> list[int]:
        """Return the story of each item: one that it joins, the one with its key, or a new one of its own."""
        own = {item.story_key for place, item in enumerate(items) if place in own_pages}
        joined = {item.story_key: joins[place] for place, item in enumerate(items) if place in joins}
        by_key = {item.story_key: item for item in reversed(items) if item.story_key is not None}
        rows = [
            {
                "key": key,
                "joined_id": joined.get(key) if key in own else None,
                **story_row(item.entry.title, item.entry.summary, now),
            }
            for key, item in by_key.items()
        ]
        for is_own, statement in ((False, self._tell), (True, self._tell_own_page)):
            if some := [row for row in rows if (row["key"] in own) == is_own]:
                keyed.update({bytes(key): story_id for key, story_id in await connection.execute(statement, some)})
        # Those that another process has made a moment ago, and that we had nothing to say about.
        if missing := [key for key in by_key if key not in keyed]:
            keyed.update(await self.keyed(connection, missing))
        keyless = [
            story_row(item.entry.title, item.entry.summary, now)
            for place, item in enumerate(items)
            if item.story_key is None and place not in joins
        ]
        made: list[int] = []
        if keyless:
            made = list(await connection.scalars(TELL_KEYLESS, keyless))[::-1]
        return [
            joins[place] if place in joins else keyed[item.story_key] if item.story_key is not None else made.pop()
            for place, item in enumerate(items)
        ]


def _looked_up_together(keys: Mapping[int, Collection[bytes]]) -> Iterator[dict[int, set[bytes]]]:
    """Share aliases, by feed, out among queries: one for many feeds that ask little, several for one that asks much."""
    piece: dict[int, set[bytes]] = {}
    asked = 0
    for feed_id, wanted in keys.items():
        every = list(wanted)
        for start in range(0, len(every), KEYS_A_QUERY):
            own = set(every[start : start + KEYS_A_QUERY])
            asked += len(own)
            if piece and (asked > KEYS_A_QUERY or asked * (len(piece) + 1) > LOOK_UPS_A_QUERY or feed_id in piece):
                yield piece
                piece, asked = {}, len(own)
            piece[feed_id] = own
    if piece:
        yield piece


def story_row(title: str, summary: str, now: datetime) -> dict[str, object]:
    """A story as its first article tells it, with the side or sides it is about."""
    reading = read_camp(title, summary)
    return {
        "created_at": now,
        "camp": reading.camp,
        "camp_terms": terms_to_json(reading.terms) if reading.terms else None,
        "strong": reading.strong,
    }
