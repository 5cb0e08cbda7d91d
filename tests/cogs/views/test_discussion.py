"""Discussions as members read them: whatever is in them, they fit, format nothing and say where it is from."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import discord
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cogs.views import markdown
from cogs.views.cards import carries
from cogs.views.discussion import (
    also_panel,
    hot_button,
    joined,
    more_panel,
    remark_form,
    settings_reply,
    standing_line,
    teams_panel,
    thread_name,
)
from cogs.views.takes import RemarkForm
from newsroom.discussion.remarks import Grown, Opened, OpenedBefore, Opening, RemarkContents, Says
from newsroom.models import DiscussionSettings, GuildSettings, Standing, Summary, SummaryBasis, ThreadMode
from newsroom.text import clean, length
from tests.cogs.views.discord_markdown import shown as as_read
from tests.cogs.views.test_polls import texts
from tests.makers import discussed_card, guild_settings, remark

MARK = "123456789012345678.0123456789abcdef01234567"
REMARK_MARK = "987654321098765432.89abcdef0123456789abcdef"
LABELS = st.builds(GuildSettings, st.just(1001), open_label=texts(40), proprietary_label=texts(40))
COUNTS = st.integers(0, 10**6)
STANDINGS = st.builds(Standing, COUNTS, COUNTS, COUNTS)
URLS = st.one_of(
    st.none(),
    st.sampled_from(["https://lab.example/", "javascript:alert(1)", "https://lab.example/a)[x](https://evil.example"]),
    st.integers(1, 1900).map(lambda number: "https://lab.example/" + "a" * number),
)
SOURCES = st.lists(st.tuples(texts(300), URLS), max_size=40).map(tuple)
OPENINGS = st.builds(
    Opening,
    st.builds(
        Summary, st.one_of(st.just(""), texts(2000)), st.sampled_from(SummaryBasis), st.one_of(st.none(), texts(100))
    ),
    texts(600),
    texts(600),
)


def form_of(says: Says | None, settings: GuildSettings | None = None) -> RemarkForm:
    return remark_form(RemarkContents(remark(), REMARK_MARK, MARK, settings or guild_settings(), says))


def opener(settings: GuildSettings | None = None, **fields: Any) -> RemarkForm:
    opening = Opening(Summary("The weights are open.", SummaryBasis.FEED), "Is it open?", "Does it last?")
    return form_of(replace(Opened(discussed_card(), opening, Standing(6, 4, 1)), **fields), settings)


def buttons(view: discord.ui.View | None) -> list[discord.ui.Button[Any]]:
    return [item for item in view.children if isinstance(item, discord.ui.Button)] if view else []


def assert_fits(content: str | None, view: discord.ui.View | None = None) -> None:
    assert 1 <= length(content or "") <= markdown.CONTENT
    for button in buttons(view):
        assert 1 <= len(button.custom_id or "") <= markdown.CUSTOM_ID
        assert len(button.label or "") <= markdown.BUTTON_LABEL


# The opener


def test_an_opener_has_a_line_for_the_story_and_its_basis_each_side_and_the_standing():
    assert opener().content.split("\n") == [
        "> The weights are open.",
        "-# The story, in its source's own words",
        "🟦 **Team Open Source:** Is it open?",
        "🟧 **Team Proprietary:** Does it last?",
        "-# Where this server stands: 🟦\xa06 · 🟧\xa04 · 1 in between",
    ]


@pytest.mark.parametrize(
    ("summary", "says"),
    [
        (Summary("Words.", SummaryBasis.EXTRACT), "an extract: sentences of the article itself"),
        (Summary("Words.", SummaryBasis.MODEL, "tiny-1"), "written by tiny-1; it may be wrong"),
        (Summary("Words.", SummaryBasis.MODEL), "written by a language model; it may be wrong"),
    ],
)
def test_on_what_basis_a_summary_stands_is_always_said(summary: Summary, says: str):
    assert says in opener(opening=Opening(summary, "a?", "b?")).content


def test_without_a_summary_the_questions_stand_alone():
    form = opener(opening=Opening(Summary("\u200b ", SummaryBasis.FEED), "Is it open?", "Does it last?"))

    assert form.content.startswith("🟦 **Team Open Source:** Is it open?")


def test_an_opener_offers_what_is_on_and_is_found_by_either_button():
    on, off = opener(), opener(card=discussed_card(settings=DiscussionSettings(takes=False, ask=False)))

    assert [button.custom_id for button in buttons(on.view)] == [
        f"hot:{MARK}:{REMARK_MARK}",
        f"ask:{MARK}:{REMARK_MARK}",
    ]
    assert buttons(off.view) == []
    assert on.for_channel()["silent"] and on.for_channel()["suppress_embeds"]
    assert carries(_message(on), REMARK_MARK)


def test_an_opener_that_is_drawn_anew_keeps_its_words():
    again = form_of(OpenedBefore(discussed_card())).edit()

    assert "content" not in again
    assert [button.label for button in buttons(again["view"])] == [button.label for button in buttons(opener().view)]


@given(OPENINGS, LABELS, STANDINGS)
def test_an_opener_fits_and_formats_nothing_whatever_it_holds(
    opening: Opening, settings: GuildSettings, standing: Standing
):
    form = opener(opening=opening, settings=settings, standing=standing)
    _, markup = as_read(form.content)

    assert_fits(form.content, form.view)
    # A colon at the end of a team's name and our own behind it name no emoji.
    assert [mark for mark in markup if mark not in ("> ", "-# ", "**", ":/:")] == []


def test_too_few_members_are_counted_and_not_compared():
    assert standing_line(guild_settings(), Standing(5, 4, 0)).endswith(": 9 members on a side so far, too few to call")
    assert "in between" not in standing_line(guild_settings(depends=False), Standing(5, 4, 3))


# Growth


def test_growth_names_the_other_sources():
    form = form_of(Grown((("Blog", "https://blog.example/1"), ("Wire", None))))

    assert form.content == "This story has grown. Also covered by [Blog](https://blog.example/1), Wire"
    assert buttons(form.view) == []


@given(SOURCES)
@example(tuple(("*" * 100, "https://lab.example/" + "a" * 480) for _ in range(9)))
def test_however_many_sources_tell_a_story_they_fit_or_are_counted(also: tuple[tuple[str, str | None], ...]):
    grown = form_of(Grown(also))
    panel = also_panel(also)

    assert_fits(grown.content)
    assert_fits(panel)
    for text in (grown.content, panel):
        _, markup = as_read(text)
        assert not any(mark.startswith(("<", "@")) or "evil" in mark for mark in markup)


# More, Discuss and settings


def test_a_thread_is_called_like_its_story_cut_at_a_word():
    assert thread_name("A small lab releases a large model") == "A small lab releases a large model"
    assert thread_name("word " * 40) == "word " * 17 + "word…"
    assert thread_name("\u200b") == "Discussion"


@given(st.one_of(st.text(), texts(500)))
def test_any_headline_names_a_thread(headline: str):
    name = thread_name(headline)

    assert 1 <= length(name) <= markdown.THREAD_NAME
    assert clean(name) == name


def test_the_panel_of_a_story_that_is_gone_has_nothing_to_click():
    assert more_panel("I no longer know.", MARK, DiscussionSettings(), known=False, has_model=False).view is None


@given(LABELS)
def test_what_the_teams_mean_fits_whatever_they_are_called(settings: GuildSettings):
    text = teams_panel(settings)

    assert_fits(text)
    assert not any(mark.startswith(("<", "@", "](")) for mark in as_read(text)[1])


def test_ids_of_buttons_fit_for_the_longest_marks():
    longest = f"{2**63 - 1}.{'f' * 24}"

    assert len(hot_button(longest, longest).custom_id or "") <= markdown.CUSTOM_ID
    assert_fits("x", more_panel("x", longest, DiscussionSettings(), known=True, has_model=True).view)


def test_where_the_discussion_is_and_how_it_is_set_fit_into_a_message():
    assert_fits(joined(2**63 - 1).content)
    assert_fits(settings_reply(2**63 - 1, DiscussionSettings(threads=ThreadMode.ALWAYS)).content)


def _message(form: RemarkForm) -> Any:
    """A message as Discord gives it back, with its buttons."""
    rows = [SimpleNamespace(to_dict=lambda row=row: row) for row in form.view.to_components()]
    return SimpleNamespace(components=rows)
