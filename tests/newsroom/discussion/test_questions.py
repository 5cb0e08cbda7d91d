from __future__ import annotations

from itertools import combinations

import pytest

from newsroom.discussion import questions
from newsroom.discussion.questions import LONGEST_QUESTION, questions_for
from newsroom.models import Side
from newsroom.stories.facts import LONGEST_FACT, Facts
from newsroom.text import clean, length

FACTS = {
    "licence": "MIT",
    "price": "$2.19 per million tokens",
    "size": "671B",
    "context": "128K",
    "lab": "DeepSeek",
    "product": "DeepSeek-R1",
}
SIDES = (Side.OPEN, Side.PROPRIETARY)


@pytest.mark.parametrize("number", range(1, len(FACTS) + 1))
def test_where_a_fact_is_known_both_questions_name_one_and_not_the_same_if_two_are(number: int):
    for names in combinations(FACTS, number):
        for story_id in range(20):
            asked = questions_for(story_id, Facts(**{name: FACTS[name] for name in names}))
            about = [{name for name in names if FACTS[name] in asked[side]} for side in SIDES]

            assert all(about)
            assert number == 1 or about[0] != about[1]


def test_each_side_is_asked_about_each_fact_in_four_ways_at_least():
    for name, fact in FACTS.items():
        for side in SIDES:
            assert len({questions_for(story_id, Facts(**{name: fact}))[side] for story_id in range(100)}) >= 4
    for side in SIDES:
        assert len({questions_for(story_id, Facts())[side] for story_id in range(100)}) >= 4


def test_a_story_is_always_asked_the_same():
    facts = Facts(**FACTS)

    assert questions_for(7, facts) == questions_for(7, facts)
    assert questions_for(7, facts) != questions_for(8, facts)


def test_every_question_is_one_and_fits_whatever_is_put_in():
    longest = "\N{POPCORN}" * 30
    every = [*questions._OPEN.values(), *questions._PROPRIETARY.values(), *questions._ANY.values()]

    for template in (template for templates in every for template in templates):
        question = template.replace("{}", longest)
        assert length(longest) == LONGEST_FACT
        assert length(question) <= LONGEST_QUESTION
        assert question.endswith("?")
        assert clean(question) == question


def test_a_fact_that_is_too_long_is_cut_and_one_that_looks_like_a_template_does_nothing():
    assert length(questions_for(1, Facts(lab="x" * 999))[Side.OPEN]) <= LONGEST_QUESTION
    assert "{0.__class__}" in questions_for(1, Facts(lab="{0.__class__}"))[Side.OPEN]
