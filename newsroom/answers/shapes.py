"""Data out of a model's answer, and whether it has the shape that was asked for.

Asked for in which way ever, it is checked here: a schema that an endpoint promises to keep is at times kept by none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MOST_BEGINNINGS = 20
"""How many opening braces are looked at. Each may cost a pass over the rest of the text."""

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
# Endpoints refuse these or, worse, cut a text in the middle of a word to keep them.
_OURS_ALONE = frozenset(("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"))


def first_object(text: str) -> dict[str, Any] | None:
    """Cut the first JSON object out of a text, whatever stands around it; None if there is none."""
    decoder = json.JSONDecoder(parse_constant=_refuse)
    at = -1
    for _ in range(MOST_BEGINNINGS):
        at = text.find("{", at + 1)
        if at < 0:
            break
        try:
            found, _ = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return None


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN and the like are no JSON


def misfit(value: object, shape: Mapping[str, Any], at: str = "the object") -> str | None:
    """Say what is wrong with a value, in words that hold nothing of it; None if it has the shape.

    Of JSON Schema this knows type, enum, properties, required, items, and the least and most of lengths, items and
    numbers. What no property names is left alone: see ``fitted``.
    """
    kind = shape.get("type")
    if kind is not None and not _is_a(value, kind):
        return f"{at} must be of type {kind}"
    if "enum" in shape and value not in shape["enum"]:
        return f"{at} must be one of {json.dumps(shape['enum'])}"
    if isinstance(value, str):
        return _outside(len(value), shape, "Length", f"{at} must have", "characters")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _outside(value, shape, "imum", f"{at} must be", "")
    if isinstance(value, list):
        wrong = _outside(len(value), shape, "Items", f"{at} must have", "items")
        inner = shape.get("items", {})
        parts = (misfit(part, inner, f"{at}[{number}]") for number, part in enumerate(value))
        return wrong or next(filter(None, parts), None)
    if isinstance(value, dict):
        properties: Mapping[str, Any] = shape.get("properties", {})
        for name in shape.get("required", ()):
            if name not in value:
                return f"{at} must have {name}"
        wrongs = (misfit(value[name], inner, name) for name, inner in properties.items() if name in value)
        return next(filter(None, wrongs), None)
    return None


def fitted(value: dict[str, Any], shape: Mapping[str, Any]) -> dict[str, Any]:
    """Take away what no property names."""
    properties = shape.get("properties", {})
    return {name: _fitted(value[name], inner) for name, inner in properties.items() if name in value}


def _fitted(value: Any, shape: Mapping[str, Any]) -> Any:
    if isinstance(value, dict) and "properties" in shape:
        return fitted(value, shape)
    if isinstance(value, list):
        return [_fitted(part, shape.get("items", {})) for part in value]
    return value


def as_sent(shape: Mapping[str, Any]) -> dict[str, Any]:
    """The shape as endpoints take it: closed to other properties, and without the limits that only we keep."""
    sent = {name: value for name, value in shape.items() if name not in _OURS_ALONE}
    if "properties" in shape:
        sent["properties"] = {name: as_sent(inner) for name, inner in shape["properties"].items()}
        sent["additionalProperties"] = False
    if "items" in shape:
        sent["items"] = as_sent(shape["items"])
    return sent


def _is_a(value: object, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _outside(number: float, shape: Mapping[str, Any], what: str, begin: str, unit: str) -> str | None:
    least, most = shape.get(f"min{what}"), shape.get(f"max{what}")
    if least is not None and number < least:
        return f"{begin} at least {least} {unit}".strip()
    if most is not None and number > most:
        return f"{begin} at most {most} {unit}".strip()
    return None
