import io
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from newsroom.errors import ChartFailed
from newsroom.models import Standing
from newsroom.text import length, sentences
from newsroom.votes.charts import HEIGHT, LONGEST_ALT_TEXT, WIDTH, Charts, Course, alt_text, draw

ROOT = Path(__file__).parents[3]
LAST = datetime(2026, 3, 14, 18, 20, tzinfo=UTC)
LABELS = ("Open source", "Proprietary", "It depends")


def course(*standings, days=1.0, labels=LABELS, with_depends=True):
    """Standings as tuples of counts, ``days`` apart, the last of them on LAST."""
    first = LAST - timedelta(days=days) * (len(standings) - 1)
    points = tuple((first + timedelta(days=days) * n, Standing(*counts)) for n, counts in enumerate(standings))
    return Course(points, labels, with_depends)


def pixels(png):
    from matplotlib.image import imread

    return imread(io.BytesIO(png), format="png")


@pytest.fixture
async def charts():
    made = Charts()
    yield made
    await made.close()


# These run in the worker.


def worker_id():
    return os.getpid()


def threads():
    return psutil.Process().num_threads()


COURSES = {
    "years": course(*[(n // 4, n // 5, n // 9) for n in range(730)]),
    "months": course(*[(n, 90 - n, n % 7) for n in range(90)]),
    "days": course((3, 5, 1), (4, 5, 1), (5, 5, 2)),
    "hours": course(*[(n, n // 2, 0) for n in range(25)], days=1 / 24),
    "seconds": course((0, 0, 0), (1, 0, 0), days=1 / 86400),
    "a moment twice": course((0, 0, 0), (1, 0, 0), days=0),
    "one point": course((3, 2, 1)),
    "nobody": course((0, 0, 0)),
    "equal ends": course((0, 0, 0), (30, 30, 30)),
    "one and many": course((1, 1, 0), (1, 10_000, 0)),
    "millions": course((1, 1_234_567, 900_000), (400_000, 1_234_567, 900_000), days=400),
}


@pytest.mark.parametrize("drawn", COURSES.values(), ids=COURSES)
def test_a_chart_is_a_small_picture_of_the_promised_size(drawn):
    png = draw(drawn)

    assert pixels(png).shape[:2] == (HEIGHT, WIDTH)
    assert len(png) < 200_000
    assert b"matplotlib" not in png.lower()


def test_a_chart_brings_its_own_ground_so_that_it_reads_on_any():
    assert (pixels(draw(course((3, 2, 1))))[..., 3] == 1).all()


def test_it_depends_has_a_line_only_where_the_guild_asks_for_it():
    standings = (3, 5, 9), (4, 6, 9)

    without = course(*standings, with_depends=False)

    assert draw(without) != draw(course(*standings))
    assert "It depends" not in alt_text(without)


@pytest.mark.parametrize(
    "label",
    [
        "$\\alpha_1$", "$", "a $ b $ c", "\\frac{1}{0}", "_under_ ^score^", "%d %s {0}", "<b>&amp;", "W" * 40, "i" * 40,
        "🐳", "👩🏽‍🚀 Labs 🇪🇺", "开源模型", "オープン", "मुक्त स्रोत", "مفتوح المصدر دائما ومن غير شروط أبدا",
        "קוד פתוח (AI)", "e\u0301\u0302\u0303\u0304", "\u202eneddih", "\u200d\ufe0f", "\ud800", "a\nb\tc", "\x00",
        " ", "",
    ],
)  # fmt: skip
def test_no_label_breaks_a_chart(label):
    hostile = course((3, 2, 1), (4, 4, 4), labels=(label, label, label))

    assert pixels(draw(hostile)).shape[:2] == (HEIGHT, WIDTH)
    assert length(alt_text(hostile)) <= LONGEST_ALT_TEXT


def test_a_label_that_the_font_cannot_write_gives_way_to_the_plain_name_of_the_side():
    standings = (3, 2, 1), (4, 4, 4)

    assert draw(course(*standings, labels=("开源 AI", "专有 AI", "🐳"))) == draw(course(*standings))


def test_an_emoji_that_the_font_lacks_is_left_out_of_a_label():
    standings = (3, 2, 1), (4, 4, 4)

    assert draw(course(*standings, labels=("🐳 Open source", "Proprietary", "It depends"))) == draw(course(*standings))


def test_the_alternative_text_tells_where_each_line_began_and_ended():
    assert alt_text(course((3, 5, 1), (10, 4, 1), (1234, 6, 0), days=30)) == (
        "Line chart of members by side from 13 January 2026 to 14 March 2026. "
        "Open source from 3 to 1,234, Proprietary from 5 to 6 and It depends from 1 to 0."
    )


def test_the_alternative_text_of_a_short_course_tells_the_time():
    text = alt_text(course((3, 5, 0), (4, 6, 0), with_depends=False))

    assert text == (
        "Line chart of members by side from 13 March 2026, 18:20 UTC to 14 March 2026, 18:20 UTC. "
        "Open source from 3 to 4 and Proprietary from 5 to 6."
    )


def test_the_alternative_text_of_one_point_tells_the_standing():
    assert alt_text(course((3, 2, 1))) == (
        "Members by side on 14 March 2026, 18:20 UTC: Open source 3, Proprietary 2 and It depends 1."
    )


@pytest.mark.parametrize("drawn", COURSES.values(), ids=COURSES)
def test_the_alternative_text_is_at_most_two_sentences(drawn):
    text = alt_text(drawn)

    assert sentences(text, 2, LONGEST_ALT_TEXT) == text


def test_the_alternative_text_fits_however_long_the_labels_are():
    assert length(alt_text(course((3, 2, 1), labels=("🐳" * 900, "b" * 900, "c" * 900)))) <= LONGEST_ALT_TEXT


async def test_charts_are_drawn_in_another_process_by_one_thread(charts):
    png = await charts.draw(COURSES["months"])

    assert pixels(png).shape[:2] == (HEIGHT, WIDTH)
    assert await charts._process.run(worker_id) != os.getpid()
    assert await charts._process.run(threads) == 1


async def test_after_its_process_was_killed_the_next_chart_is_drawn_by_a_new_one(charts):
    before = await charts._process.run(worker_id)
    psutil.Process(before).kill()

    assert pixels(await charts.draw(COURSES["days"])).shape[:2] == (HEIGHT, WIDTH)
    assert await charts._process.run(worker_id) != before


async def test_a_chart_that_cannot_be_drawn_says_so_to_the_member(charts):
    with pytest.raises(ChartFailed, match="figures stand without it"):
        await charts.draw(Course((), LABELS, True))


async def test_a_chart_asked_for_after_closing_fails():
    charts = Charts()
    await charts.close()

    with pytest.raises(ChartFailed):
        await charts.draw(COURSES["days"])


BOT = """
import asyncio, sys
from datetime import UTC, datetime
from newsroom.models import Standing
from newsroom.votes.charts import Charts, Course

async def main():
    charts = Charts()
    course = Course(((datetime(2026, 3, 14, tzinfo=UTC), Standing(1, 2, 3)),), ("a", "b", "c"), True)
    print(len(await charts.draw(course)) > 0, {"matplotlib", "numpy"} & {*sys.modules})
    await charts.close()

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_the_bot_itself_never_loads_what_draws(tmp_path):
    script = tmp_path / "bot.py"
    script.write_text(BOT)

    done = subprocess.run(
        [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )

    assert (done.stdout, done.stderr) == ("True set()\n", "")
