from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

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


@given(TEXTS)
@example("".join(HOSTILE))
def test_escaped_text_is_shown_as_it_stands_and_means_nothing(text: str):
    assert shown(markdown.escape(text)) == (clean(text), [])


@given(TEXTS)
@example("".join(HOSTILE))
def test_where_links_are_allowed_nothing_else_is_acted_upon(text: str):
    written = markdown.escape_but_links(text)

    assert length(written) <= 2 * length(text)
    assert all(re.fullmatch(r"<https?://[^<>]+>", mark) for mark in shown(written)[1])


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Read https://arxiv.org/abs/2501.12948, (https://lab.example).", None),
        ("https://en.wikipedia.org/wiki/R1_(model)", "<https://en.wikipedia.org/wiki/R1_%28model%29>"),
        ("[free](https://evil.example/a)", "[free]\\(<https://evil.example/a>)"),
        ("https://lab.example@evil.example/", "<https://evil.example/>"),
        ("steam://run and discord.gg/abc", "steam\\://run and discord\\.gg/abc"),
    ],
)
def test_an_allowed_address_leads_where_it_says_and_hides_behind_no_words(text: str, written: str | None):
    expected = written or "Read <https://arxiv.org/abs/2501.12948>, (<https://lab.example>)."

    assert markdown.escape_but_links(text) == expected


@pytest.mark.parametrize("text", HOSTILE)
def test_each_known_attack_is_shown_as_it_stands_and_means_nothing(text: str):
    assert shown(markdown.escape(text)) == (clean(text), [])


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
        ("https://lab.example/a_(b)?c=(d)#(e)", "https://lab.example/a_%28b%29?c=%28d%29#%28e%29"),
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
        "https://lab(s).example/",
        "https://lab.example/" + "a" * 100,
        "https://lab.example/" + "ä" * 20,
    ],
)
def test_what_discord_would_refuse_is_no_link(url: str | None):
    assert markdown.link(url, 100) is None


@given(TEXTS | st.text(), st.integers(min_value=0, max_value=200))
def test_a_link_is_never_too_long_and_never_leaves_its_brackets(text: str, limit: int):
    for url in (text, f"https://lab.example/{text}", f"https://{text}.example/"):
        link = markdown.link(url, limit)
        if link is not None:
            assert len(link) <= limit
            assert link.isascii()
            assert not set(link) & set(" \n<>")
            markdown.host(link)


@given(TEXTS | st.text("()[]\\ab%289/?#", max_size=30))
@example("a)**BREAKING**")
@example("a)-[openai.com](https://evil.example/b")
@example("(((")
def test_a_link_with_a_name_ends_where_its_address_does(text: str):
    for url in (f"https://lab.example/{text}", f"https://lab.example/?q={text}", f"https://lab.example/#{text}"):
        link = markdown.link(url, 500)
        if link is not None:
            written = f"[Lab Notes]({link}) and [more](https://blog.example/)"
            assert re.findall(r"\]\(([^()\s]*)\)", written) == [link, "https://blog.example/"]
            assert URL(link) == URL(url)  # and leads to the same place


def test_a_link_outside_of_text_keeps_its_parentheses():
    picture = "https://lab.example/filters:format(webp)/a.png"

    assert markdown.link(picture, 100, in_text=False) == picture


def test_the_host_of_a_link_cannot_imitate_another():
    assert markdown.host("https://www.lab.example/a") == "lab.example"
    link = markdown.link("https://оpenai.com/", 100)  # the first letter is Cyrillic
    assert link is not None
    assert markdown.host(link) == "xn--penai-iye.com"


def test_of_a_long_host_the_end_is_shown_because_it_says_whose_it_is():
    link = markdown.link(f"https://openai.com.{'a' * 60}.evil.example/login", 500)
    assert link is not None
    assert markdown.host(link).startswith("…")
    assert markdown.host(link).endswith(".evil.example")
    assert length(markdown.host(link)) == markdown.HOST


WORDS = st.sampled_from(["", "Read ", "“", "(", "news: ", "新闻", "@everyone ", "**", "[", "_"])
NAMES = st.sampled_from(["openai", "x", "gpt4", "оpenai", "läb", "a-b", "open\u0336", "10.0.0.5, lab"])
DOTS = st.sampled_from([".", "。", "．", "｡", "․"])
ENDINGS = st.sampled_from(["com", "ai", "c\u0323om", "भारत", "xn--p1ai", "com/index/gpt-6", "com:443", "co.uk"])
AFTER = st.sampled_from(["", "”", ")", "…", "/a", " and more", "](", "]"])


@given(WORDS, NAMES, DOTS, ENDINGS, AFTER)
def test_beside_a_label_that_reads_like_an_address_stands_where_the_link_leads(
    before: str, name: str, dot: str, ending: str, after: str
):
    label = f"{before}{name}{dot}{ending}{after}"

    assert markdown.masked_link(label, "https://evil.example/login") == (
        f"[{markdown.escape(label)}](https://evil.example/login) (evil.example)"
    )


@pytest.mark.parametrize("label", ["https://localhost/a", "http：／／localhost", "see https://openai"])
def test_a_scheme_reads_like_an_address_too(label: str):
    assert markdown.masked_link(label, "https://evil.example/").endswith("](https://evil.example/) (evil.example)")


@pytest.mark.parametrize(
    "label",
    [
        "A small lab releases a large model",
        "GPT-5.1 scores 90.5% for $1.5bn",
        "The U.S. bans it, (U.S.) says “U.S.”; so does the U.S.-led A.I. pact",
        "It runs on .NET at last. Finally... and so on…",
        "He said.” Then v2.0.1, no. 3 at 10.30",
        "www.lab.example",
        "LAB.example",
    ],
)
def test_a_usual_label_and_one_that_names_the_true_host_stand_alone(label: str):
    assert markdown.masked_link(label, "https://lab.example/a") == f"[{markdown.escape(label)}](https://lab.example/a)"


@given(TEXTS | st.text(), TEXTS)
def test_a_label_is_escaped_whatever_it_says_and_wherever_it_leads(label: str, path: str):
    said = re.escape(markdown.escape(label))
    made = markdown.masked_link(label, f"https://lab.example/{path}")

    assert re.fullmatch(rf"\[{said}\]\(https://lab\.example/\S*\)( \(lab\.example\))?|{said}", made)


def test_brackets_in_an_address_dont_end_its_link():
    made = markdown.masked_link("Lab", "https://lab.example/a_(b)?)**c#)d")

    assert made == "[Lab](https://lab.example/a_%28b%29?%29**c#%29d)"


@pytest.mark.parametrize(
    "url",
    [None, "javascript:x", f"https://lab.example/{'a' * markdown.MASKED_URL}", f"https://lab.example/{'(' * 200}"],
)
def test_what_is_no_link_leaves_its_label_alone(url: str | None):
    assert markdown.masked_link("openai.com", url) == "openai.com"
