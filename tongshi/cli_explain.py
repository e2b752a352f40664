"""`tongshi explain`: why a message was understood as it was, or how an answer came about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import typer
from rich.table import Table

from tongshi.cli_base import Json, console, hush, language_of, print_json, ready
from tongshi.errors import TongshiError
from tongshi.settings import Settings

if TYPE_CHECKING:
    from tongshi.explanation.message import Explanation
    from tongshi.knowledge.base import Found

_SECONDS = 60.0


def explain(
    message: Annotated[str | None, typer.Argument(help="What a customer said.")] = None,
    trace: Annotated[int | None, typer.Option(help="Explain the answer with this number instead.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a heat map into this file.")] = None,
    mood: Annotated[
        bool, typer.Option("--mood", help="Have the language model say how the customer feels instead, and why.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Why the bot takes a message as it does: the words that decide, what else it could have been, what it was taught."""
    settings = ready()
    if trace is not None:
        return _trace(trace, as_json)
    if not message or not message.strip():
        raise TongshiError("Give a message, or the number of an answer with --trace.")
    if mood:
        return _mood(settings, message.strip(), as_json)
    from tongshi.explanation.answer import LOOKED_UP, explain_search
    from tongshi.explanation.page import page

    explanation = _explanation(settings, message.strip())
    search = None
    if explanation.intent in LOOKED_UP:
        search = explain_search(_search(settings, explanation.text, explanation.language))
    if html:
        html.write_text(page(explanation, search), "utf-8")
    if as_json:
        return print_json(explanation.as_dict() | ({"search": search} if search else {}))
    _print(explanation, search)
    if html:
        console.print(f"[dim]Heat map: {html}[/dim]")


def _mood(settings: Settings, text: str, as_json: bool) -> None:
    from tongshi.llm.mood import SENTIMENTS, make_mood_reader
    from tongshi.llm.server import language_model

    reader = make_mood_reader(settings)
    with language_model(settings, reader.model):
        found = reader.read(text, language_of(text), settings.language)
    if found is None:
        raise TongshiError("The language model could not tell.")
    if as_json:
        return print_json(found.as_dict())
    console.print(next(name for name, value in SENTIMENTS.items() if value == found.sentiment))
    for line in filter(None, (found.words and f"“{found.words}”", found.reason)):
        console.print(f"· {line}", markup=False, highlight=False)


def _explanation(settings: Settings, text: str) -> Explanation:
    """Asked of the bot that runs; of the trained one where none does."""
    from tongshi.explanation.message import Explanation, make_explainer

    headers = {"Authorization": f"Bearer {settings.secret('web-channel')}"}
    try:
        answer = httpx.post(
            f"{settings.rasa_address}/webhooks/explain/message", json={"text": text}, headers=headers, timeout=_SECONDS
        )
        if answer.is_success:
            return Explanation.from_dict(answer.json())
        if answer.status_code == 400:
            raise TongshiError(answer.json()["error"])
    except httpx.HTTPError:
        pass
    hush()
    from tongshi import system
    from tongshi.nlu.understanding import Understanding

    model = system.train(settings)
    with console.status("Loading the bot"):
        explainer = make_explainer(settings, Understanding(model).many)
    return explainer(text)


def _search(settings: Settings, text: str, language: str) -> Found:
    from tongshi.knowledge.base import make_knowledge_base
    from tongshi.storage.database import get_database

    with console.status("Searching"):
        return make_knowledge_base(settings, get_database()).search(text, language)


def _print(explanation: Explanation, search: dict[str, Any] | None) -> None:
    from tongshi.explanation.message import percent
    from tongshi.explanation.page import coloured

    console.print(coloured(explanation), soft_wrap=True)
    console.print()
    for sentence in [*explanation.sentences(), *(search["plain"] if search else [])]:
        console.print(f"· {sentence}", markup=False, highlight=False)
    table = Table(
        "taught wording", "intent", "lang", "alike", title="The nearest things that it was taught", title_justify="left"
    )
    for one in explanation.neighbours:
        table.add_row(one.text, one.intent, one.language, percent(one.similarity))
    console.print()
    console.print(table)


def _trace(number: int, as_json: bool) -> None:
    from tongshi.explanation.answer import explain_trace
    from tongshi.storage.conversations import ConversationStore
    from tongshi.storage.database import get_database

    trace = ConversationStore(get_database()).trace(number)
    if trace is None:
        raise TongshiError(f"There is no answer with the number {number}.")
    told = explain_trace(trace)
    if as_json:
        return print_json(told)
    console.print(f"“{told['question']}”", markup=False)
    for sentence in told["plain"]:
        console.print(f"· {sentence}", markup=False, highlight=False)
