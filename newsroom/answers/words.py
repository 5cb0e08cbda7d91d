"""How questions, paragraphs and claims are compared: by the words that say something, in any script.

Pure, and in time proportional to the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from newsroom.stories.tellings import is_stop_word, stem

# Scripts that write without spaces, or whose words carry their grammar with them: kana, Han, Hangul, Thai, Lao, Burmese
# and Khmer. Two neighbouring characters stand for a word.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
)
# Signs that are no letters by themselves and stand within words: accents, the vowels of Hebrew, Arabic and of India.
_MARKS = "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
_PIECE = re.compile(
    rf"(?P<run>[{_UNSPACED}]+)|(?P<figure>\d+(?:[.,]\d+)*)|(?P<word>[^\W\d_{_UNSPACED}](?:[^\W\d_{_UNSPACED}]|[{_MARKS}])*)"
)
# Vowels that Arabic and Hebrew may write or leave out, and a stroke that only stretches a word.
_OPTIONAL = re.compile("[\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u0640]")
_HYPHENS = frozenset(["", "-", "‐", "‑", "–"])

# What people ask with and what they ask for in any article, besides the stop words.
_ASKING = frozenset({
    "whom", "whose", "many", "much", "does", "doing", "tell", "explain", "article", "story", "text", "give", "given",
    "mean", "means", "know", "say", "mention", "mentioned", "describe", "get", "got", "let", "make", "made", "like",
    "kind", "sort", "way", "thing", "really", "actually", "exactly", "anything", "something", "please", "ever", "yet",
    "still", "well", "within", "among", "across", "though", "although", "however", "since", "around", "another", "even",
    "him", "himself", "itself", "themselves", "whether", "according", "using", "use", "used", "anybody", "somebody",
    "someone", "anyone",
    "happen", "happened", "happens", "go", "goes", "going", "gone", "want",
    "isn", "doesn", "didn",
    "won", "wasn", "weren", "aren", "hasn", "haven", "couldn", "wouldn", "shouldn",
    "wie", "was", "wer", "wen", "wem", "wo", "wann", "warum", "wieso", "weshalb", "welche", "welcher", "welches",
    "welchen", "viel", "viele", "gibt", "hat", "haben", "hatte", "hatten", "wurde", "wurden", "kann", "soll", "dass",
    "quel", "quelle", "quels", "quelles", "quand", "comment", "pourquoi", "combien", "où", "quoi", "ont",
    "qué", "cuál", "cuándo", "cómo", "cuánto", "cuántos", "cuánta", "cuántas", "quién", "dónde", "hay", "tiene", "ha",
    "что", "кто", "как", "где", "когда", "почему", "сколько", "какой", "какая", "какие", "это", "его", "она", "они",
    "был", "была", "были", "есть", "для", "или", "при", "по", "на", "не", "из", "от", "за",
    "ما", "من", "متى", "أين", "كيف", "لماذا", "كم", "هل", "في", "على", "إلى", "عن", "أن", "هذا", "هذه", "التي", "الذي",
})  # fmt: skip
# The same of Chinese and Japanese, where they stand between the words without a space.
_BETWEEN = re.compile(
    "为什么|什么时候|什么|怎么样|怎么|怎样|多少|多高|多大|多久|哪[个座里些家]?|如何|是否|请问|以及|或者|[的了是在和有与及吗呢吧这那也就都被把]"
    "|いくら|いつ|どこ|なぜ|どう|です|ます|した|して|から|まで|[はがをにのでとへもか]"
)

# Words that ask for one thing and tell it. The first one counts.
_ALIKE = (
    "price cost priced pricing expensive cheap cheaper fee charge pay paid",
    "licence license licensed licensing",
    "release released launch launched publish published ship shipped unveil unveiled introduce introduced debut",
    "company firm startup maker",
    "employee staff worker headcount",
    "buy bought acquire acquired acquisition purchase takeover",
    "big large larger largest bigger biggest size",
    "fast faster fastest speed quick quicker latency",
    "train trained training pretraining",
    "chief ceo boss",
    "lawsuit sue sued suing court",
    "invest investor investment investing invested funding",
    "beat outperform outperformed surpass better",
    "risk danger dangerous safety safe",
    "chip gpu processor accelerator",
    "cut reduce reduced reduction lower lowered",
    "rise rose risen increase increased grow grew grown growth",
    "fall fell fallen drop dropped decline declined decrease decreased",
    "start started begin began begun",
    "stop stopped end ended halt halted",
    "run ran running",
    "write wrote written author",
    "find found finding",
    "country nation",
    "phone smartphone",
    "error mistake wrong incorrect",
    "law regulation rule regulator",
)


def terms(text: str) -> Iterator[str]:
    """The words of a text that say something, in order and as often as they stand there, in the form that compares.

    Words lose case and, in English, endings; a few with one meaning become one. Figures lose the commas between their
    thousands. What is written in one, like "R1" or "GPT-5", is a term as a whole: "r1", "gpt5".
    """
    text = unicodedata.normalize("NFKC", text)
    last, last_end, last_is_figure = "", -2, False
    for match in _PIECE.finditer(text):
        piece = match[0]
        if match.lastgroup == "run":
            yield from _pairs(piece)
            last_end = -2
            continue
        is_figure = match.lastgroup == "figure"
        form = _figure(piece) if is_figure else piece.casefold()
        gap = text[last_end : match.start()] if last_end >= 0 else " "
        if (is_figure or last_is_figure) and gap in _HYPHENS:
            yield f"{last}{form}"
        if is_figure:
            if gap:
                yield form
        elif term := _term(form):
            yield term
        last, last_end, last_is_figure = form, match.end(), is_figure


def _pairs(run: str) -> Iterator[str]:
    for part in _BETWEEN.split(run):
        if len(part) == 1:
            yield part
        yield from map("".join, pairwise(part))


def _figure(digits: str) -> str:
    ascii_digits = "".join(str(int(sign)) if sign.isdecimal() else sign for sign in digits)
    return re.sub(r",(?=\d{3}(?!\d))", "", ascii_digits)


@lru_cache(8_192)
def _term(word: str) -> str:
    """The form of a word that compares; empty for one that says nothing."""
    word = _OPTIONAL.sub("", word)
    if len(word) < 2 or word in _ASKING or is_stop_word(word):
        return ""
    stemmed = stem(word) if word.isascii() else word
    return _FOLDS.get(stemmed, stemmed)


_FOLDS = {stem(word): stem(group.split()[0]) for group in _ALIKE for word in group.split()}
