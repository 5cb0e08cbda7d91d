"""What becomes of a delivery, however an attempt ends: told once for each of Discord's ways to answer."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from types import SimpleNamespace

import aiohttp
import discord
import pytest
from sqlalchemy import select

from cogs.places import CannotLook
from cogs.posting import LONGEST_LOOK, LONGEST_SEND, MOST_ODD_FAILURES, Posting
from cogs.views.cards import CardMessage
from newsroom.attempts import LONGEST_ATTEMPT
from newsroom.marks import Marks
from newsroom.models import ChannelKind
from newsroom.store import tables
from newsroom.store.database import migrate, open_database
from newsroom.tasks import Pulse
from tests.desk import CHANNEL, FEED, GUILD, OTHER_CHANNEL, Desk, posts


def refusal(status: int, code: int = 0, *, text: str | None = None, via: bool = True) -> discord.HTTPException:
    """Discord's answer as discord.py raises it; ``text`` stands for a body that isn't JSON."""
    response = SimpleNamespace(status=status, reason="", headers={"Via": "1.1 google"} if via else {})
    kind = {403: discord.Forbidden, 404: discord.NotFound}.get(status, discord.HTTPException)
    if status >= 500:
        kind = discord.DiscordServerError
    return kind(response, text if text is not None else {"code": code, "message": "no"})


class FakePlace:
    """A channel that answers as told, one answer an attempt; what it took stands in ``messages``."""

    def __init__(self, desk: Desk, *answers: Exception | None, has_followers: bool = False) -> None:
        self.has_followers = has_followers
        self.answers = list(answers)
        self.messages: list[CardMessage] = []
        self.nonces: list[str] = []
        self.looks: list[datetime] = []
        self.arrived: dict[str, int] = {}
        self.tidies: list[Exception] = []
        self.takes = timedelta()
        self.blind = False
        self.publishings: list[int] = []
        self._desk = desk

    async def send(self, message: CardMessage, nonce: str) -> int:
        self._desk.clock.time += self.takes
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.messages.append(message)
        self.nonces.append(nonce)
        return 9000 + len(self.messages)

    async def find(self, mark: str, since: datetime, until: datetime) -> int | None:
        if self.blind:
            raise CannotLook
        self.looks.append(since)
        return self.arrived.get(mark)

    async def tidy(self, mark: str, since: datetime, until: datetime) -> int | None:
        if self.tidies:
            raise self.tidies.pop(0)
        return None

    async def at(self, channel_id: int, kind: ChannelKind, tag_id: int | None, tagging: object = None) -> FakePlace:
        return self

    async def publish(self, channel_id: int, guild_id: int, message_id: int) -> None:
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.publishings.append(message_id)


class Post:
    """A posting cog over a real outbox with two stories waiting, and one fake channel."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.place = FakePlace(desk)
        self.pulse = Pulse("posting", 1, now=desk.clock)
        self.posting = Posting(desk.outbox, desk.newsroom.digests, self.place, self.pulse, now=desk.clock)

    async def tick(self, *answers: Exception | None, later: float = 0) -> None:
        """Let time pass and have what is due sent, the channel answering so."""
        self.desk.clock.advance(seconds=later)
        self.place.answers = list(answers)
        await self.posting.tick()
        await self.posting._tasks.join(5)

    @property
    def headlines(self) -> list[str]:
        return [message.title for message in self.place.messages]

    async def states(self) -> list[str]:
        async with self.desk.store.read() as connection:
            return list(await connection.scalars(select(tables.delivery.c.state).order_by(tables.delivery.c.id)))

    async def suspended_for(self) -> str | None:
        return (await self.desk.subscriptions.listing(GUILD))[0].channel.suspended_for


@pytest.fixture
async def post(sqlite_url: str):
    database = await open_database(sqlite_url)
    await migrate(database)
    desk = Desk.over(database)
    desk.web.put(FEED, *posts(1, 2))
    await desk.add(backfill=2)
    yield Post(desk)
    await database.close()


async def test_what_is_due_is_sent_in_order(post: Post):
    await post.tick()

    assert post.headlines == ["Post 1", "Post 2"]
    assert await post.states() == ["sent", "sent"]


@pytest.mark.parametrize("code", [50001, 50013])
async def test_a_missing_permission_suspends_the_channel_and_keeps_what_waits(post: Post, code: int):
    await post.tick(refusal(403, code))
    await post.tick(later=3600)

    assert await post.states() == ["pending", "pending"]
    assert "give me" in (await post.suspended_for() or "")
    assert post.headlines == []


async def test_a_channel_that_is_gone_is_suspended(post: Post):
    await post.tick(refusal(404, 10003))

    assert await post.suspended_for() is not None
    assert await post.states() == ["pending", "pending"]


async def test_a_card_that_discord_finds_wrong_is_sent_plainer(post: Post):
    await post.tick(refusal(400, 50035))

    assert post.place.messages[0].embed is None
    assert post.headlines == ["Post 1", "Post 2"]


async def test_a_card_that_is_wrong_in_its_plainest_form_stops_no_other(post: Post):
    await post.tick(refusal(400, 50035), refusal(400, 50035))

    assert post.headlines == ["Post 2"]
    assert await post.states() == ["quarantined", "sent"]


@pytest.mark.parametrize(
    "error",
    [discord.RateLimited(40.0), refusal(429, 20028), aiohttp.ClientConnectorDNSError(None, OSError())],
    ids=["a long rate limit", "a rate limit of another kind", "nobody there"],
)
async def test_what_surely_was_not_sent_is_sent_later_without_a_look(post: Post, error: Exception):
    await post.tick(error)
    assert await post.states() == ["pending", "pending"]

    await post.tick(later=60)

    assert post.headlines == ["Post 1", "Post 2"]
    assert post.place.looks == []


async def test_a_long_rate_limit_is_waited_out(post: Post):
    await post.tick(discord.RateLimited(40.0))
    await post.tick(later=39)
    assert post.headlines == []
    await post.tick(later=1)
    assert post.headlines == ["Post 1", "Post 2"]


@pytest.mark.parametrize(
    "error",
    [refusal(500), refusal(503), aiohttp.ServerDisconnectedError(), TimeoutError(), ConnectionResetError()],
    ids=["500", "503", "answer lost", "time-out", "reset"],
)
async def test_an_uncertain_send_is_repeated_with_its_nonce_and_after_a_minute_looked_for(post: Post, error: Exception):
    await post.tick(error)
    assert await post.states() == ["sending", "pending"]
    await post.tick(error, later=5)
    assert post.place.looks == []

    await post.tick(later=60)

    assert len(post.place.looks) == 1
    assert post.headlines == ["Post 1", "Post 2"]


def test_a_look_covers_the_longest_that_an_attempt_can_take():
    place, look, card, plainer_card = LONGEST_LOOK, LONGEST_LOOK, LONGEST_SEND, LONGEST_SEND

    assert timedelta(seconds=place + look + card + plainer_card) < LONGEST_ATTEMPT


async def test_what_is_found_in_the_channel_is_not_sent_again(post: Post):
    claim = await post.desk.outbox.claim(CHANNEL)
    post.place.arrived[claim.card.mark] = 4711
    restarted = Post(post.desk.restarted())
    restarted.place.arrived = post.place.arrived

    await restarted.tick()

    assert restarted.headlines == ["Post 2"]
    assert await restarted.states() == ["sent", "sent"]


@pytest.mark.parametrize(
    "trouble", [refusal(503), TimeoutError(), aiohttp.ServerDisconnectedError(), discord.RateLimited(60)]
)
async def test_a_twin_that_could_not_be_looked_for_is_looked_for_again_before_the_next_card(
    post: Post, trouble: Exception
):
    await post.tick(TimeoutError())
    post.place.arrived = {Marks("installation").mark(1): 77}
    post.place.tidies = [trouble]

    await post.tick(later=70)
    assert await post.states() == ["sending", "pending"]
    assert post.headlines == []

    await post.tick(later=600)
    assert await post.states() == ["sent", "sent"]
    assert post.headlines == ["Post 2"]


async def test_a_twin_that_discord_does_not_let_us_look_for_stays(post: Post):
    post.place.takes = timedelta(seconds=2)
    post.place.tidies = [refusal(403, 50013)]

    await post.tick()

    assert await post.states() == ["sent", "sent"]


async def test_where_history_cannot_be_read_nothing_is_sent_on_the_off_chance(post: Post):
    await post.tick(refusal(503))
    post.place.blind = True
    await post.tick(later=90)

    assert post.headlines == []
    assert "Read Message History" in (await post.suspended_for() or "")


async def test_a_refusal_that_took_long_may_have_followed_an_error_and_is_looked_into(post: Post):
    post.place.takes = timedelta(seconds=3)
    await post.tick(discord.RateLimited(40.0))

    assert await post.states() == ["sending", "pending"]
    await post.tick(later=120)
    assert len(post.place.looks) == 1
    assert post.headlines == ["Post 1", "Post 2"]


async def test_a_refused_token_stops_all_sending_and_tells_the_operator(post: Post, caplog: pytest.LogCaptureFixture):
    await post.tick(refusal(401))
    await post.tick(later=3600)

    assert post.headlines == []
    assert any(record.levelname == "CRITICAL" and "DISCORD_TOKEN" in record.message for record in caplog.records)


@pytest.mark.parametrize(
    "error",
    [refusal(429, text="error code: 1015", via=False), refusal(403, text="<html>blocked</html>")],
    ids=["a 429 without Via", "a page"],
)
async def test_a_block_by_discords_edge_pauses_everything_for_a_while(post: Post, error: Exception):
    await post.desk.add(channel_id=OTHER_CHANNEL, backfill=1)
    post.place.answers = []

    await post.tick(error, error)
    await post.tick(later=60)
    assert post.headlines == []

    await post.tick(later=3600)
    assert sorted(post.headlines) == ["Post 1", "Post 2", "Post 2"]


async def test_an_odd_failure_is_looked_into_and_in_the_end_stops_no_other(post: Post):
    for _ in range(MOST_ODD_FAILURES + 1):
        await post.tick(ValueError("a bug"), later=3600)

    assert post.headlines[-1] == "Post 2"
    assert await post.states() == ["quarantined", "sent"]


async def test_an_odd_failure_after_a_long_outage_is_not_the_end_of_a_story(post: Post):
    for _ in range(10):
        await post.tick(discord.RateLimited(40.0), later=3600)
    await post.tick(ValueError("a bug"), later=3600)

    await post.tick(later=3600)

    assert post.headlines == ["Post 1", "Post 2"]


async def test_a_page_that_tells_of_discords_own_trouble_pauses_all_sending_for_a_moment(post: Post):
    await post.desk.add(channel_id=OTHER_CHANNEL, backfill=1)
    page = refusal(502, text="<html>bad gateway</html>")

    await post.tick(page, page)
    await post.tick(later=20)
    assert post.headlines == []

    await post.tick(later=60)
    assert sorted(post.headlines) == ["Post 1", "Post 2", "Post 2"]


async def test_a_page_while_publishing_holds_cards_up_for_a_moment_only(post: Post):
    post.place.has_followers = True
    await post.tick()
    await post.tick(refusal(502, text="<html>bad gateway</html>"))
    post.desk.web.put(FEED, *posts(1, 2, 3))
    await post.desk.round()

    await post.tick(later=60)

    assert post.headlines == ["Post 1", "Post 2", "Post 3"]


async def test_a_channel_whose_sending_hangs_is_begun_again_and_counted_and_its_card_comes_once(
    post: Post, monkeypatch: pytest.MonkeyPatch
):
    hung, sends = asyncio.Event(), post.place.send

    async def hang(message: CardMessage, nonce: str) -> int:
        post.place.nonces.append(nonce)
        hung.set()
        await asyncio.Event().wait()
        return 0

    monkeypatch.setattr(post.place, "send", hang)
    await post.posting.tick()
    await hung.wait()
    monkeypatch.setattr(post.place, "send", sends)
    monkeypatch.setattr("cogs.posting.INTERVALS", -1)  # it hangs for longer than that already

    await post.posting.tick()
    monkeypatch.undo()
    await post.posting._tasks.join(5)
    await post.tick()

    assert post.pulse.stuck == 1
    assert post.headlines == ["Post 1", "Post 2"]
    assert post.place.nonces[0] == post.place.nonces[1]


async def test_an_outbox_that_cannot_be_read_does_not_end_the_loop(post: Post, monkeypatch: pytest.MonkeyPatch):
    async def broken() -> list[int]:
        raise RuntimeError("no database")

    with monkeypatch.context() as patch:
        patch.setattr(post.desk.outbox, "due_channels", broken)
        await post.tick()
    await post.tick()

    assert post.headlines == ["Post 1", "Post 2"]


@pytest.mark.parametrize(
    ("error", "published"),
    [
        (None, True),
        (refusal(400, 40033), False),
        (refusal(404, 10008), False),
        (refusal(403, 50013), False),
    ],
    ids=["published", "published already", "deleted meanwhile", "not allowed"],
)
async def test_a_publishing_that_is_settled_is_not_tried_again(post: Post, error: Exception | None, published: bool):
    post.place.has_followers = True
    await post.tick()
    await post.tick(error)
    await post.tick(error)

    await post.tick(later=3600)

    assert await post.desk.outbox.due_publishings() == []
    assert len(post.place.publishings) == (2 if published else 0)


@pytest.mark.parametrize(
    "error",
    [discord.RateLimited(60.0), refusal(503), ConnectionResetError(), refusal(429, text="1015", via=False)],
    ids=["rate limit", "503", "reset", "blocked"],
)
async def test_a_publishing_that_failed_is_tried_again(post: Post, error: Exception):
    post.place.has_followers = True
    await post.tick()
    await post.tick(error)
    assert post.place.publishings == []

    await post.tick(later=3600)
    await post.tick(later=3600)

    assert post.place.publishings == [9001, 9002]


@pytest.mark.parametrize("wait", [1e300, float("inf")])
async def test_a_rate_limit_however_absurd_is_obeyed_for_a_day_and_no_longer(post: Post, wait: float):
    await post.tick(discord.RateLimited(wait))
    await post.tick(later=23 * 3600)
    assert post.headlines == []
    await post.tick(later=3600)

    assert post.headlines == ["Post 1", "Post 2"]


async def test_an_error_code_that_is_no_number_counts_as_none(post: Post):
    odd = refusal(403)
    odd.code = ["no", "number"]
    await post.tick(odd)

    assert await post.suspended_for() is not None
