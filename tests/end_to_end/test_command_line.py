"""The command line, with the real bot.py as a process of its own."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import psutil
import pytest
from discord.http import Route

import bot
from newsroom.errors import Failure, ModelFailed, NewsroomError
from newsroom.models import ChannelKind
from newsroom.settings import Settings, read_settings
from newsroom.store import open_store
from newsroom.store.database import LATEST, MIGRATION_LOCK
from sandbox.server import Sandbox
from tests.end_to_end.house import House
from tests.end_to_end.process import LAST_SECONDS, ROOT, BotProcess, Ended, bot_process, run_bot
from tests.endpoint import endpoint, page, says_json
from tests.web import FeedSite, feed_site

NOBODY = "http://127.0.0.1:1/api/v10"
NO_POSTGRES = "postgresql://popcorn:hunter2-hunter2@127.0.0.1:1/news"
PASSWORD = "hunter2-hunter2"
SOMEBODY_WAITS = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
LINE = re.compile(r"popcorn: .+\n")


def assert_one_line(ended: Ended, code: int, *words: str) -> None:
    assert LINE.fullmatch(ended.err)
    assert ended.out == ""
    assert ended.code == code
    for word in words:
        assert word in ended.err


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox.running() as sandbox:
        yield sandbox


def login(sandbox: Sandbox, **more: str) -> dict[str, str]:
    return {"DISCORD_TOKEN": sandbox.token, "DISCORD_API_URL": sandbox.api_url} | more


# ------------------------------------------------------------------------------ usage and settings


async def test_help_names_every_command(tmp_path: Path):
    ended = await run_bot(tmp_path, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert set(re.findall(r"^    (\w+) ", ended.out, re.MULTILINE)) == {"run", "demo", "check", "round", "migrate"}


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["frobnicate"], "frobnicate"),
        (["run", "now"], "now"),
        (["round", "--xml"], "--xml"),
        (["demo", "--port", "abc"], "--port: must be a whole number from 0 to 65535"),
        (["demo", "--port", "65536"], "--port: must be a whole number from 0 to 65535"),
        (["demo", "--feed"], "--feed: expected at least one argument"),
        (["demo", "--exit-after", "nan"], "--exit-after: must be a number of seconds above 0"),
        (["demo", "--exit-after", "-1"], "--exit-after: must be a number of seconds above 0"),
    ],
)
async def test_a_wrong_usage_is_told_in_one_line(tmp_path: Path, words: list[str], named: str):
    assert_one_line(await run_bot(tmp_path, *words), 2, named, "--help` shows what there is")


def test_the_demo_takes_several_feeds_at_once_or_one_by_one():
    words = ["demo", "--feed", "https://a.example", "https://b.example", "--feed", "https://c.example"]
    assert bot._parser().parse_args(words).feed == ["https://a.example", "https://b.example", "https://c.example"]
    assert bot._parser().parse_args(["demo"]).feed == []


@pytest.mark.parametrize("command", ["run", "check", "round", "migrate"])
async def test_a_wrong_setting_is_told_in_one_line_by_every_command(tmp_path: Path, command: str):
    ended = await run_bot(tmp_path, command, DISCORD_API_URL="http://127.0.0.1:99999/api/v10")
    assert_one_line(ended, 2, "DISCORD_API_URL: must be an http(s) address that ends in the version")


async def test_without_a_token_the_bot_says_how_to_get_one(tmp_path: Path):
    assert_one_line(await run_bot(tmp_path), 2, "DISCORD_TOKEN: not set. Create one at discord.com/developers")
    assert not (tmp_path / "data").exists()


async def test_an_env_file_that_cannot_be_read_is_told_in_one_line(tmp_path: Path):
    (tmp_path / ".env").symlink_to("/proc/self/mem")  # refuses to be read even by root
    assert_one_line(await run_bot(tmp_path, "migrate"), 2, ".env: can't be read")


async def test_an_env_file_that_is_a_folder_is_told_in_one_line(tmp_path: Path):
    (tmp_path / ".env").mkdir()
    assert_one_line(await run_bot(tmp_path, "migrate"), 2, ".env: is a folder")


async def test_the_environment_beats_the_env_file_of_the_working_folder(tmp_path: Path):
    (tmp_path / ".env").write_text("FEED_CONTACT=file@lab.example\nLOG_LEVEL=ERROR\nFEED_INTERVAL_MINUTES=7\n")
    ended = await run_bot(tmp_path, "check", FEED_CONTACT="environment@lab.example", LOG_LEVEL="", DISCORD_TOKEN="")
    table = dict(re.findall(r"^ *([A-Z_]+) +(.+?) *$", ended.out, re.MULTILINE))
    assert table["FEED_CONTACT"] == "environment@lab.example"
    assert table["LOG_LEVEL"] == "ERROR"
    assert table["FEED_INTERVAL_MINUTES"] == "7"
    assert table["DISCORD_TOKEN"] == "not set"


# ------------------------------------------------------------------------------ the database


async def test_migrate_makes_folder_and_database_and_needs_no_token(tmp_path: Path):
    ended = await run_bot(tmp_path, "migrate")
    assert (ended.code, ended.out) == (0, f"The database is at version {LATEST}.\n")
    assert (tmp_path / "data" / "popcorn.db").is_file()


async def test_an_address_that_names_no_database_is_a_wrong_setting(tmp_path: Path):
    url = f"postgresql://user:{PASSWORD}@host:port/news"
    ended = await run_bot(tmp_path, "migrate", DATABASE_URL=url)
    assert_one_line(ended, 2, "DATABASE_URL: ", "postgresql://user:password@host/name")
    assert PASSWORD not in ended.err


async def test_a_folder_is_no_database(tmp_path: Path):
    ended = await run_bot(tmp_path, "migrate", DATABASE_URL=f"sqlite:///{tmp_path}")
    assert_one_line(ended, 1, "The database can't be opened")


async def test_a_postgresql_that_is_not_there_is_told_without_its_password(tmp_path: Path):
    ended = await run_bot(tmp_path, "round", DATABASE_URL=NO_POSTGRES, LOG_LEVEL="DEBUG")
    assert ended.code == 1
    assert ended.err.endswith("popcorn: PostgreSQL doesn't answer at the address in DATABASE_URL.\n")
    assert PASSWORD not in ended.err + ended.out
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("command", ["migrate", "check"])
async def test_a_newer_schema_is_refused(tmp_path: Path, migrated_sqlite_url: str, command: str):
    with closing(sqlite3.connect(tmp_path / "popcorn.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    ended = await run_bot(tmp_path, command, DATABASE_URL=migrated_sqlite_url)
    assert ended.code == (2 if command == "check" else 1)  # check misses the token as well
    assert "newer Popcorn" in " ".join((ended.out + ended.err).split())
    assert "Traceback" not in ended.err


# ------------------------------------------------------------------------------ round


async def wanted(url: str, *feeds: str) -> None:
    """Have somebody want these feeds."""
    store, now = await open_store(url), datetime.now(UTC)
    async with store.begin() as connection:
        await store.channels.put(connection, 2, 1, ChannelKind.TEXT, None, now)
        for address in feeds:
            feed = await store.feeds.add(connection, address, "News", None, now)
            await store.subscriptions.add(connection, feed.id, 2, 1, None, 3, now)
    await store.close()


@asynccontextmanager
async def wanted_site(url: str) -> AsyncIterator[FeedSite]:
    """A site with a feed that works and one that doesn't, both due."""
    async with feed_site() as site:
        site.publish("One", "Two")
        await wanted(url, site.feed("news"), site.feed("missing"))
        yield site


async def test_a_round_needs_no_token_and_tells_its_numbers_in_one_json_object(tmp_path: Path, sqlite_url: str):
    async with wanted_site(sqlite_url) as site:
        ended = await run_bot(tmp_path, "round", "--json", DATABASE_URL=sqlite_url, FEED_ALLOW_HOSTS=site.host)
    report = json.loads(ended.out)
    assert report.pop("seconds") >= 0
    assert report == {"feeds": 2, "ok": 1, "not_modified": 0, "failed": 1, "new_articles": 2}
    assert "could not read" in ended.err
    assert ended.code == 0


async def test_a_round_remembers_what_it_read_and_leaves_alone_what_is_not_due(tmp_path: Path, sqlite_url: str):
    async with wanted_site(sqlite_url) as site:
        for _ in range(2):
            ended = await run_bot(tmp_path, "round", DATABASE_URL=sqlite_url, FEED_ALLOW_HOSTS=site.host)
    assert re.fullmatch(r"0 feeds: 0 read, 0 unchanged, 0 failed; 0 new articles in \S+ s\n", ended.out)
    assert site.hits == ["news", "missing"] or site.hits == ["missing", "news"]


# ------------------------------------------------------------------------------ run


async def test_a_wrong_token_is_told_in_one_line_and_not_shown(tmp_path: Path, sandbox: Sandbox):
    ended = await run_bot(tmp_path, **login(sandbox, DISCORD_TOKEN="wrong.token.hunter2", LOG_LEVEL="WARNING"))
    assert_one_line(ended, 2, "DISCORD_TOKEN: Discord refuses it. Make a new one at discord.com/developers")
    assert "hunter2" not in ended.err


async def test_where_nobody_listens_the_bot_names_the_address_to_check(tmp_path: Path):
    ended = await run_bot(tmp_path, DISCORD_API_URL=NOBODY, DISCORD_TOKEN="a.b.c", LOG_LEVEL="WARNING")
    assert_one_line(ended, 1, f"No good answer from {NOBODY}.", "DISCORD_API_URL")


@pytest.mark.parametrize("status", [200, 404, 503])
async def test_a_page_is_no_good_answer(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, status: int):
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    sandbox.faults.fail("GET", "/users/@me", status=status, html=True)
    with pytest.raises(NewsroomError, match=rf"No good answer from {sandbox.api_url}\. .*DISCORD_API_URL"):
        await bot._run(settings(sandbox.api_url))


async def test_a_login_that_breaks_off_is_told_in_one_line(tmp_path: Path, sandbox: Sandbox):
    sandbox.faults.fail("PUT", "/applications/*/commands", status=503)
    ended = await run_bot(tmp_path, **login(sandbox, LOG_LEVEL="WARNING"))
    assert_one_line(ended, 1, "Discord broke off the login.")


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n", b"[]", b"{}", b"{", b"\xff"])
async def test_an_api_that_talks_nonsense_is_no_good_answer(monkeypatch: pytest.MonkeyPatch, answer: bytes):
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + answer if answer[:1] in b"[{\xff" else answer)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v10"
        with pytest.raises(NewsroomError, match=rf"No good answer from {url}\. .*DISCORD_API_URL"):
            await bot._run(settings(url))


async def test_an_api_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox):
    monkeypatch.setattr(bot, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    sandbox.faults.hold("GET", "/users/@me")
    with pytest.raises(NewsroomError, match=rf"No good answer from {sandbox.api_url}\."):
        await bot._run(settings(sandbox.api_url))


def settings(api_url: str) -> Settings:
    return read_settings(env_file=None, discord_token=Sandbox.token, discord_api_url=api_url)


async def test_the_first_start_prints_the_invite_link_and_the_second_does_not(tmp_path: Path, sandbox: Sandbox):
    link = re.compile(r"Invite the bot to your server: https://discord\.com/oauth2/authorize\?client_id=\d+.*\n")
    # A trailing slash in the address is fine.
    environment = login(sandbox, DISCORD_API_URL=f"{sandbox.api_url}/")
    async with bot_process(tmp_path, **environment) as process:
        await sandbox.bot_ready()
        assert await process.stop() == 0
        assert link.fullmatch(process.out)
        await process.start("run")
        await sandbox.bot_ready(2)
        assert await process.stop() == 0
        assert link.fullmatch(process.out)


async def test_token_and_password_are_never_shown(tmp_path: Path, sandbox: Sandbox, migrated_postgres_url: str):
    # This server asks nobody for a password, so any will do.
    environment = login(
        sandbox, LOG_LEVEL="DEBUG", DATABASE_URL=migrated_postgres_url.replace("postgres@", f"postgres:{PASSWORD}@")
    )
    async with bot_process(tmp_path, **environment) as process:
        await sandbox.bot_ready()
        assert await process.stop() == 0
        shown = process.out + process.log
    for command in ("check", "round"):
        shown += str(await run_bot(tmp_path, command, **environment))
    assert "DEBUG" in shown
    assert sandbox.token not in shown
    assert PASSWORD not in shown


async def test_a_token_that_is_replaced_while_the_bot_runs_ends_it(tmp_path: Path, sandbox: Sandbox):
    async with bot_process(tmp_path, **login(sandbox)) as process:
        await sandbox.bot_ready()
        sandbox.gateway._token = "a new one"
        sandbox.drop_gateway()
        assert await process.wait() == 2
        assert process.log.endswith("Make a new one at discord.com/developers/applications → Bot → Reset Token.\n")
        assert "popcorn: DISCORD_TOKEN: Discord refuses it." in process.log


async def test_after_an_invalid_session_the_bot_comes_back_to_the_gateway_that_the_api_names(small_house: House):
    small_house.sandbox.invalidate_session()
    await small_house.sandbox.bot_ready(2)
    small_house.site.publish("One")
    assert "News" in await small_house.add()


# ------------------------------------------------------------------------------ check


async def test_check_tells_the_settings_and_that_all_is_there(tmp_path: Path, sandbox: Sandbox):
    environment = login(sandbox, FEED_ALLOW_HOSTS="[fd00::1]:8080,news.lan")
    await run_bot(tmp_path, "migrate", **environment)
    ended = await run_bot(tmp_path, "check", **environment)
    assert (ended.code, ended.err) == (0, "")
    assert [line.split() for line in ended.out.splitlines()] == [
        ["DISCORD_TOKEN", "set"],
        ["DATABASE_URL", "sqlite:///data/popcorn.db"],
        ["DISCORD_API_URL", sandbox.api_url],
        ["FEED_INTERVAL_MINUTES", "10"],
        ["FEED_CONTACT", "not", "set"],
        ["FEED_ALLOW_HOSTS", "[fd00::1]:8080,", "news.lan"],
        ["FEED_HEADERS", "not", "set"],
        *([name, *value.split()] for name, value in read_settings(env_file=None).shown.items() if "LLM_" in name),
        ["LOG_LEVEL", "INFO"],
        ["LOG_FORMAT", "text"],
        ["database", "ok", "schema", "version", LATEST],
        ["token", "ok", "belongs", "to", "the", "bot", "'Popcorn'"],
        ["gateway", "ok", "answers", "at", sandbox.gateway.url],
        ["model", "ok", "not", "set;", "everything", "works", "without"],
    ]


async def test_check_makes_no_database_and_changes_none(tmp_path: Path):
    ended = await run_bot(tmp_path, "check", DATABASE_URL=f"sqlite:///{tmp_path}/deep/er/x.db")
    words = f"database ok does not exist yet; the first start makes {tmp_path}/deep/er/x.db"
    assert words.replace(" ", "") in re.sub(r"\s", "", ended.out)
    assert not (tmp_path / "deep").exists()

    restored = tmp_path / "restored.db"  # as SQLite's own copies are, it has no write-ahead log
    with closing(sqlite3.connect(restored)) as connection:
        connection.execute("CREATE TABLE anything (id INTEGER)")
    before = restored.read_bytes()
    ended = await run_bot(tmp_path, "check", DATABASE_URL="sqlite:///restored.db")
    assert "database ok empty; the first start brings its schema to version" in " ".join(ended.out.split())
    assert restored.read_bytes() == before


async def test_what_check_finds_worst_is_told_in_one_line_as_well(tmp_path: Path):
    ended = await run_bot(tmp_path, "check", DATABASE_URL=f"sqlite:///{tmp_path}")
    assert "database FAILED The database can't be opened" in " ".join(ended.out.split())
    assert LINE.fullmatch(ended.err)
    assert (ended.code, "DISCORD_TOKEN: not set" in ended.err) == (2, True)


async def check(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, **settings: str
) -> tuple[int, str]:
    """Check these settings; the exit code and what was printed, on 80 columns."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setenv("COLUMNS", "80")
    code = await bot._check(read_settings(env_file=None, **settings))
    return code, capsys.readouterr().out


async def test_check_asks_for_the_token_alone_when_that_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, sqlite_url: str
):
    code, table = await check(
        capsys,
        monkeypatch,
        discord_token="wrong.token.hunter2",
        discord_api_url=sandbox.api_url,
        database_url=sqlite_url,
    )
    assert code == 2
    assert "token WRONG DISCORD_TOKEN: Discord refuses it." in " ".join(table.split())
    assert "hunter2" not in table
    assert [request.path for request in sandbox.requests] == ["/users/@me"]


async def test_check_asks_each_model_once_and_tells_how_it_does(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, sqlite_url: str
):
    async with endpoint(says_json({"sentence": "Anybody may read it."})) as well, endpoint(page(502)) as ill:
        code, table = await check(
            capsys,
            monkeypatch,
            database_url=sqlite_url,
            llm_base_url=well.address,
            llm_model="small",
            llm_api_key="hunter2",
            llm_proprietary_base_url=ill.address,
            llm_proprietary_model="closed",
            llm_proprietary_api_key="hunter3",
        )
    told = " ".join(table.split())
    assert re.search(
        r" model ok small: first token after \d+\.\d s, \d+ tokens a second; data by json_schema; streams", told
    )
    assert (
        f"proprietary model FAILED closed: answers 502: something is broken at {ill.address} (LLM_PROPRIETARY_BASE_URL)"
        in told
    )
    assert "hunter" not in table
    assert len(well.requests) == 1
    assert code == 2  # no token


URL = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("kind", "status", "end", "key", "words"),
    [
        (Failure.AWAY, None, "/v1", "hunter2", f"nobody answers at {URL}/v1 (LLM_BASE_URL)"),
        (Failure.AWAY, 502, "/v1", "hunter2", f"answers 502: something is broken at {URL}/v1 (LLM_BASE_URL)"),
        (Failure.BUSY, 429, "/v1", "hunter2", "answers 429: too many questions for what you pay, or for the server"),
        (Failure.REFUSED, 401, "/v1", "hunter2", "refuses the key (LLM_API_KEY)"),
        (Failure.REFUSED, 403, "/v1", "", "wants a key (LLM_API_KEY)"),
        (Failure.REFUSED, 402, "/v1", "hunter2", "answers 402: the account of its key has nothing to pay with"),
        (Failure.REFUSED, 404, "", "", "answers 404: does the address end in /v1? (LLM_BASE_URL)"),
        (
            Failure.REFUSED,
            404,
            "/v1",
            "",
            f"answers 404: nothing is at {URL}/v1 (LLM_BASE_URL), or no model of that name",
        ),
        (
            Failure.MISFIT,
            418,
            "/v1",
            "",
            "answers 418: it takes no such question; is it a model for chats? (LLM_MODEL)",
        ),
        (Failure.SLOW, None, "/v1", "", "took longer than 60 s, or stalled (LLM_TIMEOUT_SECONDS)"),
        (Failure.GARBLED, 301, "/v1", "", "answers 301: the address has moved, or wants https (LLM_BASE_URL)"),
        (Failure.GARBLED, None, "", "", f"something answers at {URL}, but no model: does the address end in /v1?"),
        (
            Failure.EMPTY,
            None,
            "/v1",
            "",
            "said nothing; one that thinks may need more room for it (LLM_MAX_OUTPUT_TOKENS)",
        ),
    ],
)
def test_check_names_the_setting_that_keeps_a_model_from_answering(
    kind: Failure, status: int | None, end: str, key: str, words: str
):
    settings = read_settings(env_file=None, llm_base_url=URL + end, llm_model="small", llm_api_key=key)
    told = bot._trouble(ModelFailed(kind, status=status), settings, "answer")
    assert told.startswith(words)
    assert "hunter2" not in told


def test_check_names_the_variables_by_which_a_model_is_asked():
    shared = read_settings(env_file=None, llm_base_url=URL, llm_model="small", llm_open_model="weights")
    own = read_settings(env_file=None, llm_open_base_url=URL, llm_open_model="weights")
    assert shared.model_variables("open") == ("LLM_BASE_URL", "LLM_API_KEY", "LLM_OPEN_MODEL")
    assert own.model_variables("open") == ("LLM_OPEN_BASE_URL", "LLM_OPEN_API_KEY", "LLM_OPEN_MODEL")


async def test_check_needs_no_model(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, sqlite_url: str
):
    _, table = await check(capsys, monkeypatch, database_url=sqlite_url)
    assert "model ok not set; everything works without" in " ".join(table.split())


async def test_check_tells_each_thing_that_is_not_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    code, table = await check(
        capsys, monkeypatch, database_url=NO_POSTGRES, discord_api_url=NOBODY, discord_token="a.b.c"
    )
    told = " ".join(table.split())
    assert code == 1
    assert "DATABASE_URL postgresql://popcorn:***@127.0.0.1:1/news" in told
    assert "database FAILED PostgreSQL doesn't answer at the address in DATABASE_URL." in told
    assert f"token FAILED No good answer from {NOBODY}." in told


async def test_check_tells_a_gateway_that_is_out_of_order(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, sqlite_url: str
):
    sandbox.faults.fail("GET", "/gateway-socket", times=None)
    code, table = await check(
        capsys,
        monkeypatch,
        discord_token=sandbox.token,
        discord_api_url=sandbox.api_url,
        database_url=sqlite_url,
    )
    assert code == 1
    assert f"gateway FAILED No good answer from {sandbox.gateway.url}." in " ".join(table.split())


async def test_check_fits_80_columns_and_cuts_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, sqlite_url: str
):
    long = ",".join(f"host{number}.lan" for number in range(40)) + "," + "x" * 100 + ".lan"
    code, table = await check(capsys, monkeypatch, feed_allow_hosts=long, database_url=sqlite_url)
    assert code == 2  # no token
    assert max(map(len, table.splitlines())) <= 80
    assert long.replace(",", "") in re.sub(r"[\s,]", "", table)


# ------------------------------------------------------------------------------ being told to end


async def ends_well(process: BotProcess, number: int = signal.SIGTERM) -> None:
    """The bot, told as a terminal or systemd does, ends with status 0, without a traceback or a process left behind."""
    before, children = process.log, process.children()
    process.send(number)
    assert await process.wait() == 0
    assert "Traceback" not in process.log.removeprefix(before)
    assert "Unclosed" not in process.log
    assert await asyncio.to_thread(still_there, children) == []


def still_there(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that have not ended after five seconds. What only waits to be reaped has."""
    for _ in range(50):
        _, alive = psutil.wait_procs(processes, 0.1)
        processes = [each for each in alive if lives(each)]
        if not processes:
            break
    return processes


def lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_bot_and_its_workers_end_when_told(small_house: House, number: int):
    small_house.site.publish("One")
    await small_house.add()
    assert small_house.bot.children()
    await ends_well(small_house.bot, number)
    assert "Traceback" not in small_house.bot.log


async def test_being_told_twice_to_end_changes_nothing(small_house: House):
    small_house.bot.send(signal.SIGINT)
    small_house.bot.send(signal.SIGINT)
    assert await small_house.bot.wait() == 0
    assert "Traceback" not in small_house.bot.log


@pytest.mark.parametrize(("method", "path"), [("GET", "/users/@me"), ("PUT", "/applications/*/commands")])
async def test_the_bot_ends_when_told_while_it_logs_in(tmp_path: Path, sandbox: Sandbox, method: str, path: str):
    hold = sandbox.faults.hold(method, path)
    async with bot_process(tmp_path, **login(sandbox)) as process:
        await hold.reached()
        await ends_well(process)
        hold.drop()
        assert "Traceback" not in process.log


async def test_the_bot_ends_when_told_while_the_gateway_is_down(tmp_path: Path, sandbox: Sandbox):
    hold = sandbox.faults.hold("GET", "/gateway-socket")
    sandbox.faults.fail("GET", "/gateway-socket", times=None)
    async with bot_process(tmp_path, **login(sandbox)) as process:
        await hold.reached()
        hold.release()
        await ends_well(process, signal.SIGINT)


async def test_the_bot_ends_when_told_while_it_reconnects(small_house: House):
    hold = small_house.sandbox.faults.hold("GET", "/gateway-socket")
    small_house.sandbox.drop_gateway()
    await hold.reached()
    await ends_well(small_house.bot)
    hold.drop()


async def test_a_command_that_runs_when_the_bot_is_told_to_end_is_answered(small_house: House):
    house = small_house
    house.site.publish("One")
    asking = house.sandbox.slash(house.admin, house.news, "feed add", url=house.site.feed())
    answer = asyncio.create_task(asking)
    await house.sandbox.request_count("POST", "/interactions/*/*/callback", 1)
    await ends_well(house.bot)
    assert "News" in (await answer).text


async def test_a_send_that_hangs_is_left_for_the_next_start(small_house: House, tmp_path: Path):
    small_house.site.publish("One")
    await small_house.add(backfill=0)
    hold = small_house.sandbox.faults.hold("POST", "/channels/*/messages")
    small_house.site.publish("Two")
    await hold.reached()

    await ends_well(small_house.bot)

    hold.drop()
    with closing(sqlite3.connect(tmp_path / "popcorn.db")) as connection:
        states = [state for (state,) in connection.execute("SELECT state FROM delivery ORDER BY id")]
    assert states[-1] == "sending"
    assert "Traceback" not in small_house.bot.log


async def test_a_start_that_waits_for_another_process_to_migrate_ends_when_told(
    tmp_path: Path, sandbox: Sandbox, postgres_url: str
):
    other = await asyncpg.connect(postgres_url)
    await other.execute(f"SELECT pg_advisory_lock({MIGRATION_LOCK})")
    async with bot_process(tmp_path, **login(sandbox, DATABASE_URL=postgres_url)) as process:
        while not await other.fetchval(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
        ):
            assert process.running
        await ends_well(process)
    await other.close()


async def test_what_cannot_be_cancelled_does_not_keep_the_process(tmp_path: Path):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STUBBORN, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"begun\n"
    process.terminate()
    async with asyncio.timeout(LAST_SECONDS):
        assert await process.wait() == 0


# A thread that nothing can end, as a name look-up is one.
STUBBORN = """
import asyncio, sys, threading, bot

def wait_for_ever():
    print("begun", flush=True)
    threading.Event().wait()

async def stubborn():
    await asyncio.to_thread(wait_for_ever)

bot.END_SECONDS = 0.1
sys.exit(bot._until_told(stubborn()))
"""


async def test_a_round_ends_when_told(tmp_path: Path, sqlite_url: str):
    asked = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        host = "{}:{}".format(*server.sockets[0].getsockname())
        await wanted(sqlite_url, f"http://{host}/feed.xml")
        async with bot_process(tmp_path, "round", DATABASE_URL=sqlite_url, FEED_ALLOW_HOSTS=host) as process:
            await asked.wait()
            await ends_well(process, signal.SIGINT)
