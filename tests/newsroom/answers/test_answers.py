"""What members who ask are promised: one answer, from the article alone, whatever happens to a model or to us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from newsroom.answers.answers import LEASE, MOST_IN_A_WHILE, MOST_MENTIONS, Answer, Answered, Question
from newsroom.answers.chat import Models
from newsroom.answers.talk import Tokens
from newsroom.discussion.remarks import Sorry
from newsroom.errors import Failure, ModelFailed, RequestRefused
from newsroom.marks import Marks
from newsroom.models import ArticleText, Ask, AskKind, AskState, RemarkKind, TextBasis
from newsroom.store import Connection, tables
from newsroom.store.database import Database
from tests import talks
from tests.desk import CHANNEL, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk
from tests.fakes import FakeModel
from tests.votes import ANNA, BEN

PARAGRAPHS = ("The lab released Kestrel under the MIT licence on Tuesday.", "An hour on its servers costs 12 dollars.")
GOOD = {
    "answered": True,
    "claims": [{"text": "Kestrel is under the MIT licence.", "paragraphs": [1], "quote": "under the MIT licence"}],
}


@pytest.fixture
async def over(database: Database) -> Callable[..., Any]:
    """A desk with a posted story whose article says PARAGRAPHS, and a model that says these things in turn."""

    async def opened(*says: Any, paragraphs: tuple[str, ...] = PARAGRAPHS) -> tuple[Desk, FakeModel | None, int]:
        model = FakeModel(says=list(says)) if says else None
        desk = Desk.over(database, chat=Models(answer=model))
        await desk.follow()
        claim = await desk.post_story("A lab releases Kestrel")
        async with desk.store.begin() as connection:
            text = ArticleText(claim.delivery.article_id, paragraphs, TextBasis.PAGE, desk.clock())
            await desk.store.texts.save(connection, [text])
        return desk, model, claim.delivery.id

    return opened


def question(text: str = "Which licence?", **fields: Any) -> Question:
    return Question(**{"guild_id": GUILD, "member_id": ANNA, "text": text, "channel_id": CHANNEL} | fields)


async def ask(desk: Desk, card: int, text: str = "Which licence?", **fields: Any) -> Answered:
    answers = desk.newsroom.answers
    return await answers.finish(await answers.begin(question(text, **fields), card))


async def reserved(desk: Desk) -> list[tuple[int, bool]]:
    """What is written down of the budget: tokens, and whether that is still a reservation."""
    async with desk.store.read() as connection:
        rows = await connection.execute(select(tables.usage.c.tokens, tables.usage.c.taken_until.is_not(None)))
        return [(tokens, bool(held)) for tokens, held in rows]


async def kept(desk: Desk) -> list[tuple[AskState, str | None]]:
    async with desk.store.read() as connection:
        return [
            (row.state, row.token) for row in await connection.execute(select(tables.ask.c.state, tables.ask.c.token))
        ]


async def test_a_model_answers_with_claims_that_cite_the_article(over: Callable[..., Any]):
    desk, model, card = await over(GOOD)

    answered = await ask(desk, card)

    answer = answered.answer
    assert model is not None and len(model.asked) == 1
    assert (answer.model, answer.basis, answer.read, answer.of) == ("small", TextBasis.PAGE, 2, 2)
    assert [(claim.text, [each.number for each in claim.citations]) for claim in answer.claims] == [
        ("Kestrel is under the MIT licence.", [1])
    ]
    assert await reserved(desk) == [(120, False)]


async def test_no_name_and_no_id_of_a_member_or_a_server_is_ever_sent(over: Callable[..., Any]):
    desk, model, card = await over(GOOD)

    await ask(desk, card)

    assert model is not None
    sent = "".join(message.text for message in model.asked[0])
    assert not any(str(number) in sent for number in (GUILD, ANNA, CHANNEL))


async def test_without_a_model_the_articles_own_passages_answer(over: Callable[..., Any]):
    desk, _, card = await over()

    answer = (await ask(desk, card, "What does an hour cost?")).answer

    assert (answer.model, answer.note, answer.claims) == (None, "", ())
    assert [(each.number, each.snippet) for each in answer.passages] == [(2, PARAGRAPHS[1])]


@pytest.mark.parametrize("kind", [Failure.AWAY, Failure.SLOW, Failure.EMPTY, Failure.RESTING, Failure.REFUSED])
async def test_where_a_model_fails_the_passages_answer_and_one_line_says_why(over: Callable[..., Any], kind: Failure):
    desk, _, card = await over(ModelFailed(kind))

    answer = (await ask(desk, card)).answer

    assert (answer.model, answer.note) == (None, str(ModelFailed(kind)))
    assert [each.number for each in answer.passages] == [1]
    assert await reserved(desk) == []


async def test_at_the_limit_the_passages_answer_and_one_line_says_why(over: Callable[..., Any]):
    desk, model, card = await over(GOOD)
    for _ in range(5):
        await ask(desk, card)

    answer = (await ask(desk, card)).answer

    assert model is not None and len(model.asked) == 5
    assert answer.model is None
    assert answer.note.startswith("You have asked 5 questions within an hour")


async def test_what_the_article_does_not_say_is_said_to_be_missing(over: Callable[..., Any]):
    desk, _, card = await over({"answered": False, "claims": []})

    answer = (await ask(desk, card, "Who is the licence from?")).answer

    assert (answer.claims, answer.model) == ((), "small")
    assert [each.number for each in answer.passages] == [1]


async def test_a_statement_is_checked_against_the_article(over: Callable[..., Any]):
    desk, _, card = await over({"verdict": "supported", "claims": GOOD["claims"]})

    answer = (await ask(desk, card, "Kestrel is under the MIT licence.", kind=AskKind.CHECK)).answer

    assert str(answer.verdict) == "supported"
    assert len(answer.claims) == 1


async def test_an_answer_is_the_same_after_it_was_kept(over: Callable[..., Any]):
    desk, _, card = await over(GOOD)

    answered = await ask(desk, card)

    async with desk.store.read() as connection:
        row = await desk.store.asks.get(connection, answered.ask.id)
    assert row is not None and row.answer is not None
    assert Answer.from_json(row.answer) == answered.answer


async def test_a_question_where_they_are_off_is_refused_and_nothing_is_kept(over: Callable[..., Any]):
    desk, _, card = await over()
    await desk.newsroom.threads.change(GUILD, CHANNEL, ask=False)

    with pytest.raises(RequestRefused, match="off in this channel"):
        await ask(desk, card)
    assert await kept(desk) == []


async def test_a_question_about_another_servers_story_is_refused(over: Callable[..., Any]):
    desk, _, card = await over()

    with pytest.raises(RequestRefused):
        await ask(desk, card, guild_id=OTHER_GUILD)


async def test_a_member_who_asks_without_end_is_slowed_down_and_others_are_not(over: Callable[..., Any]):
    desk, _, card = await over()
    for _ in range(MOST_IN_A_WHILE):
        await ask(desk, card)

    with pytest.raises(RequestRefused, match="in ten minutes"):
        await ask(desk, card)
    await ask(desk, card, member_id=BEN)
    desk.clock.advance(minutes=10)
    await ask(desk, card)


async def test_mentions_by_one_in_a_thread_are_answered_so_often_and_then_no_more(over: Callable[..., Any]):
    desk, _, _ = await over()
    answers = desk.newsroom.answers

    assert [answers.may_answer_mention(7, ANNA) for _ in range(MOST_MENTIONS + 1)] == [True] * MOST_MENTIONS + [False]
    assert answers.may_answer_mention(7, BEN)
    assert answers.may_answer_mention(8, ANNA)


# A process that ends meanwhile


async def interrupted(desk: Desk, card: int, **fields: Any) -> Ask:
    """A question whose process ended after it had reserved its share of the budget."""
    asked = await desk.newsroom.answers.begin(question(application_id=5, token="a token", **fields), card)
    reservation = await desk.newsroom.budget.reserve(GUILD, ANNA, Tokens(1000, 500))
    async with desk.store.begin() as connection:
        await desk.store.asks.reserved(connection, asked.id, reservation.usage.id)
    return asked


async def test_nobody_takes_a_question_over_while_its_process_may_be_at_it(over: Callable[..., Any]):
    desk, _, card = await over(GOOD)
    await interrupted(desk, card)

    assert await desk.restarted().newsroom.answers.take_abandoned() == []


async def test_a_process_that_is_still_at_a_question_keeps_it(
    over: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
):
    desk, _, card = await over()
    monkeypatch.setattr("newsroom.answers.answers.KEEP_EVERY", 0)
    answers, other = desk.newsroom.answers, desk.restarted().newsroom.answers
    asked, kept_up = await answers.begin(question(), card), asyncio.Event()
    reading = asyncio.Event()

    async def slowly(article_id: int) -> ArticleText:
        reading.set()
        await kept_up.wait()
        return ArticleText(article_id, PARAGRAPHS, TextBasis.PAGE, desk.clock())

    async def keep(connection: Connection, ask_id: int, until: datetime) -> None:
        await keeps(connection, ask_id, until)
        if until > desk.clock():
            said_again.set()

    keeps, said_again = desk.store.asks.keep, asyncio.Event()
    monkeypatch.setattr(desk.store.asks, "keep", keep)
    monkeypatch.setattr(desk.newsroom.texts, "of", slowly)
    answering = asyncio.create_task(answers.finish(asked))
    await reading.wait()
    desk.clock.advance(seconds=LEASE.total_seconds() + 1)
    said_again.clear()
    await asyncio.wait_for(said_again.wait(), 20)

    assert await other.take_abandoned() == []
    kept_up.set()
    assert (await answering).answer.passages


async def test_after_a_crash_one_process_answers_and_nothing_stays_reserved(over: Callable[..., Any]):
    desk, _, card = await over()
    asked = await interrupted(desk, card)
    desk.clock.advance(seconds=LEASE.total_seconds() + 1)
    one, other = desk.restarted(), desk.restarted()

    [(ask_, again)] = await one.newsroom.answers.take_abandoned()

    assert await other.newsroom.answers.take_abandoned() == []
    assert (ask_.id, ask_.token, again) == (asked.id, "a token", True)
    assert [each.number for each in (await one.newsroom.answers.finish(ask_)).answer.passages] == [1]
    await one.newsroom.answers.settle(ask_)
    assert await kept(desk) == [(AskState.ANSWERED, None)]
    assert await reserved(desk) == []


async def test_an_answer_that_its_asker_was_not_told_is_told_by_another_process_as_it_was(over: Callable[..., Any]):
    desk, model, card = await over(GOOD)
    first = await ask(desk, card, application_id=5, token="a token")
    for process in (desk.restarted(), desk.restarted(), desk.restarted()):
        desk.clock.advance(seconds=LEASE.total_seconds() + 1)

        [(asked, again)] = await process.newsroom.answers.take_abandoned()

        assert (asked.token, again) == ("a token", True)
        assert (await process.newsroom.answers.finish(asked)).answer == first.answer
    assert model is not None and len(model.asked) == 1
    await desk.newsroom.answers.settle(asked)
    desk.clock.advance(minutes=1)
    assert await desk.newsroom.answers.take_abandoned() == []
    assert await kept(desk) == [(AskState.ANSWERED, None)]


async def test_an_answer_that_nobody_can_be_told_any_more_is_kept_all_the_same(over: Callable[..., Any]):
    desk, _, card = await over()
    await ask(desk, card, application_id=5, token="a token")
    desk.clock.advance(minutes=15)

    [(asked, again)] = await desk.restarted().newsroom.answers.take_abandoned()
    await desk.newsroom.answers.settle(asked)

    assert not again
    assert await kept(desk) == [(AskState.ANSWERED, None)]


async def test_what_a_model_took_before_a_crash_still_counts(over: Callable[..., Any]):
    desk, _, card = await over(GOOD)
    asked = await desk.newsroom.answers.begin(question(), card)
    async with desk.newsroom.budget.reserved(GUILD, ANNA, Tokens(100, 100)) as reservation:
        async with desk.store.begin() as connection:
            await desk.store.asks.reserved(connection, asked.id, reservation.usage.id)
        reservation.add(Tokens(5_000, 700))
    desk.clock.advance(seconds=LEASE.total_seconds() + 1)

    assert len(await desk.restarted().newsroom.answers.take_abandoned()) == 1
    assert await reserved(desk) == [(5_700, False)]


async def test_a_question_that_ended_two_processes_is_only_apologised_for(over: Callable[..., Any]):
    desk, _, card = await over()
    await interrupted(desk, card)
    for again in (True, False):
        desk.clock.advance(seconds=LEASE.total_seconds() + 1)
        [(asked, tried)] = await desk.restarted().newsroom.answers.take_abandoned()
        assert tried is again

    await desk.newsroom.answers.settle(asked)

    assert await kept(desk) == [(AskState.FAILED, None)]
    desk.clock.advance(minutes=10)
    assert await desk.newsroom.answers.take_abandoned() == []


async def test_an_answer_that_comes_twice_is_kept_once(over: Callable[..., Any]):
    desk, _, card = await over()
    asked = await desk.newsroom.answers.begin(question(reply_to=77), card)

    await desk.newsroom.answers.finish(asked)
    await desk.newsroom.answers.finish(asked)

    async with desk.store.read() as connection:
        rows = list(await connection.execute(select(tables.remark.c.kind, tables.remark.c.reply_to)))
    assert rows == [(RemarkKind.ANSWER, 77)]


async def test_a_mention_is_answered_in_threads_of_ours_alone_and_one_that_cannot_be_is_declined_once(
    over: Callable[..., Any],
):
    desk, _, card = await over()
    answers = desk.newsroom.answers
    thread = (await desk.newsroom.threads.click(Marks("installation").mark(card), GUILD)).thread
    assert thread is not None
    await desk.newsroom.threads.opened(thread.thread_id)
    await talks.say_due(desk)
    said = question(channel_id=thread.thread_id, reply_to=77)

    assert await answers.mentioned(replace(said, channel_id=CHANNEL)) is None
    asked = await answers.mentioned(said)
    assert asked is not None
    for _ in range(2):
        await answers.decline(asked, "I was interrupted.")
    assert await answers.mentioned(replace(said, text="?")) is None

    assert [(claim.contents.says, claim.remark.reply_to) for claim in await talks.say_due(desk)] == [
        (Sorry("I was interrupted."), 77),
        (Sorry("Ask a question in a few words."), 77),
    ]
    desk.clock.advance(minutes=10)
    assert await answers.take_abandoned() == []


# Sharing


async def test_an_answer_is_shared_once_by_who_asked_and_in_the_storys_thread(over: Callable[..., Any]):
    desk, _, card = await over()
    answers, threads = desk.newsroom.answers, desk.newsroom.threads
    thread = (await threads.click(Marks("installation").mark(card), GUILD)).thread
    assert thread is not None
    await threads.opened(thread.thread_id)
    answered = await ask(desk, card)

    with pytest.raises(RequestRefused, match="isn't there any more"):
        await answers.share(answered.mark, GUILD, BEN)
    assert await answers.share(answered.mark, GUILD, ANNA) == thread.thread_id
    with pytest.raises(RequestRefused, match="stands there already"):
        await answers.share(answered.mark, GUILD, ANNA)


async def test_why_no_model_answered_is_not_shared(database: Database):
    model = FakeModel(says=[ModelFailed(Failure.SLOW)])
    desk = Desk.over(database, chat=Models(answer=model))
    posted = await talks.card(desk)
    await talks.discussed(desk, posted)
    async with desk.store.begin() as connection:
        text = ArticleText(posted.delivery.article_id, PARAGRAPHS, TextBasis.PAGE, desk.clock())
        await desk.store.texts.save(connection, [text])
    answered = await ask(desk, posted.delivery.id)
    assert answered.answer.note == "The language model took too long."

    await desk.newsroom.answers.share(answered.mark, GUILD, ANNA)

    [said] = await talks.say_due(desk)
    assert isinstance(said.contents.says, Answered) and said.contents.says.answer.note == ""


async def test_a_shared_answer_names_no_story_that_only_its_asker_may_see(database: Database):
    desk = Desk.over(database)
    answers, posted = desk.newsroom.answers, await talks.card(desk)
    await talks.card(
        desk, "A lab prices Kestrel for Europe", channel_id=OTHER_CHANNEL, url="https://b.example/feed.xml"
    )
    await talks.discussed(desk, posted)
    asked = await answers.begin(question("Does Kestrel's price rise in Europe?"), posted.delivery.id)
    answered = await answers.finish(asked, lambda channel_id: True)
    assert [each.channel_id for each in answered.answer.related] == [OTHER_CHANNEL]

    await answers.share(answered.mark, GUILD, ANNA)

    [said] = await talks.say_due(desk)
    assert isinstance(said.contents.says, Answered) and said.contents.says.answer.related == ()


async def test_without_a_thread_there_is_nowhere_to_share(over: Callable[..., Any]):
    desk, _, card = await over()
    answered = await ask(desk, card)

    assert answered.thread_id is None
    with pytest.raises(RequestRefused, match="Press Discuss"):
        await desk.newsroom.answers.share(answered.mark, GUILD, ANNA)


# A member's own


async def test_of_a_message_that_was_checked_no_word_is_kept(over: Callable[..., Any]):
    desk, _, card = await over()
    words = "Kestrel is under the MIT licence, says somebody else."

    checked = await ask(desk, card, words, kind=AskKind.CHECK, checked_id=7_700)
    failed = await desk.newsroom.answers.begin(question(words, kind=AskKind.CHECK, checked_id=7_701), card)
    await desk.newsroom.answers.settle(failed)
    await ask(desk, card, "Which licence?")

    assert checked.ask.question == words
    async with desk.store.read() as connection:
        rows = await connection.execute(select(tables.ask.c.question, tables.ask.c.checked_id).order_by("id"))
        assert list(rows) == [("", 7_700), ("", 7_701), ("Which licence?", None)]


async def test_what_was_checked_of_a_take_goes_with_it(database: Database):
    desk = Desk.over(database)
    answers, posted = desk.newsroom.answers, await talks.card(desk)
    take = await talks.shown(desk, posted, member_id=BEN)
    async with desk.store.read() as connection:
        remark = await desk.store.threads.of_take(connection, take.id)
    assert remark is not None
    check = await ask(desk, posted.delivery.id, take.text, kind=AskKind.CHECK, checked_id=remark.message_id)
    other = await ask(desk, posted.delivery.id, take.text, kind=AskKind.CHECK, checked_id=1)
    for each in (check, other):
        await answers.share(each.mark, GUILD, ANNA)
    await talks.say_due(desk)

    await desk.newsroom.members.forget(BEN, GUILD)

    gone = [drawn.remark.ask_id or drawn.remark.take_id for drawn in await talks.draw_due(desk) if not drawn.contents]
    assert sorted(gone) == sorted([check.ask.id, take.id])
    with pytest.raises(RequestRefused, match="isn't there any more"):
        await answers.share(check.mark, GUILD, ANNA)


async def test_who_leaves_takes_questions_along(over: Callable[..., Any]):
    desk, _, card = await over()
    await ask(desk, card)
    await ask(desk, card, member_id=BEN)

    await desk.newsroom.members.forget(ANNA, None)

    async with desk.store.read() as connection:
        assert list(await connection.scalars(select(tables.ask.c.member_id))) == [BEN]


async def test_questions_are_kept_for_thirty_days(over: Callable[..., Any]):
    desk, _, card = await over()
    await ask(desk, card)
    desk.clock.advance(days=31)

    await desk.newsroom.retention.run()

    async with desk.store.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(tables.ask)) == 0
