"""`tongshi knowledge graph`: what is known of products, plugs, countries and policies, and how they relate."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from tongshi.cli_base import Json, console, print_json, ready, user

if TYPE_CHECKING:
    from tongshi.knowledge.graph import Graph
    from tongshi.storage.models import Relation

graph = typer.Typer(no_args_is_help=True, help="The graph of what is known.")

By = Annotated[str, typer.Option(help="Who decides; your name on this machine by default.")]
_SECONDS = 60.0


def _graph() -> Graph:
    """The graph, with the catalogue and the shop's files in it."""
    from tongshi.knowledge.graph import make_graph
    from tongshi.storage.database import get_database

    made = make_graph(ready(), get_database())
    if not made.store.relations():
        made.seed()
    return made


def _as_dict(relation: Relation) -> dict[str, object]:
    return {
        "id": relation.relation_id,
        "subject": relation.subject,
        "relation": relation.name,
        "object": relation.object,
        "figures": relation.figures,
        "status": relation.status,
        "source": relation.source,
        "evidence": relation.evidence,
        "decided_by": relation.decided_by,
    }


def _print(relations: list[Relation], as_json: bool) -> None:
    from tongshi.knowledge.graph_facts import spelled

    if as_json:
        return print_json([_as_dict(one) for one in relations])
    table = Table("id", "relation", "status", "source", "evidence")
    for one in relations:
        table.add_row(str(one.relation_id), spelled(one), one.status, one.source, one.evidence)
    console.print(table)


@graph.command("propose")
def graph_propose(
    collection: Annotated[str, typer.Option(help="Whose articles to read.")] = "shop",
    model: Annotated[bool, typer.Option(help="Ask the language model, where it runs, for what no pattern reads.")] = True,
    as_json: Json = False,
) -> None:
    """Take in the catalogue and the shop's files, and propose what articles and past orders tell."""
    from tongshi.llm.models import make_model
    from tongshi.settings import get_settings
    from tongshi.storage.database import get_database
    from tongshi.storage.knowledge import KnowledgeStore

    known, settings = _graph(), get_settings()
    known.seed()
    client = make_model(settings)

    def ask(prompt: str) -> str:
        return "".join(client.stream([{"role": "user", "content": prompt}], deadline=time.monotonic() + _SECONDS))

    articles = KnowledgeStore(get_database()).articles(collection)
    _print(known.propose(articles, ask if model and client.is_up() else None), as_json)


@graph.command("list")
def graph_list(
    status: Annotated[str | None, typer.Option(help="proposed, confirmed or rejected; all by default.")] = None,
    as_json: Json = False,
) -> None:
    """Relations, with their numbers."""
    _print(_graph().store.relations(status), as_json)


@graph.command("confirm")
def graph_confirm(numbers: list[int], by: By = "", as_json: Json = False) -> None:
    """Say that relations hold; from now on answers may rest on them."""
    from tongshi.storage.models import CONFIRMED

    _decide(numbers, CONFIRMED, by, as_json)


@graph.command("reject")
def graph_reject(numbers: list[int], by: By = "", as_json: Json = False) -> None:
    """Say that relations do not hold; they are never proposed again."""
    from tongshi.storage.models import REJECTED

    _decide(numbers, REJECTED, by, as_json)


def _decide(numbers: list[int], status: str, by: str, as_json: bool) -> None:
    store = _graph().store
    _print([store.decide(number, status, by or user()) for number in numbers], as_json)


@graph.command("show")
def graph_show(
    entity: Annotated[str, typer.Argument(help="E.g. product:MER-CH-065, plug:JP, country:DE.")], as_json: Json = False
) -> None:
    """All that is known, proposed or rejected of an entity."""
    _print(_graph().store.relations(entity=entity), as_json)


@graph.command("path")
def graph_path(start: str, end: str, as_json: Json = False) -> None:
    """The shortest way from one entity to another over confirmed relations."""
    _print(_graph().facts().path(start, end), as_json)


@graph.command("ask")
def graph_ask(
    question: str,
    lang: Annotated[str | None, typer.Option(help="Language of the answer; that of the question by default.")] = None,
    as_json: Json = False,
) -> None:
    """What the graph alone answers, and the path it takes."""
    from tongshi.language.identify import get_identifier
    from tongshi.settings import get_settings

    asked_in = get_identifier()(question).language or get_settings().language
    passage = _graph().answer(question, lang or asked_in, asked_in)
    if as_json:
        return print_json(
            passage
            and {
                "text": passage.text,
                "lang": passage.language,
                "path": passage.path,
                "citations": passage.citations,
                "score": passage.score,
            }
        )
    if passage is None:
        return console.print("The graph leaves this question to search.")
    console.print(passage.text, soft_wrap=True)
    for step in passage.path:
        console.print(f"[dim]{step}[/dim]")
