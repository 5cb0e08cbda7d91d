"""How long an article takes to be placed: ``python -m bench.grouping``.

Headlines and sentences are shuffled from those of the labelled set, with made-up names, so that articles share more
words than those of real feeds do.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median, quantiles
from time import process_time
from tracemalloc import get_traced_memory, start, stop

from newsroom.stories.grouping import StoryIndex
from newsroom.stories.tellings import Telling

SET = Path(__file__).parents[1] / "tests/newsroom/stories/tellings.tsv"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW, ASKED = 5_000, 1_000
SOURCES = 500


def articles(count: int) -> Iterator[Telling]:
    """Make articles of the last 47 hours, each a story; the same ones every time."""
    random = Random("articles")
    rows = [line.split("\t") for line in SET.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    titles = [word for row in rows for word in row[5].split() if word.isascii()]
    sentences = [word for row in rows for word in row[6].split() if word.isascii()]
    names = ["".join(random.choices("aeioulnrst", k=6)).title() for _ in range(10_000)]
    for number in range(count):
        title = " ".join([*random.choices(titles, k=7), random.choice(names)])
        sentence = " ".join([*random.choices(sentences, k=15), *random.choices(names, k=2)])
        at = NOW - timedelta(hours=47 * random.random())
        yield Telling(number, number, f"{random.randrange(SOURCES)}.example", title, f"{sentence}.", at)


def main() -> None:
    """Fill the window and ask for more articles, on the clock of this process alone."""
    made = list(articles(WINDOW + ASKED))
    index = StoryIndex()
    index.load(made[:1], NOW)  # reads the lists
    start()
    index.load(made[:WINDOW], NOW)
    print(f"{get_traced_memory()[0] / 1e6:.0f} MB for {len(index)} articles")
    stop()
    before = process_time()
    StoryIndex().load(made[:WINDOW], NOW)
    print(f"loaded in {process_time() - before:.1f} s")
    taken = []
    for asked in made[WINDOW:]:
        before = process_time()
        index.story_for(asked, NOW)
        taken.append((process_time() - before) * 1e3)
    print(f"an article takes {median(taken):.2f} ms, one in a hundred more than {quantiles(taken, n=100)[-1]:.1f} ms")


if __name__ == "__main__":
    main()
