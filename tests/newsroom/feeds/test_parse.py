from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path

import feedparser
import pytest

from newsroom.errors import NotAFeed
from newsroom.feeds.cut import fingerprint
from newsroom.feeds.entries import (
    LEAST_TEXT,
    LONGEST_SUMMARY,
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_ENTRIES,
    MOST_PARAGRAPHS,
    MOST_TEXT,
)
from newsroom.feeds.parse import MOST_UNCUT, parse
from newsroom.text import length

FEEDS = Path(__file__).parents[2] / "feeds"
URL = "https://feeds.example/dir/feed.xml"


def read(name, content_type=None):
    return parse((FEEDS / name).read_bytes(), content_type, URL)


def rss(items, **namespaces):
    declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in namespaces.items())
    return f'<rss version="2.0"{declared}><channel><title>T</title>{items}</channel></rss>'.encode()


def item(content, **namespaces):
    return parse(rss(f"<item>{content}</item>", **namespaces), None, URL).entries[0]


def test_rss_2_is_read_with_text_made_plain():
    feed = read("rss-2.0.xml")

    assert feed.title == "Whale & Wave"
    assert feed.site_url == "https://whale.example/blog/"
    entry = feed.entries[0]
    assert entry.guid == "post-17"
    assert entry.link == "https://whale.example/blog/r1?utm_source=rss&page=2"
    assert entry.title == "R1 is open"
    assert entry.summary == "Weights, paper and code. MIT licence."
    assert entry.picture == "https://cdn.whale.example/r1.jpg"
    assert entry.published == datetime(2025, 1, 20, 14, 15, tzinfo=UTC)


def test_a_relative_link_in_rss_belongs_to_the_site():
    assert read("rss-2.0.xml").entries[1].link == "https://whale.example/blog/thoughts/relative"


def test_an_item_without_summary_tells_its_content_and_shows_its_first_real_picture():
    entry = read("rss-2.0.xml").entries[1]

    assert entry.summary == "Only a body here."
    assert entry.picture == "https://cdn.whale.example/body.png"


def test_a_guid_is_the_link_when_it_is_an_address_that_says_so():
    assert read("rss-2.0.xml").entries[2].link == "https://whale.example/blog/guid-link"
    assert read("rss-2.0.xml").entries[3].link is None
    assert item("<title>x</title><guid>1234</guid>").link is None


def test_a_picture_over_plain_http_is_none():
    assert read("rss-2.0.xml").entries[2].picture is None


def test_a_date_that_cannot_be_is_none():
    assert read("rss-2.0.xml").entries[3].published is None
    assert item("<title>x</title><pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate>").published is None
    assert item("<title>x</title><pubDate>soon</pubDate>").published is None


def test_an_item_that_says_nothing_is_skipped():
    assert len(read("rss-2.0.xml").entries) == 4


def test_rss_091_is_read():
    feed = read("rss-0.91.xml")

    assert feed.title == "Old Lab News"
    assert [entry.title for entry in feed.entries] == ["Perceptrons return", "Backprop by hand"]


def test_rss_092_is_read_though_an_item_has_no_title():
    feed = read("rss-0.92.xml")

    assert [entry.title for entry in feed.entries] == ["", "Second"]
    assert feed.entries[0].summary == "A model was released today."


def test_rss_1_is_read():
    feed = read("rss-1.0.rdf")

    assert feed.title == "Preprint Archive"
    assert feed.entries[0].guid == feed.entries[0].link == "https://archive.example/abs/1"
    assert feed.entries[0].published == datetime(2025, 1, 20, 10, 30, tzinfo=UTC)


def test_atom_03_is_read():
    entry = read("atom-0.3.xml").entries[0]

    assert entry.guid == "tag:early.example,2004:1"
    assert entry.link == "https://early.example/first"
    assert entry.published == datetime(2004, 5, 1, 8, tzinfo=UTC)


def test_atom_1_is_read_with_links_against_its_base():
    feed = read("atom-1.0.xml")

    assert feed.site_url == "https://tools.example/releases"
    assert [entry.link for entry in feed.entries] == [
        "https://tools.example/releases/v2",
        "https://tools.example/releases/v1",
    ]
    assert [entry.published for entry in feed.entries] == [
        datetime(2025, 2, 1, tzinfo=UTC),
        datetime(2025, 1, 1, tzinfo=UTC),
    ]


def test_what_atom_calls_text_keeps_its_angle_brackets():
    feed = read("atom-1.0.xml")

    assert feed.entries[0].title == "v2: fix the <div> of the canvas"
    assert feed.entries[0].summary == "Changes one two"
    assert feed.entries[1].title == "v1 & only"
    assert feed.entries[1].summary == "Uses a <b> tag."


def test_the_article_itself_is_preferred_to_other_links_of_an_entry():
    feed = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><title>x</title>
    <link rel="replies" href="https://a.example/replies"/><link rel="enclosure" href="https://a.example/a.mp3"/>
    <link rel="alternate" type="application/xhtml+xml" href="https://a.example/article"/>
    <link rel="self" href="https://a.example/entry.atom"/></entry></feed>"""

    assert parse(feed, None, URL).entries[0].link == "https://a.example/article"


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("latin-1-declared.xml", None),
        ("latin-1-declared.xml", "application/xml"),
        ("latin-1-undeclared.xml", "application/rss+xml; charset=ISO-8859-1"),
        ("latin-1-undeclared.xml", None),
        ("utf-16.xml", None),
        ("utf-8-bom.xml", "text/xml"),
        ("utf-8-undeclared.xml", None),
        ("utf-8-undeclared.xml", "text/xml"),
        ("utf-8-undeclared.xml", "text/html"),
        ("utf-8-undeclared.xml", "text/plain; charset=us-ascii"),
        ("utf-8-undeclared.xml", "application/octet-stream"),
        ("utf-8-undeclared.xml", "image/png; charset=nonsense"),
    ],
)
def test_umlauts_are_right_whoever_declares_what(name, content_type):
    assert read(name, content_type).title == "Café Zürich"


def test_a_feed_without_a_name_is_called_after_its_host():
    assert parse(b'<rss version="2.0"><channel></channel></rss>', None, URL).title == "feeds.example"


def test_a_feed_without_items_is_a_feed():
    assert read("no-items.xml").entries == ()


def test_a_bare_ampersand_does_not_break_a_feed():
    feed = read("ampersands.xml")

    assert feed.title == "R&D"
    assert feed.entries[0].title == "Q&A & more"
    assert feed.entries[0].link == "https://rnd.example/?a=1&b=2"


def test_a_title_cannot_hide_or_reorder_its_characters():
    feed = read("bidi-title.xml")

    assert feed.title == "Hiden"
    assert feed.entries[0].title == "photogpj.exe"


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("https://bücher.example/a", "https://xn--bcher-kva.example/a"),
        ("https://[2001:db8::1]/a", "https://[2001:db8::1]/a"),
        ("https://under_score.example/a b", "https://under_score.example/a%20b"),
        ("https://donnés 1.example/a", None),
        ("https://lab.example)[x](https/a", None),
        ("https://lab.example/" + "é" * 338, "https://lab.example/" + "%C3%A9" * 338),
        ("https://lab.example/" + "é" * 339, None),
    ],
)
def test_a_link_has_a_host_that_can_be_one_and_is_short_enough_as_it_is_sent(address: str, link: str | None):
    assert item(f"<title>A</title><link>{address}</link>").link == link


def test_only_web_addresses_are_links():
    assert [entry.link for entry in read("links-of-all-sorts.xml").entries] == [
        None,
        None,
        None,
        "https://evil.example/x",
        "https://cdn.example/y",
        "https://links.example/a%20b",
        None,
        None,
        "https://links.example/Up",
    ]


@pytest.mark.parametrize(
    ("content", "picture"),
    [
        ('<media:content url="https://p.example/a" type="image/png"/>', "https://p.example/a"),
        ('<media:content url="https://p.example/a.webp?w=1"/>', "https://p.example/a.webp?w=1"),
        ('<media:content url="https://p.example/a.mp4" medium="video"/>', None),
        ('<media:thumbnail url="https://p.example/t.jpg"/>', "https://p.example/t.jpg"),
        ('<enclosure url="https://p.example/e.jpg" type="image/jpeg"/>', "https://p.example/e.jpg"),
        ('<enclosure url="https://p.example/e.mp3" type="audio/mpeg"/>', None),
        ("<description>&lt;img src='https://p.example/i.png'&gt;</description>", "https://p.example/i.png"),
        ("<description>&lt;img src='http://p.example/i.png'&gt;</description>", None),
        ("<description>&lt;img src='data:image/png;base64,AAAA'&gt;</description>", None),
        ("<description>&lt;img src='https://p.example/emoji/1.png'&gt;</description>", None),
        ("<description>&lt;!-- &lt;img src='https://p.example/i.png'&gt; --&gt;</description>", None),
        (f"<media:thumbnail url='https://p.example/{'a' * 2030}'/>", f"https://p.example/{'a' * 2030}"),
        (f"<media:thumbnail url='https://p.example/{'a' * 2031}'/>", None),
    ],
)
def test_a_picture_is_what_the_item_shows_over_https(content, picture):
    assert item(f"<title>x</title>{content}", media="http://search.yahoo.com/mrss/").picture == picture


def test_titles_and_summaries_have_their_limits():
    entry = item(f"<title>{'😀 title ' * 500}</title><description>{'word ' * 20_000}</description>")

    assert length(entry.title) <= LONGEST_TITLE
    assert length(entry.summary) <= LONGEST_SUMMARY


def test_of_a_great_many_items_the_first_are_read():
    feed = parse(rss("".join(f"<item><title>{n}</title></item>" for n in range(MOST_ENTRIES + 5))), None, URL)

    assert len(feed.entries) == MOST_ENTRIES
    assert feed.entries[0].title == "0"


def test_of_a_great_many_items_the_newest_are_read_wherever_a_feed_has_them():
    days = range(MOST_ENTRIES + 5)
    start = datetime(2020, 1, 1, tzinfo=UTC)
    items = [f"<item><guid>{n}</guid><pubDate>{format_datetime(start + timedelta(n))}</pubDate></item>" for n in days]

    for order in (items, items[::-1]):
        feed = parse(rss("".join(order)), None, URL)
        assert {entry.guid for entry in feed.entries} == {str(n) for n in days[5:]}


def test_of_a_great_many_items_no_more_are_parsed_than_are_kept(monkeypatch):
    parsed = []
    read_by_feedparser = feedparser.parse

    def counting(*args, **options):
        result = read_by_feedparser(*args, **options)
        parsed.append(len(result.entries))
        return result

    monkeypatch.setattr(feedparser, "parse", counting)
    parse(rss("<item><title>x</title></item>" * 3 * MOST_ENTRIES), None, URL)

    assert max(parsed) == MOST_ENTRIES


def test_an_item_that_feedparser_raises_over_costs_a_long_feed_itself_alone():
    feed = parse(rss(ODD.decode() + "<item><title>x</title></item>" * MOST_ENTRIES), None, URL)

    assert [entry.title for entry in feed.entries] == ["x"] * (MOST_ENTRIES - 1)


@pytest.mark.parametrize(
    "items",
    [
        "<item/>" * MOST_UNCUT + "<item><item/></item>",
        "<item/>" * MOST_UNCUT + "<item/></item>",
        "<item/>" * MOST_UNCUT + "<item/><!--",
        "<item/>" + "<é:item/>" * MOST_UNCUT,
    ],
)
def test_a_great_many_items_that_cannot_be_told_apart_are_not_read(items):
    with pytest.raises(NotAFeed, match="so many items"):
        parse(rss(items, é="http://purl.org/rss/1.0/"), None, URL)


def test_a_feed_cut_off_inside_an_item_is_no_feed_for_now():
    with pytest.raises(NotAFeed, match="breaks off"):
        read("cut-in-item.xml")


def test_a_feed_that_only_forgets_to_close_is_read():
    assert [entry.title for entry in read("unclosed.xml").entries] == ["Whole"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "nothing at all"),
        (b"  \n ", "nothing at all"),
        (b"<!DOCTYPE html><html><body>Hi</body></html>", "a web page, not a feed"),
        (b"<HTML><body>Hi</body></HTML>", "a web page, not a feed"),
        (b"Hello", "can't be read as a feed"),
        (b"/etc/passwd", "can't be read as a feed"),
        (bytes(range(256)), "can't be read as a feed"),
        ((FEEDS / "sitemap.xml").read_bytes(), "can't be read as a feed"),
        (b'<rss version="2.0"><channel><title>Bro', "too broken"),
        (b'{"error": "not found"}', "not a JSON Feed"),
    ],
)
def test_what_is_no_feed_is_told_apart(body, words):
    with pytest.raises(NotAFeed, match=words):
        parse(body, None, URL)


# Hostile documents that only need care; those that need a limit are in test_workers.


@pytest.mark.parametrize(
    "name", ["hostile-entity-bomb.xml", "hostile-entity-utf-16.xml", "hostile-entity-backslash.xml"]
)
def test_entities_a_document_declares_itself_are_not_unfolded(name):
    try:
        feed = read(name)
    except NotAFeed:
        return
    assert length(repr(feed)) < 1000


def test_entities_cannot_be_smuggled_in_by_an_encoding():
    bomb = (FEEDS / "hostile-entity-bomb.xml").read_text().replace("?>", ' encoding="utf-7"?>', 1)

    try:
        feed = parse(bomb.replace("<!", "+ADwAIQ-").encode(), "application/xml; charset=utf-7", URL)
    except NotAFeed:
        return
    assert length(repr(feed)) < 1000


def test_the_entities_of_html_are_known_without_being_declared():
    assert item("<title>Caf&eacute;&nbsp;&mdash; bar</title>").title == "Café — bar"


def test_no_file_is_read_for_a_document():
    secret = Path("/etc/passwd").read_text().splitlines()[0]
    try:
        feed = read("hostile-xxe-file.xml")
    except NotAFeed:
        return
    assert secret not in repr(feed)


@pytest.mark.parametrize(
    "reference", ["&#99999999999;", "&#x110000;", "&#xD83D;&#xDE00;", "&#0;", "&#xFFFFFFFFFFFFFFFFF;"]
)
def test_a_reference_to_a_character_that_cannot_be_costs_that_character_only(reference):
    assert item(f"<title>before {reference}after</title>").title == "before after"


def test_a_reference_to_a_character_may_be_as_long_as_it_likes():
    body = f"<rss version='2.0'><channel><item><title>&#{'0' * 5000}65;&#x{'0' * 5000}42; & C</title></item>"

    assert parse(f"{body}</channel></rss>".encode(), None, URL).entries[0].title == "AB & C"


ODD = (
    b"<item xmlns:georss='http://www.georss.org/georss' xmlns:gml='http://www.opengis.net/gml'><guid>odd</guid>"
    b"<georss:where><gml:Point srsName='EPSG:x'><gml:pos>1 2</gml:pos></gml:Point></georss:where></item>"
)


@pytest.mark.parametrize("places", [(0,), (4,), (1, 2), (0, 1, 3, 4)])
def test_an_item_that_feedparser_raises_over_costs_itself_alone(places: tuple[int, ...]):
    items = [b"<item><guid>%d</guid><title>%d</title></item>" % (n, n) if n not in places else ODD for n in range(5)]
    body = b"<rss version='2.0'><channel><title>Lab</title>%b</channel></rss>" % b"".join(items)

    feed = parse(body, None, URL)

    assert [entry.guid for entry in feed.entries] == [str(n) for n in range(5) if n not in places]
    assert parse(body, None, URL, fingerprint(items[4])).entries == feed.entries


@pytest.mark.parametrize(
    "name",
    ["links", "media_content", "media_thumbnail", "content", "title_detail", "summary_detail", "published_parsed"],
)
def test_an_element_that_is_called_like_feedparser_s_own_names_says_nothing(name: str):
    """Feedparser keeps unknown elements under their names, as text, where it would put values of its own."""
    item = f"<item><guid>1</guid><title>One</title><description>It is out.</description><{name}>odd</{name}></item>"

    feed = parse(f"<rss version='2.0'><channel><title>Lab</title>{item}</channel></rss>".encode(), None, URL)

    assert [(entry.guid, entry.title, entry.summary) for entry in feed.entries] == [("1", "One", "It is out.")]


def test_a_feed_of_nothing_but_items_that_feedparser_raises_over_is_no_empty_feed():
    with pytest.raises(ValueError):
        parse(b"<rss version='2.0'><channel><title>Lab</title>%b</channel></rss>" % (ODD * 3), None, URL)


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("<ttl>90</ttl>", timedelta(minutes=90)),
        ("<ttl>0</ttl>", timedelta()),
        ("<ttl>525600</ttl>", timedelta(days=1)),
        ("<ttl>soon</ttl>", None),
        ("<ttl>-5</ttl>", None),
        ("<ttl>²</ttl>", None),
        ("<sy:updatePeriod>daily</sy:updatePeriod>", timedelta(days=1)),
        ("<sy:updatePeriod> daily </sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", timedelta(hours=6)),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", timedelta(days=1)),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>1</sy:updateFrequency>", None),
        ("<sy:updatePeriod>never</sy:updatePeriod>", None),
        ("", None),
    ],
)
def test_a_feed_says_how_seldom_it_wants_to_be_read(said: str, hint: timedelta | None):
    namespace = "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'"
    channel = f"<title>Lab</title>{said}<item><guid>1</guid></item>"
    body = f"<rss version='2.0' {namespace}><channel>{channel}</channel></rss>"

    assert parse(body.encode(), None, "https://lab.example/feed.xml").hint == hint


LONG = "A sentence of the article itself. " * 20
CONTENT = {"xmlns:content": "http://purl.org/rss/1.0/modules/content/"}


def encoded(markup, summary="Short."):
    return item(
        f"<title>T</title><description>{summary}</description><content:encoded>{escape(markup)}</content:encoded>",
        **CONTENT,
    )


def test_an_article_that_stands_in_its_feed_comes_along_by_paragraphs():
    entry = encoded(f"<h2>Head</h2><p>{LONG}</p><script>x</script><p>The <i>end</i>.</p>")

    assert entry.text == ("Head", LONG.strip(), "The end.")
    assert entry.summary == "Short."


def test_the_content_of_atom_comes_along_whether_it_is_markup_or_not():
    def atom(kind, content):
        return parse(
            b"<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title><entry><id>1</id><title>T</title>"
            b"<content type='%s'>%s</content></entry></feed>" % (kind, escape(content).encode()),
            None,
            "https://feeds.example/",
        ).entries[0]

    assert atom(b"html", f"<p>a &lt;b&gt;</p><p>{LONG}</p>").text == ("a <b>", LONG.strip())
    assert atom(b"text", f"a <b>\n\n{LONG}").text == ("a <b>", LONG.strip())


@pytest.mark.parametrize(
    "content",
    ["Short.", "<p></p>" * LEAST_TEXT, f"{LONG} Continue reading →", f"{LONG} […]", f"{LONG}<a href='x'>Read more</a>"],
)
def test_a_teaser_is_no_article(content):
    assert encoded(content).text is None


def test_a_description_is_an_article_if_it_is_longer_than_any_summary():
    assert item(f"<title>T</title><description>{LONG}</description>").text is None
    assert item(f"<title>T</title><description>{LONG * 3}</description>").text == ((LONG * 3).strip(),)


def test_the_text_of_an_article_and_of_a_document_has_its_limits():
    assert len(encoded("<p>a</p>" * 10_000 + LONG).text or ()) in (0, MOST_PARAGRAPHS)
    assert sum(map(len, encoded(f"<p>{LONG}</p>" * 90).text)) <= LONGEST_TEXT
    content = f"<content:encoded>{escape(LONG * 29)}</content:encoded>"
    items = "".join(f"<item><guid>{number}</guid>{content}</item>" for number in range(100))
    texts = [entry.text for entry in parse(rss(items, **CONTENT), None, "https://feeds.example/").entries]

    assert sum(len("".join(text)) for text in texts if text) <= MOST_TEXT + LONGEST_TEXT
    assert texts[0]
    assert not texts[-1]
