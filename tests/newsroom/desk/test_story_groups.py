"""Articles of several feeds about one event are one story: one card a channel, which names the others."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest

from newsroom.desk.outbox import MOST_REDRAWS_AN_HOUR, REDRAW_WAIT
from newsroom.errors import RequestRefused
from newsroom.models import Camp, Entry, Redraw
from newsroom.store import Connection
from newsroom.store.database import Database
from tests.desk import CHANNEL, FEED, FOREIGN_CHANNEL, GUILD, OTHER_CHANNEL, OTHER_GUILD, Desk, told
from tests.makers import entry

BLOG, PRESS, WIRE = (f"https://{name}.example/feed.xml" for name in ("blog", "press", "wire"))
LAB_HEADLINE = "Lumen Photonics raises 300 million dollars for optical chips"
BLOG_HEADLINE = "Optical chip startup Lumen Photonics raises $300 million"
PRESS_HEADLINE = "Lumen Photonics gets 300 million dollars to build optical chips"
WIRE_HEADLINE = "Optical chips: Lumen Photonics raises 300 million dollars"
SUMMARY = "Lumen Photonics has raised 300 million dollars for its optical chips."


def article(url: str, headline: str, **fields: object) -> Entry:
    host = url.removeprefix("https://").partition("/")[0]
    page = "-".join(headline.casefold().split())
    return entry(**{"guid": page, "link": f"https://{host}/{page}", "title": headline, "summary": SUMMARY} | fields)


@pytest.fixture
async def desk(database: Database) -> Desk:
    """A channel that gets four feeds, none of which has any news yet."""
    desk = Desk.over(database)
    for url in (FEED, BLOG, PRESS, WIRE):
        await desk.follow(url, title=url.removeprefix("https://").partition(".")[0].title())
    return desk


async def tell(desk: Desk, url: str, headline: str, **fields: object) -> None:
    """Have a feed bring an article, dated now, and read it."""
    known = desk.web.documents[url].entries
    desk.web.put(url, article(url, headline, **{"published": desk.clock()} | fields), *known)
    [feed] = [feed for feed in desk._feeds() if feed.url == url]
    await desk.rounds.read_now(feed)


async def redraws(desk: Desk) -> list[Redraw]:
    """Draw every card anew that is due, and return how."""
    drawn = []
    for delivery_id in await desk.outbox.due_redraws():
        redraw = await desk.outbox.take_redraw(delivery_id)
        if redraw is not None:
            await desk.outbox.redrawn(redraw)
            drawn.append(redraw)
    return drawn


async def test_two_reports_of_one_event_are_one_card(desk: Desk) -> None:
    await tell(desk, FEED, LAB_HEADLINE)
    await tell(desk, BLOG, BLOG_HEADLINE)

    assert await desk.headlines() == [LAB_HEADLINE]


async def test_what_came_before_the_card_was_sent_is_named_on_it(desk: Desk) -> None:
    await tell(desk, FEED, LAB_HEADLINE)
    await tell(desk, BLOG, BLOG_HEADLINE)

    [claim] = await desk.claims()

    [(name, url)] = claim.card.also
    assert name == "Blog" and url is not None and url.startswith("https://blog.example/optical-chip")


async def test_what_comes_later_is_added_to_the_card_by_drawing_it_anew(desk: Desk) -> None:
    await tell(desk, FEED, LAB_HEADLINE)
    [claim] = await desk.claims()
    await tell(desk, BLOG, BLOG_HEADLINE)

    [redraw] = await redraws(desk)

    assert (redraw.message_id, redraw.card.headline) == (9000 + claim.delivery.id, LAB_HEADLINE)
    assert [name for name, _ in redraw.card.also] == ["Blog"]
    assert await redraws(desk) == []


async def test_another_event_is_a_story_of_its_own(desk: Desk) -> None:
    await tell(desk, FEED, LAB_HEADLINE)
    await tell(desk, BLOG, "Hospitals in Norway test a tool that reads X-rays", summary="It is a trial.")

    assert len(await desk.headlines()) == 2


async def test_the_same_feed_never_joins_its_own_story(desk: Desk) -> None:
    await tell(desk, FEED, LAB_HEADLINE)
    await tell(desk, FEED, WIRE_HEADLINE)

    assert len(await desk.headlines()) == 2


async def test_an_article_two_days_later_is_a_story_of_its_own(desk: Desk) -> None:
    await tell(desk, FEED, LAB_HEADLINE)
    await desk.headlines()
    desk.clock.advance(hours=49)
    await tell(desk, BLOG, BLOG_HEADLINE)

    assert await desk.headlines() == [BLOG_HEADLINE]


async def test_a_feed_that_links_to_a_page_of_a_joined_article_joins_as_well(desk: Desk) -> None:
    await tell(desk, FEED, LAB_HEADLINE)
    await tell(desk, BLOG, BLOG_HEADLINE)
    page = desk.web.documents[BLOG].entries[0].link
    await tell(desk, PRESS, "Worth a read", link=page, summary="")

    assert await desk.headlines() == [LAB_HEADLINE]


async def one_page_more(desk: Desk, url: str, *pages: Entry) -> None:
    """Have a feed list pages of others, each with words of its own, and read it."""
    known = desk.web.documents[url].entries
    listed = [
        entry(guid=f"item {page.link}", link=page.link, title=f"Seen: {page.title}", published=desk.clock())
        for page in pages
    ]
    desk.web.put(url, *listed, *known)
    [feed] = [feed for feed in desk._feeds() if feed.url == url]
    await desk.rounds.read_now(feed)


async def test_a_feed_that_lists_two_pages_of_one_story_knows_each_by_its_own_names(desk: Desk) -> None:
    await tell(desk, FEED, LAB_HEADLINE)
    await tell(desk, BLOG, BLOG_HEADLINE)
    pages = [desk.web.documents[url].entries[0] for url in (FEED, BLOG)]
    await one_page_more(desk, PRESS, *pages)

    for page in pages:
        why = await desk.newsroom.whys.of(GUILD, page.link or "")
        assert (why.article.title, why.article.url) == (f"Seen: {page.title}", page.link)
    assert await desk.headlines() == [LAB_HEADLINE]


async def test_what_a_feed_lists_by_its_page_is_not_joined_by_its_other_items(desk: Desk) -> None:
    await tell(desk, FEED, LAB_HEADLINE)
    page = desk.web.documents[FEED].entries[0]
    assert await desk.headlines() == [LAB_HEADLINE]

    desk.web.put(WIRE, article(WIRE, WIRE_HEADLINE, published=desk.clock()), page, *desk.web.documents[WIRE].entries)
    [feed] = [feed for feed in desk._feeds() if feed.url == WIRE]
    await desk.rounds.read_now(feed)

    assert await desk.headlines() == [WIRE_HEADLINE]


async def test_who_links_to_a_page_first_does_not_say_what_it_tells(desk: Desk) -> None:
    """A feed could otherwise hide the next page of another site behind a story that stands."""
    await tell(desk, FEED, LAB_HEADLINE)
    await desk.headlines()
    page = "https://press.example/next"
    await tell(desk, BLOG, BLOG_HEADLINE, link=page, guid=page)
    assert await desk.headlines() == []

    await tell(desk, PRESS, "A board fires its chief executive", link=page, guid=page, summary="It came overnight.")

    assert await desk.headlines() == ["A board fires its chief executive"]


async def test_a_page_s_own_site_says_what_it_is_about_whoever_linked_to_it_before(desk: Desk) -> None:
    page = "https://press.example/next"
    await tell(desk, BLOG, "ChatGPT, a proprietary closed model, is out", link=page, guid=page, summary="")
    [claim] = await desk.claims()
    await tell(desk, PRESS, "DeepSeek open-sources R1 under the MIT licence", link=page, guid=page, summary="")

    async with desk.store.read() as connection:
        story = await desk.store.stories.get(connection, claim.delivery.story_id, GUILD)

    assert story.camp is Camp.OPEN


async def test_a_channel_is_told_of_the_sources_it_gets_and_of_no_others(desk: Desk) -> None:
    desk.web.put("https://secret.example/feed.xml", told("Old", "https://secret.example/feed.xml"))
    await desk.add("https://secret.example/feed.xml", FOREIGN_CHANNEL, OTHER_GUILD)
    await desk.add(FEED, OTHER_CHANNEL)
    await tell(desk, FEED, LAB_HEADLINE)
    await tell(desk, BLOG, BLOG_HEADLINE)
    await tell(desk, "https://secret.example/feed.xml", PRESS_HEADLINE)

    [here] = await desk.claims(CHANNEL)
    [elsewhere] = await desk.claims(OTHER_CHANNEL)
    [foreign] = await desk.claims(FOREIGN_CHANNEL)

    assert [name for name, _ in here.card.also] == ["Blog"]
    assert elsewhere.card.also == foreign.card.also == ()
    assert foreign.card.headline == PRESS_HEADLINE


async def test_a_card_is_drawn_anew_three_times_an_hour_at_most(desk: Desk) -> None:
    await tell(desk, FEED, LAB_HEADLINE)
    [claim] = await desk.claims()
    drawn = 0
    for _ in range(MOST_REDRAWS_AN_HOUR + 2):
        async with desk.store.begin() as connection:
            await desk.store.deliveries.record(connection, claim.delivery.id, redraw_at=desk.clock())
        drawn += len(await redraws(desk))
    assert drawn == MOST_REDRAWS_AN_HOUR

    desk.clock.advance(hours=1)

    assert len(await redraws(desk)) == 1


async def test_a_card_that_was_not_drawn_before_a_crash_is_drawn_after_it(desk: Desk, database: Database) -> None:
    await tell(desk, FEED, LAB_HEADLINE)
    await desk.claims()
    await tell(desk, BLOG, BLOG_HEADLINE)
    [delivery_id] = await desk.outbox.due_redraws()
    assert await desk.outbox.take_redraw(delivery_id) is not None
    after = Desk.over(database, desk.web, desk.clock)
    assert await redraws(after) == []

    desk.clock.advance(seconds=REDRAW_WAIT.total_seconds())

    assert len(await redraws(after)) == 1


async def test_a_source_that_comes_while_a_card_is_drawn_is_drawn_next(desk: Desk) -> None:
    await tell(desk, FEED, LAB_HEADLINE)
    await desk.claims()
    await tell(desk, BLOG, BLOG_HEADLINE)
    [delivery_id] = await desk.outbox.due_redraws()
    redraw = await desk.outbox.take_redraw(delivery_id)
    assert redraw is not None
    await tell(desk, PRESS, PRESS_HEADLINE)
    await desk.outbox.redrawn(redraw)

    [again] = await redraws(desk)

    assert [name for name, _ in again.card.also] == ["Blog", "Press"]


async def test_a_card_with_a_team_poll_is_drawn_with_its_poll(desk: Desk) -> None:
    about = {"summary": "DeepSeek has published the weights of its reasoning model R1."}
    await tell(desk, FEED, "DeepSeek releases R1 reasoning model under MIT licence", **about)
    [claim] = await desk.claims()
    assert claim.card.poll is not None
    await tell(desk, BLOG, "DeepSeek R1, an open reasoning model, is out under the MIT licence", **about)
    desk.clock.advance(minutes=1)

    assert await redraws(desk) == []
    messages = desk.newsroom.poll_messages
    assert await messages.undrawn() == [claim.card.poll.poll.id]
    [contents] = await messages.take_to_draw(claim.card.poll.poll.id)
    assert contents.card is not None and [name for name, _ in contents.card.also] == ["Blog"]


async def test_after_a_restart_articles_still_join_what_was_told_before(desk: Desk, database: Database) -> None:
    await tell(desk, FEED, LAB_HEADLINE)
    await desk.headlines()
    after = Desk.over(database, desk.web, desk.clock)
    await after.rounds.load()
    await tell(after, BLOG, BLOG_HEADLINE)

    assert await after.headlines() == []
    assert len(await redraws(after)) == 1


async def test_an_article_that_was_not_remembered_after_all_is_joined_by_none(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*args: object, **options: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(desk.store.deliveries, "plan", fail)
        await tell(desk, FEED, LAB_HEADLINE)
    await tell(desk, BLOG, BLOG_HEADLINE)

    assert await desk.headlines() == [BLOG_HEADLINE]


OTHER_NEWS = "Hospitals in Norway test a tool that reads X-rays"


def put_two(desk: Desk) -> None:
    """Have FEED bring an article, and one without a link: that comes first, and its story gets the higher id."""
    note = entry(guid="note", link=None, title="Notes", summary="", published=desk.clock() - timedelta(minutes=1))
    desk.web.put(FEED, article(FEED, LAB_HEADLINE, published=desk.clock()), note)


@pytest.mark.parametrize("step", ["statement", "commit"])
async def test_nothing_joins_the_story_that_came_in_the_place_of_one_that_was_not_remembered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        if step == "commit":
            patched.setattr(desk.store.database.engine.dialect, "do_commit", fail)
        else:
            patched.setattr(desk.store.deliveries, "plan", fail)
        put_two(desk)
        await desk.read(1)
    desk.web.put(FEED)
    await tell(desk, WIRE, OTHER_NEWS, summary="It is a trial.")
    await tell(desk, BLOG, BLOG_HEADLINE)

    assert await desk.headlines() == [OTHER_NEWS, BLOG_HEADLINE]


async def test_nothing_joins_the_story_that_came_in_the_place_of_one_whose_feed_was_not_added(desk: Desk) -> None:
    put_two(desk)
    with pytest.raises(RequestRefused):
        await desk.add(FEED)
    desk.web.put(FEED)
    await tell(desk, WIRE, OTHER_NEWS, summary="It is a trial.")
    await tell(desk, BLOG, BLOG_HEADLINE)

    assert await desk.headlines() == [OTHER_NEWS, BLOG_HEADLINE]


async def test_two_feeds_that_tell_one_event_in_the_same_round_are_one_card(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    transactions = 0
    begin = desk.store.begin

    def counted_begin() -> AbstractAsyncContextManager[Connection]:
        nonlocal transactions
        transactions += 1
        return begin()

    for url, headline in ((FEED, LAB_HEADLINE), (BLOG, BLOG_HEADLINE), (PRESS, PRESS_HEADLINE)):
        known = desk.web.documents[url].entries
        desk.web.put(url, article(url, headline, published=desk.clock()), *known)
    monkeypatch.setattr(desk.store, "begin", counted_begin)
    await desk.rounds.run([feed for feed in desk._feeds() if feed.url in (FEED, BLOG, PRESS)])
    assert transactions == 1

    [claim] = await desk.claims()
    assert len(claim.card.also) == 2


async def test_a_batch_that_is_written_feed_by_feed_after_all_is_one_card_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, plan = 0, desk.store.deliveries.plan

    async def fail_at_the_second(*args: Any, **options: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise RuntimeError
        return await plan(*args, **options)

    for url, headline in ((FEED, LAB_HEADLINE), (BLOG, BLOG_HEADLINE)):
        known = desk.web.documents[url].entries
        desk.web.put(url, article(url, headline, published=desk.clock()), *known)
    monkeypatch.setattr(desk.store.deliveries, "plan", fail_at_the_second)
    await desk.rounds.run([feed for feed in desk._feeds() if feed.url in (FEED, BLOG)])

    [claim] = await desk.claims()
    assert [name for name, _ in claim.card.also] == ["Blog"]


async def test_a_joined_article_is_told_by_feed_why_with_its_story(desk: Desk) -> None:
    await tell(desk, FEED, LAB_HEADLINE)
    await desk.claims()
    await tell(desk, BLOG, BLOG_HEADLINE)
    link = desk.web.documents[BLOG].entries[0].link

    why = await desk.newsroom.whys.of(GUILD, link or "")

    assert why.others == ("Lab",)
    assert [way.fate for way in why.ways] == ["posted"]


async def test_what_is_old_when_a_feed_is_added_joins_nothing(desk: Desk) -> None:
    await tell(desk, FEED, LAB_HEADLINE)
    old = article(PRESS, PRESS_HEADLINE, published=desk.clock() - timedelta(days=9))
    desk.web.put("https://late.example/feed.xml", old)
    added = await desk.add("https://late.example/feed.xml", OTHER_CHANNEL, backfill=1)

    assert added.posting == 1
    assert await desk.headlines(OTHER_CHANNEL) == [PRESS_HEADLINE]
