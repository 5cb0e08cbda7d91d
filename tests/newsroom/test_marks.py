import pytest

from newsroom.marks import POLL, Marks


def test_names_differ_between_rows_kinds_and_installations_and_stay_the_same():
    marks, others = Marks("a"), Marks("b")

    assert marks.mark(1) == Marks("a").mark(1)
    assert len({marks.mark(1), marks.mark(2), marks.mark(1, POLL), others.mark(1)}) == 4
    assert len(marks.secret(1)) == 24


def test_a_mark_leads_back_to_its_row():
    assert Marks("a").number(Marks("a").mark(7, POLL), POLL) == 7


@pytest.mark.parametrize(
    "mark", ["", "7", "7.", "7.0123456789abcdef01234567", "x." + "0" * 24, "٧." + "0" * 24, "9" * 19 + ".0"]
)
def test_a_made_up_mark_leads_nowhere(mark: str):
    assert Marks("a").number(mark, POLL) is None


def test_a_mark_of_another_installation_or_kind_leads_nowhere():
    assert Marks("a").number(Marks("b").mark(7, POLL), POLL) is None
    assert Marks("a").number(Marks("a").mark(7), POLL) is None
