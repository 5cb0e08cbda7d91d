import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.desk.refusals import Verdict, in_words, may_have_arrived, verdict


@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        (403, 50001, Verdict.SUSPEND),
        (403, 50013, Verdict.SUSPEND),
        (404, 10003, Verdict.SUSPEND),
        (404, 10004, Verdict.SUSPEND),
        (400, 40067, Verdict.SUSPEND),
        (400, 50083, Verdict.SUSPEND),
        (400, 160005, Verdict.SUSPEND),
        (403, 0, Verdict.SUSPEND),
        (403, 999_999, Verdict.SUSPEND),
        (404, 0, Verdict.SUSPEND),
        (404, 10008, Verdict.FORGET),
        (400, 40033, Verdict.DONE),
        (400, 50035, Verdict.PLAINER),
        (400, 50006, Verdict.PLAINER),
        (400, 0, Verdict.PLAINER),
        (413, 40005, Verdict.PLAINER),
        (403, 200000, Verdict.PLAINER),
        (403, 240000, Verdict.PLAINER),
        (429, 0, Verdict.LATER),
        (429, 20016, Verdict.LATER),
        (429, 20028, Verdict.LATER),
        (400, 160006, Verdict.LATER),
        (403, 40004, Verdict.LATER),
        (500, 0, Verdict.LATER),
        (503, 130000, Verdict.LATER),
        (401, 0, Verdict.STOP),
        (401, 50014, Verdict.STOP),
        (403, 40002, Verdict.STOP),
        (403, 40333, Verdict.PAUSE_ALL),
    ],
)
def test_a_refusal_means(status: int, code: int, meaning: Verdict):
    assert verdict(status, code) is meaning


@pytest.mark.parametrize("status", [400, 403, 404, 429])
def test_a_body_of_html_pauses_everything(status: int):
    assert verdict(status, 0, html=True) is Verdict.PAUSE_ALL


def test_a_page_that_tells_of_discords_own_trouble_is_no_block():
    assert verdict(502, 0, html=True) is Verdict.LATER


def test_a_429_that_did_not_come_through_discords_proxies_pauses_everything():
    assert verdict(429, 0, via=False) is Verdict.PAUSE_ALL
    assert verdict(403, 50013, via=False) is Verdict.SUSPEND


def test_only_a_failure_of_discords_own_leaves_it_open_whether_the_message_stands():
    assert [status for status in (400, 401, 403, 404, 429, 500, 502, 503, 504) if may_have_arrived(status)] == [
        500,
        502,
        503,
        504,
    ]


def test_an_admin_reads_what_to_do():
    assert in_words(403, 50013) == "I may not write in this channel any more: give me Send Messages and Embed Links."
    assert "tag" in in_words(400, 40067)
    assert "unlock" in in_words(400, 160005)


@given(st.integers(300, 599), st.integers(0, 600_000), st.booleans(), st.booleans())
def test_every_refusal_has_a_meaning_and_one_sentence(status: int, code: int, html: bool, via: bool):
    assert verdict(status, code, html=html, via=via) in Verdict
    sentence = in_words(status, code, html=html, via=via)
    assert sentence.endswith(".") and "\n" not in sentence
