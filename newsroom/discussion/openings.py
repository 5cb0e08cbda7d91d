"""What a discussion is opened with: the story in a few sentences, and a question for each side."""

from __future__ import annotations

from newsroom.discussion.questions import questions_for
from newsroom.discussion.remarks import Opening
from newsroom.discussion.summaries import SUMMARY, Summaries
from newsroom.discussion.threads import Discussed
from newsroom.models import Side
from newsroom.stories.facts import facts_of
from newsroom.stories.summary import summary_of
from newsroom.stories.texts import Texts


class Openings:
    """Reads what an article says, has it summed up where a model may, and asks about what it names."""

    def __init__(self, texts: Texts, summaries: Summaries) -> None:
        self._texts = texts
        self._summaries = summaries

    async def opening(self, card: Discussed, *, by_model: bool) -> Opening:
        article = card.article
        text = await self._texts.of(article.id)
        questions = questions_for(article.story_id, facts_of(article.title, text.paragraphs))
        summary = None
        if by_model:
            summary = await self._summaries.of(article, card.source, text, card.card.guild_id)
        if summary is None:
            summary = summary_of(article, text, most_length=SUMMARY)
        return Opening(summary, questions[Side.OPEN], questions[Side.PROPRIETARY])
