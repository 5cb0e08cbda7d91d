"""Start here: the command line of Popcorn.

``run`` (or nothing) runs the bot, ``demo`` shows it without Discord, ``check`` looks over the set-up, ``round``
reads the due feeds once, ``migrate`` brings the database up to date.

Worker processes run this file again, so its top imports the standard library alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import math
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from discord.http import HTTPClient

    from cogs.newsbot import NewsBot
    from newsroom.answers.chat import ChatModel
    from newsroom.errors import ModelFailed
    from newsroom.settings import Settings

FINE, FAILED, WRONG = 0, 1, 2

# Seconds. Who is told to end has ten in all.
ANSWER_SECONDS = 10.0  # for Discord to tell whether it is there
LOGIN_SECONDS = 30.0
LAST_ANSWERS_SECONDS = 8.0  # for answers to members; sends in flight have cogs.posting.LAST_SENDS at the same time
CLOSE_SECONDS = 8.8
END_SECONDS = 9.6

ANSWERING = ("CommandTree-invoker", "discord-ui-")  # how discord.py names the tasks of commands and clicks
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

REFUSED_TOKEN = "Discord refuses it. Make a new one at discord.com/developers/applications → Bot → Reset Token."

log = logging.getLogger("popcorn")


def main() -> None:
    """Run the command line and end with its exit code: 0 fine, 1 failed, 2 wrong setting or usage."""
    # SIGTERM ends us as Ctrl-C does, also while the rest is still being imported.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(command_line(sys.argv[1:]))


def command_line(words: Sequence[str]) -> int:
    """Carry out one command, given as typed, and return its exit code. What goes wrong is told on stderr."""
    try:
        from newsroom.errors import BadSetting, NewsroomError

        return _command(_parser().parse_args(words))
    except KeyboardInterrupt:
        return FINE
    except BadSetting as error:
        return _fail(str(error), WRONG)
    except NewsroomError as error:
        return _fail(str(error), FAILED)
    except Exception:
        # Logged and not raised: Python's own last words would show a token or a password that stands in them.
        log.exception("Popcorn made a mistake and ends")
        return FAILED


def _command(options: argparse.Namespace) -> int:
    if options.command == "demo":
        return _until_told(_demo(options.port, options.feed, options.exit_after))

    from newsroom.logs import set_up_logging
    from newsroom.settings import read_settings

    settings = read_settings()
    set_up_logging(settings.log_level, settings.log_format, settings.secrets)
    match options.command:
        case "check":
            return _until_told(_check(settings))
        case "round":
            return _until_told(_round(settings, as_json=options.json))
        case "migrate":
            return _until_told(_migrate(settings))
        case _:
            return _until_told(_run(settings))


# ------------------------------------------------------------------------------ ending


def _until_told(work: Coroutine[Any, Any, int]) -> int:
    """Do the work of a command to its end, or until Ctrl-C or SIGTERM cancels it: that is fine, too."""

    async def working() -> int:
        task = asyncio.current_task()
        assert task is not None, "asyncio.run makes one"
        for number in STOP_SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, _stop, task)
        try:
            return await work
        except asyncio.CancelledError:
            return FINE

    return asyncio.run(working())


def _stop(task: asyncio.Task[int]) -> None:
    """Have a command tidy up and end. Being told again changes nothing."""
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)
    # Something may hang where nothing can be cancelled, a name look-up for instance. The database survives that,
    # as it survives a power cut.
    last_resort = threading.Timer(END_SECONDS, os._exit, [FINE])
    last_resort.daemon = True
    last_resort.start()
    task.cancel()


# ------------------------------------------------------------------------------ run


async def _run(settings: Settings) -> int:
    """Run the bot for as long as nobody ends it."""
    import discord

    from cogs.newsbot import NewsBot
    from newsroom.resources import open_newsroom
    from newsroom.settings import token_of

    # Whether Discord answers and knows the token is told before anything else begins.
    async with _discord(settings):
        pass
    async with open_newsroom(settings, discord.utils.utcnow) as newsroom:
        bot = NewsBot(newsroom, api_url=settings.discord_api_url)
        try:
            await _log_in(bot, token_of(settings))
            await _tell_invite_link(bot)
            await _stay_connected(bot)
        finally:
            await _close(bot)
    return FINE


async def _log_in(bot: NewsBot, token: str) -> None:
    """Log in, load the cogs and find the gateway."""
    with _failure_in_words():
        async with asyncio.timeout(LOGIN_SECONDS):
            await bot.login(token)
            await bot.adopt_gateway()


async def _tell_invite_link(bot: NewsBot) -> None:
    """Print the link by which this bot comes into a server, at its very first start."""
    notes, told = bot.newsroom.notes, f"invite link of {bot.application_id}"
    if await notes.get(told) is None:
        print(f"Invite the bot to your server: {bot.invite_url()}", flush=True)
        await notes.put(told, "printed")


async def _stay_connected(bot: NewsBot) -> None:
    """Stay connected until Discord ends that for good, or somebody tells us to end."""
    connection = asyncio.create_task(bot.connect())
    try:
        await asyncio.wait({connection})
        with _failure_in_words():
            connection.result()
    finally:
        while not connection.done():
            connection.cancel()  # again and again, because discord.py swallows what reaches it while it reconnects
            await asyncio.wait({connection}, timeout=0.1)


async def _close(bot: NewsBot) -> None:
    """Stop the loops, let sends and answers in flight finish, and hang up, all in CLOSE_SECONDS at most."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            # All at once: one that waits for its sends must not keep the others going.
            await asyncio.gather(_finish_answers(), *map(bot.unload_extension, tuple(bot.extensions)))
            await bot.close()
    except TimeoutError:
        log.warning("the connection to Discord did not close in time")


async def _finish_answers() -> None:
    """Let whoever has run a command or clicked still get an answer."""
    answering = [task for task in asyncio.all_tasks() if task.get_name().startswith(ANSWERING)]
    if answering:
        _, late = await asyncio.wait(answering, timeout=LAST_ANSWERS_SECONDS)
        for task in late:
            task.cancel()


# ------------------------------------------------------------------------------ asking Discord


@asynccontextmanager
async def _discord(settings: Settings) -> AsyncIterator[tuple[HTTPClient, str]]:
    """Ask Discord, by one request, for the name of the bot that the token belongs to; and a client to ask for more.

    Raises BadSetting when the token is none of Discord's, NewsroomError when there is no good answer.
    """
    import discord

    from cogs.newsbot import speak_to
    from newsroom.settings import token_of

    token = token_of(settings)
    speak_to(settings.discord_api_url)
    # It would warn that there is no voice. Nobody asked for one.
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    async with discord.Client(intents=discord.Intents(guilds=True)) as client:
        async with _answer_from(settings.discord_api_url):
            user = await client.http.static_login(token)
            name = user["username"]
        yield client.http, name


@asynccontextmanager
async def _answer_from(address: str) -> AsyncIterator[None]:
    """Give Discord ANSWER_SECONDS, and tell in words what it failed to say."""
    import discord

    from newsroom.errors import BadSetting, NewsroomError

    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            yield
    except discord.LoginFailure:
        raise BadSetting("DISCORD_TOKEN", REFUSED_TOKEN) from None
    except Exception as error:
        # Whatever else may listen at that address can answer anything: a page, no JSON, other JSON.
        if not isinstance(error, discord.HTTPException | ValueError | TypeError | KeyError) and not _is_outage(error):
            raise
        log.debug("no good answer from %s", address, exc_info=error)
        raise NewsroomError(
            f"No good answer from {address}. Check the network, DISCORD_API_URL and discordstatus.com."
        ) from error


@contextmanager
def _failure_in_words() -> Iterator[None]:
    """Raise BadSetting or NewsroomError where Discord or the way to it fails. What is our mistake passes as it is."""
    import discord

    from newsroom.errors import BadSetting, NewsroomError

    try:
        yield
    except discord.ConnectionClosed as error:
        if error.code == 4004:  # "authentication failed": the token was replaced meanwhile
            raise BadSetting("DISCORD_TOKEN", REFUSED_TOKEN) from error
        raise NewsroomError(f"Discord closed the connection for good, with code {error.code}.") from error
    except Exception as error:
        if not _is_outage(error):
            raise
        log.debug("Discord failed", exc_info=error)
        raise NewsroomError("Discord broke off the login. Try again, or see discordstatus.com.") from error


def _is_outage(error: Exception) -> bool:
    """Whether Discord or the way to it failed, and not what we asked for."""
    import discord

    from newsroom.network import is_network_error

    if isinstance(error, discord.HTTPException):
        return error.status == 429 or error.status >= 500
    return isinstance(error, discord.RateLimited | discord.GatewayNotFound) or is_network_error(error)


# ------------------------------------------------------------------------------ demo, round, migrate


async def _demo(port: int, feeds: Sequence[str], exit_after: float | None) -> int:
    """Show the bot at work without Discord."""
    from sandbox.demo import demo
    from sandbox.errors import DemoFailed

    try:
        await demo(port=port, feeds=feeds, exit_after=exit_after)
    except DemoFailed as failure:
        return _fail(str(failure), failure.code)
    return FINE


async def _round(settings: Settings, *, as_json: bool) -> int:
    """Read the due feeds once, without Discord."""
    from newsroom.resources import open_newsroom

    async with open_newsroom(settings, lambda: datetime.now(UTC), spread_overdue=False) as newsroom:
        report = await newsroom.rounds.run(newsroom.rounds.take_due())
        await newsroom.rounds.save()
    if as_json:
        print(json.dumps(asdict(report)))
    else:
        print(
            f"{report.feeds} feeds: {report.ok} read, {report.not_modified} unchanged, {report.failed} failed; "
            f"{report.new_articles} new articles in {report.seconds} s"
        )
    return FINE


async def _migrate(settings: Settings) -> int:
    """Bring the database up to this version's schema."""
    from newsroom.store import open_store
    from newsroom.store.database import schema_version

    store = await open_store(settings.database_url)
    try:
        print(f"The database is at version {await schema_version(store.database)}.")
    finally:
        await store.close()
    return FINE


# ------------------------------------------------------------------------------ check


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table that ``check`` prints: what was looked at, the exit code it asks for, how it stands."""

    what: str
    code: int
    words: str


async def _check(settings: Settings) -> int:
    """Print the settings, and whether all that they name is there, and write nothing.

    The worst finding is the exit code, and the first of its kind is told on stderr.
    """
    findings = [await _look("database", _look_at_database(settings)), await _look("token", _look_at_token(settings))]
    if findings[-1].code == FINE:
        findings.append(await _look("gateway", _look_at_gateway(settings)))
    findings += await _look_at_models(settings)
    _print_table(settings.shown, findings)
    worst = max(findings, key=attrgetter("code"))
    return FINE if worst.code == FINE else _fail(worst.words, worst.code)


async def _look(what: str, look: Awaitable[str]) -> Finding:
    from newsroom.errors import BadSetting, NewsroomError

    try:
        return Finding(what, FINE, await look)
    except BadSetting as error:
        return Finding(what, WRONG, str(error))
    except NewsroomError as error:
        return Finding(what, FAILED, str(error))


async def _look_at_database(settings: Settings) -> str:
    from newsroom.errors import SchemaTooNew
    from newsroom.store.database import LATEST, file_to_make, open_database, schema_version

    # A look leaves no trace: it would make a file wherever a mistyped path leads.
    if (path := await asyncio.to_thread(file_to_make, settings.database_url)) is not None:
        return f"does not exist yet; the first start makes {path}"
    database = await open_database(settings.database_url, prepare=False)
    try:
        version = await schema_version(database)
    finally:
        await database.close()
    if version is None:
        return f"empty; the first start brings its schema to version {LATEST}"
    if version > LATEST:  # they are numbered with leading zeros
        raise SchemaTooNew(f"schema version {version}, from a newer Popcorn: upgrade this one, which knows {LATEST}")
    if version < LATEST:
        return f"schema version {version}; the next start brings it to {LATEST}"
    return f"schema version {version}"


async def _look_at_token(settings: Settings) -> str:
    async with _discord(settings) as (_, name):
        return f"belongs to the bot {name!r}"


async def _look_at_gateway(settings: Settings) -> str:
    """Have the gateway greet us, which is free; only a login there is counted."""
    async with _discord(settings) as (http, _):
        async with _answer_from(settings.discord_api_url):
            _, url, _ = await http.get_bot_gateway()
        async with _answer_from(url):
            socket = await http.ws_connect(url)
            await socket.receive_json()
            await socket.close()
    return f"answers at {url}"


async def _look_at_models(settings: Settings) -> list[Finding]:
    """Ask each configured model once. They take their time, so all at once."""
    from newsroom.answers.chat import ChatModel, open_models

    models = await open_models(settings, now=lambda: datetime.now(UTC))
    if not models.configured:
        return [Finding("model", FINE, "not set; everything works without")]
    try:
        looks = [
            _look("model" if role == "answer" else f"{role} model", _look_at_model(settings, role, model))
            for role, model in models.configured.items()
            if isinstance(model, ChatModel)
        ]
        return await asyncio.gather(*looks)
    finally:
        await models.close()


async def _look_at_model(settings: Settings, role: str, model: ChatModel) -> str:
    from newsroom.errors import ModelFailed, NewsroomError

    try:
        found = await model.probe()
    except ModelFailed as error:
        raise NewsroomError(f"{model.name}: {_trouble(error, settings, role)}") from error
    streams = "streams" if found.streams else "no streams"
    return (
        f"{found.name}: first token after {found.first_token_seconds:.1f} s, "
        f"{found.tokens_per_second:.0f} tokens a second; data by {found.structure}; {streams}"
    )


def _trouble(error: ModelFailed, settings: Settings, role: str) -> str:
    """Why a model gave no answer, as its operator wants to know it: which variable to look at. Never the key.

    An address with credentials or a query is no valid setting, so that it can be shown.
    """
    from newsroom.errors import Failure

    access, status = settings.models[role], error.status
    url, key, name = settings.model_variables(role)
    missing_v1 = f"does the address end in /v1? ({url})"
    match error.kind:
        case Failure.AWAY if status is None:
            return f"nobody answers at {access.base_url} ({url})"
        case Failure.AWAY:
            return f"answers {status}: something is broken at {access.base_url} ({url})"
        case Failure.BUSY if status is None:
            return f"its turn didn't come within {settings.llm_timeout_seconds:g} s (LLM_CONCURRENCY)"
        case Failure.BUSY:
            return f"answers {status}: too many questions for what you pay, or for the server (LLM_CONCURRENCY)"
        case Failure.REFUSED if status == 404 and access.base_url.endswith("/v1"):
            return f"answers 404: nothing is at {access.base_url} ({url}), or no model of that name ({name})"
        case Failure.REFUSED if status == 404:
            return f"answers 404: {missing_v1}"
        case Failure.REFUSED if status == 402:
            return f"answers 402: the account of its key has nothing to pay with ({key})"
        case Failure.REFUSED:
            return f"refuses the key ({key})" if access.key else f"wants a key ({key})"
        case Failure.TOO_LONG:
            return "takes fewer tokens than that (LLM_CONTEXT_TOKENS, LLM_MAX_OUTPUT_TOKENS)"
        case Failure.MISFIT:
            return f"answers {status}: it takes no such question; is it a model for chats? ({name})"
        case Failure.SLOW:
            return f"took longer than {settings.llm_timeout_seconds:g} s, or stalled (LLM_TIMEOUT_SECONDS)"
        case Failure.GARBLED if status is not None and 300 <= status < 400:
            return f"answers {status}: the address has moved, or wants https ({url})"
        case Failure.GARBLED:
            return f"something answers at {access.base_url}, but no model: {missing_v1}"
        case Failure.EMPTY:
            return "said nothing; one that thinks may need more room for it (LLM_MAX_OUTPUT_TOKENS)"
        case _:
            return str(error)


def _print_table(settings: dict[str, str], findings: Sequence[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    # As Text, because in a plain string Rich takes [...] for markup.
    for name, value in settings.items():
        table.add_row(name, "", Text(value))
    table.add_section()
    for finding in findings:
        verdict = {FINE: Text("ok", "green"), FAILED: Text("FAILED", "red"), WRONG: Text("WRONG", "red")}[finding.code]
        table.add_row(finding.what, verdict, Text(finding.words))
    Console().print(table)


# ------------------------------------------------------------------------------ words in, words out


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(description="A Discord bot that posts AI news.")
    commands = parser.add_subparsers(dest="command", metavar="command", parser_class=_Parser)
    commands.add_parser("run", help="run the bot (also without any command)")
    demo = commands.add_parser("demo", help="see the bot at work without Discord and without a token")
    demo.add_argument("--port", type=_port, default=8642, help="where its page is served on 127.0.0.1 (%(default)s)")
    demo.add_argument(
        "--feed", action="extend", nargs="+", default=[], metavar="URL", help="feeds of yours to show as well"
    )
    demo.add_argument(
        "--exit-after", type=_seconds, metavar="SECONDS", help="end by itself, with 0 if cards were posted"
    )
    commands.add_parser("check", help="look over settings, database, token, gateway and models")
    once = commands.add_parser("round", help="read the due feeds once, without Discord")
    once.add_argument("--json", action="store_true", help="print the numbers as one JSON object")
    commands.add_parser("migrate", help="bring the database up to date")
    return parser


class _Parser(argparse.ArgumentParser):
    """Tells a wrong usage in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(_fail(f"{message}. `{self.prog} --help` shows what there is.", WRONG))


def _port(text: str) -> int:
    if text.isdecimal() and int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError("must be a whole number from 0 to 65535, such as 8642")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if 0 < seconds < math.inf:
        return seconds
    raise argparse.ArgumentTypeError("must be a number of seconds above 0, such as 20")


def _fail(sentence: str, code: int) -> int:
    print(f"popcorn: {sentence}", file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    main()
