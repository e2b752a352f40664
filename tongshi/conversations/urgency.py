"""Whose case comes first: what presses, then who is upset, then who has waited longest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tongshi.storage.models import Handover

URGENT = 0.6
"""Urgency from which a case goes before others."""

UPSET = -0.6
"""Sentiment from which downwards a customer is upset."""

_BEFORE = timedelta(hours=1)
"""How long before a person was asked for messages count to the case."""


@dataclass(frozen=True)
class WaitingCase:
    """A hand-over, and the mood of what the customer wrote."""

    handover: Handover
    urgent: bool
    upset: bool


def in_order(handovers: Iterable[Handover], mood: Callable[[str, datetime], tuple[float, float] | None]) -> list[WaitingCase]:
    """Hand-overs in the order in which people should take them.

    Args:
        mood: lowest sentiment and highest urgency of a conversation since a moment, as `ConversationStore.mood` gives them.
    """
    cases = []
    for one in handovers:
        sentiment, urgency = mood(one.sender, one.since - _BEFORE) or (0.0, 0.0)
        cases.append(WaitingCase(one, urgency >= URGENT, sentiment <= UPSET))
    return sorted(cases, key=lambda case: (not case.urgent, not case.upset, case.handover.since))
