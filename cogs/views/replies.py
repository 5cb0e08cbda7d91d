"""What a caller hears when something goes wrong."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

import discord
from discord import app_commands

from cogs.views import markdown
from cogs.views.panels import OUR_MISTAKE, PERMISSION_NAMES
from newsroom.errors import NewsroomError

log = logging.getLogger(__name__)


async def explain(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Answer with what went wrong, in one sentence; what nobody foresaw is logged and called our mistake."""
    sentence = _sentence(error)
    if sentence is None:
        log.error("a command failed", exc_info=error)
        sentence = OUR_MISTAKE
    # Where Discord takes no answer any more, its own "didn't respond" has told the caller.
    with suppress(discord.NotFound):
        if interaction.response.is_done():
            await interaction.edit_original_response(content=sentence, embed=None, view=None)
        else:
            await interaction.response.send_message(sentence, ephemeral=True)


def _sentence(error: Exception) -> str | None:
    if isinstance(error, app_commands.CommandInvokeError):
        error = error.original
    match error:
        case NewsroomError():
            return str(error)
        case app_commands.MissingPermissions():
            names = [PERMISSION_NAMES.get(name, name.replace("_", " ").title()) for name in error.missing_permissions]
            return f"For this you need the permission {markdown.escape(' and '.join(names))} here."
        case app_commands.NoPrivateMessage():
            return "This works in a server only."
        case app_commands.TransformerError() | app_commands.CommandSignatureMismatch():
            return "I can't read one of those options. Please pick from what Discord offers."
    return None
