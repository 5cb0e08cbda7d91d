"""The pages say what is there: commands, options, permissions, files and the snippets people copy."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import discord
import pytest
from discord import app_commands
from discord.utils import utcnow

import bot as command_line
from cogs import EXTENSIONS
from cogs.newsbot import LEAST_PERMISSIONS, NewsBot
from cogs.views.replies import permission_name
from cogs.views.status import HEALTH
from newsroom.desk.outbox import MOST_PUBLISH_ATTEMPTS
from newsroom.resources import open_newsroom
from newsroom.settings import read_settings
from newsroom.store import open_store
from newsroom.store.database import Database
from tests.desk import FEED, Desk, posts

ROOT = Path(__file__).parents[1]
PAGES = (
    "README.md",
    "CHANGELOG.md",
    *(f"docs/{name}.md" for name in ("design", "operating", "commands", "sides", "grouping", "hostile-feeds")),
)


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its level."""
    level = heading.partition(" ")[0]
    found = re.search(rf"^{re.escape(heading)}$(.*?)(?=^{level} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"there is no {heading!r}"
    return found[1]


def fragments(text: str) -> set[str]:
    """The headings of a page as a link names them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture
async def commands(tmp_path: Path) -> dict[str, app_commands.Command]:
    """The slash commands by their full names, from a bot that loaded all its cogs."""
    settings = read_settings(env_file=None, database_url=f"sqlite:///{tmp_path}/popcorn.db")
    async with open_newsroom(settings, utcnow) as newsroom:
        bot = NewsBot(newsroom, api_url=settings.discord_api_url)
        async with bot:
            for extension in EXTENSIONS:
                await bot.load_extension(extension)
            found = {command.qualified_name: command for command in bot.tree.walk_commands()}
    return {name: command for name, command in found.items() if isinstance(command, app_commands.Command)}


def needed(command: app_commands.Command) -> discord.Permissions | None:
    """What a command takes: its group's permission, or one of its own that it asks for besides."""
    if "needs" in command.extras:
        return discord.Permissions(**{command.extras["needs"]: True})
    return (command.parent or command).default_permissions


async def test_every_command_and_no_other_has_its_section(commands: dict[str, app_commands.Command]):
    told = re.findall(r"^## /(.+)$", page("docs/commands.md"), re.MULTILINE)
    assert sorted(told) == sorted(commands)


async def test_every_option_is_told_in_order_with_whether_it_must_be_given(
    commands: dict[str, app_commands.Command],
):
    for name, command in commands.items():
        text = section(page("docs/commands.md"), f"## /{name}")
        told = re.findall(r"^\| `([\w-]+)` \| (required|optional) \|", text, re.MULTILINE)
        assert told == [
            (option.display_name, "required" if option.required else "optional") for option in command.parameters
        ], name


async def test_every_command_is_introduced_in_its_own_words_with_its_permission(
    commands: dict[str, app_commands.Command],
):
    for name, command in commands.items():
        text = section(page("docs/commands.md"), f"## /{name}").strip()
        permissions = needed(command)
        who = "everybody"
        if permissions is not None:
            who = "those with " + " and ".join(f"**{permission_name(one)}**" for one, needs in permissions if needs)
        assert text.startswith(f"{command.description} For {who}.\n") or text == f"{command.description} For {who}."


async def test_the_readme_names_every_command_of_admins(commands: dict[str, app_commands.Command]):
    told = re.findall(r"`/([a-z ]+)`", section(page("README.md"), "## What admins can do"))
    assert set(told) == {name for name, command in commands.items() if needed(command) is not None}


def test_the_readme_tells_the_command_line_as_it_is():
    parser = command_line._parser()
    (choices,) = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    expected = []
    for told in choices._choices_actions:
        options = [action for action in choices.choices[told.dest]._actions if action.dest != "help"]
        words = [
            f"[{action.option_strings[0]}]"
            if action.nargs == 0
            else f"[{action.option_strings[0]} {action.metavar or action.dest.upper()}{' …' * (action.nargs == '+')}]"
            for action in options
        ]
        expected.append((" ".join(["bot.py", told.dest, *words]), told.help))
    rows = re.findall(r"^\| `(bot\.py .+?)` \| (.+) \|$", section(page("README.md"), "## Command line"), re.MULTILINE)
    assert rows == expected


def test_the_readme_asks_for_the_least_permissions_and_no_other():
    readme = page("README.md")
    invite = section(readme, "## Get a token and invite the bot")
    assert f"scope=bot+applications.commands&permissions={LEAST_PERMISSIONS.value}\n" in invite
    (sentence,) = re.findall(r"The link asks for the least permissions that do: (.+?)\. ", " ".join(invite.split()))
    told = re.split(r", | and ", sentence)
    assert sorted(told) == sorted(permission_name(name) for name, granted in LEAST_PERMISSIONS if granted)


@pytest.mark.parametrize("name", PAGES)
def test_every_link_inside_leads_somewhere(name: str):
    text = page(name)
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'<img src="([^"]+)"', text)
    for target in targets:
        if re.match(r"https?:", target):
            continue
        path, _, fragment = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), f"{name} links to {target}"
        if fragment:
            assert fragment in fragments(file.read_text(encoding="utf-8")), f"{name} links to {target}"


@pytest.mark.parametrize(("name", "heading"), [("README.md", "## The house"), ("docs/design.md", "## 3. The house")])
def test_the_map_shows_what_is_there(name: str, heading: str):
    folders: dict[int, Path] = {0: ROOT}
    (drawing,) = re.findall(r"```text\n(.*?)```", section(page(name), heading), re.DOTALL)
    for line in drawing.splitlines():
        depth = len(line) - len(line.lstrip())
        path = folders[depth] / line.split()[0]
        folders[depth + 2] = path
        assert path.exists(), f"{path.relative_to(ROOT)} is on the map and nowhere else"


def test_the_map_of_the_design_shows_every_module():
    drawn = section(page("docs/design.md"), "## 3. The house")
    for folder in (
        "cogs",
        "newsroom",
        "newsroom/feeds",
        "newsroom/stories",
        "newsroom/desk",
        "newsroom/votes",
        "newsroom/answers",
    ):
        for module in (ROOT / folder).glob("*.py"):
            assert module.name == "__init__.py" or f" {module.name} " in drawn, f"{folder}/{module.name} is on no map"


@pytest.mark.parametrize(("name", "heading"), [("README.md", "## The house"), ("docs/design.md", "## 3. The house")])
def test_the_map_names_every_page(name: str, heading: str):
    drawn = section(page(name), heading).replace("this page", "design.md")
    for there in (ROOT / "docs").glob("*.md"):
        assert re.search(rf"[ ,]{re.escape(there.name)}\b", drawn), f"{there.name} is not on the map of {name}"


def test_every_state_that_the_list_of_feeds_shows_is_explained():
    _, _, table = section(page("docs/commands.md"), "## /feed list").partition("| state |")
    told = re.findall(r"^\| ([a-z' ]+) \| ", table, re.MULTILINE)
    assert sorted(told) == sorted([*HEALTH.values(), "paused", "channel paused"])


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "docs/commands.md"])
def test_pages_for_members_and_admins_keep_to_their_words(name: str):
    inside = re.findall(r"\b(?:camps?|deliver(?:y|ies)|deferred|quarantined?|backlog)\b", page(name), re.IGNORECASE)
    assert inside == []


def test_the_changelog_begins_with_this_version():
    (version,) = re.findall(r'^version = "(.+)"$', page("pyproject.toml"), re.MULTILINE)
    assert re.findall(r"^## (\S+)", page("CHANGELOG.md"), re.MULTILINE)[0] == version


def test_the_limit_of_publishing_is_told_as_it_is():
    assert f"retried up to {MOST_PUBLISH_ATTEMPTS} times" in " ".join(page("docs/design.md").split())


async def test_the_way_to_postgresql_brings_everything_along(
    tmp_path: Path, postgres_url: str, opening: Callable[[str], Awaitable[Database]]
):
    """The program in docs/operating.md, as an operator runs it."""
    moving = section(page("docs/operating.md"), "## Moving to PostgreSQL")
    (program,) = re.findall(r"```python\n(.*?)```", moving, re.DOTALL)
    (tmp_path / "move.py").write_text(program)
    sqlite_url = f"sqlite:///{tmp_path}/old.db"
    store = await open_store(sqlite_url)
    old = Desk.over(store.database)
    old.web.put(FEED, *posts(1, 2, 3))
    await old.add(backfill=2)
    await store.close()

    process = await asyncio.create_subprocess_exec(
        sys.executable, str(tmp_path / "move.py"), sqlite_url, postgres_url, env={"PYTHONPATH": str(ROOT)}
    )
    assert await process.wait() == 0

    new = Desk.over(await opening(postgres_url), old.web, old.clock)
    await new.rounds.load()
    new.web.put(FEED, *posts(1, 2, 3, 4))
    assert (await new.round()).new_articles == 1
    assert await new.headlines() == ["Post 2", "Post 3", "Post 4"]


def test_what_operating_says_was_tested_is_tested():
    named = section(page("docs/operating.md"), "## How each was tested")
    rows = re.findall(r"`(tests/[\w/]+\.py)`: ((?:`\w+`(?:, )?)+)", named)
    assert len(rows) > 20
    for path, tests in rows:
        there = set(re.findall(r"^(?:async )?def (test_\w+)", page(path), re.MULTILINE))
        assert set(re.findall(r"`(\w+)`", tests)) <= there
