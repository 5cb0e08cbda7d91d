import re
import tomllib
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.models import Camp, Side, Term
from newsroom.stories.camps import is_sombre, read_camp, terms_from_json, terms_to_json

ROOT = Path(__file__).parents[3]
LEXICON = tomllib.loads((ROOT / "newsroom/stories/lexicon.toml").read_text(encoding="utf-8"))
FLOOR = 0.85

SIDED = [
    (side, int(weight), pattern, in_company)
    for side in (Side.OPEN, Side.PROPRIETARY)
    for suffix, in_company in (("", False), ("-in-company", True))
    for weight, patterns in LEXICON[side + suffix].items()
    for pattern in patterns
]


def ways(pattern: str) -> list[str]:
    """What an operator may expect a pattern to find: each word of "a/b", and any number for "#"."""
    parts = [part.split("/") for part in re.split("([ -])", pattern)]
    return ["".join(words).replace("#", "7") for words in product(*parts)]


def found(text: str) -> list[str]:
    return [term.text for term in read_camp(text, "").terms]


def camp(title: str, summary: str = "") -> Camp:
    return read_camp(title, summary).camp


# How well it does


@dataclass(frozen=True)
class Labelled:
    camp: Camp
    title: str
    sentence: str


def headlines() -> list[Labelled]:
    lines = (Path(__file__).parent / "headlines.tsv").read_text(encoding="utf-8").splitlines()
    rows = [[*line.split("\t"), ""] for line in lines if not line.startswith("#")]
    return [Labelled(Camp(row[0]), row[1], row[2]) for row in rows]


@dataclass(frozen=True)
class Score:
    right: int
    read: int
    labelled: int

    @property
    def precision(self) -> float:
        return self.right / self.read

    @property
    def recall(self) -> float:
        return self.right / self.labelled

    def row(self, name: str) -> str:
        return (
            f"| {name} | {self.right} of {self.read} | {self.precision:.2f} "
            f"| {self.right} of {self.labelled} | {self.recall:.2f} |"
        )


def measure() -> dict[Camp, Score]:
    pairs = [(headline.camp, camp(headline.title, headline.sentence)) for headline in headlines()]
    return {
        each: Score(
            right=sum(label is each and read is each for label, read in pairs),
            read=sum(read is each for _, read in pairs),
            labelled=sum(label is each for label, _ in pairs),
        )
        for each in Camp
    }


def test_precision_and_recall_are_as_good_as_promised_for_every_camp():
    scores = measure()

    print()
    for each, score in scores.items():
        print(score.row(each))
    for headline in headlines():
        if (read := camp(headline.title, headline.sentence)) is not headline.camp:
            print(f"{headline.camp} read as {read}: {headline.title} {headline.sentence}")
    assert {each: score for each, score in scores.items() if min(score.precision, score.recall) < FLOOR} == {}


def test_the_documented_precision_and_recall_are_the_measured_ones():
    docs = (ROOT / "docs/sides.md").read_text(encoding="utf-8")
    scores = measure()
    right, of = sum(score.right for score in scores.values()), len(headlines())

    table = [line for line in docs.splitlines() if line.startswith(tuple(f"| {each} |" for each in Camp))]
    assert table == [score.row(each) for each, score in scores.items()]
    assert f"{right} of {of} right" in docs
    figures = " | ".join(f"{score.precision:.2f} / {score.recall:.2f}" for score in scores.values())
    assert f"| final | {figures} | {right} of {of} |" in docs
    for each, score in scores.items():
        assert f"{score.labelled} {each}" in docs


def test_the_set_is_large_enough_and_a_third_of_it_is_about_neither_side():
    labels = [headline.camp for headline in headlines()]

    assert len(labels) >= 180
    assert len({headline.title for headline in headlines()}) == len(labels)
    assert labels.count(Camp.NEITHER) >= len(labels) / 3


# The rule


def test_a_release_under_an_open_licence_is_about_the_open_side():
    reading = read_camp("DeepSeek releases R1 under MIT licence", "The weights are on Hugging Face. OpenAI is silent.")

    assert reading.camp is Camp.OPEN
    assert [(term.text, term.weight) for term in reading.terms] == [
        ("MIT licence", 3),
        ("DeepSeek", 2),
        ("Hugging Face", 2),
        ("weights", 1),
    ]


def test_an_open_release_that_rivals_a_closed_model_is_about_both_sides():
    reading = read_camp("DeepSeek open-sources R1, rivals OpenAI's o1", "")

    assert reading.camp is Camp.BOTH
    assert reading.terms == (
        Term("open-sources", Side.OPEN, 3),
        Term("DeepSeek", Side.OPEN, 2),
        Term("OpenAI", Side.PROPRIETARY, 2),
        Term("o1", Side.PROPRIETARY, 2),
    )


def test_the_smaller_side_counts_from_28_per_cent_of_the_larger():
    # 2 of 7 is 28.6 per cent, 2 of 8 a quarter.
    assert camp("Open-source DeepSeek, Qwen and ChatGPT") is Camp.BOTH
    assert camp("Open-source DeepSeek, GGUF and ChatGPT") is Camp.OPEN


def test_a_hint_alone_makes_no_side():
    assert found("AI weights") == ["weights"]
    assert camp("AI weights") is Camp.NEITHER


def test_each_pattern_counts_once_however_often_and_in_whatever_form_it_stands_there():
    reading = read_camp("DeepSeek, DEEPSEEK, deepseek: open source, open-sourced", "DeepSeek is open source.")

    assert [(term.text, term.weight) for term in reading.terms] == [("open source", 3), ("DeepSeek", 2)]


def test_only_the_first_sentence_of_the_summary_is_read():
    assert camp("A busy day", "Nothing new. OpenAI launches ChatGPT.") is Camp.NEITHER
    assert camp("A busy day", "OpenAI launches ChatGPT. Nothing new.") is Camp.PROPRIETARY


def test_a_reading_is_strong_when_the_headline_alone_says_it():
    assert read_camp("OpenAI updates ChatGPT", "").strong
    assert not read_camp("OpenAI updates its app", "ChatGPT and GPT-5 are in it.").strong
    assert not read_camp("A quiet release", "It is open source.").strong


# The notation


@pytest.mark.parametrize(("side", "weight", "pattern", "in_company"), SIDED)
def test_every_pattern_of_the_lexicon_is_found_in_each_of_its_ways(side, weight, pattern, in_company):
    for way in ways(pattern):
        terms = read_camp(f"“{way}”, says chatbot" if in_company else f"“{way}”", "").terms

        assert Term(way, side, weight) in terms


@pytest.mark.parametrize("pattern", [pattern for _, _, pattern, in_company in SIDED if in_company])
def test_an_ordinary_word_without_company_counts_for_nothing(pattern):
    for way in ways(pattern):
        assert found(f"“{way}” in the town hall") == []


@pytest.mark.parametrize("pattern", LEXICON["company"]["words"])
def test_every_word_of_the_company_vouches_for_a_name(pattern):
    for way in ways(pattern):
        assert "Claude" in found(f"Claude: {way}")


@pytest.mark.parametrize("pattern", LEXICON["ordinary"]["words"])
def test_every_ordinary_phrase_hides_the_name_in_it_even_in_company(pattern):
    for way in ways(pattern):
        assert found(f"AI, GPUs and chatbots: {way}") == []


@pytest.mark.parametrize("pattern", LEXICON["sombre"]["words"])
def test_every_sombre_pattern_is_found(pattern):
    assert all(is_sombre(f"Today: {way}.") for way in ways(pattern))


def test_no_pattern_is_written_twice_for_one_side():
    written = [(side, way.lower()) for side, _, pattern, _ in SIDED for way in ways(pattern)]

    assert sorted(written) == sorted(set(written))


@pytest.mark.parametrize(
    "title",
    [
        "Fossil fuels and fossil watches, sorted by AI",
        "Museum opens an AI wing and closes its café",
        "Open letter on AI closed for signatures",
        "Is it open, or is it closed? AI answers",
        "Reopen sources of income, says AI report",
        "Fully opened: an AI centre",
        "It's open. Source: an AI firm",
        "Openness weighs on AI",
        "The llama and the mistral, painted by AI",
        "APIs",
        "A summit hosted by an AI firm",
        "Open-source intelligence on AI",
        "Falcon 9 lifts AI satellites",
    ],
)
def test_only_whole_words_in_their_own_meaning_count(title):
    assert camp(title) is Camp.NEITHER


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("GPT-4o, Qwen2.5 and o3-mini", ["GPT-4o", "Qwen2.5", "o3-mini"]),
        ("GPT5 and Llama 4.1", ["GPT5", "Llama 4.1"]),
        ("DeepSeek发布开源模型", ["开源", "DeepSeek"]),
        ("OPENAI'S CHATGPT", ["OPENAI", "CHATGPT"]),
        ("self–hosted, open‑source", ["self–hosted", "open‑source"]),
        ("Open vs. closed AI", ["Open vs. closed", "Open vs. closed"]),
    ],
)
def test_words_are_shown_as_they_stand_in_the_text(title, words):
    assert found(title) == words


def test_two_shy_names_vouch_for_each_other_and_one_does_not_for_itself():
    assert camp("Gemini or Claude?") is Camp.PROPRIETARY
    assert camp("Gemini, Gemini and Gemini") is Camp.NEITHER
    assert camp("Gemini: checkpoint closed, subscription open") is Camp.NEITHER


# Hostile text


@pytest.mark.parametrize(
    "text",
    [
        "open " * 20_000,
        "open-" * 20_000,
        "open source " * 10_000,
        "a" * 100_000,
        "1.1" * 33_000,
        "GPT5" * 25_000,
        "开" * 100_000,
        "a. " * 33_000,
        "🇩🇪" * 50_000,
        " " * 100_000,
        "'" * 100_000,
    ],
)
def test_long_hostile_text_is_read_in_part_and_comes_to_an_end(text):
    reading = read_camp(text, text)
    is_sombre(text)

    assert sum(len(term.text) for term in reading.terms) < 2_000


def test_nothing_behind_the_first_500_characters_is_read():
    assert camp("x " * 300 + "OpenAI's ChatGPT") is Camp.NEITHER


@given(st.lists(st.sampled_from([*" .-/#'“开源", "open", "source", "GPT", "4", "o", "3.5", "Claude", "AI", "é", "İ"])))
def test_any_text_can_be_read_and_its_terms_are_part_of_it(parts):
    text = "".join(parts)
    reading = read_camp(text, "")

    assert all(term.text in text for term in reading.terms)
    assert [term.weight for term in reading.terms] == sorted((term.weight for term in reading.terms), reverse=True)


# Storing


def test_terms_come_back_from_storage_as_they_were():
    terms = read_camp("DeepSeek “开源” R1, rivals OpenAI's o1", "").terms

    assert len(terms) == 4
    assert terms_from_json(terms_to_json(terms)) == terms


def test_a_story_without_stored_terms_has_none():
    assert terms_from_json(None) == terms_from_json("") == terms_from_json(terms_to_json([])) == ()


# Sombre headlines


@pytest.mark.parametrize(
    "title",
    [
        "Chipmaker lays off 900",
        "Layoffs at two labs",
        "Studio to cut 300 jobs as AI takes over",
        "Founder of a speech lab dies at 61",
        "Family blames chatbot for teenager's death",
        "Authors sue OpenAI",
        "LAWSUIT OVER TRAINING DATA GROWS",
        "Former executive jailed for fraud",
        "Drone strike: AI in the war in Sudan",
        "Entlassungen bei einem KI-Labor",
    ],
)
def test_no_joke_belongs_on_a_card_about_deaths_layoffs_or_courts(title):
    assert is_sombre(title)


@pytest.mark.parametrize(
    "title",
    [
        "DeepSeek open-sources R1, rivals OpenAI's o1",
        "New studio creates 300 jobs",
        "Price war between model makers heats up",
        "A diet of small models",
        "Issue tracker learns to write code",
        "Startup raises $40m from a sovereign fund",
        "Star Wars fans train a droid",
        "Suede, and other fabrics that a robot can fold",
    ],
)
def test_cheerful_headlines_are_not_sombre(title):
    assert not is_sombre(title)
