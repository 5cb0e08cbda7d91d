from __future__ import annotations

from typing import Any

import pytest

from cogs.views import markdown
from cogs.views.alerts import alert_message, feed_panel, place_panel
from newsroom.desk.alerts import AlertContents, Ears
from newsroom.models import AlertKind, Feed, Health, Line
from newsroom.text import length
from tests.makers import ago, alert, feed

WORST = "*" * 5000


def contents(kind: AlertKind, *feeds: tuple[Feed, Health], **fields: Any) -> AlertContents:
    made = alert(kind=kind, feed_id=1, channel_id=10**18)
    return AlertContents(made, "1.0123456789abcdef01234567", Ears(None, (), frozenset()), feeds, **fields)


def worst_feed(number: int) -> Feed:
    return feed(id=number, title=WORST, error=WORST, failures=99, failing_since=ago(days=2), news_at=ago(days=9))


def text_of(contents: AlertContents) -> str:
    text = alert_message(contents)["embed"].description
    assert text is not None
    return str(text)


@pytest.mark.parametrize("health", [Health.FAILING, Health.STALE, Health.OK])
@pytest.mark.parametrize("number", [1, 8, 15, 16, 500])
@pytest.mark.parametrize("kind", [kind for kind in AlertKind if kind is not AlertKind.LINE])
def test_every_alert_can_be_sent_whatever_titles_and_reasons_say(kind: AlertKind, number: int, health: Health):
    feeds = [(worst_feed(each), health) for each in range(number)]

    made = alert_message(contents(kind, *feeds, waiting=10**9, reason=WORST), guild_name=WORST)

    embed = made["embed"]
    assert 1 <= length(embed.description) <= markdown.EMBED_DESCRIPTION
    assert length(embed.title) <= markdown.EMBED_TITLE
    assert len(embed) <= markdown.EMBED_TOTAL
    for menu in made["view"].children:
        for option in getattr(menu, "options", []):
            assert 1 <= length(option.label) <= markdown.SELECT_LABEL


def test_what_a_daily_message_has_no_room_for_is_counted():
    feeds = [(worst_feed(each), Health.FAILING) for each in range(12)]

    *lines, last = text_of(contents(AlertKind.DAILY, *feeds)).split("\n")

    assert 5 <= len(lines) < 12
    assert all(line.startswith("⚠️ ") for line in lines)
    assert last == f"… and {12 - len(lines)} more feeds: `/feed list` has them."


def test_short_lines_all_stand_in_a_daily_message_up_to_fifteen():
    feeds = [(feed(id=each, title=f"Feed {each}"), Health.STALE) for each in range(16)]

    assert len(text_of(contents(AlertKind.DAILY, *feeds[:15])).split("\n")) == 15
    assert text_of(contents(AlertKind.DAILY, *feeds)).endswith("… and 1 more feed: `/feed list` has it.")


def test_the_panels_behind_an_alert_can_be_sent_whatever_names_say():
    panel = feed_panel("1.0123456789abcdef01234567", 10**17, WORST)
    places = place_panel("1.0123456789abcdef01234567", 10**18, [(10**18 + each, WORST) for each in range(500)])

    for reply in (panel, places):
        assert reply.content is not None
        assert length(reply.content) <= markdown.CONTENT
    assert places.view is not None
    [menu] = places.view.children
    assert len(menu.options) == markdown.SELECT_OPTIONS  # type: ignore[attr-defined]


@pytest.mark.parametrize("line", Line)
def test_every_line_can_be_sent_silently_and_says_in_a_direct_message_which_server_it_is_about(line: Line):
    made = alert(kind=AlertKind.LINE, line=line, channel_id=10**18, member_id=10**18, detail=WORST)
    told = AlertContents(made, "1.0123456789abcdef01234567", Ears(None, (), frozenset()))

    here, by_message = alert_message(told), alert_message(told, guild_name=WORST)

    assert here["silent"] and by_message["silent"]
    assert by_message["content"].startswith(f"{here['content']}\n-# In the server ")
    assert length(by_message["content"]) <= markdown.CONTENT
    assert "**" not in here["content"]


def test_a_line_says_who_did_what_where():
    def says(line: Line, **fields: Any) -> str:
        made = alert(kind=AlertKind.LINE, line=line, **fields)
        return str(alert_message(AlertContents(made, "1.x", Ears(None, (), frozenset())))["content"])

    assert says(Line.AUTHOR_BLOCKED, channel_id=2, member_id=1) == (
        "<@1> removed a take in <#2> and blocked its author from takes for a week."
    )
    assert says(Line.ANSWER_REMOVED, member_id=1) == "<@1> removed an answer."
    assert says(Line.DEBATE_STOPPED, channel_id=2, member_id=1) == "<@1> stopped the debate in <#2>."
