"""What a publisher changes in an article is changed on its cards, within bounds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsroom.desk.updates import MOST_UPDATES, UPDATED_FOR, updated
from newsroom.models import Article, Entry, Redraw
from newsroom.store.database import Database
from tests.desk import CHANNEL, FEED, GUILD, OTHER_CHANNEL, Desk, post, posts
from tests.makers import NOW, entry

LATER = NOW + timedelta(hours=1)


def known(title: str = "Mistral opens weights", summary: str = "It is out.") -> Article:
    return Article(1, 1, 1, title, "https://lab.example/1", summary, None, None, NOW)


def told(title: str = "Mistral opens weights", summary: str = "It is out.", **fields: object) -> Entry:
    return entry(title=title, summary=summary, **fields)


def test_another_headline_is_an_update():
    article = updated(known(), told("Mistral opens the weights"), LATER)

    assert article is not None and article.title == "Mistral opens the weights"


def test_another_number_in_a_headline_is_an_update():
    assert updated(known("Lumen raises 5 million"), told("Lumen raises 6 million"), LATER) is not None


def test_another_summary_is_an_update_and_brings_its_picture():
    new = told(summary="It is out, under another licence.", picture="https://lab.example/new.png")

    article = updated(known(), new, LATER)

    assert article is not None
    assert (article.summary, article.picture_url) == (new.summary, new.picture)


@pytest.mark.parametrize(
    "new",
    [
        told(),
        told("Mistral  opens\u00a0weights", " It is out. "),
        told("", ""),
        told(picture="https://lab.example/new.png"),
    ],
    ids=["the same", "other spaces", "nothing", "another picture alone"],
)
def test_what_says_nothing_else_is_none(new: Entry):
    assert updated(known(), new, LATER) is None


def test_points_and_comments_that_are_counted_in_a_summary_are_none():
    counted = known(summary="Points: 57, comments: 1,204.")

    assert updated(counted, told(summary="Points: 103, comments: 9."), LATER) is None


def test_an_old_article_is_left_alone():
    new = told("Mistral opens the weights")

    assert updated(known(), new, NOW + UPDATED_FOR) is not None
    assert updated(known(), new, NOW + UPDATED_FOR + timedelta(seconds=1)) is None


# On cards


@pytest.fixture
async def desk(database: Database) -> Desk:
    """A channel in which the card of post 2 stands."""
    desk = Desk.over(database)
    desk.web.put(FEED, *posts(1))
    await desk.add()
    await publish(desk, post(2))
    await desk.claims()
    return desk


async def publish(desk: Desk, *entries: Entry) -> None:
    desk.web.put(FEED, *entries, post(1))
    await desk.round()


async def redraws(desk: Desk) -> list[Redraw]:
    drawn = []
    for delivery_id in await desk.outbox.due_redraws():
        if redraw := await desk.outbox.take_redraw(delivery_id):
            await desk.outbox.redrawn(redraw)
            drawn.append(redraw)
    return drawn


async def test_a_card_is_drawn_anew_with_the_new_headline(desk: Desk) -> None:
    await publish(desk, post(2, title="Post 2, corrected"))

    assert [redraw.card.headline for redraw in await redraws(desk)] == ["Post 2, corrected"]
    assert await desk.headlines() == []


async def test_what_is_told_as_before_is_not_drawn_anew(desk: Desk) -> None:
    await publish(desk, post(3), post(2))

    assert await redraws(desk) == []


async def test_a_card_that_waits_is_sent_as_its_article_is_told_by_then(desk: Desk) -> None:
    await publish(desk, post(3), post(2))
    await publish(desk, post(3, title="Post 3, corrected"), post(2))

    assert await desk.headlines() == ["Post 3, corrected"]
    assert await redraws(desk) == []


async def test_a_correction_that_comes_while_the_card_is_sent_is_drawn_next(desk: Desk) -> None:
    await publish(desk, post(3), post(2))
    claim = await desk.outbox.claim(CHANNEL)
    assert claim is not None
    await publish(desk, post(3, title="Post 3, corrected"), post(2))
    assert await redraws(desk) == []

    await desk.outbox.sent(claim, 7000, publish=False)

    assert [(redraw.message_id, redraw.card.headline) for redraw in await redraws(desk)] == [
        (7000, "Post 3, corrected")
    ]


async def test_a_card_that_was_taken_down_is_not_drawn_any_more(desk: Desk) -> None:
    await publish(desk, post(2, title="Post 2, corrected"))
    [card] = await desk.outbox.due_redraws()
    await desk.newsroom.story_desk.take_down(GUILD, 9000 + card)

    assert await desk.outbox.due_redraws() == []


async def test_every_channel_with_the_card_is_told(desk: Desk) -> None:
    await desk.add(FEED, OTHER_CHANNEL)
    await publish(desk, post(3), post(2))
    await desk.claims(CHANNEL)
    await desk.claims(OTHER_CHANNEL)

    await publish(desk, post(3, title="Post 3, corrected"), post(2))

    assert len(await redraws(desk)) == 2


async def test_an_article_that_changes_for_ever_is_updated_five_times(desk: Desk) -> None:
    drawn = []
    for number in range(MOST_UPDATES + 2):
        await publish(desk, post(2, title=f"Post 2, take {number}"))
        desk.clock.advance(hours=1)
        drawn += await redraws(desk)

    assert [redraw.card.headline for redraw in drawn] == [f"Post 2, take {n}" for n in range(MOST_UPDATES)]


async def test_two_items_that_turn_out_to_be_one_article_correct_nothing(desk: Desk) -> None:
    """They would take turns for ever."""
    link = post(2).link
    await publish(desk, post(2, guid="another", title="Post 2, told otherwise"))
    assert len(await redraws(desk)) == 1

    await publish(desk, post(2, link=None), post(2, guid="another", link=None, title="Post 2, told otherwise"))

    assert link is not None
    assert await redraws(desk) == []
    assert await desk.headlines() == []
