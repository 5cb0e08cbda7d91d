from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cogs.views import markdown
from newsroom.text import clean, length
from tests.cogs.views.discord_markdown import shown

HOSTILE = [
    "@everyone free tokens",
    "@here and <@1> and <@!1> and <@&2> and <#3> and </ban user:4> and <id:home>",
    "<t:0:R> <:a:1> <a:b:2> <https://evil.example> <mailto:a@b.example>",
    "[OpenAI](https://evil.example)",
    "[a]\\(https://evil.example) \\[b](https://evil.example)",
    "https://evil.example/login and discord.gg/abc and DISCORD.com/invite/abc",
    "**bold** __under__ *it* _it_ ~~no~~ ||spoiler|| ***all***",
    "```py\nimport os\n``` and `code`",
    "> quote",
    ">>> quote",
    "# heading",
    "### heading",
    "-# small",
    "- list",
    "* list",
    "+ list",
    "1. list",
    "   - list",
    ":skull: and 10:30:15",
    "\\*\\_\\\\",
    "trailing \\",
    "¯\\_(ツ)_/¯",
    "\u202egnp.exe",
    "zero\u200bwidth",
    "line\nbreak\r\n# heading",
]
FRAGMENTS = st.sampled_from(
    [*HOSTILE, *"\\*_~|`<>[]()#-+.:@/ \n!&1a😀é", "](", "://", "https", "discord", ".gg/", "everyone", "@", ":x:", "||"]
)
TEXTS = st.lists(FRAGMENTS | st.text(max_size=4), max_size=12).map("".join)


@settings(deadline=None)
@given(TEXTS)
@example("".join(HOSTILE))
def test_escaped_text_is_shown_as_it_stands_and_means_nothing(text: str):
    assert shown(markdown.escape(text)) == (clean(text), [])


@pytest.mark.parametrize("text", HOSTILE)
def test_each_known_attack_is_shown_as_it_stands_and_means_nothing(text: str):
    assert shown(markdown.escape(text)) == (clean(text), [])


@settings(deadline=None)
@given(TEXTS)
def test_escaping_at_most_doubles_a_text(text: str):
    assert length(markdown.escape(text)) <= 2 * length(text)


def test_a_text_of_nothing_but_marks_doubles():
    assert markdown.escape("*" * 500) == "\\*" * 500


@pytest.mark.parametrize(
    "text",
    [
        "GPT-5.1 scores 90% (up 3.5%) - what's next?",
        "[Paper] Mixture-of-Experts: a survey | arXiv",
        "C# + Rust = #1, says @OpenAI; ~5 GB at 10:30",
        "1.5 billion > 1 billion",
        "#AI & friends: a/b",
    ],
)
def test_ordinary_headlines_carry_no_backslashes(text: str):
    assert markdown.escape(text) == text


@pytest.mark.parametrize("mention", ["<@1>", "<@!1>", "<@&1>"])
def test_a_mention_is_torn_apart_because_the_server_looks_behind_backslashes(mention: str):
    assert mention not in markdown.escape(mention)


def test_characters_that_hide_or_reorder_text_are_gone():
    assert markdown.escape("a\u202eb\u200bc\u2066d\ufeffe") == "abcde"


@pytest.mark.parametrize(
    ("url", "as_link"),
    [
        ("https://lab.example/a?b=c#d", "https://lab.example/a?b=c#d"),
        ("http://lab.example", "http://lab.example"),
        ("https://lab.example/a b>c", "https://lab.example/a%20b%3Ec"),
        ("https://läb.example/ä", "https://xn--lb-via.example/%C3%A4"),
        ("https://lab.example@evil.example/", "https://evil.example/"),
        ("https://user:secret@lab.example/", "https://lab.example/"),
    ],
)
def test_a_link_is_written_so_that_discord_takes_it(url: str, as_link: str):
    assert markdown.link(url, 100) == as_link


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "//lab.example/a",
        "https:///a",
        "https://lab example/",
        "https://lab.example:99999/",
        "https://[lab]/",
        "https://lab.example/" + "a" * 100,
        "https://lab.example/" + "ä" * 20,
    ],
)
def test_what_discord_would_refuse_is_no_link(url: str | None):
    assert markdown.link(url, 100) is None


@settings(deadline=None)
@given(TEXTS | st.text(), st.integers(min_value=0, max_value=200))
def test_a_link_is_never_too_long_and_never_leaves_its_brackets(text: str, limit: int):
    for url in (text, f"https://lab.example/{text}", f"https://{text}.example/"):
        link = markdown.link(url, limit)
        if link is not None:
            assert len(link) <= limit
            assert link.isascii()
            assert not set(link) & set(" \n<>")
            markdown.host(link)


def test_the_host_of_a_link_cannot_imitate_another():
    assert markdown.host("https://www.lab.example/a") == "lab.example"
    link = markdown.link("https://оpenai.com/", 100)  # the first letter is Cyrillic
    assert link is not None
    assert markdown.host(link) == "xn--penai-iye.com"
