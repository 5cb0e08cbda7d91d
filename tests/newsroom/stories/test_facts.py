from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.stories.facts import LONGEST_FACT, Facts, facts_of


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("The lab releases R1 under the MIT licence.", "MIT"),
        ("It is MIT-licensed.", "MIT"),
        ("released under Apache 2.0", "Apache 2.0"),
        ("under the Apache License, Version 2.0", "Apache License, Version 2.0"),
        ("the weights come as CC BY-NC 4.0, the code as GPLv3", "CC BY-NC 4.0"),
        ("under the Llama 4 Community License", "Llama 4 Community"),
        ("以MIT许可证公开了全部权重", "MIT"),
        ("Researchers at MIT have found a licence to kill.", None),
        ("An Apache helicopter, a BSD summit, CC to all.", None),
    ],
)
def test_a_licence_is_one_by_its_full_name_or_by_the_word(text: str, licence: str | None):
    assert facts_of("", [text]).licence == licence


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("It costs $20 a month.", "$20 a month"),
        ("It costs $2.19 per million output tokens, not $60.", "$2.19 per million output tokens"),
        ("at $0.15/M input tokens", "$0.15/M input tokens"),
        ("für 14,99 Euro oder €14,99 pro Monat", "€14,99 pro Monat"),
        ("from 30 dollars per user", "30 dollars per user"),
        ("The company raised $40 billion and is worth $300bn.", None),
        ("It cost $5 million to train.", None),
    ],
)
def test_a_price_has_a_currency_and_a_unit(text: str, price: str | None):
    assert facts_of("", [text]).price == price


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("It has 671 billion parameters, of which 37 billion are active.", "671 billion parameters"),
        ("a 70B model", "70B"),
        ("the 1.5B-parameter version", "1.5B"),
        ("with 17B active parameters", "17B active parameters"),
        ("共有6710亿个参数", "6710亿个参数"),
        ("It raised $70B, and made 12B in revenue.", None),
        ("Qwen3-235B-A22B", None),
    ],
)
def test_a_size_is_of_parameters(text: str, size: str | None):
    assert facts_of("", [text]).size == size


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("It has a 128K context window.", "128K"),
        ("a 1 million token context window", "1 million token"),
        ("with a context window of 128,000 tokens", "128,000 tokens"),
        ("Context: 128,000 tokens", "128,000 tokens"),
        ("In this context, 4 people left.", None),
        ("It was trained on 15 trillion tokens.", None),
    ],
)
def test_a_context_is_a_length(text: str, context: str | None):
    assert facts_of("", [text]).context == context


@pytest.mark.parametrize(
    ("title", "lab", "product"),
    [
        ("DeepSeek releases DeepSeek-R1", "DeepSeek", "DeepSeek-R1"),
        ("OpenAI launches GPT-4o mini", "OpenAI", "GPT-4o mini"),
        ("Anthropic's Claude Opus 4 codes for hours", "Anthropic", "Claude Opus 4"),
        ("Alibaba's Qwen3-235B-A22B is out", "Alibaba", "Qwen3"),
        ("深度求索公司周一发布了推理模型", "深度求索", None),
        ("China and the United States talk", None, None),
        ("A gemini horoscope for day 5, episode 7", None, None),
        ("Metadata, apples and oracles", None, None),
    ],
)
def test_labs_and_products_are_those_of_the_lists(title: str, lab: str | None, product: str | None):
    facts = facts_of(title, [])

    assert (facts.lab, facts.product) == (lab, product)


def test_the_first_of_a_kind_counts_and_the_headline_comes_first():
    facts = facts_of("Mistral opens Mistral Large 2", ["OpenAI's GPT-5 costs $20 a month.", "Or $200 a month."])

    assert facts == Facts(lab="Mistral", product="Mistral Large 2", price="$20 a month")
    assert facts.known == ("price", "lab", "product")


HOSTILE = st.lists(
    st.sampled_from(
        [
            "MIT",
            " license",
            "Apache",
            " 2.0",
            "$",
            "1",
            "000",
            ",",
            ".",
            " a month",
            "/M",
            "B",
            " parameters",
            "128K ",
            "context",
            " of ",
            "OpenAI",
            "GPT",
            "-",
            "*",
            "_",
            "`",
            "@everyone",
            "[",
            "](",
            "http://",
            " ",
            "中",
            "\u202e",
        ]
    )
).map("".join)


@given(HOSTILE, st.lists(HOSTILE, max_size=3))
def test_every_fact_stands_in_the_text_and_holds_nothing_that_discord_would_format(title: str, paragraphs: list[str]):
    facts = facts_of(title, paragraphs)

    for name in facts.known:
        fact = getattr(facts, name)
        assert any(fact in text for text in (title, *paragraphs))
        assert 0 < len(fact) <= LONGEST_FACT
        assert not re.search(r"[*_`~|<>@#\[\]\n\u202e]|://", fact)


@pytest.mark.parametrize(
    "piece", ["$1", "1,", "1 ", "MIT ", "Apache ", "GPT-", "context of ", "Llama 4 ", "$1 a ", "A"]
)
def test_text_made_to_be_slow_is_read_like_any_other(piece: str):
    facts_of(piece * 100_000, [piece * 100_000])
