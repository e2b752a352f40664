"""`tongshi review`: messages that went wrong, looked at by a person, and learnt from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from tongshi.cli_base import By, Json, check_language, console, hush, print_json, user
from tongshi.settings import get_settings

if TYPE_CHECKING:
    from tongshi.conversations.review import ReviewQueue
    from tongshi.evaluation.learning import Outcome
    from tongshi.storage.review import ReviewStore

review = typer.Typer(no_args_is_help=True, help="Messages that went wrong, to be learnt from.")


def _queue() -> tuple[ReviewQueue, ReviewStore]:
    from tongshi import clock
    from tongshi.conversations.review import ReviewQueue

    store = _store()
    return ReviewQueue(store, clock.now, _intents), store


def _intents() -> frozenset[str]:
    from tongshi.nlu.wordings import known_intents

    return known_intents(get_settings().data)


def _store() -> ReviewStore:
    from tongshi.storage.database import get_database
    from tongshi.storage.review import ReviewStore

    database = get_database()
    database.upgrade()
    return ReviewStore(database)


@review.command("list")
def review_list(
    status: Annotated[str, typer.Option(help="open, accepted, corrected, dropped, learnt or all.")] = "open",
    reason: Annotated[
        str | None, typer.Option(help="thumbs_down, unanswered, fallback, corrected or low_confidence; all by default.")
    ] = None,
    lang: Annotated[str | None, typer.Option(help="One language; all by default.")] = None,
    most: Annotated[int, typer.Option(help="How many.")] = 50,
    as_json: Json = False,
) -> None:
    """Messages in review, newest first, with what the bot believed that they mean."""
    check_language(lang)
    queue, store = _queue()
    queue.gather()
    rows = store.reviews(None if status == "all" else status, reason, lang, most)
    if as_json:
        return print_json([one.as_dict() for one in rows])
    if not rows:
        return console.print("Nothing is in review.")
    table = Table("id", "reason", "lang", "message", "best guess", "sure", "wanted")
    for one in rows:
        sure = f"{one.confidence:.0%}" if one.confidence is not None else ""
        table.add_row(str(one.review_id), one.reason, one.language or "", one.text, one.intent, sure, one.wanted)
    console.print(table)


@review.command("show")
def review_show(number: int, as_json: Json = False) -> None:
    """One message with what was said before it, and what it could have meant."""
    one = _store().review(number)
    if as_json:
        return print_json(one.as_dict())
    for said in one.context:
        console.print(f"[dim]{said['author']:>9}[/dim]  ", end="")
        console.print(said["text"], markup=False, highlight=False)
    console.print(f"[bold]{'customer':>9}[/bold]  ", end="")
    console.print(one.text, markup=False, highlight=False)
    console.print(f"\n{one.reason}, {one.language}, {one.status}{f' as {one.wanted}' if one.wanted else ''}", highlight=False)
    for intent, confidence in one.ranking:
        console.print(f"{confidence:6.1%}  {intent}", highlight=False)
    if one.trace_id:
        console.print(f"[dim]How no answer was found: tongshi explain --trace {one.trace_id}[/dim]")


@review.command("accept")
def review_accept(numbers: list[int], by: By = "", as_json: Json = False) -> None:
    """Say that the bot's best guess was right; it will be taught so."""
    queue, _ = _queue()
    _print_decided([queue.accept(number, by or user()) for number in numbers], as_json)


@review.command("correct")
def review_correct(
    number: int,
    intent: str,
    wording: Annotated[str, typer.Option(help="The text to learn from, where the customer's own says too much.")] = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """Say what a message should have been taken for."""
    queue, _ = _queue()
    _print_decided([queue.correct(number, intent, by or user(), wording)], as_json)


@review.command("drop")
def review_drop(numbers: list[int], by: By = "", as_json: Json = False) -> None:
    """Say that nothing is to be learnt from messages."""
    queue, _ = _queue()
    _print_decided([queue.drop(number, by or user()) for number in numbers], as_json)


def _print_decided(reviews: list[Any], as_json: bool) -> None:
    if as_json:
        return print_json([one.as_dict() for one in reviews])
    for one in reviews:
        console.print(f"{one.review_id}: {one.status}{f' as {one.wanted}' if one.wanted else ''}", highlight=False)


@review.command("train")
def review_train(
    force: Annotated[bool, typer.Option(help="Go live even if a language gets worse.")] = False, as_json: Json = False
) -> None:
    """Teach the bot what was accepted, report language by language what gets better and worse, and go live unless one gets worse."""
    hush()
    from tongshi import system
    from tongshi.conversations.review import LastTraining
    from tongshi.evaluation.learning import learn

    settings = get_settings()
    system.pull_models(settings)
    outcome = learn(settings, _store(), force, lambda step: None if as_json else console.print(f"[dim]{step} …[/dim]"))
    LastTraining(settings.home).keep(_told(outcome))
    if as_json:
        print_json(_told(outcome))
    else:
        _print_outcome(outcome)
    if outcome.comparison and not outcome.live:
        raise typer.Exit(1)


def _told(outcome: Outcome) -> dict[str, Any]:
    comparison = outcome.comparison
    return {
        "learnt": len(outcome.lesson.wordings) if outcome.live else 0,
        "left_out": [{"id": one.number, "text": one.wording.text, "why": one.why} for one in outcome.lesson.left_out],
        "live": outcome.live,
        "serving": outcome.serving,
        "worse": comparison.worse if comparison else [],
        "report": comparison.report.as_dict() if comparison else None,
        "shifts": [one.as_dict() for one in comparison.shifts] if comparison else [],
    }


def _print_outcome(outcome: Outcome) -> None:
    for one in outcome.lesson.left_out:
        console.print(f"[dim]{one.number} left out:[/dim] ", end="")
        console.print(f"“{one.wording.text}”: {one.why}.", markup=False, highlight=False)
    comparison = outcome.comparison
    if comparison is None:
        return console.print("There is nothing new to learn.")
    for one in comparison.shifts:
        sign = "[green]better[/green]" if one.better else "[red]worse [/red]"
        console.print(f"{sign} {one.wording.language} ", end="", highlight=False)
        console.print(f"“{one.wording.text}”: {one.before} → {one.after}", markup=False, highlight=False)
    console.print(comparison.report.table())
    if outcome.live:
        served = "and the running system serves it" if outcome.serving else "and the next start serves it"
        console.print(f"Live: {len(outcome.lesson.wordings)} wordings were learnt, {served}.")
    else:
        console.print(
            f"Not live: worse in {', '.join(comparison.worse)}. Nothing was changed; --force puts it live all the same."
        )
