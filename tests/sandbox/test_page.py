"""The demo's page: what it tells the browser, and what it lets nobody else do."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest
import yarl
from playwright.async_api import Error as BrowserError
from playwright.async_api import Page as BrowserPage
from playwright.async_api import async_playwright
from simcord.backend.models import Channel

from sandbox.page import Page
from sandbox.server import Sandbox
from sandbox.shown import Member
from tests.sandbox.conftest import Client

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture
async def sandbox(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    def add_page(app: aiohttp.web.Application, sandbox: Sandbox) -> None:
        sandbox.page = Page(sandbox)
        sandbox.page.serve(app)

    async with Sandbox.running(parts=[add_page]) as running:
        monkeypatch.setattr(discord.http.Route, "BASE", running.api_url)
        monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(running.gateway.url))
        yield running


@pytest.fixture
async def http(
    sandbox: Sandbox, guild, news: Channel, alice: Member, bob: Member
) -> AsyncIterator[aiohttp.ClientSession]:
    sandbox.page.show(guild, [alice, bob])
    async with aiohttp.ClientSession(sandbox.url) as session:
        yield session


class Form(discord.ui.Modal, title="Your take"):
    take = discord.ui.TextInput[discord.ui.View](label="Take", custom_id="take", style=discord.TextStyle.paragraph)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"noted: {self.take.value}", ephemeral=True)


@pytest.fixture
def unstarted() -> Client:
    client = Client()

    @client.tree.command()
    async def take(interaction: discord.Interaction) -> None:
        """Write a take."""
        await interaction.response.send_modal(Form())

    @client.tree.command()
    async def secret(interaction: discord.Interaction, number: int = 1) -> None:
        """Tell a secret."""
        await interaction.response.send_message(f"psst {number}", ephemeral=True)

    return client


async def test_the_state_is_what_this_member_sees(
    http: aiohttp.ClientSession, client: Client, alice: Member, bob: Member, news: Channel
):
    asked = {"member": str(alice.id), "channel": str(news.id), "command": "secret", "options": {"number": "2"}}
    assert await (await http.post("/page/slash", json=asked)).json() == {}

    for member, seen in ((alice, ["psst 2"]), (bob, [])):
        query = {"member": str(member.id), "channel": str(news.id)}
        state = await (await http.get("/page/state", params=query)).json()
        assert [message["content"] for message in state["messages"]] == seen
        assert [command["name"] for command in state["commands"]] == ["secret", "take"]
    assert [(each["name"], each["admin"]) for each in state["members"]] == [("alice", True), ("bob", False)]


async def test_a_refusal_is_a_sentence(http: aiohttp.ClientSession, client: Client, alice: Member, news: Channel):
    asked = {"member": str(alice.id), "channel": str(news.id), "command": "unknown", "options": {}}
    answer = await (await http.post("/page/slash", json=asked)).json()
    assert answer == {"error": "there is no command /unknown"}


async def test_the_page_is_told_when_something_happens(
    http: aiohttp.ClientSession, sandbox: Sandbox, bob: Member, news: Channel
):
    async with http.get("/page/events") as events:
        first = await events.content.readline()
        sandbox.say(bob, news, "hello")
        await events.content.readline()
        assert first != await events.content.readline()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "elsewhere.example"}, 403),
        ({"Content-Type": "text/plain"}, 404),
    ],
)
async def test_other_pages_cannot_act(
    http: aiohttp.ClientSession, sandbox: Sandbox, news: Channel, headers: dict[str, str], status: int
):
    body = f'{{"member": "0", "channel": "{news.id}", "content": "by a stranger"}}'
    answer = await http.post("/page/say", data=body, headers={"Content-Type": "application/json"} | headers)

    assert answer.status == status
    assert sandbox.messages(news) == []


async def test_the_page_runs_no_code_but_its_own(http: aiohttp.ClientSession):
    policy = (await http.get("/")).headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.fixture
async def browser(http: aiohttp.ClientSession, client: Client, sandbox: Sandbox) -> AsyncIterator[BrowserPage]:
    async with async_playwright() as playwright:
        try:
            chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        except BrowserError as error:
            pytest.skip(f"no browser: {error}")
        page = await chromium.new_page(viewport={"width": 390, "height": 844})
        await page.goto(sandbox.url)
        yield page
        await chromium.close()


async def test_hostile_text_stays_text_in_the_browser(
    browser: BrowserPage, client: Client, sandbox: Sandbox, news: Channel
):
    hostile = (
        "<img src=x onerror=document.title='pwned'> [click](javascript:alert(1)) **bold** [ok](https://lab.example)"
    )
    await client.channel(news).send(hostile, embed=discord.Embed(title=hostile, description=hostile))
    await browser.wait_for_selector(".embed")

    assert await browser.locator("#messages img").count() == 0
    assert {await link.get_attribute("href") for link in await browser.locator("#messages a").all()} == {
        "https://lab.example"
    }
    assert await browser.title() == "news · Popcorn demo"
    assert await browser.evaluate("document.documentElement.scrollWidth") == 390


async def test_a_command_is_run_from_the_page(browser: BrowserPage):
    await browser.fill("#text", "/sec")
    await browser.locator("#commands button").first.click()
    await browser.fill("#options input[name=number]", "7")
    await browser.locator("#options button", has_text="Run").click()

    await browser.locator(".ephemeral", has_text="psst 7").wait_for()


async def test_a_form_is_filled_in_on_the_page(browser: BrowserPage):
    await browser.fill("#text", "/take")
    await browser.press("#text", "Enter")
    await browser.locator("#options button", has_text="Run").click()
    await browser.locator("dialog textarea").fill("open wins")
    await browser.locator("dialog button", has_text="Submit").click()

    await browser.locator(".ephemeral", has_text="noted: open wins").wait_for()
