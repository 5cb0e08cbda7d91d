"""The demo's page: what it tells the browser, and what it lets nobody else do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import aiohttp
import discord
import pytest
import yarl
from playwright.async_api import Error as BrowserError
from playwright.async_api import Page as BrowserPage
from playwright.async_api import async_playwright, expect
from simcord.backend.models import Channel, Guild

from sandbox.page import Page
from sandbox.server import Sandbox
from sandbox.shown import Member
from sandbox.site import picture
from sandbox.walk import Stop, Walk
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
    side = discord.ui.Label[discord.ui.View](
        text="Side",
        component=discord.ui.RadioGroup(
            custom_id="side",
            options=[discord.RadioGroupOption(label="Open", value="open"), discord.RadioGroupOption(label="Closed")],
        ),
    )
    take = discord.ui.TextInput[discord.ui.View](
        label="Take", custom_id="take", style=discord.TextStyle.paragraph, min_length=5, max_length=40
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        assert isinstance(self.side.component, discord.ui.RadioGroup)
        side = self.side.component.value
        await interaction.response.send_message(f"noted for {side}: {self.take.value}", ephemeral=True)


class Ballot(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Open", emoji="🔓", custom_id="vote:open")
    async def open(self, interaction: discord.Interaction, _: discord.ui.Button[Ballot]) -> None:
        await interaction.response.edit_message(content=f"{interaction.user.name} voted " + "▰" * 10 + " 100 %")

    @discord.ui.button(label="More", custom_id="more")
    async def more(self, interaction: discord.Interaction, _: discord.ui.Button[Ballot]) -> None:
        await interaction.response.send_message("more of it", ephemeral=True)

    @discord.ui.select(custom_id="week", options=[discord.SelectOption(label="Last week", value="last", emoji="📅")])
    async def week(self, interaction: discord.Interaction, select: discord.ui.Select[Ballot]) -> None:
        await interaction.response.edit_message(content=f"{interaction.user.name} chose {select.values[0]}")


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

    @client.tree.context_menu(name="Keep this")
    async def keep(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"kept: {message.content}", ephemeral=True)

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
    await browser.locator("dialog label", has_text="Open").click()
    await browser.locator("dialog textarea").fill("open wins")
    assert await browser.locator("dialog .count").text_content() == "9 / 40, at least 5"
    await browser.locator("dialog button", has_text="Submit").click()

    await browser.locator(".ephemeral", has_text="noted for open: open wins").wait_for()


async def test_a_select_in_the_channel_is_chosen_from_on_the_page(browser: BrowserPage, client: Client, news: Channel):
    await client.channel(news).send("week", view=Ballot())
    await browser.locator("select[data-id=week]").select_option(label="📅 Last week")
    await browser.locator(".message", has_text="alice chose last").wait_for()


def ballot() -> discord.Poll:
    poll = discord.Poll("Open or closed?", timedelta(hours=1))
    return poll.add_answer(text="open", emoji="🔓").add_answer(text="closed")


async def test_a_poll_is_voted_in_on_the_page(
    browser: BrowserPage, sandbox: Sandbox, client: Client, guild: Guild, news: Channel, bob: Member
):
    sandbox.set_guild_permissions(guild, send_polls=True)
    sent = await client.channel(news).send(poll=ballot())
    sandbox.vote(bob, sandbox.messages(news)[0], 2)
    poll = browser.locator(".poll")
    await poll.locator("label", has_text="closed").get_by_text("1 vote").wait_for()
    await poll.locator("label", has_text="🔓 open").click()
    await poll.locator("button", has_text="Vote").click()
    await poll.locator("label.chosen", has_text="1 vote · 50 %").wait_for()

    await poll.locator("button", has_text="Remove vote").click()
    await poll.locator("label", has_text="0 votes · 0 %").wait_for()
    await sent.end_poll()
    await browser.locator(".poll.result", has_text="closed won with 1 of 1 vote").wait_for()


async def test_a_reply_names_what_it_answers_and_a_silent_message_its_silence(
    browser: BrowserPage, client: Client, news: Channel
):
    first = await client.channel(news).send(
        f"**One** [story](https://lab.example/1) of <@{client.user.id}> " + "and more " * 20
    )
    await first.reply("the second source", silent=True)

    answer = browser.locator(".message", has_text="the second source")
    words = await answer.locator(".reply").text_content()
    assert words.startswith("↪ Popcorn: One story of @Popcorn and more") and words.endswith(" …")
    assert await answer.locator(".silent").text_content() == "🔕"


async def test_whoever_only_watches_is_taken_to_each_stop_and_stays_after_a_click(
    browser: BrowserPage, sandbox: Sandbox, guild: Guild, news: Channel, bob: Member
):
    walk = Walk(sandbox, news, bob, [], Path())
    sandbox.page.show(guild, [bob], walk)
    thread = sandbox.add_thread(news, "talk")
    said = sandbox.say(bob, thread, "a hot take")
    walk.stops.append(Stop("Fire", thread.id, said.id))
    sandbox.changes.tell()
    await browser.locator(".message.sought", has_text="a hot take").wait_for()
    assert await browser.locator("a.stop").all_text_contents() == ["Fire"]

    await browser.locator("#messages").click()
    told = sandbox.say(bob, news, f"[look](https://discord.com/channels/{guild.id}/{thread.id}/{said.id})")
    walk.stops.append(Stop("Recap", news.id, told.id))
    sandbox.changes.tell()
    recap = browser.locator("a.stop", has_text="Recap")
    await recap.wait_for()
    assert await browser.locator("#title").text_content() == "💬 talk"

    await recap.click()
    await browser.locator(".message.sought a", has_text="look").click()
    await browser.locator(".message.sought", has_text="a hot take").wait_for()


async def test_a_messages_menu_offers_what_this_member_may_use(browser: BrowserPage, client: Client, news: Channel):
    await client.channel(news).send("a story")
    await browser.locator(".apps summary").click()
    await browser.locator(".apps button", has_text="Keep this").click()

    await browser.locator(".ephemeral", has_text="kept: a story").wait_for()
    assert await browser.locator(".apps[open]").count() == 0


async def test_an_uploaded_picture_is_shown_with_its_words(browser: BrowserPage, client: Client, news: Channel):
    chart = discord.File(BytesIO(picture("chart")), "chart.png", description="open 62 %, closed 38 %")
    view = discord.ui.LayoutView()
    view.add_item(discord.ui.MediaGallery(discord.MediaGalleryItem(chart, description=chart.description)))
    await client.channel(news).send(view=view, file=chart)

    shown = browser.locator(".gallery img")
    assert await shown.get_attribute("alt") == "open 62 %, closed 38 %"
    assert await shown.evaluate("each => each.decode().then(() => each.naturalWidth)") == 480
    assert await browser.locator("#messages img").count() == 1


async def test_an_edit_leaves_the_reader_where_they_are(
    browser: BrowserPage, sandbox: Sandbox, client: Client, news: Channel, bob: Member
):
    first = await client.channel(news).send("short", view=Ballot())
    for number in range(15):
        sandbox.say(bob, news, f"message {number}\n" * 3)
    await browser.locator(".message").nth(15).wait_for()
    place = "(text) => [...document.querySelectorAll('.message')].find((each) => each.textContent.includes(text))"
    await browser.evaluate(f"({place})('message 5').scrollIntoView()")
    before = await browser.evaluate(f"({place})('message 5').getBoundingClientRect().top")
    await first.edit(content="long\n" * 20)
    await browser.locator(".message", has_text="long").wait_for()

    after = await browser.evaluate(f"({place})('message 5').getBoundingClientRect().top")
    assert abs(after - before) < 1


async def test_a_click_further_up_leads_to_its_private_answer_which_stays_in_sight(
    browser: BrowserPage, sandbox: Sandbox, client: Client, news: Channel, bob: Member
):
    await client.channel(news).send("vote", view=Ballot())
    for number in range(15):
        sandbox.say(bob, news, f"message {number}\n" * 3)
    await browser.locator(".message", has_text="message 14").wait_for()
    await browser.locator("button", has_text="More").click()
    answer = browser.locator(".ephemeral", has_text="more of it")
    await expect(answer).to_be_in_viewport(ratio=1)

    for number in range(3):
        sandbox.say(bob, news, f"later {number}\n" * 9)
    await browser.locator(".message", has_text="later 2").wait_for()
    await expect(answer).to_be_in_viewport(ratio=1)


async def test_a_stop_too_long_to_be_seen_at_once_shows_its_end_after_a_moment(
    browser: BrowserPage, sandbox: Sandbox, guild: Guild, news: Channel, bob: Member
):
    walk = Walk(sandbox, news, bob, [], Path())
    sandbox.page.show(guild, [bob], walk)
    told = sandbox.say(bob, news, "\n".join(f"line {number}" for number in range(60)))
    walk.stops.append(Stop("Recap", news.id, told.id))
    sandbox.changes.tell()
    await expect(browser.get_by_text("line 0", exact=True)).to_be_in_viewport()

    await expect(browser.get_by_text("line 59", exact=True)).to_be_in_viewport(timeout=15_000)
    assert "Time is shortened for the demo" in await browser.locator("#walk").inner_text()


async def test_a_vote_keeps_the_focus_on_its_button(browser: BrowserPage, client: Client, news: Channel):
    await client.channel(news).send("vote", view=Ballot())
    await browser.locator("button", has_text="🔓 Open").focus()
    await browser.keyboard.press("Enter")
    await browser.locator(".message", has_text="alice voted ▰▰▰▰▰▰▰▰▰▰ 100 %").wait_for()

    assert await browser.evaluate("document.activeElement.dataset.id") == "vote:open"
    assert await browser.locator(".bar").evaluate("each => each.getClientRects().length") == 1


async def test_the_page_is_light_when_its_address_says_so(browser: BrowserPage, sandbox: Sandbox):
    back = "getComputedStyle(document.body).backgroundColor"
    assert await browser.evaluate(back) == "rgb(49, 51, 56)"
    await browser.locator("#theme").click()
    assert await browser.evaluate(back) == "rgb(255, 255, 255)"
    assert "theme=light" in browser.url

    await browser.goto(f"{sandbox.url}/?theme=light")
    assert await browser.evaluate(back) == "rgb(255, 255, 255)"
