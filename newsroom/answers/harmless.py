"""What a text must be without before it is shown: power over Discord, markup, secrets, babble, our own instructions.

What a model wrote is refused where it holds what no honest answer needs (``trouble``), and loses the markup that models
like to write (``unmarked``). What an article says is quoted without what has power (``defused``). That a text is shown
as it stands, whatever is left in it, is for those who show it. Pure; takes time in proportion to the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from newsroom.text import clean

_PING = re.compile(r"@ ?(?:everyone|here)\b|<(?:[@#]|a?:\w|/[\w -]{1,80}:\d|t:|id:)", re.IGNORECASE)
_LINK = re.compile(
    r"://|\bwww\.|\]\s?\(|!\[|\bdiscord(?:app)?\s?\.\s?(?:gg|com|me|io|li|new)\b|\.gg/"
    r"|\b(?:javascript|data|mailto|file|vbscript|steam|tel|discord):(?=\S)",
    re.IGNORECASE,
)
_DOMAIN = re.compile(r"(?<![\w.@-])[^\W_][\w-]{0,62}(?:[.。][^\W_][\w-]{0,62}){0,8}[.。][^\W\d_]{2,24}(?![\w-])")
# A dot in disguise: evil[.]example, evil dot com.
_DOT = re.compile(
    r"\s?[\[({]\s?(?:\.|dot)\s?[\])}]\s?|\sdot\s(?=(?:com|net|org|io|gg|me|app|dev|ai|co|xyz|info|de|ru|cn)\b)",
    re.IGNORECASE,
)
_CODE = re.compile(r"```|~~~")
_TAG = re.compile(
    r"<\s?/?\s?(?:script|style|i?frame|img|object|embed|svg|math|link|meta|form|input|button|textarea|select|a|video|audio"
    r"|base|body|head|html|title|template|noscript|applet)\b",
    re.IGNORECASE,
)
# Of chat templates and of those who imitate one. A role counts where a text begins with it.
_TEMPLATE = re.compile(
    r"<\||\|>|\[/?inst\]|<</?sys>>|</?s>|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>|</?think|</?tool|</?function"
    r"|#{2,3} ?(?:instruction|response|system|user|assistant)\b|begin▁of▁sentence",
    re.IGNORECASE,
)
_ROLE = re.compile(r"(?:system|assistant|user|human|developer|tool)\s?:", re.IGNORECASE)
_KEY = re.compile(
    r"\b(?:sk|pk|rk)-[\w-]{12,}|\bgh[opsu]_\w{16,}|\bgithub_pat_\w{16,}|\bAKIA[0-9A-Z]{12,}|\bxox[abprs]-[\w-]{10,}"
    r"|\bAIza[\w-]{20,}|\bhf_\w{16,}|\beyJ[\w-]{10,}\.[\w-]{10,}|\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}|-----BEGIN"
    r"|\bBearer [\w.-]{12,}|\b(?:api[ _-]?key|password|token|secret)\b ?[:=] ?\S{6,}",
    re.IGNORECASE,
)
_RANDOM = re.compile(r"[A-Za-z0-9+/_-]{16,}")

# Models emphasise, list and quote. Single characters go first, because what is left may be markup again.
_EMPHASIS = re.compile(r"[*`]")
_INLINE_TAG = re.compile(
    r"</?(?:b|i|u|em|strong|code|span|sup|sub|small|mark|q|cite)(?: [^<>]{0,100})?/?>", re.IGNORECASE
)
_OTHER_TAG = re.compile(r"</?[a-z][^<>]{0,200}>|<!--[^<>]{0,200}-->", re.IGNORECASE)
_RUNS = re.compile(r"[~|_]{2,}|(?<![^\W_])_|_(?![^\W_])")
_OPENING = re.compile(r"<(?=[^\s\d=])")
_LINE_START = re.compile(r"\A(?:(?:>{1,3}|#{1,6}|-#|[-+•–—]|\d{1,2}[.)])\s+)+")
_HANDLE = re.compile(r"@+(?=\w)")

_ADDRESS = re.compile(r"\[([^\[\]]{0,300})\]\s?\([^()\s]{0,2000}\)")
_URL = re.compile(
    r"[a-z][a-z0-9+.-]{0,15}://\S{0,2000}|\bwww\.\S{1,2000}|\bdiscord(?:app)?\s?\.\s?\w{2,4}/\S{0,200}", re.IGNORECASE
)
_MENTION = re.compile(r"<(?:[@#]|a?:|/|t:|id:)[^<>\s]{0,100}>?", re.IGNORECASE)
_WORD = re.compile(r"\w+")

RUN = 8
LEAST_BABBLE = 64
"""Characters. In what people write hardly any run of RUN characters comes twice; a model that has lost the thread
writes the same ones over and over. Of anything shorter that can't be told."""

LEAKED_WORDS = 7
"""So many words in a row of our own instructions make a leak; fewer may be anybody's."""


def trouble(text: str, known: str = "") -> str | None:
    """Say what keeps a text that a model wrote from being shown; None where nothing does.

    ``text`` is clean. ``known`` is what it may repeat: a host or a long identifier that stands there is no secret.
    """
    plain = unicodedata.normalize("NFKC", text)
    for name, pattern in (
        ("ping", _PING), ("link", _LINK), ("code", _CODE), ("tag", _TAG), ("template", _TEMPLATE), ("key", _KEY),
    ):  # fmt: skip
        if pattern.search(plain):
            return name
    if _ROLE.match(plain):
        return "role"
    if _babbles(plain):
        return "babble"
    lowered = known.casefold()
    if any(host[0].casefold() not in lowered for host in _DOMAIN.finditer(_DOT.sub(".", plain))):
        return "host"
    if any(_looks_random(token[0]) and token[0].casefold() not in lowered for token in _RANDOM.finditer(plain)):
        return "key"
    return None


def unmarked(text: str) -> str:
    """Take the markup away that a model wrote for looks: emphasis, lists, tags without power, the @ of a handle."""
    text = _EMPHASIS.sub("", clean(text))
    text = _OTHER_TAG.sub(" ", _INLINE_TAG.sub("", text))
    text = _HANDLE.sub("", _OPENING.sub("‹", _RUNS.sub("", text)))
    return clean(_LINE_START.sub("", clean(text)))


def defused(text: str) -> str:
    """A sentence of an article as it can be quoted: without links, mentions, keys and markup, else word for word."""
    text = _ADDRESS.sub(r"\1", clean(text))
    text = _KEY.sub("(key)", _MENTION.sub("(mention)", _URL.sub("(link)", text)))
    # Last, because what is taken away in between may have kept the parts of a link asunder.
    return unmarked(text).replace("](", "] (").replace("://", ": //")


def phrases(texts: Iterator[str] | tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    """All runs of LEAKED_WORDS words of some texts, to tell them again by."""
    return frozenset(run for text in texts for run in _word_runs(text))


def leaks(text: str, secret: frozenset[tuple[str, ...]]) -> bool:
    """Whether a text repeats one of these runs of words."""
    return any(run in secret for run in _word_runs(text))


def _word_runs(text: str) -> Iterator[tuple[str, ...]]:
    words = [match[0].casefold() for match in _WORD.finditer(unicodedata.normalize("NFKC", text))]
    return zip(*(words[at:] for at in range(LEAKED_WORDS)), strict=False)


def _babbles(text: str) -> bool:
    """Whether more than half of a text is what stood in it before, whatever its script."""
    runs = len(text) - RUN + 1
    return len(text) >= LEAST_BABBLE and 2 * len({text[at : at + RUN] for at in range(runs)}) < runs


def _looks_random(token: str) -> bool:
    """Whether letters and digits are mixed as in keys and hashes, and not as in "claude-3-5-sonnet"."""
    changes = sum(a.isdigit() != b.isdigit() for a, b in pairwise(token) if a.isalnum() and b.isalnum())
    return changes >= 4 and any(sign.isdigit() for sign in token) and any(sign.isalpha() for sign in token)
