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
import signal
import sys
from collections.abc import Coroutine
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot
    from newsroom.settings import Settings

FINE, FAILED, WRONG = 0, 1, 2

CHECK_SECONDS = 10.0
LOGIN_SECONDS = 30.0
CLOSE_SECONDS = 9.0  # posting takes 8 of them at most


def main() -> None:
    """Run the command line and end with its exit code: 0 fine, 1 failed, 2 wrong setting or usage."""
    sys.exit(_main(sys.argv[1:]))


def _main(words: list[str]) -> int:
    from newsroom.errors import BadSetting, NewsroomError

    options = _parser().parse_args(words)
    try:
        return _command(options)
    except BadSetting as error:
        return _fail(str(error), WRONG)
    except NewsroomError as error:
        return _fail(str(error), FAILED)
    except KeyboardInterrupt:
        return FINE


def _command(options: argparse.Namespace) -> int:
    if options.command == "demo":
        return _demo(options)
    from newsroom.logs import set_up_logging
    from newsroom.settings import read_settings

    settings = read_settings()
    token = settings.discord_token.get_secret_value() if settings.discord_token else ""
    set_up_logging(settings.log_level, settings.log_format, [token] if token else [])
    if options.command == "check":
        return asyncio.run(_check(settings))
    if options.command == "round":
        return asyncio.run(_round(settings, as_json=options.json))
    if options.command == "migrate":
        return asyncio.run(_migrate(settings))
    return asyncio.run(_run(settings))


async def _run(settings: Settings) -> int:
    """Run the bot until it is told to stop."""
    import discord

    from cogs.newsbot import NewsBot, speak_to
    from newsroom.errors import BadSetting
    from newsroom.resources import open_newsroom
    from newsroom.settings import token_of

    token = token_of(settings)
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    speak_to(settings.discord_api_url)
    async with open_newsroom(settings, discord.utils.utcnow) as newsroom:
        bot = NewsBot(newsroom, api_url=settings.discord_api_url)
        try:
            await _until(stopping, _serve(bot, token))
        except discord.LoginFailure:
            raise BadSetting(
                "DISCORD_TOKEN",
                "Discord refuses this token. Make a new one at discord.com/developers/applications, page Bot.",
            ) from None
        except (discord.HTTPException, discord.GatewayNotFound, OSError, TimeoutError) as error:
            logging.getLogger(__name__).debug("could not log in", exc_info=error)
            return _fail("Discord can't be reached. Check the network, DISCORD_API_URL, and discordstatus.com.", FAILED)
        finally:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await bot.close()
            except TimeoutError:
                logging.getLogger(__name__).warning("Discord's connection did not close in time")
    return FINE


async def _serve(bot: NewsBot, token: str) -> None:
    """Log in, say how to invite the bot if nobody was told yet, and stay connected."""
    async with asyncio.timeout(LOGIN_SECONDS):
        await bot.login(token)
        await bot.adopt_gateway()
    store = bot.newsroom.store
    told = f"invite link of {bot.application_id}"
    async with store.begin() as connection:
        if await store.installation.get(connection, told) is None:
            print(f"Invite the bot to your server: {bot.invite_url()}", flush=True)
            await store.installation.put(connection, told, "printed")
    await bot.connect()


async def _until(stopping: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do the work until it ends, or until somebody says stop."""
    working = asyncio.create_task(work)
    waiting = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        waiting.cancel()
        working.cancel()
        await asyncio.gather(working, waiting, return_exceptions=True)


async def _round(settings: Settings, *, as_json: bool) -> int:
    """Read the due feeds once, without Discord."""
    from newsroom.resources import open_newsroom

    async with open_newsroom(settings, _now) as newsroom:
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


async def _check(settings: Settings) -> int:
    """Print what is set and whether each part of it answers."""
    from rich.console import Console
    from rich.table import Table

    rows = [("settings", FINE, "read"), await _check_database(settings), await _check_token(settings)]
    table = Table("what", "", "how it stands")
    for what, code, words in rows:
        table.add_row(what, "ok" if code == FINE else "WRONG", words)
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    return max(code for _, code, _ in rows)


async def _check_database(settings: Settings) -> tuple[str, int, str]:
    from newsroom.errors import BadSetting, StoreError
    from newsroom.store.database import LATEST, open_database, schema_version

    try:
        database = await open_database(settings.database_url)
        try:
            version = await schema_version(database)
        finally:
            await database.close()
    except BadSetting as error:
        return "database", WRONG, str(error)
    except StoreError as error:
        return "database", FAILED, str(error)
    if version == LATEST:
        return "database", FINE, f"schema version {version}"
    return "database", FINE, f"schema version {version or 'none yet'}; the next start brings it to {LATEST}"


async def _check_token(settings: Settings) -> tuple[str, int, str]:
    import discord

    from cogs.newsbot import speak_to
    from newsroom.errors import BadSetting
    from newsroom.settings import token_of

    speak_to(settings.discord_api_url)
    client = discord.Client(intents=discord.Intents.none())
    try:
        token = token_of(settings)
        async with client, asyncio.timeout(CHECK_SECONDS):
            user = await client.http.static_login(token)
    except BadSetting as error:
        return "token", WRONG, str(error)
    except discord.LoginFailure:
        return "token", FAILED, "DISCORD_TOKEN: Discord refuses it. Make a new one on the page Bot of your application."
    except (discord.HTTPException, OSError, TimeoutError):
        return "token", FAILED, f"DISCORD_API_URL: no good answer from {settings.discord_api_url} within 10 s."
    return "token", FINE, f"{settings.discord_api_url} knows it as {user['username']}"


def _demo(options: argparse.Namespace) -> int:
    try:
        from sandbox.demo import demo
    except ModuleNotFoundError as error:
        return _fail(f"The demo needs {error.name}: install the development group with `uv sync`.", WRONG)
    return asyncio.run(demo(port=options.port, feeds=options.feed, exit_after=options.exit_after))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="popcorn", description="AI news for Discord, and the score of open against proprietary.")
    commands = parser.add_subparsers(dest="command", metavar="command", parser_class=_Parser)
    commands.add_parser("run", help="run the bot (also without any command)")
    demo = commands.add_parser("demo", help="see the bot at work without Discord and without a token")
    demo.add_argument("--port", type=int, default=8642, help="where its page is served on 127.0.0.1 (%(default)s)")
    demo.add_argument("--feed", action="append", default=[], metavar="URL", help="a feed of yours to show as well")
    demo.add_argument("--exit-after", type=float, metavar="SECONDS", help="end by itself, with 0 if cards were posted")
    commands.add_parser("check", help="look over settings, database and token")
    once = commands.add_parser("round", help="read the due feeds once, without Discord")
    once.add_argument("--json", action="store_true", help="print the numbers as one JSON object")
    commands.add_parser("migrate", help="bring the database up to date")
    return parser


class _Parser(argparse.ArgumentParser):
    """Tells a wrong usage in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(_fail(f"{message}. `{self.prog} --help` shows what there is.", WRONG))


def _fail(sentence: str, code: int) -> int:
    print(f"popcorn: {sentence}", file=sys.stderr, flush=True)
    return code


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
