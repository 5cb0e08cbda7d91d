"""What the fuzzing of the reader can see: it finds a reader that breaks its promises, and none in ours."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bench.fuzz import DIED, FEEDPARSER, OUTCOMES, RAISED, READ, SLOW, Fuzz, faults, identity_faults, keep, read
from bench.mutants import corpus, mutant
from newsroom.feeds.entries import LONGEST_HINT, LONGEST_LINK, LONGEST_SUMMARY, LONGEST_TITLE, MOST_ENTRIES
from newsroom.feeds.parse import parse
from newsroom.feeds.workers import Workers
from newsroom.models import Document, Entry

URL = "https://lab.example/feed.xml"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ENTRY = Entry("1", "https://lab.example/1", "One", "First.", "https://lab.example/1.png", NOON)
DOCUMENT = Document("Lab", "https://lab.example/", (ENTRY,), timedelta(hours=1))
GOOD = b"<rss version='2.0'><channel><title>Lab</title>%b</channel></rss>" % b"".join(
    b"<item><guid>%d</guid><title>Post %d</title></item>" % (n, n) for n in range(4)
)


class Broken:
    """Reads as the worker does, and then does something to what it read."""

    def __init__(self, break_it: Callable[[Document], Document]) -> None:
        self.break_it = break_it

    async def parse(self, body: bytes, content_type: str | None, url: str, known: bytes | None = None) -> Document:
        return self.break_it(parse(body, content_type, url, known))


def undamaged() -> int:
    """The number of a mutant of GOOD that is GOOD itself."""
    return next(n for n in range(10_000) if mutant({"good": GOOD}, f"test-{n}").body == GOOD)


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def die(*args: object) -> None:
    """Runs in the worker."""
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    workers = Workers()
    yield workers
    await workers.close()


def test_a_document_that_keeps_its_promises_has_no_faults():
    assert list(faults(DOCUMENT)) == []


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"title": "a\x00b"}, "title not clean"),
        ({"title": "a\u202eb"}, "title not clean"),
        ({"title": " a"}, "title not clean"),
        ({"title": "\ud83d"}, "title with surrogates"),
        ({"title": "a" * (LONGEST_TITLE + 1)}, "title too long"),
        ({"title": "👍" * (LONGEST_TITLE // 2 + 1)}, "title too long"),
        ({"summary": "a" * (LONGEST_SUMMARY + 1)}, "summary too long"),
        ({"summary": "a\nb"}, "summary not clean"),
        ({"guid": "a\x1bb"}, "guid not clean"),
        ({"guid": None, "link": None, "title": "", "summary": ""}, "entry that says nothing"),
        ({"link": "javascript:alert(1)"}, "link of another scheme"),
        ({"link": "/relative"}, "link of another scheme"),
        ({"link": "https://lab.example@evil.example/"}, "link with a user name"),
        ({"link": "https://lab.example/a b"}, "link not clean"),
        ({"link": "https://lab.example/" + "a" * LONGEST_LINK}, "link too long"),
        ({"picture": "http://lab.example/1.png"}, "picture of another scheme"),
        ({"published": datetime(2026, 1, 1)}, "date not in UTC"),
        ({"published": datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2)))}, "date not in UTC"),
        ({"published": datetime(1970, 1, 1, tzinfo=UTC)}, "date before all feeds"),
        ({"fingerprint": b"1"}, "odd fingerprint"),
    ],
)
def test_each_broken_promise_about_an_entry_is_seen(changed: dict[str, object], fault: str):
    assert fault in list(faults(replace(DOCUMENT, entries=(replace(ENTRY, **changed),))))


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"title": ""}, "document without title"),
        ({"title": "a\x00"}, "document title not clean"),
        ({"site_url": "ftp://lab.example/"}, "site of another scheme"),
        ({"entries": (ENTRY,) * (MOST_ENTRIES + 1)}, "too many entries"),
        ({"hint": -timedelta(seconds=1)}, "hint out of bounds"),
        ({"hint": LONGEST_HINT + timedelta(seconds=1)}, "hint out of bounds"),
    ],
)
def test_each_broken_promise_about_a_document_is_seen(changed: dict[str, object], fault: str):
    assert fault in list(faults(replace(DOCUMENT, **changed)))


def test_an_entry_whose_identity_can_not_be_told_is_seen():
    assert list(identity_faults([ENTRY])) == []
    assert list(identity_faults([replace(ENTRY, guid=object())])) == ["identity raised AttributeError"]


@pytest.mark.parametrize(
    ("break_it", "kind"),
    [
        (lambda whole: replace(whole, entries=whole.entries[:-1]), "other entries when known ones are left out"),
        (
            lambda whole: replace(whole, site_url=f"{len(whole.left_out)}"),
            "another feed when known entries are left out",
        ),
        (lambda whole: replace(whole, left_out=(b"a" * 8,)) if whole.left_out else whole, "left out what is not known"),
    ],
)
async def test_a_reader_to_which_known_items_make_a_difference_is_found(break_it, kind: str):
    fuzz = Fuzz(Broken(lambda whole: break_it(whole) if len(whole.entries) < 4 else whole), {"good": GOOD}, "test")

    await fuzz.take(undamaged())

    assert kind in fuzz.report.kinds


async def test_a_reader_with_a_mistake_of_its_own_is_found_and_its_document_saved(tmp_path: Path):
    def fail(whole: Document) -> Document:
        raise ZeroDivisionError

    fuzz = Fuzz(Broken(fail), {"good": GOOD}, "test")
    [finding] = await fuzz.take(undamaged())
    keep(finding, tmp_path)

    assert fuzz.report.outcomes == {RAISED: 1}
    kept = {path.suffix: path.read_bytes() for path in files_in(tmp_path)}
    assert kept[".bin"] == GOOD
    assert json.loads(kept[".json"])["kind"] == finding.kind


async def test_a_worker_that_dies_is_a_finding_and_one_that_is_killed_for_its_time_is_none(monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("newsroom.feeds.workers.parse", die)
        workers = Workers()
        dead = await read(workers, GOOD, None, URL)
        await workers.close()
    hasty = Workers(seconds=0.2)
    attributes = b" ".join(b"a%d='1'" % n for n in range(40_000))
    slow = await read(hasty, b"<rss version='2.0'><channel><item %b/></channel></rss>" % attributes, None, URL)
    await hasty.close()

    assert (dead.outcome, slow.outcome) == (DIED, SLOW)


async def test_what_feedparser_raises_is_told_with_its_place(workers: Workers):
    reading = await read(workers, corpus()["hostile-gml-srs.xml"], None, URL)

    assert (reading.outcome, reading.error) == (FEEDPARSER, "ValueError in georss.py, _end_gml_pos")


def test_the_same_seed_gives_the_same_document():
    documents = corpus()

    assert mutant(documents, "a-1") == mutant(documents, "a-1")
    assert len({mutant(documents, f"a-{n}").body for n in range(50)}) > 40


async def test_our_own_reader_keeps_its_promises_whatever_was_done_to_a_feed(workers: Workers):
    fuzz = Fuzz(workers, {name: body for name, body in corpus().items() if len(body) < 20_000}, "tests")

    for number in range(150):
        await fuzz.take(number)

    assert fuzz.report.kinds == {}
    assert fuzz.report.outcomes[READ] > 50
    assert fuzz.report.ladders > 20
    assert set(fuzz.report.outcomes) <= set(OUTCOMES)
