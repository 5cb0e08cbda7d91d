from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import pytest
import pytest_asyncio
import simcord
from discord.ext import commands
from hypothesis import given
from hypothesis import strategies as st

from cogs.views import markdown
from cogs.views.cards import ORIGIN, CardMessage, card_message, carries, origin_text, plain_card_message
from newsroom.models import Camp, Card, Side, Term
from newsroom.text import clean, length
from tests.cogs.views.discord_markdown import shown
from tests.makers import NOW, ago, card, origin, shown_poll
from tests.openapi import check_env

HOSTILE_TITLES = {
    "everyone": "@everyone look",
    "mention": "<@1> <@&1> <#1> look",
    "masked": "[OpenAI](https://evil.example)",
    "break-link": "](https://evil.example) **",
    "rtl": "\u202egpj.exe",
    "5000": "word " * 1000,
    "5000-marks": "*" * 5000,
    "5000-without-spaces": "a" * 5000,
    "emoji-cut": "😀" * 400,
    "family-cut": "👩‍👩‍👧" * 400,
    "code": "```\ncode\n```",
    "small": "-# small",
    "heading": "# heading",
    "quote": "> quote",
    "list": "1. list",
    "spoiler": "||spoiler||",
    "line-break": "one\ntwo",
    "empty": "",
    "unseen": "\u200b\u202e",
}


def message(**fields: Any) -> CardMessage:
    return card_message(card(**fields), now=NOW)


def buttons(message: CardMessage) -> dict[str | None, discord.ui.Button[Any]]:
    return {item.label: item for item in message.view.children if isinstance(item, discord.ui.Button)}


def assert_within_limits(message: CardMessage) -> None:
    assert 1 <= length(message.content) <= markdown.CONTENT
    assert 1 <= length(message.title) <= markdown.THREAD_NAME
    assert "\n" not in message.title
    for button in buttons(message).values():
        assert len(button.url or "") <= markdown.BUTTON_URL
        assert len(button.custom_id or "") <= markdown.CUSTOM_ID
        assert len(button.label or "") <= markdown.BUTTON_LABEL
    if message.embed is not None:
        assert length(message.embed.title or "") <= markdown.EMBED_TITLE
        assert length(message.embed.description or "") <= markdown.EMBED_DESCRIPTION
        assert len(message.embed.url or "") <= markdown.EMBED_URL
        assert len(message.embed.image.url or "") <= markdown.EMBED_URL
        assert 2 * len(message.embed) <= markdown.EMBED_TOTAL


def test_a_card_says_what_happened_who_says_so_and_how_long_ago():
    made = message(
        headline="A small lab releases a large model",
        source="Lab Notes",
        summary="The weights are open.",
        picture_url="https://lab.example/a.png",
        published_at=ago(hours=1),
    )

    assert made.content == "**A small lab releases a large model** · Lab Notes"
    assert made.embed is not None
    assert made.embed.description == f"The weights are open.\n-# <t:{int(ago(hours=1).timestamp())}:R>"
    assert made.embed.image.url == "https://lab.example/a.png"
    assert made.title == "A small lab releases a large model"


def test_a_card_has_read_and_more():
    made = message(url="https://lab.example/posts/1", mark="17.abc")

    assert list(buttons(made)) == ["Read", "More"]
    assert buttons(made)["Read"].url == "https://lab.example/posts/1"
    assert buttons(made)["More"].custom_id == "more:17.abc"


def test_a_published_card_leads_to_the_article_without_its_buttons():
    embed = message(url="https://www.lab.example/posts/1").embed

    assert embed is not None
    assert (embed.title, embed.url) == ("lab.example", "https://www.lab.example/posts/1")


def test_a_preview_has_no_more():
    assert list(buttons(message(mark=""))) == ["Read"]


def test_of_a_long_summary_the_first_sentences_are_shown():
    embed = message(summary="One. Two. Three. Four.", published_at=None).embed

    assert embed is not None
    assert embed.description == "One. Two. Three."


def test_a_story_without_link_summary_picture_and_date_needs_no_embed():
    made = message(url=None, summary="", picture_url=None, published_at=None)

    assert made.embed is None
    assert list(buttons(made)) == ["More"]
    assert "embed" not in made.for_channel()


@pytest.mark.parametrize(
    ("fields", "content", "title"),
    [
        ({"headline": "", "summary": "First words of it."}, "**First words of it.** · Lab Notes", "First words of it."),
        ({"headline": "\u200b ", "summary": ""}, "**Lab Notes**", "Lab Notes"),
        ({"headline": "", "summary": "", "source": ""}, "**Untitled**", "Untitled"),
        ({"headline": "News", "source": ""}, "**News**", "News"),
    ],
)
def test_a_card_without_a_headline_makes_do_with_what_there_is(fields: dict[str, str], content: str, title: str):
    made = message(**fields)

    assert (made.content, made.title) == (content, title)


def test_a_link_too_long_for_a_button_stands_in_the_content():
    url = "https://lab.example/" + "a" * 600
    made = message(url=url)

    assert "Read" not in buttons(made)
    assert made.content.endswith(f"\n<{url}>")
    assert made.embed is not None
    assert made.embed.url == url


def test_a_link_too_long_for_discord_is_left_out():
    made = message(url="https://lab.example/" + "a" * 5000)

    assert made.content == "**A small lab releases a large model** · Lab Notes"
    assert list(buttons(made)) == ["More"]
    assert made.embed is not None
    assert made.embed.url is None


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https:///", "not a url"])
def test_what_is_no_web_address_becomes_no_link(url: str):
    made = message(url=url)

    assert list(buttons(made)) == ["More"]
    assert url not in made.content


@pytest.mark.parametrize(
    "picture", ["http://lab.example/a.png", "data:image/png;base64,AA", "https://a.example/" + "a" * 3000]
)
def test_only_a_picture_that_discord_can_fetch_safely_is_shown(picture: str):
    embed = message(picture_url=picture).embed

    assert embed is not None
    assert embed.image.url is None


@pytest.mark.parametrize(
    "published_at",
    [None, NOW + timedelta(days=2), datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)],
)
def test_a_date_that_nobody_can_believe_gives_no_age(published_at: datetime | None):
    embed = message(published_at=published_at).embed

    assert embed is not None
    assert "<t:" not in (embed.description or "")


def test_a_clock_that_is_a_little_ahead_publishes_now_and_not_in_the_future():
    embed = message(published_at=NOW + timedelta(minutes=10), summary="").embed

    assert embed is not None
    assert embed.description == f"-# <t:{int(NOW.timestamp())}:R>"


@pytest.mark.parametrize("title", HOSTILE_TITLES.values(), ids=HOSTILE_TITLES)
def test_a_hostile_title_is_shown_as_it_stands(title: str):
    for made in (message(headline=title), plain_card_message(card(headline=title))):
        assert_within_limits(made)
        text, marks = shown(made.content.partition("\n")[0])
        assert marks == ["**", "**"]
        headline = text.removeprefix("**").removesuffix("** · Lab Notes")
        expected = clean(title) or card().summary
        assert headline == expected or expected.startswith(headline.removesuffix("…"))


def test_a_summary_of_100_000_characters_is_cut_at_a_word():
    embed = message(summary="words " * 20_000, published_at=None).embed

    assert embed is not None
    assert length(embed.description or "") <= 600
    assert (embed.description or "").endswith("words…")


ANY_TEXT = st.text(max_size=50) | st.builds(
    lambda text, times: text * times,
    st.sampled_from(
        ["*", "\\", "<@1>", "](", "`", "😀", "a ", "||", "https://", "\u202e", "\n# ", "e\u0301", "@everyone "]
    ),
    st.integers(min_value=0, max_value=3000),
)
ANY_URL = st.none() | ANY_TEXT | ANY_TEXT.map("https://lab.example/{}".format)
CARDS = st.builds(
    Card,
    headline=ANY_TEXT,
    source=ANY_TEXT,
    url=ANY_URL,
    summary=ANY_TEXT,
    picture_url=ANY_URL,
    published_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    mark=st.sampled_from(["", "9223372036854775807.0123456789abcdef01234567"]),
)


@given(CARDS)
def test_whatever_a_feed_says_a_card_keeps_discords_limits(card: Card):
    assert_within_limits(card_message(card, now=NOW))
    assert_within_limits(plain_card_message(card))


@given(CARDS)
def test_whatever_a_feed_says_only_our_own_marks_mean_anything(card: Card):
    made = card_message(card, now=NOW)

    line, _, link = made.content.partition("\n")
    assert shown(line)[1] == ["**", "**"]
    assert not link or link == f"<{link[1:-1]}>"
    if made.embed is not None:
        summary, _, age = (made.embed.description or "").rpartition("-# <t:")
        assert shown(summary if age else (made.embed.description or ""))[1] == []
        assert shown(made.embed.title or "")[1] == []


def test_the_plainest_card_is_headline_link_and_mark():
    made = plain_card_message(card(url="https://lab.example/posts/1", mark="17.abc"))

    assert made.content == "**A small lab releases a large model** · Lab Notes\n<https://lab.example/posts/1>"
    assert made.embed is None
    assert [button.custom_id for button in buttons(made).values()] == ["more:17.abc"]


def test_more_tells_feed_host_time_and_link_but_no_key_of_the_feeds_address():
    text = origin_text(origin(feed_title="Lab *Notes*", feed_url="https://lab.example/feed?key=secret"))

    found = int(ago(minutes=1).timestamp())
    assert text == (
        f"From **Lab \\*Notes\\*** · lab.example\nFound <t:{found}:f>, <t:{found}:R>\n<https://lab.example/posts/1>"
    )


@given(ANY_TEXT, ANY_TEXT, ANY_URL)
def test_whatever_the_feed_is_called_more_keeps_discords_limits(title: str, feed_url: str, url: str | None):
    text = origin_text(origin(feed_title=title, feed_url=feed_url, url=url))

    assert length(text) <= markdown.CONTENT


def test_a_link_is_in_more_as_long_as_all_else_leaves_room_for_it():
    words = tuple(Term("*" * 40, side, 3) for side in (Side.OPEN, Side.PROPRIETARY) for _ in range(40))
    longest = origin(
        feed_title="*" * 200, feed_url=f"https://{'a_' * 100}.example/", url=None, camp=Camp.BOTH, terms=words
    )
    room = ORIGIN - length(origin_text(longest)) - len("\n<>")
    assert room > 100

    fits, too_long = ("https://lab.example/".ljust(size, "a") for size in (room, room + 1))

    assert length(text := origin_text(replace(longest, url=fits))) == ORIGIN
    assert f"\n<{fits}>\n**Why this side?**" in text
    assert origin_text(replace(longest, url=too_long)) == origin_text(longest)


MARK = card().mark


@pytest_asyncio.fixture
async def env() -> AsyncIterator[simcord.Env]:
    bot = commands.AutoShardedBot(
        (), intents=discord.Intents(guilds=True), allowed_mentions=discord.AllowedMentions.none()
    )
    env = simcord.Env(bot, shard_count=1)
    await env.start()
    yield env
    check_env(env)
    await env.bot.close()
    await env.shutdown()
    assert env.errors == []


async def sent(env: simcord.Env, message: CardMessage) -> tuple[Any, Any, discord.Message]:
    guild = env.create_guild("G")
    news = guild.create_text_channel("news")
    member = guild.add_member(env.create_user("alice"))
    channel = env.bot.get_channel(news.id)
    assert isinstance(channel, discord.TextChannel)
    return news, member, await channel.send(**message.for_channel())


async def test_discord_takes_a_card_as_it_is(env: simcord.Env):
    _, _, posted = await sent(env, message(picture_url="https://lab.example/a.png"))

    assert posted.content == "**A small lab releases a large model** · Lab Notes"
    assert [child.label for row in posted.components for child in row.children] == ["Read", "More"]


@pytest.mark.parametrize("title", HOSTILE_TITLES.values(), ids=HOSTILE_TITLES)
async def test_discord_takes_a_card_with_a_hostile_title_and_pings_nobody(env: simcord.Env, title: str):
    news, _, posted = await sent(env, message(headline=title, summary=title * 10, source=title))

    assert env.backend.messages[news.id][posted.id].ping_user_ids == []
    assert posted.mentions == posted.role_mentions == []
    assert not posted.mention_everyone


async def test_discord_takes_a_card_as_a_forum_post(env: simcord.Env):
    guild = env.create_guild("G")
    forum = env.bot.get_channel(guild.create_forum_channel("forum").id)
    assert isinstance(forum, discord.ForumChannel)

    created = await forum.create_thread(**message(headline="word " * 100).for_forum())

    assert created.thread.name.endswith("word…")
    assert carries(created.message, MARK)


async def test_a_card_is_known_by_its_mark_and_by_no_other(env: simcord.Env):
    news, _, posted = await sent(env, message())
    channel = env.bot.get_channel(news.id)
    [found] = [message async for message in channel.history()]

    assert carries(found, MARK)
    assert carries(posted, MARK)
    assert not carries(posted, MARK[:-1])
    assert not carries(posted, "")


async def test_a_mark_is_found_at_any_depth(env: simcord.Env):
    news, _, _ = await sent(env, message())
    button: discord.ui.Button[Any] = discord.ui.Button(label="More", custom_id=f"more:{MARK}")
    layout = discord.ui.LayoutView(timeout=None)
    layout.add_item(discord.ui.Container(discord.ui.Section("Headline", accessory=button)))

    assert carries(await env.bot.get_channel(news.id).send(view=layout), MARK)


async def test_discord_py_keeps_nothing_in_memory_for_a_card(env: simcord.Env):
    await sent(env, message())

    assert env.bot.persistent_views == []
    assert env.bot._connection._view_store._views == {}


def test_other_sources_are_named_as_links_below_the_age():
    message = card_message(card(also=(("Blog", "https://blog.example/1"), ("Press", None))), now=NOW)

    assert message.embed is not None and message.embed.description is not None
    assert message.embed.description.endswith("\n-# Also covered by [Blog](https://blog.example/1), Press")


def test_of_many_other_sources_the_first_are_named():
    also = tuple((f"Source {number}", None) for number in range(9))
    message = card_message(card(also=also), now=NOW)

    assert message.embed is not None and message.embed.description is not None
    assert message.embed.description.endswith("Also covered by Source 0, Source 1, Source 2 and 6 more")


def test_the_name_of_another_source_has_no_power():
    message = card_message(card(also=(("[x](https://evil.example) @everyone **b**", "javascript:x"),)), now=NOW)

    assert message.embed is not None and message.embed.description is not None
    assert "[x](https://evil.example)" not in message.embed.description
    assert "javascript" not in message.embed.description


def test_beside_another_source_that_is_called_like_an_address_stands_where_its_link_leads():
    message = card_message(card(also=(("openai.com", "https://evil.example/login"),)), now=NOW)

    assert message.embed is not None and message.embed.description is not None
    assert message.embed.description.endswith("by [openai.com](https://evil.example/login) (evil.example)")


def test_a_card_with_other_sources_at_their_longest_is_within_the_limits():
    url = f"https://{'_' * 240}.example/"
    also = ((f"{'_' * 90}.example", url + "a" * (markdown.MASKED_URL - len(url))),) * 9

    made = message(headline="*" * 5000, source="*" * 5000, summary="*" * 5000, also=also)

    assert made.embed is not None and made.embed.description is not None
    assert made.embed.description.count("](") == 3
    assert length(made.embed.description) <= markdown.EMBED_DESCRIPTION
    assert len(made.embed) + len(message(poll=shown_poll()).for_channel()["embeds"][1]) <= markdown.EMBED_TOTAL
