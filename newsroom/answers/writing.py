"""What language models write by themselves, asked by no member: cases, introductions, summaries."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from newsroom.answers.budget import Budget
from newsroom.answers.chat import Models
from newsroom.answers.prompts import Prompt
from newsroom.answers.rests import tell_rests
from newsroom.answers.talk import Completion, Model, Tokens, estimate
from newsroom.errors import Failure, ModelFailed
from newsroom.store import Store


class Writer:
    """Has models write, each time within a guild's share of the budget.

    ``room`` is how many tokens a prompt may have, ``fence`` makes a new one for each.
    """

    def __init__(
        self,
        store: Store,
        chat: Models,
        budget: Budget,
        *,
        now: Callable[[], datetime],
        fence: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self.room = chat.context_tokens - chat.max_output_tokens
        self.fence = fence
        self._store = store
        self._chat = chat
        self._budget = budget
        self._now = now
        self._most_tokens = chat.max_output_tokens

    @property
    def lease(self) -> timedelta:
        """How long writing may take, by the operator's settings."""
        return self._budget.lease

    async def write(
        self, model: Model, prompt: Prompt, guild_id: int, *, part: float = 1.0, seconds: float | None = None
    ) -> Completion:
        """Have a model write something for a guild, unless that ``part`` of the budgets of the day is used already.

        ``seconds`` is how long it may take where that is less than the operator allows. The guild's admins hear of
        models that are left alone from now on.

        Raises ModelFailed, BudgetSpent, and RequestRefused where the guild's admins want no model.
        """
        most = estimate(prompt.messages, self._most_tokens)
        try:
            return await self._written(model, prompt, guild_id, most, part, seconds)
        finally:
            await tell_rests(self._store, self._chat, guild_id, self._now())

    async def _written(
        self, model: Model, prompt: Prompt, guild_id: int, most: Tokens, part: float, seconds: float | None
    ) -> Completion:
        async with self._budget.reserved(guild_id, None, most, part=part) as share:
            try:
                async with asyncio.timeout(seconds):
                    completion = await model.complete(
                        prompt.messages, schema=prompt.schema, max_tokens=self._most_tokens
                    )
            except TimeoutError as error:
                # What was sent costs, though nobody waits for what would have come back.
                raise ModelFailed(Failure.SLOW, tokens_in=most.there) from error
            share.add(completion.tokens)
        return completion
