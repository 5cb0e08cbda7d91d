from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import combinations
from math import prod
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.stories import grouping
from newsroom.stories.grouping import JOINS, MOST_MEMBERS, WINDOW, Match, StoryIndex
from newsroom.stories.tellings import Telling, read
from tests.makers import NOW

ROOT = Path(__file__).parents[3]

LUMEN = "Nvidia invests $2 billion in Lumen Photonics"
LUMEN_TOO = "Lumen Photonics gets $2bn from Nvidia"


def telling(title: str, summary: str = "", *, article: int = 1, source: str | None = None, hours: float = 0) -> Telling:
    """An article without a story, from a source of its own, ``hours`` after NOW."""
    at = NOW + timedelta(hours=hours)
    return Telling(article, None, source or f"source-{article}.example", title, summary, at)


def index_of(*tellings: Telling) -> StoryIndex:
    """An index in which each article has the story of its own number."""
    index = StoryIndex()
    index.load([replace(each, story_id=each.article_id) for each in tellings], NOW + timedelta(hours=1))
    return index


def asked(told: Telling, *known: Telling) -> Match | None:
    return index_of(*known).story_for(told, max(told.at, NOW + timedelta(hours=1)))


def joined(title: str, known: str, summary: str = "", known_summary: str = "") -> bool:
    return asked(telling(title, summary, article=2), telling(known, known_summary)) is not None


def weighed(told: Telling) -> grouping._Known:
    return StoryIndex()._known(told, 0, read(told.title, told.summary), max(told.at, NOW))


def likeness(one: Telling, other: Telling) -> float:
    """How like their words are, before anything speaks against it."""
    return grouping._likeness(weighed(one), weighed(other))


def vetoes(one: Telling, other: Telling) -> list[str]:
    return list(grouping._vetoes(weighed(one), weighed(other)))


def penalties(one: Telling, other: Telling) -> dict[str, float]:
    return dict(grouping._penalties(weighed(one), weighed(other)))


# How well it does


@dataclass(frozen=True)
class Labelled:
    half: str
    story: tuple[str, str]
    telling: Telling


@dataclass(frozen=True)
class Score:
    """``right`` pairs of the ``joined`` ones tell one event, of ``true`` pairs that do."""

    articles: int
    stories: int
    right: int
    joined: int
    true: int
    b_cubed: float
    wrong_merges: int
    posts: int

    def row(self, name: str) -> str:
        return (
            f"| {name} | {self.articles} | {self.stories} | {self.right} of {self.joined} "
            f"| {self.right / self.joined:.2f} | {self.right} of {self.true} | {self.right / self.true:.2f} "
            f"| {self.b_cubed:.2f} | {self.wrong_merges} | {self.posts} |"
        )


def labelled() -> list[Labelled]:
    lines = (Path(__file__).parent / "tellings.tsv").read_text(encoding="utf-8").splitlines()
    found = []
    for article, line in enumerate(lines):
        if not line.startswith("#"):
            half, topic, story, hour, source, title, summary = line.split("\t")
            told = telling(title, summary, article=article, source=source, hours=float(hour))
            found.append(Labelled(half, (topic, story), told))
    return found


def group(articles: Iterable[Labelled]) -> dict[int, int]:
    """The story of each article after all were told in the order of their hours."""
    index = StoryIndex()
    stories: dict[int, int] = {}
    for told in sorted((each.telling for each in articles), key=lambda told: (told.at, told.article_id)):
        joins = index.story_for(told, told.at)
        stories[told.article_id] = joins.story_id if joins else told.article_id
        index.add(replace(told, story_id=stories[told.article_id]), told.at)
    return stories


def measure(articles: list[Labelled]) -> Score:
    truth = {each.telling.article_id: each.story for each in articles}
    got = group(articles)
    pairs = Counter((truth[one] == truth[other], got[one] == got[other]) for one, other in combinations(truth, 2))
    together = Counter((truth[article], got[article]) for article in truth)
    stories, posts = Counter(truth.values()), Counter(got.values())
    precision = sum(together[truth[each], got[each]] / posts[got[each]] for each in truth) / len(truth)
    recall = sum(together[truth[each], got[each]] / stories[truth[each]] for each in truth) / len(truth)
    return Score(
        articles=len(truth),
        stories=len(stories),
        right=pairs[True, True],
        joined=pairs[True, True] + pairs[False, True],
        true=pairs[True, True] + pairs[True, False],
        b_cubed=2 * precision * recall / (precision + recall),
        wrong_merges=sum(truth[article] != truth[story] for article, story in got.items()),
        posts=len(posts),
    )


def scores() -> dict[str, Score]:
    articles = labelled()
    return {
        "tune": measure([each for each in articles if each.half == "tune"]),
        "kept": measure([each for each in articles if each.half == "kept"]),
        "all in one stream": measure(articles),
    }


def test_the_documented_figures_are_the_measured_ones():
    docs = (ROOT / "docs/grouping.md").read_text(encoding="utf-8")
    rows = [score.row(name) for name, score in scores().items()]
    print("", *rows, sep="\n")

    assert [line for line in docs.splitlines() if line.startswith(("| tune |", "| kept |", "| all in"))] == rows


def test_nine_joins_in_ten_are_right_also_where_nothing_was_tuned():
    for score in scores().values():
        assert score.right / score.joined >= 0.9
        assert score.right / score.true >= 0.7


def test_the_documented_rule_is_the_one_that_is_kept():
    docs = " ".join((ROOT / "docs/grouping.md").read_text(encoding="utf-8").split())

    for factor in (
        f"| other parties, none in common | {grouping.OTHER_PARTIES:g} |",
        f"| each headline names a party that the other article lacks | {grouping.PARTIES_OF_THEIR_OWN:g} |",
        f"| each headline has another name that the other article lacks | {grouping.NAMES_OF_THEIR_OWN:g} |",
        f"| other amounts of money | {grouping.OTHER_AMOUNTS:g} |",
        f"| other products with versions | {grouping.OTHER_PRODUCTS:g} |",
        f"| other events | {grouping.OTHER_EVENTS:g} |",
        f"| one headline alone tells of a follow-up | {grouping.FOLLOW_UP:g} |",
        f"| more than {grouping.SAME_DAY.total_seconds() / 3600:g} hours apart | {grouping.LATE:g} |",
    ):
        assert factor in docs
    assert f"at least {JOINS:g}" in docs
    assert f"weigh {grouping.EVIDENCE:g}" in docs


def test_the_set_is_large_and_full_of_traps():
    articles = labelled()
    told = Counter(each.story for each in articles)

    assert len(articles) >= 300
    assert len({each.telling.title for each in articles}) >= len(articles) - 5, "release notes may share theirs"
    assert {each.half for each in articles} == {"tune", "kept"}
    assert not {each.story[0] for each in articles if each.half == "tune"} & {
        each.story[0] for each in articles if each.half == "kept"
    }
    assert sum(count > 1 for count in told.values()) >= 80
    assert sum(count == 1 for count in told.values()) >= 100


# The rule


def test_one_event_in_other_words_is_one_story():
    match = asked(telling(LUMEN, article=2), telling(LUMEN_TOO))

    assert match is not None
    assert match.story_id == 1
    assert JOINS <= match.likeness <= 1


def test_what_nobody_told_before_is_a_story_of_its_own():
    assert asked(telling(LUMEN, article=2), telling("A choir in Wales sings what a chatbot wrote")) is None
    assert asked(telling(LUMEN)) is None


@pytest.mark.parametrize(
    ("one", "other", "veto"),
    [
        (
            "OpenAI releases GPT-7 for all users",
            "OpenAI releases GPT-7.1 for all users",
            "other versions: gpt 7 / gpt 7.1",
        ),
        ("OpenAI releases GPT-7 for all users", "OpenAI releases GPT-7 mini for all users", "gpt 7 / gpt 7 mini"),
        (
            "Claude Opus 7 released to all users",
            "Claude Sonnet 7 released to all users",
            "claude 7 opus / claude 7 sonnet",
        ),
        ("US bans export of Nvidia H30 chips", "US bans export of Nvidia H20 chips", "other versions: h 20 / h 30"),
        (LUMEN, f"Nvidia in talks: {LUMEN_TOO}", "one headline alone says: talks"),
        (LUMEN, f"Delayed: {LUMEN_TOO}", "one headline alone says: delay"),
        (LUMEN, f"Nvidia denies it: {LUMEN_TOO}", "one headline alone says: deny"),
        (LUMEN, f"Nvidia no longer wants it: {LUMEN_TOO}", "one headline alone says: drop"),
        (LUMEN, f"AI news this week: {LUMEN_TOO}", "a round-up"),
    ],
)
def test_a_conflict_keeps_apart_what_shares_nearly_all_words(one: str, other: str, veto: str):
    below = "The deal surprised analysts in Zurich, who had expected layoffs."
    for first, second in ((one, other), (other, one)):
        new, known = telling(first, below, article=2), telling(second, below)

        assert asked(new, known) is None
        assert any(veto in said for said in vetoes(new, known))


def test_a_delay_that_both_tell_of_is_one_story_though_one_says_it_below_the_headline():
    one = "OpenAI postpones GPT-7 launch over shortage of power"
    other = "OpenAI's GPT-7 comes later: shortage of power"

    assert not joined(one, other)
    assert joined(one, other, known_summary="The launch was postponed because of a power shortage.")


def test_versions_are_the_same_with_and_without_zeros_hyphens_and_v():
    assert joined("PyTorch 2.14 is out with compiled autograd", "PyTorch v2.14.0: compiled autograd")
    assert joined("Qwen 9 released: seven open-weight models", "Alibaba open-sources seven Qwen-9 models")


def test_a_source_tells_a_story_once():
    known = telling(LUMEN_TOO, source="a.example")

    assert asked(telling(LUMEN, article=2, source="b.example"), known)
    same = telling(LUMEN, article=2, source="a.example")
    assert asked(same, known) is None
    assert vetoes(same, known) == ["the same source"]


@pytest.mark.parametrize(
    ("one", "other", "penalty"),
    [
        (LUMEN, "AMD invests $2 billion in Lumen Photonics", "other parties"),
        (LUMEN, "Nvidia invests $300 million in Lumen Photonics", "other amounts"),
        (LUMEN, "Nvidia sues Lumen Photonics for $2 billion", "other events"),
        (LUMEN, f"Regulator to examine: {LUMEN_TOO}", "one alone is a follow-up"),
        ("Studio Nordlys sues the painter Falk", "Nordlys sues the studio of Karstad", "each has a name of its own"),
    ],
)
def test_a_difference_makes_two_articles_less_alike(one: str, other: str, penalty: str):
    assert 0 < penalties(telling(one, article=2), telling(other))[penalty] < 1


def test_two_papers_are_never_one_story_unless_they_are_one_paper():
    title, summary = "Sparse Attention for Long-Context Retrieval", "We propose sparse attention for retrieval."

    assert not joined(f"{title} Revisited", title, summary, summary)
    assert joined(title, title, summary, summary)


def test_one_word_in_common_is_not_enough_and_neither_are_common_ones():
    assert not joined("Zanthoxylum", "Zanthoxylum")
    assert not joined("New AI model", "New AI model")


def test_an_article_joins_only_what_no_article_of_the_story_forbids():
    index = index_of(telling(LUMEN_TOO))
    new = telling(LUMEN, article=3)
    assert index.story_for(new, NOW)

    index.add(replace(telling(f"{LUMEN_TOO} after a delay", article=2), story_id=1), NOW)

    assert index.story_for(new, NOW) is None


def test_two_differences_keep_apart_what_one_only_makes_less_alike():
    one = "Nvidia invests in Lumen Photonics for optical links in data centres"
    other = "AMD sues Lumen Photonics over optical links in data centres"

    new, known = telling(one, article=2), telling(other)
    assert vetoes(new, known) == []
    assert list(penalties(new, known)) == ["other parties", "other events"]
    assert likeness(new, known) * prod(penalties(new, known).values()) > JOINS
    assert asked(new, known) is None

    assert joined(one, other.replace("AMD", "Nvidia"))
    assert joined(one, other.replace("sues", "backs"))


def test_a_follow_up_of_the_next_day_is_a_story_of_its_own():
    new = telling("Regulator to examine the stake in Lumen Photonics", "Nvidia paid too much.", article=2, hours=20)
    known = telling(LUMEN, "The start-up makes optical links, which replace copper in data centres.")

    assert vetoes(new, known) == []
    assert list(penalties(new, known)) == ["one alone is a follow-up", "not the same day"]
    assert likeness(new, known) > JOINS
    assert asked(new, known) is None


def test_languages_without_spaces_are_compared_by_pairs_of_letters():
    assert joined("ソニー、対話型AI「コトバ」を公開 日本語に特化", "ソニーが日本語特化の対話型AI「コトバ」を公開")
    assert not joined(
        "ソニー、対話型AI「コトバ」を公開 日本語に特化", "トヨタ、介護ロボットの実証実験を開始 来年販売へ"
    )


# Time


@pytest.mark.parametrize("hours", [47.9, 48.1])
def test_articles_more_than_48_hours_apart_never_tell_one_story(hours: float):
    match = asked(telling(LUMEN, article=2, hours=hours), telling(LUMEN_TOO))

    assert (match is None) is (hours > 48)


def test_a_story_that_began_more_than_48_hours_ago_takes_no_more_articles():
    index = StoryIndex()
    old, young = telling(LUMEN_TOO, hours=-50), telling(LUMEN_TOO, article=2, hours=-10)
    index.load([replace(old, story_id=1), replace(young, story_id=1)], NOW)
    assert len(index) == 1

    assert index.story_for(telling(LUMEN, article=3), NOW) is None
    assert index_of(young).story_for(telling(LUMEN, article=3), NOW)


def test_what_is_older_than_48_hours_is_let_go():
    index = index_of(telling(LUMEN_TOO))

    index.prune(NOW + WINDOW)
    assert len(index) == 1
    index.prune(NOW + WINDOW + timedelta(seconds=1))
    assert len(index) == 0
    assert index.story_for(telling(LUMEN, article=2), NOW) is None


def test_an_article_dated_in_the_future_counts_as_of_now_and_is_let_go_in_time():
    index = index_of(telling(LUMEN_TOO, hours=100_000))

    index.prune(NOW + WINDOW + timedelta(hours=2))

    assert len(index) == 0


# Keeping it true


def test_a_corrected_article_is_known_by_its_new_words_alone():
    index = index_of(telling(LUMEN_TOO))
    index.add(replace(telling("A choir in Wales sings"), story_id=1), NOW)

    assert len(index) == 1
    assert index.story_for(telling(LUMEN, article=2), NOW) is None


def test_a_forgotten_article_and_one_that_never_was_speak_for_nothing():
    index = index_of(telling(LUMEN_TOO))
    index.forget(1)
    index.forget(1)

    assert len(index) == 0
    assert index.story_for(telling(LUMEN, article=2), NOW) is None


def test_an_article_does_not_speak_for_itself():
    assert index_of(telling(LUMEN)).story_for(telling(LUMEN), NOW) is None


# Hostile text


def test_a_thousand_equal_headlines_of_one_feed_stay_a_thousand_stories():
    index = index_of(*(telling(LUMEN, article=number, source="spam.example") for number in range(1_000)))

    assert index.story_for(telling(LUMEN, article=2_000, source="spam.example"), NOW) is None


def test_of_a_story_that_a_thousand_sources_tell_few_are_compared(monkeypatch: pytest.MonkeyPatch):
    index = StoryIndex()
    index.load([replace(telling(LUMEN, article=number), story_id=1) for number in range(1_000)], NOW)
    compared = []
    compare = grouping._likeness
    monkeypatch.setattr(grouping, "_likeness", lambda one, other: compared.append(other) or compare(one, other))

    joins = index.story_for(telling(LUMEN_TOO, article=2_000), NOW)

    assert joins and joins.story_id == 1
    assert len(compared) <= MOST_MEMBERS


def test_as_many_articles_are_kept_as_promised_and_no_more(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(grouping, "MOST_ARTICLES", 3)
    index = index_of()

    for number in range(5):
        index.add(replace(telling(LUMEN, article=number), story_id=number), NOW)

    assert len(index) == 3
    joins = index.story_for(telling(LUMEN, article=9), NOW)
    assert joins and joins.story_id in {2, 3, 4}


WORDS = (
    *" .-/#'“%$€:  ", "GPT", "-", "4", "o", "3.5", "v", "mini", "Claude", "Opus", "AI", "é", "İ", "2 billion", "$3bn",
    "开源", "推迟", "발표", "コトバ", "in talks", "delays", "ﷺ", "٣", "Lumen", "Nvidia", "releases", "week",
)  # fmt: skip
TEXT = st.one_of(st.text(max_size=700), st.lists(st.sampled_from(WORDS), max_size=60).map("".join))
TELLINGS = st.builds(
    telling,
    TEXT,
    TEXT,
    article=st.integers(1, 30),
    source=st.sampled_from("abc"),
    hours=st.floats(-100, 100),
)


@given(st.lists(TELLINGS, max_size=12), TELLINGS)
def test_whatever_is_told_is_placed_and_the_same_again(known: list[Telling], new: Telling):
    once, twice = index_of(*known), index_of(*known)

    assert once.story_for(new, NOW) == twice.story_for(new, NOW) == once.story_for(new, NOW)


@given(st.lists(TELLINGS, max_size=12))
def test_no_story_spans_more_than_48_hours(known: list[Telling]):
    index = StoryIndex()
    times: dict[int, list[float]] = {}
    for number, told in enumerate(known):
        new = replace(told, article_id=number)
        joins = index.story_for(new, NOW)
        story_id = joins.story_id if joins else number
        index.add(replace(new, story_id=story_id), NOW)
        times.setdefault(story_id, []).append(min(new.at, NOW).timestamp())

    assert all(max(each) - min(each) <= WINDOW.total_seconds() for each in times.values())


@given(TELLINGS, TELLINGS)
def test_two_articles_are_as_alike_from_either_side(one: Telling, other: Telling):
    assert likeness(one, other) == likeness(other, one)
    assert 0 <= likeness(one, other) <= 1
    assert sorted(vetoes(one, other)) == sorted(vetoes(other, one))
    assert sorted(penalties(one, other).items()) == sorted(penalties(other, one).items())


@given(st.permutations(LUMEN.split()), st.permutations(LUMEN_TOO.split()))
def test_the_order_of_words_may_change(one: list[str], other: list[str]):
    assert likeness(telling(" ".join(one), article=2), telling(" ".join(other))) > JOINS
