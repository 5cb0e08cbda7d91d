from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.feeds.schedule import (
    GROWTH,
    LONGEST_INTERVAL,
    LONGEST_RHYTHM,
    LONGEST_WAIT,
    first_rhythm,
    learned_rhythm,
    next_check,
    next_interval,
    spread,
    spread_out,
)

NOW = datetime(2025, 1, 27, 18, 0, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)


def wait(
    failures: int = 0,
    *,
    interval: timedelta = TEN_MINUTES,
    after: timedelta | None = None,
    retry_after: timedelta | None = None,
    jitter: float = 0.0,
) -> timedelta:
    return next_check(NOW, interval, after or interval, failures, retry_after, jitter) - NOW


def test_a_good_feed_is_due_one_interval_later_and_feeds_that_were_read_together_drift_apart():
    assert wait(jitter=0.0) == TEN_MINUTES
    assert wait(jitter=0.8) == TEN_MINUTES * 1.1


def test_feeds_at_the_longest_interval_drift_apart_too_and_none_waits_longer():
    waits = [wait(after=LONGEST_INTERVAL, jitter=jitter) for jitter in (0.0, 0.4, 0.8)]

    assert waits == [LONGEST_INTERVAL, LONGEST_INTERVAL * 0.95, LONGEST_INTERVAL * 0.9]


def test_each_failure_doubles_the_wait_up_to_a_day():
    assert [wait(n) for n in (1, 2, 3)] == [timedelta(minutes=m) for m in (20, 40, 80)]
    assert wait(50) == wait(10**9) == LONGEST_WAIT


def test_feeds_that_fail_together_come_back_apart():
    assert wait(3, jitter=0.1) != wait(3, jitter=0.9)
    assert wait(50, jitter=0.1) != wait(50, jitter=0.9)


def test_a_server_that_asks_us_to_stay_away_is_obeyed_up_to_a_day():
    assert wait(1, retry_after=timedelta(hours=3)) == timedelta(hours=3)
    assert wait(0, retry_after=timedelta(hours=3)) == timedelta(hours=3)
    assert wait(1, retry_after=timedelta(days=365)) == LONGEST_WAIT


@pytest.mark.parametrize("retry_after", [timedelta(0), timedelta(seconds=-5), timedelta(seconds=1)])
def test_a_server_can_not_call_us_back_earlier(retry_after: timedelta):
    assert wait(1, retry_after=retry_after) == wait(1)
    assert wait(0, retry_after=retry_after) == TEN_MINUTES


def test_a_week_between_readings_is_kept_though_it_is_longer_than_a_day():
    assert wait(0, interval=timedelta(weeks=1)) == wait(9, interval=timedelta(weeks=1)) == timedelta(weeks=1)


@given(
    failures=st.integers(0, 10**6),
    minutes=st.floats(0.01, 10_080),
    jitter=st.floats(0, 1, exclude_max=True),
    retry_after=st.none() | st.timedeltas(),
)
def test_the_wait_is_never_shorter_than_the_interval_nor_longer_than_a_day_or_the_interval(
    failures: int, minutes: float, jitter: float, retry_after: timedelta | None
):
    interval = timedelta(minutes=minutes)
    assert (
        interval
        <= wait(failures, interval=interval, retry_after=retry_after, jitter=jitter)
        <= max(interval, LONGEST_WAIT)
    )


def interval(
    last: timedelta | None = timedelta(days=1), rhythm: timedelta | None = None, **more: timedelta | None
) -> timedelta:
    """The interval of a feed that is well, as long as its last one lets it grow."""
    return next_interval(TEN_MINUTES, last, rhythm, more.get("silence") or timedelta(), more.get("hint"))


def test_a_feed_whose_rhythm_is_unknown_is_read_as_often_as_the_operator_set():
    assert interval() == TEN_MINUTES


def test_a_feed_is_read_24_times_between_two_of_its_articles():
    assert interval(rhythm=timedelta(days=1)) == timedelta(hours=1)


def test_no_rhythm_makes_a_feed_be_read_more_often_than_the_operator_set_or_less_than_every_six_hours():
    assert interval(rhythm=timedelta(seconds=1)) == TEN_MINUTES
    assert interval(rhythm=timedelta(days=365)) == LONGEST_INTERVAL


def test_after_news_a_feed_is_read_as_often_as_the_operator_set_and_then_ever_more_seldom():
    weekly = timedelta(weeks=1)
    intervals = [interval(None, weekly)]
    while intervals[-1] < LONGEST_INTERVAL:
        intervals.append(interval(intervals[-1], weekly))

    assert intervals[0] == TEN_MINUTES
    assert all(later == min(earlier * GROWTH, LONGEST_INTERVAL) for earlier, later in pairwise(intervals))


def test_a_feed_that_fell_silent_is_read_more_seldom():
    hourly = timedelta(hours=1)

    assert interval(rhythm=hourly, silence=timedelta(hours=20)) == TEN_MINUTES
    assert interval(rhythm=hourly, silence=timedelta(days=5)) == timedelta(hours=1)


def test_a_server_that_says_how_long_its_answer_stays_good_is_believed_within_bounds():
    assert interval(hint=timedelta(hours=2)) == timedelta(hours=2)
    assert interval(hint=timedelta()) == TEN_MINUTES
    assert interval(hint=timedelta(days=365)) == LONGEST_INTERVAL


def test_the_first_rhythm_is_the_usual_gap_between_dates():
    dates = [NOW - timedelta(days=day) for day in (1, 2, 3, 4, 90)]

    assert first_rhythm([*dates, None], NOW) == timedelta(days=1)


@pytest.mark.parametrize(
    "dates",
    [
        [],
        [None] * 9,
        [NOW] * 9,
        [NOW - timedelta(days=day) for day in range(3)],
        [datetime.max.replace(tzinfo=UTC)] * 9,
    ],
)
def test_from_hardly_any_dates_no_rhythm_is_guessed(dates: list[datetime | None]):
    assert first_rhythm(dates, NOW) is None


def test_a_feed_that_speeds_up_is_noticed_sooner_than_one_that_slows_down():
    day, hour = timedelta(days=1), timedelta(hours=1)

    assert learned_rhythm(day, hour, 1) == day - (day - hour) / 2
    assert learned_rhythm(hour, day, 1) == hour + (day - hour) / 4
    assert learned_rhythm(None, day, 4) == timedelta(hours=6)


times = st.timedeltas(timedelta(), timedelta(days=9999))


@given(
    base=st.floats(0.01, 10_080).map(lambda minutes: timedelta(minutes=minutes)),
    last=st.none() | times,
    rhythm=st.none() | times,
    silence=st.timedeltas(timedelta(days=-9999), timedelta(days=9999)),
    hint=st.none() | times,
    jitter=st.floats(0, 1, exclude_max=True),
)
def test_a_feed_that_is_well_is_never_read_more_often_than_set_nor_less_than_every_six_hours(
    base, last, rhythm, silence, hint, jitter
):
    found = next_interval(base, last, rhythm, silence, hint)
    longest = max(base, LONGEST_INTERVAL)

    assert base <= found <= longest
    assert base <= next_check(NOW, base, found, 0, None, jitter) - NOW <= longest


@given(st.none() | times, st.timedeltas(), st.integers(1, 10**6))
def test_a_rhythm_is_never_negative_nor_longer_than_a_year_unless_it_was(rhythm, gap, articles):
    assert timedelta() <= learned_rhythm(rhythm, gap, articles) <= max(rhythm or LONGEST_RHYTHM, LONGEST_RHYTHM)


def test_after_a_night_away_feeds_are_not_read_all_at_the_same_moment():
    due = NOW - timedelta(hours=8)

    assert [spread_out(due, NOW, TEN_MINUTES, jitter) - NOW for jitter in (0.0, 0.5)] == [
        timedelta(),
        timedelta(minutes=2.5),
    ]


def test_after_a_moment_away_feeds_wait_no_longer_than_that():
    assert spread_out(NOW - timedelta(seconds=4), NOW, TEN_MINUTES, 0.5) == NOW + timedelta(seconds=2)
    assert spread_out(NOW + timedelta(minutes=3), NOW, TEN_MINUTES, 0.5) == NOW + timedelta(minutes=3)


@given(st.text(st.characters()))
def test_a_feed_has_its_own_jitter_for_ever(url: str):
    assert 0 <= spread(url) < 1
    assert spread(url) == spread(url)


def test_feeds_of_one_host_are_spread():
    assert len({spread(f"https://lab.example/{n}.xml") for n in range(100)}) == 100
