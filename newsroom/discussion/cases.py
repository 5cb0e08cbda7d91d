"""The cases that language models make in debates: one for each side and round, cleaned before anybody reads it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta

from newsroom.answers.chat import Models
from newsroom.answers.grounding import clean_turn
from newsroom.answers.prompts import debate_prompt
from newsroom.answers.talk import Model
from newsroom.answers.writing import Writer
from newsroom.discussion.debates import Debates, Task
from newsroom.errors import BudgetSpent, ModelFailed, RequestRefused
from newsroom.models import Side
from newsroom.stories.texts import Texts

log = logging.getLogger(__name__)

UNUSABLE = "What it wrote can't be shown."


def debaters(chat: Models) -> Mapping[Side, Model]:
    """Who argues for each side: an open and a proprietary model, else one model for both, else nobody."""
    if chat.open is not None and chat.proprietary is not None:
        return {Side.OPEN: chat.open, Side.PROPRIETARY: chat.proprietary}
    return {Side.OPEN: chat.answer, Side.PROPRIETARY: chat.answer} if chat.answer is not None else {}


class Cases:
    """Writes cases. Whatever fails about a model is told in one line, and the members have the round."""

    def __init__(self, debates: Debates, texts: Texts, writer: Writer) -> None:
        self._debates = debates
        self._texts = texts
        self._writer = writer

    @property
    def lease(self) -> timedelta:
        """How long a case may take, by the operator's settings."""
        return self._writer.lease

    async def write(self, turn_id: int) -> bool:
        """Write a case, if nobody else does; return whether something is to be said now."""
        task = await self._debates.take_turn(turn_id)
        if task is None:
            return True  # it may just have come to nothing
        try:
            text = await self._text(task)
        except (ModelFailed, BudgetSpent, RequestRefused) as error:
            return await self._debates.failed(task, str(error))
        except asyncio.CancelledError:
            await self._debates.give_back(task)
            raise
        except Exception:
            log.exception("writing a case failed in a way that nobody foresaw")
            return await self._debates.failed(task, "Something went wrong on our side.")
        if text is None:
            return await self._debates.failed(task, UNUSABLE)
        return await self._debates.written(task, text)

    async def _text(self, task: Task) -> str | None:
        assert task.turn.side is not None, "a case is for a side"
        paragraphs = (await self._texts.of(task.article.id)).paragraphs or (task.article.title,)
        title = task.article.title
        prompt = debate_prompt(
            task.turn.side,
            title,
            paragraphs,
            task.takes,
            task.earlier,
            tone=task.settings.tone,
            fence=self._writer.fence(),
            room=self._writer.room,
        )
        completion = await self._writer.write(task.model, prompt, task.debate.guild_id)
        known = [title, *paragraphs, *task.takes, *(text for _, text in task.earlier)]
        return clean_turn(completion.text, known)
