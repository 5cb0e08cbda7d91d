"""The panel of a story: it fits, and offers what can be done now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cogs.views import markdown
from cogs.views.cards import why_this_side
from cogs.views.stories import manage_panel, sure_to_take_down
from newsroom.desk.story_desk import ManagedStory
from newsroom.models import Camp, PollState, Side, Term
from newsroom.text import length
from tests.makers import NOW, guild_settings, origin, poll

LONGEST = ["*" * 3000, "😀" * 1000, "<@1> @everyone " * 100, "a" * 3000, "\u202e", ""]


def story(**fields: Any) -> ManagedStory:
    return replace(
        ManagedStory(
            channel_id=2001,
            message_id=2**63,
            headline="A small lab releases a large model",
            origin=origin(camp=Camp.OPEN, terms=(Term("open weights", Side.OPEN, 3),)),
            posted_at=NOW,
            poll=None,
            settings=guild_settings(),
            strong=False,
        ),
        **fields,
    )


def labels(view: Any) -> list[str]:
    return [item.label for item in view.children if hasattr(item, "label")]


LONGEST_NOTE = (
    "Merged: one card here tells both. I couldn't delete the other card; please delete it by hand. "
    "To take that back, split it off again."
)


@given(
    st.sampled_from(LONGEST),
    st.sampled_from(LONGEST),
    st.sampled_from([None, *Camp]),
    st.integers(0, 40),
    st.integers(0, markdown.CONTENT),
)
@example("*" * 3000, "*" * 3000, Camp.PROPRIETARY, 40, 0)
@example("*" * 3000, "*" * 3000, Camp.PROPRIETARY, 40, 400)
@example("A headline", "", Camp.PROPRIETARY, 8, 1900)
def test_the_panel_of_every_story_fits(headline: str, words: str, camp: Camp | None, number: int, link: int):
    terms = tuple(Term(words[:500] or "x", side, 3) for side in (Side.OPEN, Side.PROPRIETARY) for _ in range(number))
    came_from = origin(
        feed_title=words,
        feed_url=f"https://{'a_' * 100}.example/",
        camp=camp,
        terms=terms,
        url="https://lab.example/".ljust(link, "a"),
    )

    reply = manage_panel(story(channel_id=2**63, headline=headline, origin=came_from), LONGEST_NOTE)

    assert 1 <= length(reply.content or "") <= markdown.CONTENT
    for row in reply.view.to_components():
        assert all(len(part["custom_id"]) <= markdown.CUSTOM_ID for part in row["components"])


@pytest.mark.parametrize(
    ("fields", "said", "offered"),
    [
        ({}, "none. Its headline alone doesn't earn one.", "Start the team poll"),
        ({"strong": True}, "none. Its headline would earn one", "Start the team poll"),
        (
            {"strong": True, "settings": guild_settings(story_polls=False)},
            "none. This server wants none by themselves (`/poll settings`).",
            "Start the team poll",
        ),
        ({"poll": poll(automatic=True)}, "opened by itself.", "Stop the team poll"),
        ({"poll": poll()}, "started by a moderator.", "Stop the team poll"),
        ({"poll": poll(state=PollState.CLOSED)}, "closed. `/poll reopen` lets votes in again.", None),
    ],
)
def test_it_says_how_the_team_poll_stands_and_offers_what_is_next(fields: Any, said: str, offered: str | None):
    reply = manage_panel(story(**fields))

    assert said in (reply.content or "").split("**Team poll:**")[1]
    assert labels(reply.view) == [*filter(None, [offered]), "Take down"]


@given(st.sampled_from(LONGEST))
def test_the_question_before_it_is_taken_down_fits(headline: str):
    reply = sure_to_take_down(story(headline=headline, poll=poll()))

    assert 1 <= length(reply.content or "") <= markdown.CONTENT
    (button,) = reply.view.children
    assert (button.label, button.custom_id) == ("Take it down", f"story-down!:{2**63}")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "goes from <#2001> for good."),
        ({"poll": poll(state=PollState.CLOSED)}, "goes from <#2001> for good."),
        ({"poll": poll()}, "goes from <#2001> for good, and its team poll with its last card."),
    ],
)
def test_before_a_story_is_taken_down_it_is_said_what_goes(fields: Any, told: str):
    assert (sure_to_take_down(story(**fields)).content or "").endswith(f"** {told}")


def test_a_story_whose_feed_is_gone_can_still_be_managed():
    reply = manage_panel(story(origin=None, headline="", posted_at=None))

    assert "### A story without a headline\n" in (reply.content or "")
    assert "its feed was removed" in (reply.content or "")


def test_the_words_that_counted_are_told_with_their_weights_by_side():
    told = why_this_side(
        origin(
            camp=Camp.BOTH,
            terms=(
                Term("open weights", Side.OPEN, 3),
                Term("API only", Side.PROPRIETARY, 2),
                Term("Llama", Side.OPEN, 1),
            ),
        )
    )

    assert told == (
        "**Why this side?** I take this to be about both sides: 🟦 for open source “open weights” (weighs 3), "
        "“Llama” (weighs 1); 🟧 for proprietary “API only” (weighs 2)."
    )


def test_of_many_words_the_heaviest_of_each_side_are_told_and_how_many_more_there_are():
    terms = [Term(f"word {number}", Side.OPEN, 9 - number) for number in range(6)]

    told = why_this_side(origin(camp=Camp.OPEN, terms=(*terms, Term("API only", Side.PROPRIETARY, 1))))

    assert "“word 3” (weighs 6) and 2 more; 🟧 for proprietary “API only” (weighs 1)." in told
    assert "word 4" not in told


def test_a_story_about_neither_says_that_no_word_spoke_for_a_side():
    assert why_this_side(origin(camp=Camp.NEITHER)) == (
        "**Why this side?** I take this to be about neither side: none of its words speak for one."
    )
    assert why_this_side(origin()) == ""
