"""The questions that open a discussion: one to each side, about this very story.

They ask about what the article names, in its words, and claim nothing about it beyond that it is named there: a price
may be a rival's. Where nothing is known they hold for any story. No model writes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from newsroom.models import Side
from newsroom.stories.facts import LONGEST_FACT, Facts

LONGEST_QUESTION = 200
"""UTF-16 code units."""

_OPEN: Mapping[str, Sequence[str]] = {
    "licence": (
        "The article names the licence {}. What would you build on that, once nobody can take it away from you?",
        "Is {} open enough for you, or do the training data have to come along as well?",
        "If {} lets everybody take a model, who pays for the next one?",
        "With {} in the small print, would you build a company on it, and who helps you when it breaks?",
        "What would {} have to say before you called it truly open?",
    ),
    "product": (
        "What would you do with {} if its weights were yours, that no API lets you do?",
        "Open or closed: which of the two does {} help, and why?",
        "Would you run {} on a machine of your own, given the choice? What for?",
        "Who checks what is inside {}: those who made it, or everybody?",
    ),
    "size": (
        "{}: could you run that at home, and is it open if nobody can?",
        "The article says {}. Would you rather have something smaller that runs on your own machine?",
        "{} to download: freedom, or just a very large file?",
        "What does {} get you that a good small model doesn't?",
    ),
    "context": (
        "Context: {}. What would you put in there that you would never send to somebody else's server?",
        "Do you need {} of context, or is that a figure for advertisements?",
        "With {} of context on your own machine, which paid service would you give up first?",
        "Would {} of context fit on a machine of yours, or is that where data centres win?",
    ),
    "price": (
        "The article names {}. What does it really cost to run something as good yourself?",
        "{}: is that what you would pay, or the reason why you run your own?",
        "If {} became free tomorrow because somebody opened their weights, who would lose most?",
        "Is {} the price of a model, or of not having to look after one?",
    ),
    "lab": (
        "If {} gave everything away, code, weights and data, who would gain most?",
        "Would you trust {} more if everybody could look inside?",
        "What should {} open first, and what would the rest of us do with it?",
        "Does {} need open models more than open models need {}?",
    ),
}
_PROPRIETARY: Mapping[str, Sequence[str]] = {
    "licence": (
        "Anybody may read what {} allows. What do you sell that still wins against that?",
        "The article names the licence {}. Would you sign off on it at work, or rather pay for somebody to call?",
        "Does a licence such as {} help those who abuse a model as much as those who build on it?",
        "Who answers for it when something under {} goes wrong?",
    ),
    "product": (
        "What makes {} worth paying for, once something nearly as good is free?",
        "Is it safer if only its maker can change {}? For whom?",
        "Would you stay with {} if its price doubled, and how hard would it be to leave?",
        "What does whoever keeps {} behind an API know that the open side doesn't?",
    ),
    "size": (
        "{}: isn't it easier to rent that than to own it?",
        "The article says {}. Is it size that makes a model worth paying for, or something else?",
        "Who can afford to train {} without selling access to it?",
        "If {} is what it takes, will there be more than a handful who can do it?",
    ),
    "context": (
        "Context: {}. Would you send that much of your own to somebody else's server?",
        "Is {} of context what you pay a service for, or what you stop noticing after a week?",
        "Which work of yours would {} of context change, if somebody else ran it for you?",
        "Can anybody offer {} of context cheaper than those with the largest data centres?",
    ),
    "price": (
        "{}: for what would you pay that, and for what never?",
        "The article names {}. Cheap, fair or a trap, once everything of yours depends on it?",
        "What has to come with {} for you to leave the free models alone?",
        "How much below {} does an open model have to be before you go to the trouble?",
    ),
    "lab": (
        "If the weights stay closed, what does {} sell you that you could not run yourself?",
        "Would {} be where it is today if it had given everything away?",
        "What would {} have to do for you to trust it with what you never publish?",
        "If {} switched its service off tomorrow, what would you lose?",
    ),
}
_ANY: Mapping[Side, Sequence[str]] = {
    Side.OPEN: (
        "If everybody could look inside and build on it, how would this story go on?",
        "What in this story would be different if it were all open?",
        "Does this story make you want to run things yourself more, or less?",
        "What should those in this story open up first?",
    ),
    Side.PROPRIETARY: (
        "What in this story would you pay for, and whom?",
        "Does this story speak for leaving it to those who do it for a living?",
        "Who in this story has a good reason to keep something to themselves?",
        "If the weights stay closed, who should answer for what happens here?",
    ),
}


def questions_for(story_id: int, facts: Facts) -> dict[Side, str]:
    """Ask the open and the proprietary side a question each, in plain text of at most LONGEST_QUESTION code units.

    For a story and its facts they are always the same ones; the next story gets others. The sides are asked about
    different facts where two are known.
    """
    known = facts.known
    asked = {}
    for number, (side, templates) in enumerate(((Side.OPEN, _OPEN), (Side.PROPRIETARY, _PROPRIETARY))):
        if known:
            fact = known[(story_id + number) % len(known)]
            choices = templates[fact]
            named = getattr(facts, fact)[:LONGEST_FACT].strip()
        else:
            choices, named = _ANY[side], ""
        asked[side] = choices[(story_id // max(len(known), 1) + number) % len(choices)].replace("{}", named)
    return asked
