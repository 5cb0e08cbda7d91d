"""An article in a language model's words, for what opens its discussion: written once, checked, kept with its text.

An opener waits for a model PATIENCE seconds at most, and stands as it was sent: members talk about what they read
there, so it isn't changed under their eyes. What comes later is kept for the next server that discusses the story.
"""

from __future__ import annotations

import asyncio
import logging

from newsroom.answers.chat import Models
from newsroom.answers.grounding import ground_summary
from newsroom.answers.prompts import summary_prompt
from newsroom.answers.talk import Model
from newsroom.answers.writing import Writer
from newsroom.errors import NewsroomError
from newsroom.models import Article, ArticleText, Summary, SummaryBasis, TextBasis
from newsroom.store import Store

log = logging.getLogger(__name__)

PATIENCE = 8.0
PART = 0.5
"""Of a day's budgets at most so much goes into summaries, so that members can still ask when many stories came."""

SUMMARY = 350
"""UTF-16 code units: shown whole, with two questions beside it, however it is escaped."""


class Summaries:
    """Has articles summed up, one at a time: a question of a member's shall always find a model free."""

    def __init__(self, store: Store, chat: Models, writer: Writer, *, patience: float = PATIENCE) -> None:
        self._store = store
        self._model = chat.answer
        self._writer = writer
        self._patience = patience
        self._room = asyncio.Semaphore(1)
        self._writing: dict[int, asyncio.Task[Summary | None]] = {}

    async def of(self, article: Article, source: str, text: ArticleText, guild_id: int) -> Summary | None:
        """Return what a model says an article says; None if none does in time, or what it says can't be shown.

        It is written for a guild, whose budget it takes, and whose admins let models write. Whatever is wrong with a
        model, this doesn't fail.
        """
        if self._model is None or text.basis is TextBasis.SUMMARY or not text.paragraphs:
            return None
        task = self._writing.get(article.id)
        if task is None:
            task = asyncio.create_task(self._kept_or_written(self._model, article, source, text, guild_id))
            self._writing[article.id] = task
            task.add_done_callback(lambda _: self._writing.pop(article.id))
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.shield(task)
        except TimeoutError:
            log.info("article %d is discussed before a model has summed it up", article.id)
            return None

    async def close(self) -> None:
        """End what is being written."""
        tasks = list(self._writing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _kept_or_written(
        self, model: Model, article: Article, source: str, text: ArticleText, guild_id: int
    ) -> Summary | None:
        try:
            async with self._store.read() as connection:
                kept = await self._store.texts.summary(connection, article.id)
            if kept is not None and (kept.text or kept.model == model.name):
                return kept if kept.text else None
            return await self._written(model, article, source, text, guild_id)
        except TimeoutError:
            log.info("article %d is not summed up: others are", article.id)
        except NewsroomError as error:
            log.info("article %d is not summed up: %s", article.id, error)
        except Exception:
            log.exception("summing up article %d failed in a way that nobody foresaw", article.id)
        return None

    async def _written(
        self, model: Model, article: Article, source: str, text: ArticleText, guild_id: int
    ) -> Summary | None:
        """Have a summary written and keep it; of one that can't be shown is kept that this model can't."""
        # Whoever waits so long for its turn would come too late for its opener.
        async with asyncio.timeout(self._patience):
            await self._room.acquire()
        try:
            prompt = summary_prompt(
                text, title=article.title, source=source, fence=self._writer.fence(), room=self._writer.room
            )
            completion = await self._writer.write(model, prompt, guild_id, part=PART)
        finally:
            self._room.release()
        said = completion.data if completion.data is not None else completion.text
        told = ground_summary(said, text, title=article.title, most=SUMMARY)
        summary = Summary(told or "", SummaryBasis.MODEL, model.name)
        async with self._store.begin() as connection:
            await self._store.texts.keep_summary(connection, text, summary)
        return summary if told else None
