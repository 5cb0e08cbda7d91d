"""What is said of a feed's health."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.feeds.health import STALE_AFTER, feed_health, health_of
from newsroom.models import Health, SubscriptionState
from tests.makers import NOW, ago, feed, news_channel, subscription

DAY = 86_400.0


def test_a_feed_whose_last_reading_went_well_is_ok():
    assert feed_health(feed(), NOW) is Health.OK


def test_a_feed_that_fails_is_degraded_for_a_day_and_failing_after_it():
    failing = feed(failures=3, failing_since=NOW)

    assert feed_health(failing, NOW + timedelta(hours=23, minutes=59)) is Health.DEGRADED
    assert feed_health(failing, NOW + timedelta(hours=24)) is Health.FAILING


def test_a_feed_is_stale_after_five_times_its_own_rhythm():
    daily = feed(rhythm_seconds=DAY, news_at=NOW)

    assert feed_health(daily, NOW + STALE_AFTER * timedelta(days=1)) is Health.OK
    assert feed_health(daily, NOW + STALE_AFTER * timedelta(days=1, seconds=1)) is Health.STALE


def test_a_busy_feed_may_be_silent_over_a_long_weekend():
    hourly = feed(rhythm_seconds=3600.0, news_at=NOW)

    assert feed_health(hourly, NOW + timedelta(days=3)) is Health.OK
    assert feed_health(hourly, NOW + timedelta(days=3, seconds=1)) is Health.STALE


@pytest.mark.parametrize("unknown", [{"rhythm_seconds": None, "news_at": ago(days=999)}, {"rhythm_seconds": DAY}])
def test_a_feed_whose_rhythm_is_unknown_is_never_stale(unknown):
    assert feed_health(feed(**unknown), NOW) is Health.OK


def test_a_feed_that_fails_is_not_called_stale_for_what_nobody_could_read():
    assert feed_health(feed(failures=1, failing_since=NOW, rhythm_seconds=DAY, news_at=ago(days=99)), NOW) is (
        Health.DEGRADED
    )


@given(st.floats(min_value=0, allow_nan=False, allow_infinity=False))
def test_no_rhythm_is_too_long_to_be_compared(rhythm):
    feed_health(feed(rhythm_seconds=rhythm, news_at=ago(days=30)), NOW)


def test_of_all_that_is_true_the_worst_is_said():
    held = subscription(state=SubscriptionState.HELD)
    gone = feed(gone_at=NOW)

    assert health_of(held, feed(), news_channel(), NOW) is Health.HELD
    assert health_of(held, gone, news_channel(), NOW) is Health.GONE
    assert health_of(held, gone, news_channel(suspended_for="I may not write here."), NOW) is Health.BLOCKED
