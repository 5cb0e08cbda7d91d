"""What an export tells, and above all what it doesn't."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest

from newsroom.models import PollState, Results, Tally, Visibility
from newsroom.votes.exports import Export, guarded, private_export, public_export, sealed_export
from tests.desk import GUILD, Desk
from tests.makers import NOW, choice, poll
from tests.votes import ANNA, BEN, OPEN, PROPRIETARY, ask, close, custom, vote, vote_many


def rows(export: Export) -> list[list[str]]:
    return list(csv.reader(io.StringIO(export.csv.decode("utf-8-sig"))))


def content(export: Export):
    return json.loads(export.json)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", "  =", " @"])
def test_no_cell_is_a_formula_to_a_spreadsheet(start: str):
    assert guarded(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("cell", ["Yes", "1=1", "a@b", "", "  no formula", "2026-01-01T12:00:00+00:00"])
def test_other_cells_stay_as_they_are(cell: str):
    assert guarded(cell) == cell


def test_a_choice_that_looks_like_a_formula_is_guarded_in_the_table_and_itself_in_json():
    risky = poll(choices=(choice(0, "=HYPERLINK(1)"), choice(1, "＝No")), visibility=Visibility.PUBLIC)

    export = public_export(risky, Tally((1, 1), 2), [(ANNA, 1, NOW), (BEN, 2, NOW)])

    assert [row[1] for row in rows(export)] == ["choice", "'=HYPERLINK(1)", "'＝No"]
    assert [vote["choice"] for vote in content(export)["votes"]] == ["=HYPERLINK(1)", "＝No"]


def test_a_public_poll_tells_who_voted_what_and_each_choice_of_a_ballot_on_its_own():
    export = public_export(poll(visibility=Visibility.PUBLIC), Tally((1, 1, 1), 2), [(ANNA, 0b101, NOW), (BEN, 2, NOW)])

    assert rows(export) == [
        ["member", "choice", "at"],
        ["4001", "Open source", NOW.isoformat()],
        ["4001", "It depends", NOW.isoformat()],
        ["4002", "Proprietary", NOW.isoformat()],
    ]


def test_a_private_poll_tells_hours_and_no_members():
    votes = [
        (NOW, 1),
        (NOW + timedelta(minutes=59, seconds=59), 1),
        (NOW + timedelta(minutes=60), 1),
        (NOW + timedelta(minutes=5), 2),
        (NOW + timedelta(minutes=6), 0),
    ]

    export = private_export(poll(), Tally((3, 1, 0), 4), votes)

    assert rows(export) == [
        ["hour", "choice", "votes"],
        ["2026-01-01T12:00:00+00:00", "Open source", "2"],
        ["2026-01-01T12:00:00+00:00", "Proprietary", "1"],
        ["2026-01-01T13:00:00+00:00", "Open source", "1"],
    ]


def test_a_sealed_poll_tells_how_many_voted_and_nothing_more():
    export = sealed_export(poll(), Tally((), 4))

    assert rows(export) == [["hour", "choice", "votes"]]
    assert content(export)["voters"] == 4
    assert [choice["votes"] for choice in content(export)["choices"]] == [None, None, None]
    assert content(export)["votes"] == []


def test_a_file_opens_in_a_spreadsheet_with_its_letters_whole():
    export = public_export(poll(choices=(choice(0, "Ärger"),)), Tally((1,), 1), [(ANNA, 1, NOW)])

    assert export.csv.startswith(b"\xef\xbb\xbf")
    assert "Ärger" in export.csv.decode("utf-8-sig") and "Ärger" in export.json.decode()


async def test_a_private_poll_is_exported_without_a_trace_of_its_members(desk: Desk):
    asked = await ask(desk)
    await vote_many(desk, asked, 8, 4)

    _, export = await desk.newsroom.polls.export(GUILD, asked.id)

    assert [row[1:] for row in rows(export)[1:]] == [["Open source", "8"], ["Proprietary", "4"]]
    assert not any(str(member_id) in (export.csv + export.json).decode() for member_id in range(5001, 5013))


@pytest.mark.parametrize("results", [Results.AFTER_VOTE, Results.AFTER_CLOSE])
@pytest.mark.parametrize("visibility", list(Visibility))
async def test_what_an_open_poll_keeps_to_itself_is_sealed_until_it_is_closed(desk: Desk, results, visibility):
    asked = await ask(desk, custom(results=results, visibility=visibility))
    await vote_many(desk, asked, 8, 4)

    _, sealed = await desk.newsroom.polls.export(GUILD, asked.id)
    await close(desk, asked)
    _, told = await desk.newsroom.polls.export(GUILD, asked.id)

    assert (content(sealed)["voters"], content(sealed)["votes"]) == (12, [])
    assert [choice["votes"] for choice in content(told)["choices"]] == [8, 4, 0]
    assert len(content(told)["votes"]) == (12 if visibility is Visibility.PUBLIC else 2)


async def test_an_open_poll_with_few_votes_is_sealed_so_that_nobody_watches_them_come_in(desk: Desk):
    asked = await ask(desk)
    await vote_many(desk, asked, 9)

    assert content((await desk.newsroom.polls.export(GUILD, asked.id))[1])["votes"] == []

    await vote(desk, asked, BEN, PROPRIETARY)
    assert content((await desk.newsroom.polls.export(GUILD, asked.id))[1])["votes"] != []


def test_a_poll_that_keeps_its_hours_to_itself_still_tells_its_totals():
    export = sealed_export(poll(), Tally((3, 1, 0), 4))

    assert rows(export) == [["hour", "choice", "votes"]]
    assert [choice["votes"] for choice in content(export)["choices"]] == [3, 1, 0]
    assert (content(export)["voters"], content(export)["votes"]) == (4, [])


@pytest.mark.parametrize(("votes", "is_told"), [(9, False), (10, True)])
async def test_a_closed_private_poll_is_told_from_ten_votes_on_so_that_none_is_seen_between_two_closings(
    desk: Desk, votes: int, is_told: bool
):
    asked = await ask(desk)
    await vote_many(desk, asked, votes)
    await close(desk, asked)

    _, export = await desk.newsroom.polls.export(GUILD, asked.id)

    assert [choice["votes"] for choice in content(export)["choices"]] == ([10, 0, 0] if is_told else [None] * 3)
    assert bool(content(export)["votes"]) is is_told


async def test_the_hours_of_a_closed_private_poll_are_sealed_once_somebody_left_and_its_totals_stay(desk: Desk):
    private, public = await ask(desk), await ask(desk, custom(visibility=Visibility.PUBLIC))
    for asked in (private, public):
        await vote_many(desk, asked, 10, 2)
        await close(desk, asked)
    await desk.newsroom.members.forget(5001, GUILD)

    _, of_private = await desk.newsroom.polls.export(GUILD, private.id)
    _, of_public = await desk.newsroom.polls.export(GUILD, public.id)

    assert rows(of_private) == [["hour", "choice", "votes"]]
    assert content(of_private)["voters"] == 12
    assert [choice["votes"] for choice in content(of_private)["choices"]] == [10, 2, 0]
    assert len(content(of_public)["votes"]) == 11 and "5001" not in of_public.csv.decode()


async def test_an_open_private_poll_is_told_by_the_hour_though_somebody_left(desk: Desk):
    asked = await ask(desk)
    await vote_many(desk, asked, 11)
    await desk.newsroom.members.forget(5001, GUILD)

    _, export = await desk.newsroom.polls.export(GUILD, asked.id)

    assert rows(export)[1:] == [["2026-01-01T12:00:00+00:00", "Open source", "10"]]


async def test_a_closed_private_poll_of_two_is_sealed_for_ever_because_its_counts_are_their_ballots(desk: Desk):
    private, public = await ask(desk), await ask(desk, custom(visibility=Visibility.PUBLIC))
    for asked in (private, public):
        await vote(desk, asked, ANNA, OPEN)
        await vote(desk, asked, BEN, PROPRIETARY)
        assert (await close(desk, asked)).state is PollState.CLOSED

    _, of_private = await desk.newsroom.polls.export(GUILD, private.id)
    _, of_public = await desk.newsroom.polls.export(GUILD, public.id)

    assert content(of_private)["votes"] == [] and content(of_private)["voters"] == 2
    assert [choice["votes"] for choice in content(of_private)["choices"]] == [None, None, None]
    assert len(content(of_public)["votes"]) == 2


async def test_a_private_export_counts_a_member_who_changed_sides_once(desk: Desk):
    asked = await ask(desk)
    await vote_many(desk, asked, 10)
    desk.clock.advance(hours=2)
    await vote(desk, asked, 5001, PROPRIETARY)

    _, export = await desk.newsroom.polls.export(GUILD, asked.id)

    assert rows(export)[1:] == [
        ["2026-01-01T12:00:00+00:00", "Open source", "9"],
        ["2026-01-01T14:00:00+00:00", "Proprietary", "1"],
    ]
