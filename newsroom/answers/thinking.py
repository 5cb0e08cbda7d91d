"""What a model thinks aloud is not for readers."""

from __future__ import annotations

import re

_NAMES = "think|thinking|thought|thoughts|reasoning|reflection"
_TAG = re.compile(rf"[<\[◁](?P<end>/?)(?:{_NAMES})(?: [^<>\[\]]{{0,40}})?[>\]▷]", re.IGNORECASE)
# gpt-oss says in which channel it speaks; the last one called "final" is for readers.
_CHANNEL = re.compile(r"<\|channel\|>\s{0,5}(?P<name>\w{1,20})[^<]{0,40}<\|message\|>")
_TEMPLATE = re.compile(r"<[|｜][\w▁ -]{1,30}[|｜]>|</?s>|\[/?INST\]")


def without_thinking(text: str) -> str:
    """Take away what a model wrote between the tags of its thinking, and what is left of its template.

    What nobody closed is thinking to its end; what nobody opened is thinking from the start, because some templates
    open it before the model begins. Better too little is shown than a thought.
    """
    channels = list(_CHANNEL.finditer(text))
    if channels:
        last = channels[-1]
        text = text[last.end() :] if last["name"].lower() == "final" else ""
    kept: list[str] = []
    at, thinks = 0, False
    for tag in _TAG.finditer(text):
        if tag["end"]:
            if not thinks:
                kept.clear()
            at, thinks = tag.end(), False
        elif not thinks:
            kept.append(text[at : tag.start()])
            thinks = True
    if not thinks:
        kept.append(text[at:])
    return _TEMPLATE.sub("", "".join(kept)).strip()
