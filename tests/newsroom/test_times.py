from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.errors import RequestRefused
from newsroom.times import EARLIEST_DATE, FUTURE_ALLOWED, LONGEST, duration, is_plausible


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("2h", timedelta(hours=2)),
        ("1d 2h", timedelta(days=1, hours=2)),
        ("1d2h", timedelta(days=1, hours=2)),
        ("1 day, 30 min", timedelta(days=1, minutes=30)),
        ("90 minutes", timedelta(minutes=90)),
        ("3 Days", timedelta(days=3)),
        (" 1 WEEK ", timedelta(weeks=1)),
        ("1 hr", timedelta(hours=1)),
        ("366d", LONGEST),
    ],
)
def test_a_length_of_time_is_read_as_people_write_it(text: str, length: timedelta):
    assert duration(text) == length


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "2",
        "h",
        "soon",
        "2 months",
        "1h soon",
        "1.5h",
        "-1h",
        "0m",
        "0d 0h",
        "367d",
        "99999w",
        "999999m",
        "2hours3",
    ],
)
def test_anything_else_is_refused_with_examples(text: str):
    with pytest.raises(RequestRefused, match='"2h", "1d 2h" or "3 days", at most a year'):
        duration(text)


@pytest.mark.parametrize("text", ["99999w" * 100_000, " " * 100_000 + "x", "1h," * 100_000 + "x"])
def test_the_longest_text_is_refused_like_any_other(text: str):
    with pytest.raises(RequestRefused):
        duration(text)


@given(st.text(alphabet="0123456789 mhdwinutesoray,.-", max_size=30))
def test_whatever_is_read_is_more_than_nothing_and_at_most_the_longest(text: str):
    try:
        length = duration(text)
    except RequestRefused:
        return
    assert timedelta() < length <= LONGEST


def test_a_date_before_the_web_or_well_ahead_of_us_cannot_be_believed():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert is_plausible(EARLIEST_DATE, now) and is_plausible(now + FUTURE_ALLOWED, now)
    assert not is_plausible(datetime(1970, 1, 1, tzinfo=UTC), now)
    assert not is_plausible(now + FUTURE_ALLOWED + timedelta(seconds=1), now)
