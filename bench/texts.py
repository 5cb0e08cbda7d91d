"""What reading an article costs of our own: ``python -m bench.texts``.

For articles of 1, 10 and 100 kB of words, each on a page of twice that: milliseconds of processor time for taking the
article off its page (in the bot a worker process does that), for its summary and for its facts; and each as a ratio to
a floor: lxml reading the same page into a tree and nothing else. The words are those of the labelled set of headlines,
shuffled, the same ones every time. Figures are medians of many runs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from time import process_time

from lxml import html

from newsroom.stories.extract import extract
from newsroom.stories.facts import facts_of
from newsroom.stories.summary import summarise

SET = Path(__file__).parents[1] / "tests/newsroom/stories/tellings.tsv"
SIZES = (1_000, 10_000, 100_000)
TITLE = "DeepSeek releases DeepSeek-R1 under the MIT licence"
WORDS_A_SENTENCE, SENTENCES_A_PARAGRAPH = 18, 4
RUNS = 15


def article(size: int) -> list[str]:
    """Make the paragraphs of an article of about ``size`` characters."""
    random = Random(size)
    rows = [line.split("\t") for line in SET.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    words = [word.strip(".!?") for row in rows for word in row[6].split() if word.isascii()]
    paragraphs: list[str] = []
    while sum(map(len, paragraphs)) < size:
        made = (" ".join(random.choices(words, k=WORDS_A_SENTENCE)) for _ in range(SENTENCES_A_PARAGRAPH))
        paragraphs.append(" ".join(f"{sentence.capitalize()}." for sentence in made))
    return paragraphs


def page(paragraphs: list[str]) -> bytes:
    """Put paragraphs on a page, with as much around them as they are long themselves."""
    links = "".join(f'<li><a href="/story/{number}">Another story</a></li>' for number in range(8))
    around = f"<nav><ul>{links}</ul></nav>" * max(sum(map(len, paragraphs)) // 400, 1)
    text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return f"<html><body>{around}<article><h1>{TITLE}</h1>{text}</article></body></html>".encode()


def milliseconds(work: Callable[[], object]) -> float:
    """How long something takes on the clock of this process alone."""
    work()
    taken = []
    for _ in range(RUNS):
        before = process_time()
        work()
        taken.append((process_time() - before) * 1e3)
    return median(taken)


def main() -> None:
    """Measure every size and print a line for each."""
    print(
        f"{'kB':>4}{'floor ms':>10}"
        + "".join(f"{name + ' ms':>14}{'ratio':>7}" for name in ("page", "summary", "facts"))
    )
    for size in SIZES:
        paragraphs = article(size)
        body = page(paragraphs)
        floor = milliseconds(partial(html.document_fromstring, body))
        line = f"{size // 1000:>4}{floor:>10.2f}"
        for work in (
            partial(extract, body, None, TITLE),
            partial(summarise, TITLE, paragraphs),
            partial(facts_of, TITLE, paragraphs),
        ):
            taken = milliseconds(work)
            line += f"{taken:>14.2f}{taken / floor:>7.1f}"
        print(line)


if __name__ == "__main__":
    main()
