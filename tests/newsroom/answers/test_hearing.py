import json

import pytest

from newsroom.answers.hearing import LONGEST_PIECE, MOST_BYTES, Garbled, Heard, Refused
from newsroom.answers.talk import Tokens
from tests.endpoint import chunk, event


def heard(*chunks: bytes, most_tokens: int = 1000) -> Heard:
    """What is understood of chunks that come a second apart."""
    result = Heard(most_tokens, asked=100)
    for second, each in enumerate(chunks):
        result.feed(each, second)
    result.end(len(chunks))
    return result


@pytest.mark.parametrize("size", [1, 3, 10_000])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_chunks_may_be_cut_anywhere(size: int, line_end: bytes):
    stream = b": hello\n\nevent: x\n\n" + event(chunk({"content": "Größe 🍿"})) + b"data:[DONE]\n\n"
    stream = stream.replace(b"\n", line_end)
    result = heard(*(stream[at : at + size] for at in range(0, len(stream), size)))
    assert (result.text, result.is_finished) == ("Größe 🍿", True)


def test_the_time_counts_from_the_first_word_or_thought():
    result = heard(
        event(chunk({"role": "assistant"})),
        event(chunk({"reasoning_content": "hm"})),
        event(chunk({"content": "Yes"})),
        event(chunk({}, finish="stop")),
    )
    assert (result.first_at, result.last_at) == (1, 2)


def test_thoughts_count_as_tokens_where_nobody_counts():
    result = heard(event(chunk({"reasoning_content": "x" * 35})), event(chunk({"content": "x" * 7})))
    assert result.tokens_back == 12


def test_no_more_is_believed_than_can_have_been_counted():
    usage = {"prompt_tokens": 999_999_999, "completion_tokens": 999_999_999}

    assert heard(event({"choices": [], "usage": usage}), most_tokens=10).usage == Tokens(1100, 80)


@pytest.mark.parametrize("usage", [None, [], {}, {"prompt_tokens": -1, "completion_tokens": 1}, {"prompt_tokens": "1"}])
def test_a_count_that_is_none_is_passed_over(usage: object):
    assert heard(event({"choices": [], "usage": usage})).usage is None


def test_the_last_count_is_the_one():
    first = {"prompt_tokens": 10, "completion_tokens": 1}
    result = heard(
        event(chunk({"content": "Yes"}) | {"usage": first}), event({"usage": first | {"completion_tokens": 2}})
    )
    assert result.usage == Tokens(10, 2)


def test_too_long_a_line_too_many_bytes_and_a_page_are_no_answer():
    with pytest.raises(Garbled):
        heard(b"data: " + b"x" * LONGEST_PIECE)
    with pytest.raises(Garbled):
        heard(*[b": nothing yet\n" * 10_000] * (MOST_BYTES // 140_000 + 1))
    with pytest.raises(Garbled):
        heard(b" \n", b"<!doctype html>")


def test_what_comes_after_the_end_is_not_heard():
    result = heard(event(chunk({"content": "Yes."})), b"data: [DONE]\n\n" + event(chunk({"content": " No."})))
    assert result.text == "Yes."


@pytest.mark.parametrize(
    ("body", "words", "status"),
    [
        ({"error": {"message": "too many", "param": "n", "code": None}}, "too many", 400),
        ({"error": {"message": "too many", "code": 429}}, "too many", 429),
        ({"error": "no such model"}, "no such model", 400),
        ({"message": "too many"}, "too many", 400),
        ({"detail": "Not Found"}, "Not Found", 400),
        (
            {"detail": [{"loc": ["body", "stream_options"], "msg": "extra", "input": "the question"}]},
            "['body', 'stream_options'] extra",
            400,
        ),
        ([], "[]", 400),
        ("no", '"no"', 400),
    ],
)
def test_an_explanation_is_found_in_whatever_form(body: object, words: str, status: int):
    refusal = Refused(400, json.dumps(body).encode())
    assert (refusal.words, refusal.status) == (words, status)


def test_an_explanation_that_is_no_json_is_taken_as_it_is_and_not_whole():
    assert Refused(500, b"\xff oops").words == "\ufffd oops"
    assert len(Refused(500, b"x" * 50_000).words) == 2000
