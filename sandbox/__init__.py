"""A Discord to run the bot against without Discord, and a page to look at it."""
