"""What members and admins see. Speaks Discord and decides nothing."""

EXTENSIONS = (
    "cogs.posting",
    "cogs.rounds",
    "cogs.feeds",
    "cogs.polls",
    "cogs.voting",
    "cogs.threads",
    "cogs.takes",
    "cogs.answers",
    "cogs.recaps",
    "cogs.debates",
    "cogs.members",
    "cogs.stories",
    "cogs.healing",
    "cogs.alerts",
    "cogs.ops",
)
