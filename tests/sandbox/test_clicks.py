"""Votes by button: whatever way the bot answers, from one member or from a hundred at once."""

from __future__ import annotations

import asyncio
from collections import Counter

import discord
import pytest
from discord import app_commands
from simcord.backend.models import Channel, Guild

from sandbox.actors import CannotDo
from sandbox.server import Sandbox
from sandbox.shown import Member, Message
from tests.sandbox.conftest import Client

Interaction = discord.Interaction[Client]


class Ballot(discord.ui.View):
    """Every button answers in another way. ``kept`` is what the deferred ones wait for before they go on."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.votes: Counter[int] = Counter()
        self.kept = asyncio.Event()
        self.kept.set()

    @discord.ui.button(label="Word, then edit", custom_id="vote:word", emoji="🍿")
    async def word_first(self, interaction: Interaction, _: discord.ui.Button[Ballot]) -> None:
        await interaction.response.defer()
        await interaction.followup.send("a word", ephemeral=True)
        await interaction.edit_original_response(content="edited")

    @discord.ui.button(label="Edit, then word", custom_id="vote:edit")
    async def edit_first(self, interaction: Interaction, _: discord.ui.Button[Ballot]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="edited")
        await interaction.followup.send("a word", ephemeral=True)

    @discord.ui.button(label="Update, then a late word", custom_id="vote:late")
    async def late(self, interaction: Interaction, _: discord.ui.Button[Ballot]) -> None:
        await interaction.response.edit_message(content="edited")
        await self.kept.wait()
        await interaction.followup.send("a late word", ephemeral=True)

    @discord.ui.button(label="Count", custom_id="vote:count")
    async def count(self, interaction: Interaction, _: discord.ui.Button[Ballot]) -> None:
        await interaction.response.defer()
        self.votes[interaction.user.id] += 1
        if self.votes.total() % 50 == 0:
            await interaction.edit_original_response(content=f"{self.votes.total()} votes")
        await interaction.followup.send(f"vote {self.votes[interaction.user.id]} of yours", ephemeral=True)

    @discord.ui.button(label="Roles", custom_id="roles")
    async def roles(self, interaction: Interaction, _: discord.ui.Button[Ballot]) -> None:
        assert isinstance(interaction.user, discord.Member)
        names = [role.name for role in interaction.user.roles]
        await interaction.response.send_message(", ".join(sorted(names)), ephemeral=True)


@pytest.fixture
def unstarted() -> Client:
    client = Client()

    @client.tree.context_menu(name="Manage story")
    @app_commands.default_permissions(manage_messages=True)
    async def manage(interaction: Interaction, message: discord.Message) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.followup.send(f"about: {message.content} by {message.author.name}")

    @client.tree.context_menu(name="Read later")
    async def later(interaction: Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"kept: {message.id}", ephemeral=True)

    return client


@pytest.fixture
async def ballot(client: Client) -> Ballot:
    return Ballot()


@pytest.fixture
async def asked(sandbox: Sandbox, client: Client, news: Channel, ballot: Ballot) -> Message:
    await client.channel(news).send("open or closed?", view=ballot)
    return sandbox.messages(news)[0]


@pytest.mark.parametrize("custom_id", ["vote:word", "vote:edit"])
async def test_a_word_and_an_edit_after_a_deferral_are_both_the_answer(
    sandbox: Sandbox, bob: Member, asked: Message, custom_id: str
):
    answer = await sandbox.click(bob, asked, custom_id=custom_id)

    assert answer.content == "edited"
    assert [(each.content, each.ephemeral) for each in answer.followups] == [("a word", True)]
    assert answer.text.startswith("edited") and answer.text.endswith("a word")


async def test_a_word_after_an_update_is_waited_for_when_asked_for(
    sandbox: Sandbox, bob: Member, asked: Message, ballot: Ballot
):
    ballot.kept.clear()
    clicking = asyncio.create_task(sandbox.click(bob, asked, custom_id="vote:late", followups=1))
    await sandbox.until(lambda: sandbox.look(asked).content == "edited", "the update")
    assert not clicking.done()
    ballot.kept.set()

    assert [each.content for each in (await clicking).followups] == ["a late word"]


async def test_a_click_without_the_word_it_waits_for_says_so(
    sandbox: Sandbox, bob: Member, asked: Message, ballot: Ballot
):
    ballot.kept.clear()
    with pytest.raises(CannotDo, match="still thinking"):
        await sandbox.click(bob, asked, custom_id="vote:late", followups=1, timeout=0.05)
    ballot.kept.set()
    assert sandbox.look(asked).content == "edited"


async def test_a_hundred_members_can_click_at_once(sandbox: Sandbox, guild: Guild, asked: Message, ballot: Ballot):
    members = [sandbox.add_member(guild, f"member {n}") for n in range(100)]
    answers = []
    for _ in range(3):
        clicks = (sandbox.click(each, asked, custom_id="vote:count", followups=1) for each in members)
        answers += await asyncio.gather(*clicks)

    assert len({answer.interaction_id for answer in answers}) == 300
    assert all(len(answer.followups) == 1 for answer in answers)
    assert ballot.votes == Counter({each.id: 3 for each in members})
    await sandbox.until(lambda: sandbox.look(asked).content == "300 votes", "the last count")


async def test_the_bot_is_told_the_roles_of_whoever_clicks(sandbox: Sandbox, guild: Guild, asked: Message):
    open_source = sandbox.add_role(guild, "Team open")
    carol = sandbox.add_member(guild, "carol", roles=[open_source])
    assert (await sandbox.click(carol, asked, custom_id="roles")).content == "@everyone, Team open"

    sandbox.take_role(carol, open_source)
    sandbox.give_role(carol, sandbox.add_role(guild, "Team closed"))
    assert (await sandbox.click(carol, asked, custom_id="roles")).content == "@everyone, Team closed"
    assert sandbox.roles_of(carol) == ["Team closed"]


async def test_the_bot_makes_and_gives_roles_where_it_may(sandbox: Sandbox, client: Client, guild: Guild, bob: Member):
    with pytest.raises(discord.Forbidden) as refused:
        await client.guilds[0].create_role(name="Team open")
    assert refused.value.code == 50013
    above = sandbox.add_role(guild, "Mods")
    for give in (client.http.add_role, client.http.remove_role):
        with pytest.raises(discord.Forbidden):
            await give(guild.id, bob.id, above.id)

    sandbox.set_guild_permissions(guild, manage_roles=True)
    role = await client.guilds[0].create_role(name="Team open")
    await client.http.add_role(guild.id, bob.id, role.id)
    assert sandbox.roles_of(bob) == ["Team open"]
    await client.http.remove_role(guild.id, bob.id, role.id)
    assert sandbox.roles_of(bob) == []


async def test_a_role_above_its_own_is_out_of_the_bots_reach(
    sandbox: Sandbox, client: Client, guild: Guild, bob: Member
):
    sandbox.set_guild_permissions(guild, manage_roles=True)
    high = sandbox.add_role(guild, "Owners")
    sandbox.world.edit_role(guild.id, high.id, {"position": 99})
    with pytest.raises(discord.Forbidden) as refused:
        await client.http.add_role(guild.id, bob.id, high.id)
    assert refused.value.code == 50013


async def test_a_message_has_a_menu_for_whoever_may_use_it(
    sandbox: Sandbox, client: Client, guild: Guild, bob: Member, asked: Message, news: Channel
):
    mod = sandbox.add_member(guild, "mod", manage_messages=True)
    assert sandbox.menus(mod, news) == ["Manage story", "Read later"]
    assert sandbox.menus(bob, news) == ["Read later"]

    answer = await sandbox.menu(mod, asked, "Manage story")
    assert (answer.content, answer.ephemeral) == ("about: open or closed? by Popcorn", True)
    with pytest.raises(CannotDo, match="not offered to bob"):
        await sandbox.menu(bob, asked, "Manage story")
    assert (await sandbox.menu(bob, asked, "Manage story", force=True)).content.startswith("about")
    with pytest.raises(CannotDo, match="there is no 'Unknown'"):
        await sandbox.menu(bob, asked, "Unknown")


async def test_the_menu_of_a_message_of_others_shows_the_bot_its_words(
    sandbox: Sandbox, client: Client, guild: Guild, bob: Member, news: Channel
):
    mod = sandbox.add_member(guild, "mod", manage_messages=True)
    answer = await sandbox.menu(mod, sandbox.say(bob, news, "closed, of course"), "Manage story")
    assert answer.content == "about: closed, of course by bob"


async def test_what_is_offered_in_a_menu_is_no_slash_command(
    sandbox: Sandbox, client: Client, bob: Member, news: Channel
):
    assert sandbox.commands(bob, news) == []
    with pytest.raises(CannotDo, match="no command"):
        await sandbox.slash(bob, news, "Read later")
