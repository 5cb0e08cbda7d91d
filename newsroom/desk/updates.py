"""Articles whose publisher has changed their text: what of that is worth a change of the card."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

from newsroom.models import Article, Entry

MOST_UPDATES = 5
"""How often an article is taken as its feed tells it anew. What changes more often only counts something."""

UPDATED_FOR = timedelta(hours=48)
"""How long after it was found. Nobody reads older cards, and a new template changes all articles of a site at once."""

_NUMBER = re.compile(r"\d[\d.,]*")


def updated(article: Article, entry: Entry, now: datetime) -> Article | None:
    """Return an article as its feed tells it now, or None if that is nothing new.

    A headline or summary that is gone is nothing new, and neither are other numbers in a summary alone: aggregators
    count points and comments there.
    """
    title, summary = entry.title or article.title, entry.summary or article.summary
    if now - article.found_at > UPDATED_FOR:
        return None
    if _words(title) == _words(article.title) and _uncounted(summary) == _uncounted(article.summary):
        return None
    return replace(article, title=title, summary=summary, picture_url=entry.picture or article.picture_url)


def _words(text: str) -> str:
    return " ".join(text.split())


def _uncounted(text: str) -> str:
    return _NUMBER.sub("0", _words(text))
