"""The bot against everything the web does to a poller, all of it at once, and then all of it again after a restart."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cogs.views import markdown
from cogs.views.cards import CardMessage
from newsroom.feeds.fetch import MOST_BYTES, MOST_REDIRECTS
from newsroom.feeds.guard import REFUSED
from newsroom.models import AlertKind, Feed
from newsroom.text import length
from tests.cogs.views.discord_markdown import shown
from tests.fakes import Clock
from tests.hostile import labels
from tests.hostile.cases import LAST_STAGE, MEBIBYTE, SECRET, Case, Paper, case, play_all, played
from tests.hostile.house import CONNECTIONS, CONTACT, GUILDS, House, Memory, Post, house, memory_watched
from tests.hostile.site import Asked, HostileSite, hostile_site, inner_service
from tests.makers import NOW

GOOD = "good"
HANGING = [f"{label}.test" for label in labels.NEVER_ENDING]
NEIGHBOURS = range(2, 9)
DAY = timedelta(hours=25)
ROUNDS_AFTER_RESTART = 2
LAST_OF_ALL = LAST_STAGE + 1 + ROUNDS_AFTER_RESTART


@dataclass
class Run:
    """What happened. ``feeds`` are those after each round, by label; ``events`` are in the order in which they came."""

    cases: list[Case]
    port: int = 0
    refused: dict[str, str | None] = field(default_factory=dict)
    feeds: list[dict[str, Feed]] = field(default_factory=list)
    read_at: list[datetime] = field(default_factory=list)
    due_in_an_hour: set[str] = field(default_factory=set)
    events: list[str] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    posts_before_restart: int = 0
    alerts: list[tuple[AlertKind, int, tuple[str, ...]]] = field(default_factory=list)
    site: HostileSite = field(default_factory=HostileSite)
    connected: list[object] = field(default_factory=list)
    inner_connections: int = -1
    memory: Memory = field(default_factory=Memory)

    def posted(self, label: str, guild_id: int) -> list[str]:
        """The headlines that a channel was sent, in order."""
        posts = [post for post in self.posts if (post.label, post.guild_id) == (label, guild_id)]
        return [headline for post in posts for headline in post.headlines]

    def messages(self, label: str) -> list[CardMessage]:
        return [post.message for post in self.posts if post.label == label and isinstance(post.message, CardMessage)]

    def asked(self, host: str) -> list[Asked]:
        return self.site.asked(host)


def good(site: HostileSite) -> Case:
    """A feed that is always well and brings an article in every round."""
    paper = Paper(GOOD, site, "", "")
    script = [paper.feed(*range(1, 7 + stage)) for stage in range(LAST_OF_ALL + 1)]
    made = case(paper, script, *range(7, 7 + LAST_OF_ALL))
    site.scripts |= paper.scripts
    return made


def neighbours(cases: list[Case]) -> list[Case]:
    """More feeds of the host that is owed the manners of a guest."""
    [host] = [each for each in cases if each.label == "polite/host"]
    return [replace(host, label=f"polite/host {number}", path=f"/{number}") for number in NEIGHBOURS]


async def whole_run(folder: Path) -> Run:
    secret = folder / "secret"
    secret.write_text(SECRET)
    async with hostile_site() as site, inner_service() as inner:
        cases = play_all(site, inner.port, str(secret))
        run = Run([*cases, *neighbours(cases), good(site)], port=site.port, site=site)
        clock, feed_ids = Clock(NOW), dict[str, int]()
        async with memory_watched() as run.memory:
            with CONNECTIONS.watch() as run.connected:
                async with house(folder / "popcorn.db", site, clock, run.cases, run.posts, feed_ids) as popcorn:
                    await first_pass(popcorn, run)
                run.posts_before_restart = len(run.posts)
                async with house(folder / "popcorn.db", site, clock, run.cases, run.posts, feed_ids) as popcorn:
                    for _ in range(ROUNDS_AFTER_RESTART):
                        await next_round(popcorn, run)
                    run.alerts = await popcorn.told()
        run.inner_connections = inner.connections
        return run


async def first_pass(popcorn: House, run: Run) -> None:
    for each in run.cases:
        refusal = await popcorn.add(each)
        if refusal is not None:
            run.refused[each.label] = refusal
    note(popcorn, run)
    popcorn.reader.hurried = frozenset(f"{label}.test" for label in labels.PARSING)
    await first_round(popcorn, run)
    popcorn.reader.hurried = frozenset()
    popcorn.fetcher.hurried = frozenset(HANGING)
    for _ in range(2, LAST_STAGE + 1):
        await next_round(popcorn, run)
    for label in labels.VALIDATORS:
        for _ in range(100):
            await popcorn.newsroom.rounds.read_now(popcorn.feed(label))
    await popcorn.deliver()
    popcorn.clock.advance(days=200)
    await popcorn.newsroom.retention.run()
    await next_round(popcorn, run)
    for _ in range(30):
        popcorn.clock.advance(hours=12)
        await popcorn.deliver()


async def next_round(popcorn: House, run: Run) -> None:
    """Let a day pass, and read everything."""
    popcorn.clock.advance(hours=DAY.total_seconds() / 3600)
    popcorn.site.stage += 1
    await popcorn.round()
    note(popcorn, run)
    popcorn.site.release()


async def first_round(popcorn: House, run: Run) -> None:
    """The round in which some feeds answer nothing until the good one's card is planned."""
    popcorn.clock.advance(hours=DAY.total_seconds() / 3600)
    site, rounds, outbox = popcorn.site, popcorn.newsroom.rounds, popcorn.newsroom.outbox
    site.stage += 1
    written = popcorn.written(GOOD)
    reading = asyncio.create_task(rounds.run(rounds.take_due()))
    await site.all_hold(HANGING)
    run.events.append("all that hang are held")
    await written.wait()
    if popcorn.channel(run.cases[-1], GUILDS[0]) in await outbox.due_channels():
        run.events.append("the good card is planned")
    run.events += ["all that hang are still held"] * (site.holding >= set(HANGING) and not reading.done())
    site.release()
    await reading
    await popcorn.deliver()
    note(popcorn, run)
    popcorn.clock.advance(hours=1)
    soon = rounds.take_due()
    run.due_in_an_hour = {label for label, feed_id in popcorn.feed_ids.items() if feed_id in {feed.id for feed in soon}}
    rounds.roster.give_back(soon)


def note(popcorn: House, run: Run) -> None:
    run.read_at.append(popcorn.clock())
    run.feeds.append({label: popcorn.feed(label) for label in popcorn.feed_ids})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Everything, once; the tests look at what it came to."""
    return asyncio.run(whole_run(tmp_path_factory.mktemp("hostile")))


# ------------------------------------------------------------------------------------------------- all cases


def test_every_kind_of_case_is_played():
    assert [label for label in labels.LABELS if not played(label)] == []
    assert (len(labels.SSRF), len(labels.LOOPBACK), len(labels.SCHEMES)) == (26, 14, 7)


@pytest.mark.parametrize("guild_id", GUILDS)
@pytest.mark.parametrize("label", [*labels.LABELS, *(f"polite/host {number}" for number in NEIGHBOURS), GOOD])
def test_each_feed_posts_exactly_what_is_right_and_that_once(run: Run, label: str, guild_id: int):
    [played_case] = [each for each in run.cases if each.label == label]

    assert sorted(run.posted(label, guild_id)) == sorted(played_case.posts)


def test_nothing_but_good_news_is_posted_in_the_second_pass(run: Run):
    assert {post.label for post in run.posts[run.posts_before_restart :]} == {GOOD}


def test_no_request_reaches_an_inner_address(run: Run):
    inet = {place[:2] for place in run.connected if isinstance(place, tuple)}

    assert run.inner_connections == 0
    assert inet == {("127.0.0.1", run.port)}


def test_a_good_feed_is_posted_while_others_hang(run: Run):
    assert run.events == ["all that hang are held", "the good card is planned", "all that hang are still held"]


def test_a_good_feed_has_every_article_posted_in_the_round_in_which_it_was_published(run: Run):
    assert run.posted(GOOD, GUILDS[0]) == list(run.cases[-1].posts)
    assert [feeds[GOOD].failures for feeds in run.feeds] == [0] * len(run.feeds)


def test_bombs_fill_no_memory(run: Run):
    """A bomb unfolds to 512 MiB or several GB, and there are seven of them in one round."""
    assert run.memory.own - run.memory.before < 300 * MEBIBYTE
    assert run.memory.helper < 600 * MEBIBYTE


@pytest.mark.parametrize("label", ["huge-200mb", "endless", "text-30mb", "length-huge", "html-huge"])
def test_of_what_is_too_large_not_much_more_than_the_limit_is_read(run: Run, label: str):
    readings = sum(feeds[label].failures > 0 for feeds in run.feeds)

    assert readings == 1
    assert MOST_BYTES < run.site.sent[f"{label}.test"] < 3 * MOST_BYTES


@pytest.mark.parametrize("label", labels.SIZE + labels.NEVER_ENDING + labels.HALF + labels.NO_FEED[2:])
def test_what_is_no_good_answer_is_a_failure_and_no_empty_feed(run: Run, label: str):
    assert run.feeds[1][label].failures == 1
    assert run.feeds[1][label].error
    assert run.feeds[LAST_STAGE][label].failures == 0


@pytest.mark.parametrize("label", ["attrs-many", "author-email", "deep-nesting"])
def test_what_takes_too_long_to_read_is_stopped_and_is_one_failure(run: Run, label: str):
    assert "too long to read" in (run.feeds[1][label].error or "")
    assert (run.feeds[1][label].failures, run.feeds[2][label].failures) == (1, 0)


@pytest.mark.parametrize("label", labels.NEVER_ENDING)
def test_what_never_ends_is_ended_by_the_time_it_may_take_in_all(run: Run, label: str):
    assert "too long" in (run.feeds[2][label].error or "")


# ------------------------------------------------------------------------------------------- where they lead


@pytest.mark.parametrize("label", ["redirect-301", "redirect-308"])
def test_a_feed_that_moved_for_good_is_asked_for_there_and_the_old_address_is_left_in_peace(run: Run, label: str):
    assert run.feeds[2][label].url == run.site.url(f"{label}.test")
    assert run.feeds[-1][label].url == run.site.url(f"new-{label}.test")
    assert max(asked.stage for asked in run.asked(f"{label}.test")) == 3


@pytest.mark.parametrize(
    "label", [label for label in labels.REDIRECTS if label not in ("redirect-301", "redirect-308")]
)
def test_any_other_redirect_leaves_the_address_as_it_is(run: Run, label: str):
    assert {feeds[label].url for feeds in run.feeds} == {run.site.url(f"{label}.test")}


@pytest.mark.parametrize("label", labels.REDIRECTS[-4:])
def test_circles_end_after_a_few_hops_and_are_one_failure(run: Run, label: str):
    assert len([asked for asked in run.asked(f"{label}.test") if asked.stage == 1]) == MOST_REDIRECTS + 1
    assert run.feeds[1][label].failures == 1


@pytest.mark.parametrize("label", [*labels.SSRF, *labels.SCHEMES, *labels.REBINDING])
def test_inner_addresses_are_refused_in_words_that_tell_nothing_of_the_inside(run: Run, label: str):
    error = run.feeds[1][label].error or ""

    assert error == REFUSED or error.startswith("That is not a web address")
    assert run.feeds[1][label].moved_to is None


@pytest.mark.parametrize("label", ["html-internal", "html-scheme"])
def test_a_page_leads_discovery_to_no_inner_address(run: Run, label: str):
    assert run.refused[label] in (REFUSED, "That is a web page, not a feed.")


def test_no_text_of_a_file_is_posted(run: Run):
    assert SECRET not in repr([post.message.for_channel() for post in run.posts])
    assert all(SECRET not in post.message.content for post in run.posts)


# -------------------------------------------------------------------------------------- when to ask again


@pytest.mark.parametrize(
    ("wait", "hours"), [("seconds", 2), ("date", 7), ("junk", 0), ("negative", 0), ("year", 24), ("40-digits", 24)]
)
@pytest.mark.parametrize("status", [429, 503])
def test_who_asks_for_time_gets_it_within_bounds(run: Run, status: int, wait: str, hours: int):
    label = f"{status}-{wait}"
    waited = run.feeds[1][label].due_at - run.read_at[1]

    assert timedelta(hours=hours) <= waited <= timedelta(hours=25)
    assert (label in run.due_in_an_hour) == (hours == 0)


@pytest.mark.parametrize("label", ["status-410", "status-410-feed"])
def test_what_is_gone_is_asked_for_once_more_and_then_no_more_and_admins_hear_of_it_once(run: Run, label: str):
    url = run.site.url(f"{label}.test")
    told = [guild_id for kind, guild_id, urls in run.alerts if kind is AlertKind.GONE and urls == (url,)]

    assert [asked.stage for asked in run.asked(f"{label}.test")] == [0, 1]
    assert sorted(told) == list(GUILDS)


def test_no_feed_but_those_counts_as_gone(run: Run):
    assert {label for label, feed in run.feeds[-1].items() if feed.gone_at} == {"status-410", "status-410-feed"}


def test_a_site_that_moved_house_entirely_is_held_and_admins_are_told(run: Run):
    held = {urls for kind, _, urls in run.alerts if kind is AlertKind.HELD}

    assert held == {(run.site.url("both-migrated.test"),)}


@pytest.mark.parametrize("label", ["ttl-zero", "ttl-year"])
def test_hints_have_a_floor_and_a_cap(run: Run, label: str):
    waited = run.feeds[1][label].due_at - run.read_at[1]

    assert timedelta(minutes=10) <= waited <= timedelta(hours=24)


# -------------------------------------------------------------------------------------------------- manners


def test_every_request_says_who_asks_and_carries_no_cookie(run: Run):
    assert run.site.requests
    for asked in run.site.requests:
        assert CONTACT in asked.headers["user-agent"]
        assert "cookie" not in asked.headers


def test_no_host_gets_more_than_two_requests_at_once_however_many_feeds_it_has(run: Run):
    assert len(run.asked("polite-host.test")) > len(NEIGHBOURS)
    assert max(run.site.most_at_once.values()) == run.site.most_at_once["polite-host.test"] == 2


# ------------------------------------------------------------------------------------------------ what is shown


@pytest.mark.parametrize("label", labels.TEXT + labels.LINKS)
def test_no_text_of_a_feed_is_taken_for_markup(run: Run, label: str):
    for message in run.messages(label):
        _, marks = shown(message.content)
        assert [mark for mark in marks if mark != "**"] == []
        assert marks.count("**") == 2
        if message.embed is not None and message.embed.description:
            _, marks = shown(message.embed.description.rpartition("-# <t:")[0])
            assert marks == []


@pytest.mark.parametrize("label", [*labels.LABELS, GOOD])
def test_every_card_is_within_the_limits_of_discord(run: Run, label: str):
    for message in run.messages(label):
        assert 1 <= length(message.content) <= markdown.CONTENT
        assert 1 <= length(message.title) <= markdown.THREAD_NAME
        if message.embed is not None:
            assert length(message.embed.title or "") <= markdown.EMBED_TITLE
            assert length(message.embed.description or "") <= markdown.EMBED_DESCRIPTION
            assert len(message.embed) <= markdown.EMBED_TOTAL


@pytest.mark.parametrize(
    ("label", "link"),
    [
        ("link-javascript", None),
        ("link-data", None),
        ("link-userinfo", "https://evil.example/7"),
        ("link-relative", "https://link-relative.test.example/posts/seven"),
        ("xml-base", "https://based.example/7/here"),
        ("link-5000", None),
    ],
)
def test_links_are_whole_web_addresses_or_none(run: Run, label: str, link: str | None):
    urls = {message.embed.url if message.embed else None for message in run.messages(label)}

    assert urls == {link}
