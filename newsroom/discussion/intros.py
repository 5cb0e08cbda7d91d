"""How a recap begins in a language model's words: from the figures of the week, and checked against them."""

from __future__ import annotations

from newsroom.answers.chat import Models
from newsroom.answers.prompts import intro_prompt
from newsroom.answers.writing import Writer
from newsroom.discussion.week import Intro, Week, checked_intro, facts_of
from newsroom.models import DiscussionSettings, GuildSettings
from newsroom.store import Store

SECONDS = 15.0
"""How long a model may take; a recap waits a little longer, for what is written down about it."""


class Intros:
    """Has intros written. The model reads figures, headlines and the names of the teams, and no word of a member's."""

    def __init__(self, store: Store, chat: Models, writer: Writer) -> None:
        self._store = store
        self._model = chat.answer
        self._writer = writer

    async def phrase(self, week: Week, settings: GuildSettings, channel_id: int | None) -> Intro | None:
        """Say in one or two sentences what a week came to, in the tone of the channel where that is told.

        None where no model is to write, or what it wrote can't be shown. Raises ModelFailed, BudgetSpent,
        RequestRefused.
        """
        if self._model is None or not settings.model:
            return None
        found = None
        if channel_id is not None:
            async with self._store.read() as connection:
                found = await self._store.threads.settings(connection, channel_id, settings.guild_id)
        how = found[1] if found is not None else DiscussionSettings()
        prompt = intro_prompt(
            facts_of(week, settings), tone=how.tone, fence=self._writer.fence(), room=self._writer.room
        )
        completion = await self._writer.write(self._model, prompt, settings.guild_id, seconds=SECONDS)
        said = checked_intro(completion.text, week) if completion.finished else None
        return Intro(said, self._model.name) if said is not None else None
