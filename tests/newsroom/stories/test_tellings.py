import tomllib
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.stories.tellings import MOST_MENTIONS, MOST_TERMS, TITLE_WEIGHT, Mention, Said, read, stem

ROOT = Path(__file__).parents[3]
LISTS = tomllib.loads((ROOT / "newsroom/stories/grouping.toml").read_text(encoding="utf-8"))
COMMON = tomllib.loads((ROOT / "newsroom/stories/common.toml").read_text(encoding="utf-8"))


def said(title: str) -> Said:
    return read(title, "").facts.title


def versions(title: str) -> set[str]:
    return {str(mention) for mention in said(title).mentions}


def terms(title: str, summary: str = "") -> set[str]:
    return set(read(title, summary).terms)


# Words


def test_words_count_by_their_place_and_only_the_first_sentence_is_read():
    reading = read("Robots fold laundry", "A robot folds. A cat sleeps.")

    assert reading.terms == {"robot": TITLE_WEIGHT + 1, "fold": TITLE_WEIGHT + 1, "laundry": TITLE_WEIGHT}


@pytest.mark.parametrize(
    ("words", "one"),
    [
        ("launch launches launched launching", "launch"),
        ("release releases released releasing", "releas"),
        ("company companies", "company"),
        ("drop drops dropped dropping", "drop"),
        ("chip chips CHIPS", "chip"),
        ("physics", "physic"),
        ("class", "class"),
        ("news", "new"),
        ("this", "this"),
    ],
)
def test_english_endings_are_taken_off(words: str, one: str):
    assert {stem(word) for word in words.split()} == {one}


def test_ways_to_write_one_thing_are_one_term():
    for way in ("open source", "open-source", "open-weight", "open weights", "opensourced", "开源", "quelloffen"):
        assert "opensource" in terms(f"A model, {way}, from Zurich")
    assert terms("Ohio data centre") == terms("Ohio data center") == terms("Ohio datacenters") == {"ohio", "datacenter"}


def test_events_are_one_term_in_whatever_words():
    for title in (
        "OpenAI launches it",
        "OpenAI unveils it",
        "OpenAI rolls out it",
        "OpenAI发布它",
        "It is here, OpenAI",
    ):
        assert "launch" in terms(title)
        assert said(title).events == {"launch"}


def test_scripts_without_spaces_are_read_in_pairs_of_letters():
    assert terms("機械学習") == {"機械", "械学", "学習"}
    assert terms("") == terms("!!! — ???") == set()


# Facts


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("GPT-5.1, GPT 5.1 and GPT5.1", {"gpt 5.1"}),
        ("GPT-4o and o3-mini", {"gpt 4o", "o 3 mini"}),
        ("Claude Opus 6, or Opus 6", {"claude 6 opus"}),
        ("Gemini 3 Flash or Gemini Flash 3", {"gemini 3 flash"}),
        ("gpt-oss and gpt-oss-safeguard", {"gpt oss", "gpt oss safeguard"}),
        ("Qwen3-Coder, Kimi K2 and DeepSeek-V3.2", {"qwen 3 coder", "k 2", "deepseek 3.2"}),
        ("vLLM 0.16.0 and vLLM v0.16", {"vllm 0.16"}),
        ("v0.15.1", {"0.15.1"}),
        ("DeepSeek发布V5模型", {"5"}),
        ("Episode 12: Ten robots", {"episode 12"}),
        ("Nvidia's H30", {"h 30"}),
        ("Qwen 4B, Llama-8B: in 2027 it fell by 3.5 to 2.1%", set()),
        ("Top 10 of 2026", set()),
    ],
)
def test_versions_are_read_whole_with_their_family_and_variant(title: str, found: set[str]):
    assert versions(title) == found


def test_a_version_of_the_sentence_counts_where_the_headline_names_none_of_its_family():
    assert read("Claude Sonnet 6", "It comes after Opus 6.").facts.mentions == {
        Mention("claude", "6", frozenset(["sonnet"]))
    }
    assert read("A new model", "It is called Sonnet 6.").facts.mentions == {
        Mention("claude", "6", frozenset(["sonnet"]))
    }


@pytest.mark.parametrize(
    ("title", "amounts"),
    [
        ("$2 billion", {"2e+09"}),
        ("$2bn, $2B, 2 billion dollars, 2-billion-dollar", {"2e+09"}),
        ("€1.7bn and 1,7 Milliarden Euro", {"1.7e+09"}),
        ("1,900 dollars", {"1.9e+03"}),
        ("3亿美元", {"3e+08"}),
        ("$15 a month", {"15"}),
        ("27 billion parameters, 1.900.300 things", set()),
    ],
)
def test_amounts_of_money_are_read_in_any_notation(title: str, amounts: set[str]):
    assert said(title).amounts == amounts


def test_parties_are_known_by_their_products_and_only_with_a_capital_letter():
    assert said("ChatGPT meets AWS in Washington").parties == {"OpenAI", "Amazon", "United States"}
    assert said("阿里发布Qwen5").parties == {"Alibaba"}
    assert said("How to figure out a meta joke").parties == set()


def test_other_names_are_told_by_their_capital_letter_inside_a_sentence():
    assert said("Film studio Nordlys sues the painter Falk over Google").names == {"nordly", "falk"}
    assert said("Film Studio Nordlys Sues The Painter Falk").names == set()


def test_round_ups_and_papers_are_known_by_their_phrases():
    assert said("AI news this week: a robot").is_roundup
    assert said("一周AI新闻").is_roundup
    assert read("Sparse attention", "We propose sparse attention.").facts.whole.is_paper
    assert not said("A robot folds laundry").is_roundup


# The lists


@pytest.mark.parametrize("kind", ["parties", "events", "apart"])
def test_every_pattern_of_the_lists_is_found(kind: str):
    for name, patterns in LISTS[kind].items():
        for pattern in patterns:
            assert name in getattr(said(f"– {pattern} –"), kind), pattern


def test_every_fold_and_every_round_up_is_found():
    for first, *others in LISTS["folds"]["words"]:
        assert all(first in terms(f"– {other} –") for other in others), first
    assert [words for words in LISTS["roundup"]["words"] if not said(f"– {words} –").is_roundup] == []
    assert [words for words in LISTS["paper"]["words"] if not said(f"– {words} –").is_paper] == []


def test_what_follows_on_others_is_an_event():
    assert set(LISTS["follow_up"]["events"]) <= LISTS["events"].keys()


def test_no_word_is_common_in_two_ways():
    words = list(chain.from_iterable(set(words) for words in COMMON.values()))

    assert {word for word in words if words.count(word) > 1} == set()


# Hostile text


@pytest.mark.parametrize(
    "text",
    [
        "GPT-5 " * 20_000,
        "1.1" * 33_000,
        "$" * 100_000,
        "$1,1" * 25_000,
        "a" * 100_000,
        "开" * 100_000,
        "ﷺ" * 100_000,
        "Google OpenAI " * 10_000,
        "open source " * 10_000,
        "x\u0301\u0301" * 30_000,
        "🇩🇪" * 50_000,
        "- . / " * 20_000,
        " ".join(f"GPT-{number}" for number in range(1_000)),
        " ".join(f"word{number}x" for number in range(1_000)),
    ],
)
def test_long_hostile_text_is_read_in_part(text: str):
    reading = read(text, text)

    assert len(reading.terms) <= MOST_TERMS
    assert len(reading.facts.title.mentions) <= MOST_MENTIONS


@given(st.text(max_size=600), st.text(max_size=600))
def test_any_text_can_be_read_and_reads_the_same_again(title: str, summary: str):
    assert read(title, summary) == read(title, summary)
