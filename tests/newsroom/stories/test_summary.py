from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsroom.models import ArticleText, Summary, SummaryBasis, TextBasis
from newsroom.stories.extract import extract
from newsroom.stories.summary import summarise, summary_of
from newsroom.text import length, split_sentences
from tests.makers import NOW, article

PAGES = Path(__file__).parents[2] / "pages"

TITLE = "DeepSeek gives R1 away under the MIT licence"
RELEASE = "Chinese lab DeepSeek released its reasoning model R1 under the MIT licence on Monday, weights included."
PRICE = "A million tokens of output cost $2.19 at DeepSeek, compared with $60 for OpenAI's o1."
LICENCE = "The MIT licence lets anyone use, change and sell the model R1, also to train other models."
R1 = (
    "The news",
    f"{RELEASE} But not everybody is convinced of that yet, by far.",
    "“This is a wake-up call for the whole of our industry, and I have said so for years,” said an investor.",
    "pip install deepseek; deepseek --run {model} > out.txt; echo $? | tee log.",
    PRICE,
    f"{RELEASE} {LICENCE}",
    "- 671 billion parameters",
)


def page(name: str) -> tuple[str, ...]:
    return extract((PAGES / f"{name}.html").read_bytes(), None, "")


def text(*paragraphs: str, basis: TextBasis = TextBasis.PAGE) -> ArticleText:
    return ArticleText(1, paragraphs, basis, NOW)


def test_it_says_what_happened_in_whole_sentences_of_the_article_each_once_and_in_its_order_with_its_gaps():
    assert summarise(TITLE, R1) == f"{RELEASE} … {PRICE} … {LICENCE}"


def test_sentences_that_follow_each_other_are_told_without_a_gap():
    assert summarise(TITLE, [f"{RELEASE} {PRICE}", LICENCE]) == f"{RELEASE} {PRICE} {LICENCE}"


def test_it_has_its_limits():
    assert summarise(TITLE, R1, most_sentences=1) == RELEASE
    assert summarise(TITLE, R1, most_length=200) == f"{RELEASE} … {LICENCE}"
    assert summarise(TITLE, R1, most_length=60) == "Chinese lab DeepSeek released its reasoning model R1 under…"


def test_sentences_without_spaces_between_are_put_together_as_they_stand():
    summary = summarise("新模型开源", page("chinese"))

    assert summary.startswith("深度求索公司周一发布了推理模型，并以MIT许可证公开了全部权重。")
    assert " " not in summary
    assert len(split_sentences(summary)) == 3
    assert summarise("題", ["会社は新しいモデルを公開した。誰でも無料でダウンロードできる。", "次は春に出る。"])


def test_sentences_are_found_in_arabic():
    assert len(split_sentences(summarise("", page("arabic")).replace(" … ", " "))) == 3
    assert split_sentences("هل سيخفض المنافسون أسعارهم؟ نعم.") == ["هل سيخفض المنافسون أسعارهم؟", "نعم."]


@pytest.mark.parametrize(
    ("paragraphs", "summary"),
    [
        ((), ""),
        (("Word",), "Word"),
        (("Heading", "- one", "- two", "- three"), "Heading - one - two"),
        (("x = {1}; y = f(x) | z;", "run --fast > out"), "x = {1}; y = f(x) | z; run --fast > out"),
        (("A headline without an end that goes on and on and says nothing much",), None),
    ],
)
def test_without_sentences_it_is_how_the_text_begins(paragraphs: tuple[str, ...], summary: str | None):
    assert summarise(TITLE, paragraphs) == (paragraphs[0] if summary is None else summary)


@settings(max_examples=50)
@given(st.text(), st.lists(st.text(alphabet=st.sampled_from("ab .!?。“”\n1中لـ\N{POPCORN}"), max_size=300), max_size=5))
def test_whatever_is_read_it_fits(title: str, paragraphs: list[str]):
    assert length(summarise(title, paragraphs)) <= 600


@pytest.mark.parametrize("piece", ["a. ", "。", "x", "“", "A word that is long enough to be one. ", "中", ".\u0301"])
def test_text_made_to_be_slow_is_summarised_like_any_other(piece: str):
    assert length(summarise(piece * 1000, [piece * 100_000] * 3)) <= 600


def test_the_summary_of_a_feed_is_taken_if_it_is_one():
    own = f"{RELEASE} More follows."

    assert summary_of(article(summary=own), text(*R1)) == Summary(own, SummaryBasis.FEED)


@pytest.mark.parametrize(
    "own",
    [
        "",
        "Too short.",
        f"{RELEASE} And then […]",
        f"{RELEASE} And then…",
        f"{RELEASE} Read more",
        f"{RELEASE} The post {TITLE} appeared first on Lab Times.",
        f"{TITLE}. {TITLE}. {TITLE}.",
        RELEASE * 7,
        RELEASE.replace(".", " and"),
    ],
)
def test_a_summary_that_is_none_gives_way_to_the_article(own: str):
    summary = summary_of(article(title=TITLE, summary=own), text(*R1))

    assert summary == Summary(f"{RELEASE} … {PRICE} … {LICENCE}", SummaryBasis.EXTRACT)


def test_where_nobody_could_read_more_the_summary_of_the_feed_has_to_do():
    own = f"{RELEASE} And then […]"
    long = f"{RELEASE} " * 8

    assert summary_of(article(summary=own), text(own, basis=TextBasis.SUMMARY)).text == own
    assert length(summary_of(article(summary=long), text(long, basis=TextBasis.SUMMARY)).text) <= 600
    assert summary_of(article(summary=own), text()) == Summary(own, SummaryBasis.FEED)
    assert summary_of(article(summary=""), text(basis=TextBasis.SUMMARY)) == Summary("", SummaryBasis.FEED)
