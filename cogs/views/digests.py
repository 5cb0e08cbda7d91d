"""Lists of stories that came too late for cards of their own: one message a page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import discord

from cogs.views import markdown
from cogs.views.buttons import Lasting, button_item
from cogs.views.panels import COLOUR
from newsroom.desk.digests import Page
from newsroom.models import Article
from newsroom.text import clean, length, shorten

# What a mark looks like is the newsroom's business; it holds no colon.
WHY_TEMPLATE: Final = r"late:(?P<mark>[^:]+)"

HEADLINE: Final = 120
SOURCE: Final = 60


@dataclass(frozen=True, slots=True)
class DigestMessage:
    """A page, ready to be sent, always silently."""

    content: str
    embed: discord.Embed
    view: discord.ui.View

    def for_channel(self) -> dict[str, Any]:
        """What ``send`` of a channel or thread takes."""
        return {"content": self.content, "embed": self.embed, "view": self.view, "silent": True}

    def for_forum(self) -> dict[str, Any]:
        """What ``ForumChannel.create_thread`` takes."""
        return {"name": self.content, "content": self.content, "embed": self.embed, "view": self.view}


def digest_message(page: Page) -> DigestMessage:
    """The page as an ordinary message: what it is, and one line a story with headline, link and source."""
    title = f"More stories, {page.day.day} {page.day:%B}"
    if page.pages > 1:
        title += f" ({page.page} of {page.pages})"
    lines = [_line(article, source) for article, source in page.stories]
    for place, (article, source) in reversed(list(enumerate(page.stories))):
        if length("\n".join(lines)) <= markdown.EMBED_DESCRIPTION:
            break
        lines[place] = _line(article, source, linked=False)  # ten of these always fit
    view = Lasting()
    view.add_item(discord.ui.Button(label="Why so late?", custom_id=f"late:{page.mark}"))
    return DigestMessage(title, discord.Embed(description="\n".join(lines), colour=COLOUR), view)


def _line(article: Article, source: str, *, linked: bool = True) -> str:
    headline = shorten(clean(article.title) or clean(article.summary) or "Untitled", HEADLINE)
    told = markdown.masked_link(headline, article.url if linked else None)
    return f"• {told} · {markdown.escape(shorten(clean(source), SOURCE))}"


# Finds why the stories on the page with this mark, in this guild, came so late; None when nobody knows any more.
WhyLookup = Callable[[str, int], Awaitable[str | None]]


def why_item(lookup: WhyLookup) -> type[discord.ui.DynamicItem[discord.ui.Button[Any]]]:
    """The button under a page, answered with what ``lookup`` finds: register it with ``bot.add_dynamic_items``."""

    async def answer(interaction: discord.Interaction[Any], mark: str) -> None:
        assert interaction.guild_id is not None, "lists stand in guilds"
        await interaction.response.defer(ephemeral=True, thinking=True)
        reason = await lookup(mark, interaction.guild_id)
        text = (
            f"{reason} Moderators change how many cards come with `/channel limits`."
            if reason
            else "I no longer know: these stories are long forgotten."
        )
        await interaction.edit_original_response(content=text)

    return button_item(WHY_TEMPLATE, answer)
