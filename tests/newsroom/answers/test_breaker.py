from datetime import timedelta

from newsroom.answers.breaker import MOST_FAILURES, REST, Breaker
from tests.makers import NOW


def broken() -> Breaker:
    breaker = Breaker()
    for _ in range(MOST_FAILURES):
        assert breaker.admits(NOW)
        breaker.failed(NOW)
    return breaker


def test_three_failures_in_a_row_begin_a_rest_which_is_told_once():
    breaker = Breaker()
    assert [breaker.failed(NOW) for _ in range(MOST_FAILURES + 2)] == [False, False, True, False, False]
    assert not breaker.admits(NOW)


def test_a_success_between_begins_the_count_anew():
    breaker = Breaker()
    for _ in range(MOST_FAILURES - 1):
        breaker.failed(NOW)
    breaker.succeeded()
    assert not breaker.failed(NOW)
    assert breaker.admits(NOW)


def test_after_the_rest_one_is_let_through():
    breaker = broken()
    assert not breaker.admits(NOW + REST - timedelta(seconds=1))
    assert [breaker.admits(NOW + REST) for _ in range(3)] == [True, False, False]


def test_the_one_decides_for_all():
    breaker = broken()
    breaker.admits(NOW + REST)
    assert not breaker.failed(NOW + REST)
    assert not breaker.admits(NOW + REST)

    assert breaker.admits(NOW + 2 * REST)
    breaker.succeeded()
    assert breaker.admits(NOW + 2 * REST)


def test_one_that_never_tells_how_it_went_is_followed_by_another():
    breaker = broken()
    assert breaker.admits(NOW + REST)
    assert breaker.admits(NOW + 2 * REST)


def test_a_second_outage_is_told_again():
    breaker = broken()
    breaker.admits(NOW + REST)
    breaker.succeeded()
    assert [breaker.failed(NOW + REST) for _ in range(MOST_FAILURES)] == [False, False, True]
