"""What is left out of a document changes nothing about the rest of it."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsroom.errors import NotAFeed
from newsroom.feeds.cut import cut, fingerprint, split, without
from newsroom.feeds.entries import MOST_ENTRIES
from newsroom.feeds.identity import has_moved, identify, stands_alone
from newsroom.feeds.parse import parse
from newsroom.models import Document, Entry

FEEDS = sorted((Path(__file__).parents[2] / "feeds").glob("*.*"))
URL = "https://lab.example/feed.xml"


def pieces(document: bytes) -> list[bytes] | None:
    items = cut(document)
    return None if items is None else [document[start:end] for start, end in items]


@pytest.mark.parametrize(
    ("document", "items"),
    [
        (b"<rss><item>1</item>\n<item a='b'>2</item></rss>", [b"<item>1</item>", b"<item a='b'>2</item>"]),
        (b"<feed><entry>1</entry></feed>", [b"<entry>1</entry>"]),
        (b"<a:feed><a:entry>1</a:entry></a:feed>", [b"<a:entry>1</a:entry>"]),
        (b"<r><items><li/></items><item>1</item></r>", [b"<item>1</item>"]),
        (b"<r><item/><item a='b' /><item>1</item></r>", [b"<item/>", b"<item a='b' />", b"<item>1</item>"]),
        (b"<r><!-- <item> --><item>1</item></r>", [b"<item>1</item>"]),
        (b"<r><item><![CDATA[</item><item>]]></item></r>", [b"<item><![CDATA[</item><item>]]></item>"]),
        (b"<?x <item> ?><r><item>1</item></r>", [b"<item>1</item>"]),
    ],
)
def test_a_document_is_cut_into_its_items(document: bytes, items: list[bytes]):
    assert pieces(document) == items


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<rss></rss>",
        b"<r><item>1</item><item>2</r>",
        b"<r>1</item></r>",
        b"<r><item>1</entry></r>",
        b"<r><entry><source><entry>1</entry></source></entry></r>",
        b"<r><item>1</item><!-- </r>",
        b"<r><item><![CDATA[1</item></r>",
        b"<r><item a='/>'>1</item></r>",
        b"<!DOCTYPE r [<!entity x '<item>'>]><r><item>1</item></r>",
        b"<r><item",
    ],
)
def test_what_can_not_be_cut_for_certain_is_left_whole(document: bytes):
    assert cut(document) is None


@given(
    st.lists(st.sampled_from(["<item>", "</item>", "<entry>", "<!--", "-->", "<![CDATA[", "]]>", "<", ">", "x", "/>"]))
)
def test_no_document_makes_the_cut_fail_and_its_items_never_overlap(parts: list[str]):
    items = cut("".join(parts).encode())

    assert items is None or all(start < end <= later for (start, end), (later, _) in pairwise(items))


def test_without_its_known_items_a_document_keeps_all_else():
    document = b"<rss>a<item>1</item>b<item>2</item>c<item>3</item>d</rss>"
    items = cut(document)
    assert items is not None

    assert without(document, items, {2, 0}) == b"<rss>ab<item>2</item>cd</rss>"
    assert without(document, items, ()) == document


def test_fingerprints_can_be_joined_and_taken_apart():
    prints = [fingerprint(b"1"), fingerprint(b"2")]

    assert split(b"".join(prints)) == set(prints)
    assert split(None) == split(b"") == frozenset()


# ---------------------------------------------------------------------------- the differential test


def read(document: str | bytes, known: bytes | None = None) -> Document | None:
    body = document.encode("utf-8", "surrogatepass") if isinstance(document, str) else document
    try:
        return parse(body, None, URL, known)
    except NotAFeed:
        return None
    except ValueError:  # feedparser's own; the worker takes it for a document that can't be read
        return None


GUIDS = ["", "a", "b", "urn:x:1", "https://lab.example/1", "http://lab.example/1", URL]
LINKS = ["", "/1", "/2", "https://lab.example/1", "https://lab.example/2?utm_source=rss"]
TITLES = ["One", "Two", "T&eacute;a", "<b>Bold</b>", "<![CDATA[A <i>b</i>]]>", "]]", "&#x1F37F;", "<item> and more"]
DATES = ["", "Thu, 01 Jan 2026 12:00:00 GMT", "2026-01-02T00:00:00Z", "soon"]


@st.composite
def rss_items(draw: st.DrawFn) -> str:
    guid, link, title, date = (draw(st.sampled_from(pool)) for pool in (GUIDS, LINKS, TITLES, DATES))
    link = link if guid else link or LINKS[-1]
    title = title if title.startswith(("<![", "&", "<b")) else escape(title)
    tags = [
        f"<guid isPermaLink='false'>{guid}</guid>" if guid else "",
        f"<link>{escape(link)}</link>" if link else "",
        f"<title>{title}</title>" if title else "",
        f"<pubDate>{date}</pubDate>" if date else "",
        draw(st.sampled_from(["", "<!-- </item> -->", "<description>&lt;p&gt;Text.&lt;/p&gt;</description>"])),
    ]
    attribute = draw(st.sampled_from(["", " a='b'", " xml:base='/x/'"]))
    return f"<item{attribute}>{''.join(tags)}</item>"


@st.composite
def atom_items(draw: st.DrawFn) -> str:
    guid, link, title, date = (draw(st.sampled_from(pool)) for pool in (GUIDS, LINKS, TITLES, DATES))
    link = link if guid else link or LINKS[-1]
    title = title if title.startswith(("<![", "&")) else escape(title)
    return (
        f"<entry><id>{guid}</id><link href='{escape(link)}'/><title type='html'>{title}</title>"
        f"<updated>{date}</updated></entry>"
    )


def rss(items: list[str]) -> str:
    return f"<rss version='2.0'><channel><title>Lab</title><link>https://lab.example/</link>{''.join(items)}</channel></rss>"


def atom(items: list[str]) -> str:
    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Lab</title>{' '.join(items)}</feed>"


def rdf(items: list[str]) -> str:
    return (
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>"
        f"<channel><title>Lab</title><link>https://lab.example/</link></channel>{''.join(items)}</rdf:RDF>"
    )


FORMS = {rss: rss_items(), atom: atom_items(), rdf: rss_items()}


@st.composite
def readings(draw: st.DrawFn) -> list[str]:
    """What a feed holds at one time after another: some items go, some move, some are new, some are edited."""
    form = draw(st.sampled_from(list(FORMS)))
    items = draw(st.lists(FORMS[form], min_size=1, max_size=6))
    documents = [form(items)]
    for _ in range(draw(st.integers(1, 3))):
        items = draw(
            st.permutations(
                draw(st.lists(st.sampled_from(items), max_size=6)) + draw(st.lists(FORMS[form], max_size=3))
            )
        )
        items = items or draw(st.lists(FORMS[form], min_size=1, max_size=2))
        documents.append(form(items))
    return documents


Told = tuple[str | None, str | None, str]


class Memory:
    """What a feed's readings leave behind, as a round does it: aliases, the host of all its links, fingerprints."""

    def __init__(self, *, cuts: bool) -> None:
        self.cuts = cuts
        self.known: set[bytes] = set()
        self.host: str | None = None
        self.fingerprints: bytes | None = None
        self.skipped = 0
        self.entries: tuple[Entry, ...] = ()

    def take_in(self, body: str) -> list[Told]:
        """Read a document, and return which articles are new."""
        document = read(body, self.fingerprints if self.cuts else None)
        assert document is not None
        found = identify(document.entries, document.left_out)
        if document.left_out and document.entries and not stands_alone(found, self.host, self.known):
            document = read(body)
            assert document is not None
            found = identify(document.entries)
        self.skipped += len(document.left_out)
        self.entries = document.entries
        moved = has_moved(found.host, self.host)
        fresh = [item.entry for item in found.items if self.known.isdisjoint(item.telling(moved))]
        self.known.update(name for item in found.items for name in item.names)
        self.fingerprints = found.fingerprints
        if not document.left_out:
            self.host = found.host or self.host
        return [(entry.guid, entry.link, entry.title) for entry in fresh]


@settings(max_examples=300)
@given(readings())
def test_the_same_articles_are_new_as_if_whole_documents_were_read(documents: list[str]):
    whole, ladder = Memory(cuts=False), Memory(cuts=True)
    before: set[Told] = set()

    for document in documents:
        # The very bytes of the last time are known, though a whole reading may take them for new: where a feed begins
        # or ceases to give several items one guid or link.
        by_cut, by_whole = ladder.take_in(document), whole.take_in(document)
        assert [told for told in by_cut if told not in before] == [told for told in by_whole if told not in before]
        assert set(by_cut) <= set(by_whole)
        before = {(entry.guid, entry.link, entry.title) for entry in whole.entries}


def test_what_is_compared_there_is_a_ladder_that_skips():
    ladder = Memory(cuts=True)
    items = [f"<item><guid>{number}</guid><title>{number}</title></item>" for number in range(9)]

    assert len(ladder.take_in(rss(items[:8]))) == 8
    assert [title for _, _, title in ladder.take_in(rss(items[1:]))] == ["8"]
    assert ladder.skipped == 7


def test_an_item_that_leads_elsewhere_is_not_taken_for_a_move_because_the_others_are_left_out():
    at_home = [f"<item><guid>{number}</guid><link>https://lab.example/{number}</link></item>" for number in range(5)]
    guest = "<item><guid>guest</guid><link>https://other.example/3</link></item>"
    ladder = Memory(cuts=True)
    ladder.take_in(rss(at_home))

    assert [guid for guid, _, _ in ladder.take_in(rss([guest, *at_home]))] == ["guest"]
    assert ladder.host == "lab.example"


@settings(max_examples=200)
@given(readings(), st.integers(0, 10**6), st.integers(0, 40), st.sampled_from(["cut", "twice", "junk"]))
def test_in_a_damaged_document_no_item_changes_for_what_is_left_out(
    documents: list[str], place: int, size: int, damage: str
):
    before, after = documents[:2]
    first = read(before)
    assert first is not None
    place %= len(after)
    part = after[place : place + size]
    after = after[:place] + {"cut": "", "twice": part * 2, "junk": "<\x00]]>"}[damage] + after[place + size :]

    whole, ladder = read(after), read(after, identify(first.entries).fingerprints)

    if ladder is not None and ladder.left_out:
        assert whole is not None
        assert set(ladder.entries) <= set(whole.entries)


@pytest.mark.parametrize("path", FEEDS, ids=lambda path: path.name)
def test_each_item_of_a_real_feed_is_the_same_without_the_others(path: Path):
    body = path.read_bytes()
    whole = read(body)
    prints = [entry.fingerprint for entry in whole.entries if entry.fingerprint] if whole else []
    if whole is None or not prints:
        return

    for entry in whole.entries:
        part = read(body, b"".join(own for own in prints if own != entry.fingerprint))
        assert part is not None and part.entries == (entry,)
    everything = read(body, b"".join(prints))
    assert everything is not None
    assert (everything.entries, everything.title) == ((), whole.title)


@pytest.mark.parametrize("base", ["http://[", "https://elsewhere.example/", "/x/"])
@pytest.mark.parametrize("root", ["", " xml:base='https://lab.example/blog/'"])
def test_an_item_that_says_where_addresses_begin_makes_the_same_difference_to_others_whether_it_is_known(base, root):
    bases = ["", base, "", ""]
    items = [
        f"<item><guid>{number}</guid><link>{number}</link><title xml:base='{bases[number]}'>T</title></item>"
        for number in range(4)
    ]
    document = f"<rss version='2.0'{root}><channel><title>Lab</title>{''.join(items)}</channel></rss>"
    whole, part = read(document), read(document, fingerprint(items[1].encode()))

    assert whole is not None and part is not None
    assert {entry.guid: entry.link for entry in part.entries}.items() <= {e.guid: e.link for e in whole.entries}.items()


def test_what_is_known_of_too_long_a_document_makes_no_room_for_what_lies_beyond():
    document = rss([f"<item><guid>{number}</guid></item>" for number in range(MOST_ENTRIES + 5)])
    whole = read(document)
    assert whole is not None
    known = [entry.fingerprint for entry in whole.entries if entry.fingerprint]

    part = read(document, b"".join(known[1:]))

    assert part is not None and len(known) == MOST_ENTRIES
    assert part.entries == whole.entries[:1]
    assert part.left_out == tuple(known[1:])


def test_a_broken_document_has_no_fingerprints():
    document = read("<rss version='2.0'><channel><item><title>One</title></item><item><b></item></channel></rss>")

    assert document is not None and {entry.fingerprint for entry in document.entries} == {None}
