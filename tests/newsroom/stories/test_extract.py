from __future__ import annotations

from pathlib import Path

import pytest

from newsroom.errors import NoArticle
from newsroom.feeds.entries import LONGEST_TEXT, MOST_PARAGRAPHS
from newsroom.stories.extract import LEAST_PAGE, LONGEST_TEASER, extract, without_walls

PAGES = Path(__file__).parents[2] / "pages"
SENTENCE = "The company told its customers by mail what it is going to ask for its assistant next year. "


def read(name: str, content_type: str | None = "text/html", title: str = "") -> tuple[str, ...]:
    return extract((PAGES / f"{name}.html").read_bytes(), content_type, title)


def test_an_article_is_read_by_paragraphs_without_what_surrounds_it():
    text = read("semantic", title="A small lab gives a large  model away")

    assert text[0].startswith("Whale Lab released its reasoning model R1 under the MIT licence on Monday, and put")
    assert text[-1] == "Whale Lab wants to publish a smaller model in spring."
    for inside in ("What rivals say", "Context: 128,000 tokens", "Nobody asked us for permission, and nobody has to."):
        assert inside in text
    whole = " ".join(text)
    assert "“We will have to look at our prices,” said a manager" in whole
    for outside in ("dataLayer", "About us", "Ten chips", "newsletter", "All rights"):
        assert outside not in whole


def test_an_article_made_of_bare_boxes_and_breaks_has_paragraphs_too():
    text = read("div-soup")

    assert [paragraph.split()[0] for paragraph in text] == ["Cloud", "The", "Whoever", "Last"]
    assert "alone & to add" in text[-1]


def test_each_row_of_a_table_is_a_paragraph():
    assert {"Whale R1 79.8 MIT", "Cirrus 4 78.1 proprietary"} <= set(read("table"))


@pytest.mark.parametrize(
    ("name", "first", "paragraphs"), [("chinese", "深度求索公司周一", 3), ("arabic", "أعلنت الشركة", 3)]
)
def test_an_article_is_read_in_any_script(name: str, first: str, paragraphs: int):
    text = read(name)[-paragraphs:]

    assert text[0].startswith(first)


@pytest.mark.parametrize(
    ("encoding", "content_type"), [("gb18030", "text/html; charset=gbk"), ("gb18030", None), ("utf-8", None)]
)
def test_an_article_is_read_in_the_encoding_it_declares_anywhere(encoding: str, content_type: str | None):
    page = (PAGES / "chinese.html").read_text(encoding="utf-8").replace('charset="utf-8"', f'charset="{encoding}"')

    assert extract(page.encode(encoding), content_type, "") == read("chinese")


def test_what_nobody_sees_is_not_read():
    text = " ".join(read("hidden"))

    assert "HIDDEN" not in text
    assert "The fair goes on until Friday. Organisers count on" in text
    assert not {"\u202e", "\u200b"} & set(text)


def test_what_readers_wrote_below_is_not_read():
    text = " ".join(read("comments"))

    assert "four hundred people" in text.lower()
    assert "COMMENT" not in text


@pytest.mark.parametrize("name", ["stub", "cookie-wall", "paywall", "javascript"])
def test_stubs_and_walls_are_no_articles(name: str):
    with pytest.raises(NoArticle):
        read(name)


@pytest.mark.parametrize(
    "notice",
    [
        "Sign in to read this article.",
        "This story is only available to subscribers.",
        "Verify that you are human",
        "Der Artikel ist fertig? Jetzt weiterlesen mit F+",
        "Cet article est réservé aux abonnés.",
        "登录后阅读全文",
        "この記事は有料会員限定です",
    ],
)
def test_a_wall_is_known_in_the_words_of_many(notice: str):
    teaser = (SENTENCE * 4).strip()

    with pytest.raises(NoArticle):
        without_walls([teaser, notice], "")
    assert without_walls([teaser], "") == (teaser,)


def test_a_wall_beside_a_long_article_only_costs_itself():
    article = [SENTENCE * 9] * 3
    assert sum(map(len, article)) > LONGEST_TEASER

    assert without_walls([*article, "Subscribe to continue reading.", "We use cookies."], "") == tuple(article)


def test_an_article_about_walls_is_one():
    about = SENTENCE * 3 + "Readers are asked to subscribe to continue, and have to accept all cookies. "

    assert without_walls([about], "") == (about,)


def test_a_page_that_cannot_be_read_is_no_article():
    with pytest.raises(NoArticle):
        extract(b"\0" * 10_000, "text/html", "Title")


def test_a_text_has_its_limits():
    page = "<article>" + "".join(f"<p>{number} {SENTENCE}</p>" for number in range(5000)) + "</article>"
    text = extract(page.encode(), None, "")

    assert len(text) <= MOST_PARAGRAPHS
    assert LEAST_PAGE < sum(map(len, text)) <= LONGEST_TEXT


@pytest.mark.parametrize("page", [b"", b"<div>" * 100_000, b"<p>" + b"&#x202e;" * 9999])
def test_a_page_that_holds_nothing_raises_and_does_no_worse(page: bytes):
    with pytest.raises(Exception):  # noqa: B017 the worker tells whatever it is as a broken page
        extract(page, None, "")
