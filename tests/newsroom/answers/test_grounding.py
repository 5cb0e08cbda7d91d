import json

import pytest

from newsroom.answers.grounding import (
    LONGEST_ANSWER,
    LONGEST_CLAIM,
    clean_turn,
    ground,
    ground_check,
    ground_summary,
)
from newsroom.answers.prompts import MOST_CLAIMS, Verdict
from newsroom.text import length
from tests.newsroom.answers.labelled import Claimed, article_text, claims

SETS = ("asked", "asked_later")
ARTICLE = article_text(
    "The lab released its model Kestrel under the MIT licence on Tuesday.",
    "Kestrel has 14 billion parameters and reads 128,000 tokens at once.",
    '"We would rather be copied than ignored," founder Ada Brandt told reporters.',
    "Training took 1.2 million hours on rented chips, a third of what rivals need.",
)


def said(text: str, *paragraphs: object, quote: str = "") -> dict:
    return {"answered": True, "claims": [{"text": text, "paragraphs": list(paragraphs), "quote": quote}]}


def shown(text: str, *paragraphs: object, quote: str = "", question: str = "") -> list[str]:
    return [claim.text for claim in ground(said(text, *paragraphs, quote=quote), ARTICLE, question).claims]


def cited(answer: dict | str) -> list[list[int]]:
    return [[citation.number for citation in claim.citations] for claim in ground(answer, ARTICLE, "").claims]


# How well it does


def is_shown(claim: Claimed) -> bool:
    return bool(ground(said(claim.text, *claim.paragraphs), claim.article, "", title=claim.title).claims)


def test_claims_that_the_article_bears_out_are_shown_and_others_are_not():
    true = [claim for name in SETS for claim in claims(name, "true")]
    false = [claim for name in SETS for claim in claims(name, "false")]
    held_back = [claim.text for claim in true if not is_shown(claim)]
    let_through = [claim.text for claim in false if is_shown(claim)]

    print(f"\nheld back {len(held_back)} of {len(true)}: {held_back}")
    print(f"let through {len(let_through)} of {len(false)}: {let_through}")
    assert len(true) >= 30 and len(false) >= 25
    assert len(held_back) <= 1 and len(let_through) <= 1


# Summaries

RELEASED, SIZE = "Kestrel was released under the MIT licence on Tuesday.", "It has 14 billion parameters."


def summed_up(*texts: str) -> str | None:
    return ground_summary({"claims": [{"text": text, "paragraphs": [1, 2, 4]} for text in texts]}, ARTICLE, most=90)


def test_a_summary_is_what_the_article_bears_out_in_whole_claims():
    assert summed_up(RELEASED, SIZE) == f"{RELEASED} {SIZE}"
    assert summed_up(RELEASED, "Rivals are said to be furious about pricing.") == RELEASED
    assert summed_up(RELEASED, SIZE, "Training took 1.2 million hours.") == f"{RELEASED} {SIZE}"


@pytest.mark.parametrize(
    "claim",
    [
        "It has 15 billion parameters.",
        "Ada Brandt calls it “the end of closed models”.",
        "Get the weights at kestrel-weights.example now.",
        "@everyone it has 14 billion parameters.",
    ],
)
def test_of_a_summary_with_one_claim_that_is_made_up_nothing_is_believed(claim: str):
    assert summed_up(RELEASED, SIZE, claim) is None


def test_a_summary_that_is_mostly_not_in_the_article_is_none():
    assert summed_up(RELEASED, "Rivals are furious about pricing.", "Regulators promise swift inquiries.") is None
    assert summed_up() is None


# Places


def test_a_claim_is_shown_with_the_place_it_rests_on():
    (claim,) = ground(said("Kestrel has the MIT licence.", 1), ARTICLE, "").claims

    assert claim.text == "Kestrel has the MIT licence."
    assert [(each.number, each.snippet) for each in claim.citations] == [(1, ARTICLE.paragraphs[0])]


def test_paragraphs_that_do_not_exist_or_do_not_say_so_are_no_source():
    assert cited(said("Kestrel has the MIT licence.", 0, 1, 4, 9, -1)) == [[1]]
    assert cited(said("Kestrel has the MIT licence.", 4)) == []
    assert cited(said("Kestrel has the MIT licence.")) == []


@pytest.mark.parametrize("number", [1, 1.0, "1", "[1]", "¶1"])
def test_a_paragraph_is_named_in_whatever_way(number: object):
    assert cited(said("Kestrel has the MIT licence.", number)) == [[1]]


def test_a_place_named_within_the_text_counts_and_is_not_shown():
    (claim,) = ground(said("Kestrel has the MIT licence [1].", 4), ARTICLE, "").claims

    assert (claim.text, claim.citations[0].number) == ("Kestrel has the MIT licence.", 1)


# Numbers


@pytest.mark.parametrize("text", [
    "Kestrel has 14B parameters.",
    "Kestrel reads 128K tokens at once.",
    "Training took 1,200,000 hours on chips.",
])  # fmt: skip
def test_a_number_of_the_article_may_be_written_otherwise(text: str):
    assert shown(text, 1, 2, 3, 4) == [text]


@pytest.mark.parametrize("text", [
    "Kestrel has 41 billion parameters.",
    "Kestrel has 14 million parameters.",
    "Training took 1.2 million hours and 5 days on chips.",
    "Training took two million hours on rented chips.",
])  # fmt: skip
def test_a_claim_with_an_invented_number_goes(text: str):
    assert shown(text, 1, 2, 3, 4) == []


def test_a_number_of_the_question_may_be_repeated():
    assert shown("The founder didn't say that Kestrel has 70 parameters.", 2, question="Has it 70 parameters?") != []


# Quotations


def test_a_quotation_is_shown_if_the_article_has_it_whatever_its_marks():
    assert shown("Ada Brandt told reporters: “we would rather be copied than ignored”.", 3) != []
    assert shown('Ada Brandt told reporters they "would rather be copied … than ignored".', 3) != []


@pytest.mark.parametrize(
    "quote", ['"nobody reads licences"', "“nobody reads licences", "'nobody reads licences'", "«ignored than copied»"]
)
def test_a_claim_with_an_invented_quotation_goes(quote: str):
    assert shown(f"Ada Brandt told reporters: {quote}", 3) == []


def test_the_quoted_words_are_what_is_cited():
    (claim,) = (
        ground(said("The founder talks of copying.", 1, quote="rather be copied than ignored"), ARTICLE, "").claims
        or ground(
            said("Founder Ada Brandt told reporters so.", 1, quote="rather be copied than ignored"), ARTICLE, ""
        ).claims
    )

    assert [each.number for each in claim.citations] == [3]


def test_a_quote_that_is_invented_is_no_source():
    assert cited(said("Kestrel has the MIT licence.", quote="the MIT licence of Kestrel")) == []


# Names


def test_a_name_that_the_article_does_not_have_is_invented():
    assert shown("The lab released its model Kestrel under the MIT licence with Microsoft.", 1) == []


def test_in_german_a_capital_letter_tells_nothing():
    article = article_text(
        "Die Stadt Kassel ersetzt den Assistenten eines Anbieters durch ein offenes Sprachmodell im Haus."
    )
    answer = said("Kassel ersetzt den Assistenten durch ein offenes Sprachmodell und spart Geld.", 1)

    assert ground(answer, article, "").claims


# What comes in other forms


def test_a_text_with_places_behind_its_sentences_is_read_as_well():
    text = "Kestrel has the MIT licence [1]. It has 14 billion parameters. [2] Everybody loves Kestrel."

    found = ground(text, ARTICLE, "").claims

    assert [claim.text for claim in found] == ["Kestrel has the MIT licence.", "It has 14 billion parameters."]
    assert cited(text) == [[1], [2]]


def test_several_places_behind_one_sentence_are_all_read():
    assert cited("Kestrel is a model with parameters under the MIT licence [1][2].") == [[1, 2]]
    assert cited("Kestrel is a model with parameters under the MIT licence [1, 2].") == [[1, 2]]


def test_a_year_in_brackets_is_no_place():
    article = article_text("Kestrel was released under the MIT licence in 2024.")
    (claim,) = ground(said("Kestrel has the MIT licence (2024) (paragraph 1).", 9), article, "").claims

    assert claim.text == "Kestrel has the MIT licence (2024)."


def test_an_object_in_a_text_is_read_as_an_object():
    answer = f"Here you are:\n```json\n{json.dumps(said('Kestrel has the MIT licence.', 1))}\n```"
    assert cited(answer) == [[1]]


@pytest.mark.parametrize(
    "answer", ["", "{", "{}", "null", "I don't know.", '{"answered": false}', {}, {"claims": None}]
)
def test_where_nothing_is_said_nothing_is_shown(answer: dict | str):
    assert ground(answer, ARTICLE, "").claims == ()


def test_an_answer_that_says_it_is_none_has_no_claims():
    assert cited({**said("Kestrel has the MIT licence.", 1), "answered": False}) == []


# What is shown instead, and how much


def test_without_a_claim_the_nearest_passages_are_shown():
    grounded = ground({}, ARTICLE, "How many parameters has the model Kestrel?")

    assert grounded.claims == () and grounded.nearest[0].number == 2


def test_an_answer_is_bounded_and_says_nothing_twice():
    claim = said("Kestrel has the MIT licence.", 1)["claims"]
    assert len(ground({"claims": claim * 9}, ARTICLE, "").claims) == 1

    long = [said(f"{'Kestrel ' + 'model ' * count}has the MIT licence.", 1)["claims"][0] for count in range(12)]
    found = ground({"claims": long}, ARTICLE, "").claims
    assert 1 < len(found) <= MOST_CLAIMS
    assert sum(length(each.text) for each in found) <= LONGEST_ANSWER
    assert all(length(each.text) <= LONGEST_CLAIM for each in found)


def test_emphasis_and_lists_are_taken_off():
    assert shown("- **Kestrel** has the `MIT` <b>licence</b>.", 1) == ["Kestrel has the MIT licence."]


def test_a_host_that_the_article_names_may_be_named():
    article = article_text("The weights of Kestrel are on models.lab.example for everybody.")

    assert ground(said("The weights of Kestrel are on models.lab.example.", 1), article, "").claims
    assert not ground(said("The weights of Kestrel are on models.evil.example.", 1), article, "").claims


# Verdicts


def checked(verdict: str, statement: str, text: str = "Kestrel has the MIT licence.", number: int = 1) -> Verdict:
    return ground_check({"verdict": verdict, **said(text, number)}, ARTICLE, statement).verdict


def test_a_verdict_stands_on_a_claim_that_the_article_bears_out():
    assert checked("supported", "Kestrel is MIT licensed.") is Verdict.SUPPORTED
    assert checked("contradicted", "Kestrel is proprietary.") is Verdict.CONTRADICTED
    assert checked("supported", "Kestrel is MIT licensed.", number=4) is Verdict.NOT_IN_ARTICLE
    assert checked("true!", "Kestrel is MIT licensed.") is Verdict.NOT_IN_ARTICLE


def test_nothing_is_supported_whose_numbers_the_article_does_not_have():
    assert checked("supported", "Kestrel with the MIT licence has 99 parameters.") is Verdict.NOT_IN_ARTICLE


def test_a_verdict_that_stands_on_nothing_shows_what_comes_nearest():
    found = ground_check("not json", ARTICLE, "Kestrel has a licence.")

    assert found.verdict is Verdict.NOT_IN_ARTICLE and found.nearest


# Turns


def turn(text: str) -> str | None:
    return clean_turn(text, [*ARTICLE.paragraphs, "A take that names 77 forks."])


def test_a_turn_is_shown_as_it_is_if_nothing_is_wrong_with_it():
    assert turn("Open weights let 77 forks bloom. Who else offers 14 billion parameters?") == (
        "Open weights let 77 forks bloom. Who else offers 14 billion parameters?"
    )


def test_a_sentence_with_an_invented_number_or_quotation_or_a_link_is_left_out():
    assert turn("Weights matter. They save 99 dollars.") == "Weights matter."
    assert turn('Weights matter. Ada said "close it all".') == "Weights matter."
    assert turn("Weights matter. See https://evil.example now.") == "Weights matter."


@pytest.mark.parametrize(
    "text", ["", "  ", "…", "@everyone", "They save 99 dollars.", "You idiots. Weights matter.", "死ね、开源"]
)
def test_of_an_empty_or_abusive_turn_nothing_is_shown(text: str):
    assert turn(text) is None


def test_a_turn_shows_no_numbers_of_paragraphs():
    assert turn("[2] The weights are there for all. [10] Anybody may look.") == (
        "The weights are there for all. Anybody may look."
    )


def test_a_turn_ends_with_a_sentence_within_its_length():
    said = (
        "Weights that all can read are weights that all can trust. Whoever doubts a result runs it again at home and"
        " shows what came out. A hospital keeps its records in its own cellar and asks the model there. A teacher in a"
        " village without a fast line has it on a laptop. When the firm behind it loses interest, its users go on"
        " without asking. Faults are found by strangers, mended by strangers, and the mending is there for everybody."
        " None of this needs a contract or a card on file. Rivals learn from each other in the open, which is how"
        " science has always gone forward. And if a bad idea gets in, it can at least be seen. That is the whole case."
    )
    found = turn(said)

    assert length(said) > 600
    assert found is not None and length(found) <= 600 and found.endswith("forward.")
