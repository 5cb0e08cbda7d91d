from typing import Any

import pytest

from newsroom.answers.shapes import as_sent, first_object, fitted, misfit

SHAPE: dict[str, Any] = {
    "type": "object",
    "required": ["claims", "sure"],
    "properties": {
        "sure": {"type": "boolean"},
        "count": {"type": "integer", "minimum": 0, "maximum": 9},
        "share": {"type": "number"},
        "claims": {
            "type": "array",
            "maxItems": 2,
            "items": {
                "type": "object",
                "required": ["text", "side"],
                "properties": {
                    "text": {"type": "string", "minLength": 1, "maxLength": 5},
                    "side": {"type": "string", "enum": ["open", "proprietary"]},
                },
            },
        },
    },
}
CLAIM = {"text": "Free", "side": "open"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": {"b": [1]}}\n```', {"a": {"b": [1]}}),
        ('{no} {"a": 1} {"b": 2}', {"a": 1}),
        ('{"a": "}"}', {"a": "}"}),
        ('[1, {"a": 1}]', {"a": 1}),
        ("{", None),
        ("", None),
        ("nothing", None),
        ('{"a": NaN}', None),
        ('{"a": ' * 100_000, None),
        ('{"a": ' + "9" * 5000 + "}", None),
        ("{" * 100_000 + '{"a": 1}', None),
    ],
)
def test_the_first_object_is_cut_out(text: str, found: object):
    assert first_object(text) == found


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ({"claims": [], "sure": True}, None),
        ({"claims": [CLAIM], "sure": False, "count": 9, "share": 1, "more": None}, None),
        ([], "the object must be of type object"),
        ({"claims": []}, "the object must have sure"),
        ({"claims": [], "sure": 1}, "sure must be of type boolean"),
        ({"claims": [], "sure": True, "count": True}, "count must be of type integer"),
        ({"claims": [], "sure": True, "count": 1.0}, "count must be of type integer"),
        ({"claims": [], "sure": True, "count": 10}, "count must be at most 9"),
        ({"claims": [], "sure": True, "count": -1}, "count must be at least 0"),
        ({"claims": [CLAIM] * 3, "sure": True}, "claims must have at most 2 items"),
        ({"claims": [CLAIM, {}], "sure": True}, "claims[1] must have text"),
        ({"claims": [CLAIM | {"text": ""}], "sure": True}, "text must have at least 1 characters"),
        ({"claims": [CLAIM | {"text": "Freedom"}], "sure": True}, "text must have at most 5 characters"),
        ({"claims": [CLAIM | {"side": "both"}], "sure": True}, 'side must be one of ["open", "proprietary"]'),
    ],
)
def test_what_does_not_fit_is_told_in_words_that_hold_nothing_of_it(value: object, wrong: str | None):
    assert misfit(value, SHAPE) == wrong


def test_what_nobody_asked_for_is_taken_away():
    found = {"claims": [CLAIM | {"url": "x"}], "sure": True, "ping": "@everyone"}
    assert fitted(found, SHAPE) == {"claims": [CLAIM], "sure": True}


def test_a_shape_is_sent_closed_and_without_the_limits_that_only_we_keep():
    sent = as_sent(SHAPE)
    assert sent["additionalProperties"] is sent["properties"]["claims"]["items"]["additionalProperties"] is False
    assert sent["properties"]["count"] == {"type": "integer"}
    assert "maxItems" not in str(sent) and "maxLength" not in str(sent)
    assert sent["properties"]["claims"]["items"]["properties"]["side"]["enum"] == ["open", "proprietary"]
    assert SHAPE["properties"]["count"]["maximum"] == 9  # ours is as it was
