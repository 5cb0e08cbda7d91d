"""What an article says: its feed's own text, else its page's, else no more than its feed's summary."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol
from weakref import WeakValueDictionary

from newsroom.errors import HostParked, NewsroomError
from newsroom.models import Article, ArticleText, TextBasis
from newsroom.store import Store

log = logging.getLogger(__name__)

MOST_AT_ONCE = 3
"""Pages that are read at once."""

LONGEST_SECONDS = 20.0
"""How long whoever asks may have to wait for a page, queues included."""

READ_AGAIN_AFTER = timedelta(days=1)
"""How long after a page could not be read it is asked for again."""


class ReadsPages(Protocol):
    """Whoever reads the pages of articles; see ``newsroom.feeds.pages``."""

    async def read(self, url: str, home: str, title: str) -> tuple[str, ...]: ...


class Texts:
    """Reads what articles say, when somebody asks, and remembers it. ``pages`` None: no page is ever read."""

    def __init__(
        self, store: Store, pages: ReadsPages | None, *, now: Callable[[], datetime], seconds: float = LONGEST_SECONDS
    ) -> None:
        self._store = store
        self._pages = pages
        self._now = now
        self._seconds = seconds
        self._room = asyncio.Semaphore(MOST_AT_ONCE)
        self._articles: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def of(self, article_id: int) -> ArticleText:
        """Return what an article says. Nothing of the web or of a page can make this fail.

        It may take LONGEST_SECONDS, and then it is the summary. An article that isn't there says nothing.
        """
        async with self._articles.setdefault(article_id, asyncio.Lock()):
            return await self._read(article_id)

    async def _read(self, article_id: int) -> ArticleText:
        store = self._store
        async with store.read() as connection:
            article = (await store.articles.get(connection, [article_id])).get(article_id)
            known = await store.texts.get(connection, article_id)
            home = await store.feeds.get(connection, article.feed_id) if article is not None else None
        now = self._now()
        if article is None:
            return ArticleText(article_id, (), TextBasis.SUMMARY, now)
        # One that was read in the future was read when the clock was wrong.
        if known is not None and (
            known.basis is not TextBasis.SUMMARY or timedelta() <= now - known.read_at < READ_AGAIN_AFTER
        ):
            return known if known.basis is not TextBasis.SUMMARY else _summary(article, known.read_at)
        if home is None or article.url is None or self._pages is None:
            return _summary(article, now)
        text = await self._page(self._pages, article, article.url, home.url)
        if text is None:
            return _summary(article, now)
        async with store.begin() as connection:
            if await store.articles.get(connection, [article_id]):
                await store.texts.save(connection, [text])
        return text if text.paragraphs else _summary(article, now)

    async def _page(self, pages: ReadsPages, article: Article, url: str, home: str) -> ArticleText | None:
        """Read an article's page; without paragraphs if it can't be read, None if nobody has tried."""
        try:
            async with asyncio.timeout(self._seconds), self._room:
                return ArticleText(article.id, await pages.read(url, home, article.title), TextBasis.PAGE, self._now())
        except HostParked as parked:
            log.info("article %s was not read: %s", article.id, parked)
            return None
        except NewsroomError as error:
            log.info("article %s could not be read: %s", article.id, error)
        except TimeoutError:
            log.info("article %s could not be read: that took more than %s s", article.id, self._seconds)
        except Exception:
            log.exception("reading article %s failed in a way that nobody foresaw", article.id)
        return ArticleText(article.id, (), TextBasis.SUMMARY, self._now())


def _summary(article: Article, read_at: datetime) -> ArticleText:
    paragraphs = (article.summary,) if article.summary else ()
    return ArticleText(article.id, paragraphs, TextBasis.SUMMARY, read_at)
