"""How did it age? Which takes are worth asking about."""

from __future__ import annotations

import pytest

from newsroom.discussion.aging import back_in_the_news, is_back
from newsroom.stories.tellings import read
from tests.makers import take

R1 = "DeepSeek R1 tops the App Store, Nvidia shares fall"


@pytest.mark.parametrize(
    "new",
    [
        "Nvidia shares climb back as DeepSeek R2 needs more chips",
        "A year on, DeepSeek R1 still tops the App Store",
    ],
)
def test_a_subject_is_back_when_a_name_and_enough_rare_words_are(new: str):
    assert is_back(read(R1, ""), read(new, ""))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("OpenAI launches GPT-6", "OpenAI hires a new CFO"),
        ("OpenAI launches GPT-6", "Google launches Gemini 4"),
        ("The weather was fine all week", "The weather was fine all month"),
        (R1, ""),
    ],
)
def test_one_word_alone_or_words_without_a_name_bring_nothing_back(old: str, new: str):
    assert not is_back(read(old, ""), read(new, ""))


def test_the_clearest_return_is_asked_about_and_of_equals_the_oldest_take():
    takes = [
        (take(id=3, story_id=1), R1, ""),
        (take(id=1, story_id=1), R1, ""),
        (take(id=2, story_id=2), "Mistral releases an open-weights model under Apache 2.0", ""),
    ]
    stories = [(8, "OpenAI hires a new CFO", ""), (9, "DeepSeek R1 tops the App Store again", "")]

    found = back_in_the_news(takes, stories)

    assert found is not None
    assert (found[0].id, found[1]) == (1, 9)


def test_a_story_doesnt_bring_itself_back():
    assert back_in_the_news([(take(id=1, story_id=9), R1, "")], [(9, R1, "")]) is None


def test_without_old_takes_or_new_stories_nothing_is_back():
    assert back_in_the_news([], [(9, R1, "")]) is None
    assert back_in_the_news([(take(id=1), R1, "")], []) is None
