import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.feeds.identity import KEY_BYTES, Identified, has_moved, identify
from newsroom.models import Entry

A = "https://lab.example/news/r1"
B = "https://lab.example/news/r2"


def entry(guid: str | None = None, link: str | None = None, title: str = "DeepSeek R1", summary: str = "") -> Entry:
    return Entry(guid=guid, link=link, title=title, summary=summary)


def only(item: Entry) -> Identified:
    [identified] = identify([item]).items
    return identified


def seen(*documents: list[Entry]) -> set[bytes]:
    """All that a feed remembers after these documents."""
    return {key for document in documents for item in identify(document).items for key in item.names}


def new_in(document: list[Entry], known: set[bytes], moved: bool = False) -> list[Entry]:
    return [item.entry for item in identify(document).items if known.isdisjoint(item.telling(moved))]


def story(link: str | None) -> bytes | None:
    return only(entry(guid="g", link=link)).story_key


# What moves while the article stays the same.


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(entry("g1", A), entry("g2", A), id="guid-changes"),
        pytest.param(entry("http://lab.example/1"), entry("https://lab.example/1"), id="guid-to-https"),
        pytest.param(entry("g1", A), entry("g1", B), id="link-changes"),
        pytest.param(entry(link="http://lab.example/a"), entry(link="https://lab.example/a"), id="link-to-https"),
        pytest.param(entry(link=A), entry(link=A + "?utm_source=rss&utm_medium=x"), id="link-utm-added"),
        pytest.param(entry(link=A + "?fbclid=abc"), entry(link=A), id="tracking-gone"),
        pytest.param(
            entry(link=A + "?PHPSESSID=" + "a1" * 13), entry(link=A + "?PHPSESSID=" + "b2" * 13), id="session"
        ),
        pytest.param(entry(link=A + ";jsessionid=1"), entry(link=A + ";jsessionid=2"), id="session-in-path"),
        pytest.param(entry(link=A + "?sid=" + "0a" * 16), entry(link=A), id="session-by-its-look"),
        pytest.param(entry(link=A), entry(link="https://www.lab.example/news/r1/"), id="www-and-slash"),
        pytest.param(entry(link=A), entry(link="HTTPS://LAB.example:443/news/r1"), id="case-and-port"),
        pytest.param(entry(link=A + "?a=1&b=2"), entry(link=A + "?b=2&a=1"), id="query-order"),
        pytest.param(entry(link=A + "/%7ex"), entry(link=A + "/~x"), id="percent-encoding"),
        pytest.param(entry("g1", A, title="Old"), entry("g1", A, title="New"), id="edit-title"),
        pytest.param(entry(title="A  Title"), entry(title="a title"), id="idless-spacing"),
        pytest.param(entry(title="t", summary="One. Two."), entry(title="t", summary="One. Three."), id="idless-later"),
    ],
)
def test_an_article_stays_known_when_this_changes(before: Entry, after: Entry):
    assert new_in([after], seen([before])) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("https://b.example/?p=12", "https://b.example/?p=13", id="wordpress"),
        pytest.param("https://b.example/?12", "https://b.example/?13", id="bare-query"),
        pytest.param("https://b.example/a?cid=1", "https://b.example/a?cid=2", id="cid-names-content"),
        pytest.param("https://b.example/a?sid=24/01/27", "https://b.example/a?sid=24/01/28", id="slashdot"),
        pytest.param("https://b.example/a?ref=1201", "https://b.example/a?ref=1202", id="ref-names-content"),
        pytest.param("https://b.example/a?ref=v1.2", "https://b.example/a?ref=v1.3", id="ref-names-version"),
        pytest.param("https://b.example/log#jan-27", "https://b.example/log#jan-28", id="changelog"),
        pytest.param("https://b.example/A", "https://b.example/a", id="case-of-path"),
        pytest.param("https://b.example:8000/a", "https://b.example:8001/a", id="port"),
    ],
)
def test_two_links_that_differ_in_content_are_two_articles_and_two_stories(one: str, other: str):
    assert new_in([entry(link=other)], seen([entry(link=one)])) != []
    assert story(one) != story(other)


# One id for all.


@pytest.mark.parametrize(
    "guid", ["same", "https://lab.example/feed.xml", "https://lab.example/", "", "  "], ids=lambda guid: repr(guid)
)
def test_ten_items_that_share_one_guid_are_ten_articles_and_stay_known(guid: str):
    document = [entry(guid, f"https://lab.example/{n}", title=f"Story {n}") for n in range(10)]
    assert len(new_in(document, set())) == 10
    assert new_in(document, seen(document)) == []


def test_ten_items_that_share_guid_and_link_are_told_apart_by_their_words():
    document = [entry("same", A, title=f"Story {n}") for n in range(10)]
    fresh = entry("same", A, title="Story 10")
    assert len(new_in(document, set())) == 10
    assert new_in([fresh, *document], seen(document)) == [fresh]


def test_a_shared_guid_is_not_remembered_so_the_next_single_item_under_it_is_not_lost():
    document = [entry("same", f"https://lab.example/{n}", title=f"Story {n}") for n in range(2)]
    fresh = entry("same", "https://lab.example/3", title="Story 3")
    assert new_in([fresh], seen(document)) == [fresh]


def test_items_that_share_a_link_are_different_articles_of_no_common_story():
    first, second = identify([entry("g1", A), entry("g2", A)]).items
    assert set(first.keys).isdisjoint(second.keys)
    assert (first.story_key, second.story_key) == (None, None)


def test_a_weekly_thread_under_the_same_words_is_new_each_week():
    assert new_in([entry("week-2", B)], seen([entry("week-1", A)])) != []


# Doubles, and hardly an item.


def test_an_exact_double_is_one_article_and_keeps_its_place_and_its_keys():
    items = identify([entry("g1", A), entry("g2", B), entry("g1", A)]).items
    assert [item.entry.guid for item in items] == ["g1", "g2"]
    assert items[0].keys == only(entry("g1", A)).keys


def test_doubles_that_differ_in_tracking_and_scheme_alone_are_one_article():
    first = entry("http://lab.example/1", A + "?utm_campaign=a")
    second = entry("https://lab.example/1", A + "?utm_campaign=b")
    assert [item.entry for item in identify([first, second]).items] == [first]


def test_items_that_nothing_tells_apart_are_one_article():
    doubles = [entry("g1", A), entry("g1", B), entry("g2", A), entry("g2", B)]
    items = identify([*doubles, entry("g3")]).items
    assert [item.entry for item in items] == [doubles[0], entry("g3")]


def test_an_item_with_nothing_at_all_is_skipped():
    assert identify([entry(title="", guid=" ", link=None)]).items == ()


def test_an_item_without_title_is_known_by_its_first_sentence():
    document = [entry(title="", summary="One. Two."), entry(title="", summary="Three.")]
    assert len(new_in(document, set())) == 2
    assert new_in(document, seen(document)) == []


def test_a_front_page_as_the_only_link_tells_nothing():
    before, after = (
        entry(link="https://lab.example/", title="Monday"),
        entry(link="https://lab.example", title="Tuesday"),
    )
    assert new_in([after], seen([before])) == [after]
    assert story("https://www.lab.example/?utm_source=rss") is None


# A site that moves house.

OLD = [entry(f"https://old.example/?p={n}", f"https://old.example/{n}", title=f"Story {n}") for n in range(5)]
NEW = [entry(f"https://new.example/?p={n}", f"https://new.example/{n}", title=f"Story {n}") for n in range(5)]


def test_a_site_that_moved_house_brings_no_flood():
    moved = has_moved(identify(NEW).host, identify(OLD).host)
    fresh = entry("https://new.example/?p=9", "https://new.example/9")
    assert moved
    assert new_in([fresh, *NEW], seen(OLD), moved) == [fresh]


def test_after_the_move_the_new_addresses_are_known_once_they_are_remembered():
    assert new_in(NEW, seen(OLD) | seen(NEW), moved=False) == []


def test_without_a_move_an_equal_path_elsewhere_is_another_article():
    assert new_in(NEW, seen(OLD), moved=False) == NEW


def test_a_feed_that_links_to_many_hosts_never_moves():
    digest = identify([entry("1", "https://a.example/x"), entry("2", "https://b.example/x")])
    assert digest.host is None
    assert not has_moved(digest.host, "a.example")
    assert not has_moved("a.example", None)
    assert not has_moved("a.example", identify([entry(link="https://www.a.example/1")]).host)


def test_a_front_page_has_no_alias_without_its_host():
    assert only(entry("https://old.example/", "https://old.example")).hostless == ()


# One story in several feeds.


@pytest.mark.parametrize(
    "link",
    [
        "http://lab.example/news/r1",
        "https://www.lab.example/news/r1/",
        A + "?utm_source=digest&fbclid=1",
        A + "?ref=some.newsletter.com",
        A + "?source=rss----1",
        A + "#atom-everything",
        A + "#xtor=RSS-1",
        A + "#:~:text=popcorn",
        "https://user:word@lab.example/news/r1",
    ],
)
def test_all_ways_to_write_one_page_are_one_story(link: str):
    assert story(link) == story(A) is not None


@pytest.mark.parametrize(
    "link", [None, " ", "http://[", "mailto:a@b.example", "https:///x", "http://x.example:99999/a"]
)
def test_what_is_no_address_makes_no_story(link: str | None):
    assert story(link) is None


# Hostile text.


@pytest.mark.parametrize(
    "link", [A + "?" + "x&" * 51, A + "/" + "../" * 1000], ids=["more parameters than anybody uses", "endless path"]
)
def test_an_address_that_takes_long_to_take_apart_is_compared_as_it_stands(link: str):
    document = [entry(link, link, "t"), entry(link + "y", link + "y", "t")]

    assert story(link) is None
    assert len(identify(document).items) == 2
    assert new_in(document, seen(document)) == []


@pytest.mark.parametrize(
    "text",
    [
        "http://[",
        "http://x.example/\ud800",
        "http://" + "é" * 5000 + ".example/a",
        "http://" + "a" * 100_000,
        "http://x.example/" + "../" * 50_000,
        "http://\u2100/",
        "http://x.example:abc/",
        "http://xn--\u0661/a",
        "\x00",
        "\u202e" * 1000,
        "\ufdfa" * 100_000,
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_no_text_breaks_identity(text: str):
    document = [entry(text, text, text, text), entry(text, None, "t"), entry(None, text, "u")]
    assert new_in(document, seen(document)) == []


TEXT = st.text(st.characters(), max_size=30)
LINKS = st.none() | st.sampled_from([A, B]) | st.builds("https://{}/{}?{}#{}".format, TEXT, TEXT, TEXT, TEXT)
ENTRIES = st.builds(Entry, guid=st.none() | TEXT | LINKS, link=LINKS, title=TEXT, summary=TEXT)


@given(st.lists(ENTRIES, max_size=8))
def test_whatever_a_document_holds_reading_it_again_brings_nothing_new(document: list[Entry]):
    identities = identify(document)
    keys = [key for item in identities.items for key in item.keys]
    assert new_in(document, seen(document)) == []
    assert len(keys) == len(set(keys))
    assert {len(key) for item in identities.items for key in item.names} <= {KEY_BYTES}
