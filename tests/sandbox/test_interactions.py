"""Commands, buttons, selects and forms, as a member uses them and as the bot may answer."""

from __future__ import annotations

import asyncio

import discord
import pytest
from discord import app_commands
from simcord.backend.models import Channel

from sandbox.actors import CannotDo
from sandbox.server import Sandbox
from sandbox.shown import Member
from tests.sandbox.conftest import Client

Interaction = discord.Interaction[Client]


class Form(discord.ui.Modal, title="Your take"):
    take = discord.ui.TextInput[discord.ui.View](label="Take", custom_id="take", min_length=3)
    where = discord.ui.Label[discord.ui.View](
        text="Where", component=discord.ui.ChannelSelect(custom_id="where", required=False)
    )

    side = discord.ui.Label[discord.ui.View](
        text="Side",
        component=discord.ui.RadioGroup(
            custom_id="side",
            required=False,
            options=[
                discord.RadioGroupOption(label="Open", value="open"),
                discord.RadioGroupOption(label="Closed", value="closed", default=True),
            ],
        ),
    )

    async def on_submit(self, interaction: Interaction) -> None:
        assert isinstance(self.where.component, discord.ui.ChannelSelect)
        assert isinstance(self.side.component, discord.ui.RadioGroup)
        channels = ", ".join(channel.name for channel in self.where.component.values)
        side = self.side.component.value
        await interaction.response.send_message(f"{self.take.value} in [{channels}], {side}", ephemeral=True)


class Panel(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.add_item(discord.ui.Button(label="Read", url="https://lab.example/1"))

    @discord.ui.button(label="More", custom_id="more")
    async def more(self, interaction: Interaction, _: discord.ui.Button[Panel]) -> None:
        await interaction.response.send_message("for you alone", ephemeral=True)

    @discord.ui.button(label="Next", custom_id="next")
    async def next(self, interaction: Interaction, _: discord.ui.Button[Panel]) -> None:
        await interaction.response.edit_message(content="page 2", view=None)

    @discord.ui.button(label="Slow", custom_id="slow")
    async def slow(self, interaction: Interaction, _: discord.ui.Button[Panel]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="done slowly")

    @discord.ui.button(label="Write", custom_id="write")
    async def write(self, interaction: Interaction, _: discord.ui.Button[Panel]) -> None:
        await interaction.response.send_modal(Form())

    @discord.ui.select(
        custom_id="pick", options=[discord.SelectOption(label="One", value="1"), discord.SelectOption(label="Two")]
    )
    async def pick(self, interaction: Interaction, select: discord.ui.Select[Panel]) -> None:
        await interaction.response.edit_message(content=f"picked {select.values[0]}")


class Layout(discord.ui.LayoutView):
    box = discord.ui.Container["Layout"](
        discord.ui.Section(
            discord.ui.TextDisplay("a title"), accessory=discord.ui.Button(label="Inside", custom_id="inside")
        ),
        discord.ui.TextDisplay("a text"),
    )


@pytest.fixture
def unstarted() -> Client:
    client = Client()
    feed = app_commands.Group(
        name="feed", description="Feeds", guild_only=True, default_permissions=discord.Permissions(manage_guild=True)
    )

    @feed.command()
    async def add(
        interaction: Interaction,
        url: str,
        channel: discord.TextChannel | discord.ForumChannel | None = None,
        backfill: app_commands.Range[int, 0, 5] = 1,
    ) -> None:
        """Add a feed."""
        await interaction.response.defer(ephemeral=True)
        await interaction.followup.send(f"{url} goes to {channel} with {backfill}")

    @add.autocomplete("url")
    async def urls(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [
            app_commands.Choice(name=f"{current} in {interaction.namespace.backfill}", value="https://deep.example")
        ]

    @client.tree.command()
    async def panel(interaction: Interaction) -> None:
        """Show buttons."""
        await interaction.response.send_message("page 1", view=Panel())

    @client.tree.command()
    async def layout(interaction: Interaction) -> None:
        """Show components alone."""
        await interaction.response.send_message(view=Layout())

    @client.tree.command()
    async def late(interaction: Interaction) -> None:
        """Answer after three seconds."""
        await client.gate.wait()
        try:
            await interaction.response.send_message("too late")
        except discord.NotFound as error:
            client.codes.put_nowait(error.code)

    @client.tree.command()
    async def much_later(interaction: Interaction) -> None:
        """Answer, and once more after the token expired."""
        await interaction.response.send_message("first")
        await client.gate.wait()
        try:
            await interaction.followup.send("second")
        except discord.HTTPException as error:
            client.codes.put_nowait(error.code)

    client.gate = asyncio.Event()
    client.codes = asyncio.Queue()
    client.tree.add_command(feed)
    return client


async def test_a_deferred_answer_is_waited_for(sandbox: Sandbox, alice: Member, client: Client, news: Channel):
    answer = await sandbox.slash(alice, news, "feed add", url="https://lab.example", channel=news, backfill=2)

    assert (answer.content, answer.ephemeral) == ("https://lab.example goes to news with 2", True)
    assert sandbox.messages(news) == []


async def test_choices_are_offered_while_typing(sandbox: Sandbox, alice: Member, client: Client, news: Channel):
    choices = await sandbox.autocomplete(alice, news, "feed add", "url", "deep", backfill=3)
    assert choices == [{"name": "deep in 3", "value": "https://deep.example"}]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "needs url"),
        ({"url": "u", "colour": "red"}, "no option 'colour'"),
        ({"url": "u", "backfill": 6}, "must be ≤ 5"),
        ({"url": 5}, "expects str"),
    ],
)
async def test_options_that_discord_would_not_take_are_refused(
    sandbox: Sandbox, alice: Member, client: Client, news: Channel, options: dict, reason: str
):
    with pytest.raises(CannotDo, match=reason):
        await sandbox.slash(alice, news, "feed add", **options)


async def test_a_channel_of_the_wrong_type_is_refused(
    sandbox: Sandbox, alice: Member, announcements: Channel, forum: Channel, client: Client, news: Channel
):
    voice = sandbox.world.create_channel(alice.guild_id, "voice", type=2)
    with pytest.raises(CannotDo, match="type of channel"):
        await sandbox.slash(alice, news, "feed add", url="u", channel=voice)
    answer = await sandbox.slash(alice, news, "feed add", url="u", channel=forum)
    assert "goes to stories" in answer.content


async def test_a_command_is_offered_to_whoever_has_its_permission(
    sandbox: Sandbox, alice: Member, bob: Member, client: Client, news: Channel
):
    with pytest.raises(CannotDo, match="not offered to bob"):
        await sandbox.slash(bob, news, "feed add", url="u")
    forced = await sandbox.slash(bob, news, "feed add", url="u", force=True)

    assert forced.content.startswith("u goes to")
    assert "feed add" in [name for name, _ in sandbox.commands(alice, news)]
    assert "feed add" not in [name for name, _ in sandbox.commands(bob, news)]


async def test_buttons_answer_privately_or_change_their_message(
    sandbox: Sandbox, alice: Member, bob: Member, client: Client, news: Channel
):
    shown = await sandbox.slash(alice, news, "panel")
    private = await sandbox.click(bob, shown, label="More")
    assert (private.text, private.ephemeral) == ("for you alone", True)
    with pytest.raises(CannotDo, match="alice does not see"):
        await sandbox.click(alice, private, label="More")

    assert (await sandbox.click(bob, shown, custom_id="slow")).content == "done slowly"
    assert (await sandbox.select(bob, shown, ["1"])).content == "picked 1"
    assert (await sandbox.click(bob, shown, custom_id="next")).content == "page 2"
    assert sandbox.look(shown).components == ()


async def test_a_link_button_tells_the_bot_nothing(sandbox: Sandbox, alice: Member, client: Client, news: Channel):
    shown = await sandbox.slash(alice, news, "panel")
    with pytest.raises(CannotDo, match="link button"):
        await sandbox.click(alice, shown, label="Read")


async def test_a_form_is_filled_in(sandbox: Sandbox, alice: Member, client: Client, news: Channel):
    shown = await sandbox.slash(alice, news, "panel")
    form = await sandbox.click(alice, shown, custom_id="write")
    assert form.modal["title"] == "Your take"
    with pytest.raises(CannotDo, match="takes 3 to"):
        await sandbox.submit(alice, form, {"take": "no"})

    with pytest.raises(CannotDo, match="offers"):
        await sandbox.submit(alice, form, {"take": "open wins", "side": "neither"})

    answer = await sandbox.submit(alice, form, {"take": "open wins", "where": [news]})
    assert answer.content == "open wins in [news], closed"
    with pytest.raises(CannotDo, match="no form open"):
        await sandbox.submit(alice, form, {"take": "open wins"})


async def test_all_that_can_be_read_in_a_layout_is_text(sandbox: Sandbox, alice: Member, client: Client, news: Channel):
    answer = await sandbox.slash(alice, news, "layout")
    assert answer.text.splitlines() == ["a title", "Inside", "a text"]


async def test_the_first_answer_comes_within_three_seconds_or_never(
    sandbox: Sandbox, alice: Member, client: Client, news: Channel, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sandbox.actors, "first_answer", 0.05)
    with pytest.raises(CannotDo, match="did not respond"):
        await sandbox.slash(alice, news, "late")
    sandbox.pass_time(3)
    client.gate.set()

    assert await asyncio.wait_for(client.codes.get(), 20) == 10062


async def test_a_token_is_good_for_fifteen_minutes(sandbox: Sandbox, alice: Member, client: Client, news: Channel):
    await sandbox.slash(alice, news, "much_later")
    sandbox.pass_time(15 * 60)
    client.gate.set()

    assert await asyncio.wait_for(client.codes.get(), 20) == 50027
    assert len(sandbox.messages(news)) == 1


async def test_with_no_bot_connected_nothing_can_be_asked(sandbox: Sandbox, alice: Member, news: Channel):
    with pytest.raises(CannotDo, match="no command"):
        await sandbox.slash(alice, news, "panel")
