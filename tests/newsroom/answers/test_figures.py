import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.answers.figures import figures, invented, known_numbers


@pytest.mark.parametrize(
    ("claim", "article"),
    [
        ("1000 people", "1,000 people"),
        ("1,000 people", "1000 people"),
        ("1.000 Leute", "1000 Leute"),
        ("1 234 567 euros", "1,234,567 euros"),
        ("1,234.50", "1.234,5"),
        ("1.5 billion", "1.5B parameters"),
        ("1.5bn", "1,500,000,000"),
        ("1.5B", "1,5 Milliarden"),
        ("50%", "50 per cent"),
        ("50 percent", "50 Prozent"),
        ("a score of 50", "a score of 50%"),
        ("128K tokens", "128,000 tokens"),
        ("5 May 2026", "2026-05-05"),
        ("2026-05-05", "May 5, 2026"),
        ("January 20", "20 January"),
        ("three models", "3 models"),
        ("3 models", "three models"),
        ("twenty-five thousand", "25,000"),
        ("2 million", "two million"),
        ("GPT-5", "GPT 5"),
        ("GPT 5", "GPT-5"),
        ("Qwen3", "Qwen 3"),
        ("the o3 model", "o3 costs more"),
        ("10x", "10 times"),
        ("80 GB", "80GB"),
        ("the 3rd", "3"),
        ("5 metres", "5m"),
        ("14万", "140,000"),
        ("一万人", "10000人"),
        ("٣٤", "34"),
        ("½ of it", "1/2 of it"),
        ("007", "7"),
        ("version 0.15.1", "v0.15.1"),
        ("half of them", "50% of users"),
        ("it doubled", "twice as many"),
        ("it tripled", "3x"),
        ("the third model", "three models"),
        ("三个模型", "3 models"),
    ],
)
def test_a_number_is_known_however_it_is_written(claim: str, article: str):
    assert invented(claim, known_numbers([article])) == []


@pytest.mark.parametrize(
    ("claim", "article"),
    [
        ("1,000 people", "100 people"),
        ("1.5 billion", "1.5 million"),
        ("15 percent", "15 people"),
        ("7B parameters", "7 researchers"),
        ("5 million", "5 researchers"),
        ("GPT-4", "GPT-4o"),
        ("half of them", "all of them"),
        ("it tripled", "it doubled"),
        ("a quarter of users", "users"),
        ("the fifth model", "the model"),
        ("zero users", "users"),
        ("dozens of users", "12 users"),
        ("五个用户", "用户"),
        ("GPT-4o", "GPT-4"),
        ("1 person", "R1 is out"),
        ("five models", "3 models"),
        ("millions of users", "users"),
        ("6 May", "5 May"),
        ("2026-06-05", "5 May 2026"),
        ("三千人", "人"),
        ("97.5", "71.5"),
        ("⑦ days", "days"),
        ("٣٤", "43"),
        ("two", "one"),
    ],
)
def test_a_number_that_nobody_named_is_invented(claim: str, article: str):
    assert invented(claim, known_numbers([article])) != []


def test_one_is_no_number_by_itself():
    assert invented("One of them left.", frozenset()) == []


@given(st.text())
def test_a_text_invents_nothing_that_it_says_itself(text):
    assert invented(text, known_numbers([text])) == []


@given(st.text(alphabet="0123456789 .,'kmb%-GPT万三千"))
def test_numbers_of_every_form_can_be_read(text):
    for figure in figures(text):
        assert figure.text
