"""An explanation as a page of its own and as coloured text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from rich.color import Color
from rich.style import Style
from rich.text import Text

from tongshi.explanation.message import Explanation, percent, wish

_FOR, _AGAINST = (22, 128, 60), (190, 24, 60)
_RIGHT_TO_LEFT = frozenset({"ar"})


def heat(explanation: Explanation) -> list[tuple[str, float, float]]:
    """The message in pieces: each with its strength from -1 (against) to 1 (for), and the weight behind it; gaps have none."""
    strongest = max((abs(word.weight) for word in explanation.words), default=0.0) or 1.0
    pieces: list[tuple[str, float, float]] = []
    end = 0
    for word in explanation.words:
        if word.start > end:
            pieces.append((explanation.text[end : word.start], 0.0, 0.0))
        pieces.append((word.text, word.weight / strongest, word.weight))
        end = word.end
    return [*pieces, (explanation.text[end:], 0.0, 0.0)] if end < len(explanation.text) else pieces


def coloured(explanation: Explanation) -> Text:
    """The message for a terminal: words that speak for the intent on green, those that speak against it on red."""
    text = Text()
    for piece, strength, _ in heat(explanation):
        text.append(piece, _style(strength))
    return text


def _style(strength: float) -> Style:
    if abs(strength) < 0.1:
        return Style()
    hue = _FOR if strength > 0 else _AGAINST
    shade = tuple(int(255 - (255 - one) * abs(strength)) for one in hue)
    return Style(bgcolor=Color.from_rgb(*shade), color="white" if abs(strength) > 0.6 else "black")


def page(explanation: Explanation, search: dict[str, Any] | None = None) -> str:
    """A heat map of the message with all that belongs to it, as an HTML page that needs nothing else.

    Args:
        search: what the knowledge base found for it, see `tongshi.explanation.answer.explain_search`.
    """
    environment = Environment(loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True)
    environment.filters |= {"percent": percent, "wish": wish}
    return environment.get_template("explanation.html").render(
        explanation=explanation,
        pieces=heat(explanation),
        direction="rtl" if explanation.language in _RIGHT_TO_LEFT else "ltr",
        search=search,
    )
