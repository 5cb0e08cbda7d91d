from __future__ import annotations

from typing import Any

from cogs.views import markdown
from cogs.views.digests import DigestMessage, digest_message
from newsroom.desk.digests import Page
from newsroom.desk.limits import STORIES_A_PAGE
from newsroom.text import length
from tests.makers import NOW, article


def made(*articles: dict[str, Any], source: str = "Lab Notes") -> DigestMessage:
    stories = tuple((article(**fields), source) for fields in articles)
    return digest_message(Page(mark="1.0123456789abcdef01234567", day=NOW, page=1, pages=1, stories=stories))


def test_a_line_is_headline_link_and_source():
    assert made({}).embed.description == (
        "• [A small lab releases a large model](https://lab.example/posts/1) · Lab Notes"
    )


def test_beside_a_headline_that_reads_like_an_address_stands_where_its_link_leads():
    page = made({"title": "openai.com/index/gpt-6", "url": "https://evil.example/login"}, source="OpenAI")

    assert page.embed.description == "• [openai.com/index/gpt-6](https://evil.example/login) (evil.example) · OpenAI"


def test_a_page_at_its_longest_is_within_the_limits_and_keeps_all_its_lines():
    host = f"https://{'_' * 240}.example/"
    longest = {"title": f"{'*' * 110}.example", "url": host + "a" * (markdown.MASKED_URL - len(host))}

    text = made(*[longest] * STORIES_A_PAGE, source="*" * 500).embed.description

    assert text is not None
    assert length(text) <= markdown.EMBED_DESCRIPTION
    assert text.count("\n") + 1 == STORIES_A_PAGE
