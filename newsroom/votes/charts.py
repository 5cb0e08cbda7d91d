"""The chart of how a guild's standing moved: one line for each side, drawn in a worker process.

matplotlib takes a second to load and 80 MB to keep, so it lives in that process alone, and from the first chart on.
"""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING

from newsroom.errors import ChartFailed
from newsroom.models import Side, Standing
from newsroom.text import clean, listed, shorten
from newsroom.workers import JobFailed, WorkerProcess

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

logger = logging.getLogger(__name__)

MOST_MEMORY = 2 * 1024**3
"""Bytes of address space the worker may have. matplotlib and what it brings take an eighth of that."""

MOST_CHARTS = 100
"""Charts one worker draws before a fresh one takes over."""

LONGEST_ALT_TEXT = 1024
"""UTF-16 code units that Discord takes as the description of a picture."""

LONGEST_NAME = 24
"""UTF-16 code units of a side's name that stand beside its line."""

WIDTH, HEIGHT = 800, 560
"""Pixels. A phone shows the chart at less than half of that, so all writing in it is large."""

_SHORT = timedelta(days=2)
"""A course shorter than this is told by the hour."""


@dataclass(frozen=True, slots=True)
class Course:
    """How the standing of a guild moved: what a chart shows.

    ``points`` are in order of time and at least one. ``labels`` are what the guild calls open, proprietary and
    depends; the last has a line only ``with_depends``.
    """

    points: tuple[tuple[datetime, Standing], ...]
    labels: tuple[str, str, str]
    with_depends: bool

    @property
    def first(self) -> datetime:
        return self.points[0][0]

    @property
    def last(self) -> datetime:
        return self.points[-1][0]

    @property
    def is_short(self) -> bool:
        return self.last - self.first < _SHORT

    def lines(self) -> Iterator[tuple[Side, str, list[int]]]:
        """Each side that has a line, with the guild's name for it and its count at every point."""
        for side, label in zip((Side.OPEN, Side.PROPRIETARY, Side.DEPENDS), self.labels, strict=True):
            if side is not Side.DEPENDS or self.with_depends:
                yield side, label, [getattr(teams, side) for _, teams in self.points]


class Charts:
    """Draws charts in a worker process, one after another, each in at most ``seconds``."""

    def __init__(self, *, seconds: float = 20.0) -> None:
        # The first chart of a worker waits for matplotlib, which on its first run looks at every font there is.
        self._process = WorkerProcess("charts", seconds=seconds, memory=MOST_MEMORY, most_jobs=MOST_CHARTS)

    async def draw(self, course: Course) -> bytes:
        """Draw a course as PNG. Raises ChartFailed, whatever goes wrong."""
        try:
            return await self._process.run(_draw_alone, course)
        except JobFailed as error:
            logger.warning("A chart could not be drawn", exc_info=error)
            raise ChartFailed("The chart could not be drawn. The figures stand without it.") from error

    async def close(self) -> None:
        """End the worker, after the chart that it is drawing. Those that wait fail."""
        await self._process.close()


def alt_text(course: Course) -> str:
    """Say in words what the chart shows, for members who don't see it: where each line began and where it ended.

    At most two sentences, of at most LONGEST_ALT_TEXT UTF-16 code units.
    """
    lines = [(clean(label), counts[0], counts[-1]) for _, label, counts in course.lines()]
    if course.first == course.last:
        standing = listed([f"{name} {_number(last)}" for name, _, last in lines])
        text = f"Members by side on {_moment(course, course.last)}: {standing}."
    else:
        moves = listed([f"{name} from {_number(first)} to {_number(last)}" for name, first, last in lines])
        begin, end = _moment(course, course.first), _moment(course, course.last)
        text = f"Line chart of members by side from {begin} to {end}. {moves}."
    return shorten(text, LONGEST_ALT_TEXT)


def _number(count: int) -> str:
    return f"{count:,}"


def _date(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


def _moment(course: Course, moment: datetime) -> str:
    return f"{_date(moment)}, {moment:%H:%M} UTC" if course.is_short else _date(moment)


# From here on: how the chart is drawn. One unit of length is one pixel, and heights count from below.

_GROUND, _GRID, _QUIET, _LOUD = "#1E2128", "#3A3F4A", "#A9AFBA", "#F2F3F5"


@dataclass(frozen=True, slots=True)
class _Style:
    """How a side's line looks: colour is never all that tells two apart. ``name`` is for labels we can't write."""

    colour: str
    dashes: str | tuple[int, tuple[float, ...]]
    marker: str
    name: str


# Blue and orange of Okabe and Ito, which all kinds of colour vision tell apart; the light blue, for a dark ground.
_STYLES = {
    Side.OPEN: _Style("#56B4E9", "-", "o", "Open source"),
    Side.PROPRIETARY: _Style("#E69F00", (0, (2.6, 1.3)), "s", "Proprietary"),
    Side.DEPENDS: _Style("#C4C9D1", (0, (1.0, 1.1)), "^", "It depends"),
}

_MARGIN = 36
_TOP, _BOTTOM = 460, 64
"""Where the scale of counts ends and begins."""

_WIDEST_NAME = 250
_NAME_SIZE, _NUMBER_SIZE, _SCALE_SIZE = 25, 36, 24
_LABEL_HEIGHT = 78
"""Of a number with the name below it."""
_LEADER = 46
"""From the end of a line to its label."""

_WIDEST_TICK = 125

_SIGNS = 8
"""How often a line bears its sign."""

_MOMENT = timedelta(minutes=10)
"""A course shorter than this has one tick: there is nothing to tell apart."""
_MANY_DAYS = timedelta(days=200)
"""A course longer than this is told by the month."""


def _draw_alone(course: Course) -> bytes:
    """Runs in the worker."""
    # Before numpy is loaded, which otherwise starts a thread, with memory of its own, for each processor.
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
    return draw(course)


def draw(course: Course) -> bytes:
    """Draw a course as PNG of WIDTH by HEIGHT pixels. Belongs into a worker process: it loads matplotlib."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72, facecolor=_GROUND)
    names = {side: _name(figure, label, _STYLES[side].name) for side, label, _ in course.lines()}
    frame = _frame(figure, course, names)
    _write(figure, _MARGIN, HEIGHT - 44, "Members by side", _LOUD, 28, weight="bold")
    _write(figure, WIDTH - _MARGIN, HEIGHT - 44, _dates(course), _QUIET, _SCALE_SIZE, ha="right")
    _draw_lines(figure, frame, course)
    _write_starts(figure, frame, course)
    _write_ends(figure, frame, course, names)

    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where things go. The time runs from ``begin`` to ``end``; the ticks of the scale of counts are ``scale``."""

    left: float
    begin: float
    end: float
    scale: tuple[int, ...]

    def height(self, count: int) -> float:
        return _BOTTOM + (_TOP - _BOTTOM) * count / self.scale[-1]


def _frame(figure: Figure, course: Course, names: Mapping[Side, str]) -> _Frame:
    """Give the writing the room that it needs, and the lines the rest."""
    from matplotlib.ticker import MaxNLocator

    counts = [counts for _, _, counts in course.lines()]
    most = max(max(line) for line in counts)
    ticks = MaxNLocator(5, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1).tick_values(0, max(most, 1))
    scale = tuple(round(tick) for tick in ticks)
    left = _MARGIN + 12 + _width(figure, _number(scale[-1]), _SCALE_SIZE)
    starts = max(_width(figure, _number(line[0]), _SCALE_SIZE, weight="bold") for line in counts)
    ends = max(_width(figure, _number(line[-1]), _NUMBER_SIZE, weight="bold") for line in counts)
    labels = max(ends, *(_width(figure, name, _NAME_SIZE) for name in names.values()))
    return _Frame(left, left + starts + 32, WIDTH - _MARGIN - labels - _LEADER, scale)


def _draw_lines(figure: Figure, frame: _Frame, course: Course) -> None:
    width = frame.end - frame.left
    axes = figure.add_axes((frame.left / WIDTH, _BOTTOM / HEIGHT, width / WIDTH, (_TOP - _BOTTOM) / HEIGHT))
    axes.set_facecolor("none")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, pad=12, labelsize=_SCALE_SIZE, labelcolor=_QUIET)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=_GRID, linewidth=2)
    axes.set_ylim(0, frame.scale[-1])
    axes.set_yticks(frame.scale, [_number(count) for count in frame.scale])

    moments = [moment.timestamp() for moment, _ in course.points]
    span = moments[-1] - moments[0] or 1  # a single moment stands at the end of nothing
    axes.set_xlim(moments[-1] - span * width / (frame.end - frame.begin), moments[-1])
    ticks = _ticks(course, most=(frame.end - frame.begin) / _WIDEST_TICK)
    axes.set_xticks([tick.timestamp() for tick in ticks], [_tick_label(course, tick) for tick in ticks])

    apart = max(len(moments) // _SIGNS, 1)
    for turn, (side, _, counts) in enumerate(course.lines()):
        style = _STYLES[side]
        # Both ends of a line have its sign, and so have some points between, not the same as those of other lines.
        for every, line, size in (((turn * apart // 3, apart), style.dashes, 11), ([0, -1], "none", 16)):
            axes.plot(
                moments, counts, color=style.colour, linestyle=line, linewidth=4.5, clip_on=False, zorder=3 + turn / 4,
                marker=style.marker, markersize=size, markeredgecolor=_GROUND, markeredgewidth=2, markevery=every,
            )  # fmt: skip


def _ticks(course: Course, most: float) -> list[datetime]:
    """The round moments that the scale of time names, where ``most`` have room side by side, the latest first.

    If hardly any time went by it names the last moment alone.
    """
    from matplotlib.dates import AutoDateLocator, num2date

    span = course.last - course.first
    if span < _MOMENT:
        return [course.last]
    locator = AutoDateLocator(tz=UTC, minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    days = locator.tick_values(course.first, course.last)  # type: ignore[no-untyped-call]
    moments = num2date(days, tz=UTC)  # type: ignore[no-untyped-call]
    ticks = [moment for moment in reversed(moments) if course.first <= moment <= course.last]
    # They aren't all equally far apart: the day after a 31st may be one.
    while any(later - earlier < span / most for later, earlier in pairwise(ticks)):
        ticks = ticks[::2]
    return ticks


def _tick_label(course: Course, tick: datetime) -> str:
    if tick.hour or tick.minute:
        return f"{tick:%H:%M}"
    return f"{tick:%b %Y}" if course.last - course.first > _MANY_DAYS else f"{tick.day} {tick:%b}"


def _write_starts(figure: Figure, frame: _Frame, course: Course) -> None:
    """Write where each line began; once for all lines that began together."""
    if course.first == course.last:
        return
    colours: dict[int, str] = {}
    for side, _, counts in course.lines():
        colours[counts[0]] = _LOUD if counts[0] in colours else _STYLES[side].colour
    heights = _spread([frame.height(count) for count in colours], gap=_SCALE_SIZE + 4)
    for (count, colour), height in zip(colours.items(), heights, strict=True):
        _write(figure, frame.begin - 16, height, _number(count), colour, _SCALE_SIZE, weight="bold", ha="right")


def _write_ends(figure: Figure, frame: _Frame, course: Course, names: Mapping[Side, str]) -> None:
    """Write each line's last count and its name where the line ends, and lead there if others take that place."""
    from matplotlib.lines import Line2D

    lines = list(course.lines())
    wanted = [frame.height(counts[-1]) for _, _, counts in lines]
    heights = _spread(wanted, gap=_LABEL_HEIGHT, lowest=_BOTTOM + 16)
    for (side, _, counts), end, height in zip(lines, wanted, heights, strict=True):
        x = frame.end + _LEADER
        ends = (frame.end + 12, x - 10), (end, height)
        figure.add_artist(Line2D(*ends, color=_STYLES[side].colour, linewidth=2, transform=None))
        _write(figure, x, height + 16, _number(counts[-1]), _STYLES[side].colour, _NUMBER_SIZE, weight="bold")
        _write(figure, x, height - 19, names[side], _LOUD, _NAME_SIZE)


def _spread(wanted: Sequence[float], *, gap: float, lowest: float = _BOTTOM) -> list[float]:
    """Move heights as little as it takes to lie ``gap`` apart and on the scale. Of equal ones the first goes on top."""
    order = sorted(range(len(wanted)), key=lambda at: (wanted[at], -at))
    free = [wanted[at] - gap * place for place, at in enumerate(order)]
    placed = [0.0] * len(wanted)
    for place, at in enumerate(order):
        # Those that would overlap share the middle of the places they want.
        shared = max(min(fmean(free[low : high + 1]) for high in range(place, len(free))) for low in range(place + 1))
        placed[at] = min(max(shared, lowest), _TOP - gap * (len(free) - 1)) + gap * place
    return placed


def _write(
    figure: Figure, x: float, y: float, text: str, colour: str, size: int, *, weight: str = "normal", ha: str = "left"
) -> Text:
    return figure.text(
        x, y, text, transform=None, color=colour, size=size, weight=weight, ha=ha, va="center_baseline",
        family="DejaVu Sans", parse_math=False,
    )  # fmt: skip


def _width(figure: Figure, text: str, size: int, *, weight: str = "normal") -> float:
    written = _write(figure, 0, 0, text, _LOUD, size, weight=weight)
    width = written.get_window_extent().width
    written.remove()
    return width


def _name(figure: Figure, label: str, otherwise: str) -> str:
    """What stands for a label beside its line: as much of it as has room and as the font can write.

    An emoji that the font lacks is left out. If it lacks a letter, the rest would be a riddle, and the name is
    ``otherwise``.
    """
    from matplotlib.font_manager import findfont, get_font

    font = get_font(findfont("DejaVu Sans"))
    label = clean(label)
    written = clean("".join(character for character in label if font.get_char_index(ord(character))))
    if not written or any(character.isalnum() and character not in written for character in label):
        return otherwise
    names = (shorten(written, limit) for limit in range(LONGEST_NAME, 0, -1))
    return next(name for name in names if _width(figure, name, _NAME_SIZE) <= _WIDEST_NAME)


def _dates(course: Course) -> str:
    # Two long ones would reach into the title.
    dates = dict.fromkeys(f"{moment.day} {moment:%b %Y}" for moment in (course.first, course.last))
    return " – ".join(dates) + (" (UTC)" if course.is_short else "")
