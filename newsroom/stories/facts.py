"""Facts read off an article, word for word: what a question about this very story can be made of.

Pure, and made for hostile text: what is read is bounded, and takes time in proportion to its length. Every fact stands
in the text as it is told here, and holds letters, digits and a few signs at most, nothing that Discord would format.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

LONGEST_READ = 10_000
"""Characters of an article that are read, its headline first."""

LONGEST_FACT = 60


@dataclass(frozen=True, slots=True)
class Facts:
    """What an article names, each None if it doesn't: LONGEST_FACT characters at most.

    ``licence`` ("MIT", "Apache 2.0"), ``price`` with currency and unit ("$2.19 per million tokens"), ``size`` in
    parameters ("671 billion parameters", "70B"), ``context`` as a length ("128K tokens"), ``lab`` (a company, from the
    list that grouping uses) and ``product`` (a model with its version, "DeepSeek-R1").
    """

    licence: str | None = None
    price: str | None = None
    size: str | None = None
    context: str | None = None
    lab: str | None = None
    product: str | None = None

    @property
    def known(self) -> tuple[str, ...]:
        """The names of the facts that are known, the most telling first."""
        return tuple(name for name in self.__dataclass_fields__ if getattr(self, name) is not None)


_LICENCE = re.compile(
    # By its full name, which stands for nothing else.
    r"\b(?:Apache(?: License)?(?:,? Version)?[ -]2\.0|(?:A|L)?GPL[ -]?v?[23](?:\.0)?|BSD[ -][23](?:-Clause)?"
    r"|MPL[ -]2\.0|CC[ -]BY(?:-(?:NC|SA|ND)){0,2}(?:[ -][34]\.0)?|CC0|OpenRAIL(?:-M)?)(?![\w.]\w)"
    # By a name that stands for other things as well, so the next word has to say it.
    r"|\b(?:MIT|Apache|BSD|A?GPL|LGPL|Llama(?: [34](?:\.\d)?)?(?: Community)?|Gemma)"
    r"(?=[ -](?:[Ll]icen[cs]ed?\b|Lizenz\b))"
    r"|(?<![A-Za-z])(?:MIT|Apache ?2\.0|GPL)(?= ?(?:许可|許可|開源|开源|協議|协议|ライセンス|라이선스))"
)
_AMOUNT = (
    r"(?:[$€£¥₹] ?\d{1,6}(?:[.,]\d{1,3}){0,3}(?:[ -]?(?:million|billion|bn|[kKmM])\b)?"
    r"|\d{1,6}(?:[.,]\d{1,3}){0,3} (?:dollars|euros|pounds|yuan|USD|EUR)\b)"
)
_UNIT = (
    r"(?: ?/ ?| (?:an?|per|each|for (?:one|an?|every)|every|je|pro|par|al|por|im) )"
    r"(?:(?:1 ?)?(?:million|M)(?: (?:input|output))?(?: tokens?)?|1[Kk] tokens|month|mo|year|seat|user|hour|day|image"
    r"|minute|second|Monat|Jahr|mois|an|mes|año)\b(?: of (?:input|output))?"
)
_PRICE = re.compile(rf"(?<![\w.,]){_AMOUNT}{_UNIT}")
_NUMBER = r"(?<![A-Za-z0-9.,$€£¥])\d{1,4}(?:[.,]\d{1,3})?"
_SIZE = re.compile(
    rf"{_NUMBER}(?:(?: ?(?:B|M|T|bn)| (?:million|billion|trillion))(?: active)? parameters\b"
    r"|B(?=[ -](?:model|version|variant|parameter|weight|checkpoint|dense|MoE|base|instruct|chat)s?\b)"
    r"|亿个?参数|億パラメータ)"
)
_CONTEXT = re.compile(
    rf"{_NUMBER}(?: ?[KkM]| million)?(?:[ -]tokens?)?(?=[ -](?:of )?context\b)"
    rf"|(?<=[Cc]ontext window of ){_NUMBER}(?: ?[KkM]\b| million)?(?: tokens)?"
    rf"|(?<=[Cc]ontext length of ){_NUMBER}(?: ?[KkM]\b| million)?(?: tokens)?"
    rf"|(?<=[Cc]ontext of ){_NUMBER}(?: ?[KkM]\b| million)?(?: tokens)?"
    rf"|(?<=[Cc]ontext: ){_NUMBER}(?: ?[KkM]\b| million)?(?: tokens)?"
)
_VERSION = r"[A-Za-z]?\d{1,3}(?:\.\d{1,3}){0,2}[A-Za-z]?"


def facts_of(title: str, paragraphs: Sequence[str]) -> Facts:
    """Read the facts off a headline and an article; of several of a kind the first one counts."""
    pieces = list(_beginning(title, paragraphs))
    return Facts(
        licence=_first(_LICENCE, pieces),
        price=_first(_PRICE, pieces),
        size=_first(_SIZE, pieces),
        context=_first(_CONTEXT, pieces),
        lab=_first(_labs(), pieces),
        product=_first(_products(), pieces),
    )


def _beginning(title: str, paragraphs: Sequence[str]) -> Iterator[str]:
    left = LONGEST_READ
    for piece in (title, *paragraphs):
        if left <= 0:
            return
        yield piece[:left]
        left -= len(piece)


def _first(pattern: re.Pattern[str], pieces: Sequence[str]) -> str | None:
    found = (match[0] for piece in pieces for match in pattern.finditer(piece))
    return next((fact for fact in found if len(fact) <= LONGEST_FACT), None)


@cache
def _labs() -> re.Pattern[str]:
    """The companies of grouping.toml by all names that are their own; countries and people are none."""
    names = sorted(_parties(), key=lambda name: (-len(name), name))
    spaced = "|".join(re.escape(name) for name in names if name.isascii())
    unspaced = "|".join(re.escape(name) for name in names if not name.isascii())
    return re.compile(rf"(?<![\w-])(?:{spaced})(?!\w)|{unspaced}")


@cache
def _products() -> re.Pattern[str]:
    """A family of models with a version or a variant, or with both in either order."""
    data = _data()
    names, variants = (
        "|".join(re.escape(name) for name in sorted(set(words) - _NO_MODELS, key=lambda name: (-len(name), name)))
        for words in (data["families"]["names"], data["variants"]["names"])
    )
    version, variant = rf"[ -]?{_VERSION}(?![\w%])", rf"[ -](?i:{variants})(?!\w)"
    return re.compile(
        rf"(?<![\w-])(?=[A-Z])(?i:{names})(?:{version}(?:{variant}){{0,2}}|(?:{variant}){{1,2}}(?:{version})?)"
    )


_NO_MODELS = frozenset({
    "python", "pytorch", "tensorflow", "jax", "android", "ios", "windows", "chrome", "firefox", "ubuntu", "cuda",
    "episode", "ep", "part", "chapter", "issue", "vol", "volume", "day", "week", "season", "edition", "no", "lesson",
    "folge", "teil", "épisode", "episodio", "notícia", "level", "phase", "series", "command", "step", "seed", "solar",
    "wan", "gen", "stable", "nova", "titan", "yi", "isaac", "falcon", "granite", "flux", "pika",
})  # fmt: skip
"""Families of grouping.toml that are other things, or words that a number may follow by chance."""

_NO_LABS = frozenset({
    "China", "European Union", "France", "Germany", "India", "Japan", "United Kingdom", "United States", "Reddit",
    "Snap", "Figure", "Runway", "Cursor", "Notion", "1X", "Stanford",
})  # fmt: skip
_NO_NAMES = frozenset({
    "Gemini", "Claude", "GPT", "ChatGPT", "Llama", "Qwen", "Kimi", "Grok", "Gemma", "Sora", "Veo", "Ernie", "Granite",
    "GLM", "Hunyuan", "Doubao", "Devin", "Firefly", "FLUX", "Nemotron", "Codestral", "Devstral", "Magistral", "OLMo",
    "Molmo", "Le Chat", "Siri", "Alexa", "Optimus", "Ascend", "NotebookLM", "Stable Diffusion", "Azure", "Bing",
    "Facebook", "Instagram", "WhatsApp", "Firefox", "TikTok", "AWS", "Bezos", "Lisa Su", "Amodei", "Pichai", "Hassabis",
    "Zuckerberg", "Nadella", "Jensen Huang", "Altman", "Brockman", "Ellison", "Sutskever", "SSI", "Murati", "Musk",
    "Slack", "Cognition", "豆包", "文心", "通义", "混元", "智谱",
})  # fmt: skip
"""What grouping.toml knows a party by and nobody would call the company."""


def _parties() -> Iterator[str]:
    for party, names in _data()["parties"].items():
        if party not in _NO_LABS:
            yield from (name for name in dict.fromkeys((party, *names)) if name not in _NO_NAMES)


@cache
def _data() -> dict[str, dict[str, list[str]]]:
    text = resources.files("newsroom.stories").joinpath("grouping.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
