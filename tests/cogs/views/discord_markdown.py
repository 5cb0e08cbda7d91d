"""What Discord makes of a text: a small model of its Markdown, on the strict side.

It takes each mark that could begin something for markup, whether or not the text also ends it.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""
      \\(?P<escaped>[^0-9A-Za-z\s])
    | (?P<markup>
          ^[ ]*(?:>|>>>|\#{1,3}|-\#|[-*+]|\d+\.)(?:\s|\Z)   # quote, heading, small print, lists
        | \*+ | _+ | `+ | ~~+ | \|\|+                       # bold, italics, underline, code, strike-through, spoiler
        | <[^>\s]+>?                                        # mention, time, emoji, command, link
        | \]\(                                              # masked link
        | \w+://                                            # bare link
        | :[^\s:]+:                                         # emoji by name
        | @everyone | @here
        | discord(?:app)?\.\w+/                             # invitation
      )
    | (?P<plain>[\s\S])
    """,
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)


def shown(source: str) -> tuple[str, list[str]]:
    """Return the text that a member reads, marks and all, and the marks that Discord would act upon."""
    tokens = list(_TOKEN.finditer(source))
    text = "".join(token["escaped"] or token[0] for token in tokens)
    return text, [token["markup"] for token in tokens if token["markup"]]
