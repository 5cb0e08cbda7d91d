"""What admins are promised of /feed and /channel, as they meet them in Discord."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import discord
import pytest
from discord.utils import utcnow

from cogs.feeds import Feeds
from cogs.views.panels import NOT_YOURS
from cogs.views.replies import OUR_MISTAKE
from newsroom.desk.subscriptions import UNDO_WINDOW
from newsroom.errors import FetchFailed
from newsroom.feeds.schedule import spread
from newsroom.models import ChannelKind, FeedLink, SubscriptionState
from newsroom.text import length
from tests.cogs.guild import Guild, labels, member, options, read
from tests.desk import FEED, posts

OTHER_FEED = "https://blog.example/feed.xml"
PAGE = "https://lab.example/"
NEVER_READ = {"camp", "delivery", "deliveries", "deferred", "quarantined", "backlog", "poll"}

TEXT, INTEGER, YES_OR_NO, CHANNEL, ROLE = 3, 4, 5, 7, 8
PLACES = {"channel_types": [0, 5, 15, 10, 11, 12]}
FEED_OPTION = ("feed", TEXT, True, {"autocomplete": True})
POLL_OPTION = ("poll", TEXT, True, {"autocomplete": True, "min_length": 1, "max_length": 100})
REPEAT_OPTION = ("repeat", TEXT, True, {"autocomplete": True, "min_length": 1, "max_length": 100})
TALK_OPTION = ("channel", CHANNEL, False, {"channel_types": [0, 5, 10, 11, 12]})
LABEL = {"min_length": 1, "max_length": 40}
CHANNEL_OPTION = ("channel", CHANNEL, False, PLACES)
OPTIONS = {
    "feed add": [
        ("url", TEXT, True, {}),
        CHANNEL_OPTION,
        ("backfill", INTEGER, False, {"min_value": 0, "max_value": 5}),
        ("title", TEXT, False, {"min_length": 1, "max_length": 100}),
    ],
    "feed list": [CHANNEL_OPTION],
    "feed remove": [FEED_OPTION, CHANNEL_OPTION],
    "feed pause": [FEED_OPTION],
    "feed resume": [FEED_OPTION],
    "feed preview": [FEED_OPTION],
    "feed refresh": [FEED_OPTION],
    "feed release": [FEED_OPTION, ("always", YES_OR_NO, False, {})],
    "feed skip": [FEED_OPTION],
    "feed why": [("story-or-link", TEXT, True, {"autocomplete": True, "min_length": 1, "max_length": 2000})],
    "status": [],
    "channel alerts": [TALK_OPTION],
    "channel discussion": [
        CHANNEL_OPTION,
        ("threads", TEXT, False, {"choices": ["none", "discuss", "always"]}),
        *((name, YES_OR_NO, False, {}) for name in ("takes", "anonymous_takes", "links", "ask", "debate")),
        ("tone", TEXT, False, {"choices": ["plain", "playful", "sharp"]}),
    ],
    "channel recap": [
        ("on", YES_OR_NO, False, {}),
        TALK_OPTION,
        ("at", TEXT, False, {"min_length": 1, "max_length": 100}),
    ],
    "channel model": [
        ("on", YES_OR_NO, False, {}),
        ("member_hour", INTEGER, False, {"min_value": 1, "max_value": 1000}),
        ("server_day", INTEGER, False, {"min_value": 1, "max_value": 100_000}),
    ],
    "channel limits": [
        CHANNEL_OPTION,
        ("per_hour", INTEGER, False, {"min_value": 0, "max_value": 60}),
        ("per_day", INTEGER, False, {"min_value": 0, "max_value": 500}),
    ],
    "channel pause": [("duration", TEXT, False, {})],
    "channel resume": [],
    "poll start": [
        ("question", TEXT, False, {}),
        ("story", TEXT, False, {"autocomplete": True}),
        ("choices", TEXT, False, {}),
        ("duration", TEXT, False, {}),
        ("style", TEXT, False, {"choices": ["buttons", "native"]}),
        ("visibility", TEXT, False, {"choices": ["anonymous", "public"]}),
        ("results", TEXT, False, {"choices": ["live", "after_vote", "after_close"]}),
        ("max_choices", INTEGER, False, {"min_value": 1, "max_value": 10}),
        ("role", ROLE, False, {}),
        TALK_OPTION,
    ],
    "poll list": [],
    "poll close": [POLL_OPTION],
    "poll reopen": [POLL_OPTION],
    "poll edit": [POLL_OPTION],
    "poll export": [POLL_OPTION],
    "poll settings": [
        ("timezone", TEXT, False, {"autocomplete": True, "min_length": 1, "max_length": 100}),
        ("open_label", TEXT, False, LABEL),
        ("proprietary_label", TEXT, False, LABEL),
        ("depends_label", TEXT, False, LABEL),
        ("depends", YES_OR_NO, False, {}),
        ("story_polls", YES_OR_NO, False, {}),
        ("per_day", INTEGER, False, {"min_value": 1, "max_value": 24}),
        ("team_roles", YES_OR_NO, False, {}),
    ],
    "poll repeat add": [
        ("every", TEXT, True, {"min_length": 1, "max_length": 100}),
        ("at", TEXT, True, {"min_length": 1, "max_length": 100}),
        ("question", TEXT, False, {"min_length": 1, "max_length": 300}),
        TALK_OPTION,
    ],
    "poll repeat list": [],
    "poll repeat pause": [REPEAT_OPTION],
    "poll repeat remove": [REPEAT_OPTION],
    "team": [],
    "standings": [("days", INTEGER, False, {"min_value": 1, "max_value": 730})],
    "privacy": [],
    "takes top": [("week", TEXT, False, {})],
    "ask": [
        ("question", TEXT, True, {"min_length": 3, "max_length": 500}),
        ("story", TEXT, False, {"autocomplete": True}),
    ],
    "recap": [("days", INTEGER, False, {"min_value": 1, "max_value": 30})],
    "debate start": [
        ("story", TEXT, False, {"autocomplete": True}),
        ("rounds", INTEGER, False, {"min_value": 1, "max_value": 5}),
        ("minutes", INTEGER, False, {"min_value": 1, "max_value": 60}),
    ],
    "Manage story": [],
    "Remove take": [],
    "Check against the article": [],
    "help": [],
}

# Each command as it can be used once FEED is posted in #news.
USES: dict[str, dict[str, Any]] = {
    "feed add": {"url": OTHER_FEED},
    "feed list": {},
    "feed remove": {"feed": FEED},
    "feed pause": {"feed": FEED},
    "feed resume": {"feed": FEED},
    "feed preview": {"feed": FEED},
    "feed refresh": {"feed": FEED},
    "feed release": {"feed": FEED},
    "feed skip": {"feed": FEED},
    "feed why": {"story-or-link": "https://lab.example/posts/3"},
    "channel alerts": {},
    "channel limits": {"per_hour": 2},
    "channel pause": {"duration": "2h"},
    "channel resume": {},
}


async def prepare(guild: Guild, command: str) -> None:
    """Bring about what a command needs that is then used as in USES."""
    await guild.told("feed add", url=FEED)
    guild.web.put(OTHER_FEED, *posts(1))
    if command == "feed resume":
        await guild.told("feed pause", feed=FEED)
    if command == "channel resume":
        await guild.told("channel pause")
    if command in ("feed release", "feed skip"):
        async with guild.store.begin() as connection:
            [(one, _)] = await guild.store.subscriptions.of_guild(connection, guild.guild.id)
            await guild.store.subscriptions.set_state(connection, [one.id], SubscriptionState.HELD)


def synced(guild: Guild) -> list[dict[str, Any]]:
    """The commands as Discord was told of them."""
    return next(request.json for request in guild.env.http_requests if request.method == "PUT")


# What the commands are


def leaves(command: dict[str, Any], groups: str = "") -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What can be used of a command, each by its full name with its options."""
    name = f"{groups}{command['name']}"
    parts = [part for part in command.get("options", ()) if part["type"] in (1, 2)]
    if not parts:
        yield name, command.get("options", [])
    for part in parts:
        yield from leaves(part, f"{name} ")


def limits(option: dict[str, Any]) -> dict[str, Any]:
    """What an option takes, where that isn't everything."""
    told = ("min_value", "max_value", "min_length", "max_length", "channel_types")
    limited = {name: option[name] for name in told if name in option}
    if option.get("autocomplete"):
        limited["autocomplete"] = True
    if option.get("choices"):
        limited["choices"] = [choice["value"] for choice in option["choices"]]
    return limited


def test_the_commands_and_their_options_are_as_documented(guild: Guild):
    told = {
        name: [(option["name"], option["type"], option["required"], limits(option)) for option in options]
        for command in synced(guild)
        for name, options in leaves(command)
    }

    assert told == OPTIONS


def test_the_commands_are_for_servers_only_and_for_those_who_may_manage_them(guild: Guild):
    messages = discord.Permissions(manage_messages=True)
    needed = {
        "feed": discord.Permissions(manage_guild=True),
        "status": discord.Permissions(manage_guild=True),
        "channel": messages,
        "poll": messages,
        "recap": messages,
        "debate": messages,
        "Manage story": messages,
        "Remove take": messages,
    }
    for command in synced(guild):
        assert command["contexts"] == [0] or command["dm_permission"] is False
        permissions = needed.get(command["name"])
        assert command["default_member_permissions"] == (permissions.value if permissions else None)


def test_members_are_offered_help_and_what_is_about_themselves(guild: Guild):
    assert guild.bob.available_commands(guild.news) == ("ask", "help", "privacy", "standings", "takes top", "team")


@pytest.mark.parametrize(("command", "needs"), [("feed", "Manage Server"), ("channel", "Manage Messages")])
async def test_who_lacks_the_permission_is_told_so_even_where_a_server_shows_the_command(
    guild: Guild, command: str, needs: str
):
    guild.allow(command, guild.bob)

    for name, use in USES.items():
        if name.startswith(command):
            told = await guild.told(name, by=guild.bob, **use)
            assert told == f"For this you need the permission **{needs}**."
    assert guild.web.fetched == []


async def test_who_lacks_the_permission_is_offered_no_feeds(guild: Guild):
    await guild.told("feed add", url=FEED)
    guild.allow("feed", guild.bob)

    assert await guild.completions("feed remove") != []
    assert await guild.completions("feed remove", by=guild.bob) == []


@pytest.mark.parametrize("command", USES)
async def test_a_command_is_acknowledged_before_anything_slow(
    guild: Guild, command: str, monkeypatch: pytest.MonkeyPatch
):
    await prepare(guild, command)
    acknowledged = guild.watch(monkeypatch, (guild.store, "begin"), (guild.store, "read"), (guild.web, "get"))
    await guild.told(command, **USES[command])

    assert acknowledged
    assert all(acknowledged)


@pytest.mark.parametrize("command", USES)
async def test_no_answer_holds_a_word_of_our_own_jargon(guild: Guild, command: str):
    await prepare(guild, command)

    words = set(re.findall(r"\w+", (await guild.told(command, **USES[command])).lower()))

    assert not words & NEVER_READ


@pytest.mark.parametrize("command", ["feed remove", "feed pause", "feed resume", "feed preview", "feed refresh"])
async def test_a_feed_that_is_not_posted_here_is_told_as_such(guild: Guild, command: str):
    told = await guild.told(command, feed="nothing like it")

    assert told == "I don't know that feed here. Pick one from the list that appears while you type."


async def test_what_nobody_foresaw_is_called_our_mistake(guild: Guild, monkeypatch: pytest.MonkeyPatch):
    async def break_down(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(guild.web, "get", break_down)
    guild.mistakes = [ZeroDivisionError]

    assert await guild.told("feed add", url=FEED) == OUR_MISTAKE


# /feed add


async def test_adding_a_feed_tells_what_it_is_and_what_will_be_posted_where(guild: Guild):
    told = await guild.told("feed add", url=FEED)

    assert told == (
        f"**Lab Notes** now posts in {guild.news.mention}.\n"
        "It has 3 articles. The newest: **Post 3**\n"
        "I post the newest one now, then each new one as it appears."
    )


async def test_an_added_feed_posts_its_newest_and_then_each_new_story(guild: Guild):
    await guild.told("feed add", url=FEED)
    await guild.later()
    assert guild.headlines() == ["Post 3"]

    guild.web.put(FEED, *posts(1, 2, 3, 4, 5))
    await guild.later(minutes=20)
    assert guild.headlines() == ["Post 3", "Post 4", "Post 5"]


@pytest.mark.parametrize(
    ("backfill", "posted"), [(0, []), (2, ["Post 2", "Post 3"]), (5, ["Post 1", "Post 2", "Post 3"])]
)
async def test_as_many_of_the_newest_are_posted_as_asked_for(guild: Guild, backfill: int, posted: list[str]):
    await guild.told("feed add", url=FEED, backfill=backfill)
    await guild.later()

    assert guild.headlines() == posted


async def test_a_feed_may_go_to_another_channel_than_the_one_it_is_added_in(guild: Guild):
    other = guild.guild.create_text_channel("other")

    assert other.mention in await guild.told("feed add", url=FEED, channel=other)
    await guild.later()

    assert guild.headlines(other) == ["Post 3"]
    assert guild.headlines() == []


async def test_an_own_title_is_shown_as_it_was_typed_and_has_no_power(guild: Guild):
    told = await guild.told("feed add", url=FEED, title="*The* <@1> @everyone Lab")
    await guild.later()

    assert "**\\*The\\* \\<\\@1> \\@everyone Lab**" in told
    card = guild.news.last_message
    assert "\\*The\\*" in card.content
    assert not card.mentions and not card.mention_everyone
    assert await guild.completions("feed remove") == ["*The* <@1> @everyone Lab · lab.example/feed.xml"]


async def test_a_title_of_nothing_to_see_counts_as_none(guild: Guild):
    assert "**Lab Notes** now posts" in await guild.told("feed add", url=FEED, title="\u200b\u2060")
    await guild.later()

    assert guild.news.last_message.content == "**Post 3** · Lab Notes"


async def test_the_same_feed_twice_in_a_channel_is_a_polite_no(guild: Guild):
    await guild.told("feed add", url=FEED)

    assert (
        await guild.told("feed add", url=FEED) == f"{guild.news.mention} already gets that feed. Nothing has changed."
    )
    assert len(await guild.completions("feed remove")) == 1


async def test_of_a_page_with_several_feeds_one_is_chosen(guild: Guild):
    guild.web.put(OTHER_FEED, *posts(7), title="Comments")
    guild.web.pages[PAGE] = (FeedLink(FEED, "Posts"), FeedLink(OTHER_FEED, ""))
    asked = await guild.slash("feed add", url=PAGE)

    assert read(asked.response) == "That page has 2 feeds. Which one shall I add?"
    assert [(option["label"], option["description"]) for option in options(asked.response)] == [
        ("Posts", FEED),
        (OTHER_FEED, OTHER_FEED),
    ]

    await guild.alice.select(asked.response, ["1"])
    assert read(asked.response).startswith(f"**Comments** now posts in {guild.news.mention}.")
    assert options(asked.response) == []
    await guild.later()
    assert guild.headlines() == ["Post 7"]


async def test_a_chosen_feed_that_cannot_be_read_says_why_and_leaves_nothing(guild: Guild):
    guild.web.pages[PAGE] = (FeedLink(FEED, "Posts"), FeedLink("https://lab.example/gone", "Gone"))
    asked = await guild.slash("feed add", url=PAGE)

    await guild.alice.select(asked.response, ["1"])

    assert read(asked.response) == "That address answered 404: there is nothing there."
    assert options(asked.response) == []
    assert await guild.told("feed list") == "There are no feeds here yet. Add the first one with `/feed add`."


async def test_a_forum_that_requires_a_tag_asks_which_and_posts_with_it(guild: Guild):
    forum = guild.forum(Models=False, Internal=True, Chips=False)

    asked = await guild.slash("feed add", url=FEED, channel=forum)
    assert read(asked.response) == "Posts in that forum need a tag. Which one shall mine have?"
    assert [option["label"] for option in options(asked.response)] == ["Models", "Chips"]
    await guild.alice.select(asked.response, ["1"])
    assert read(asked.response).startswith(f"**Lab Notes** now posts in {forum.mention}.")
    await guild.later()

    assert [(post.name, post._channel.applied_tags) for post in forum.threads] == [
        ("Post 3", [int(forum._channel.available_tags[2]["id"])])
    ]


async def test_a_page_with_several_feeds_for_a_forum_with_tags_asks_for_both(guild: Guild):
    guild.web.pages[PAGE] = (FeedLink(FEED, "Posts"), FeedLink(OTHER_FEED, "Comments"))
    forum = guild.forum(Models=False, Chips=False)

    asked = await guild.slash("feed add", url=PAGE, channel=forum)
    await guild.alice.select(asked.response, ["0"])
    await guild.alice.select(asked.response, ["0"])

    assert read(asked.response).startswith(f"**Lab Notes** now posts in {forum.mention}.")


async def test_a_forum_whose_tags_are_all_for_moderators_is_told_as_such(guild: Guild):
    forum = guild.forum(Internal=True)

    told = await guild.told("feed add", url=FEED, channel=forum)

    assert told == (
        f"Each post in {forum.mention} needs a tag, and only moderators may use those there are. "
        "Add one for everybody, or don't require tags."
    )
    assert guild.web.fetched == []


async def test_announcement_channels_forums_and_threads_can_be_news_channels(guild: Guild):
    announcements = guild.guild.create_news_channel("announcements")
    forum = guild.guild.create_forum_channel("forum")
    thread = await guild.thread("talk")

    for place in (announcements, forum, thread):
        assert "now posts in" in await guild.told("feed add", url=FEED, channel=place)

    async with guild.store.read() as connection:
        kinds = await guild.store.channels.of_guild(connection, guild.guild.id)
    assert [kinds[place.id].kind for place in (announcements, forum, thread)] == [
        ChannelKind.ANNOUNCEMENT,
        ChannelKind.FORUM,
        ChannelKind.THREAD,
    ]


async def test_in_a_thread_the_thread_is_the_channel_that_is_meant(guild: Guild):
    thread = await guild.thread("talk")

    assert thread.mention in await guild.told("feed add", url=FEED, where=thread)


NO_PLACE = "News goes to text, announcement and forum channels and to threads. Pick one of those."


async def test_a_voice_channel_is_no_place_for_news(guild: Guild):
    voice = guild.guild.create_voice_channel("voice")

    assert await guild.told("feed add", url=FEED, where=voice) == NO_PLACE


@pytest.mark.parametrize("kind", ["category", "stage_channel", "voice_channel"])
async def test_a_place_that_discord_would_not_offer_is_refused_all_the_same(guild: Guild, kind: str):
    place = getattr(guild.guild, f"create_{kind}")("place")

    assert await forged_add(guild, place.id, place._channel.type) == NO_PLACE
    assert guild.web.fetched == []


async def test_a_channel_of_another_server_is_never_seen(guild: Guild):
    elsewhere = guild.env.create_guild("Elsewhere").create_text_channel("news")

    told = await forged_add(guild, elsewhere.id, 0)

    assert told.startswith(f"I can't see {elsewhere.mention}.")
    assert guild.web.fetched == []


async def forged_add(guild: Guild, channel_id: int, kind: int) -> str:
    """Add FEED to a channel that Discord's clients would not offer."""
    command = guild.env.backend.find_command("feed", guild.guild.id, type=1)
    given = [
        {"name": "url", "type": TEXT, "value": FEED},
        {"name": "channel", "type": CHANNEL, "value": str(channel_id)},
    ]
    data = {
        "id": command["id"],
        "name": "feed",
        "type": 1,
        "options": [{"name": "add", "type": 1, "options": given}],
        "resolved": {
            "channels": {str(channel_id): {"id": str(channel_id), "name": "x", "type": kind, "permissions": "0"}}
        },
    }
    result = await guild.forged(guild.alice, discord.InteractionType.application_command, data)
    assert result.ephemeral
    return read(result.response)


@pytest.mark.parametrize("permission", ["view_channel", "send_messages"])
async def test_where_no_card_could_appear_nothing_is_added(guild: Guild, permission: str):
    closed = guild.guild.create_text_channel("closed")
    guild.take_away(closed, permission)
    name = permission.replace("_", " ").title()

    told = await guild.told("feed add", url=FEED, channel=closed)

    assert f"In {closed.mention} I still need" in told
    assert f"**{name}**" in told
    assert told.endswith("Nothing was added.")
    assert guild.web.fetched == []


async def test_each_missing_permission_is_named_and_the_feed_added(guild: Guild):
    guild.take_away(guild.news, "embed_links", "attach_files", "read_message_history", "create_public_threads")

    told = await guild.told("feed add", url=FEED)

    assert told.startswith("**Lab Notes** now posts in")
    for_cards = "I still need **Embed Links**, **Attach Files**, **Read Message History**"
    assert f"{for_cards}, **Create Public Threads**." in told
    assert f"{for_cards}, **Create Public Threads**." in await guild.told("channel discussion")
    assert f"{for_cards}." in await guild.told("channel discussion", threads="none")


async def test_in_a_thread_writing_is_a_permission_of_its_own(guild: Guild):
    thread = await guild.thread("talk")
    guild.take_away(guild.news, "send_messages_in_threads")

    assert "**Send Messages in Threads**" in await guild.told("feed add", url=FEED, where=thread)


async def test_a_feed_added_where_news_is_stopped_says_that_it_waits(guild: Guild):
    await guild.told("feed add", url=FEED)
    await guild.told("channel pause")
    guild.web.put(OTHER_FEED, *posts(8), title="Blog")

    told = await guild.told("feed add", url=OTHER_FEED)

    assert "gets no news at the moment" in told
    assert "`/channel resume`" in told
    assert "I post the newest" not in told


# The option ``feed``


async def test_a_feed_is_offered_by_its_title_or_address(guild: Guild):
    guild.web.put(OTHER_FEED, *posts(8), title="Other Notes")
    await guild.told("feed add", url=FEED)
    await guild.told("feed add", url=OTHER_FEED)

    assert await guild.completions("feed pause") == [
        "Lab Notes · lab.example/feed.xml",
        "Other Notes · blog.example/feed.xml",
    ]
    assert await guild.completions("feed pause", "LAB") == ["Lab Notes · lab.example/feed.xml"]
    assert await guild.completions("feed pause", "blog.ex") == ["Other Notes · blog.example/feed.xml"]
    assert await guild.completions("feed pause", "nowhere") == []


@pytest.mark.parametrize("command", ["feed remove", "feed pause", "feed resume", "feed preview", "feed refresh"])
async def test_what_is_offered_names_the_feed(guild: Guild, command: str):
    await guild.told("feed add", url=FEED)
    if command == "feed resume":
        await guild.told("feed pause", feed=FEED)

    offered = await guild.choices(command)

    assert "I don't know that feed" not in await guild.told(command, feed=offered[0]["value"])


async def test_of_many_feeds_as_many_are_offered_as_discord_shows(guild: Guild):
    for number in range(30):
        guild.web.put(f"https://lab.example/{number}{'x' * 300}", *posts(number + 1), title=f"Feed {number} {'y' * 90}")
        await guild.told("feed add", url=f"https://lab.example/{number}{'x' * 300}", backfill=0)

    offered = await guild.completions("feed pause")

    assert len(offered) == 25
    assert all(1 <= length(name) <= 100 for name in offered)
    assert "lab.example" in offered[0]


async def test_two_feeds_of_one_name_are_not_mistaken_for_each_other(guild: Guild):
    guild.web.put(OTHER_FEED, *posts(8))
    await guild.told("feed add", url=FEED)
    await guild.told("feed add", url=OTHER_FEED)

    told = await guild.told("feed remove", feed="lab notes")

    assert told == "Several feeds here have that name. Pick one from the list while you type."


async def test_another_server_s_feeds_are_neither_offered_nor_touched(guild: Guild):
    await guild.told("feed add", url=FEED)
    elsewhere = guild.env.create_guild("Elsewhere")
    carol = member(guild.env, elsewhere, "carol", manage_guild=True, manage_messages=True)
    channel = elsewhere.create_text_channel("news")

    assert await carol.autocomplete(channel, "feed remove", "feed", "") == []
    assert "no feeds here yet" in await guild.told("feed list", by=carol, where=channel)
    for named in (FEED, "Lab Notes", "#1"):
        for command in ("feed remove", "feed pause", "feed refresh", "feed preview"):
            assert "I don't know that feed" in await guild.told(command, by=carol, where=channel, feed=named)
    assert " · ok\n" in await guild.told("feed list")


# /feed list


def due_in() -> int:
    """How many seconds after a good reading FEED is due again: ten minutes and its own jitter."""
    return int(600 * (1 + spread(FEED) / 8))


async def test_the_list_tells_each_feed_s_channel_state_last_success_and_next_check(guild: Guild):
    await guild.told("feed add", url=FEED, backfill=0)
    now = int(utcnow().timestamp())

    assert await guild.told("feed list") == (
        "### 1 feed\n"
        f"**Lab Notes** in {guild.news.mention} · ok\n"
        "-# https\\://lab.example/feed.xml\n"
        f"-# last read <t:{now}:R> · next check <t:{now + due_in()}:t>"
    )


async def test_the_list_is_about_this_channel_unless_another_is_named(guild: Guild):
    other = guild.guild.create_text_channel("other")
    guild.web.put(OTHER_FEED, *posts(8), title="Blog")
    await guild.told("feed add", url=FEED)
    await guild.told("feed add", url=OTHER_FEED, channel=other)

    here, there = await guild.told("feed list"), await guild.told("feed list", channel=other)

    assert "Lab Notes" in here and "Blog" not in here
    assert "Blog" in there and "Lab Notes" not in there
    assert "Other channels get 1 more feed" in here


async def test_where_no_feed_goes_the_list_says_where_some_do(guild: Guild):
    other = guild.guild.create_text_channel("other")
    await guild.told("feed add", url=FEED)

    told = await guild.told("feed list", where=other)

    assert told == f"That channel gets no feed. Others do: {guild.news.mention}. `/feed list channel` shows which."


async def test_a_long_list_is_turned_by_its_caller_alone(guild: Guild):
    for number in range(7):
        guild.web.put(f"https://lab.example/{number}", *posts(number + 1), title=f"Feed {number}.")
        await guild.told("feed add", url=f"https://lab.example/{number}", backfill=0)
    shown = await guild.slash("feed list")
    assert "Feed 4." in read(shown.response) and "Feed 5." not in read(shown.response)

    await guild.alice.click(shown.response, label="Next")
    assert "Feed 5." in read(shown.response)

    assert await forged_click(guild, shown.response, "Previous") == NOT_YOURS
    assert "Feed 5." in read(shown.response)


async def test_a_failing_feed_tells_why_in_the_list(guild: Guild):
    await guild.told("feed add", url=FEED)
    guild.web.errors[FEED] = FetchFailed("That server takes too long to answer.")
    await guild.later(minutes=15)

    told = await guild.told("feed list")

    assert " · failed lately\n" in told
    assert "⚠️ That server takes too long to answer." in told


async def test_what_is_paused_or_cannot_be_posted_is_seen_in_the_list(guild: Guild):
    await guild.told("feed add", url=FEED)
    await guild.told("channel pause", duration="1h")
    assert " · channel paused\n" in await guild.told("feed list")

    await guild.later(hours=1, minutes=5)
    assert " · ok\n" in await guild.told("feed list")

    guild.take_away(guild.news, "send_messages")
    guild.web.put(FEED, *posts(1, 2, 3, 4))
    await guild.later(minutes=20)
    told = await guild.told("feed list")
    assert " · can't post there\n" in told
    assert "⚠️ I may not write in this channel any more" in told
    assert "`/channel resume` there tries it at once.\n-# Waiting: 1 story.\n" in told

    await guild.told("feed pause", feed=FEED)
    told = await guild.told("feed list")
    assert " · paused\n" in told
    assert "next check" not in told


# /feed remove, and taking it back


async def test_a_removed_feed_is_gone_and_can_be_brought_back_with_what_it_missed(guild: Guild):
    await guild.told("feed add", url=FEED, backfill=0)
    removed = await guild.slash("feed remove", feed=FEED)
    assert read(removed.response) == (
        f"**Lab Notes** no longer posts in {guild.news.mention}. You can undo this for 10 minutes."
    )
    assert "no feeds here yet" in await guild.told("feed list")
    guild.web.put(FEED, *posts(1, 2, 3, 4))
    await guild.later(minutes=9)
    assert guild.headlines() == []

    await guild.alice.click(removed.response, label="Undo")
    assert read(removed.response) == f"**Lab Notes** is back in {guild.news.mention}, as if nothing had happened."
    assert labels(removed.response) == []
    await guild.later(minutes=20)
    assert guild.headlines() == ["Post 4"]


async def test_the_undo_goes_away_after_ten_minutes(guild: Guild):
    await guild.told("feed add", url=FEED)
    removed = await guild.slash("feed remove", feed=FEED)

    await guild.later(minutes=10, seconds=1)

    assert labels(removed.response) == []
    assert "no feeds here yet" in await guild.told("feed list")


async def test_a_removed_feed_can_be_brought_back_after_a_restart(guild: Guild):
    await guild.told("feed add", url=FEED, backfill=0)
    removed = await guild.slash("feed remove", feed=FEED)
    await guild.restart()

    await guild.alice.click(removed.response, label="Undo")

    assert read(removed.response) == f"**Lab Notes** is back in {guild.news.mention}, as if nothing had happened."
    assert labels(removed.response) == []
    guild.web.put(FEED, *posts(1, 2, 3, 4))
    await guild.later(minutes=20)
    assert guild.headlines() == ["Post 4"]


async def test_the_undo_still_works_when_one_before_it_has_gone_away(guild: Guild):
    await guild.told("feed add", url=FEED, backfill=0)
    await guild.slash("feed remove", feed=FEED)
    await guild.later(minutes=11)
    await guild.told("feed add", url=FEED, backfill=0)
    removed = await guild.slash("feed remove", feed=FEED)

    await guild.alice.click(removed.response, label="Undo")

    assert "is back in" in read(removed.response)


def test_the_undo_is_promised_for_as_long_as_it_works():
    minutes = UNDO_WINDOW // timedelta(minutes=1)

    assert Feeds.remove.description == f"Stop posting a feed; can be undone for {minutes} minutes."


async def test_only_who_may_manage_the_server_brings_a_feed_back(guild: Guild):
    await guild.told("feed add", url=FEED)
    removed = await guild.slash("feed remove", feed=FEED)

    told = await forged_click(guild, removed.response, "Undo")
    assert told == "For this you need the permission **Manage Server**."
    assert "no feeds here yet" in await guild.told("feed list")


async def forged_click(guild: Guild, message: Any, label: str) -> str:
    """Click as Mod on what only Alice was shown."""
    button = next(
        part for row in message.components for part in row.get("components", ()) if part.get("label") == label
    )
    data = {"custom_id": button["custom_id"], "component_type": 2}
    result = await guild.forged(guild.mod, discord.InteractionType.component, data, message)
    assert result.response.ephemeral
    return read(result.response)


async def test_an_undo_that_comes_too_late_says_so(guild: Guild):
    await guild.told("feed add", url=FEED)
    removed = await guild.slash("feed remove", feed=FEED)
    await guild.told("feed add", url=FEED)

    await guild.alice.click(removed.response, label="Undo")

    assert read(removed.response) == "That can't be undone any more. Add the feed again with `/feed add`."
    assert labels(removed.response) == []


async def test_a_feed_is_removed_from_all_of_the_server_or_from_one_channel(guild: Guild):
    other = guild.guild.create_text_channel("other")
    third = guild.guild.create_text_channel("third")
    for channel in (guild.news, other, third):
        await guild.told("feed add", url=FEED, channel=channel)

    told = await guild.told("feed remove", feed=FEED, channel=other)
    assert told.startswith(f"**Lab Notes** no longer posts in {other.mention}.")

    told = await guild.told("feed remove", feed=FEED, channel=other)
    assert told == "That feed isn't used in that channel. `/feed list` shows what is."

    told = await guild.told("feed remove", feed=FEED)
    assert told.startswith(f"**Lab Notes** no longer posts in {guild.news.mention} and {third.mention}.")


# /feed pause and resume


async def test_a_paused_feed_posts_nothing_until_it_is_resumed(guild: Guild):
    await guild.told("feed add", url=FEED, backfill=0)

    told = await guild.told("feed pause", feed=FEED)
    assert told == "**Lab Notes** is paused in this server. `/feed resume` lets its stories in again."
    assert "paused already" in await guild.told("feed pause", feed=FEED)
    guild.web.put(FEED, *posts(1, 2, 3, 4))
    await guild.later(minutes=20)

    told = await guild.told("feed resume", feed=FEED)
    assert told == "**Lab Notes** is back: each new story is posted from now on."
    assert "isn't paused" in await guild.told("feed resume", feed=FEED)
    await guild.later(minutes=20)
    guild.web.put(FEED, *posts(1, 2, 3, 4, 5))
    await guild.later(minutes=20)
    assert guild.headlines() == ["Post 5"]


# /feed preview


async def test_a_preview_is_the_newest_article_as_a_card_for_the_caller_alone(guild: Guild):
    await guild.told("feed add", url=FEED, backfill=0)

    shown = await guild.slash("feed preview", feed=FEED)

    assert shown.ephemeral
    assert shown.response.content == "**Post 3** · Lab Notes"
    assert shown.response.embeds[0].title == "lab.example"
    assert labels(shown.response) == ["Read"]
    assert guild.headlines() == []


# /feed refresh


async def test_a_refresh_tells_how_it_went(guild: Guild):
    await guild.told("feed add", url=FEED, backfill=0)
    assert await guild.told("feed refresh", feed=FEED) == (
        "I read that feed a moment ago, and took in what was new. Ask again in a minute."
    )
    await guild.later(minutes=1)
    soon = int(utcnow().timestamp()) + due_in()
    assert await guild.told("feed refresh", feed=FEED) == (f"**Lab Notes** has nothing new. I look again <t:{soon}:R>.")

    guild.web.put(FEED, *posts(1, 2, 3, 4, 5))
    await guild.later(minutes=1)
    assert await guild.told("feed refresh", feed=FEED) == (
        "**Lab Notes** has 2 new articles. Each is posted in its turn."
    )
    await guild.later()
    assert guild.headlines() == ["Post 4", "Post 5"]

    guild.web.errors[FEED] = FetchFailed("That address answered 500: the server has trouble of its own.", status=500)
    await guild.later(minutes=1)
    told = await guild.told("feed refresh", feed=FEED)
    assert told.startswith(
        "**Lab Notes** couldn't be read. That address answered 500: the server has trouble of its own."
    )
    assert re.search(r"I try again <t:\d+:R>\.$", told)


async def test_a_paused_feed_is_not_refreshed(guild: Guild):
    await guild.told("feed add", url=FEED)
    await guild.told("feed pause", feed=FEED)

    told = await guild.told("feed refresh", feed=FEED)

    assert told == "That feed is paused. `/feed resume` lets its stories in again."


# /channel


async def test_a_paused_channel_gets_its_stories_when_it_is_resumed(guild: Guild):
    await guild.told("feed add", url=FEED, backfill=2)

    told = await guild.told("channel pause", by=guild.mod)
    assert told == "No news here until `/channel resume`. What is found meanwhile comes then."
    await guild.later()
    assert guild.headlines() == []

    assert (
        await guild.told("channel resume", by=guild.mod) == "News comes here again. What waited comes now: 2 stories."
    )
    await guild.later()
    assert guild.headlines() == ["Post 2", "Post 3"]


async def test_a_pause_for_a_while_names_its_end_and_ends_by_itself(guild: Guild):
    await guild.told("feed add", url=FEED)

    told = await guild.told("channel pause", duration="1h 30m")

    end = int((utcnow() + timedelta(minutes=90)).timestamp())
    assert told == f"No news here until <t:{end}:f>. What is found meanwhile comes then."
    await guild.later(minutes=95)
    assert guild.headlines() == ["Post 3"]


async def suspended_forum(guild: Guild) -> Any:
    """A forum with a post of ours in which the bot may no longer post, with two stories waiting."""
    forum = guild.guild.create_forum_channel("forum")
    await guild.told("feed add", url=FEED, channel=forum)
    await guild.later()
    guild.take_away(forum, "send_messages")
    guild.web.put(FEED, *posts(1, 2, 3, 4, 5))
    await guild.later(minutes=20)
    return forum


async def test_a_forum_is_resumed_in_one_of_its_posts_since_nobody_can_type_in_itself(guild: Guild):
    forum = await suspended_forum(guild)
    (post,) = forum.threads
    await guild.told("channel pause", by=guild.mod, where=post)
    guild.give_back(forum)

    told = await guild.told("channel resume", by=guild.mod, where=post)

    assert told == f"News comes to {forum.mention} again. What waited comes now: 2 stories."
    await guild.later()
    assert [thread.name for thread in forum.threads] == ["Post 3", "Post 4", "Post 5"]


async def test_a_forum_resumed_without_the_permissions_names_them(guild: Guild):
    forum = await suspended_forum(guild)

    told = await guild.told("channel resume", where=forum.threads[0])

    assert f"In {forum.mention} I still need **Send Messages**" in told


async def test_a_forum_is_paused_and_listed_in_one_of_its_posts(guild: Guild):
    forum = guild.guild.create_forum_channel("forum")
    await guild.told("feed add", url=FEED, channel=forum)
    await guild.later()
    (post,) = forum.threads

    told = await guild.told("channel pause", where=post)

    assert told == f"No news in {forum.mention} until `/channel resume`. What is found meanwhile comes then."
    assert f"**Lab Notes** in {forum.mention} · channel paused\n" in await guild.told("feed list", where=post)


async def test_in_a_thread_without_news_of_its_own_the_list_is_its_channels(guild: Guild):
    await guild.told("feed add", url=FEED)
    thread = await guild.thread("Post 3")

    assert f"**Lab Notes** in {guild.news.mention} · ok\n" in await guild.told("feed list", where=thread)


async def test_a_length_of_time_that_cannot_be_read_pauses_nothing(guild: Guild):
    await guild.told("feed add", url=FEED)

    assert "I can't read that length of time" in await guild.told("channel pause", duration="soon")
    await guild.later()
    assert guild.headlines() == ["Post 3"]


async def test_a_channel_that_gets_no_news_can_neither_be_paused_nor_resumed(guild: Guild):
    for command in ("channel pause", "channel resume"):
        assert await guild.told(command) == "This channel gets no news. `/feed add` makes it a news channel."


async def test_a_channel_that_is_not_paused_is_not_resumed(guild: Guild):
    await guild.told("feed add", url=FEED)

    assert await guild.told("channel resume") == "News isn't paused in this channel."


async def test_a_channel_resumed_without_the_permissions_names_them(guild: Guild):
    await guild.told("feed add", url=FEED)
    guild.take_away(guild.news, "send_messages")
    await guild.later()

    told = await guild.told("channel resume")

    assert told.startswith("News comes here again. What waited comes now: 1 story.")
    assert "**Send Messages**" in told


async def test_a_feed_that_always_brings_lumps_is_told_once_never_to_be_held(guild: Guild):
    await prepare(guild, "feed release")

    assert await guild.told("feed release", feed=FEED, always=True) == (
        "**Lab Notes** goes on: 0 stories come now, within the channel's limits. "
        "It is never held in this server again, even if all of it looks new. `always: False` ends that."
    )
    assert await guild.told("feed release", feed=FEED) == (
        "That feed isn't held, and never is here: `/feed release` with `always: False` ends that."
    )
    assert await guild.told("feed release", feed=FEED, always=False) == (
        "**Lab Notes** is held in this server when nearly all of it looks new."
    )
    assert await guild.told("feed release", feed=FEED) == "That feed isn't held: what it brings is posted."
