"""What moderators see who ask: it fits, and formats nothing that others wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.views import markdown
from cogs.views.asking import (
    EditQuestions,
    PollQuestions,
    poll_list,
    poll_name,
    poll_started,
    repeat_line,
    repeat_list,
    repeat_name,
    settings_panel,
)
from newsroom.models import Choice, PollState, Repeat, Side, Tally, Visibility
from newsroom.text import length
from newsroom.votes.asking import read_choices
from tests.cogs.guild import parts
from tests.makers import NOW, guild_settings, poll, shown_poll

MARK = "123456789012345678.0123456789abcdef01234567"
LONGEST = ["*" * 300, "_" * 300, "😀" * 150, "<@1>" * 75, "@everyone " * 30, "a" * 300]
questions = st.sampled_from(LONGEST) | st.text(min_size=1, max_size=150).filter(lambda text: bool(text.strip()))


def repeat(**fields: Any) -> Repeat:
    return replace(
        Repeat(
            id=1,
            guild_id=1001,
            channel_id=2001,
            question="What did you train?",
            rule="weekly friday 18:00",
            next_at=NOW + timedelta(days=1),
            paused=False,
            quiet=0,
            notice_due=False,
            created_by=3001,
        ),
        **fields,
    )


def text_of(view: Any) -> str:
    return "\n".join(part["content"] for part in parts(view.to_components()) if "content" in part)


def assert_modal(form: dict[str, Any]) -> None:
    assert 1 <= length(form["title"]) <= 45
    assert len(form["custom_id"]) <= markdown.CUSTOM_ID
    assert 1 <= len(form["components"]) <= 5
    for part in form["components"]:
        assert length(part["label"]) <= 45
        assert length(part.get("description") or "") <= 100
        field = part["component"]
        assert length(field.get("value") or "") <= field.get("max_length", 4000)
        assert all(length(option["label"]) <= 100 for option in field.get("options", ()))


def test_the_form_for_a_poll_fits_and_asks_for_nothing_twice():
    form = PollQuestions().to_dict()

    assert_modal(form)
    fields = [part["component"]["custom_id"] for part in form["components"]]
    assert fields == ["question", "choices", "duration", "visibility", "results"]
    assert not any(part["component"].get("required", True) for part in form["components"])


@pytest.mark.parametrize("text", ["*" * 79, "😀" * 39, "a" * 79])
def test_the_form_for_an_edit_holds_the_longest_poll_and_gives_it_back(text: str):
    sides = [*Side, *[None] * 7]
    choices = tuple(Choice(place, f"{place}{text}", side) for place, side in enumerate(sides))

    form = EditQuestions(poll(question=text * 3, choices=choices), MARK).to_dict()

    assert_modal(form)
    shown = form["components"][1]["component"]["value"]
    assert [(choice.label, choice.side) for choice in read_choices(shown)] == [
        (choice.label, choice.side) for choice in choices
    ]


@given(questions)
def test_a_poll_has_a_name_while_somebody_types(question: str):
    for made in (poll(question=question), poll(question="\u200b")):
        assert 1 <= length(poll_name(made)) <= markdown.CHOICE_NAME


@given(questions)
def test_a_repeat_has_a_name_while_somebody_types_and_a_line_in_the_list(question: str):
    assert 1 <= length(repeat_name(repeat(question=question))) <= markdown.CHOICE_NAME
    assert length(repeat_line(repeat(question=question), guild_settings())) <= markdown.CONTENT


def test_a_repeat_without_a_question_asks_for_the_teams_in_the_servers_words():
    line = repeat_line(repeat(question=None), guild_settings(open_label="Commons", timezone="Europe/Berlin"))

    assert line.startswith("**Team Commons or Team Proprietary?**\n-# every Friday at 18:00 (Europe/Berlin) in <#2001>")
    assert repeat_name(repeat(question=None)) == "every Friday at 18:00: the team question"


@given(st.lists(questions, min_size=1, max_size=25))
def test_every_page_of_a_list_of_polls_fits(asked: list[str]):
    polls = [shown_poll(poll=poll(id=number, question=question)) for number, question in enumerate(asked)]

    reply = poll_list(object(), polls, {number: (2**63, 2**63) for number in range(25)})  # type: ignore[arg-type]

    assert length(text_of(reply.view)) <= markdown.LAYOUT_TEXT


@given(st.lists(questions, min_size=1, max_size=20))
def test_every_page_of_a_list_of_repeats_fits(asked: list[str]):
    repeats = [repeat(question=question) for question in asked]

    reply = repeat_list(object(), repeats, guild_settings())  # type: ignore[arg-type]

    assert length(text_of(reply.view)) <= markdown.LAYOUT_TEXT


def test_a_poll_in_the_list_says_how_many_voted_until_when_and_who_sees_it():
    polls = [
        shown_poll(poll=poll(id=1, question="Old?", state=PollState.CLOSED, closed_at=NOW), tally=Tally((3, 0, 0), 3)),
        shown_poll(poll=poll(id=2, question="New?", automatic=True, visibility=Visibility.PUBLIC)),
    ]

    told = text_of(poll_list(object(), polls, {2: (2001, 9001)}).view)  # type: ignore[arg-type]

    stamp = int(NOW.timestamp())
    assert told == (
        "### 2 polls, 1 open\n"
        "[**New?**](https://discord.com/channels/1001/2001/9001)\n"
        f"-# 0 votes · closes <t:{stamp + 23 * 3600}:R> · public · opened by itself · <#2001>\n"
        f"**Old?**\n-# 3 votes · closed <t:{stamp}:R> · private · <#2001>"
    )


def test_a_poll_that_does_not_stand_yet_is_promised():
    assert poll_started(2001, None).content == ("Your poll appears in <#2001> in a moment: Discord is slow just now.")


@pytest.mark.parametrize("label", ["*" * 40, "<@1>" * 10, "😀" * 20])
def test_the_settings_fit_and_format_nothing(label: str):
    content = settings_panel(guild_settings(open_label=label, proprietary_label=label, depends_label=label)).content

    assert length(content or "") <= markdown.CONTENT
    assert markdown.escape(label) in (content or "")
