"""However many channels refuse us, Discord is never asked so often that it bans the machine."""

from __future__ import annotations

from typing import Any

import pytest
from discord.utils import utcnow

from cogs.refused import MOST, Refused
from tests.cogs.guild import Guild
from tests.desk import FEED, post
from tests.fakes import Clock


@pytest.mark.parametrize("status", [401, 403, 429])
def test_after_two_thousand_refusals_in_ten_minutes_nothing_is_tried_until_they_are_fewer(status: int):
    clock = Clock()
    refused = Refused(clock)
    for _ in range(MOST - 1):
        refused.note(status)
    assert not refused.too_often()

    clock.advance(minutes=5)
    refused.note(status)
    assert refused.too_often()

    clock.advance(minutes=5)
    assert not refused.too_often()
    for _ in range(MOST - 2):
        refused.note(status)
    assert not refused.too_often()
    refused.note(status)
    assert refused.too_often()


def test_other_failures_do_not_count():
    refused = Refused(Clock())
    for status in (400, 404, 500, 503):
        for _ in range(MOST):
            refused.note(status)

    assert not refused.too_often()


def test_what_is_tried_counts_before_its_answer_is_there():
    clock = Clock()
    refused = Refused(clock)
    for _ in range(MOST):
        refused.note_try()
    assert refused.too_often()

    clock.advance(minutes=10)

    assert not refused.too_often()


async def refuse(guild: Guild) -> None:
    """Have #news refuse the bot a card."""
    guild.take_away(guild.news, "send_messages")
    guild.web.put(FEED, post(11, published=utcnow()), *guild.web.documents[FEED].entries)
    await guild.later(minutes=20)


async def test_a_request_that_discord_refuses_is_counted(guild: Guild, ops: Any, monkeypatch: pytest.MonkeyPatch):
    noted: list[int] = []
    monkeypatch.setattr(guild.bot.refused, "note", noted.append)

    await refuse(guild)

    assert noted == [403]


@pytest.mark.parametrize("mended", [True, False])
async def test_while_too_much_is_refused_no_channel_is_tried(guild: Guild, ops: Any, mended: bool):
    await refuse(guild)
    before = len(guild.requests("POST", f"/channels/{guild.news.id}/messages"))
    for _ in range(6):
        for _ in range(MOST):
            guild.bot.refused.note(403)
        if mended:
            guild.give_back(guild.news)
        await guild.later(minutes=9)
    assert len(guild.requests("POST", f"/channels/{guild.news.id}/messages")) == before
    assert guild.headlines() == []

    guild.give_back(guild.news)
    await guild.later(minutes=40)

    assert guild.headlines() == ["Post 11"]
