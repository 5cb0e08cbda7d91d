"""What opens a discussion is summed up by a model where one may, once for all servers, and never waits long for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from newsroom.answers.chat import Models
from newsroom.answers.talk import Completion, Message, Schema
from newsroom.answers.writing import Writer
from newsroom.discussion.remarks import Opened, RemarkClaim
from newsroom.discussion.summaries import Summaries
from newsroom.errors import Failure, ModelFailed
from newsroom.models import ArticleText, Summary, SummaryBasis, TextBasis
from newsroom.store.database import Database
from tests.desk import CHANNEL, FOREIGN_CHANNEL, GUILD, OTHER_GUILD, Desk
from tests.fakes import FakeModel
from tests.talks import open_threads, say_due

STORY = "A lab releases Kestrel"
PARAGRAPHS = (
    "The lab released Kestrel under the MIT licence on Tuesday, after a year of work behind closed doors.",
    "An hour on its servers costs 12 dollars, and the weights can be downloaded by everybody from today.",
)
TOLD = "Kestrel is under the MIT licence."
GOOD = {"claims": [{"text": TOLD, "paragraphs": [1]}]}
MADE_UP = {"claims": [{"text": "Kestrel costs 13 dollars under the MIT licence.", "paragraphs": [1, 2]}]}
BY_MODEL = Summary(TOLD, SummaryBasis.MODEL, "small")


async def follow(desk: Desk) -> None:
    """Two servers get the same feed."""
    await desk.follow()
    await desk.follow(channel_id=FOREIGN_CHANNEL, guild_id=OTHER_GUILD)


async def opened(desk: Desk, guild_id: int = GUILD, channel_id: int = CHANNEL) -> Summary:
    """Have the story discussed in a server; return what its discussion is opened with."""
    claims = await desk.claims(channel_id)
    if not claims:
        await desk.tell(STORY)
        claims = await desk.claims(channel_id)
    [posted] = claims
    async with desk.store.begin() as connection:
        if await desk.store.texts.get(connection, posted.delivery.article_id) is None:
            text = ArticleText(posted.delivery.article_id, PARAGRAPHS, TextBasis.PAGE, desk.clock())
            await desk.store.texts.save(connection, [text])
    await desk.newsroom.threads.click(posted.mark, guild_id)
    await open_threads(desk)
    [opener] = await say_due(desk)
    return summary_in(opener)


def summary_in(opener: RemarkClaim) -> Summary:
    assert isinstance(opener.contents.says, Opened)
    return opener.contents.says.opening.summary


async def elsewhere(desk: Desk) -> Summary:
    return await opened(desk, OTHER_GUILD, FOREIGN_CHANNEL)


def over(database: Database, *says: Any) -> tuple[Desk, FakeModel]:
    model = FakeModel(says)
    return Desk.over(database, chat=Models(answer=model)), model


async def test_a_model_sums_a_story_up_once_for_all_servers_and_reads_nothing_of_them(database: Database):
    desk, model = over(database, GOOD)
    await follow(desk)

    assert [await opened(desk), await elsewhere(desk)] == [BY_MODEL] * 2

    [asked] = model.asked
    read = "\n".join(message.text for message in asked)
    assert f"[1] {PARAGRAPHS[0]}" in read
    assert not any(str(number) in read for number in (GUILD, CHANNEL))
    assert (await desk.newsroom.budget.allowance(GUILD)).asked == 1
    assert (await desk.newsroom.budget.allowance(OTHER_GUILD)).asked == 0


async def test_what_a_model_makes_up_is_an_extract_instead_and_it_is_not_asked_again(database: Database):
    desk, model = over(database, MADE_UP)
    await follow(desk)

    assert [(await opened(desk)).basis, (await elsewhere(desk)).basis] == [SummaryBasis.EXTRACT] * 2
    assert len(model.asked) == 1


async def test_a_model_that_fails_is_asked_again_by_the_next_server(database: Database):
    desk, _ = over(database, ModelFailed(Failure.AWAY), GOOD)
    await follow(desk)

    assert (await opened(desk)).basis is SummaryBasis.EXTRACT
    assert await elsewhere(desk) == BY_MODEL


@pytest.mark.parametrize("off", ["in the server", "in the channel"])
async def test_where_members_may_ask_no_model_none_sums_up(database: Database, off: str):
    desk, model = over(database, GOOD)
    await follow(desk)
    if off == "in the server":
        await desk.newsroom.budget.allow(GUILD, on=False)
    else:
        await desk.newsroom.threads.change(GUILD, CHANNEL, ask=False)

    assert (await opened(desk)).basis is SummaryBasis.EXTRACT
    assert model.asked == []


@dataclass
class Slow:
    """A model that answers when it is let go."""

    name: str = "small"
    go: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    async def complete(
        self, messages: Sequence[Message], *, schema: Schema | None = None, max_tokens: int | None = None
    ) -> Completion:
        self.asked += 1
        await self.go.wait()
        return Completion("", GOOD, 100, 20)


async def test_a_discussion_does_not_wait_for_a_slow_model_and_the_next_one_has_what_it_wrote(database: Database):
    desk, model = Desk.over(database), Slow()
    await desk.follow()
    assert (await opened(desk)).basis is SummaryBasis.EXTRACT
    async with desk.store.read() as connection:
        article = await desk.store.articles.get(connection, range(1, 10))
        [told] = [each for each in article.values() if each.title == STORY]
        text = await desk.store.texts.get(connection, told.id)
    assert text is not None
    chat = Models(answer=model)
    writer = Writer(desk.store, chat, desk.newsroom.budget, now=desk.clock)
    hasty = Summaries(desk.store, chat, writer, patience=0.001)

    first = await hasty.of(told, "Lab Notes", text, GUILD)
    while not model.asked:
        first = first or await hasty.of(told, "Lab Notes", text, GUILD)
    model.go.set()
    while (last := await hasty.of(told, "Lab Notes", text, GUILD)) is None:
        pass

    assert (first, last, model.asked) == (None, BY_MODEL, 1)
