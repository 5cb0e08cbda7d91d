"""Answers: the button Ask, /ask, Check against the article, and mentions in threads of ours."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import discord
from discord import app_commands
from discord.ext import commands, tasks
from discord.utils import utcnow

from cogs.callers import SPEAKING, guild_of, require_in, sees_of
from cogs.discussions import Discussions
from cogs.story_option import seeker, story_choices
from cogs.views import answers as views
from cogs.views.buttons import button_item
from cogs.views.panels import Reply
from cogs.views.replies import explain
from cogs.views.takes import filled
from newsroom.answers.answers import Answers, Question
from newsroom.discussion.story_finder import StoryFinder
from newsroom.discussion.threads import Discussed
from newsroom.errors import RequestRefused, StoreError
from newsroom.models import Ask, AskKind
from newsroom.tasks import Pulse, Tasks
from newsroom.text import clean

if TYPE_CHECKING:
    from cogs.newsbot import NewsBot

log = logging.getLogger(__name__)

SWEEP_EVERY = 5.0  # seconds
LAST_ANSWERS = 2.0
LONGEST_REQUEST = 10.0


class AnswersCog(commands.Cog, name="Answers"):
    """Takes questions and shows what they were answered; to the asker alone, unless asked in public."""

    def __init__(
        self,
        answers: Answers,
        finder: StoryFinder,
        discussions: Discussions,
        client: discord.Client,
        tree: app_commands.CommandTree[Any],
        pulse: Pulse,
        now: Callable[[], datetime] = utcnow,
    ) -> None:
        self._answers = answers
        self._finder = finder
        self._discussions = discussions
        self._client = client
        self._tree = tree
        self._pulse = pulse
        self._now = now
        self._tasks = Tasks()
        self.menu = app_commands.ContextMenu(name="Check against the article", callback=self._check)
        self.menu.guild_only = True
        self.items = (
            button_item(views.ASK_TEMPLATE, self._open_form),
            button_item(views.SHARE_TEMPLATE, self._share),
        )

    async def cog_load(self) -> None:
        self._tree.add_command(self.menu)

    async def cog_unload(self) -> None:
        self._tree.remove_command(self.menu.name, type=self.menu.type)
        self.sweep.cancel()
        await self._tasks.join(LAST_ANSWERS)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        if not self.sweep.is_running():
            self.sweep.start()

    # ----------------------------------------------------------------------------------- asking

    async def _open_form(self, interaction: discord.Interaction[Any], mark: str) -> None:
        card = await self._answers.card_of_mark(mark, guild_of(interaction))
        has_model = await self._answers.has_model(guild_of(interaction))
        form = views.AskForm(mark, card.headline, has_model=has_model)
        await interaction.response.send_modal(form)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Read the form of a question, also one that was opened before a restart."""
        data: Any = interaction.data or {}
        form, _, mark = str(data.get("custom_id", "")).partition(":")
        if interaction.type is not discord.InteractionType.modal_submit or form != views.ASK_FORM:
            return
        try:
            await interaction.response.defer(ephemeral=True, thinking=True)
            card = await self._answers.card_of_mark(mark, guild_of(interaction))
            await self._answer(interaction, card, filled(data).get("question", ""))
        except Exception as error:
            await explain(interaction, error)

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.describe(
        question="What you want to know",
        story="About which story; this thread's, or the one that fits best, if left out",
    )
    async def ask(
        self, interaction: discord.Interaction, question: app_commands.Range[str, 3, 500], story: str | None = None
    ) -> None:
        """Ask about a story; the article answers, only to you."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        card = await self._finder.meant(seeker(interaction), story, wanted=lambda channel: channel.ask, words=question)
        await self._answer(interaction, card, question)

    @ask.autocomplete("story")
    async def _stories(self, interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await story_choices(self._finder, interaction, typed)

    async def _check(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        guild_id = guild_of(interaction)
        found = await self._answers.statement_of(guild_id, message.id)
        if found is not None:
            statement, card = found
        else:
            statement, here = clean(message.content), await self._finder.here(seeker(interaction))
            if here is None:
                raise RequestRefused("I check what is said in a story's thread, and this is none.")
            card = here
        if not statement:
            raise RequestRefused("That message has no words to check.")
        await self._answer(interaction, card, statement, checked_id=message.id)

    async def _answer(
        self,
        interaction: discord.Interaction[Any],
        card: Discussed,
        text: str,
        checked_id: int | None = None,
    ) -> None:
        question = Question(
            guild_of(interaction),
            interaction.user.id,
            text,
            interaction.channel_id or card.place_id,
            AskKind.QUESTION if checked_id is None else AskKind.CHECK,
            checked_id=checked_id,
            application_id=interaction.application_id,
            token=interaction.token,
        )
        ask = await self._answers.begin(question, card.card.id)
        try:
            answered = await self._answers.finish(ask, sees_of(interaction))
        except Exception:
            await self._answers.settle(ask)
            raise
        await self._tell(ask, views.answer_reply(answered), interaction.edit_original_response)
        await self._answers.tell_rests(ask.guild_id)

    async def _tell(self, ask: Ask, reply: Reply, edit: Callable[..., Awaitable[object]]) -> None:
        """Show an asker what came of a question. What Discord may take a little later is shown by the next sweep."""
        try:
            async with asyncio.timeout(LONGEST_REQUEST):
                await edit(**reply.edit())
        except discord.NotFound as error:
            log.info("the asker of question %d can't be told: %r", ask.id, error)
        except (discord.HTTPException, discord.RateLimited, OSError, TimeoutError) as error:
            if isinstance(error, discord.HTTPException) and error.status != 429 and error.status < 500:
                await self._answers.settle(ask)
                raise
            log.warning("the asker of question %d was not told yet: %r", ask.id, error)
            return
        await self._answers.settle(ask)

    async def _share(self, interaction: discord.Interaction[Any], mark: str) -> None:
        await interaction.response.defer()
        guild_id, member_id = guild_of(interaction), interaction.user.id
        # Through us nobody gets to say something where they may not.
        require_in(interaction, await self._answers.channel_to_share_in(mark, guild_id, member_id), *SPEAKING)
        thread_id = await self._answers.share(mark, guild_id, member_id)
        await interaction.edit_original_response(view=None)
        await interaction.followup.send(**Reply(f"Shared in <#{thread_id}>.").send())
        await self._discussions.nudge()

    # --------------------------------------------------------------------------------- mentions

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Answer a member who mentions us in a thread of ours; nobody else, and no other bot."""
        me = self._client.user
        if message.author.bot or message.webhook_id is not None or message.guild is None or me is None:
            return
        if not isinstance(message.channel, discord.Thread) or f"<@{me.id}>" not in message.content:
            return
        text = message.content.replace(f"<@{me.id}>", " ")
        question = Question(message.guild.id, message.author.id, text, message.channel.id, reply_to=message.id)
        try:
            ask = await self._answers.mentioned(question)
        except StoreError as error:
            log.warning("a mention in thread %d was not answered: %s", message.channel.id, error)
            return
        if ask is None:
            await self._discussions.nudge()
        else:
            self._tasks.start(("mention", ask.id), partial(self._finish_in_public, ask))

    async def _finish_in_public(self, ask: Ask) -> None:
        try:
            await self._answers.finish(ask)
        except RequestRefused as error:
            await self._answers.decline(ask, str(error))
        await self._discussions.nudge()
        await self._answers.tell_rests(ask.guild_id)

    # -------------------------------------------------------------------------- after a crash

    @tasks.loop(seconds=SWEEP_EVERY)
    async def sweep(self) -> None:
        await self._pulse.beat(self._take_over)

    async def _take_over(self) -> None:
        """Answer what another process was about to, or say that nothing came of it."""
        self._pulse.stuck += self._tasks.end_stuck(self._answers.lease.total_seconds())
        for ask, again in await self._answers.take_abandoned():
            self._tasks.start(("take over", ask.id), partial(self._answer_late, ask, again=again))

    async def _answer_late(self, ask: Ask, *, again: bool) -> None:
        if ask.reply_to is not None:
            if again:
                await self._finish_in_public(ask)
            else:
                await self._answers.decline(ask, views.SORRY)
                await self._discussions.nudge()
            return
        reply = Reply(views.SORRY)
        if again:
            try:
                reply = views.answer_reply(await self._answers.finish(ask))
            except RequestRefused as error:
                reply = Reply(str(error))
        # An answer may stand there already, so no apology takes its place.
        was_told = ask.answer is not None and not again
        if ask.application_id is None or ask.token is None or was_told:
            await self._answers.settle(ask)
            return
        hook = discord.Webhook.partial(ask.application_id, ask.token, client=self._client)
        # discord.py passes the name of the reply on as if it were an id.
        await self._tell(ask, reply, partial(hook.edit_message, cast(int, "@original")))


async def setup(bot: NewsBot) -> None:
    newsroom = bot.newsroom
    answers = AnswersCog(
        newsroom.answers,
        newsroom.story_finder,
        bot.discussions,
        bot,
        bot.tree,
        bot.pulse("answers", SWEEP_EVERY),
    )
    bot.add_dynamic_items(*answers.items)
    await bot.add_cog(answers)
