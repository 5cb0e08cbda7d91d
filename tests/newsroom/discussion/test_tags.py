"""Which tags of a forum fit a story."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsroom.discussion.tags import fitting, tagging
from newsroom.models import Camp, GuildSettings
from tests.desk import GUILD

SETTINGS = GuildSettings(GUILD)


def fit(*names: str, camp: Camp = Camp.NEITHER, source: str = "Lab Notes", words: str = "", **labels: str) -> list[str]:
    """Those of the names that fit a story with these words in its summary, in order."""
    story = tagging(camp, replace(SETTINGS, **labels), source, "A headline", words)
    return [names[position] for position in fitting(names, story)]


@pytest.mark.parametrize(
    ("camp", "expected"),
    [
        (Camp.OPEN, ["Open Source"]),
        (Camp.PROPRIETARY, ["PROPRIETARY"]),
        (Camp.BOTH, ["PROPRIETARY", "Open Source"]),
        (Camp.NEITHER, []),
    ],
)
def test_a_side_has_its_tag(camp: Camp, expected: list[str]):
    assert fit("PROPRIETARY", "Open Source", "It depends", camp=camp) == expected


def test_a_side_goes_by_what_the_server_calls_it_too():
    assert fit("Free", "Open source", "Closed", camp=Camp.OPEN, open_label="free", proprietary_label="closed") == [
        "Free",
        "Open source",
    ]


def test_sides_come_before_the_source_and_the_source_before_topics():
    assert fit("Robots", "lab notes", "open source", camp=Camp.OPEN, words="Robots for all.") == [
        "open source",
        "lab notes",
        "Robots",
    ]


@pytest.mark.parametrize("words", ["All about C++.", "all about c++", "Ａll about Ｃ++, today"])
def test_a_topic_fits_where_it_stands_in_whole_words(words: str):
    assert fit("C++", words=words) == ["C++"]


def test_a_topic_of_several_words_fits_across_lines():
    assert fit("machine vision", words="About machine\nvision.") == ["machine vision"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("art", "Smart parts start"), ("rl", "Berlin"), ("🔥", "🔥 news"), ("", "anything"), (".*", ".*")],
)
def test_parts_of_words_and_signs_alone_are_no_topics(name: str, words: str):
    assert fit(name, words=words) == []
