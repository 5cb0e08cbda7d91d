"""The numbers in a text, and which of them another text doesn't hold.

A number is compared by its value, however it is written: 1,000 and 1000, 1.5B and 1.5 billion, 50 % and 50 per cent,
5 May and 2026-05-05, "three" and 3, 一万 and 10000. Where a spelling has two meanings, either will do. What hangs on a
name is part of it: the 4 of GPT-4 is not the 4 of GPT-4o. Pure; takes time in proportion to the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from decimal import Decimal

LONGEST_NUMBER = 40
"""How many characters of one number are understood; a longer one is compared as it is written."""

_NUMBER = re.compile(r"\d{1,3}(?: \d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,'’]\d+)*")
_JOINTS = frozenset("-‐‑– ")
LONGEST_NAME = 20
_AFTER = re.compile(r"(?P<joint>[-‐‑ ]?)(?P<unit>[%٪]|(?:per|pour|por) (?:cent|ciento)|[^\W\d_]{1,12}\.?)")
_SCALES = {
    "k": 3, "thousand": 3, "thousands": 3, "tausend": 3, "mille": 3, "mil": 3, "тыс": 3, "тысяч": 3, "ألف": 3,
    "m": 6, "mn": 6, "mio": 6, "million": 6, "millions": 6, "millionen": 6, "millones": 6, "млн": 6, "миллионов": 6,
    "مليون": 6, "b": 9, "bn": 9, "mrd": 9, "billion": 9, "billions": 9, "milliarde": 9, "milliarden": 9,
    "milliard": 9, "milliards": 9, "млрд": 9, "миллиардов": 9, "مليار": 9, "t": 12, "tn": 12, "trillion": 12,
    "trillions": 12, "hundred": 2, "hundreds": 2, "十": 1, "百": 2, "千": 3, "万": 4, "萬": 4, "亿": 8, "億": 8,
    "만": 4, "억": 8,
}  # fmt: skip
# "5m" may be metres or minutes as well.
_LOOSE = frozenset(["m", "t"])
_PER_CENT = frozenset([
    "%", "٪", "percent", "percentage", "per cent", "pour cent", "por ciento", "pct", "prozent", "процентов", "процента",
    "بالمئة",
])  # fmt: skip
# Letters that hang on a number without being part of a name.
_MEASURES = frozenset([
    "st", "nd", "rd", "th", "x", "s", "ms", "h", "hr", "min", "mb", "gb", "tb", "kb", "gib", "mib", "kw", "mw", "gw",
    "kwh", "mwh", "w", "nm", "mm", "cm", "km", "kg", "g", "hz", "mhz", "ghz", "c", "f", "am", "pm", "px", "usd", "eur",
])  # fmt: skip
_MONTHS = {
    month: number
    for number, months in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
         "sep sept september", "oct october", "nov november", "dec december"), start=1,
    )
    for month in months.split()
}  # fmt: skip

_ONES = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_BIG = "hundred|thousand|million|billion|trillion"
_WORDED = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})(?:[- ](?P<one>{'|'.join(list(_ONES)[:9])}))?"
    rf"|(?P<small>{'|'.join(_ONES)})|dozen)"
    rf"(?:[- ](?P<first>{_BIG}))?(?:[- ](?P<second>{_BIG}))?\b|\b(?P<bare>{_BIG})s?\b",
    re.IGNORECASE,
)

# Shares, multiples and places in a row: what each word may stand for, itself among it.
_RELATIVE = {
    word: frozenset(means.split())
    for words, means in {
        "half halves halved halving": "half 50%",
        "quarter quarters quartered": "quarter 25%",
        "twice double doubles doubled doubling twofold": "twice 2 2x 100%",
        "thrice triple triples tripled tripling threefold": "thrice 3 3x",
        "quadruple quadrupled fourfold": "quadruple 4 4x",
        "tenfold": "tenfold 10 10x",
        "third thirds": "third 3",
        "fourth fourths": "fourth 4",
        "fifth fifths": "fifth 5",
        "sixth": "sixth 6",
        "seventh": "seventh 7",
        "eighth": "eighth 8",
        "ninth": "ninth 9",
        "tenth tenths": "tenth 10",
        "zero": "0",
        "couple": "couple 2",
        "dozens": "dozens",
        "majority": "majority",
    }.items()
    for word in words.split()
}
_RELATIVES = re.compile(rf"\b(?:{'|'.join(_RELATIVE)})\b", re.IGNORECASE)

_HAN_DIGITS = {sign: number for number, sign in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2, "兩": 2}
_HAN_SCALES = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "萬": 10_000, "亿": 10**8, "億": 10**8}
# "一" alone is hardly ever a count, as "one" is not, and a scale alone is part of words.
_HAN = re.compile(f"(?<!\\d)[{''.join(_HAN_DIGITS)}{''.join(_HAN_SCALES)}]{{2,20}}|[二三四五六七八九两兩]")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as a text has it. ``means`` is what it may stand for, ``parts`` what it tells besides when it is known.

    Who states the number has to have one of the meanings from somewhere; who has it knows the parts too: whoever
    says 50 % has said 50.
    """

    text: str
    means: frozenset[str]
    parts: frozenset[str] = frozenset()


def known_numbers(texts: Iterable[str]) -> frozenset[str]:
    """Return what may be said in numbers by somebody who knows these texts."""
    return frozenset(
        meaning for text in texts for figure in figures(text) for meaning in (*figure.means, *figure.parts)
    )


def invented(text: str, known: Set[str]) -> list[str]:
    """Return the numbers of a text, as they stand there, that are not among the known ones."""
    return [figure.text for figure in figures(text) if figure.means and known.isdisjoint(figure.means)]


def figures(text: str) -> Iterator[Figure]:
    """Read the numbers of a text: in digits of any script, in English words, and in Chinese characters."""
    text = unicodedata.normalize("NFKC", text)
    for match in _NUMBER.finditer(text):
        yield from _read(text, match)
    for match in _WORDED.finditer(text):
        yield _worded(match)
    for match in _RELATIVES.finditer(text):
        yield Figure(match[0], _RELATIVE[match[0].lower()])
    for match in _HAN.finditer(text):
        yield Figure(match[0], frozenset([match[0], *_han_value(match[0])]))


def _read(text: str, match: re.Match[str]) -> Iterator[Figure]:
    raw = "".join(sign if sign in ".,'’ " else str(int(sign)) for sign in match[0])
    name, joint = _name_before(text, match.start())
    after = _AFTER.match(text, match.end())
    unit = after["unit"].casefold().rstrip(".") if after else ""
    is_glued = after is not None and not after["joint"]
    values = _values(raw)
    parts: set[str] = set()
    means = set(values)
    shown = match[0]
    if unit[:1] in _SCALES and not unit.isascii() and is_glued:
        # Chinese and Japanese go on without a space: "14万人".
        unit = unit if unit in _SCALES else unit[0]
    if unit in _PER_CENT:
        means, parts = {f"{value}%" for value in values}, set(values)
    elif unit in _SCALES and (is_glued or len(unit) > 1):
        means = {_scaled(value, _SCALES[unit]) for value in values} | (values if unit in _LOOSE else set())
        parts = {f"~{_SCALES[unit]}"}
        assert after
        shown += after[0]
    elif is_glued and unit.isascii() and unit.isalpha() and unit not in _MEASURES:
        means = {f"{raw}{unit}"}
    if name.casefold() in _MONTHS:
        yield Figure(name, frozenset([str(_MONTHS[name.casefold()])]))
    elif name and (joint or name.isascii()) and name not in ("v", "V"):
        names = {f"{name.casefold()}{meaning}" for meaning in means}
        is_capital = name[0].isupper()
        if not joint:
            means, parts = names, set()
        elif joint != " " and is_capital:
            # Whoever knows GPT-5 may say that number 5; but who says GPT-5 has to know a GPT-5, not any 5.
            means, parts = names, parts | means
        elif is_capital or joint != " ":
            means = means | names
    if unit in _MONTHS and after and after["joint"] == " ":
        yield Figure(after["unit"], frozenset([str(_MONTHS[unit])]))
    yield Figure(shown, frozenset(means), frozenset(parts))


def _name_before(text: str, at: int) -> tuple[str, str]:
    """The letters before a place, as far as a name goes, and the hyphen or space between; empty if there are none."""
    end = at - 1 if at and text[at - 1] in _JOINTS else at
    start = end
    while start and end - start < LONGEST_NAME and text[start - 1].isalpha():
        start -= 1
    return (text[start:end], text[end:at]) if start < end else ("", "")


def _values(raw: str) -> set[str]:
    """What a number in digits may stand for, without the marks between its thousands."""
    if len(raw) > LONGEST_NUMBER:
        return {raw}
    marks = [sign for sign in raw if not sign.isdigit()]
    if not marks:
        return {_plain(raw)}
    groups = re.split(r"[.,'’ ]", raw)
    is_grouped = len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
    if len(set(marks)) == 1:
        if is_grouped:
            # "1,000" is a thousand, and "3,141" may be a little more than three where a comma is the point.
            joined = {_plain("".join(groups))}
            is_decimal = len(marks) == 1 and marks[0] in ".," and groups[0] != "0" and groups[1] != "000"
            return joined | ({_plain(f"{groups[0]}.{groups[1]}")} if is_decimal else set())
        if len(marks) == 1 and marks[0] in ".,":
            return {_plain(f"{groups[0]}.{groups[1]}")}
        return {raw}
    if len(set(marks[:-1])) == 1 and marks[-1] in ".," and marks[-1] != marks[0]:
        return {_plain(f"{''.join(groups[:-1])}.{groups[-1]}")}
    return {raw}


def _plain(number: str) -> str:
    whole, _, fraction = number.partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _scaled(value: str, power: int) -> str:
    try:
        return _plain(format(Decimal(value).scaleb(power), "f"))
    except ArithmeticError:
        return value


def _worded(match: re.Match[str]) -> Figure:
    if bare := match["bare"]:
        return Figure(match[0], frozenset([f"~{_SCALES[bare.lower()]}"]))
    if tens := match["tens"]:
        number = _TENS[tens.lower()] + (_ONES[match["one"].lower()] if match["one"] else 0)
    elif small := match["small"]:
        number = _ONES[small.lower()]
    else:
        number = 12
    power = sum(_SCALES[scale.lower()] for scale in (match["first"], match["second"]) if scale)
    if number == 1 and not power:
        # "One" is hardly ever a count; whoever has it has the number all the same.
        return Figure(match[0], frozenset(), frozenset(["1"]))
    return Figure(match[0], frozenset([_scaled(str(number), power)]), frozenset([f"~{power}"] if power else []))


def _han_value(run: str) -> list[str]:
    """The value of a number in Chinese characters; none where they make none."""
    if all(sign in _HAN_DIGITS for sign in run):
        return [_plain("".join(str(_HAN_DIGITS[sign]) for sign in run))]
    total = part = digit = 0
    for sign in run:
        if sign in _HAN_DIGITS:
            digit = _HAN_DIGITS[sign]
        elif (scale := _HAN_SCALES[sign]) < 10_000:
            part += (digit or 1) * scale
            digit = 0
        else:
            total = (total + part + digit) * scale
            part = digit = 0
    value = total + part + digit
    return [str(value)] if value else []
