"""Takes as members read them: whatever is said, it fits, formats nothing, and no left-out name stands anywhere."""

from __future__ import annotations

from typing import Any

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.views import markdown
from cogs.views.discussion import remark_form
from cogs.views.takes import (
    BACK_FORM,
    HOT_FORM,
    WHY_FORM,
    TakeForm,
    author_line,
    filled,
    side_of,
    sure_to_remove,
    top,
    written,
)
from newsroom.discussion.remarks import RemarkContents, ShownTake
from newsroom.discussion.takes import Asked, Hot, Written
from newsroom.models import DiscussionSettings, GuildSettings, RemarkKind, Side, Take
from newsroom.text import clean, length
from tests.cogs.views.discord_markdown import shown as as_read
from tests.cogs.views.test_polls import texts
from tests.makers import discussed_card, guild_settings, remark, take

LONGEST = f"{2**63 - 1}.{'f' * 24}"
AUTHOR = 4001
TAKES = st.builds(
    take,
    text=texts(280).map(clean),
    side=st.sampled_from([*Side, None]),
    anonymous=st.booleans(),
    member_id=st.just(AUTHOR),
)
LABELS = st.builds(
    GuildSettings, st.just(1001), open_label=texts(40), proprietary_label=texts(40), depends_label=texts(40)
)
LINKS = st.sampled_from([None, (2**63 - 1, 2**63 - 2)])


def message(shown: ShownTake, settings: GuildSettings | None = None) -> Any:
    row = remark(kind=RemarkKind.TAKE, take_id=shown.take.id)
    return remark_form(RemarkContents(row, LONGEST, LONGEST, settings or guild_settings(), shown))


def assert_only(markup: list[str], *own: str, anonymous: bool) -> None:
    """Nothing is acted upon but our own marks, and mentions of authors who left their names in."""
    mentions = [mark for mark in markup if mark.startswith("<")]
    assert set(mentions) <= {f"<@{AUTHOR}>"} and not (anonymous and mentions)
    assert [mark for mark in markup if mark not in own and mark not in mentions] == []


@given(TAKES, st.one_of(st.none(), TAKES), LINKS, st.integers(0, 10**6), LABELS)
def test_a_take_fits_and_formats_nothing_whatever_it_says(
    said: Take, answers: Take | None, link: tuple[int, int] | None, fires: int, settings: GuildSettings
):
    form = message(ShownTake(said, LONGEST, fires, answers, link, None), settings)
    _, markup = as_read(form.content)

    assert 1 <= length(form.content) <= markdown.CONTENT
    anonymous = said.anonymous and (answers is None or answers.anonymous)
    assert_only(markup, "> ", "-# ", "](", "https://", "discord.com/", anonymous=anonymous)
    assert markup.count("](") == (1 if answers is not None and link else 0)
    for button in form.view.children:
        assert len(button.custom_id) <= markdown.CUSTOM_ID and len(button.label) <= markdown.BUTTON_LABEL


@pytest.mark.parametrize(
    ("allowed", "words"), [(True, "See <https://lab.example/a>."), (False, "See https\\://lab.example/a.")]
)
def test_a_link_in_a_take_leads_somewhere_where_links_are_allowed(allowed: bool, words: str):
    card = discussed_card(settings=DiscussionSettings(links=allowed))
    shown = ShownTake(take(text="See https://lab.example/a."), LONGEST, 0, None, None, card)

    assert message(shown).content.split("\n")[1] == f"> {words}"


@given(st.lists(st.builds(Hot, TAKES, st.integers(0, 10**6), st.one_of(st.just(""), texts(500)), LINKS), max_size=10))
def test_the_hottest_fit_whatever_they_say(hottest: list[Hot]):
    layout = top(hottest, guild_settings(), 52, removable=True)

    displayed = [item.content for item in layout.walk_children() if isinstance(item, discord.ui.TextDisplay)]
    assert sum(map(length, displayed)) <= markdown.LAYOUT_TEXT
    assert len(list(layout.walk_children())) <= markdown.LAYOUT_COMPONENTS
    for hot, row in zip(hottest, displayed[1:], strict=False):
        _, markup = as_read(row)
        assert_only(markup, "> ", "-# ", "](", "https://", "discord.com/", anonymous=hot.take.anonymous)
        assert markup.count("](") == (1 if hot.link else 0)


@given(TAKES)
def test_who_removes_a_take_reads_it_as_it_stands_and_no_left_out_name(said: Take):
    reply = sure_to_remove(said, may_block=True)

    assert 1 <= length(reply.content or "") <= markdown.CONTENT
    assert_only(as_read(reply.content or "")[1], "> ", anonymous=said.anonymous)


@given(TAKES, st.one_of(st.none(), TAKES), texts(500), LABELS, st.booleans())
def test_a_form_fits_whatever_was_said_before_and_whatever_the_teams_are_called(
    mine: Take, answered: Take | None, headline: str, settings: GuildSettings, anonymous_allowed: bool
):
    asked = Asked(1, headline, settings, mine, anonymous_allowed, answered)
    form = TakeForm(f"{HOT_FORM}:{LONGEST}", "Hot take", asked, [(side, settings.label(side)) for side in Side])
    made = form.to_dict()

    assert len(made["custom_id"]) <= markdown.CUSTOM_ID and len(made["title"]) <= 45
    assert len(made["components"]) <= 5
    text, *rest = made["components"]
    assert 1 <= length(text["content"]) <= markdown.LAYOUT_TEXT
    assert_only(as_read(text["content"])[1], "**", "-# ", anonymous=True)
    for part in rest:
        assert 1 <= len(part["label"]) <= 45 and len(part.get("description", "")) <= 100
        for option in part["component"].get("options", ()):
            assert 1 <= len(option["label"]) <= 100
    by_id = {part["component"]["custom_id"]: part["component"] for part in rest}
    assert length(by_id["text"]["value"]) <= by_id["text"]["max_length"]
    assert ("anonymous" in by_id) is anonymous_allowed


def test_a_take_says_who_speaks_for_which_side_and_what_it_answers():
    said = take(text="Not so fast.", side=Side.PROPRIETARY)
    shown = ShownTake(said, LONGEST, 3, take(id=2, member_id=4002), (9001, 7002), None)

    assert message(shown).content.split("\n") == [
        "<@4001> · 🟧 Team Proprietary",
        "> Not so fast.",
        "-# [pushes back](https://discord.com/channels/1001/9001/7002) on <@4002>: "
        "Weights that I can read are weights that I can trust.",
    ]
    assert [button.label for button in message(shown).view.children] == ["Hot · 3", "Push back"]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"side": Side.DEPENDS}, "<@4001> · “It depends”"),
        ({"side": None}, "<@4001>"),
        ({"anonymous": True}, "A member · 🟦 Team Open Source"),
        ({"anonymous": True, "side": None}, "A member"),
    ],
)
def test_a_take_is_introduced_by_its_author_or_by_nobody(fields: dict[str, Any], line: str):
    assert author_line(take(**fields), guild_settings()) == line


@pytest.mark.parametrize("anonymous", [True, False])
def test_an_answer_to_an_anonymous_take_names_nobody(anonymous: bool):
    shown = ShownTake(take(member_id=4002), LONGEST, 0, take(anonymous=anonymous), None, None)

    assert ("<@4001>" in message(shown).content) is not anonymous


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (
            Written(take(), 9001, None, edited=False),
            "Kept: it is shown in <#9001>, under your name. Say it again to change it.",
        ),
        (
            Written(take(anonymous=True), None, None, edited=True),
            "Changed: the best take of each side is shown with the result, without your name. "
            "Say it again to change it.",
        ),
    ],
)
def test_who_wrote_a_take_hears_where_it_is_shown_and_under_which_name(said: Written, text: str):
    assert written(said).content == text


# What a form comes back with


def test_a_form_is_read_at_any_depth():
    data = {
        "components": [
            {"type": 10, "content": "x"},
            {"type": 18, "component": {"type": 21, "custom_id": "side", "value": "open"}},
            {"type": 1, "components": [{"type": 4, "custom_id": "text", "value": "Words."}]},
            {"type": 18, "component": {"type": 23, "custom_id": "anonymous", "value": True}},
            {"type": 18, "component": {"type": 3, "custom_id": "menu", "values": ["a", "b"]}},
        ]
    }

    assert filled(data) == {"side": "open", "text": "Words.", "anonymous": "yes", "menu": "a"}


@given(st.dictionaries(st.just("side"), st.one_of(st.sampled_from([*map(str, Side)]), st.text())))
def test_a_side_is_one_of_the_three_or_none(values: dict[str, str]):
    side = side_of(values)

    assert side is None or side == values["side"]


def test_each_form_has_an_id_of_its_own():
    assert len({WHY_FORM, HOT_FORM, BACK_FORM}) == 3
