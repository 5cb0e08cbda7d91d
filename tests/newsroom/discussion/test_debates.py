"""What a debate promises, whoever argues in it, whatever dies meanwhile, and however many processes do it at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from newsroom.answers.budget import GUILD_LIMIT
from newsroom.answers.chat import Models, Notice
from newsroom.answers.talk import Completion, Schema
from newsroom.discussion.debates import LEAST_TIME, LONGEST_UNDER_WAY, Started
from newsroom.discussion.remarks import ShownTurn
from newsroom.discussion.shift import Call, Shift
from newsroom.discussion.takes import COOLDOWN, Draft
from newsroom.errors import DebateRuns, Failure, ModelFailed, RequestRefused
from newsroom.marks import DEBATE, Marks
from newsroom.models import (
    ArticleText,
    ChannelKind,
    Debate,
    DebatePhase,
    DebateTurn,
    Line,
    RemarkKind,
    Side,
    SummaryBasis,
    TextBasis,
    ThreadMode,
    TurnKind,
    TurnState,
)
from newsroom.store import tables
from newsroom.store.database import Database
from tests.desk import CHANNEL, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk
from tests.fakes import FakeModel
from tests.makers import ago

STORY = "Mistral releases open weights of a new model"
OPEN_CASE = "Weights that anybody can run are worth more than a promise."
PROPRIETARY_CASE = "Somebody has to answer for what a model does."
TWO = Models(open=FakeModel([OPEN_CASE], "llama"), proprietary=FakeModel([PROPRIETARY_CASE], "closed"))


SUMMARY = "A lab has released the weights of its newest model, and the argument that never ends has a new chapter."
PARAGRAPHS = (
    "The lab released its model under the MIT licence on Tuesday, with weights, code and a report.",
    "Anybody can download the weights, run them on a machine of their own and build a product on them.",
    "Others in the field sell access to models of the same size and keep what is inside to themselves.",
)


async def tell_at_length(desk: Desk, card: int) -> None:
    """Have the article of a card summarised by its feed, and say more on its page."""
    async with desk.store.begin() as connection:
        delivery = await desk.store.deliveries.get(connection, card)
        assert delivery is not None
        article, _ = await desk.store.deliveries.contents(connection, delivery)
        await connection.execute(
            update(tables.article).where(tables.article.c.id == article.id).values(summary=SUMMARY)
        )
        page = ArticleText(article.id, PARAGRAPHS, TextBasis.PAGE, desk.clock())
        await desk.store.texts.save(connection, [page])


def desk_over(database: Database, chat: Models | None = None) -> Desk:
    return Desk.over(database, chat=chat)


@pytest.fixture
async def desk(database: Database) -> Desk:
    """Nobody argues but the members."""
    return desk_over(database)


async def posted(desk: Desk, *, channel_id: int = CHANNEL, guild_id: int = GUILD, **more: Any) -> int:
    """Post a story in a channel where debates are on; return its card's id."""
    url = f"https://lab.example/{channel_id}.xml"
    await desk.follow(url, channel_id, guild_id, kind=more.pop("kind", ChannelKind.TEXT))
    await desk.newsroom.threads.change(guild_id, channel_id, **({"debate": True} | more))
    return (await desk.post_story(f"{STORY} {channel_id}", channel_id, url)).delivery.id


async def begun(desk: Desk, rounds: int = 2, minutes: int = 10, **more: Any) -> Started:
    """Begin a debate, open its thread and have its opening stand there."""
    started = await desk.newsroom.debates.start(
        more.get("guild_id", GUILD), await posted(desk, **more), rounds, minutes
    )
    for thread, _ in await desk.newsroom.threads.due():
        await desk.newsroom.threads.opened(thread.thread_id)
    await say(desk)
    return started


async def say(desk: Desk) -> list[DebateTurn]:
    """Send all that is to be said, and return the turns among it."""
    said = []
    while due := await desk.newsroom.remarks.due():
        for remark_id in due:
            claim = await desk.newsroom.remarks.claim(remark_id)
            if claim is not None:
                await desk.newsroom.remarks.sent(claim, 50_000 + remark_id)
                if isinstance(claim.contents.says, ShownTurn):
                    said.append(claim.contents.says.turn)
    return said


async def move(desk: Desk, minutes: float = 10) -> list[DebateTurn]:
    """Let time pass, do what is due then, and return the turns that are said."""
    desk.clock.advance(minutes=minutes)
    for debate_id in await desk.newsroom.debates.due():
        await desk.newsroom.debates.step(debate_id)
    await write(desk)
    return await say(desk)


async def write(desk: Desk) -> None:
    while due := await desk.newsroom.debates.due_turns():
        for turn_id in due:
            await desk.newsroom.cases.write(turn_id)


async def now_of(desk: Desk, started: Started) -> Debate:
    async with desk.store.read() as connection:
        debate = await desk.store.debates.get(connection, started.debate.id)
    assert debate is not None
    return debate


async def turns_of(desk: Desk, started: Started) -> list[DebateTurn]:
    async with desk.store.read() as connection:
        return await desk.store.debates.turns(connection, started.debate.id)


def mark(started: Started) -> str:
    return Marks("installation").mark(started.debate.id, DEBATE)


async def vote(desk: Desk, started: Started, side: Side, *members: int, after: bool = False) -> None:
    for member_id in members:
        await desk.newsroom.debates.vote(mark(started), GUILD, member_id, side, after=after)


async def count(desk: Desk, table: Any) -> int:
    async with desk.store.read() as connection:
        return int(await connection.scalar(select(func.count()).select_from(table)) or 0)


class Held:
    """A model that answers when it is told to."""

    name = "slow"

    def __init__(self) -> None:
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()

    async def complete(
        self, messages: Any, *, schema: Schema | None = None, max_tokens: int | None = None
    ) -> Completion:
        self.asked.set()
        await self.may_answer.wait()
        return Completion(OPEN_CASE, None, 100, 20)


# ------------------------------------------------------------------------------ its course


async def test_without_a_model_a_debate_goes_from_votes_over_rounds_to_votes_and_a_result(desk: Desk):
    started = await begun(desk, rounds=2)
    await vote(desk, started, Side.PROPRIETARY, *range(1, 13))

    said = [turn for _ in range(3) for turn in await move(desk)]
    await vote(desk, started, Side.OPEN, 1, 2, 3, 4, after=True)
    await vote(desk, started, Side.PROPRIETARY, *range(5, 13), after=True)
    [result] = await move(desk)

    assert [(turn.kind, turn.round) for turn in said] == [
        (TurnKind.FLOOR, 1),
        (TurnKind.FLOOR, 2),
        (TurnKind.CLOSING, 0),
    ]
    assert Shift.from_json(result.text or "") == Shift(Call.OPEN, 12, 12, 12, 4, None, None)
    debate = await now_of(desk, started)
    assert (debate.phase, debate.due_at, debate.ended_at) == (DebatePhase.OVER, None, desk.clock())


async def test_two_models_argue_each_for_its_side_and_who_began_is_last_in_the_next_round(database: Database):
    desk = desk_over(database, TWO)
    started = await begun(desk, rounds=2)

    cases = [*await move(desk), *await move(desk)]

    assert [(turn.round, turn.side, turn.text, turn.model) for turn in cases] == [
        (1, Side.OPEN, OPEN_CASE, "llama"),
        (1, Side.PROPRIETARY, PROPRIETARY_CASE, "closed"),
        (2, Side.PROPRIETARY, PROPRIETARY_CASE, "closed"),
        (2, Side.OPEN, OPEN_CASE, "llama"),
    ]
    assert (await now_of(desk, started)).due_at == desk.clock() + timedelta(minutes=10)


async def test_admins_hear_of_a_model_that_rests_over_a_debate(database: Database):
    chat = Models(answer=FakeModel([OPEN_CASE]))
    desk = desk_over(database, chat)
    await begun(desk, rounds=1)
    chat._notices.append(Notice("small", Failure.AWAY, desk.clock()))

    await move(desk)

    alerts = desk.newsroom.alerts
    [told] = [await alerts.contents(alert_id) for alert_id in await alerts.due()]
    assert told is not None
    assert (told.alert.line, told.alert.detail) == (Line.MODEL_RESTS, "small")


async def test_one_model_argues_for_both_sides_and_reads_what_was_said_against_it(database: Database):
    model = FakeModel([OPEN_CASE, PROPRIETARY_CASE])
    desk = desk_over(database, Models(answer=model))
    await begun(desk, rounds=1)

    await move(desk)

    first, second = ("\n".join(message.text for message in asked) for asked in model.asked)
    assert OPEN_CASE not in first
    assert f"Team Open: {OPEN_CASE}" in second


async def test_where_admins_want_no_model_the_members_have_the_floor(database: Database):
    model = FakeModel([OPEN_CASE])
    desk = desk_over(database, Models(answer=model))
    await desk.newsroom.budget.allow(GUILD, on=False)
    await begun(desk, rounds=1)

    assert [turn.kind for turn in await move(desk)] == [TurnKind.FLOOR]
    assert model.asked == []


async def test_a_model_reads_members_takes_of_its_side_and_no_name_and_no_other_take(database: Database):
    model = FakeModel([OPEN_CASE])
    desk = desk_over(database, Models(answer=model))
    started = await begun(desk, rounds=1)
    card_mark = Marks("installation").mark(started.card.card.id)
    for member, side, text in (
        (777001, Side.OPEN, "My laptop runs it, and that settles it."),
        (777002, Side.PROPRIETARY, "Nobody fixes free models on a Sunday."),
        (777003, None, "I merely watch what they do."),
        (777004, Side.OPEN, "Quote me not, but it is fine."),
    ):
        desk.clock.advance(seconds=COOLDOWN.total_seconds())
        await desk.newsroom.takes.drop(Draft(GUILD, member, side, text), card_mark)

    await desk.newsroom.recap_messages.set_quotes(GUILD, 777004, allowed=False)

    await move(desk)

    asked = "\n".join(message.text for message in model.asked[0])
    assert "My laptop runs it" in asked
    assert not any(part in asked for part in ("on a Sunday", "merely watch", "Quote me not", "77700"))


async def test_of_a_case_what_has_an_invented_number_or_a_link_is_left_out(database: Database):
    invented = f"It has 99.7 percent of the market. {OPEN_CASE} Visit https://evil.example now!"
    desk = desk_over(database, Models(open=FakeModel([invented]), proprietary=FakeModel([PROPRIETARY_CASE])))
    await begun(desk, rounds=1)

    first, _ = await move(desk)

    assert (first.side, first.text) == (Side.OPEN, OPEN_CASE)


# ------------------------------------------------------------------------------ where and when


async def test_there_is_one_debate_at_a_time_in_a_server_and_the_next_once_it_has_ended(desk: Desk):
    started = await begun(desk)
    other = await posted(desk, channel_id=OTHER_CHANNEL)

    with pytest.raises(DebateRuns, match="One at a time") as refused:
        await desk.newsroom.debates.start(GUILD, other)
    assert (refused.value.mark, refused.value.channel_id) == (mark(started), started.debate.channel_id)
    await desk.newsroom.debates.stop(refused.value.mark, GUILD)

    assert (await desk.newsroom.debates.start(GUILD, other)).debate.phase is DebatePhase.BEFORE


async def test_of_several_who_begin_at_once_one_does(database: Database):
    desk = desk_over(database)
    card = await posted(desk)
    others = [desk, desk.restarted(), desk.restarted()]

    begun = await asyncio.gather(*(each.newsroom.debates.start(GUILD, card) for each in others), return_exceptions=True)

    assert sorted(type(each).__name__ for each in begun) == ["DebateRuns", "DebateRuns", "Started"]


async def test_debates_are_off_until_an_admin_turns_them_on(desk: Desk):
    card = await posted(desk, debate=False)

    with pytest.raises(RequestRefused, match="Debates are off in <#2001>"):
        await desk.newsroom.debates.start(GUILD, card)


async def test_where_stories_get_no_threads_a_debate_is_refused_in_words(desk: Desk):
    card = await posted(desk, threads=ThreadMode.NONE)

    with pytest.raises(RequestRefused, match="get no threads, and a debate needs one"):
        await desk.newsroom.debates.start(GUILD, card)


async def test_in_a_channel_that_is_a_thread_itself_it_runs_there(desk: Desk):
    started = await begun(desk, kind=ChannelKind.THREAD)

    assert (started.thread, started.debate.channel_id) == (None, CHANNEL)
    assert [turn.kind for turn in await move(desk)] == [TurnKind.FLOOR]


async def test_a_card_of_another_server_is_nobodys_to_debate_and_neither_is_its_debate(desk: Desk):
    started = await begun(desk)

    with pytest.raises(RequestRefused):
        await desk.newsroom.debates.start(OTHER_GUILD, started.card.card.id)
    with pytest.raises(RequestRefused, match="over"):
        await desk.newsroom.debates.vote(mark(started), OTHER_GUILD, 1, Side.OPEN, after=False)
    with pytest.raises(RequestRefused, match="over"):
        await desk.newsroom.debates.stop(mark(started), OTHER_GUILD)


# ------------------------------------------------------------------------------ votes


async def test_the_last_click_counts_and_votes_touch_no_poll_no_side_and_no_standing(desk: Desk):
    started = await begun(desk)
    await vote(desk, started, Side.OPEN, 1)
    await vote(desk, started, Side.DEPENDS, 1)

    async with desk.store.read() as connection:
        assert await desk.store.debates.votes(connection, started.debate.id, after=False) == {1: Side.DEPENDS}
    for table in (tables.vote, tables.vote_log, tables.side_log, tables.member_side, tables.standing):
        assert await count(desk, table) == 0


async def test_a_vote_is_for_its_own_time_alone(desk: Desk):
    started = await begun(desk, rounds=1)

    with pytest.raises(RequestRefused, match="time for that vote is over"):
        await vote(desk, started, Side.OPEN, 1, after=True)
    await move(desk)
    with pytest.raises(RequestRefused, match="time for that vote is over"):
        await vote(desk, started, Side.OPEN, 1)


async def test_who_voted_what_is_forgotten_with_the_result_and_at_a_stop(desk: Desk):
    started = await begun(desk)
    await vote(desk, started, Side.OPEN, 1, 2, 3)
    await desk.newsroom.debates.stop(mark(started), GUILD)

    assert await count(desk, tables.debate_vote) == 0


async def test_privacy_shows_and_removes_a_vote_in_a_debate_that_goes_on(desk: Desk):
    started = await begun(desk)
    await vote(desk, started, Side.OPEN, 1, 2)

    assert b'"when": "before"' in await desk.newsroom.members.download(GUILD, 1)
    await desk.newsroom.members.forget(1, None)

    async with desk.store.read() as connection:
        assert await desk.store.debates.votes(connection, started.debate.id, after=False) == {2: Side.OPEN}


# ------------------------------------------------------------------------------ failures


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (ModelFailed(Failure.SLOW), "The language model took too long."),
        ("@everyone come to https://evil.example", "What it wrote can't be shown."),
        ("", "What it wrote can't be shown."),
    ],
)
async def test_a_case_that_comes_to_nothing_is_one_line_and_the_members_have_the_round(
    database: Database, says: Any, why: str
):
    desk = desk_over(database, Models(answer=FakeModel([says])))
    started = await begun(desk, rounds=1)

    turns = await move(desk)

    assert [(turn.state, turn.text) for turn in turns] == [(TurnState.FAILED, why)] * 2
    assert (await now_of(desk, started)).due_at == desk.clock() + timedelta(minutes=10)


async def test_when_the_guilds_questions_are_used_up_a_case_says_so_and_nothing_is_asked(database: Database):
    model = FakeModel([OPEN_CASE])
    desk = desk_over(database, Models(answer=model))
    await begun(desk, rounds=1)
    async with desk.store.begin() as connection:
        for _ in range(GUILD_LIMIT):
            await desk.store.usage.add(connection, guild_id=GUILD, taken_at=desk.clock(), tokens=1, micros=0)

    turns = await move(desk)

    assert model.asked == []
    assert all("are used up" in (turn.text or "") for turn in turns)


async def test_each_case_counts_as_one_question_of_the_guild_and_of_no_member(database: Database):
    desk = desk_over(database, TWO)
    await begun(desk, rounds=1)
    await move(desk)

    async with desk.store.read() as connection:
        rows = (await connection.execute(select(tables.usage))).all()
    assert [(row.guild_id, row.member_id, row.tokens, row.taken_until) for row in rows] == [
        (GUILD, None, 120, None)
    ] * 2


async def test_a_stop_while_a_case_is_written_drops_it_and_its_reservation(database: Database):
    model = Held()
    desk = desk_over(database, Models(answer=model))
    started = await begun(desk, rounds=1)
    desk.clock.advance(minutes=10)
    await desk.newsroom.debates.step(started.debate.id)
    [turn_id] = await desk.newsroom.debates.due_turns()
    writing = asyncio.create_task(desk.newsroom.cases.write(turn_id))
    await model.asked.wait()

    await desk.newsroom.debates.stop(mark(started), GUILD)
    model.may_answer.set()

    assert await writing is False
    assert [turn.kind for turn in await say(desk)] == [TurnKind.RESULT]
    assert all(turn.text != OPEN_CASE for turn in await turns_of(desk, started))
    async with desk.store.read() as connection:
        assert await desk.store.usage.of_guild(connection, GUILD, ago(hours=1), desk.clock()) == 1
    with pytest.raises(RequestRefused, match="over"):
        await desk.newsroom.debates.stop(mark(started), GUILD)


async def test_a_stop_while_a_message_is_drawn_anew_still_takes_its_buttons_away(desk: Desk):
    started = await begun(desk)
    await move(desk)
    [opening] = await desk.newsroom.remarks.due_redraws()
    before = await desk.newsroom.remarks.take_redraw(opening)
    assert before is not None

    await desk.newsroom.debates.stop(mark(started), GUILD)
    await desk.newsroom.remarks.redrawn(before)
    desk.clock.advance(minutes=1)

    assert opening in await desk.newsroom.remarks.due_redraws()


async def test_several_processes_write_a_case_once(database: Database):
    model = FakeModel([OPEN_CASE])
    desk = desk_over(database, Models(answer=model))
    started = await begun(desk, rounds=1)
    others = [Desk.over(database, desk.web, desk.clock, Models(answer=model)) for _ in range(4)]
    desk.clock.advance(minutes=10)
    assert sorted(await asyncio.gather(*(each.newsroom.debates.step(started.debate.id) for each in others))) == [
        False,
        False,
        False,
        True,
    ]
    [turn_id] = await desk.newsroom.debates.due_turns()

    await asyncio.gather(*(each.newsroom.cases.write(turn_id) for each in others))

    assert len(model.asked) == 1


async def died(desk: Desk) -> int:
    """A process takes a case in hand and dies; return the case's id."""
    [turn_id] = await desk.newsroom.debates.due_turns()
    assert await desk.newsroom.debates.take_turn(turn_id) is not None
    assert await desk.newsroom.debates.due_turns() == []
    desk.clock.advance(minutes=5)
    return turn_id


async def test_a_dead_process_case_is_written_by_another_once_and_then_skipped_with_a_line(database: Database):
    desk = desk_over(database, Models(answer=FakeModel([OPEN_CASE])))
    started = await begun(desk, rounds=1)
    desk.clock.advance(minutes=10)
    await desk.newsroom.debates.step(started.debate.id)

    assert await died(desk) == await died(desk)
    await write(desk)

    first, second = await say(desk)
    assert (first.state, first.text) == (TurnState.FAILED, "It was cut short twice.")
    assert second.state is TurnState.WRITTEN


async def test_what_a_process_hands_in_after_it_was_taken_for_dead_is_dropped(database: Database):
    desk = desk_over(database, Models(answer=FakeModel([OPEN_CASE])))
    started = await begun(desk, rounds=1)
    desk.clock.advance(minutes=10)
    await desk.newsroom.debates.step(started.debate.id)
    [turn_id] = await desk.newsroom.debates.due_turns()
    slow = await desk.newsroom.debates.take_turn(turn_id)
    assert slow is not None
    desk.clock.advance(minutes=5)
    await write(desk)

    assert await desk.newsroom.debates.written(slow, "Too late.") is False
    assert [turn.text for turn in await say(desk)] == [OPEN_CASE, OPEN_CASE]


async def test_a_process_that_ends_in_good_order_gives_its_case_back(database: Database):
    model = Held()
    desk = desk_over(database, Models(answer=model))
    started = await begun(desk, rounds=1)
    desk.clock.advance(minutes=10)
    await desk.newsroom.debates.step(started.debate.id)
    [turn_id] = await desk.newsroom.debates.due_turns()
    writing = asyncio.create_task(desk.newsroom.cases.write(turn_id))
    await model.asked.wait()

    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)

    assert await desk.newsroom.debates.due_turns() == [turn_id]
    assert await count(desk, tables.usage) == 0


async def test_a_debate_whose_models_are_no_longer_configured_goes_on_without(database: Database):
    desk = desk_over(database, TWO)
    started = await begun(desk, rounds=1)
    desk.clock.advance(minutes=10)
    await desk.newsroom.debates.step(started.debate.id)
    after = Desk.over(database, desk.web, desk.clock)

    await write(after)

    assert [turn.text for turn in await say(after)] == ["There is no language model any more."] * 2


async def test_a_debate_that_began_without_models_goes_on_with_them_once_they_are_configured(database: Database):
    desk = desk_over(database)
    card = await posted(desk)
    await tell_at_length(desk, card)
    started = await desk.newsroom.debates.start(GUILD, card, 1, 10)
    for thread, _ in await desk.newsroom.threads.due():
        await desk.newsroom.threads.opened(thread.thread_id)
    await say(desk)
    assert [turn.kind for turn in await turns_of(desk, started)] == [TurnKind.OPENING, TurnKind.FLOOR]
    after = Desk.over(database, desk.web, desk.clock, TWO)

    assert [turn.text for turn in await move(after)] == [OPEN_CASE, PROPRIETARY_CASE]


async def test_without_a_model_the_first_round_begins_with_an_extract_of_the_article(desk: Desk):
    card = await posted(desk)
    await tell_at_length(desk, card)
    await desk.newsroom.debates.start(GUILD, card, 2, 10)
    for thread, _ in await desk.newsroom.threads.due():
        await desk.newsroom.threads.opened(thread.thread_id)
    [opening] = await say(desk)

    first, second = [*await move(desk), *await move(desk)]

    assert first.basis is SummaryBasis.EXTRACT and first.text and first.text in " ".join(PARAGRAPHS)
    assert (opening.text, opening.basis) == (SUMMARY, SummaryBasis.FEED)
    assert (second.round, second.text) == (2, None)


# ------------------------------------------------------------------------------ restarts


async def test_after_a_restart_it_goes_on_where_it_was_and_no_step_rushes_by(desk: Desk):
    started = await begun(desk, rounds=2)
    await move(desk)
    desk.clock.advance(hours=3)
    after = desk.restarted()
    await after.newsroom.debates.give_time()

    assert await after.newsroom.debates.due() == []
    after.clock.advance(seconds=LEAST_TIME.total_seconds())
    assert await after.newsroom.debates.step(started.debate.id) is True
    debate = await now_of(after, started)

    assert (debate.phase, debate.round, debate.due_at) == (
        DebatePhase.ROUNDS,
        2,
        after.clock() + timedelta(minutes=10),
    )


async def test_a_phase_begins_when_its_message_stands_in_the_thread(desk: Desk):
    started = await begun(desk, rounds=1)
    desk.clock.advance(minutes=10)
    await desk.newsroom.debates.step(started.debate.id)
    desk.clock.advance(minutes=15)  # Discord was away
    assert await desk.newsroom.debates.step(started.debate.id) is False
    await say(desk)
    desk.clock.advance(minutes=1)

    assert await desk.newsroom.debates.step(started.debate.id) is False

    assert (await now_of(desk, started)).due_at == desk.clock() + timedelta(minutes=9)


async def wait_unheard(desk: Desk) -> Started:
    """Begin a debate whose opening Discord refuses, until no longer; nothing of it is known to stand anywhere."""
    started = await desk.newsroom.debates.start(GUILD, await posted(desk), 1, 10)
    for thread, _ in await desk.newsroom.threads.due():
        await desk.newsroom.threads.opened(thread.thread_id)
    desk.clock.advance(seconds=(LONGEST_UNDER_WAY + timedelta(seconds=1)).total_seconds())
    return started


async def test_a_debate_whose_message_cannot_be_said_is_stopped_and_the_next_may_begin(desk: Desk):
    started = await wait_unheard(desk)

    assert await desk.newsroom.debates.step(started.debate.id) is True

    assert (await now_of(desk, started)).phase is DebatePhase.STOPPED
    await desk.newsroom.debates.start(GUILD, await posted(desk, channel_id=OTHER_CHANNEL))


async def test_what_could_not_be_said_while_the_bot_was_away_has_its_time_again(desk: Desk):
    started = await wait_unheard(desk)
    after = desk.restarted()
    await after.newsroom.debates.give_time()
    after.clock.advance(seconds=LEAST_TIME.total_seconds())

    assert await after.newsroom.debates.step(started.debate.id) is False

    assert (await now_of(after, started)).phase is DebatePhase.BEFORE


@pytest.mark.parametrize("how", ["thread deleted", "debates off"])
async def test_a_debate_that_has_no_place_any_more_is_stopped(desk: Desk, how: str):
    started = await begun(desk)
    if how == "thread deleted":
        await desk.newsroom.threads.refused(started.debate.channel_id, "gone")
    else:
        await desk.newsroom.threads.change(GUILD, CHANNEL, debate=False)

    await move(desk)

    assert (await now_of(desk, started)).phase is DebatePhase.STOPPED


async def test_a_debate_whose_story_is_taken_down_says_that_it_was_stopped_and_shows_so(desk: Desk):
    started = await begun(desk)
    message_id = started.card.card.message_id
    assert message_id is not None
    await desk.newsroom.story_desk.take_down(GUILD, message_id)

    said = await move(desk)

    assert [turn.kind for turn in said] == [TurnKind.RESULT]
    [opening] = await desk.newsroom.remarks.due_redraws()
    redraw = await desk.newsroom.remarks.take_redraw(opening)
    assert redraw is not None and redraw.contents is not None and isinstance(redraw.contents.says, ShownTurn)
    assert (redraw.contents.says.debate.phase, redraw.contents.says.card) == (DebatePhase.STOPPED, None)


async def test_a_debate_that_could_not_begin_leaves_nothing(desk: Desk):
    started = await desk.newsroom.debates.start(GUILD, await posted(desk))

    await desk.newsroom.debates.discard(started.debate.id)

    assert [await count(desk, table) for table in (tables.debate, tables.debate_turn)] == [0, 0]
    async with desk.store.read() as connection:
        kinds = set(await connection.scalars(select(tables.remark.c.kind)))
    assert RemarkKind.DEBATE not in kinds


# ------------------------------------------------------------------------------ moderating


async def test_a_round_that_a_moderator_removed_is_gone_and_no_later_case_answers_it(database: Database):
    model = FakeModel([OPEN_CASE, PROPRIETARY_CASE])
    desk = desk_over(database, Models(answer=model))
    started = await begun(desk, rounds=2)
    await move(desk)
    async with desk.store.read() as connection:
        said = await desk.store.debates.messages(connection, started.debate.id)
    case = said[1][0]
    assert case.message_id is not None

    found = await desk.newsroom.remarks.removable(GUILD, case.message_id)
    await desk.newsroom.remarks.remove(GUILD, found.id)
    redraw = await desk.newsroom.remarks.take_redraw(case.id)
    assert redraw is not None and redraw.contents is None
    await desk.newsroom.remarks.redrawn(redraw)
    await move(desk)

    assert OPEN_CASE not in "".join(message.text for message in model.asked[2])
    assert PROPRIETARY_CASE in "".join(message.text for message in model.asked[2])
    assert (await now_of(desk, started)).round == 2
