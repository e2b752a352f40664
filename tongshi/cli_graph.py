"""`tongshi knowledge graph`: what is known of products, plugs, countries and policies, and how they relate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TextColumn
from rich.table import Table

from tongshi.cli_base import By, Json, check_language, console, language_of, print_json, ready, user
from tongshi.errors import TongshiError

if TYPE_CHECKING:
    from tongshi.knowledge.graph import Graph
    from tongshi.llm.relating import Tally
    from tongshi.storage.models import Article, Relation

graph = typer.Typer(no_args_is_help=True, help="The graph of what is known.")

_COLUMNS = (*Progress.get_default_columns(), TextColumn("{task.fields[proposed]} proposed"))


def _graph() -> Graph:
    """The graph, with the catalogue and the shop's files in it."""
    from tongshi.knowledge.graph import make_graph
    from tongshi.storage.database import get_database

    made = make_graph(ready(), get_database())
    if not made.store.relations():
        made.seed()
    return made


def _print(relations: list[Relation], as_json: bool) -> None:
    from tongshi.knowledge.graph_facts import spelled

    if as_json:
        return print_json([one.as_dict() for one in relations])
    table = Table("id", "relation", "status", "source", "proposed by", "evidence")
    for one in relations:
        texts = (spelled(one), one.status, one.source, one.proposed_by, one.evidence)
        table.add_row(str(one.relation_id), *map(escape, texts))
    console.print(table)


@graph.command("propose")
def graph_propose(
    collection: Annotated[str, typer.Option(help="Whose articles to read.")] = "shop",
    lang: Annotated[str | None, typer.Option(help="Read articles of one language only.")] = None,
    article: Annotated[list[str] | None, typer.Option(help="Read this article only; may be given several times.")] = None,
    model: Annotated[
        bool,
        typer.Option("--model", help="Have the language model read as well, passage by passage; going on where it was left."),
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Have the model read anew what it has read before.")] = False,
    as_json: Json = False,
) -> None:
    """Take in the catalogue and the shop's files, and propose what articles and past orders tell."""
    from tongshi.storage.database import get_database
    from tongshi.storage.knowledge import KnowledgeStore

    check_language(lang)
    known = _graph()
    articles = [
        one
        for one in KnowledgeStore(get_database()).articles(collection)
        if (lang is None or one.language == lang) and (not article or one.article_id in article)
    ]
    if not articles:
        raise TongshiError(f"There is no such article in the collection {collection!r}.")
    known.seed()
    proposed = known.propose(articles)
    tally = _read_by_model(known, articles, again) if model else None
    _print([*proposed, *(tally.proposed if tally else [])], as_json)
    if tally and not as_json:
        console.print(
            f"{tally.read} passages read by the language model, {tally.before} read before, {tally.silent} with nothing to ask, "
            f"{tally.unread} left because it took too long."
        )


def _read_by_model(known: Graph, articles: list[Article], again: bool) -> Tally:
    """Have the language model read articles, with its progress shown."""
    from tongshi.llm.models import make_model
    from tongshi.llm.relating import Relater
    from tongshi.llm.server import language_model
    from tongshi.settings import get_settings

    settings = get_settings()
    client = make_model(settings)
    relater = Relater(client, settings.llm, known.store, known.passage_reader(), again=again, held=not settings.llm_url)
    with language_model(settings, client), Progress(*_COLUMNS, console=Console(stderr=True)) as bar:
        passages = bar.add_task("passages", proposed=0)
        return relater.read(
            articles,
            lambda tally: bar.update(
                passages, total=tally.passages, completed=tally.done + tally.unread, proposed=len(tally.proposed)
            ),
        )


@graph.command("list")
def graph_list(
    status: Annotated[str | None, typer.Option(help="proposed, confirmed or rejected; all by default.")] = None,
    proposed_by: Annotated[str | None, typer.Option(help="How who proposed them begins: patterns, language model.")] = None,
    as_json: Json = False,
) -> None:
    """Relations, with their numbers."""
    found = _graph().store.relations(status)
    _print([one for one in found if proposed_by is None or one.proposed_by.startswith(proposed_by)], as_json)


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


@graph.command("add")
def graph_add(
    subject: Annotated[str, typer.Argument(help="E.g. product:MER-CH-065.")],
    relation: Annotated[str, typer.Argument(help="E.g. compatible_with, warranty.")],
    object_: Annotated[str, typer.Argument(metavar="OBJECT", help="E.g. product:MER-LP-140, policy:warranty.")],
    figure: Annotated[list[str] | None, typer.Option(help="NAME=VALUE, e.g. months=36; may be given several times.")] = None,
    evidence: Annotated[str, typer.Option(help="Where it is said, or how you know it.")] = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """State by hand what nothing else tells; answers may rest on it."""
    from tongshi.knowledge.base import SHOP
    from tongshi.knowledge.editing import make_editor
    from tongshi.settings import get_settings
    from tongshi.storage.database import get_database
    from tongshi.storage.graph import Edge

    figures = dict(one.partition("=")[::2] for one in figure or ())
    edge = Edge(subject, relation, object_, figures, evidence=evidence)
    known = _graph()
    articles = [one.article.article_id for one in make_editor(get_settings(), get_database(), SHOP).entries()]
    _print([known.state(edge, by or user(), articles)], as_json)


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
    check_language(lang)
    asked_in = language_of(question)
    asked = _graph().ask(question, lang or asked_in, asked_in)
    passage = asked.passage
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
        return console.print(f"The graph leaves this question to search: {escape(asked.why)}.")
    console.print(passage.text, soft_wrap=True)
    for step in passage.path:
        console.print(f"[dim]{step}[/dim]")
