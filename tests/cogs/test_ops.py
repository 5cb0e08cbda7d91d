"""/help is for everybody."""

from __future__ import annotations

import re

from tests.cogs.guild import Guild, read


async def test_help_names_every_command_there_is_and_no_other(guild: Guild):
    shown = await guild.slash("help", by=guild.bob)

    assert shown.ephemeral
    named = set(re.findall(r"`/([a-z ]+)`", read(shown.response)))
    assert named == set(guild.alice.available_commands(guild.news)) - {"help"}


async def test_help_is_told_at_once(guild: Guild):
    before = len(guild.env.http_requests)

    await guild.slash("help", by=guild.bob)

    assert len(guild.env.http_requests) == before + 1
