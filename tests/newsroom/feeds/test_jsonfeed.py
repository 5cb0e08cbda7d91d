import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsroom.errors import NotAFeed
from newsroom.feeds.entries import LONGEST_SUMMARY, LONGEST_TITLE, MOST_ENTRIES
from newsroom.feeds.parse import parse
from newsroom.text import length

FEEDS = Path(__file__).parents[2] / "feeds"
URL = "https://feeds.example/feed.json"


def read(name):
    return parse((FEEDS / name).read_bytes(), "application/feed+json", URL)


def feed_of(*items, **more):
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": items} | more
    return parse(json.dumps(feed).encode(), None, URL)


def test_json_feed_11_is_read():
    feed = read("jsonfeed-1.1.json")

    assert (feed.title, feed.site_url) == ("JSON News", "https://json.example/")
    first, second = feed.entries
    assert (first.guid, first.link) == ("a1", "https://json.example/a1")
    assert first.title == "A <b>bold</b> title"
    assert first.summary == "One. Two."
    assert first.picture == "https://json.example/a1.png"
    assert first.published == datetime(2025, 1, 20, 14, 15, tzinfo=UTC)
    assert (second.link, second.summary) == ("https://elsewhere.example/x", "In short")
    assert (second.picture, second.published) == (None, None)


def test_json_feed_10_is_read_with_its_numbers_for_ids():
    feed = read("jsonfeed-1.0.json")

    assert feed.entries[0].guid == "7"
    assert feed.entries[0].link == "https://feeds.example/seven"
    assert feed.entries[0].summary == "Seven lines of text"


def test_characters_that_no_database_takes_are_gone():
    entry = read("jsonfeed-surrogate.json").entries[0]

    assert (entry.guid, entry.title) == ("x", "a b")


def test_a_byte_order_mark_and_white_space_before_it_do_not_matter():
    body = b"\xef\xbb\xbf \n" + (FEEDS / "jsonfeed-1.1.json").read_bytes()

    assert len(parse(body, "text/html", URL).entries) == 2


@pytest.mark.parametrize(
    "item",
    [
        {"id": None, "title": 3, "url": ["x"], "summary": {}},
        {"id": True, "date_published": 5},
        {
            "id": "1",
            "url": "javascript:alert(1)",
            "image": "data:image/png,",
            "date_published": "9999-12-31T23:59:59-12:00",
        },
        {"id": "1", "date_published": "0001-01-01T00:00:00+12:00"},
    ],
)
def test_values_of_the_wrong_kind_are_left_out(item):
    for entry in feed_of(item).entries:
        assert (entry.title, entry.link, entry.summary, entry.picture, entry.published) == ("", None, "", None, None)


def test_long_values_have_their_limits():
    feed = feed_of(*({"id": str(n)} for n in range(MOST_ENTRIES + 5)))
    assert len(feed.entries) == MOST_ENTRIES

    entry = feed_of({"id": "1", "title": "😀 " * 1000, "content_text": "word " * 50_000}).entries[0]
    assert length(entry.title) <= LONGEST_TITLE
    assert length(entry.summary) <= LONGEST_SUMMARY


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"version": 1}',
        b'{"version": "https://example.com/"}',
        b'{"a":' * 100_000,
        b'{"version": ' + b"9" * 5000 + b"}",
        b'{"\xff": 1}',
    ],
)
def test_other_json_is_no_feed(body):
    with pytest.raises(NotAFeed):
        parse(body, "application/json", URL)


def test_a_json_feed_may_have_no_items():
    assert feed_of().entries == ()
    assert feed_of(items="none").entries == ()


def test_an_article_that_stands_in_its_feed_comes_along_by_paragraphs():
    long = "A sentence of the article itself. " * 20
    html, text, short = feed_of(
        {"id": "1", "content_html": f"<p>One.</p><p>{long}</p>"},
        {"id": "2", "content_text": f"One <b>.\n\n{long}"},
        {"id": "3", "content_html": "<p>One.</p>"},
    ).entries

    assert html.text == ("One.", long.strip())
    assert text.text == ("One <b>.", long.strip())
    assert short.text is None
