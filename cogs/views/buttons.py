"""Buttons and menus that work on every message ever sent: all they need stands in their ``custom_id``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Self

import discord

from cogs.views.replies import explain

Answer = Callable[..., Awaitable[None]]


def button_item(template: str, answer: Answer) -> type[discord.ui.DynamicItem[discord.ui.Button[Any]]]:
    """Every button whose ``custom_id`` fits ``template``: register it with ``bot.add_dynamic_items``.

    A click is answered by ``answer(interaction, **groups)``, with the template's named groups as texts. Whatever goes
    wrong there, the member gets a sentence. discord.py makes such an item from its class alone, so the class has to
    bring the answer along.
    """

    class Clicked(discord.ui.DynamicItem[discord.ui.Button[Any]], template=template):
        def __init__(self, custom_id: str, groups: dict[str, str]) -> None:
            super().__init__(discord.ui.Button(label="…", custom_id=custom_id))
            self.groups = groups

        @classmethod
        async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> Self:
            return cls(match.string, match.groupdict())

        async def callback(self, interaction: discord.Interaction[Any]) -> None:
            await answered(interaction, answer(interaction, **self.groups))

    return Clicked


def menu_item(template: str, answer: Answer) -> type[discord.ui.DynamicItem[discord.ui.Select[Any]]]:
    """The same for menus of texts: ``answer(interaction, values, **groups)``."""

    class Chosen(discord.ui.DynamicItem[discord.ui.Select[Any]], template=template):
        def __init__(self, custom_id: str, groups: dict[str, str], values: list[str]) -> None:
            super().__init__(discord.ui.Select(custom_id=custom_id, options=[discord.SelectOption(label="…")]))
            self.groups = groups
            self.chosen = values

        @classmethod
        async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> Self:
            return cls(match.string, match.groupdict(), list(interaction.data.get("values", ())))

        async def callback(self, interaction: discord.Interaction[Any]) -> None:
            await answered(interaction, answer(interaction, self.chosen, **self.groups))

    return Chosen


async def answered(interaction: discord.Interaction[Any], work: Awaitable[None]) -> None:
    """Do the work of an answer, or say what went wrong with it: discord.py would only log that."""
    try:
        await work
    except Exception as error:
        await explain(interaction, error)


class Lasting(discord.ui.View):
    """A view that counts as finished from the start, so that discord.py keeps no copy of it for each message sent.

    Its buttons are answered by the items above, from the ``custom_id`` alone.
    """

    def __init__(self) -> None:
        super().__init__(timeout=None)

    def is_finished(self) -> bool:
        return True


class LastingLayout(discord.ui.LayoutView):
    """The same as Lasting, for a message made of Components V2."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    def is_finished(self) -> bool:
        return True
