"""What damaged feeds do to the reader: a worker process as the bot has it reads mutants, and its answers are checked.

    nice -n 19 uv run python -m bench.fuzz --minutes 60 --seed 1 --findings /tmp/findings
    uv run python -m bench.fuzz --seed 1 --only 4711        one document again, with what is wrong about it

One document after another is damaged (``bench.mutants``) and read by ``newsroom.feeds.workers``, with the limits on
time and memory that it has in the bot. What is read is read a second time with all its fingerprints known, and a third
time with half of them. A *finding* is an error that is none of ours, a worker that died, or an answer that breaks a
promise: text that isn't clean or too long, an address that isn't http(s), a date that isn't UTC, too many entries,
another answer for what is left out, an identity that can't be told. None is what the worker is there for: that a
document takes too long or too much memory, or that feedparser raises over it.

Processor time is the worker's, for one reading. A document's floor is what its undamaged parent takes in the same run.
Runs on Linux. Fails if there is a finding.

At its top this imports only what is small and everything else inside functions: the worker process runs it again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Protocol

from bench.mutants import Mutant, corpus, mutant
from newsroom.errors import NewsroomError
from newsroom.feeds.cut import FINGERPRINT_BYTES
from newsroom.feeds.entries import LONGEST_HINT, LONGEST_LINK, LONGEST_SUMMARY, LONGEST_TITLE, MOST_ENTRIES
from newsroom.feeds.identity import KEY_BYTES, identify
from newsroom.models import Document, Entry
from newsroom.text import clean, length
from newsroom.times import EARLIEST_DATE
from newsroom.workers import Broken, TooSlow

FLOOR_READINGS = 3
FLOOR_AGAIN = 10_000  # documents, after which the floor is measured again: the machine's weather changes
LONGEST_IDENTIFYING = 0.5  # seconds of processor time; the bot does it on its own loop
KEPT_OF_A_KIND = 3
TOLD_EVERY = 60.0

READ, REFUSED, SLOW, HUNGRY, DIED = "read", "refused in words", "killed for time", "out of memory", "worker died"
FEEDPARSER, RAISED = "feedparser raised", "raised"
OUTCOMES = (READ, REFUSED, SLOW, HUNGRY, FEEDPARSER, RAISED, DIED)

_PLACE = re.compile(r'^  File "(.*)", line \d+, in (.*)$', re.MULTILINE)


class Reader(Protocol):
    """What is tried: ``newsroom.feeds.workers.Workers``, or a test's own."""

    async def parse(self, body: bytes, content_type: str | None, url: str, known: bytes | None = None) -> Document: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a document. ``error`` names an error that is none of ours, and where it was raised."""

    outcome: str
    document: Document | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A document that broke a promise; ``kind`` is the same for all that broke it in the same way."""

    seed: str
    kind: str
    detail: str
    mutant: Mutant


@dataclass(slots=True)
class Report:
    """What a run has come to. Times are processor seconds of the worker; memory is its peak in bytes."""

    documents: int = 0
    bytes: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    ladders: int = 0
    seconds: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    identifying: float = 0.0
    peak: int = 0
    floor_peak: int = 0

    def figures(self) -> dict[str, object]:
        """The figures as they are told."""
        spread = quantiles(self.ratios, n=1000) if len(self.ratios) > 1 else [0.0] * 999
        return {
            "documents": self.documents,
            "mean kB": round(self.bytes / max(self.documents, 1) / 1000, 1),
            **{outcome: self.outcomes[outcome] for outcome in OUTCOMES},
            "read with known items": self.ladders,
            "median ratio to floor": round(median(self.ratios or [0]), 2),
            "p99 ratio": round(spread[989], 1),
            "p99.9 ratio": round(spread[998], 1),
            "longest CPU s": round(self.slowest[0], 2),
            "longest ratio": round(max(self.ratios or [0])),
            "longest seed": self.slowest[1],
            "longest identifying CPU ms": round(self.identifying * 1000, 1),
            "peak MB": round(self.peak / 1e6),
            "peak MB of undamaged": round(self.floor_peak / 1e6),
            "findings by kind": dict(self.kinds),
            "refusals and errors": dict(self.errors.most_common()),
        }


# ---------------------------------------------------------------------------------------------- checks


def faults(document: Document) -> Iterator[str]:
    """Name each promise about a document that this one breaks."""
    if not document.title:
        yield "document without title"
    yield from _text_faults("document title", document.title, LONGEST_TITLE)
    if document.site_url is not None:
        yield from _address_faults("site", document.site_url, ("http://", "https://"))
    if document.hint is not None and not timedelta() <= document.hint <= LONGEST_HINT:
        yield "hint out of bounds"
    if len(document.entries) > MOST_ENTRIES:
        yield "too many entries"
    for entry in document.entries:
        yield from _entry_faults(entry)


def _entry_faults(entry: Entry) -> Iterator[str]:
    if not (entry.guid or entry.link or entry.title or entry.summary):
        yield "entry that says nothing"
    yield from _text_faults("title", entry.title, LONGEST_TITLE)
    yield from _text_faults("summary", entry.summary, LONGEST_SUMMARY)
    if entry.guid is not None:
        yield from _text_faults("guid", entry.guid, sys.maxsize)
    if entry.link is not None:
        yield from _address_faults("link", entry.link, ("http://", "https://"))
    if entry.picture is not None:
        yield from _address_faults("picture", entry.picture, ("https://",))
    if entry.published is not None:
        if entry.published.utcoffset() != timedelta():
            yield "date not in UTC"
        elif entry.published < EARLIEST_DATE:
            yield "date before all feeds"
    if entry.fingerprint is not None and len(entry.fingerprint) != FINGERPRINT_BYTES:
        yield "odd fingerprint"


def _text_faults(what: str, text: str, limit: int) -> Iterator[str]:
    if clean(text) != text:
        yield f"{what} not clean"
    if length(text) > limit:
        yield f"{what} too long"
    if any("\ud800" <= character <= "\udfff" for character in text):
        yield f"{what} with surrogates"


def _address_faults(what: str, address: str, schemes: tuple[str, ...]) -> Iterator[str]:
    if not address.startswith(schemes):
        yield f"{what} of another scheme"
    if len(address) > LONGEST_LINK:
        yield f"{what} too long"
    if clean(address) != address or " " in address:
        yield f"{what} not clean"
    if "@" in address.split("://", 1)[-1].partition("/")[0]:
        yield f"{what} with a user name"


def ladder_faults(whole: Document, known: Sequence[bytes], part: Document) -> Iterator[str]:
    """Name what differs between a document and itself, read without the items of ``known`` fingerprints."""
    expected = whole.entries
    if part.left_out:
        expected = tuple(entry for entry in whole.entries if entry.fingerprint not in known)
        if not set(part.left_out) <= set(known):
            yield "left out what is not known"
    if part.entries != expected:
        yield "other entries when known ones are left out"
    # The title is read once, when the feed is added, and then all of it is.
    if (part.site_url, part.hint) != (whole.site_url, whole.hint):
        yield "another feed when known entries are left out"


def identity_faults(entries: Sequence[Entry]) -> Iterator[str]:
    """Name what is wrong with the aliases of entries, or the error that telling them raises."""
    try:
        found = identify(entries)
    except Exception as error:
        yield f"identity raised {type(error).__name__}"
        return
    if any(len(key) != KEY_BYTES for key in found.all_keys):
        yield "odd key"
    if any(not item.keys for item in found.items):
        yield "article without a key"


# ------------------------------------------------------------------------------------------------ run


async def read(reader: Reader, body: bytes, content_type: str | None, url: str, known: bytes | None = None) -> Reading:
    """Read a document and tell what became of it."""
    try:
        return Reading(READ, await reader.parse(body, content_type, url, known))
    except NewsroomError as error:
        failure = error.__cause__
        if isinstance(failure, TooSlow):
            return Reading(SLOW)
        if not isinstance(failure, Broken):
            return Reading(REFUSED, error=str(error))
        remote = str(failure.__cause__ or "")
        if "Traceback" not in remote:
            return Reading(DIED, error=remote)
        where = _raised(remote)
        if where.startswith("MemoryError"):
            return Reading(HUNGRY)
        return Reading(FEEDPARSER if "/feedparser/" in remote else RAISED, error=where)
    except Exception as error:
        return Reading(RAISED, error=f"{type(error).__name__} outside of the worker")


def _raised(traceback: str) -> str:
    """The type of the first error of a traceback, and the file and function where it was raised."""
    first = traceback.partition("\nThe above exception")[0]
    places = _PLACE.findall(first)
    error = next((line for line in reversed(first.splitlines()) if line and not line.startswith(" ")), "")
    return error.partition(":")[0] + "".join(f" in {Path(file).name}, {function}" for file, function in places[-1:])


class Fuzz:
    """Reads mutants of ``documents``. The same ``seed`` gives the same ones in the same order."""

    def __init__(self, reader: Reader, documents: dict[str, bytes], seed: str) -> None:
        self._reader = reader
        self._documents = documents
        self._seed = seed
        self._worker = Worker()
        self._floor: dict[str, float] = {}
        self.report = Report()
        self.findings: list[Finding] = []

    async def measure_floor(self) -> None:
        """Read the undamaged documents; what they take is each mutant's floor."""
        for name, body in self._documents.items():
            times = []
            for _ in range(FLOOR_READINGS):
                _, seconds = await self._timed(body, None, "https://lab.example/feed.xml")
                times += [seconds] if seconds is not None else []
            if times:
                self._floor[name] = median(times)
        self.report.floor_peak = self.report.floor_peak or self._worker.peak()

    async def take(self, number: int) -> list[Finding]:
        """Read the mutant with this number, and return what is wrong with the answers."""
        seed = f"{self._seed}-{number}"
        mutated = mutant(self._documents, seed)
        reading, seconds = await self._timed(mutated.body, mutated.content_type, mutated.url)
        self._count(seed, mutated, reading, seconds)
        found = [f async for f in self._faults(seed, mutated, reading)]
        findings = [Finding(seed, kind, detail, mutated) for kind, detail in dict(found).items()]
        self.report.kinds.update(finding.kind for finding in findings)
        self.findings += findings
        return findings

    async def _faults(self, seed: str, mutated: Mutant, reading: Reading) -> AsyncIterator[tuple[str, str]]:
        """Each fault as its kind and detail."""
        if reading.outcome in (RAISED, DIED):
            yield f"{reading.outcome}: {reading.error}", ""
        whole = reading.document
        if whole is None:
            return
        for kind in faults(whole):
            yield kind, ""
        began = time.process_time()
        for kind in identity_faults(whole.entries):
            yield kind, ""
        took = time.process_time() - began
        self.report.identifying = max(self.report.identifying, took)
        if took > LONGEST_IDENTIFYING:
            yield "identifying takes too long", f"{took:.1f} s"
        prints = [entry.fingerprint for entry in whole.entries if entry.fingerprint]
        half = Random(seed).sample(prints, len(prints) // 2)
        for known in (prints, half):
            if not known:
                continue
            self.report.ladders += 1
            part = await read(self._reader, mutated.body, mutated.content_type, mutated.url, b"".join(known))
            if part.document is not None:
                for kind in ladder_faults(whole, known, part.document):
                    yield kind, f"{len(known)} of {len(whole.entries)} known"
            elif part.outcome not in (SLOW, HUNGRY):
                yield f"{part.outcome} when known entries are left out", part.error

    async def _timed(self, body: bytes, content_type: str | None, url: str) -> tuple[Reading, float | None]:
        """Read a document; the seconds are None where no one worker did it from beginning to end."""
        before = self._worker.clock()
        reading = await read(self._reader, body, content_type, url)
        after = self._worker.clock()
        if before is None or after is None or before[0] != after[0]:
            return reading, None
        return reading, after[1] - before[1]

    def _count(self, seed: str, mutated: Mutant, reading: Reading, seconds: float | None) -> None:
        report = self.report
        report.documents += 1
        report.bytes += len(mutated.body)
        report.outcomes[reading.outcome] += 1
        if reading.error:
            report.errors[reading.error] += 1
        report.peak = max(report.peak, self._worker.peak())
        if seconds is not None:
            report.seconds.append(seconds)
            report.slowest = max(report.slowest, (seconds, seed))
            if mutated.parent in self._floor:
                report.ratios.append(seconds / self._floor[mutated.parent])


class Worker:
    """The worker process from outside: our only grandchild, because the server it is forked from lies between."""

    def __init__(self) -> None:
        self._pid = 0
        self._peak = 0

    def clock(self) -> tuple[int, float] | None:
        """Its id and the processor time it has used, or None if it isn't there."""
        from bench.processes import cpu_clock

        for _ in range(2):
            with suppress(OSError):
                if self._pid:
                    return self._pid, cpu_clock(self._pid)
            self._find()
        return None

    def peak(self) -> int:
        """The most memory that any worker has been seen with."""
        from bench.processes import peak_bytes

        with suppress(OSError):
            self._peak = max(self._peak, peak_bytes(self._pid))
        return self._peak

    def _find(self) -> None:
        import psutil  # type: ignore[import-untyped]

        self._pid = 0
        with suppress(psutil.Error):
            for child in psutil.Process().children():
                for grandchild in child.children():
                    self._pid = grandchild.pid


def keep(finding: Finding, folder: Path) -> None:
    """Save a finding's document, and beside it what is wrong and how it was made."""
    name = f"{finding.seed}-{''.join(c if c.isalnum() else '_' for c in finding.kind)[:80]}"
    told = asdict(finding)
    body = told["mutant"].pop("body")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.bin").write_bytes(body)
    (folder / f"{name}.json").write_text(json.dumps(told, indent=1))


async def run(seed: str, minutes: float, folder: Path | None) -> Report:
    """Read mutants for so long, telling every minute how it goes."""
    from newsroom.feeds.workers import Workers

    workers = Workers()
    fuzz = Fuzz(workers, corpus(), seed)
    report = fuzz.report
    watching = asyncio.create_task(_watch(fuzz))
    try:
        await workers.parse(
            b"<rss version='2.0'><channel><title>Warm</title></channel></rss>", None, "https://lab.example/"
        )
        ends = time.monotonic() + minutes * 60
        tells = 0.0
        while (now := time.monotonic()) < ends:
            if report.documents % FLOOR_AGAIN == 0:
                await fuzz.measure_floor()
            for finding in await fuzz.take(report.documents):
                if report.kinds[finding.kind] <= KEPT_OF_A_KIND:
                    print(f"finding: {finding.kind} {finding.detail} ({finding.seed})", flush=True)
                    if folder is not None:
                        keep(finding, folder)
            fuzz.findings.clear()
            if now >= tells:
                tells = now + TOLD_EVERY
                print(
                    f"{(ends - now) / 60:.0f} minutes left:",
                    json.dumps(report.figures(), ensure_ascii=False),
                    flush=True,
                )
    finally:
        watching.cancel()
        await workers.close()
    return report


async def _watch(fuzz: Fuzz) -> None:
    """Look at the worker's memory while it reads: one that is killed can't be asked afterwards."""
    while True:
        fuzz._worker.peak()
        await asyncio.sleep(0.1)


async def again(seed: str, number: int, folder: Path | None) -> Report:
    """Read one mutant, and tell what is wrong."""
    from newsroom.feeds.workers import Workers

    workers = Workers()
    fuzz = Fuzz(workers, corpus(), seed)
    try:
        for finding in await fuzz.take(number):
            print(f"finding: {finding.kind} {finding.detail}")
            if folder is not None:
                keep(finding, folder)
    finally:
        await workers.close()
    return fuzz.report


def main() -> int:
    """Read and print; 1 if there was a finding."""
    parser = argparse.ArgumentParser(description="Give damaged feeds to the worker process that reads feeds.")
    parser.add_argument("--minutes", type=float, default=1.0, metavar="N", help="how long (1)")
    parser.add_argument("--seed", default="1", help="another seed makes other documents (1)")
    parser.add_argument("--only", type=int, metavar="N", help="read one document again: the number after the seed")
    parser.add_argument(
        "--findings", type=Path, metavar="FOLDER", help="where documents are saved that broke a promise"
    )
    options = parser.parse_args()
    if options.only is None:
        report = asyncio.run(run(options.seed, options.minutes, options.findings))
    else:
        report = asyncio.run(again(options.seed, options.only, options.findings))
    print(json.dumps(report.figures(), indent=1, ensure_ascii=False))
    return 1 if report.kinds else 0


if __name__ == "__main__":
    sys.exit(main())
