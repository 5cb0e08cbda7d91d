"""Feeds: one row an address, however many news channels want it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Select, bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.models import Feed
from newsroom.store import tables
from newsroom.store.database import Database

COLUMNS = [tables.feed.c[name] for name in Feed.__dataclass_fields__]
# What readings change, each under a name of its own in the statement: a column's is taken there.
LEARNED = {f"new_{name}": name for name in Feed.__dataclass_fields__ if name not in ("id", "url")}
LEARN = (
    update(tables.feed)
    .where(tables.feed.c.id == bindparam("row_id"))
    .values({name: bindparam(bound) for bound, name in LEARNED.items()})
)


class FeedStore:
    """What is remembered of feeds. Every method works inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._insert = database.insert

    async def add(self, connection: AsyncConnection, url: str, title: str, site_url: str | None, now: datetime) -> Feed:
        """Return the feed at ``url``, made now if nobody had asked for it before. It calls itself ``title`` now."""
        statement = self._insert(tables.feed).values(
            url=url, title=title, site_url=site_url, due_at=now, created_at=now
        )
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=["url"],
                set_={"title": statement.excluded.title},
                where=(statement.excluded.title != "") & (statement.excluded.title != tables.feed.c.title),
            )
        )
        found = await self.by_url(connection, url)
        assert found is not None, "it was there or has just been inserted"
        return found

    async def by_url(self, connection: AsyncConnection, url: str) -> Feed | None:
        """Return the feed at exactly this address, if anybody has ever asked for it."""
        row = (await connection.execute(select(*COLUMNS).where(tables.feed.c.url == url))).one_or_none()
        return Feed(*row) if row else None

    async def get(self, connection: AsyncConnection, feed_id: int) -> Feed | None:
        """Return a feed as the database has it: what the roster holds of it may be newer."""
        row = (await connection.execute(select(*COLUMNS).where(tables.feed.c.id == feed_id))).one_or_none()
        return Feed(*row) if row else None

    async def lock(self, connection: AsyncConnection, feed_ids: Collection[int]) -> dict[int, datetime | None]:
        """Let one transaction at a time remember what these feeds brought, or change who gets them.

        Return when each was last read well, as far as that is written down. They are locked in the order of their ids.

        Two that read a feed at the same moment would otherwise both take an article for new, and one that removes it
        would miss what another is just planning. SQLite has one writer anyway and leaves the clause out.
        """
        own = select(tables.feed.c.id, tables.feed.c.succeeded_at).where(tables.feed.c.id.in_(list(feed_ids)))
        rows = await connection.execute(own.order_by(tables.feed.c.id).with_for_update())
        return {feed_id: succeeded_at for feed_id, succeeded_at in rows}

    async def active(self, connection: AsyncConnection) -> list[Feed]:
        """Return the feeds that somebody gets news from: nothing else is fetched."""
        wanted = select(tables.subscription.c.feed_id).where(tables.is_active)
        rows = await connection.execute(select(*COLUMNS).where(tables.feed.c.id.in_(wanted)))
        return [Feed(*row) for row in rows]

    async def rename(self, connection: AsyncConnection, feed_id: int, url: str) -> Feed:
        """Give a feed another address, at which it has never been redirected."""
        statement = update(tables.feed).where(tables.feed.c.id == feed_id)
        moved = statement.values(url=url, moved_to=None, moved_days=0, moved_on=None).returning(*COLUMNS)
        return Feed(*(await connection.execute(moved)).one())

    async def empty_unwanted(self, connection: AsyncConnection, unread_since: datetime, most: int) -> int:
        """Delete articles of feeds that nobody gets and nobody has read since then; return how many."""
        own = select(tables.article.c.id).where(tables.article.c.feed_id.in_(_unwanted(unread_since))).limit(most)
        done = await connection.execute(delete(tables.article).where(tables.article.c.id.in_(own)))
        return done.rowcount

    async def delete_unwanted(self, connection: AsyncConnection, unread_since: datetime) -> int:
        """Delete the feeds that nobody gets and nobody has read since then; return how many."""
        done = await connection.execute(delete(tables.feed).where(tables.feed.c.id.in_(_unwanted(unread_since))))
        return done.rowcount

    async def delete(self, connection: AsyncConnection, feed_id: int) -> None:
        """Forget a feed with all it has."""
        await connection.execute(delete(tables.feed).where(tables.feed.c.id == feed_id))

    async def save(self, connection: AsyncConnection, feeds: Sequence[Feed]) -> None:
        """Write down what readings taught us of these feeds, in one batch."""
        if not feeds:
            return
        rows = [{bound: getattr(feed, name) for bound, name in LEARNED.items()} | {"row_id": feed.id} for feed in feeds]
        await connection.execute(LEARN, rows)


def _unwanted(unread_since: datetime) -> Select[tuple[int]]:
    subscribed = select(tables.subscription.c.feed_id)
    return select(tables.feed.c.id).where(
        tables.feed.c.id.not_in(subscribed),
        func.coalesce(tables.feed.c.checked_at, tables.feed.c.created_at) < unread_since,
    )
