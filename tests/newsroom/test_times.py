from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.errors import RequestRefused
from newsroom.times import (
    EARLIEST_DATE,
    FUTURE_ALLOWED,
    LONGEST,
    SHORTEST_POLL,
    deadline,
    duration,
    is_night,
    is_plausible,
    local,
    start_of_day,
    start_of_month,
    take_clock,
    weekday,
    zone,
    zone_names,
)

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
HAVANA = ZoneInfo("America/Havana")
ZONES = (ZoneInfo("UTC"), BERLIN, NEW_YORK, LORD_HOWE, KATHMANDU, HAVANA, ZoneInfo("America/Scoresbysund"))

FRIDAY_NOON = datetime(2026, 3, 27, 11, 0, tzinfo=UTC)
"""12:00 in Berlin, two days before its clocks go forward."""


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def closes(text: str, now: datetime = FRIDAY_NOON, zone: ZoneInfo = BERLIN) -> str:
    """The deadline as the guild's clock shows it."""
    moment = deadline(text, now, zone)
    assert moment is not None and moment.utcoffset() == timedelta()
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("2h", timedelta(hours=2)),
        ("1d 2h", timedelta(days=1, hours=2)),
        ("1d2h", timedelta(days=1, hours=2)),
        ("1 day, 30 min", timedelta(days=1, minutes=30)),
        ("90 minutes", timedelta(minutes=90)),
        ("3 Days", timedelta(days=3)),
        (" 1 WEEK ", timedelta(weeks=1)),
        ("1 hr", timedelta(hours=1)),
        ("366d", LONGEST),
    ],
)
def test_a_length_of_time_is_read_as_people_write_it(text: str, length: timedelta):
    assert duration(text) == length


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "2",
        "h",
        "soon",
        "2 months",
        "1h soon",
        "1.5h",
        "-1h",
        "0m",
        "0d 0h",
        "367d",
        "99999w",
        "999999m",
        "2hours3",
    ],
)
def test_anything_else_is_refused_with_examples(text: str):
    with pytest.raises(RequestRefused, match='"2h", "1d 2h" or "3 days", at most a year'):
        duration(text)


@pytest.mark.parametrize("text", ["99999w" * 100_000, " " * 100_000 + "x", "1h," * 100_000 + "x"])
def test_the_longest_text_is_refused_like_any_other(text: str):
    with pytest.raises(RequestRefused):
        duration(text)


@given(st.text(alphabet="0123456789 mhdwinutesoray,.-", max_size=30))
def test_whatever_is_read_is_more_than_nothing_and_at_most_the_longest(text: str):
    try:
        length = duration(text)
    except RequestRefused:
        return
    assert timedelta() < length <= LONGEST


def test_a_date_before_the_web_or_well_ahead_of_us_cannot_be_believed():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert is_plausible(EARLIEST_DATE, now) and is_plausible(now + FUTURE_ALLOWED, now)
    assert not is_plausible(datetime(1970, 1, 1, tzinfo=UTC), now)
    assert not is_plausible(now + FUTURE_ALLOWED + timedelta(seconds=1), now)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("america/new york", "America/New_York"),
        ("New York", "America/New_York"),
        (" kathmandu ", "Asia/Kathmandu"),
        ("lord_howe", "Australia/Lord_Howe"),
        ("utc", "UTC"),
        ("Etc/GMT+1", "Etc/GMT+1"),
    ],
)
def test_a_time_zone_is_found_as_people_write_it(text: str, key: str):
    assert zone(text).key == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "/",
        "Mars/Olympus",
        "gmt+1",
        "localtime",
        "Factory",
        "../../etc/passwd",
        "/etc/passwd",
        "Europe/Berlin\0",
        "Europe/Berlin/..",
        "\ud800",
        "a" * 1_000_000,
    ],
)
def test_a_time_zone_that_does_not_exist_is_refused_with_examples(text: str):
    with pytest.raises(RequestRefused, match='"Europe/Berlin", "America/New_York" or "UTC"'):
        zone(text)


def test_a_city_of_several_time_zones_is_refused_with_their_names():
    with pytest.raises(RequestRefused, match="Canada/Eastern, US/Eastern"):
        zone("eastern")


def test_zones_whose_city_begins_with_the_text_are_offered_first():
    assert zone_names("ber") == ["Atlantic/Bermuda", "Europe/Berlin", "Australia/Canberra"]
    assert zone_names("new y") == zone_names("NEW_Y") == ["America/New_York"]
    assert zone_names("europe/ber") == ["Europe/Berlin"]


def test_no_more_zones_are_offered_than_asked_for():
    assert len(zone_names("")) == 25
    assert len(zone_names("america", most=3)) == 3
    assert zone_names("nowhere") == zone_names("a" * 1_000_000) == []


def test_zones_with_turned_signs_are_not_offered():
    assert [name for name in zone_names("gmt", most=1000) if name.startswith("Etc/")] == []


def test_every_zone_offered_is_found():
    assert [name for name in zone_names("", most=1000) if zone(name).key != name] == []


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2h", "2026-03-27 14:00"),
        ("in 2h", "2026-03-27 14:00"),
        ("1d 2h", "2026-03-28 14:00"),
        ("3 days", "2026-03-30 13:00"),
        ("until friday 18:00", "2026-03-27 18:00"),
        ("friday 18:00", "2026-03-27 18:00"),
        ("FRI, 6pm", "2026-03-27 18:00"),
        ("friday at 18.00", "2026-03-27 18:00"),
        ("6:30 p.m. on friday", "2026-03-27 18:30"),
        ("until friday 12:00", "2026-04-03 12:00"),
        ("until friday 11:59", "2026-04-03 11:59"),
        ("until thursday 18:00", "2026-04-02 18:00"),
        ("until friday", "2026-03-27 23:59"),
        ("until sun", "2026-03-29 23:59"),
        ("until tomorrow 9:00", "2026-03-28 09:00"),
        ("tomorrow", "2026-03-28 23:59"),
        ("until today 18:00", "2026-03-27 18:00"),
        ("until 18:00", "2026-03-27 18:00"),
        ("until 9:00", "2026-03-28 09:00"),
        ("until 12 am", "2026-03-28 00:00"),
        ("until noon", "2026-03-28 12:00"),
        ("until midnight", "2026-03-27 23:59"),
        ("friday midnight", "2026-03-27 23:59"),
        ("until 2026-12-24 18:00", "2026-12-24 18:00"),
        ("2026-12-24", "2026-12-24 23:59"),
        ("until 24 december", "2026-12-24 23:59"),
        ("december 24th 6pm", "2026-12-24 18:00"),
        ("24 dec 2026 at 18:00", "2026-12-24 18:00"),
        ("1 march", "2027-03-01 23:59"),
        ("5m", "2026-03-27 12:05"),
        ("366d", "2027-03-28 13:00"),
    ],
)
def test_a_deadline_is_read_as_people_write_it(text: str, at: str):
    assert closes(text) == at


@pytest.mark.parametrize("text", ["none", "Never", " OPEN "])
def test_a_poll_can_have_no_deadline(text: str):
    assert deadline(text, FRIDAY_NOON, BERLIN) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "until",
        "soon",
        "2",
        "2 months",
        "18",
        "friday 18",
        "fr 18:00",
        "friday 25:00",
        "friday 18:60",
        "friday 13pm",
        "0 pm",
        "friday saturday",
        "24.12.",
        "24/12",
        "2026-02-30",
        "2026-13-01",
        "29 february",
        "24 dezember",
        "9999-12-31 23:59",
        "0001-01-01",
        "2h until friday",
        "\0",
        "friday " * 100_000,
        "1" * 100_000,
        "18:00 " * 100_000,
    ],
)
def test_a_deadline_that_can_not_be_read_is_refused_with_examples(text: str):
    with pytest.raises(RequestRefused, match=r'"2h", "3 days", "friday 18:00", .* or "none"'):
        deadline(text, FRIDAY_NOON, BERLIN)


@pytest.mark.parametrize("text", ["today 9:00", "2026-03-27 11:00", "2026-03-26", "1 march 2026"])
def test_a_deadline_that_is_over_is_refused(text: str):
    with pytest.raises(RequestRefused, match="over"):
        deadline(text, FRIDAY_NOON, BERLIN)


@pytest.mark.parametrize("text", ["0m", "4m", "until 12:04", "friday 12:04"])
def test_a_deadline_in_less_than_five_minutes_is_refused(text: str):
    with pytest.raises(RequestRefused, match="at least 5 minutes"):
        deadline(text, FRIDAY_NOON, BERLIN)


@pytest.mark.parametrize("text", ["367d", "99999w", "2028-01-01", "24 december 2099", "99999w" * 16])
def test_a_deadline_in_more_than_a_year_is_refused(text: str):
    with pytest.raises(RequestRefused, match="at most a year"):
        deadline(text, FRIDAY_NOON, BERLIN)


def test_a_weekday_is_the_guilds_own():
    late_on_thursday = utc("2026-03-26 20:00")
    assert closes("thursday", late_on_thursday, NEW_YORK) == "2026-03-26 23:59"
    assert closes("thursday", late_on_thursday, KATHMANDU) == "2026-04-02 23:59"
    assert closes("tomorrow", late_on_thursday, NEW_YORK) == "2026-03-27 23:59"
    assert closes("tomorrow", late_on_thursday, KATHMANDU) == "2026-03-28 23:59"


def test_a_day_in_a_length_of_time_is_24_hours_though_the_clocks_change():
    assert closes("2d", utc("2026-03-28 11:00")) == "2026-03-30 13:00"


words = st.sampled_from(
    ["until", "2h", "3 days", "today", "friday", "sat", "at", "on", "18:00", "6", "pm", "midnight", "24", "dec", "2026"]
)


@given(
    text=st.lists(words, max_size=5).map(" ".join) | st.text(max_size=20),
    now=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from(ZONES),
)
def test_whatever_deadline_is_read_lies_between_five_minutes_and_a_year_ahead(text: str, now: datetime, zone: ZoneInfo):
    try:
        moment = deadline(text, now, zone)
    except RequestRefused:
        return
    assert moment is None or SHORTEST_POLL <= moment - now <= LONGEST


@pytest.mark.parametrize(
    ("text", "rest", "clock"),
    [
        ("Friday at 6pm", "friday", time(18)),
        ("weekly  Friday 18:05", "weekly friday", time(18, 5)),
        ("monthly 1 6 pm", "monthly 1", time(18)),
        ("12am", "", time(0)),
        ("12 pm daily", "daily", time(12)),
        ("monthly 1", "monthly 1", None),
        ("daily 24:00", "daily 24:00", None),
        ("", "", None),
    ],
)
def test_a_time_of_day_is_taken_off_a_text(text: str, rest: str, clock: time | None):
    assert take_clock(text) == (rest, clock)


def test_a_weekday_needs_three_letters():
    assert [weekday(word) for word in ("mon", "tues", "sunday", "fridays", "su", "day", "")] == [
        0,
        1,
        6,
        4,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("zone", "text", "moment"),
    [
        (BERLIN, "2026-03-29 01:59", "2026-03-29 00:59"),
        (BERLIN, "2026-03-29 02:30", "2026-03-29 01:30"),
        (NEW_YORK, "2026-03-08 02:30", "2026-03-08 07:30"),
        (LORD_HOWE, "2026-10-04 02:15", "2026-10-03 15:45"),
    ],
)
def test_a_time_that_the_clocks_skip_moves_on_with_them(zone: ZoneInfo, text: str, moment: str):
    assert local(wall(text), zone) == utc(moment)


@pytest.mark.parametrize(
    ("zone", "text", "moment"),
    [
        (BERLIN, "2026-10-25 02:30", "2026-10-25 00:30"),
        (NEW_YORK, "2026-11-01 01:30", "2026-11-01 05:30"),
        (LORD_HOWE, "2026-04-05 01:45", "2026-04-04 14:45"),
    ],
)
def test_of_a_time_that_comes_twice_the_first_is_meant(zone: ZoneInfo, text: str, moment: str):
    assert local(wall(text), zone) == local(wall(text).replace(fold=1), zone) == utc(moment)


def test_a_day_and_a_month_begin_by_the_guilds_clock():
    new_year = utc("2025-12-31 20:00")
    assert start_of_day(new_year, KATHMANDU) == start_of_month(new_year, KATHMANDU) == utc("2025-12-31 18:15")
    assert start_of_day(new_year, NEW_YORK) == utc("2025-12-31 05:00")
    assert start_of_month(new_year, NEW_YORK) == utc("2025-12-01 05:00")
    assert start_of_month(utc("2026-03-30 12:00"), BERLIN) == utc("2026-02-28 23:00")


def test_a_day_that_has_no_midnight_begins_when_the_clocks_have_moved():
    assert start_of_day(utc("2026-03-08 12:00"), HAVANA) == utc("2026-03-08 05:00")


def test_a_day_with_two_midnights_begins_at_the_first():
    assert start_of_day(utc("2026-11-01 05:30"), HAVANA) == utc("2026-11-01 04:00")


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), st.sampled_from(ZONES))
def test_the_day_and_month_that_began_are_those_of_now(now: datetime, zone: ZoneInfo):
    day, month = start_of_day(now, zone), start_of_month(now, zone)
    assert month <= day <= now < day + timedelta(hours=25)
    assert day.astimezone(zone).date() == now.astimezone(zone).date()
    assert month.astimezone(zone).date() == now.astimezone(zone).date().replace(day=1)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("clock", "night"),
    [("22:59", False), ("23:00", True), ("00:00", True), ("07:59", True), ("08:00", False), ("12:00", False)],
)
def test_night_is_from_eleven_to_eight_by_the_guilds_clock(zone: ZoneInfo, clock: str, night: bool):
    assert is_night(local(wall(f"2026-03-27 {clock}"), zone), zone) is night
