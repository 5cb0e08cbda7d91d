"""What a discussion is opened with: the story in a few sentences, and a question for each side."""

from __future__ import annotations

from newsroom.discussion.questions import questions_for
from newsroom.discussion.remarks import Opening
from newsroom.models import Article, Side
from newsroom.stories.facts import facts_of
from newsroom.stories.summary import summary_of
from newsroom.stories.texts import Texts

SUMMARY = 500
"""UTF-16 code units."""


class Openings:
    """Reads what an article says, and asks about what it names."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    async def opening(self, article: Article) -> Opening:
        """Return what the discussion of an article is opened with; reading it may take a while."""
        text = await self._texts.of(article.id)
        questions = questions_for(article.story_id, facts_of(article.title, text.paragraphs))
        return Opening(
            summary_of(article, text, most_length=SUMMARY), questions[Side.OPEN], questions[Side.PROPRIETARY]
        )
