"""The `tongshi` command."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from tongshi.cli_base import Json, check_language, console, language_of, print_json, ready
from tongshi.cli_explain import explain
from tongshi.cli_finetune import finetune
from tongshi.cli_graph import graph
from tongshi.cli_knowledge import knowledge
from tongshi.cli_review import review
from tongshi.cli_speech import speak, transcribe
from tongshi.cli_translate import translate
from tongshi.cli_wordings import wordings
from tongshi.errors import TongshiError
from tongshi.settings import ROOT, Settings, get_settings

if TYPE_CHECKING:
    from tongshi.conversations.handover import Handovers

_WORDS = {"sets": "set", "systems": "system", "languages": "lang"}
"""Options of `evaluate` that may be given several times, by what reports call them."""

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Customer service in the customer's own language.")
models = typer.Typer(no_args_is_help=True, help="Model files.")
handover = typer.Typer(no_args_is_help=True, help="Conversations that people have taken over.")
llm = typer.Typer(no_args_is_help=True, help="The language model's server.")
for name, group in {"models": models, "knowledge": knowledge, "handover": handover, "llm": llm, "finetune": finetune}.items():
    app.add_typer(group, name=name)
knowledge.add_typer(graph, name="graph")
app.command()(transcribe)
app.command()(speak)
app.command()(explain)
app.add_typer(review, name="review")
app.command()(translate)
app.add_typer(wordings, name="wordings")


def main() -> None:
    """Run the command line; what a person can mend is printed without a traceback."""
    try:
        app()
    except TongshiError as error:
        # Without markup: servers are quoted, and may say "[/x]".
        Console(stderr=True).print(str(error), style="red", soft_wrap=True, markup=False)
        sys.exit(1)


@app.command()
def up() -> None:
    """Make ready what is missing and start the whole system; Ctrl-C stops it."""
    from tongshi import system

    settings = get_settings()
    system.pull_models(settings)
    with console.status("Preparing database and knowledge base"):
        system.prepare_data(settings)
    raise typer.Exit(system.run(settings))


@app.command()
def train(force: Annotated[bool, typer.Option(help="Even if nothing has changed.")] = False) -> None:
    """Train the bot."""
    from tongshi import system

    system.pull_models(get_settings())
    console.print(f"Trained: {system.train(get_settings(), force=force)}")


@app.command()
def status(as_json: Json = False) -> None:
    """Which parts of the system answer, and what could not be delivered to customers."""
    from tongshi import system

    found = system.status(get_settings())
    trouble = system.model_elsewhere(get_settings())
    if trouble is not None:
        found["llm"] = not trouble
    backlogs = system.undelivered()
    if as_json:
        waiting = {"undelivered": [one.as_dict() for one in backlogs]} if backlogs else {}
        return print_json(found | ({"llm_error": trouble} if trouble else {}) | waiting)
    for name, is_up in found.items():
        console.print(f"{name:10} {'up' if is_up else '[red]no answer[/red]'}")
    if trouble:
        console.print(f"{'':10} {trouble}", markup=False, soft_wrap=True)
    for one in backlogs:
        since = f" since {one.oldest:%Y-%m-%d %H:%M} UTC" if one.oldest else ""
        console.print(
            f"{one.channel:10} {one.waiting} waiting{since}, {one.given_up} given up in a week. {one.error or ''}", markup=False
        )


@app.command()
def prepare() -> None:
    """Fetch model files, make the database, take in the knowledge; start nothing."""
    from tongshi import system

    system.pull_models(get_settings())
    console.print(system.prepare_data(get_settings()))


@app.command()
def desk() -> None:
    """Serve the chat page and the support desk."""
    import uvicorn

    from tongshi.desk.app import server_config

    server = uvicorn.Server(server_config())
    server.run()
    if not server.started:
        raise typer.Exit(3)


@app.command()
def chat(
    interactive: Annotated[bool, typer.Option(help="Correct the bot as you go, and keep what it should have done.")] = False,
) -> None:
    """Talk to the bot in the terminal (`rasa shell` or `rasa interactive`), with an action server if none runs."""
    from tongshi import system

    settings = get_settings()
    system.prepare_data(settings)
    model = system.train(settings)
    with _action_server(settings):
        command = "interactive" if interactive else "shell"
        subprocess.run([sys.executable, "-m", "rasa", command, "--model", str(model)], cwd=ROOT, env=system.environment(settings))


@contextmanager
def _action_server(settings: Settings) -> Iterator[None]:
    from tongshi import system

    if system.status(settings)["actions"]:
        yield
        return
    command = [sys.executable, "-m", "rasa_sdk", "--actions", "actions", "--port", str(settings.action_port)]
    process = subprocess.Popen(command, cwd=ROOT, env=system.environment(settings), stdout=subprocess.DEVNULL)
    try:
        while process.poll() is None and not system.status(settings)["actions"]:
            time.sleep(0.3)
        yield
    finally:
        process.terminate()
        process.wait()


@app.command()
def answer(
    question: str,
    lang: Annotated[str | None, typer.Option(help="Language of the answer; that of the question by default.")] = None,
    collection: Annotated[str, typer.Option(help="Which collection to ask.")] = "shop",
    as_json: Json = False,
) -> None:
    """Answer one question from the knowledge base."""
    from tongshi.llm.answering import make_answerer
    from tongshi.llm.server import language_model
    from tongshi.responses.catalog import get_replies
    from tongshi.storage.database import get_database

    settings = ready()
    language = language_of(question, lang)
    answerer = make_answerer(settings, get_database())
    answerer.warm_up(collection)
    with language_model(settings, *answerer.models, at_once=settings.answer_mode != "quote"):
        found = answerer.answer(question, language, collection=collection)
    value = {
        "text": found.text,
        "lang": found.language,
        "citations": [{"article": one.article, "quote": one.quote} for one in found.citations],
        "outcome": found.outcome,
        "seconds": round(found.seconds, 3),
    }
    if found.outcome == "quoted" and found.language != language:
        foreign = {"answer": found.text, "language": found.language}
        value["text"] = get_replies().render("utter_answer_foreign", language, foreign).text
    if not found.text:
        name = "utter_which_product" if found.about_product else "utter_answer_unknown"
        value["text"] = get_replies().render(name, language).text
    if as_json:
        return print_json(value)
    console.print(value["text"], soft_wrap=True)
    for citation in found.citations:
        console.print(f"[dim]{citation.article} · {citation.title}[/dim]")
    console.print(f"[dim]{found.outcome}, {found.seconds:.2f} s[/dim]")


@models.command("pull")
def models_pull(
    names: Annotated[list[str] | None, typer.Argument(help="Which; all that the settings need by default.")] = None,
) -> None:
    """Fetch model files and verify them."""
    from tongshi import system, weights

    if not names:
        return system.pull_models(get_settings())
    for one in names:
        console.print(str(weights.pull(one, get_settings())))


@models.command("list")
def models_list(as_json: Json = False) -> None:
    """Model files of the manifest, and which are here."""
    from tongshi import weights

    settings = get_settings()
    rows = [{**asdict(entry), "here": (settings.models / entry.file).exists()} for entry in weights.manifest().values()]
    if as_json:
        return print_json(rows)
    table = Table("name", "what", "licence", "MB", "here")
    for row in rows:
        table.add_row(row["name"], row["title"], row["licence"], f"{row['size'] / 1e6:.0f}", "yes" if row["here"] else "no")
    console.print(table)


@llm.command("serve")
def llm_serve(
    adapter: Annotated[Path | None, typer.Option(help="LoRA adapter (GGUF); the installed one by default.")] = None,
    no_adapter: Annotated[bool, typer.Option("--no-adapter", help="The model as it came.")] = False,
) -> None:
    """Serve the language model, OpenAI-shaped, on loopback."""
    from tongshi.llm.server import installed_adapter, serve

    settings = get_settings()
    serve(settings, None if no_adapter else adapter or installed_adapter(settings))


def _handovers() -> Handovers:
    from tongshi import clock
    from tongshi.conversations.handover import Handovers, SupportHours
    from tongshi.storage.calls import CallStore
    from tongshi.storage.conversations import ConversationStore
    from tongshi.storage.database import get_database

    hours, database = SupportHours(get_settings().support_hours), get_database()
    return Handovers(ConversationStore(database), hours, clock.now, CallStore(database))


@handover.command("list")
def handover_list(as_json: Json = False) -> None:
    """Conversations that wait for a person or are with one."""
    from tongshi.storage.conversations import ConversationStore
    from tongshi.storage.database import get_database

    rows = [
        {
            "sender": one.sender,
            "state": one.state,
            "case": one.case.number if one.case else None,
            "lang": one.language,
            "since": one.since.isoformat(),
            "reason": one.reason,
        }
        for one in ConversationStore(get_database()).handovers()
    ]
    if as_json:
        return print_json(rows)
    table = Table("sender", "state", "case", "lang", "since", "reason")
    for row in rows:
        table.add_row(*(str(value or "") for value in row.values()))
    console.print(table)


@handover.command("take")
def handover_take(sender: str) -> None:
    """Take a conversation; the bot is silent from now on."""
    console.print(_handovers().take(sender).state)


@handover.command("release")
def handover_release(sender: str) -> None:
    """Give a conversation back to the bot, which tells the customer so."""
    from tongshi.responses.catalog import get_replies

    console.print(_handovers().release(sender, get_replies()).state)


@app.command()
def evaluate(
    what: Annotated[
        str, typer.Argument(help="nlu, entities, robustness, mood, retrieval, answers, dialogues…; another word lists them all")
    ],
    sample: Annotated[
        int | None,
        typer.Option(
            help="How many questions a language for answers, shipped, generation, imports, followups, serving, latency; sentences "
            "for checks, translation, speech; messages for pipeline; wordings an intent for benchmarks, crosslingual; passages for "
            "scale."
        ),
    ] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", help="For benchmarks: banking77, clinc150, own; all by default.")
    ] = None,
    systems: Annotated[list[str] | None, typer.Option("--system", help="For benchmarks: tongshi, rasa; both by default.")] = None,
    epochs: Annotated[
        int | None, typer.Option(help="For benchmarks: of Rasa's DIET; 100 by default, which take an hour and more.")
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="For benchmarks: where BANKING77 and CLINC150 lie.")] = None,
    languages: Annotated[
        list[str] | None, typer.Option("--lang", help="For speech: only these languages; all by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure: one report, one row a language. An option that the report does not take is refused."""
    from tongshi.evaluation.reports import REPORTS

    if what not in REPORTS:
        raise TongshiError(f"There is no report {what!r}; there are {', '.join(REPORTS)}.")
    options = {"sample": sample, "sets": sets, "systems": systems, "epochs": epochs, "folder": folder, "languages": languages}
    given = {name: value for name, value in options.items() if value not in (None, [])}
    for name in given:
        takers = [report for report, make in REPORTS.items() if name in signature(make).parameters]
        if what not in takers:
            raise TongshiError(f"The report {what!r} takes no --{_WORDS.get(name, name)}; it is for {', '.join(takers)}.")
    for one in languages or ():
        check_language(one)
    if what not in ("benchmarks", "crosslingual", "speech"):
        ready()
    report = REPORTS[what](get_settings(), **given)
    if as_json:
        return print_json(report.as_dict())
    for one in (report, *report.parts):
        console.print(one.table())


if __name__ == "__main__":
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    main()
