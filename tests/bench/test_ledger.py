"""What the storm finds wrong, and what it lets pass."""

from __future__ import annotations

import pytest

from bench.ledger import Kind, Ledger, Standing

PUBLISHED = {"alpha": ["a1", "a2", "a3"], "beta": ["b1", "a2"]}


def card(*links: str) -> Standing:
    return Standing(Kind.CARD, links)


def listed(*links: str) -> Standing:
    return Standing(Kind.LIST, links)


def cards(links: str) -> list[Standing]:
    return [card(link) for link in links.split()]


@pytest.mark.parametrize("standing", ["a1 a2 a3 b1", "b1 a2 a1 a3", "a2 b1 a1 a3"])
def test_each_article_once_and_in_the_order_of_its_feed_is_right(standing: str):
    audit = Ledger(("alpha", "beta")).audit(PUBLISHED, cards(standing))

    assert audit.is_right
    assert audit.cards == 4


def test_what_a_list_tells_need_not_stand_there_as_a_card():
    audit = Ledger(("alpha",)).audit(PUBLISHED, [card("a3"), listed("a2", "a1")])

    assert audit.is_right
    assert (audit.cards, audit.listed) == (1, 2)


@pytest.mark.parametrize(
    ("standing", "wrong"),
    [
        ([*cards("a1 a2 a3 a2")], "doubles"),
        ([*cards("a1 a2 a3"), listed("a1")], "doubles"),
        ([*cards("a1 a3")], "losses"),
        ([*cards("a1 a2 a3 b1")], "foreign"),
        ([*cards("a1 a2 a3"), Standing(Kind.FOREIGN, ())], "foreign"),
        ([*cards("a2 a1 a3")], "disorder"),
    ],
)
def test_what_is_wrong_is_named(standing: list[Standing], wrong: str):
    audit = Ledger(("alpha",)).audit(PUBLISHED, standing)

    assert not audit.is_right
    assert getattr(audit, wrong)


def test_what_stood_in_a_deleted_channel_is_not_lost():
    audit = Ledger(("alpha",), [cards("a1 a2")]).audit(PUBLISHED, cards("a3"))

    assert audit.is_right
    assert audit.told_again == 0


def test_what_was_on_its_way_when_a_channel_was_deleted_may_come_again():
    audit = Ledger(("alpha",), [cards("a1 a2")]).audit(PUBLISHED, cards("a2 a3"))

    assert audit.is_right
    assert audit.told_again == 1


def test_more_than_that_is_told_twice():
    assert Ledger(("alpha",), [cards("a1 a2")]).audit(PUBLISHED, cards("a1 a2 a3")).doubles == ("a2",)
