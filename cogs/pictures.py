"""Pictures: the chart of how a standing moved, as a file with its alt text."""

from __future__ import annotations

from newsroom.errors import ChartFailed
from newsroom.votes.charts import Charts, Course, alt_text
from newsroom.votes.members import Standings


async def standing_chart(charts: Charts, standings: Standings) -> tuple[bytes | None, str | None]:
    """Draw how the standing moved, if enough members had a side; the figures stand without a chart, too."""
    if not standings.course:
        return None, None
    settings = standings.settings
    labels = (settings.open_label, settings.proprietary_label, settings.depends_label)
    course = Course(standings.course, labels, settings.depends or standings.now.depends > 0)
    try:
        return await charts.draw(course), alt_text(course)
    except ChartFailed:  # logged where it failed
        return None, None
