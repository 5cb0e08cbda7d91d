"""Stories of a guild by their words: the text index of SQLite (FTS5) or of PostgreSQL over headlines and summaries.

Both indexes take English endings off ("released" finds "release"): most feeds are English, and others lose nothing,
because it happens to what is stored and to what is asked alike. They follow the articles by themselves; the migration
says how. Scripts without spaces aren't taken apart by either, so their words are looked for as parts of the texts of
the newest cards. What somebody typed is only ever letters and digits in a query.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, column, func, literal_column, select, table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from newsroom.answers.words import terms
from newsroom.models import ChannelKind
from newsroom.store import tables
from newsroom.store.articles import SEARCHED
from newsroom.store.deliveries import STANDS

NEWEST = 50_000
"""Of how many articles of all feeds the words are looked up, so that a look-up takes no longer in old databases."""

CANDIDATES = 60
MOST_WORDS = 12
LONGEST_READ = 500
LEAST_SHARED = 2
"""So many of the words a story has to share to be related, or all where fewer were asked for."""

_WORD = re.compile(r"[^\W_]{2,40}")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
_INDEXED: ColumnElement[Any] = literal_column(f"article.{tables.WORDS}")


@dataclass(frozen=True, slots=True)
class FoundStory:
    """A story by a card that stands in a guild: its headline, when it was posted, and where one can link to it.

    In a forum the card's message has the id of its post.
    """

    story_id: int
    headline: str
    channel_id: int
    kind: ChannelKind
    message_id: int
    sent_at: datetime


class SearchStore:
    """What is found by words. Every method works inside the caller's transaction."""

    async def related(
        self,
        connection: AsyncConnection,
        guild_id: int,
        words: Sequence[str],
        *,
        not_story: int | None,
        limit: int = 3,
    ) -> list[FoundStory]:
        """Return stories posted in a guild that share most of these words, the best first and of equals the newest.

        ``words`` may be whole texts, like a question or a headline: what says nothing by itself doesn't count.
        """
        asked = " ".join(words)[:LONGEST_READ]
        wanted = frozenset(terms(asked))
        rows = await self._matching(connection, guild_id, _telling(asked), any_of=True, newest_first=False)
        rows += await self._holding(connection, guild_id, [term for term in wanted if _UNSPACED.search(term)])
        scored = [(len(wanted.intersection(terms(_told(row)))), row) for row in rows if row.story_id != not_story]
        enough = [each for each in scored if each[0] >= min(LEAST_SHARED, len(wanted))]
        enough.sort(key=lambda each: (-each[0], -each[1].id))
        return _stories((row for _, row in enough), limit)

    async def search(self, connection: AsyncConnection, guild_id: int, typed: str, limit: int = 25) -> list[FoundStory]:
        """Return stories posted in a guild that hold all words of what somebody is typing, the newest first.

        The last word may be the beginning of one. Of the newest SEARCHED cards those that hold what was typed as it
        stands are found too; with nothing typed, the newest.
        """
        typed = typed[:LONGEST_READ]
        rows = await self._matching(connection, guild_id, _telling(typed), any_of=False, newest_first=True)
        rows += await self._holding(connection, guild_id, [typed.strip()], of_title=True)
        rows.sort(key=lambda row: -row.id)
        return _stories(rows, limit)

    async def _matching(
        self, connection: AsyncConnection, guild_id: int, words: Sequence[str], *, any_of: bool, newest_first: bool
    ) -> list[Any]:
        """Ask the index for the cards of a guild: the best CANDIDATES, or else the newest."""
        if not words:
            return []
        newest = select(func.max(tables.article.c.id) - NEWEST).scalar_subquery()
        statement = _cards(guild_id).limit(CANDIDATES)
        if connection.dialect.name == "sqlite":
            quoted = [f'"{word}"' for word in words]
            query = " OR ".join(quoted) if any_of else " AND ".join(quoted) + "*"
            index = table(tables.WORDS, column("rowid"), column("rank"))
            statement = statement.join(index, index.c.rowid == tables.article.c.id)
            statement = statement.where(
                index.c.rowid > newest, text(f"{tables.WORDS} MATCH :query").bindparams(bindparam("query", query))
            )
            best: ColumnElement[Any] = index.c.rank
        else:
            quoted = [f"'{word}'" for word in words]
            query = " | ".join(quoted) if any_of else " & ".join(quoted) + ":*"
            statement = statement.where(tables.article.c.id > newest, _holds(query))
            # PostgreSQL's own ranks don't know which words are rare, so how many of them there are tells more.
            best = reduce(add, [case((_holds(word), 1), else_=0) for word in quoted]).desc()
        latest = tables.delivery.c.id.desc()
        statement = statement.order_by(latest) if newest_first else statement.order_by(best, latest)
        return list(await connection.execute(statement))

    async def _holding(
        self, connection: AsyncConnection, guild_id: int, pieces: Sequence[str], *, of_title: bool = False
    ) -> list[Any]:
        """Look through the newest cards of a guild for those that hold one of these pieces of text."""
        if not pieces:
            return []
        statement = _cards(guild_id).order_by(tables.delivery.c.id.desc()).limit(SEARCHED)
        folded = [piece.casefold() for piece in pieces]
        found = []
        for row in await connection.execute(statement):
            told = (row.title if of_title else _told(row)).casefold()
            if any(piece in told for piece in folded):
                found.append(row)
        return found


def _cards(guild_id: int) -> Select[Any]:
    """Select the cards that stand in a guild, with what they tell."""
    return (
        select(
            tables.delivery.c.id,
            tables.delivery.c.story_id,
            tables.article.c.title,
            tables.article.c.summary,
            tables.delivery.c.channel_id,
            tables.news_channel.c.kind,
            tables.delivery.c.message_id,
            tables.delivery.c.sent_at,
        )
        .join(tables.article, tables.article.c.id == tables.delivery.c.article_id)
        .join(tables.news_channel, tables.news_channel.c.channel_id == tables.delivery.c.channel_id)
        .where(tables.delivery.c.guild_id == guild_id, STANDS)
    )


def _holds(query: str) -> ColumnElement[bool]:
    """Say to PostgreSQL that an article has the words of a query."""
    return _INDEXED.op("@@", is_comparison=True)(func.to_tsquery(literal_column("'english'"), query))


def _telling(asked: str) -> list[str]:
    """The words that say something, as letters and digits alone: nothing in them has a meaning in a query."""
    plain = unicodedata.normalize("NFKC", asked).casefold()
    return [word for word in dict.fromkeys(_WORD.findall(plain)) if any(terms(word))][:MOST_WORDS]


def _told(row: Any) -> str:
    return f"{row.title} {row.summary}"


def _stories(rows: Iterable[Any], limit: int) -> list[FoundStory]:
    """Each story once, by the first of its cards."""
    found: dict[int, FoundStory] = {}
    for row in rows:
        if row.story_id not in found and len(found) < limit:
            found[row.story_id] = FoundStory(
                row.story_id, row.title, row.channel_id, row.kind, row.message_id, row.sent_at
            )
    return list(found.values())
