"""Answers: what a member reads who asked about a story, and what everybody reads once it is shared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

import discord

from cogs.views import markdown
from cogs.views.buttons import Lasting
from cogs.views.panels import PATIENCE, Reply
from cogs.views.takes import RemarkForm
from newsroom.answers.answers import Answer, Answered
from newsroom.answers.budget import Allowance
from newsroom.answers.grounding import Citation, Claim
from newsroom.answers.prompts import Verdict
from newsroom.models import AskKind, TextBasis
from newsroom.text import clean, count, length, listed, shorten

# In UTF-16 code units before escaping.
QUESTION: Final = 200
HEADLINE: Final = 90
SNIPPET: Final = 160
CLAIM: Final = 400
LINKED: Final = 60
"""How much of a paragraph's beginning a link names, by which a browser finds it on the page."""

ASK_FORM: Final = "ask"
ASK_TEMPLATE: Final = r"ask:(?P<mark>[^:]+)(?::[^:]+)?"
SHARE_TEMPLATE: Final = r"share:(?P<mark>[^:]+)"

SORRY: Final = "I was interrupted before I could answer that. Please ask again."

_VERDICTS: Final = {
    Verdict.SUPPORTED: "✅ **The article says so.**",
    Verdict.CONTRADICTED: "❌ **The article says otherwise.**",
    Verdict.NOT_IN_ARTICLE: "❔ **The article leaves that open.**",
}


def ask_label(*, has_model: bool) -> str:
    """What the button is called by which one asks."""
    return "Ask" if has_model else "Find in article"


def ask_button(mark: str, remark_mark: str = "", *, has_model: bool) -> discord.ui.Button[Any]:
    """The button that asks for a question; ``remark_mark`` names the message under which it stands."""
    custom_id = f"ask:{mark}:{remark_mark}" if remark_mark else f"ask:{mark}"
    return discord.ui.Button(label=ask_label(has_model=has_model), custom_id=custom_id)


class AskForm(discord.ui.Modal):
    """Asks for a question. Its answer is read from what comes back alone, so a restart in between loses nothing."""

    def __init__(self, mark: str, headline: str, *, has_model: bool) -> None:
        super().__init__(title=ask_label(has_model=has_model), custom_id=f"{ASK_FORM}:{mark}", timeout=PATIENCE)
        how = (
            "A language model answers, from the article alone."
            if has_model
            else "I look for the passages of the article that answer it."
        )
        about = markdown.escape(shorten(clean(headline), HEADLINE))
        self.add_item(discord.ui.TextDisplay(f"**{about}**\n{how} Only you see the answer, until you share it."))
        self.add_item(
            discord.ui.Label(
                text="Your question",
                component=discord.ui.TextInput(
                    custom_id="question", style=discord.TextStyle.paragraph, min_length=3, max_length=500
                ),
            )
        )


def answer_reply(answered: Answered) -> Reply:
    """What the asker reads, with a button that shares it where the story has a thread."""
    view = Lasting()
    if answered.thread_id is not None:
        view.add_item(discord.ui.Button(label="Share in the thread", custom_id=f"share:{answered.mark}"))
    return Reply(answer_text(answered), view if view.children else None)


def shared_answer(answered: Answered, card_mark: str, remark_mark: str, *, has_model: bool) -> RemarkForm:
    """The same for everybody, in the thread, and who shared it."""
    view = Lasting()
    if answered.card.settings.ask:
        view.add_item(ask_button(card_mark, remark_mark, has_model=has_model))
    by = "" if answered.ask.reply_to is not None else f"-# Shared by <@{answered.ask.member_id}>"
    return RemarkForm(answer_text(answered, by), view)


def answer_text(answered: Answered, by: str = "") -> str:
    """An answer in at most one message: what was asked, what the article says of it and where, and who says so.

    ``by`` is a line of ours below it.
    """
    ask, answer, url = answered.ask, answered.answer, answered.card.article.url
    asked = markdown.escape(shorten(ask.question, QUESTION))
    if ask.checked_id is not None and not asked:
        asked = markdown.message_link(ask.guild_id, ask.channel_id, ask.checked_id)
    head = f"**{'Checked' if ask.kind is AskKind.CHECK else 'Asked'}:** {asked}"
    tail = "\n".join(filter(None, [_related(answered), *_small_print(answer), by]))
    room = markdown.CONTENT - length(head) - length(tail) - 2
    body = "\n".join(_fitting(_body(answer, url), room))
    return "\n".join(filter(None, [head, body, tail]))


def _body(answer: Answer, url: str | None) -> Iterator[str]:
    """What is answered, line by line; the lines of small print may be left out where there is no room."""
    if answer.verdict is not None:
        yield _VERDICTS[answer.verdict]
    if answer.claims:
        yield from (_claim(claim, url) for claim in answer.claims)
        cited = {each.number: each for claim in answer.claims for each in claim.citations}
        yield from (_quotation(cited[number], url) for number in sorted(cited))
        return
    if answer.model is not None and answer.verdict is None:
        yield "**The language model found no answer to that in the article.**" + (
            " This comes nearest:" if answer.passages else ""
        )
    elif not answer.passages:
        yield "**No passage of the article matches that.**"
    for passage in answer.passages:
        yield f"> {markdown.escape(passage.snippet)}\n-# {_where(passage, answer, url)}"


def _claim(claim: Claim, url: str | None) -> str:
    marks = " ".join(_number(each, url) for each in claim.citations)
    return f"{markdown.escape(shorten(claim.text, CLAIM))} {marks}"


def _number(citation: Citation, url: str | None) -> str:
    """A citation as a link to the very passage: browsers that know text fragments scroll there."""
    address = passage_link(citation, url)
    return f"[[{citation.number}]]({address})" if address else f"[{citation.number}]"


def _quotation(citation: Citation, url: str | None) -> str:
    return f"-# [{citation.number}] “{markdown.escape(shorten(citation.snippet, SNIPPET))}”"


def _where(passage: Citation, answer: Answer, url: str | None) -> str:
    place = f"paragraph {passage.number} of {answer.of}" if answer.of > 1 else "the summary"
    address = passage_link(passage, url)
    return f"[{place}]({address})" if address else place


def passage_link(citation: Citation, url: str | None) -> str | None:
    """The article's own address with the passage's first words as a text fragment; None where that is no link.

    Source: URL Fragment Text Directives, a draft of the Web Incubator Community Group.
    """
    address = markdown.link(url, markdown.MASKED_URL)
    if address is None:
        return None
    words = clean(citation.snippet).strip("…“” ")[:LINKED].rpartition(" ")[0]
    # The hyphen divides the parts of a directive.
    fragment = quote(words, safe="").replace("-", "%2D")
    whole = f"{address.partition('#')[0]}#:~:text={fragment}"
    return whole if words and length(whole) <= markdown.MASKED_URL else address


def _related(answered: Answered) -> str:
    told = [
        f"[{markdown.escape(shorten(clean(each.headline), HEADLINE))}]"
        f"({markdown.message_link(answered.ask.guild_id, each.channel_id, each.message_id)})"
        for each in answered.answer.related
    ]
    return f"-# Earlier here: {' · '.join(told)}" if told else ""


def _small_print(answer: Answer) -> Iterator[str]:
    source = {
        TextBasis.FEED: "the article as its feed has it",
        TextBasis.PAGE: "the article's page",
        TextBasis.SUMMARY: "the feed's summary alone: the article itself couldn't be read",
    }[answer.basis]
    if answer.model is not None:
        read = f", {answer.read} of {answer.of} paragraphs" if answer.read < answer.of else ""
        yield f"-# By {markdown.escape(shorten(clean(answer.model), 60))} from {source}{read}. It may be wrong."
    else:
        yield f"-# Quoted from {source}."
    if answer.note:
        yield f"-# No language model this time: {markdown.escape(answer.note)}"


def _fitting(lines: Iterator[str], room: int) -> Iterator[str]:
    """As many lines as fit, one after another; the first is cut if it is too long by itself."""
    for number, line in enumerate(lines):
        room -= length(line) + 1
        if room < 0:
            if number == 0:
                yield shorten(line, max(room + length(line) + 1, 0))
            return
        yield line


def allowance_reply(allowance: Allowance, names: Sequence[str]) -> Reply:
    """Whether and how much language models write in a server, line by line; ``names`` are those that are set up."""
    on = "on" if allowance.on else "off: the articles themselves answer"
    told = [markdown.escape(shorten(clean(name), 60)) for name in names]
    which = f"Set up here: **{listed(told)}**" if told else "None is set up here: that is for whoever runs this bot"
    return Reply(
        "\n".join(
            [
                f"**Language models in this server: {on}**",
                which,
                f"A member may ask: **{count(allowance.member_hour, 'question')} an hour**, "
                f"at most {allowance.most_member_hour}",
                f"This server may ask: **{count(allowance.server_day, 'question')} a day**, "
                f"at most {allowance.most_server_day}; {allowance.asked} so far today",
                "-# At most is what whoever runs this bot allows. In which tone: `/channel discussion`, by channel",
            ]
        )
    )
