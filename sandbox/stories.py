"""The demo's news: made-up sources and people, and one true story retold.

The story about DeepSeek R1 tells what was reported in January 2025; everybody else here is invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Source:
    """A made-up publication with one feed. ``kind`` is rss, atom or json."""

    key: str
    name: str
    about: str
    kind: str


@dataclass(frozen=True)
class Article:
    """One of a source. ``published`` is None for one that appears while the demo runs.

    ``points_to`` is the key of an article elsewhere whose story this one tells and whose address it gives.
    """

    key: str
    source: str
    title: str
    summary: str
    paragraphs: tuple[str, ...]
    picture: bool = False
    published: datetime | None = None
    points_to: str | None = None


GAZETTE = Source("open-weights", "The Open Weights Gazette", "News from models anyone may download.", "rss")
BETA = Source("closed-beta", "Closed Beta", "What the big labs ship, and what they keep.", "atom")
LEDGER = Source("ledger", "The Compute Ledger", "The money, the chips and the power behind AI.", "json")
INFERENCE = Source("long-inference", "The Long Inference", "Slow reading about fast machines.", "rss")
SOURCES = (GAZETTE, BETA, LEDGER, INFERENCE)

# There from the start, one for each feed.
STANDING = (
    Article(
        "deepseek-r1",
        GAZETTE.key,
        "January 2025: DeepSeek gives R1 away under the MIT licence, and the giants do their sums again",
        "As of January 2025: DeepSeek, a young Chinese lab that grew out of a trading firm, has published R1 with open "
        "weights under the MIT licence and says training cost about five million dollars. Admirers call it proof that "
        "openness wins; doubters question the bill and the chips behind it.",
        (
            "From our archive, as things stood in late January 2025. Until this month the accepted price of a seat at "
            "the top table of artificial intelligence was counted in billions. Then a team of mathematicians with a "
            "background in quantitative trading put a model called R1 on the internet, let anyone download it, and "
            "named a figure for its training that would not cover a large lab’s electricity: around five million "
            "dollars.",
            "Developers reported results in the class of the best closed systems and began building on it within days, "
            "from coding helpers to companions; one said that two hundred thousand queries had cost fifty cents.",
            "Not everyone believes the story. Some investors suspect an attempt to undercut American spending, and a "
            "rival’s chief executive suggested that restricted Nvidia hardware was involved. Neither claim has been "
            "proved. Meta’s head of AI drew another line: the contest, in his view, is not between two countries but "
            "between open and closed.",
            "Whether the great data centres are now a mistake is a different question. Training may have become cheap, "
            "yet a model that everyone can afford is a model that everyone runs, and someone has to run it. At "
            "Y Combinator the bet is that demand will outgrow the savings a hundredfold.",
            "So: team open source or team proprietary? The argument has only begun.",
        ),
        picture=True,
        published=datetime(2025, 1, 27, 9, 0, tzinfo=UTC),
    ),
    Article(
        "halcyon-memory",
        BETA.key,
        "Halcyon’s proprietary assistant now remembers you. Erasing it takes one button and thirty days",
        "The lab’s paid assistant keeps a diary about its users to answer better. A new page shows every entry; "
        "deleting them is a single click, but copies stay in backups for a month.",
        (
            "Halcyon Systems has switched on long-term memory for all paying customers. The assistant notes "
            "preferences, projects and names in short entries that users can read, correct and delete.",
            "Privacy lawyers welcomed the page and criticised the small print: what is deleted disappears from answers "
            "at once, yet remains in encrypted backups for thirty days. Halcyon says nobody can search those.",
        ),
        picture=True,
    ),
    Article(
        "power-purchase",
        LEDGER.key,
        "Three labs have booked more electricity than Estonia uses, filings show",
        "Long-term power contracts signed this year add up to nine terawatt-hours. Most of it is wind, some of it does "
        "not exist yet, and the grid operators would like to know when it will be needed.",
        (
            "The contracts run for fifteen years on average and tie the buyers to wind parks in the north and two "
            "reactors that have yet to be licensed.",
            "Grid operators complain that the labs reserve capacity in several places and decide late. A shared "
            "calendar, proposed this week, would oblige them to commit eighteen months ahead.",
        ),
    ),
    Article(
        "benchmarks-tired",
        INFERENCE.key,
        "The exam everybody passes: how a famous benchmark stopped telling models apart",
        "When twelve systems score above ninety-seven per cent, the remaining mistakes are mostly the examiners’. Its "
        "authors are retiring the test and ask for something that cannot be learnt by heart.",
        (
            "A good examination separates. This one, written four years ago by a group of teachers, has become a "
            "formality: open and closed models alike fill in the right bubbles, and half of the wrong answers turn out "
            "to be errors in the key.",
            "Its authors propose oral exams: questions that follow from the previous answer. They are expensive, slow, "
            "and so far impossible to memorise.",
        ),
        picture=True,
    ),
)

# Published one by one while the demo runs.
COMING = (
    Article(
        "kestrel-7b",
        GAZETTE.key,
        "Kestrel 7B: open weights that fit on a phone and know when to keep quiet",
        "A university group has released a small model that answers “I don’t know” instead of guessing. Weights, data "
        "list and training logs are public; the Apache 2.0 licence forbids next to nothing.",
        (
            "Kestrel was trained to weigh its own certainty. On questions outside its data it declines four times in "
            "five, where models of its size usually invent something.",
            "The group published everything needed to repeat the run, which took eleven days on borrowed machines.",
        ),
        picture=True,
    ),
    Article(
        "meridian-price",
        BETA.key,
        "Meridian’s flagship stays API only, at half the price and with half the context",
        "From Monday the lab’s largest proprietary model costs half as much per word. Its weights stay where they are, "
        "and anything beyond a hundred pages is billed at the old rate.",
        (
            "The company calls it the most requested change of the year. Customers who summarise contracts and case "
            "files are less enthusiastic.",
            "Rivals have not reacted yet. Two resellers lowered their prices within the hour.",
        ),
    ),
    Article(
        "kestrel-read",
        INFERENCE.key,
        "A model that says “I don’t know”: Kestrel’s open weights, read slowly",
        "The Gazette has the release; here is what it means. A machine that declines is worth more to a teacher than "
        "one that guesses well, and with the training logs public anyone can see how it learnt modesty.",
        (
            "Most of the training went into a single habit: stopping. The logs show the week in which the model "
            "learnt it, and the day on which it overdid it and declined to add two and three.",
            "Whether a closed lab would have published that day is a question we leave to our readers.",
        ),
        points_to="kestrel-7b",
    ),
    Article(
        "chip-resale",
        LEDGER.key,
        "Second-hand accelerators lose a third of their value in a quarter",
        "Brokers report full warehouses after two cloud companies renewed their halls at once. For small labs this is "
        "the cheapest hardware in years.",
        (
            "A card that cost twenty thousand in spring changes hands for less than six. Brokers blame a hardware "
            "generation that arrived early.",
            "Research groups are organising joint purchases. The catch is power: the older cards use twice as much for "
            "the same work.",
        ),
        picture=True,
    ),
    Article(
        "library-model",
        INFERENCE.key,
        "A national library trains its own model, and lends the weights like a book",
        "Forty million digitised pages, no scraped web, and a reading card as the only password: one library’s answer "
        "to who owns the past.",
        (
            "The librarians asked every living author. Sixty-one per cent agreed, nine per cent wanted to be paid, the "
            "rest did not answer and are not in the data.",
            "Users borrow the model for two weeks. Late returns cost nothing, but the queue is long.",
        ),
        picture=True,
    ),
    Article(
        "licence-wars",
        GAZETTE.key,
        "“Open” with an asterisk: four licences for open weights, four meanings",
        "A comparison of this month’s releases finds that one forbids competitors, one large companies, one the "
        "military and one nothing at all. All four call themselves open.",
        (
            "Lawyers who read licences for a living count eleven clauses that users break without noticing, above all "
            "the duty to keep the model’s name in that of every derivative.",
            "A foundation wants to certify the word. Two of the four publishers have said they would rather rename "
            "their releases than change them.",
        ),
    ),
    Article(
        "voice-recall",
        BETA.key,
        "Solace’s closed assistant loses a voice after its owner recognises herself",
        "The assistant spoke like a radio presenter who had never been asked. The lab calls the likeness an accident "
        "and the recording studio’s fault; the presenter wants to see the tapes.",
        (
            "Within a day of the release listeners had named the presenter. Solace replaced the voice by Sunday.",
            "Her lawyers have requested the casting notes. A bill that would protect voices like faces goes into its "
            "second reading next month.",
        ),
        picture=True,
    ),
    Article(
        "hospital-local",
        GAZETTE.key,
        "Eleven hospitals leave the API for a self-hosted open model in their own cellar",
        "Letters to patients are now drafted by an open model that never leaves the building. Doctors save forty "
        "minutes a day, says a first evaluation; the lawyers sleep better.",
        (
            "The hospitals compared three hosted services with one open model on two servers. The services wrote "
            "a little better, and none could promise where the data would lie.",
            "The evaluation covers ten weeks and four hundred doctors. Corrections took longest for dosages, which the "
            "system is no longer allowed to write.",
        ),
    ),
    Article(
        "water-bill",
        LEDGER.key,
        "A desert town asks its data centre to drink less",
        "Cooling takes a fifth of the municipal water in August. The operator offers a closed circuit by next summer, "
        "for a discount on property tax.",
        (
            "The council published the figures after a dry spring. The operator had treated them as a trade secret.",
            "Closed circuits need more power but almost no water. Whether the exchange is a good one depends on who "
            "pays for the power.",
        ),
        picture=True,
    ),
    Article(
        "translator-strike",
        INFERENCE.key,
        "The translators who correct machines want their names back",
        "Most subtitles are now drafted by software and repaired by people. The people have noticed that only the "
        "software is credited.",
        (
            "A guild of subtitlers has stopped work for three days. It asks for little: a line at the end of the film.",
            "Studios reply that nobody reads the credits. The guild answers that in this case they cost nothing.",
        ),
    ),
    Article(
        "meridian-audit",
        BETA.key,
        "Meridian lets auditors see its proprietary model, on its own premises and without phones",
        "Five experts had two weeks with the lab’s unreleased model. Their report is eight pages long and contains "
        "seven recommendations, of which four have been accepted.",
        (
            "The auditors praise the access and regret its terms: they could run experiments but keep no results.",
            "Open-model groups point out that anyone can audit theirs on a rainy Sunday. Meridian replies that this is "
            "true for attackers too.",
        ),
        picture=True,
    ),
    Article(
        "cooperative-cluster",
        LEDGER.key,
        "Sixty universities pool their machines, and their waiting lists",
        "A cooperative makes one cluster out of many small ones. The first common run, a model for weather, starts in "
        "autumn; who comes second is decided by lot.",
        (
            "Members pay in hours, not money. Software that moves a training run overnight from one campus to the next "
            "follows cheap electricity across time zones.",
            "Industry may join, but its hours count half. Two companies have applied nevertheless.",
        ),
    ),
    Article(
        "why-popcorn",
        INFERENCE.key,
        "Open or closed? Why the argument never ends, and why that is good news",
        "Each side is right about the other’s weakness. As long as both keep score, says our columnist, the rest of us "
        "get better machines.",
        (
            "Closed laboratories moved first, spend most and answer to somebody. Open ones are checked by everybody, "
            "copied by everybody and cannot be switched off. Every strength is the reverse of a worry.",
            "The contest keeps prices falling and excuses short. Bring popcorn.",
        ),
        picture=True,
    ),
)
