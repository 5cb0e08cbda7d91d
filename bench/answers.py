"""What an answer costs us, whatever the model takes: ``python -m bench.answers``, half a minute.

Articles of 1, 10 and 100 kB are made of words that come as often as words do, in paragraphs of about 400 characters.
For each the processor time is taken of finding the passages that answer a question, of building the prompt for a model
that reads 8,000 tokens, and of checking an answer of up to five claims with quotations against the article. The floor
is what nobody can leave out who looks at every word: ``re.findall`` of the words, and counting them. Figures are the
best of several runs; ratios are to the floor of the same article in the same run.

Below that: what an article costs the index of words when a batch of them is remembered on SQLite, beside the same batch
without the index.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import process_time

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from sqlalchemy import insert, text

from newsroom.answers.find import find
from newsroom.answers.grounding import ground
from newsroom.answers.prompts import ask_prompt
from newsroom.models import ArticleText, TextBasis, Tone
from newsroom.store import open_store, tables

SIZES = (1_000, 10_000, 100_000)
PARAGRAPH = 400
RUNS = 7
ROOM = 8_000
FENCE = "k3v9x2m7q1"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
BATCHES, BATCH = 20, 200


def made_article(size: int) -> ArticleText:
    """Make an article of so many characters; the same one every time."""
    random = Random(size)
    words = ["".join(random.choices("aeioulnrstdm", k=random.randint(2, 10))) for _ in range(5_000)]
    weights = [1 / (rank + 5) for rank in range(len(words))]
    paragraphs: list[str] = []
    while sum(map(len, paragraphs)) < size:
        sentences: list[str] = []
        while sum(map(len, sentences)) < min(PARAGRAPH, size):
            sentence = " ".join(random.choices(words, weights, k=random.randint(8, 20)))
            sentences.append(f"{sentence.capitalize()} {random.randrange(2_000)}.")
        paragraphs.append(" ".join(sentences))
    return ArticleText(1, tuple(paragraphs), TextBasis.PAGE, NOW)


def made_answer(article: ArticleText) -> dict[str, list[dict[str, object]]]:
    """Answer with up to five sentences of the article, each with the quotation it is."""
    places = sorted({number * len(article.paragraphs) // 5 for number in range(5)})
    claims: list[dict[str, object]] = []
    for place in places:
        sentence = article.paragraphs[place].partition(". ")[0] + "."
        claims.append({"text": sentence, "paragraphs": [place + 1], "quote": sentence})
    return {"claims": claims}


def best(work: Callable[[], object]) -> float:
    """Milliseconds of this process in the best of RUNS runs."""
    taken = []
    for _ in range(RUNS):
        before = process_time()
        work()
        taken.append((process_time() - before) * 1e3)
    return min(taken)


def count_words(article: ArticleText) -> Counter[str]:
    """The floor."""
    return Counter(word for paragraph in article.paragraphs for word in re.findall(r"\w+", paragraph.lower()))


async def remembered(url: str, *, indexed: bool) -> float:
    """Milliseconds of this process for an article, when batches of them are remembered."""
    store = await open_store(url)
    articles = made_article(60_000).paragraphs
    async with store.begin() as connection:
        await store.feeds.add(connection, "https://lab.example/feed", "Lab Notes", None, NOW)
        await connection.execute(insert(tables.story).values(id=1, created_at=NOW))
        if not indexed:
            for what in ("added", "changed", "removed"):
                await connection.execute(text(f"DROP TRIGGER article_words_{what}"))
    before = process_time()
    for batch in range(BATCHES):
        rows = [
            {
                "feed_id": 1,
                "story_id": 1,
                "title": articles[(batch + number) % len(articles)][:70],
                "summary": articles[(batch * number) % len(articles)][:300],
                "found_at": NOW,
            }
            for number in range(BATCH)
        ]
        async with store.begin() as connection:
            await connection.execute(insert(tables.article), rows)
    taken = (process_time() - before) * 1e3 / (BATCHES * BATCH)
    await store.close()
    return taken


def main() -> None:
    """Measure and print."""
    shown = Table("article", "floor", "find", "ratio", "prompt", "ratio", "check", "ratio", box=SIMPLE_HEAD)
    for size in SIZES:
        article = made_article(size)
        answer = made_answer(article)
        question = " ".join(article.paragraphs[-1].split()[:8])
        if len(ground(answer, article, question).claims) != len(answer["claims"]):
            raise SystemExit("An answer made of the article's own sentences was not let through.")
        floor = best(partial(count_words, article))
        prompt = partial(ask_prompt, title="Title", source="Lab Notes", tone=Tone.PLAIN, fence=FENCE, room=ROOM)
        row = [f"{size // 1_000} kB", f"{floor:.2f} ms"]
        for work in (
            partial(find, question, article.paragraphs),
            partial(prompt, question, article),
            partial(ground, answer, article, question),
        ):
            taken = best(work)
            row += [f"{taken:.1f} ms", f"{taken / floor:.1f}"]
        shown.add_row(*row)
    Console().print(shown)
    with TemporaryDirectory() as folder:
        urls = [f"sqlite:///{Path(folder)}/{name}.db" for name in ("with", "without")]
        indexed = asyncio.run(remembered(urls[0], indexed=True))
        bare = asyncio.run(remembered(urls[1], indexed=False))
    print(
        f"an article remembered: {indexed:.2f} ms, {bare:.2f} ms without the index of words; ratio {indexed / bare:.1f}"
    )


if __name__ == "__main__":
    main()
