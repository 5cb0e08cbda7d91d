"""Native polls, by Discord's rules: sent, voted in, counted, ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import discord
import pytest
from simcord.backend.models import Channel, Guild

from sandbox.actors import CannotDo
from sandbox.server import Sandbox
from sandbox.shown import Member, Message
from tests.sandbox.conftest import INTENTS, Client


@pytest.fixture
def unstarted() -> Client:
    """A client that hears of votes, and has a poll as its deferred answer."""
    client = Client(INTENTS | discord.Intents(guild_polls=True))
    client.votes = asyncio.Queue()
    for way in ("add", "remove"):

        async def note(vote: discord.RawPollVoteActionEvent, way: str = way) -> None:
            client.votes.put_nowait((way, vote.user_id, vote.answer_id))

        setattr(client, f"on_raw_poll_vote_{way}", note)

    @client.tree.command()
    async def ask(interaction: discord.Interaction) -> None:
        """Ask after some thought."""
        await interaction.response.defer()
        await interaction.edit_original_response(poll=poll())

    return client


@pytest.fixture(autouse=True)
def may_send_polls(sandbox: Sandbox, guild: Guild) -> None:
    sandbox.set_guild_permissions(guild, send_polls=True)


def poll(
    question: str = "Open or closed?",
    answers: tuple[str, ...] = ("open", "closed"),
    hours: float = 1,
    multiple: bool = False,
) -> discord.Poll:
    made = discord.Poll(question, timedelta(hours=hours), multiple=multiple)
    for answer in answers:
        made.add_answer(text=answer)
    return made


@pytest.fixture
async def asked(sandbox: Sandbox, client: Client, news: Channel) -> Message:
    await client.channel(news).send(poll=poll())
    return sandbox.messages(news)[0]


async def heard(client: Client, count: int) -> list[tuple[str, int, int]]:
    """The next votes the bot hears of: added or removed, whose, and the answer."""
    return [await asyncio.wait_for(client.votes.get(), 20) for _ in range(count)]


def results(sandbox: Sandbox, message: Message) -> dict[int, int]:
    found = sandbox.look(message)
    assert found is not None
    return {count["id"]: count["count"] for count in found.payload["poll"]["results"]["answer_counts"]}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: poll(question="x" * 301),
        lambda: poll(question=" "),
        lambda: poll(answers=()),
        lambda: poll(answers=("a",) * 11),
        lambda: poll(answers=("x" * 56,)),
        lambda: poll(hours=0),
        lambda: poll(hours=769),
        lambda: poll(hours=1.5),
    ],
    ids=["long question", "no question", "no answer", "11 answers", "long answer", "0 h", "769 h", "half hours"],
)
async def test_a_poll_beyond_discords_limits_is_refused(
    sandbox: Sandbox, client: Client, news: Channel, wrong: Callable[[], discord.Poll]
):
    with pytest.raises(discord.HTTPException) as refused:
        await client.channel(news).send(poll=wrong())

    assert (refused.value.status, refused.value.code) == (400, 50035)
    assert sandbox.messages(news) == []


async def test_a_poll_at_discords_limits_is_taken(sandbox: Sandbox, client: Client, news: Channel):
    sent = await client.channel(news).send(
        "with a text", poll=poll("x" * 300, tuple(f"{n} {'x' * 53}" for n in range(10)), hours=768)
    )

    assert sent.poll is not None and len(sent.poll.answers) == 10
    assert sent.poll.total_votes == 0


async def test_a_poll_needs_the_permission_for_it(sandbox: Sandbox, client: Client, news: Channel):
    sandbox.set_bot_permissions(news, send_polls=False)
    with pytest.raises(discord.Forbidden) as refused:
        await client.channel(news).send(poll=poll())
    assert refused.value.code == 50013


async def test_a_message_with_a_poll_stays_as_it_was_sent(sandbox: Sandbox, client: Client, news: Channel):
    sent = await client.channel(news).send("first", poll=poll())
    with pytest.raises(discord.HTTPException) as refused:
        await sent.edit(content="second")

    assert refused.value.code == 520003
    assert sandbox.messages(news)[0].content == "first"


async def test_no_poll_goes_with_components_v2(client: Client, news: Channel):
    body = {"flags": 1 << 15, "components": [{"type": 10, "content": "text"}], "poll": poll()._to_dict()}
    with pytest.raises(discord.HTTPException) as refused:
        await client.http.request(discord.http.Route("POST", f"/channels/{news.id}/messages"), json=body)
    assert refused.value.code == 50035


async def test_a_poll_may_be_the_answer_to_a_command(
    sandbox: Sandbox, alice: Member, bob: Member, client: Client, news: Channel
):
    answer = await sandbox.slash(alice, news, "ask")
    sandbox.vote(bob, answer, 1)
    sandbox.pass_time(3600)

    shown = sandbox.look(answer)
    assert shown is not None and shown.payload["poll"]["results"]["is_finalized"]


async def test_votes_are_counted_and_told_to_the_bot(
    sandbox: Sandbox, client: Client, alice: Member, bob: Member, asked: Message
):
    sandbox.vote(alice, asked, 1)
    sandbox.vote(bob, asked, 1)
    sandbox.vote(alice, asked, 2)
    sandbox.unvote(bob, asked, 1)

    assert results(sandbox, asked) == {1: 0, 2: 1}
    assert await heard(client, 5) == [
        ("add", alice.id, 1),
        ("add", bob.id, 1),
        ("remove", alice.id, 1),
        ("add", alice.id, 2),
        ("remove", bob.id, 1),
    ]


async def test_several_answers_can_be_chosen_where_the_poll_allows_it(
    sandbox: Sandbox, client: Client, news: Channel, alice: Member
):
    await client.channel(news).send(poll=poll(multiple=True))
    asked = sandbox.messages(news)[0]
    sandbox.vote(alice, asked, 1)
    sandbox.vote(alice, asked, 2)

    assert results(sandbox, asked) == {1: 1, 2: 1}


async def test_an_answer_that_nobody_chose_has_no_count(
    sandbox: Sandbox, client: Client, news: Channel, alice: Member, asked: Message
):
    sandbox.vote(alice, asked, 2)
    told = await client.http.get_message(news.id, asked.id)
    assert told["poll"]["results"]["answer_counts"] == [{"id": 2, "count": 1, "me_voted": False}]


async def test_who_voted_is_told_in_pages_by_id(
    sandbox: Sandbox, client: Client, guild: Guild, news: Channel, asked: Message
):
    members = [sandbox.add_member(guild, f"member {n}") for n in range(120)]
    for member in reversed(members):
        sandbox.vote(member, asked, 1)

    async def page(**query: int) -> list[int]:
        route = discord.http.Route("GET", f"/channels/{news.id}/polls/{asked.id}/answers/1")
        answer = await client.http.request(route, params=query)
        return [int(user["id"]) for user in answer["users"]]

    everyone = [member.id for member in members]
    assert await page() == everyone[:25]
    assert await page(limit=100) == everyone[:100]
    assert await page(limit=100, after=everyone[99]) == everyone[100:]
    assert await page(limit=100, after=everyone[-1]) == []

    message = await client.channel(news).fetch_message(asked.id)
    answer = message.poll.get_answer(1)
    assert sorted([voter.id async for voter in answer.voters()]) == everyone


@pytest.mark.parametrize(("answer", "query"), [(1, {"limit": 0}), (1, {"limit": 101}), (3, {})])
async def test_a_page_of_voters_that_cannot_be_is_refused(
    client: Client, news: Channel, asked: Message, answer: int, query: dict[str, int]
):
    route = discord.http.Route("GET", f"/channels/{news.id}/polls/{asked.id}/answers/{answer}")
    with pytest.raises(discord.HTTPException) as refused:
        await client.http.request(route, params=query)
    assert refused.value.code == 50035


def told_result(message: Message) -> dict[str, Any]:
    assert message.payload["type"] == 46
    (embed,) = message.embeds
    assert embed["type"] == "poll_result"
    return {field["name"]: field["value"] for field in embed["fields"]}


async def test_a_poll_ends_when_its_time_has_come_and_tells_its_result(
    sandbox: Sandbox, client: Client, news: Channel, alice: Member, bob: Member, asked: Message
):
    sandbox.vote(alice, asked, 2)
    sandbox.pass_time(3590)
    assert len(sandbox.messages(news)) == 1
    end = client.wait_for("raw_message_edit", timeout=20)
    sandbox.pass_time(10)
    _, told = sandbox.messages(news)

    assert (await end).data["poll"]["results"]["is_finalized"]
    assert sandbox.look(asked).payload["poll"]["results"]["is_finalized"]
    assert told_result(told) == {
        "poll_question_text": "Open or closed?",
        "victor_answer_votes": "1",
        "victor_answer_id": "2",
        "victor_answer_text": "closed",
        "total_votes": "1",
    }
    assert told.author_id == asked.author_id
    assert told.payload["message_reference"]["message_id"] == str(asked.id)
    assert [user["id"] for user in told.payload["mentions"]] == [str(asked.author_id)]
    with pytest.raises(CannotDo, match="finalized"):
        sandbox.vote(bob, asked, 1)


async def test_a_poll_ends_on_the_clock_without_anybody_asking(sandbox: Sandbox, client: Client, news: Channel):
    await client.channel(news).send(poll=poll())
    asked = sandbox.messages(news)[0]
    sandbox.world.clock.advance(3600)
    await client.channel(news).send(poll=poll())  # looks at the clock anew, as every poll does

    await sandbox.until(lambda: sandbox.look(asked).payload["poll"]["results"]["is_finalized"], "the end")


async def test_a_tie_has_no_winner(sandbox: Sandbox, news: Channel, alice: Member, bob: Member, asked: Message):
    sandbox.vote(alice, asked, 1)
    sandbox.vote(bob, asked, 2)
    sandbox.pass_time(3600)

    told = told_result(sandbox.messages(news)[1])
    assert (told["victor_answer_votes"], told["total_votes"]) == ("1", "2")
    assert "victor_answer_id" not in told


async def test_the_bot_ends_its_own_poll_once(sandbox: Sandbox, client: Client, news: Channel, asked: Message):
    message = await client.channel(news).fetch_message(asked.id)
    ended = await message.end_poll()
    assert ended.poll is not None and ended.poll.is_finalized()
    assert len(sandbox.messages(news)) == 2
    with pytest.raises(discord.HTTPException) as refused:
        await message.end_poll()
    assert refused.value.code == 520001


async def test_what_is_no_poll_cannot_be_ended(client: Client, news: Channel):
    message = await client.channel(news).send("hello")
    with pytest.raises(discord.HTTPException) as refused:
        await client.http.end_poll(news.id, message.id)
    assert refused.value.code == 520006


async def test_votes_can_be_lost_on_their_way_to_the_bot(
    sandbox: Sandbox, client: Client, guild: Guild, asked: Message
):
    members = [sandbox.add_member(guild, f"member {n}") for n in range(5)]
    dropped = sandbox.faults.drop_events("MESSAGE_POLL_VOTE_ADD", every=2)
    for member in members[:4]:
        sandbox.vote(member, asked, 1)
    dropped.stop()
    sandbox.vote(members[4], asked, 1)

    assert [user for _, user, _ in await heard(client, 3)] == [members[n].id for n in (0, 2, 4)]
    assert dropped.hits == 2
    assert results(sandbox, asked)[1] == 5


async def test_a_bot_that_did_not_ask_for_votes_hears_of_none(
    sandbox: Sandbox, client: Client, bob: Member, asked: Message, news: Channel
):
    (session,) = sandbox.gateway.connected
    session.intents.guild_polls = False
    said = client.wait_for("message", timeout=20)
    sandbox.vote(bob, asked, 1)
    sandbox.say(bob, news, "voted")
    await said

    assert client.votes.empty()
