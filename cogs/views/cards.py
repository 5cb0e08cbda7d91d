"""Cards: a story as a message, the button under it and the small panel behind that button."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import discord
from discord.utils import format_dt

from cogs.views import markdown
from cogs.views.buttons import Lasting
from cogs.views.panels import COLOUR
from cogs.views.polls import EMOJI, poll_embed, poll_items
from newsroom.models import Camp, Card, Origin, Side, Term
from newsroom.text import clean, length, sentences, shorten
from newsroom.times import is_plausible

# In UTF-16 code units before escaping, which at most doubles them: all stays far below Discord's limits.
HEADLINE: Final = 300
SOURCE: Final = 100
SUMMARY: Final = 600
SENTENCES: Final = 3
ALSO: Final = 3
FALLBACK_HEADLINE: Final = 100
TERM: Final = 30
TERMS: Final = 4  # of each side
ORIGIN: Final = 1400
"""All that ``origin_text`` says, escaped: what Manage story puts around it has to fit into the same message."""


@dataclass(frozen=True, slots=True)
class CardMessage:
    """A card, ready to be sent. ``title`` is a forum post's, 1 to 100 characters of plain text on one line."""

    content: str
    embed: discord.Embed | None
    view: discord.ui.View
    title: str
    poll: discord.Embed | None = None

    def for_channel(self) -> dict[str, Any]:
        """What ``send`` of a channel or thread takes, or an edit; a reply to an interaction takes it as well."""
        embeds = [embed for embed in (self.embed, self.poll) if embed is not None]
        return {"content": self.content, "embeds": embeds, "view": self.view}

    def for_forum(self) -> dict[str, Any]:
        """What ``ForumChannel.create_thread`` takes."""
        return {"name": self.title} | self.for_channel()


def card_message(card: Card, *, now: datetime) -> CardMessage:
    """The story as an ordinary message: headline and source, an embed with the rest, Read and More.

    A story's team poll has an embed of its own and a row of its own under the others.

    Pushes, searches and screen readers see the content alone; a published card loses its buttons. So the content
    says what happened and who says so, and the embed leads to the article as well as Read does. A link that is too
    long for a button goes into the content, and one that is too long for that is left out. Without a mark
    (a preview) there is neither Discuss nor More.
    """
    line = _headline_and_source(card)
    button_url = markdown.link(card.url, markdown.BUTTON_URL, in_text=False)
    content = line if button_url else _with_link(line, card.url)
    poll = poll_embed(card.poll, _headline(card)) if card.poll else None
    return CardMessage(content, _embed(card, now), _buttons(card, button_url), _title(card), poll)


def plain_card_message(card: Card) -> CardMessage:
    """The plainest form, for when Discord refuses the other: headline and link as text, and the mark."""
    content = _with_link(_headline_and_source(card), card.url)
    return CardMessage(content, None, _buttons(card, None), _title(card))


def carries(message: discord.Message, mark: str) -> bool:
    """Whether the message is the card with this mark: whether a component of it, at any depth, has it in its id."""
    return bool(mark) and any(mark in custom_id.split(":") for custom_id in _custom_ids(message))


def _buttons(card: Card, url: str | None) -> discord.ui.View:
    """The row under a card, and under it the team row of its poll. It never holds anything else."""
    view = Lasting()
    if url:
        view.add_item(discord.ui.Button(label="Read", url=url))
    if card.mark and card.discuss:
        view.add_item(discord.ui.Button(label="Discuss", emoji="🍿", custom_id=f"discuss:{card.mark}"))
    if card.mark:
        view.add_item(discord.ui.Button(label="More", custom_id=f"more:{card.mark}"))
    for item in poll_items(card.poll, row=1) if card.poll else ():
        view.add_item(item)
    return view


def origin_text(origin: Origin | None, *, why: bool = True) -> str:
    """Where a story comes from, and ``why`` it is on a side.

    Of the feed's address it shows the host alone: the rest may hold a key of the admin's.
    """
    if origin is None:
        return "I no longer know where this story came from: its feed was removed."
    feed_url = markdown.link(origin.feed_url, len(origin.feed_url))
    host = markdown.host(feed_url) if feed_url else ""
    name = clean(origin.feed_title) or host or "a feed without a name"
    text = f"From **{markdown.escape(shorten(name, SOURCE))}**"
    if host and host != name:
        text += f" · {markdown.escape(host)}"
    text += f"\nFound {format_dt(origin.found_at, 'f')}, {format_dt(origin.found_at, 'R')}"
    reason = why_this_side(origin) if why else ""
    return f"{_with_link(text, origin.url, ORIGIN - length(reason) - 1)}\n{reason}".rstrip()


def why_this_side(origin: Origin) -> str:
    """Which side a story was found to be about, and the words that said so: of each side the heaviest, those first."""
    if origin.camp is None:
        return ""
    about = {
        Camp.OPEN: "about open source",
        Camp.PROPRIETARY: "about proprietary AI",
        Camp.BOTH: "about both sides",
        Camp.NEITHER: "about neither side",
    }[origin.camp]
    if origin.corrected:
        return f"**Why this side?** A moderator says that this is {about}."
    said = "; ".join(
        f"{EMOJI[side]} for {name} {words}"
        for side, name in ((Side.OPEN, "open source"), (Side.PROPRIETARY, "proprietary"))
        if (words := _terms([term for term in origin.terms if term.side is side]))
    )
    reason = f": {said}." if said else ": none of its words speak for one."
    return f"**Why this side?** I take this to be {about}{reason}"


def _terms(terms: Sequence[Term]) -> str:
    told = [f"“{markdown.escape(shorten(clean(term.text), TERM))}” (weighs {term.weight})" for term in terms[:TERMS]]
    more = f" and {len(terms) - TERMS} more" if len(terms) > TERMS else ""
    return ", ".join(told) + more


def _headline(card: Card) -> str:
    return clean(card.headline) or shorten(clean(card.summary), FALLBACK_HEADLINE) or clean(card.source) or "Untitled"


def _headline_and_source(card: Card) -> str:
    headline, source = _headline(card), clean(card.source)
    line = f"**{markdown.escape(shorten(headline, HEADLINE))}**"
    if source and source != headline:
        line += f" · {markdown.escape(shorten(source, SOURCE))}"
    return line


def _title(card: Card) -> str:
    return shorten(_headline(card), markdown.THREAD_NAME)


def _with_link(text: str, url: str | None, room: int = markdown.CONTENT) -> str:
    """The text with the link below it, where both fit into so many characters; else the text alone."""
    address = markdown.link(url, room - len("\n<>") - length(text))
    return f"{text}\n<{address}>" if address else text


def _embed(card: Card, now: datetime) -> discord.Embed | None:
    url = markdown.link(card.url, markdown.EMBED_URL, in_text=False)
    picture = markdown.link(card.picture_url, markdown.EMBED_URL, schemes=("https",), in_text=False)
    summary = markdown.escape(sentences(clean(card.summary), SENTENCES, SUMMARY))
    age = _age(card.published_at, now)
    description = "\n".join(part for part in (summary, age, _also(card)) if part)

    if not (url or picture or description):
        return None
    embed = discord.Embed(colour=COLOUR, description=description or None, url=url)
    if url:
        # Discord shows an embed's address only under a title, and the headline already stands above.
        embed.title = markdown.escape(markdown.host(url))
    if picture:
        embed.set_image(url=picture)
    return embed


def _also(card: Card) -> str:
    """The other sources of the story, as links; of many the first, and how many more there are."""
    told = [markdown.masked_link(shorten(clean(name), SOURCE), url) for name, url in card.also[:ALSO]]
    if not told:
        return ""
    more = f" and {len(card.also) - ALSO} more" if len(card.also) > ALSO else ""
    return f"-# Also covered by {', '.join(told)}{more}"


def _age(published_at: datetime | None, now: datetime) -> str:
    if published_at is None or not is_plausible(published_at, now):
        return ""
    return f"-# {format_dt(min(published_at, now), 'R')}"


def _custom_ids(message: discord.Message) -> Iterator[str]:
    open_parts: list[Any] = [component.to_dict() for component in message.components]
    while open_parts:
        part = open_parts.pop()
        if isinstance(part, dict):
            open_parts.extend(part.values())
            if isinstance(part.get("custom_id"), str):
                yield part["custom_id"]
        elif isinstance(part, list):
            open_parts.extend(part)
