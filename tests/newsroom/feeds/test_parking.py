"""Whom we leave alone, and for how long."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.feeds.parking import FIRST_WAIT, Parked, Parking, registrable
from newsroom.feeds.schedule import LONGEST_WAIT

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_host_is_left_alone_with_all_that_its_owner_registered():
    parking = Parking()
    parking.park("a.tumblr.com", HOUR, NOW)

    assert parking.until("b.tumblr.com", NOW) == NOW + HOUR
    assert parking.until("tumblr.com", NOW) == NOW + HOUR
    assert parking.until("blogger.com", NOW) is None


def test_customers_of_one_shared_host_are_no_neighbours():
    parking = Parking()
    parking.park("one.github.io", HOUR, NOW)

    assert parking.until("two.github.io", NOW) is None


def test_a_host_may_be_asked_again_when_its_time_is_over():
    parking = Parking()
    parking.park("lab.example", HOUR, NOW)

    assert parking.until("lab.example", NOW + HOUR) is None


def test_a_host_that_does_not_say_for_how_long_is_left_alone_twice_as_long_each_time():
    parking = Parking()
    waits = [parking.park("lab.example", None, NOW) - NOW for _ in range(3)]

    assert waits == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]


def test_a_host_that_answers_well_begins_anew():
    parking = Parking()
    parking.park("lab.example", None, NOW)
    parking.park("lab.example", None, NOW)
    parking.answered("www.lab.example")

    assert parking.park("lab.example", None, NOW) == NOW + FIRST_WAIT


def test_no_host_is_left_alone_for_more_than_a_day():
    parking = Parking()
    for _ in range(30):
        parking.park("lab.example", None, NOW)

    assert parking.park("lab.example", timedelta(days=365), NOW) == NOW + LONGEST_WAIT


def test_what_was_parked_while_the_clock_was_wrong_is_asked():
    parking = Parking()
    parking.park("lab.example", HOUR, NOW + timedelta(days=400))

    assert parking.until("lab.example", NOW) is None


def test_a_longer_wait_is_never_shortened():
    parking = Parking()
    parking.park("lab.example", 3 * HOUR, NOW)

    assert parking.park("lab.example", HOUR, NOW) == NOW + 3 * HOUR


def test_what_changed_is_told_once_to_be_saved_and_taken_on_again():
    parking = Parking()
    parking.park("lab.example", HOUR, NOW)
    saved = parking.unsaved()
    assert saved == {"lab.example": Parked("lab.example", NOW + HOUR, 1)}
    assert parking.unsaved() == {}

    after = Parking()
    after.restore(parked for parked in saved.values() if parked)
    assert after.until("lab.example", NOW) == NOW + HOUR

    after.answered("lab.example")
    assert after.unsaved() == {"lab.example": None}


def test_what_could_not_be_saved_is_told_again():
    parking = Parking()
    parking.park("lab.example", HOUR, NOW)
    parking.still_unsaved(parking.unsaved())

    assert list(parking.unsaved()) == ["lab.example"]


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "com", "co.uk", "", "xn--p1ai"])
def test_what_nobody_registered_stands_for_itself(host: str):
    assert registrable(host) == host


@given(st.text(max_size=60))
def test_any_name_of_a_host_can_be_asked_about(host: str):
    parking = Parking()
    parking.park(host, HOUR, NOW)
    assert parking.until(host, NOW) == NOW + HOUR
