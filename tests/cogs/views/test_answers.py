"""What members read of an answer: it fits, its links lead to the article, and nothing in it has any power."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.views import markdown
from cogs.views.answers import AskForm, answer_reply, answer_text, passage_link, shared_answer
from newsroom.answers.answers import Answer, Answered, Related
from newsroom.answers.grounding import Citation, Claim, ground
from newsroom.answers.prompts import Verdict
from newsroom.models import Ask, AskKind, AskState, TextBasis, Thread, ThreadState
from newsroom.text import length
from tests.makers import NOW, article, discussed_card
from tests.newsroom.answers.hostile_articles import ARTICLES, QUESTION, Hostile, obeyed

URL = "https://lab.example/kestrel"
LINKS = re.compile(r"\]\((?P<url>[^)]*)\)")
POWER = re.compile(
    r"(?<!\\)<[@#:/]|(?<!\\)@(?=everyone|here)|(?<!\\)://(?!lab\.example/|discord\.com/channels/)|discord\.gg"
)


def answered(answer: Answer, *, url: str | None = URL, question: str = "Which licence?", **fields: Any) -> Answered:
    ask = Ask(
        id=3, guild_id=1001, member_id=4001, delivery_id=17, kind=AskKind.QUESTION, question=question, channel_id=2001,
        reply_to=None, application_id=None, token=None, state=AskState.ANSWERED, attempts=0, asked_at=NOW,
        taken_until=NOW, answer=None, usage_id=None, checked_id=None,
    )  # fmt: skip
    thread = Thread(9017, 17, 1001, 2001, ThreadState.OPEN, 0, NOW)
    card = discussed_card(article=article(url=url), thread=thread)
    return Answered(replace(ask, **fields), "3.abc", card, answer)


def cited(text: str, *numbers: int, snippet: str = "under the MIT licence on Tuesday") -> Claim:
    return Claim(text, tuple(Citation(number, snippet) for number in numbers))


def test_a_check_without_its_words_leads_to_the_message():
    told = answer_text(answered(Answer(verdict=Verdict.SUPPORTED), question="", kind=AskKind.CHECK, checked_id=77))

    assert told.startswith("**Checked:** https://discord.com/channels/1001/2001/77\n✅")


def test_a_claim_links_each_citation_to_the_passage_and_quotes_it_below():
    answer = Answer(claims=(cited("It is free.", 1, 2),), model="small", basis=TextBasis.PAGE, read=2, of=9)

    told = answer_text(answered(answer)).split("\n")

    link = f"{URL}#:~:text=under%20the%20MIT%20licence%20on"
    assert told == [
        "**Asked:** Which licence?",
        f"It is free. [[1]]({link}) [[2]]({link})",
        "-# [1] “under the MIT licence on Tuesday”",
        "-# [2] “under the MIT licence on Tuesday”",
        "-# By small from the article's page, 2 of 9 paragraphs. It may be wrong.",
    ]


def test_without_a_model_passages_stand_as_quotations_with_their_place():
    answer = Answer(passages=(Citation(3, "An hour costs 12 dollars."),), basis=TextBasis.FEED, read=4, of=4)

    told = answer_text(answered(answer)).split("\n")

    assert told[1] == "> An hour costs 12 dollars."
    assert told[2].startswith("-# [paragraph 3 of 4](https://lab.example/kestrel#:~:text=")
    assert told[3] == "-# Quoted from the article as its feed has it."


def test_no_passage_and_no_claim_are_said_in_a_sentence():
    assert "**No passage of the article matches that.**" in answer_text(answered(Answer(of=4)))
    assert "found no answer to that in the article.**" in answer_text(answered(Answer(model="small", of=4)))


def test_what_a_model_did_not_find_is_not_said_to_be_missing_when_a_passage_has_it():
    nearest = Answer(model="small", passages=(Citation(3, "An hour costs 12 dollars."),), read=4, of=4)

    told = answer_text(answered(nearest)).split("\n")

    assert told[1] == "**The language model found no answer to that in the article.** This comes nearest:"
    assert told[2] == "> An hour costs 12 dollars."


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.SUPPORTED, "says so"),
        (Verdict.CONTRADICTED, "says otherwise"),
        (Verdict.NOT_IN_ARTICLE, "leaves that open"),
    ],
)
def test_a_verdict_stands_first(verdict: Verdict, words: str):
    answer = Answer(claims=(cited("It is free.", 1),), verdict=verdict, model="small", of=4)

    told = answer_text(answered(answer, kind=AskKind.CHECK)).split("\n")

    assert told[0].startswith("**Checked:**")
    assert words in told[1]


def test_why_no_model_answered_is_the_last_line():
    told = answer_text(answered(Answer(note="This server's 60 questions of today are used up.", of=2)))

    assert told.endswith("\n-# No language model this time: This server's 60 questions of today are used up.")


def test_earlier_stories_are_links_to_their_cards():
    told = answer_text(answered(Answer(related=(Related("[Old] news", 2001, 9001),))))

    assert "-# Earlier here: [[Old] news](https://discord.com/channels/1001/2001/9001)" in told


def test_an_answer_is_shared_only_where_there_is_a_thread():
    with_thread = answered(Answer())
    without = replace(with_thread, card=replace(with_thread.card, thread=None))

    assert answer_reply(with_thread).view is not None
    assert answer_reply(without).view is None


def test_what_is_shared_names_who_shared_it_and_an_answer_to_a_mention_nobody():
    by = "-# Shared by <@4001>"

    assert by in shared_answer(answered(Answer()), "17.abc", "5.abc", has_model=True).content
    assert by not in shared_answer(answered(Answer(), reply_to=1), "17.abc", "5.abc", has_model=True).content


def test_a_passage_without_a_link_has_none():
    assert passage_link(Citation(1, "some words here"), None) is None
    assert passage_link(Citation(1, "…"), URL) == URL


@given(st.text(max_size=300), st.lists(st.text(max_size=500), max_size=6), st.text(max_size=300), st.booleans())
def test_every_answer_can_be_shown(question: str, texts: list[str], note: str, by_model: bool):
    claims = tuple(cited(text, number + 1, snippet=text) for number, text in enumerate(texts))
    passages = tuple(Citation(number + 1, text) for number, text in enumerate(texts))
    answer = Answer(
        claims=claims if by_model else (),
        passages=() if by_model else passages[:3],
        related=tuple(Related(text, 2**63, 2**63) for text in texts[:3]),
        model="m" * 90 if by_model else None,
        note=note,
        of=900,
    )
    for url in (URL, "https://lab.example/" + "a" * 470, "https://lab.example/" + "ü" * 300, None):
        shown = shared_answer(answered(answer, url=url, question=question), "1" * 43, "1" * 43, has_model=by_model)
        assert 0 < length(shown.content) <= markdown.CONTENT
        assert all(length(child.custom_id or "") <= markdown.CUSTOM_ID for child in shown.view.children)  # type: ignore[attr-defined]


@given(st.text(max_size=400))
def test_every_form_for_a_question_can_be_shown(headline: str):
    form = AskForm("17.abc", headline, has_model=True).to_dict()

    assert length(form["title"]) <= 45
    assert length(form["custom_id"]) <= markdown.CUSTOM_ID


@pytest.mark.parametrize("hostile", ARTICLES, ids=lambda hostile: hostile.name)
def test_nothing_that_a_model_obeying_the_article_says_has_any_power(hostile: Hostile):
    # Each article is obeyed in other forms of answer; what is kept of all of them is looked at where they are grounded.
    for said in islice(obeyed(hostile), ARTICLES.index(hostile) % 7, None, 7):
        grounded = ground(said, hostile.article, QUESTION, title="A lab releases Kestrel")
        passages = tuple(Citation(each.number, each.quote) for each in grounded.nearest)
        answer = Answer(claims=grounded.claims, passages=passages, model="small", of=3, read=3)

        told = answer_text(answered(answer, question=hostile.attack))

        assert length(told) <= markdown.CONTENT
        assert not POWER.search(told), told
        assert all(link["url"].startswith(URL) for link in LINKS.finditer(told)), told
