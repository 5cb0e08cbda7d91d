"""That a language model rests is told to admins: of the guild in which it came up, once each time."""

from __future__ import annotations

from datetime import datetime

from newsroom.answers.chat import Models
from newsroom.models import Line
from newsroom.store import Store


async def tell_rests(store: Store, models: Models, guild_id: int, now: datetime) -> None:
    """Have a guild's admins hear which models were left alone since the last time; nearly always there are none."""
    notices = models.take_notices()
    if not notices:
        return
    async with store.begin() as connection:
        for notice in notices:
            await store.alerts.add_line(connection, Line.MODEL_RESTS, guild_id, now, detail=notice.name)
