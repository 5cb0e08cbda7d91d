"""Cards: what the message of a story shows."""

from __future__ import annotations

from newsroom.models import Article, Card, ShownPoll


def card_of(article: Article, source: str, mark: str, poll: ShownPoll | None = None) -> Card:
    """Return the card that tells an article, with a team poll under it if there is one."""
    return Card(
        headline=article.title,
        source=source,
        url=article.url,
        summary=article.summary,
        picture_url=article.picture_url,
        published_at=article.published_at,
        mark=mark,
        poll=poll,
    )
