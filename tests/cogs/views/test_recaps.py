"""Recaps as members see them: whatever is told, it fits, and nothing of it has power."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from cogs.views import markdown
from cogs.views.cards import carries
from cogs.views.recaps import (
    RecapForm,
    RemarkForm,
    aged_form,
    form_of,
    plan_reply,
    preview,
    recap_layout,
    standings_of,
)
from newsroom.discussion.recap_messages import OldTake, RecapContents
from newsroom.discussion.recaps import Planned
from newsroom.discussion.week import Exchange, Intro, Moved, Talked, Trend, Week
from newsroom.models import Choice, Poll, RecapPlan, Side, Standing, Tally
from newsroom.text import length
from newsroom.votes.standings import Switches
from tests.cogs.guild import parts
from tests.makers import NOW, ago, guild_settings, poll, shown_poll, take

MARK = "7.0123456789abcdef01234567"
HOSTILE = ("@everyone [free](https://evil.example) ||x|| `y` **z** <@1> https://discord.gg/x " * 8)[:280]
LONG = ["*" * 280, "😀" * 140, "<@1>" * 70, "a" * 280, "_x_" * 93]
LINK = (10**18, 10**18 + 1)

WEEK = Week(
    ago(days=7),
    NOW,
    stories=12,
    votes=48,
    talked=Talked("Llama is out", 17, 1, LINK),
    moved=Moved("Whose weights?", 4, 2, LINK),
    takes=((1, 5), (2, 0)),
    exchange=Exchange(1, 2, 1, 9),
    trend=Trend(Standing(20, 11, 2), Standing(14, 12, 2), ago(days=7), Switches(5, 1), ((NOW, Standing(20, 11, 2)),)),
)
TAKES = {
    1: take(id=1, member_id=4001, side=Side.OPEN, text="Weights for everybody"),
    2: take(id=2, member_id=4002, side=Side.PROPRIETARY, text="Somebody has to pay", anonymous=True),
}


def contents(week: Week | None = WEEK, **fields: Any) -> RecapContents:
    made = RecapContents(1001, guild_settings(), MARK, week, TAKES, {1: LINK})
    return replace(made, **fields)


def old(**fields: Any) -> RecapContents:
    asked = replace(OldTake(TAKES[1], "Llama is out", LINK, 0, 0), **fields)
    return RecapContents(1001, guild_settings(), MARK, old=asked)


def text_of(view: Any) -> str:
    return "\n".join(part["content"] for part in parts(view.to_components()) if "content" in part)


def ids(view: Any) -> list[str]:
    return [part["custom_id"] for part in parts(view.to_components()) if "custom_id" in part]


def test_a_recap_tells_what_the_week_came_to():
    told = text_of(recap_layout(contents()))

    assert "### 🍿 The week" in told
    assert "12 stories came in, and 48 votes were cast." in told
    assert "**Most discussed**\n[Llama is out](https://discord.com/channels/1001/" in told
    assert "-# 17 messages · 1 take" in told
    assert "-# 4 crossed" in told
    assert "switched for good" not in told
    assert "<@4001> · 🟦 Team Open Source · 🔥\xa05 · [look](" in told
    assert "A member · 🟧 Team Proprietary · not hot yet\n> Somebody has to pay" in told
    assert "**Biggest exchange**" in told
    assert "Switched teams since then: 5 to Open source" in told
    assert "to Proprietary" not in told


def test_a_quiet_week_is_one_line():
    quiet = contents(replace(WEEK, stories=2, votes=1))

    assert text_of(recap_layout(quiet, "a chart")) == "🍿 A quiet week: 2 stories and 1 vote, which makes no recap."
    assert standings_of(quiet) is None


def test_what_there_is_nothing_honest_to_say_of_is_left_out():
    bare = contents(replace(WEEK, talked=None, moved=None, takes=(), exchange=None, trend=None))

    assert len(text_of(recap_layout(bare)).split("\n")) == 3


def test_a_standing_of_fewer_than_ten_is_neither_told_nor_drawn():
    assert WEEK.trend is not None
    few = contents(replace(WEEK, trend=replace(WEEK.trend, now=Standing(5, 4, 0))))

    assert standings_of(few) is None
    assert "Where this server stands" not in text_of(recap_layout(few))


def test_a_take_that_is_gone_is_not_shown_nor_what_was_said_to_it():
    told = text_of(recap_layout(contents(takes={2: TAKES[2]})))

    assert "Weights for everybody" not in told
    assert "Biggest exchange" not in told


def test_a_recap_is_found_again_by_its_mark_and_comes_silently():
    form = form_of(contents(), b"picture", "alt")

    assert isinstance(form, RecapForm)
    assert ids(form.view) == [f"standings:{MARK}"]
    sent = form.for_channel()
    assert sent["silent"]
    assert [file.filename for file in sent["files"]] == ["standings.png"]
    assert carries(_message(form.view), MARK)


def _message(view: discord.ui.LayoutView) -> Any:
    return SimpleNamespace(components=[discord.components._component_factory(part) for part in view.to_components()])


def test_a_preview_has_the_button_that_posts_it_and_no_other():
    assert ids(preview(contents(mark=""), None, 7, 4711)) == ["recap-post:7:4711"]


def test_what_a_model_said_is_labelled():
    said = contents(replace(WEEK, intro=Intro("A *loud* week.", "small")))

    assert ("A \\*loud\\* week.\n-# Phrased by small, a language model; its numbers are checked") in text_of(
        recap_layout(said)
    )


def test_nothing_that_is_quoted_has_power():
    hostile = take(id=1, side=Side.OPEN, text=HOSTILE)
    week = replace(WEEK, talked=Talked(HOSTILE, 5, 5, LINK), moved=Moved(HOSTILE, 5, 5), intro=Intro(HOSTILE, HOSTILE))

    told = text_of(recap_layout(contents(week, takes={1: hostile, 2: hostile})))

    for power in ("||x||", "`y`", "**z**", "(https://evil.example)", "discord.gg/x", "<@1>"):
        assert power not in told.replace("\\" + power[0], "\\")


@pytest.mark.parametrize("text", LONG)
@pytest.mark.parametrize("label", ["*" * 40, "😀" * 20, "a" * 40])
@pytest.mark.parametrize("number", [0, 10**6])
def test_the_longest_recap_fits_into_one_message(text: str, label: str, number: int):
    long = {
        id_: take(id=id_, member_id=10**18, side=side, text=text)
        for id_, side in zip((1, 2, 3, 4, 5), [*Side, *Side], strict=False)
    }
    settings = guild_settings(open_label=label, proprietary_label=label, depends_label=label)
    trend = Trend(
        Standing(number + 10, number, number),
        Standing(10, 0, 0),
        ago(days=7),
        Switches(number, number),
        ((NOW, Standing(10, 0, 0)),),
    )
    week = Week(
        ago(days=7),
        NOW,
        number + 3,
        number + 10,
        Talked(text, number, number, LINK),
        Moved(text, number, number, LINK),
        ((1, number), (2, number), (3, number)),
        Exchange(4, 5, number, number),
        trend,
        Intro("*" * 300, "*" * 60),
    )
    asked = shown_poll(poll=team_poll(label), tally=Tally((number, number, number), 3 * number), settings=settings)
    contents = RecapContents(10**18, settings, MARK, week, long, dict.fromkeys(long, LINK), poll=asked)
    view = recap_layout(contents, "a" * 1024)

    assert length(text_of(view)) <= markdown.LAYOUT_TEXT
    assert len(list(parts(view.to_components()))) <= markdown.LAYOUT_COMPONENTS


# ----------------------------------------------------------------------------------- How did it age?


def team_poll(label: str) -> Poll:
    return poll(choices=tuple(Choice(place, label, side) for place, side in enumerate(Side)), closes_at=NOW)


def test_an_old_take_is_quoted_with_the_question_how_it_aged():
    form = form_of(old())

    assert isinstance(form, RemarkForm)
    assert form.content.startswith("**How did it age?** A take of <t:")
    assert "<@4001> · 🟦 Team Open Source\n> Weights for everybody\n-# On [Llama is out](" in form.content
    assert [(item.label, item.custom_id) for item in form.view.children] == [  # type: ignore[attr-defined]
        ("Aged well", f"aged:{MARK}:well"),
        ("Aged badly", f"aged:{MARK}:badly"),
    ]
    assert form.for_channel()["silent"]


@pytest.mark.parametrize(("well", "badly", "shown"), [(0, 0, False), (1, 1, False), (2, 1, True), (0, 3, True)])
def test_what_others_say_is_shown_once_there_are_a_few(well: int, badly: int, shown: bool):
    told = aged_form(old(well=well, badly=badly)).content

    assert (f"-# Aged well: **{well}** · badly: **{badly}**" in told) is shown


def test_an_anonymous_old_take_names_nobody():
    assert "4002" not in aged_form(old(take=TAKES[2])).content


@pytest.mark.parametrize("text", LONG)
def test_the_longest_old_take_fits(text: str):
    asked = old(take=take(side=Side.OPEN, text=text), headline=text, well=10**9, badly=10**9)

    assert length(aged_form(asked).content) <= markdown.CONTENT


# -------------------------------------------------------------------------------------- settings


def plan(**fields: Any) -> RecapPlan:
    return replace(RecapPlan(1001, None, "weekly friday 17:00", NOW, False, 0), **fields)


def test_the_settings_say_when_and_where_it_comes_and_how_that_was_chosen():
    told = plan_reply(Planned(plan(), 2001, False, guild_settings())).content or ""
    assert told.startswith("**Weekly recap: on, every Friday at 17:00**\nNext: <t:")
    assert "<#2001>, the text channel that got most cards in the last 30 days" in told

    chosen = plan_reply(Planned(plan(channel_id=2001), 2001, True, guild_settings())).content or ""
    assert chosen.endswith("Where: <#2001>")


def test_the_settings_say_so_where_there_is_no_channel_for_it():
    told = plan_reply(Planned(plan(paused=True), None, False, guild_settings())).content or ""

    assert told.startswith("**Weekly recap: off**\n⚠️ There is no channel for it")
