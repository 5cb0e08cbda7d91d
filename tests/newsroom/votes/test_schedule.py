from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsroom.errors import RequestRefused
from newsroom.times import WEEKDAYS, local
from newsroom.votes.schedule import FIRST_WEEK, in_words, next_occurrence, rule

UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
SCORESBYSUND = ZoneInfo("America/Scoresbysund")
ZONES = (UTC_ZONE, BERLIN, NEW_YORK, LORD_HOWE, KATHMANDU)

moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
clocks = st.times().map(lambda clock: clock.replace(second=0, microsecond=0)) | st.sampled_from(
    [time(0), time(1, 30), time(1, 45), time(2, 15), time(2, 30), time(23, 59)]
)
days_of_rules = (
    st.sampled_from(["daily", "weekdays"])
    | st.sampled_from(WEEKDAYS).map("weekly {}".format)
    | st.builds("every {} weeks {}".format, st.integers(2, 52), st.sampled_from(WEEKDAYS))
    | st.integers(1, 31).map("monthly {}".format)
)
rules = st.builds("{} {:%H:%M}".format, days_of_rules, clocks)


def occurrences(rule: str, after: str, zone: ZoneInfo, count: int) -> list[str]:
    """The next moments as the guild's clock shows them. ``after`` is by that clock, too."""
    moment = local(datetime.fromisoformat(after), zone)
    return [f"{following.astimezone(zone):%a %Y-%m-%d %H:%M}" for following in islice(_all(rule, moment, zone), count)]


def _all(rule: str, moment: datetime, zone: ZoneInfo):
    while True:
        moment = next_occurrence(rule, moment, zone)
        yield moment


def exists(wall: datetime, zone: ZoneInfo) -> bool:
    return local(wall, zone).astimezone(zone).replace(tzinfo=None) == wall


@pytest.mark.parametrize(
    ("every", "at", "text"),
    [
        ("daily", "9:00", "daily 09:00"),
        ("every day", "at noon", "daily 12:00"),
        ("weekdays", "9am", "weekdays 09:00"),
        ("weekday at 9:00", "", "weekdays 09:00"),
        ("weekly friday", "18:00", "weekly friday 18:00"),
        ("weekly", "friday 18:00", "weekly friday 18:00"),
        ("weekly friday 18:00", "18:00", "weekly friday 18:00"),
        ("weekly friday 18:00", "", "weekly friday 18:00"),
        ("", "weekly friday 18:00", "weekly friday 18:00"),
        ("weekly friday", "Fri 6 p.m.", "weekly friday 18:00"),
        ("Every Friday", "18.00", "weekly friday 18:00"),
        ("fridays", "18:00", "weekly friday 18:00"),
        ("every 2 weeks", "friday 18:00", "every 2 weeks friday 18:00"),
        ("every 2 weeks friday", "18:00", "every 2 weeks friday 18:00"),
        ("every 2nd week on friday", "18:00", "every 2 weeks friday 18:00"),
        ("every other week", "friday 18:00", "every 2 weeks friday 18:00"),
        ("every other friday", "18:00", "every 2 weeks friday 18:00"),
        ("biweekly", "friday 18:00", "every 2 weeks friday 18:00"),
        ("every 1 week", "friday 18:00", "weekly friday 18:00"),
        ("monthly 1", "18:00", "monthly 1 18:00"),
        ("monthly", "1 18:00", "monthly 1 18:00"),
        ("every month on the 31st", "6 pm", "monthly 31 18:00"),
        ("last day of the month", "18:00", "monthly 31 18:00"),
    ],
)
def test_a_rule_is_read_as_people_write_it(every: str, at: str, text: str):
    assert rule(every, at) == text


@pytest.mark.parametrize(
    ("every", "at", "reason"),
    [
        ("", "", "how often"),
        ("", "18:00", "how often"),
        ("15th", "18:00", "how often"),
        ("daily", "", "what time"),
        ("weekly friday", "", "what time"),
        ("weekly", "18:00", "which day"),
        ("every 2 weeks", "18:00", "which day"),
        ("monthly", "18:00", "which day"),
        ("weekly friday 18:00", "19:00", "two different things"),
        ("weekly friday", "monday 18:00", "two different things"),
        ("daily", "friday 18:00", "two different things"),
        ("daily", "18", "two different things"),
        ("weekdays", "saturday 9:00", "two different things"),
        ("weekly", "every 2 weeks friday 18:00", "two different things"),
        ("every other day", "18:00", "two different things"),
        ("monthly 1", "2 18:00", "two different things"),
        ("monthly 2nd friday", "18:00", "two different things"),
        ("weekly 1", "18:00", "two different things"),
        ("monthly 0", "18:00", "No month"),
        ("monthly 32", "18:00", "No month"),
        ("every 0 weeks friday", "18:00", "1 to 52"),
        ("every 53 weeks friday", "18:00", "1 to 52"),
        ("every 112 weeks friday", "18:00", "can't read"),
        ("every 2 months", "1 18:00", "can't read"),
        ("yearly", "18:00", "can't read"),
        ("monday and thursday", "18:00", "can't read"),
        ("daily", "25:00", "can't read"),
        ("daily\0", "9:00", "can't read"),
        ("daily", "9:00" + " " * 1_000_000, "can't read"),
        ("friday " * 1_000_000, "daily 9:00", "can't read"),
        ("1" * 1_000_000, "daily 9:00", "can't read"),
    ],
)
def test_anything_else_is_refused_with_the_reason_and_examples(every: str, at: str, reason: str):
    with pytest.raises(
        RequestRefused, match=f'{reason}.*"daily", .* "weekly friday", .* "monthly 1", and `at` like "18:00"'
    ):
        rule(every, at)


@pytest.mark.parametrize("text", ["", "weekly", "18:00", "whenever 18:00", "x" * 1_000_000])
def test_a_rule_that_can_not_be_read_has_no_next_time_and_no_words(text: str):
    with pytest.raises(RequestRefused):
        next_occurrence(text, datetime(2026, 1, 1, tzinfo=UTC), BERLIN)
    with pytest.raises(RequestRefused):
        in_words(text)


@given(rules)
def test_a_rule_that_was_read_reads_as_itself(text: str):
    assert rule(text, "") == rule("", text) == rule(text, text) == text


@given(
    st.lists(st.sampled_from(["every", "weekly", "day", "month", "2", "weeks", "other", "fri", "last", "31", "6 pm"]))
)
def test_whatever_is_read_can_be_told_and_comes(words: list[str]):
    try:
        text = rule(" ".join(words), "18:00")
    except RequestRefused:
        return
    assert in_words(text).endswith(" at 18:00")
    assert next_occurrence(text, datetime(2026, 1, 1, tzinfo=UTC), BERLIN)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("daily 09:00", "every day at 09:00"),
        ("weekdays 09:00", "every weekday at 09:00"),
        ("weekly friday 18:00", "every Friday at 18:00"),
        ("every 2 weeks friday 18:00", "every 2 weeks on Friday at 18:00"),
        ("monthly 1 18:00", "on the 1st of every month at 18:00"),
        ("monthly 12 18:00", "on the 12th of every month at 18:00"),
        ("monthly 22 18:00", "on the 22nd of every month at 18:00"),
        ("monthly 30 18:00", "on the 30th, or else the last day, of every month at 18:00"),
        ("monthly 31 18:00", "on the last day of every month at 18:00"),
    ],
)
def test_a_rule_is_told_in_words(text: str, words: str):
    assert in_words(text) == words


def test_the_next_time_is_strictly_later():
    assert occurrences("daily 09:00", "2026-01-01 08:59", BERLIN, 1) == ["Thu 2026-01-01 09:00"]
    assert occurrences("daily 09:00", "2026-01-01 09:00", BERLIN, 1) == ["Fri 2026-01-02 09:00"]


def test_weekdays_are_monday_to_friday():
    assert occurrences("weekdays 09:00", "2026-01-01 12:00", BERLIN, 3) == [
        "Fri 2026-01-02 09:00",
        "Mon 2026-01-05 09:00",
        "Tue 2026-01-06 09:00",
    ]


def test_a_month_that_is_too_short_has_its_turn_on_its_last_day():
    assert occurrences("monthly 31 18:00", "2026-01-31 12:00", BERLIN, 4) == [
        "Sat 2026-01-31 18:00",
        "Sat 2026-02-28 18:00",
        "Tue 2026-03-31 18:00",
        "Thu 2026-04-30 18:00",
    ]
    assert occurrences("monthly 30 18:00", "2028-02-01 12:00", BERLIN, 2) == [
        "Tue 2028-02-29 18:00",
        "Thu 2028-03-30 18:00",
    ]


def test_every_second_week_is_the_same_whoever_asks_when():
    expected = ["Fri 2026-01-09 18:00", "Fri 2026-01-23 18:00", "Fri 2026-02-06 18:00"]
    for after in ("2025-12-26 18:00", "2026-01-02 18:00", "2026-01-04 23:59", "2026-01-05 00:00", "2026-01-09 17:59"):
        assert occurrences("every 2 weeks friday 18:00", after, BERLIN, 3) == expected


@given(weeks=st.integers(2, 52), day=st.sampled_from(WEEKDAYS), after=moments, zone=st.sampled_from(ZONES))
def test_every_so_many_weeks_counts_from_the_first_week(weeks: int, day: str, after: datetime, zone: ZoneInfo):
    coming = next_occurrence(f"every {weeks} weeks {day} 18:00", after, zone)
    days = (coming.astimezone(zone).date() - FIRST_WEEK).days
    assert days // 7 % weeks == 0 and days % 7 == WEEKDAYS.index(day)
    assert coming - after <= timedelta(weeks=weeks, hours=1)


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        (BERLIN, timedelta(hours=1)),
        (NEW_YORK, timedelta(hours=1)),
        (LORD_HOWE, timedelta(minutes=30)),
        (KATHMANDU, timedelta()),
    ],
)
def test_a_weekly_rule_keeps_its_time_through_both_changes_of_the_clocks(zone: ZoneInfo, change: timedelta):
    year = list(islice(_all("weekly friday 18:00", datetime(2026, 1, 1, tzinfo=UTC), zone), 53))
    assert {f"{each.astimezone(zone):%a %H:%M}" for each in year} == {"Fri 18:00"}

    week = timedelta(weeks=1)
    lengths = [later - earlier for earlier, later in pairwise(year)]
    assert set(lengths) == {week - change, week, week + change}
    assert sum(length != week for length in lengths) == (2 if change else 0)


@pytest.mark.parametrize(
    ("zone", "clock", "before", "shown"),
    [
        (BERLIN, "02:30", "2026-03-28 12:00", ["Sun 2026-03-29 03:30", "Mon 2026-03-30 02:30"]),
        (NEW_YORK, "02:30", "2026-03-07 12:00", ["Sun 2026-03-08 03:30", "Mon 2026-03-09 02:30"]),
        (LORD_HOWE, "02:15", "2026-10-03 12:00", ["Sun 2026-10-04 02:45", "Mon 2026-10-05 02:15"]),
    ],
)
def test_a_time_that_the_clocks_skip_comes_late_once(zone: ZoneInfo, clock: str, before: str, shown: list[str]):
    assert occurrences(f"daily {clock}", before, zone, 2) == shown


@pytest.mark.parametrize(
    ("zone", "clock", "moment"),
    [
        (BERLIN, "02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (NEW_YORK, "01:30", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        (LORD_HOWE, "01:45", datetime(2026, 4, 4, 14, 45, tzinfo=UTC)),
    ],
)
def test_a_time_that_comes_twice_counts_once(zone: ZoneInfo, clock: str, moment: datetime):
    text = f"daily {clock}"
    assert next_occurrence(text, moment - timedelta(seconds=1), zone) == moment
    for later in (moment, moment + timedelta(minutes=20), moment + timedelta(hours=1)):
        assert next_occurrence(text, later, zone) > moment + timedelta(hours=23)


def test_a_skipped_time_that_moves_past_midnight_is_not_lost():
    ten_past_midnight = datetime(2026, 3, 29, 1, 10, tzinfo=UTC)
    coming = next_occurrence("daily 23:30", ten_past_midnight, SCORESBYSUND)
    assert coming == ten_past_midnight + timedelta(minutes=20)


@given(text=rules, after=moments, zone=st.sampled_from(ZONES))
def test_the_next_time_is_later_and_shows_the_rules_time_unless_the_clocks_skip_it(
    text: str, after: datetime, zone: ZoneInfo
):
    coming = next_occurrence(text, after, zone)
    assert coming > after and coming.utcoffset() == timedelta()

    shown = coming.astimezone(zone).replace(tzinfo=None)
    meant = datetime.combine(shown, time.fromisoformat(text[-5:]))
    assert shown == meant or not exists(meant, zone)
    assert local(meant, zone) == coming


@settings(max_examples=20)
@given(clock=clocks, after=moments, zone=st.sampled_from((*ZONES, SCORESBYSUND)))
def test_a_year_of_days_skips_and_repeats_none(clock: time, after: datetime, zone: ZoneInfo):
    coming = list(islice(_all(f"daily {clock:%H:%M}", after, zone), 366))
    first = coming[0].astimezone(zone).date()
    meant = [local(datetime.combine(first + timedelta(days=n), clock), zone) for n in range(366)]
    assert coming == meant
