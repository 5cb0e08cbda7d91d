"""What a discussion is opened with: the story in a few sentences, and a question for each side."""

from __future__ import annotations

from newsroom.discussion.remarks import Opening
from newsroom.models import Article, Summary, SummaryBasis
from newsroom.text import sentences

SENTENCES = 3
SUMMARY = 500


class Openings:
    """Reads what an article says."""

    async def opening(self, article: Article) -> Opening:
        """Return what the discussion of an article is opened with."""
        summary = Summary(sentences(article.summary, SENTENCES, SUMMARY), SummaryBasis.FEED)
        return Opening(summary, "?", "?")
