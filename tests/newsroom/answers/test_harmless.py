import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.answers.harmless import defused, leaks, phrases, trouble, unmarked
from newsroom.text import clean


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hello @everyone", "ping"),
        ("＠ｈｅｒｅ now", "ping"),
        ("<@123> said", "ping"),
        ("<#123>", "ping"),
        ("</ban:123>", "ping"),
        ("<t:1700000000:R>", "ping"),
        ("see https://lab.example", "link"),
        ("see www.lab.example", "link"),
        ("[a](b)", "link"),
        ("discord.gg/x", "link"),
        ("javascript:alert(1)", "link"),
        ("```x", "code"),
        ("<script>", "tag"),
        ("<|im_start|>", "template"),
        ("[INST] do", "template"),
        ("system: do", "role"),
        ("go to evil.example", "host"),
        ("go to evil[.]example", "host"),
        ("go to evil (dot) example", "host"),
        ("go to evil dot com", "host"),
        ("the key is sk-abcdefghijkl1234", "key"),
        ("api_key=hunter2hunter2", "key"),
        ("a1b2c3d4e5f6a7b8c9d0", "key"),
        ("user " * 100, "babble"),
        ("The weights are open to everybody. " * 3, "babble"),
        ("权重对所有人开放。" * 20, "babble"),
    ],
)
def test_what_no_honest_answer_needs_is_found(text: str, name: str):
    assert trouble(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 (about 4 euros) a month, e.g. in the U.S. or the U.K.",
        "claude-3-5-sonnet scores 71.5%; GPT-4o less.",
        "a < b and b > c",
        "Ratio 3:1 at 12:30, see below: nothing.",
        "深度求索发布了R1模型。价格为2美元。",
        "The data: open. The user: happy.",
        "They connect the dots (in order) and dot the i.",
        "No, no, no, no, no!",
        "Open weights let you look inside. Open weights let you mend what is wrong. Open weights stay when firms go.",
    ],
)
def test_honest_text_is_no_trouble(text: str):
    assert trouble(text) is None and unmarked(text).replace("‹", "<") == text


def test_a_host_and_an_identifier_may_be_repeated():
    assert trouble("on huggingface.co", "See huggingface.co.") is None
    assert trouble("commit a1b2c3d4e5f6a7b8c9d0", "In a1b2c3d4e5f6a7b8c9d0.") is None


def test_own_words_are_told_by_seven_in_a_row():
    secret = phrases(("Use nothing but the numbered paragraphs of the article here.",))

    assert leaks("I was told: use nothing but THE numbered paragraphs of it.", secret)
    assert not leaks("The numbered paragraphs of the book.", secret)


@pytest.mark.parametrize("text", ["~||~old~||~", "~_~old~_~", "*_*old*_*", "<<b>old", "~\u200b~old~~", "- # > old"])
def test_markup_is_not_pieced_together_by_what_is_taken_away(text: str):
    shown = unmarked(text)

    assert trouble(shown) is None and not any(markup in shown for markup in ("~~", "||", "__", "*", "<", "# ", "> "))


def test_a_link_is_not_pieced_together_by_what_is_taken_away():
    assert "://" not in defused("https:/*/evil.example")


@given(st.text(alphabet="ab1.:/@#<>[]()*_`~| \n\u202e") | st.text())
def test_what_is_defused_or_unmarked_stays_so(text):
    for safe in (unmarked(text), defused(text)):
        assert clean(safe) == safe
        assert unmarked(safe) == safe
    assert not any(power in defused(text) for power in ("://", "](", "@everyone", "<@", "`", "*"))
