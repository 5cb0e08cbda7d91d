from datetime import timedelta

import pytest

from newsroom.attempts import FIRST_WAIT, LONGEST_WAIT, NONCE_WINDOW, Step, next_step, wait_after
from newsroom.models import DeliveryState
from tests.makers import NOW


def test_what_is_pending_is_sent():
    assert next_step(DeliveryState.PENDING, None, NOW) is Step.SEND


@pytest.mark.parametrize(
    ("first_try_here", "has_nonce", "step"),
    [
        (NOW, True, Step.SEND),
        (NOW - NONCE_WINDOW + timedelta(seconds=1), True, Step.SEND),
        (NOW - NONCE_WINDOW, True, Step.LOOK_FIRST),
        (None, True, Step.LOOK_FIRST),
        (NOW, False, Step.LOOK_FIRST),
    ],
    ids=["just now", "inside the nonce window", "after it", "after a crash", "a forum post has no nonce"],
)
def test_an_uncertain_message_is_repeated_only_while_discord_knows_its_nonce(first_try_here, has_nonce, step):
    assert next_step(DeliveryState.SENDING, first_try_here, NOW, has_nonce=has_nonce) is step


def test_waits_grow_to_a_limit():
    waits = [wait_after(attempts) for attempts in range(1, 40)]

    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (FIRST_WAIT, LONGEST_WAIT)
