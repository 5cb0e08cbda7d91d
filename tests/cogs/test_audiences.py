"""What is said in one channel is told in another only if everybody who reads it there could have read it here."""

from __future__ import annotations

from typing import Any

import discord
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from cogs.audiences import seen_by_readers
from tests.cogs.guild import Guild, read
from tests.cogs.test_recaps import busy, say
from tests.desk import FEED

SEEN = discord.Permissions(view_channel=True).value


def let_in(guild: Guild, channel: Any, *names: str) -> None:
    """Have a channel seen by these roles and members alone."""
    keep_out(guild, channel, "@everyone")
    for name in names:
        overwrite(guild, channel, name, allow=SEEN)


def keep_out(guild: Guild, channel: Any, *names: str) -> None:
    for name in names:
        overwrite(guild, channel, name, deny=SEEN)


def overwrite(guild: Guild, channel: Any, name: str, **says: int) -> None:
    """``name`` is a role's, or a member's, as every member of these tests has a role of the same name."""
    target = discord.utils.get(guild.env.bot.get_guild(guild.guild.id).roles, name=name)
    assert target is not None
    guild.env.backend.set_overwrite(channel.id, Overwrite(target.id, OverwriteType.ROLE, **says))


async def channels(guild: Guild, *names: str) -> list[Any]:
    made = [guild.guild.create_text_channel(name) for name in names]
    await guild.env.settle()
    return made


def sees(guild: Guild, here: Any, there: Any) -> bool:
    return seen_by_readers(guild.env.bot.get_guild(guild.guild.id), here.id)(there.id)


async def test_a_channel_that_everybody_sees_is_told_of_everywhere_and_a_private_one_in_itself_alone(guild: Guild):
    town, staff = await channels(guild, "town", "staff")
    let_in(guild, staff, "mod")
    await guild.env.settle()

    assert sees(guild, staff, town)
    assert sees(guild, town, guild.news)
    assert not sees(guild, town, staff)
    assert sees(guild, staff, staff)


async def test_a_private_channel_is_told_of_in_one_that_lets_in_no_others(guild: Guild):
    staff, both, members = await channels(guild, "staff", "both", "members")
    let_in(guild, staff, "mod")
    let_in(guild, both, "mod", "bob")
    let_in(guild, members, "mod", "bob")
    await guild.env.settle()

    assert sees(guild, staff, both)
    assert sees(guild, both, members)
    assert not sees(guild, both, staff)


async def test_whoever_is_kept_out_of_one_channel_alone_hears_nothing_of_it_elsewhere(guild: Guild):
    town, alike, other = await channels(guild, "town", "alike", "other")
    keep_out(guild, town, "bob")
    keep_out(guild, alike, "bob")
    await guild.env.settle()

    assert sees(guild, town, other)
    assert sees(guild, town, alike)
    assert not sees(guild, other, town)


async def test_a_thread_is_told_of_where_its_channel_is_unless_it_is_private(guild: Guild):
    [town] = await channels(guild, "town")
    channel = guild.env.bot.get_channel(guild.news.id)
    public = await guild.thread("A thread")
    private = await channel.create_thread(name="A secret", type=discord.ChannelType.private_thread)
    await guild.env.settle()

    assert sees(guild, town, public)
    assert not sees(guild, town, private)
    assert sees(guild, private, private)
    assert sees(guild, private, guild.news)


async def test_a_channel_that_is_gone_is_told_of_nowhere_else(guild: Guild):
    assert not seen_by_readers(guild.env.bot.get_guild(guild.guild.id), guild.news.id)(4711)


async def test_recap_shows_and_posts_what_the_readers_of_its_channel_may_see(guild: Guild):
    card = await busy(guild)
    await say(guild, guild.bob, card, "Weights for everybody")
    [town] = await channels(guild, "town")
    let_in(guild, guild.news, "mod")
    await guild.env.settle()

    inside = await guild.slash("recap", by=guild.mod)
    outside = await guild.slash("recap", by=guild.mod, where=town)
    await guild.mod.click(outside.response, label="Post")
    await guild.later(minutes=10)

    assert "> Weights for everybody" in read(inside.response)
    assert town.history()
    for message in town.history():
        assert "Weights for everybody" not in read(message)
        assert "A quiet week: 0 stories and 0 votes" in read(message)


async def test_takes_top_shows_nobody_what_was_said_where_they_see_nothing(guild: Guild):
    await guild.told("feed add", url=FEED)
    card = await guild.team_card()
    await say(guild, guild.bob, card, "Weights for everybody")
    [town] = await channels(guild, "town")
    let_in(guild, guild.news, "mod")
    await guild.env.settle()

    assert "Weights for everybody" in await guild.told("takes top", by=guild.mod, where=town)
    assert "Nobody said anything." in await guild.told("takes top", by=guild.bob, where=town)
