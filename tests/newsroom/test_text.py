import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.text import clean, length, paragraphs, plain, row_number, sentences, shorten, split_sentences

FORBIDDEN = {
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *map(chr, range(0x202A, 0x202F)),
    *map(chr, range(0x2060, 0x2070)),
    *map(chr, range(0xD800, 0xE000)),
    *map(chr, range(0xE0000, 0xE0080)),
    *"\u061c\u200b\u200c\u200e\u200f\ufeff\u2028\u2029\xad",
}
FAMILY = "👨‍👩‍👧"
CODER = "👩🏽‍💻"

# Texts made of the parts that are hard: emoji and their glue, accents, flags, markup, marks that reorder.
hard_texts = st.lists(
    st.sampled_from(
        [*"ab .<>&;\n", "\u200d", "\ufe0f", "\u0301", "\u202e", "\u200b", "\ud83d", "😀", "🇩🇪", FAMILY, CODER, "❤️",
         "</p>", "<b>", "<script>", "<!--", "&amp;", "&#8238;", "&#x200b;", "</script>", "漢", "é"]
    )
).map("".join)  # fmt: skip
texts = st.one_of(st.text(), hard_texts)
limits = st.integers(min_value=0, max_value=40)


@given(texts)
def test_clean_text_holds_nothing_unseen_and_stays_as_it_is(text):
    cleaned = clean(text)

    assert not FORBIDDEN & set(cleaned)
    assert "  " not in cleaned
    assert clean(cleaned) == cleaned


@given(texts, limits)
def test_plain_text_holds_nothing_unseen_and_is_never_too_long(html, limit):
    text = plain(html, limit)

    assert not FORBIDDEN & set(text)
    assert length(text) <= limit


@given(texts, limits)
def test_a_shortened_text_is_never_too_long_and_stays_as_it_is(text, limit):
    shortened = shorten(text, limit)

    assert length(shortened) <= limit
    assert shorten(shortened, limit) == shortened


@given(texts, st.integers(min_value=1, max_value=4), limits)
def test_the_first_sentences_are_never_too_long(text, most, limit):
    assert length(sentences(text, most, limit)) <= limit


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>two</p>", "One two"),
        ("<b>O</b>pen <i>weights</i>", "Open weights"),
        ("line<br>break<br/>here", "line break here"),
        ("<ul><li>a<li>b</ul>", "a b"),
        ("a <!-- hidden --> b", "a b"),
        ("x<script>alert('<b>')</script>y<style>p{}</style>z", "xyz"),
        ("<svg><title>no</title></svg>yes", "yes"),
        ("<script>never closed", ""),
        ("R&amp;D &copy; &#x1F600; &mdash;", "R&D © 😀 —"),
        ("&lt;b&gt;", "<b>"),
        ("&#8238;abc&#x200b;", "abc"),
        ("&unknown; stays", "&unknown; stays"),
        ("a < b and c > d", "a < b and c > d"),
        ("if x <y then", "if x <y then"),
        ("<@123> @everyone <#5>", "<@123> @everyone <#5>"),
        ("just text", "just text"),
        ("  white \n\t space\xa0\u2003here ", "white space here"),
        ('<?xml version="1.0" encoding="ascii"?>caf\xe9', "café"),
        ("<p>café 漢字</p>", "café 漢字"),
        ("</p>stray</div>", "stray"),
        ("", ""),
    ],
)
def test_markup_becomes_the_words_a_reader_would_see(html, text):
    assert plain(html, 200) == text


def test_of_endless_markup_only_the_beginning_is_read():
    assert plain("word " * 1_000_000, 20) == "word word word word…"
    assert plain("<img src='data:" + "A" * 1_000_000 + "'>after", 20) == ""


@pytest.mark.parametrize(
    "piece", ["<div>", "<a ", "<", "&", "<!--", "<script>", "<p a='", "<b><i></b>", "&#1;", "a=1 "]
)
def test_markup_made_to_be_slow_is_read_like_any_other(piece):
    assert length(plain(piece * 100_000, 100)) <= 100


def test_text_below_a_great_many_elements_is_still_read():
    assert plain("<div>" * 5_000 + "deep", 100) == "deep"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("ze\u200bro \u2066wi\u2069dth\ufeff", "zero width"),
        ("soft\xadhyphen", "softhyphen"),
        ("tag\U000e0041\U000e0042ged", "tagged"),
        ("half \ud83d emoji", "half emoji"),
        ("z" + "\u0301" * 50, "z" + "\u0301" * 4),
        ("a\u200db \ufe0f", "ab"),
        (f"{FAMILY} {CODER} ❤️ 🏳️‍🌈 1️⃣", f"{FAMILY} {CODER} ❤️ 🏳️‍🌈 1️⃣"),
        ("two\r\nlines\x00", "two lines"),
    ],
)
def test_characters_that_hide_or_reorder_text_go_and_emoji_stay_whole(text, cleaned):
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    ("text", "limit", "shortened"),
    [
        ("fits", 4, "fits"),
        ("The quick brown fox", 12, "The quick…"),
        ("The quick brown fox", 10, "The quick…"),
        ("First one. Second one.", 12, "First one…"),
        ("Comma, then more words", 12, "Comma, then…"),
        ("Comma, then", 8, "Comma…"),
        ("Donaudampfschifffahrt", 10, "Donaudamp…"),
        ("a Donaudampfschifffahrt", 10, "a Donauda…"),
        ("漢字漢字漢字", 4, "漢字漢…"),
        ("😀😀😀", 5, "😀😀…"),
        ("😀😀😀", 4, "😀…"),
        (FAMILY * 2, 10, FAMILY + "…"),
        (FAMILY, 5, "…"),
        (CODER * 2, 9, CODER + "…"),
        ("🇩🇪🇫🇷🇯🇵", 8, "🇩🇪…"),
        ("e\u0301e\u0301e\u0301", 4, "e\u0301…"),
        ("anything", 1, "…"),
        ("anything", 0, ""),
    ],
)
def test_a_text_is_cut_at_a_word_and_never_through_a_character(text, limit, shortened):
    assert shorten(text, limit) == shortened


def test_length_is_counted_as_discord_counts():
    assert length("abc") == 3
    assert length("😀") == 2
    assert length(FAMILY) == 8


@pytest.mark.parametrize(
    ("text", "first_two"),
    [
        ("One. Two. Three.", "One. Two."),
        ("One! Two? Three.", "One! Two?"),
        ("Only one", "Only one"),
        ("Costs $3.5 a month. Cheap. Very.", "Costs $3.5 a month. Cheap."),
        ("Models, e.g. Llama, win. Good. Very.", "Models, e.g. Llama, win. Good."),
        ("The U.S. Army vs. Dr. No. Bond. End.", "The U.S. Army vs. Dr. No. Bond."),
        ("Llama 3. Open wins. Yes.", "Llama 3. Open wins."),
        ("He said “stop.” She left. End.", "He said “stop.” She left."),
        ("Well... maybe not. So. End.", "Well... maybe not. So."),
        ("你好。世界！结束。", "你好。世界！"),
        ("", ""),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text, first_two):
    assert sentences(text, 2, 200) == first_two


def test_fewer_sentences_are_taken_when_more_do_not_fit():
    assert sentences("One is short. Two is rather longer.", 2, 20) == "One is short."


def test_a_first_sentence_that_does_not_fit_is_cut_at_a_word():
    assert sentences("One is much too long for this. Two.", 2, 16) == "One is much too…"


@pytest.mark.parametrize("piece", ["!", ".", '."', "a.", "。」"])
def test_text_made_to_be_slow_is_cut_into_sentences_like_any_other(piece):
    assert length(sentences(piece * 100_000, 3, 100)) <= 100


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
        ("", None),
        ("-7", None),
        ("7 ", None),
        ("٧", None),
        ("²", None),
    ],
)
def test_a_row_is_named_by_plain_digits_that_every_database_holds(text: str, number: int | None):
    assert row_number(text) == number


def test_paragraphs_are_what_a_browser_sets_apart():
    page = (
        "<h2>Head</h2><p>One <b>bold</b><br>line.</p>Two<br><br/>Three<ul><li>a</li><li>b</li></ul>"
        "<table><tr><td>Licence</td><td>MIT</td></tr></table><script>no()</script>4 < 5"
    )

    assert paragraphs(page, 100, 1000) == (
        "Head", "One bold line.", "Two", "Three", "a", "b", "Licence MIT", "4 < 5",
    )  # fmt: skip


def test_paragraphs_of_plain_text_end_with_an_empty_line():
    assert paragraphs("One\nline.\r\n \r\nTwo.", 100, 1000) == ("One line.", "Two.")


def test_paragraphs_hide_and_reorder_nothing():
    assert paragraphs("<p>a\u202eb\u200b</p><p>\u2066</p><!-- c -->", 100, 1000) == ("ab",)


def test_paragraphs_have_their_limits():
    assert paragraphs("<p>word</p>" * 9, 3, 1000) == ("word",) * 3
    assert paragraphs("<p>one two three</p>" * 3, 100, 20) == ("one two three", "one…")
    assert paragraphs("<p>one two three</p>" * 3, 100, 14) == ("one two three",)


@pytest.mark.parametrize("piece", ["<br>", "<p>x", "\r \r", "\n ", "<td>", "<b>"])
def test_paragraphs_made_to_be_slow_are_read_like_any_other(piece):
    assert len(paragraphs(piece * 100_000, 100, 1000)) <= 100


def test_sentences_are_split_where_they_end_and_not_behind_abbreviations():
    text = "Dr. Roux said so. It costs 2.4 million!  Really? 它很便宜。是的"

    assert split_sentences(text) == ["Dr. Roux said so.", "It costs 2.4 million!", "Really?", "它很便宜。", "是的"]


@given(texts)
def test_sentences_split_are_the_text(text):
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())
