import pytest

from newsroom.feeds.discover import MOST_LINKS, feed_links
from newsroom.models import FeedLink

URL = "https://site.example/blog/post"


def links(html):
    return feed_links(html.encode(), URL)


def test_the_feeds_a_page_declares_are_found_in_its_order():
    assert links("""<html><head>
        <link rel="alternate" type="application/rss+xml" title="All &amp; everything" href="/feed">
        <link rel="stylesheet" href="/feed.css">
        <LINK REL="Alternate Home" TYPE="Application/Atom+XML; charset=utf-8" HREF="https://other.example/atom.xml">
        <link rel="alternate" type="application/feed+json" href="feed.json">
        <link rel="alternate" hreflang="de" href="/de">
        <link rel="alternate" type="application/rss+xml" title="again" href="/feed">
        </head><a href="/rss">not needed</a></html>""") == (
        FeedLink("https://site.example/feed", "All & everything"),
        FeedLink("https://other.example/atom.xml", ""),
        FeedLink("https://site.example/blog/feed.json", ""),
    )


def test_the_data_wordpress_names_is_no_feed():
    assert links("""<link rel="alternate" title="JSON" type="application/json" href="/wp-json/wp/v2/posts/1">
        <link rel="alternate" type="application/json" href="/feed.json">""") == (
        FeedLink("https://site.example/feed.json", ""),
    )


def test_a_page_that_declares_none_is_searched_for_links_that_look_like_feeds():
    assert [
        link.url
        for link in links("""<a href="/about">About</a> <a href="/feed/">RSS</a> <a href="news.rss">x</a>
        <a href="/blog/index.xml"> Subscribe <b>here</b> </a> <a href="/feedback">No</a> <a href="/sitemap.xml">No</a>
        <a href="javascript:feed()">No</a>""")
    ] == [
        "https://site.example/feed/",
        "https://site.example/blog/news.rss",
        "https://site.example/blog/index.xml",
    ]


def test_a_link_is_named_by_its_words():
    assert links('<a href="/feed">Get \u202e<b>the</b>\n feed</a>')[0].title == "Get the feed"


def test_addresses_belong_to_the_base_a_page_names():
    html = '<base href="/news/"><link rel="alternate" type="application/rss+xml" href="feed">'

    assert links(html)[0].url == "https://site.example/news/feed"


@pytest.mark.parametrize(
    "href", ["", "javascript:alert(1)", "file:///etc/passwd", "feed:https://x.example/", "http://[::1"]
)
def test_only_web_addresses_are_feeds(href):
    assert links(f'<link rel="alternate" type="application/rss+xml" href="{href}">') == ()


def test_no_more_feeds_are_named_than_one_can_choose_among():
    html = "".join(f'<link rel="alternate" type="application/rss+xml" href="/{n}">' for n in range(50))

    assert len(links(html)) == MOST_LINKS


def test_titles_are_right_in_utf_8_and_in_a_declared_encoding():
    html = '<meta charset="iso-8859-1"><link rel="alternate" type="application/rss+xml" title="Zürich" href="/f">'

    assert feed_links(html.encode("iso-8859-1"), URL)[0].title == "Zürich"
    assert feed_links(html.encode("utf-8"), URL)[0].title == "Zürich"


@pytest.mark.parametrize("body", [b"", b"  ", b"\x00\xff\xfe", b"<!-- -->", b"<div>" * 100_000, b"<a href='" * 100_000])
def test_a_page_of_nonsense_has_no_feeds(body):
    assert feed_links(body, URL) == ()
