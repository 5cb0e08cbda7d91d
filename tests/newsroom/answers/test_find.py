from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.answers.find import LONGEST_QUOTE, find, nearest, quotation, rank
from newsroom.text import length
from tests.newsroom.answers.labelled import questions

# Precision: how many of the questions that got an answer got the right one on top. Recall: how many of those that the
# article answers did.
BOUNDS = {"asked": (0.9, 0.85), "asked_later": (0.9, 0.7)}

CARE = (
    "The hospital bought the scanner in 2019.",
    "The scanner cost 1,200,000 euros and came from a maker in Jena.",
    "Patients wait eleven days for an appointment. The waiting list has grown since spring.",
)


def numbers(question: str, paragraphs: tuple[str, ...] = CARE) -> list[int]:
    return [passage.number for passage in find(question, paragraphs)]


@pytest.mark.parametrize("name", BOUNDS)
def test_precision_and_recall_are_as_good_as_promised(name: str):
    asked = questions(name)
    answers = {each: find(each.question, each.article.paragraphs) for each in asked}
    right = sum(bool(found) and found[0].number in each.answer for each, found in answers.items())
    precision = right / sum(bool(found) for found in answers.values())
    recall = right / sum(bool(each.answer) for each in asked)

    print(f"\n{name}: precision {precision:.2f}, recall {recall:.2f} of {len(asked)} questions")
    for each, found in answers.items():
        if [passage.number for passage in found][:1] != [*each.answer][:1]:
            print(f"{each.question} -> {[passage.number for passage in found]}, wanted {each.answer}")
    least_precision, least_recall = BOUNDS[name]
    assert precision >= least_precision and recall >= least_recall


def test_a_third_of_the_questions_has_no_answer_and_hardly_any_gets_one():
    unanswerable = [each for name in BOUNDS for each in questions(name) if not each.answer]
    everything = [each for name in BOUNDS for each in questions(name)]

    assert len(everything) >= 80 and len(unanswerable) >= len(everything) * 0.3
    assert sum(bool(find(each.question, each.article.paragraphs)) for each in unanswerable) <= 1


def test_the_paragraph_that_answers_is_found_by_its_number_to_a_reader():
    assert numbers("What did the scanner cost?")[0] == 2
    assert numbers("How long do patients wait?") == [3]


def test_what_the_article_does_not_say_is_not_found():
    assert numbers("Which colour are the nurses' uniforms?") == []


@pytest.mark.parametrize("question", ["", "   ", "why?", "the and of", "?!", "🤔"])
def test_a_question_that_says_nothing_finds_nothing(question: str):
    assert numbers(question) == []


def test_an_article_without_paragraphs_has_no_passages():
    assert find("What did it cost?", []) == nearest("What did it cost?", []) == []


def test_words_are_found_in_another_form():
    assert numbers("How expensive are scanners?")[:1] == [2]


@pytest.mark.parametrize("question", ["GPT-4o price", "gpt 4o price", "How much is GPT‑4o?"])
def test_a_version_is_one_name_however_it_is_written(question: str):
    paragraphs = ("GPT-4o costs 5 dollars.", "GPT-5 costs 9 dollars.", "The maker says it will cost less in May.")
    assert numbers(question, paragraphs)[0] == 1


def test_a_thousand_is_a_thousand_with_and_without_a_comma():
    assert numbers("1200000 euros") == numbers("1,200,000 euros") == [2]


@pytest.mark.parametrize(
    ("question", "paragraphs"),
    [
        ("训练成本是多少？", ("模型周三发布。", "训练成本约为六百万美元。", "分析师表示怀疑。")),
        ("كم تكلفة التدريب؟", ("أُطلق النموذج يوم الأربعاء.", "بلغت تكلفة التدريب ستة ملايين دولار.", "يشكك المحللون.")),
        (
            "Сколько стоило обучение модели?",
            ("Вышла во вторник.", "Обучение модели стоило 6 млн долларов.", "Все ждут."),
        ),
        ("トレーニング費用はいくら？", ("火曜日に公開。", "トレーニング費用は六億円。", "専門家は懐疑的だ。")),
        ("훈련 비용", ("화요일에 공개되었다.", "훈련 비용은 600만 달러였다.", "전문가는 회의적이다.")),
    ],
)
def test_questions_are_answered_in_scripts_of_all_kinds(question: str, paragraphs: tuple[str, ...]):
    assert numbers(question, paragraphs)[0] == 2


def test_at_most_as_many_as_wanted_come_and_the_best_comes_first():
    paragraphs = [f"The licence of part {number} is MIT." for number in range(9)] + ["The licence licence is Apache."]
    found = find("Apache licence", paragraphs, most=2)

    assert len(found) <= 2 and found[0].number == 10


def test_ranking_names_every_paragraph_that_shares_a_word():
    assert set(rank("Scanner cost appointment", CARE)) == {0, 1, 2}
    assert rank("uniforms", CARE) == []


def test_a_quotation_is_short_and_holds_the_sentence_that_fits():
    filler = "Nothing of interest is said in this sentence at all."
    quote = quotation(" ".join([filler] * 20 + ["The fee is nine euros."] + [filler] * 20), ["nine", "euro"])

    assert "The fee is nine euros." in quote
    assert quote.startswith("… ") and quote.endswith(" …")
    assert length(quote) <= LONGEST_QUOTE


def test_of_a_sentence_without_end_the_part_that_fits_is_quoted():
    quote = quotation("word " * 500 + "the fee is nine euros " + "word " * 500, ["nine", "euro"])

    assert "nine euros" in quote and length(quote) <= LONGEST_QUOTE


def test_a_quotation_leaves_out_what_has_power():
    (passage, *_) = find(
        "scanner price", ["The scanner price: @everyone see [here](https://evil.example/x) <@123> **now**."]
    )

    assert passage.quote == "The scanner price: everyone see here (mention) now."
    assert "@everyone" in passage.text


@given(st.text(max_size=80), st.lists(st.text(max_size=400), max_size=6))
def test_whatever_is_asked_of_whatever_the_quotations_fit_and_the_numbers_exist(question, paragraphs):
    for passage in [*find(question, paragraphs), *nearest(question, paragraphs)]:
        assert passage.text == paragraphs[passage.number - 1]
        assert length(passage.quote) <= LONGEST_QUOTE
    scores = rank(question, paragraphs)
    assert len(set(scores)) == len(scores)
    assert all(a != b for a, b in pairwise(scores))
