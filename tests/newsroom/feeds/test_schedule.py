from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.feeds.schedule import LONGEST_WAIT, next_check, spread

NOW = datetime(2025, 1, 27, 18, 0, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)


def wait(
    failures: int = 0,
    *,
    interval: timedelta = TEN_MINUTES,
    retry_after: timedelta | None = None,
    jitter: float = 0.0,
) -> timedelta:
    return next_check(NOW, interval, failures, retry_after, jitter) - NOW


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
def test_a_good_feed_is_due_exactly_one_interval_later(jitter: float):
    assert wait(jitter=jitter) == TEN_MINUTES


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


@given(st.text(st.characters()))
def test_a_feed_has_its_own_jitter_for_ever(url: str):
    assert 0 <= spread(url) < 1
    assert spread(url) == spread(url)


def test_feeds_of_one_host_are_spread():
    assert len({spread(f"https://lab.example/{n}.xml") for n in range(100)}) == 100
