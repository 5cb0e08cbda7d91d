"""What a caller hears when something goes wrong, in a command as well as behind a button or a menu."""

from __future__ import annotations

import logging
from typing import Any, Final

import discord
from discord import app_commands

from newsroom.errors import NewsroomError

log = logging.getLogger(__name__)

OUR_MISTAKE: Final = "That went wrong, and it is our mistake, not yours. Please try again in a moment."

# Where discord.py's name of a permission isn't how Discord's settings call it.
_PERMISSION_NAMES: Final = {
    "manage_guild": "Manage Server",
    "read_messages": "View Channel",
    "send_messages_in_threads": "Send Messages in Threads",
    "send_polls": "Create Polls",
}


async def explain(interaction: discord.Interaction[Any], error: Exception, given_back: str = "") -> None:
    """Answer with what went wrong, in one sentence; what nobody foresaw is logged and called our mistake.

    ``given_back`` is what the caller wrote, fit to show, and would else have written for nothing.
    """
    sentence = in_words(error)
    if sentence is None:
        data: Any = interaction.data or {}
        log.error("answering %s failed", data.get("custom_id") or data.get("name"), exc_info=error)
        sentence = OUR_MISTAKE
    try:
        await _answer(interaction, "\n".join(filter(None, [sentence, given_back])))
    except discord.HTTPException as refusal:
        # Discord's own "didn't respond" tells the caller.
        log.warning("a caller could not be told what went wrong: %s", refusal)


def in_words(error: Exception) -> str | None:
    """Say an error that can happen on a good day in one sentence for the caller; None if it is our mistake."""
    match error:
        case NewsroomError():
            return str(error)
        case app_commands.CommandInvokeError():
            return in_words(error.original)
        case app_commands.MissingPermissions():
            names = [permission_name(name) for name in error.missing_permissions]
            return f"For this you need the permission **{'**, **'.join(names)}**."
        case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch() | app_commands.TransformerError():
            return "This command has changed since. Restart Discord and try it again."
    return None


def permission_name(name: str) -> str:
    """What Discord's settings call the permission that discord.py calls ``name``."""
    return _PERMISSION_NAMES.get(name) or name.replace("_", " ").title()


async def _answer(interaction: discord.Interaction[Any], sentence: str) -> None:
    clicked = interaction.message
    if not interaction.response.is_done():
        await interaction.response.send_message(sentence, ephemeral=True)
    elif clicked is None or (clicked.flags.ephemeral and not clicked.flags.components_v2):
        await interaction.edit_original_response(content=sentence, embed=None, view=None)
    else:
        # What everybody reads must not give way to an error, and a layout can't give way to a text.
        await interaction.followup.send(sentence, ephemeral=True)
