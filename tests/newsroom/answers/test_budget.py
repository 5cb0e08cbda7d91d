"""Budgets, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from newsroom.answers.answers import TOKEN_HOLDS
from newsroom.answers.budget import (
    GUILD_LIMIT,
    MEMBER_LIMIT,
    Allowance,
    Budget,
    Limits,
    Reservation,
    limits_of,
)
from newsroom.answers.talk import Message, Tokens, estimate
from newsroom.desk.retention import Retention
from newsroom.errors import BudgetSpent, Failure, ModelFailed, RequestRefused
from newsroom.settings import MOST_SECONDS, read_settings
from newsroom.store import Store
from newsroom.store.database import Database
from newsroom.stories.texts import LONGEST_SECONDS
from newsroom.votes.members import Members
from tests.fakes import Clock, FakeModel

GUILD, OTHER_GUILD, MEMBER = 10, 11, 20
SMALL = Tokens(100, 50)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


@pytest.fixture
def budget(store: Store, clock: Clock) -> Budget:
    return Budget(store, Limits(), now=clock)


def limited(store: Store, clock: Clock, **limits: object) -> Budget:
    return Budget(store, Limits(**limits), now=clock)  # type: ignore[arg-type]


async def reserve(budget: Budget, times: int = 1, *, guild: int = GUILD, member: int | None = MEMBER) -> Reservation:
    for _ in range(times):
        reservation = await budget.reserve(guild, member, SMALL)
    return reservation


async def taken(budget: Budget) -> tuple[int, int]:
    """How many questions and tokens of today the guild has used."""
    spent = await budget.spent(GUILD)
    return spent.allowance.asked, spent.tokens


async def test_a_member_gets_five_questions_an_hour_wherever_they_ask(budget: Budget, clock: Clock):
    await budget.correct(await reserve(budget), SMALL)
    clock.advance(minutes=20)
    await reserve(budget, MEMBER_LIMIT - 1, guild=OTHER_GUILD)

    with pytest.raises(BudgetSpent, match=r"^You have asked 5 questions .* free in 40 minutes\.$") as caught:
        await reserve(budget)
    assert caught.value.frees_at == clock() + timedelta(minutes=40)
    await reserve(budget, member=MEMBER + 1)

    clock.advance(minutes=41)
    await reserve(budget)


async def test_what_was_spent_still_counts_for_the_hour(budget: Budget, clock: Clock):
    for _ in range(MEMBER_LIMIT):
        await budget.correct(await reserve(budget), SMALL)
    clock.advance(minutes=59)
    with pytest.raises(BudgetSpent, match=r"in 1 minute\."):
        await reserve(budget)
    clock.advance(minutes=1, seconds=1)
    await reserve(budget)


async def test_a_guild_gets_sixty_a_day_of_utc(budget: Budget, clock: Clock):
    for member in range(GUILD_LIMIT):
        await budget.correct(await reserve(budget, member=member), SMALL)

    with pytest.raises(BudgetSpent, match=r"^This server's 60 questions of today are used up") as caught:
        await reserve(budget, member=None)
    frees_at = caught.value.frees_at
    assert (frees_at.hour, frees_at.minute) == (0, 0) and timedelta() < frees_at - clock() <= timedelta(days=1)
    await reserve(budget, guild=OTHER_GUILD)

    clock.time = frees_at
    await reserve(budget, member=None)


async def test_tokens_of_a_day_are_for_all_guilds_together(store: Store, clock: Clock):
    budget = limited(store, clock, tokens=400)
    await reserve(budget)
    await reserve(budget, guild=OTHER_GUILD)
    with pytest.raises(BudgetSpent, match=r"may read and write in a day is used up"):
        await reserve(budget)


async def test_money_is_counted_by_the_prices_of_both_ways(store: Store, clock: Clock):
    budget = limited(store, clock, money=0.001, price_in=2.0, price_out=6.0)  # a question costs 0.0005
    await reserve(budget, 2)
    with pytest.raises(BudgetSpent, match=r"may cost in a day is used up"):
        await reserve(budget)
    assert (await budget.spent(GUILD)).share == 1


async def test_a_question_is_put_right_when_it_is_known_what_it_took(store: Store, clock: Clock):
    budget = limited(store, clock, tokens=1000, money=600e-6, price_in=1.0)
    async with budget.reserved(GUILD, MEMBER, Tokens(500, 400)) as reservation:
        reservation.add(Tokens(100, 10))
        reservation.add(Tokens(50, 5))
    assert await taken(budget) == (1, 165)
    assert (await budget.spent(GUILD)).share == 150 / 600


async def test_a_completion_tells_a_share_what_it_took(budget: Budget):
    model = FakeModel(["Yes."])
    async with budget.reserved(GUILD, MEMBER, estimate([Message("user", "Is it?")], 500)) as reservation:
        reservation.add((await model.complete([Message("user", "Is it?")])).tokens)
    assert await taken(budget) == (1, 120)


async def test_what_came_to_nothing_is_given_back(budget: Budget):
    with pytest.raises(ModelFailed):
        async with budget.reserved(GUILD, MEMBER, SMALL):
            raise ModelFailed(Failure.AWAY)
    assert await taken(budget) == (0, 0)
    await reserve(budget, MEMBER_LIMIT)


async def test_what_a_failed_answer_cost_is_counted(budget: Budget):
    with pytest.raises(ModelFailed):
        async with budget.reserved(GUILD, MEMBER, SMALL):
            raise ModelFailed(Failure.SLOW, tokens_in=90, tokens_out=10)
    assert await taken(budget) == (1, 100)


async def test_who_is_cancelled_gives_the_share_back(budget: Budget):
    begun = asyncio.Event()

    async def ask() -> None:
        async with budget.reserved(GUILD, MEMBER, SMALL):
            begun.set()
            await asyncio.Event().wait()

    asking = asyncio.create_task(ask())
    await begun.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert await taken(budget) == (0, 0)


async def test_what_a_dead_process_had_reserved_is_free_after_its_lease(budget: Budget, clock: Clock):
    await reserve(budget, MEMBER_LIMIT)
    clock.advance(minutes=5)

    assert await taken(budget) == (0, 0)
    await reserve(budget, MEMBER_LIMIT)
    assert await budget.release_stale() == MEMBER_LIMIT
    assert await budget.release_stale() == 0


async def test_who_was_taken_for_dead_is_counted_all_the_same(budget: Budget, clock: Clock):
    reservation = await reserve(budget)
    clock.advance(minutes=6)
    await budget.release_stale()

    await budget.correct(reservation, Tokens(10, 10))
    assert await taken(budget) == (1, 20)
    await reserve(budget, MEMBER_LIMIT)


async def test_what_is_less_wanted_leaves_room_for_members_questions(store: Store, clock: Clock):
    budget = limited(store, clock, server_day=4, tokens=1000)
    for _ in range(2):
        await budget.reserve(GUILD, None, SMALL, part=0.5)

    with pytest.raises(BudgetSpent, match="4 questions of today"):
        await budget.reserve(GUILD, None, SMALL, part=0.5)
    await budget.reserve(OTHER_GUILD, None, SMALL, part=0.5)
    with pytest.raises(BudgetSpent, match="read and write"):
        await budget.reserve(OTHER_GUILD, None, SMALL, part=0.5)
    await reserve(budget)


async def test_two_at_once_never_both_get_the_last_one(budget: Budget):
    asked = await asyncio.gather(*(reserve(budget) for _ in range(3 * MEMBER_LIMIT)), return_exceptions=True)
    assert sum(isinstance(each, Reservation) for each in asked) == MEMBER_LIMIT
    assert sum(isinstance(each, BudgetSpent) for each in asked) == 2 * MEMBER_LIMIT


async def test_the_bots_own_questions_are_nobodys(budget: Budget):
    await reserve(budget, 2 * MEMBER_LIMIT, member=None)
    await reserve(budget, MEMBER_LIMIT)


async def test_a_member_who_is_forgotten_leaves_the_count_of_the_guild(budget: Budget, store: Store, clock: Clock):
    await budget.correct(await reserve(budget), SMALL)
    await budget.correct(await reserve(budget, guild=OTHER_GUILD), SMALL)

    members = Members(store, now=clock)
    await members.forget(MEMBER, GUILD)
    with pytest.raises(BudgetSpent):
        await reserve(budget, MEMBER_LIMIT)
    await members.forget(MEMBER, None)
    assert await taken(budget) == (MEMBER_LIMIT, MEMBER_LIMIT * SMALL.total)
    await reserve(budget, MEMBER_LIMIT)


async def test_admins_say_how_much_is_asked_in_their_server_up_to_what_the_operator_allows(store: Store, clock: Clock):
    budget = limited(store, clock, member_hour=6, server_day=8)
    with pytest.raises(RequestRefused, match="allows 1 to 6 questions an hour for a member"):
        await budget.allow(GUILD, member_hour=7, server_day=3)
    await budget.allow(GUILD, member_hour=2, server_day=3)
    await budget.allow(OTHER_GUILD, member_hour=6)

    await reserve(budget, 2)
    with pytest.raises(BudgetSpent, match=r"You have asked 2 questions .* in this server"):
        await reserve(budget)
    await reserve(budget, member=None)
    with pytest.raises(BudgetSpent, match="3 questions of today"):
        await reserve(budget, member=None)
    # However many servers a member asks in, the operator's limit holds.
    await reserve(budget, 4, guild=OTHER_GUILD)
    with pytest.raises(BudgetSpent, match="You have asked 6 questions"):
        await reserve(budget, guild=OTHER_GUILD)

    assert await budget.allowance(GUILD) == Allowance(True, 2, 3, most_member_hour=6, most_server_day=8, asked=3)


async def test_what_admins_chose_gives_way_when_the_operator_allows_less(store: Store, clock: Clock):
    await limited(store, clock, member_hour=20).allow(GUILD, member_hour=20)

    now = await limited(store, clock, member_hour=3, server_day=40).allowance(GUILD)

    assert (now.member_hour, now.server_day) == (3, 40)


async def test_where_admins_want_no_model_none_is_asked(budget: Budget):
    await budget.allow(GUILD, on=False)

    with pytest.raises(RequestRefused, match="off in this server"):
        await reserve(budget, member=None)
    await reserve(budget, guild=OTHER_GUILD)


async def test_who_asked_is_kept_for_two_days(budget: Budget, store: Store, clock: Clock):
    await budget.correct(await reserve(budget), SMALL)
    start = clock()
    clock.advance(days=2, seconds=1)
    await Retention(store, now=clock).run()
    async with store.read() as connection:
        assert await store.usage.total(connection, start, clock()) == (0, 0)


def test_limits_are_the_operators():
    settings = read_settings(
        env_file=None,
        llm_daily_tokens=5,
        llm_daily_money=2,
        llm_price_in=1,
        llm_price_out=3,
        llm_timeout_seconds=MOST_SECONDS,
    )
    limits = limits_of(settings)
    assert (limits.tokens, limits.money, limits.price_in, limits.price_out) == (5, 2, 1, 3)


@pytest.mark.parametrize("seconds", [0.5, 60, 180, MOST_SECONDS])
def test_whoever_is_at_a_question_has_the_time_that_the_settings_allow_and_its_asker_can_still_be_told(seconds: float):
    lease = limits_of(read_settings(env_file=None, llm_timeout_seconds=seconds)).lease

    # Its article is read, it waits for its turn, and is asked.
    longest = timedelta(seconds=LONGEST_SECONDS + 2 * seconds)
    assert longest + timedelta(seconds=10) < lease
    assert longest < TOKEN_HOLDS
