"""What a vote costs: the time until a click is acknowledged and processor time a click, beside a bare handler.

    uv run bench/votes.py                              50, 200 and 500 clicks a second; takes eight minutes
    uv run bench/votes.py --rounds 1                   as in docs/performance.md; takes three
    uv run bench/votes.py --rates 100 --seconds 5 --json
    uv run bench/votes.py --postgres postgresql://user:password@host/name

Two bots take turns, each a process of its own that logs in to a sandbox of its own: the bot itself (``bot.py run``, a
new SQLite file, a poll with three buttons) and a bare handler (discord.py, one button,
``interaction.response.defer()`` and nothing else). The sandbox runs in this process, which does nothing else while
clicks are made. The whole is done ``--rounds`` times; figures are medians.

Clicks come at fixed times and wait for no answer, so that a slow bot gets no fewer. They come from twice as many
members as there are clicks a second, in turns, each for one of three choices at random: most change something. Some
clicks go before that count in the tally alone.

The time of an acknowledgement is from the event's leaving the sandbox to the arrival of the request that answers it.
Processor time is user and system, of the bot and all it started, from the first click until all is done, less what the
bot takes when nobody clicks. An edit is a request that draws the poll's message. *Kept* is how long after the last
click the database has every vote, *drawn* how long until the message shows them.

Runs on Linux. Fails if a click was not acknowledged or not made at its time, and if the votes in the database or the
tally shown are not the last choice of each member; never because of a figure.
``docs/performance.md`` says what the figures mean.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sys
import time
from asyncio.subprocess import DEVNULL
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NoReturn

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench.lines import answer_questions, say
from bench.processes import ROOT, BenchFailed, Measured, ended, started

if TYPE_CHECKING:
    from newsroom.store import Store
    from sandbox.server import Sandbox
    from sandbox.shown import HasId, Member, Message

RATES = (50, 200, 500)
MEMBERS_A_CLICK = 2  # times the clicks a second, so that nobody clicks again within two seconds
CHOICES = 3
WARM_UP_CLICKS, WARM_UP_RATE = 60, 20
SETTLE_SECONDS, IDLE_SECONDS = 4.0, 3.0  # until the first clicks are drawn; and to see what the bot takes anyway
LONGEST_DRAIN = 120.0
LOOK_EVERY = 0.1
DISCORD_WAITS = 3.0
LATEST_CLICK = 0.5  # seconds after its time: then the rate is not the one that is named


@dataclass(frozen=True, slots=True)
class Click:
    """Who chooses what, and when: in seconds after the first click."""

    at: float
    member: Member
    choice: int


@dataclass(frozen=True, slots=True)
class Figure:
    """What clicks at one rate cost one bot. Times are in seconds; CPU is for one click."""

    p50: float
    p99: float
    too_late: float
    cpu: float
    edits: float
    kept: float
    drawn: float


@dataclass(frozen=True, slots=True)
class Compared:
    """The medians at one rate. Acknowledgements and the CPU of a click are in milliseconds.

    ``too_late`` is the share of clicks for which Discord would not have waited. ``edits`` are those of one second;
    ``kept`` and ``drawn`` are seconds after the last click.
    """

    rate: int
    p50: float
    bare_p50: float
    p50_ratio: float
    p99: float
    bare_p99: float
    p99_ratio: float
    too_late: float
    bare_too_late: float
    cpu: float
    bare_cpu: float
    cpu_ratio: float
    edits: float
    kept: float
    drawn: float


async def measure(rates: Sequence[int], seconds: float, rounds: int, postgres: str | None) -> list[Compared]:
    """Measure both bots at every rate, ``rounds`` times. Raises BenchFailed if the figures would say nothing."""
    runs: dict[int, list[tuple[Figure, Figure]]] = {rate: [] for rate in rates}
    for number in range(rounds):
        for rate in rates:
            clicks = f"{rate} clicks a second, round {number + 1}"
            bare_figure = await _measure_bare(clicks, rate, seconds)
            runs[rate].append((await _measure_ours(clicks, rate, seconds, postgres), bare_figure))
    return [_compare(rate, figures) for rate, figures in runs.items()]


# ------------------------------------------------------------------------------------- the two bots


async def _measure_bare(name: str, rate: int, seconds: float) -> Figure:
    """Measure the bot that only acknowledges."""
    async with _sandbox() as (sandbox, guild, channel):
        told = {"api_url": sandbox.api_url, "token": sandbox.token, "channel_id": channel.id}
        async with started("bench.votes", "bare", **told) as (bot, _):
            (message,) = await sandbox.message_count(channel, 1)
            clicking = Clicking(f"bare handler, {name}", sandbox, message, bot)
            await clicking.run(_clicks(sandbox, guild, rate, seconds))
            return clicking.figure(seconds)


async def _measure_ours(name: str, rate: int, seconds: float, postgres: str | None) -> Figure:
    """Measure the bot as it is run."""
    from newsroom.store import open_store

    with TemporaryDirectory(prefix="popcorn-bench-") as folder:
        database_url = postgres or f"sqlite:///{folder}/popcorn.db"
        async with _sandbox() as (sandbox, guild, channel), _bot(Path(folder), sandbox, database_url) as bot:
            await sandbox.bot_ready()
            admin = sandbox.add_member(guild, "admin", manage_messages=True)
            await sandbox.slash(admin, channel, "poll start", question="Who wins?", duration="24h")
            (message,) = await sandbox.message_count(channel, 1)
            clicking = Clicking(f"bot, {name}", sandbox, message, bot)
            await clicking.run(_clicks(sandbox, guild, rate, seconds))
            store = await open_store(database_url)
            try:
                kept, drawn = await asyncio.gather(clicking.all_kept(store, guild), clicking.all_drawn())
            finally:
                await store.close()
            return clicking.figure(seconds, kept, drawn)


async def bare(api_url: str, token: str, channel_id: int) -> None:
    """Be the other bot: post a message with one button, and acknowledge each click on it."""
    import discord
    import yarl
    from discord.gateway import DiscordWebSocket
    from discord.http import Route

    class Vote(discord.ui.View):
        @discord.ui.button(label="Vote", custom_id="vote:0")
        async def vote(self, interaction: discord.Interaction, button: discord.ui.Button[Vote]) -> None:
            await interaction.response.defer()

    class Bare(discord.Client):
        async def on_ready(self) -> None:
            await self.get_partial_messageable(channel_id).send("Who wins?", view=Vote(timeout=None))
            say({})

    Route.BASE = api_url
    async with Bare(
        intents=discord.Intents(guilds=True),
        member_cache_flags=discord.MemberCacheFlags.none(),
        chunk_guilds_at_startup=False,
        max_messages=None,
    ) as client:
        await client.login(token)
        _, gateway, _ = await client.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
        connected, asked = asyncio.create_task(client.connect()), asyncio.create_task(answer_questions({}))
        await asyncio.wait({connected, asked}, return_when=asyncio.FIRST_COMPLETED)
        connected.cancel()


@asynccontextmanager
async def _bot(folder: Path, sandbox: Sandbox, database_url: str) -> AsyncIterator[Measured]:
    """Run the bot; what it logs is told when the measurement fails."""
    environment = {
        "PATH": os.environ["PATH"],
        "DISCORD_TOKEN": sandbox.token,
        "DISCORD_API_URL": sandbox.api_url,
        "DATABASE_URL": database_url,
    }
    log = folder / "bot.log"
    with log.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(ROOT / "bot.py"), "run", cwd=folder, env=environment, stdin=DEVNULL, stdout=DEVNULL,
            stderr=written,
        )  # fmt: skip
    try:
        yield Measured("bot.py run", process)
    except BaseException:
        print(log.read_text(), file=sys.stderr)
        raise
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await ended(process)


@asynccontextmanager
async def _sandbox() -> AsyncIterator[tuple[Sandbox, HasId, HasId]]:
    """Run a sandbox with a guild and a channel for the poll."""
    from sandbox.server import Sandbox

    async with Sandbox.running() as sandbox:
        guild = sandbox.add_guild("Voters")
        yield sandbox, guild, sandbox.add_text_channel(guild, "polls")


# ------------------------------------------------------------------------------------------- clicks


def _clicks(sandbox: Sandbox, guild: HasId, rate: int, seconds: float) -> list[Click]:
    """Make up who clicks what and when. Members take turns, so that no click of one overtakes another of the same."""
    random = Random(rate)
    members = [sandbox.add_member(guild, f"member {number}") for number in range(MEMBERS_A_CLICK * rate)]
    return [
        Click(number / rate, members[number % len(members)], random.randrange(CHOICES))
        for number in range(round(seconds * rate))
    ]


class Clicking:
    """Clicks on one message: makes them, watches what the sandbox sees of them, and knows what they must come to."""

    def __init__(self, name: str, sandbox: Sandbox, message: Message, bot: Measured) -> None:
        from sandbox.crowd import PREFIX, buttons

        self._name = name
        self._sandbox = sandbox
        self._message = message
        self._bot = bot
        self._buttons = [(button["custom_id"], button["label"]) for button in buttons(message, PREFIX)]
        self._choices: dict[int, int] = {}
        self._changes = 0
        self._left: dict[str, float] = {}
        self._acknowledged: dict[str, float] = {}
        self._edits: list[float] = []
        self._last = 0.0
        self._idle = 0.0
        self._began, self._cpu = 0.0, 0.0
        # The gateway listens to the world too, and did so first: what is heard here is on its way to the bot.
        sandbox.world.subscribers.append(self._event)
        sandbox.on_request = self._request

    async def run(self, clicks: Sequence[Click]) -> None:
        """Make the clicks, once the bot is warm, and wait until each is acknowledged."""
        first = [Click(n / WARM_UP_RATE, each.member, n % CHOICES) for n, each in enumerate(clicks[:WARM_UP_CLICKS])]
        await self._make(first)
        await asyncio.sleep(SETTLE_SECONDS)
        idle = self._bot.cpu_seconds()
        await asyncio.sleep(IDLE_SECONDS)
        self._cpu = self._bot.cpu_seconds()
        self._idle = (self._cpu - idle) / IDLE_SECONDS
        self._left.clear()
        self._acknowledged.clear()
        self._edits.clear()
        self._began = time.perf_counter()
        await self._make(clicks)

    async def _make(self, clicks: Sequence[Click]) -> None:
        """Make each click at its time, whatever became of those before it."""
        # A full collection of this process's garbage would hold up every answer that arrives meanwhile.
        gc.collect()
        gc.freeze()
        start, latest = time.perf_counter(), 0.0
        async with asyncio.TaskGroup() as group:
            for click in clicks:
                await asyncio.sleep(max(start + click.at - time.perf_counter(), 0))
                latest = max(latest, time.perf_counter() - start - click.at)
                if self._choices.get(click.member.id) != click.choice:
                    self._changes += 1
                self._choices[click.member.id] = click.choice
                group.create_task(self._click(click))
            self._last = time.perf_counter()
        gc.unfreeze()
        if latest > LATEST_CLICK:
            self._fail(f"a click was made {latest:.1f} s after its time; this machine is too slow or too busy")
        while len(self._acknowledged) < len(clicks):
            await self._pause("every click to be acknowledged")

    async def _click(self, click: Click) -> None:
        from sandbox.actors import CannotDo

        button, _ = self._buttons[click.choice % len(self._buttons)]
        # Whoever got no answer within Discord's three seconds has still clicked.
        with suppress(CannotDo):
            await self._sandbox.click(click.member, self._message, custom_id=button, followups=0)

    def _event(self, name: str, payload: Mapping[str, Any]) -> None:
        if name == "INTERACTION_CREATE":
            self._left[payload["id"]] = time.perf_counter()

    def _request(self, method: str, path: str, *_: object) -> None:
        parts = path.strip("/").split("/")
        if method == "POST" and parts[0] == "interactions":
            self._acknowledged.setdefault(parts[1], time.perf_counter())
        elif method == "PATCH" and "messages" in parts:
            self._edits.append(time.perf_counter())

    async def all_kept(self, store: Store, guild: HasId) -> float:
        """Wait until every vote is in the database; return how long after the last click that is."""
        from newsroom.models import PollState

        async def entries() -> int:
            async with store.read() as connection:
                return await store.votes.log_length(connection, poll.id)

        async with store.read() as connection:
            (poll,) = await store.polls.of_guild(connection, guild.id, [PollState.OPEN])
        while await entries() < self._changes:
            await self._pause("the votes to be in the database")
        took = time.perf_counter() - self._last
        async with store.read() as connection:
            ballots = await store.votes.by_member(connection, poll.id)
        if ballots != {member_id: 1 << choice for member_id, choice in self._choices.items()}:
            self._fail("the votes in the database are not the members' last choices")
        return took

    async def all_drawn(self) -> float:
        """Wait until the message shows every vote; return how long after the last click that is."""
        votes = Counter(self._choices.values())
        expected = [f"{label} · **{votes[place]}**" for place, (_, label) in enumerate(self._buttons)]
        while not all(line in self._text() for line in expected):
            await self._pause("the message to show every vote")
        return time.perf_counter() - self._last

    def _text(self) -> str:
        message = self._sandbox.look(self._message)
        return message.text if message is not None else ""

    async def _pause(self, awaited: str) -> None:
        if time.perf_counter() - self._last > LONGEST_DRAIN:
            self._fail(f"waited {LONGEST_DRAIN:g} s for {awaited}")
        await asyncio.sleep(LOOK_EVERY)

    def _fail(self, why: str) -> NoReturn:
        raise BenchFailed(f"{self._name}: {why}, so the figures would say nothing")

    def figure(self, seconds: float, kept: float = 0.0, drawn: float = 0.0) -> Figure:
        """Sum up what was seen, now that nothing is left to be done."""
        took = sorted(self._acknowledged[number] - left for number, left in self._left.items())
        cpu = self._bot.cpu_seconds() - self._cpu - self._idle * (time.perf_counter() - self._began)
        return Figure(
            p50=median(took),
            p99=quantiles(took, n=100)[-1],
            too_late=sum(each > DISCORD_WAITS for each in took) / len(took),
            cpu=cpu / len(took),
            edits=sum(edit <= self._last for edit in self._edits) / seconds,
            kept=kept,
            drawn=drawn,
        )


# ------------------------------------------------------------------------------------------ figures


def _compare(rate: int, figures: Sequence[tuple[Figure, Figure]]) -> Compared:
    """Take medians; that of a ratio is over the ratios of each run, whose two halves had the same weather."""

    def ours(value: Callable[[Figure], float]) -> float:
        return median(value(each) for each, _ in figures)

    def bare(value: Callable[[Figure], float]) -> float:
        return median(value(each) for _, each in figures)

    def ratio(value: Callable[[Figure], float]) -> float:
        return median(value(ours) / value(bare) for ours, bare in figures)

    return Compared(
        rate=rate,
        p50=ours(lambda each: each.p50) * 1e3,
        bare_p50=bare(lambda each: each.p50) * 1e3,
        p50_ratio=ratio(lambda each: each.p50),
        p99=ours(lambda each: each.p99) * 1e3,
        bare_p99=bare(lambda each: each.p99) * 1e3,
        p99_ratio=ratio(lambda each: each.p99),
        too_late=ours(lambda each: each.too_late),
        bare_too_late=bare(lambda each: each.too_late),
        cpu=ours(lambda each: each.cpu) * 1e3,
        bare_cpu=bare(lambda each: each.cpu) * 1e3,
        cpu_ratio=ratio(lambda each: each.cpu),
        edits=ours(lambda each: each.edits),
        kept=ours(lambda each: each.kept),
        drawn=ours(lambda each: each.drawn),
    )


def tables(compared: Sequence[Compared]) -> list[Table]:
    """Draw the figures for a terminal of 80 columns."""
    costs = Table(
        title="A vote beside a bare handler that only acknowledges",
        caption="p50 and p99 of an acknowledgement, and the CPU of one click, in ms",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for heading in ("clicks/s", "p50", "bare", "ratio", "p99", "bare", "ratio", "CPU", "bare", "ratio"):
        costs.add_column(heading, justify="right", no_wrap=True)
    follows = Table(
        title="What follows",
        caption="late: acknowledged after more than 3 s; kept and drawn: seconds after the last click",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for heading in ("clicks/s", "late", "late, bare", "edits/s", "kept", "drawn"):
        follows.add_column(heading, justify="right")
    for row in compared:
        acknowledged = (row.p50, row.bare_p50, row.p50_ratio, row.p99, row.bare_p99, row.p99_ratio)
        costs.add_row(
            f"{row.rate}",
            *map(_short, acknowledged),
            f"{row.cpu:.2f}",
            f"{row.bare_cpu:.2f}",
            _short(row.cpu_ratio),
        )
        late, bare_late = f"{row.too_late:.0%}", f"{row.bare_too_late:.0%}"
        follows.add_row(f"{row.rate}", late, bare_late, f"{row.edits:.2f}", f"{row.kept:.1f}", f"{row.drawn:.1f}")
    return [costs, follows]


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}"


def main() -> int:
    """Measure and print; 1 if nothing could be measured."""
    parser = argparse.ArgumentParser(description="Measure votes beside a bare handler that only acknowledges.")
    parser.add_argument("--rates", type=int, nargs="+", default=RATES, metavar="N", help="clicks a second (50 200 500)")
    parser.add_argument("--seconds", type=float, default=10, metavar="S", help="how long they click (10)")
    parser.add_argument("--rounds", type=int, default=2, metavar="N", help="how often all is repeated (2)")
    parser.add_argument("--postgres", metavar="URL", help="a database to use instead of a new SQLite file")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    if min(options.rates) < 10 or options.seconds < 2 or options.rounds < 1:
        parser.error("at least 10 clicks a second, two seconds and one round")
    try:
        compared = asyncio.run(measure(options.rates, options.seconds, options.rounds, options.postgres))
    except BenchFailed as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps([asdict(row) for row in compared], indent=1))
    else:
        Console().print(*tables(compared))
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["bare"]:
        asyncio.run(bare(**json.loads(sys.stdin.readline())))
    else:
        sys.exit(main())
