from datetime import UTC, datetime, timedelta

import pytest

from newsroom.desk.order import posting_order
from newsroom.feeds.identity import identify
from newsroom.models import Entry

NOW = datetime(2025, 1, 27, 18, 0, tzinfo=UTC)


def entry(title: str, published: datetime | None) -> Entry:
    return Entry(guid=title, link=None, title=title, published=published)


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def order(*dates: datetime | None) -> str:
    """The order of items called a, b, c from top to bottom of their document."""
    entries = [entry(title, date) for title, date in zip("abcdef", dates, strict=False)]
    return "".join(item.entry.title for item in posting_order(identify(entries).items, NOW))


def test_items_with_plausible_dates_go_by_date_wherever_they_stand():
    assert order(ago(1), ago(3), ago(2)) == "bca"
    assert order(ago(3), ago(2), ago(1)) == "abc"


@pytest.mark.parametrize(
    "lie",
    [None, datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC), NOW + timedelta(hours=25)],
    ids=str,
)
def test_one_implausible_date_and_the_document_goes_from_bottom_to_top(lie: datetime | None):
    assert order(ago(1), lie, ago(9), ago(2)) == "dcba"


def test_equal_dates_go_from_bottom_to_top():
    assert order(ago(1), ago(1), ago(1)) == "cba"
    assert order(ago(1), ago(5), ago(1), ago(5)) == "dbca"


def test_a_clock_a_few_hours_ahead_is_plausible():
    assert order(ago(-14), ago(1), ago(2)) == "cba"
    assert order(ago(2), ago(-14), ago(1)) == "acb"


def test_nothing_and_one_item_are_in_order():
    assert order() == ""
    assert order(None) == "a"
