"""`tongshi wordings`: what customers say, in other words, drafted by the language model and approved by a person."""

from __future__ import annotations

import random
from typing import Annotated

import typer

from tongshi.cli_base import Json, check_language, console, print_json
from tongshi.errors import TongshiError
from tongshi.settings import get_settings

wordings = typer.Typer(no_args_is_help=True, help="Wordings that the bot learns intents from.")

_EXAMPLES = 10


@wordings.command("draft")
def wordings_draft(
    intent: str,
    lang: Annotated[str, typer.Option(help="Language of the wordings.")],
    number: Annotated[int, typer.Option(min=1, max=30, help="How many to ask for.")] = 8,
    seed: Annotated[int, typer.Option(help="Shows the model other examples, which gives other drafts.")] = 0,
    approve: Annotated[bool, typer.Option("--approve", help="Ask about each, and keep those that are approved.")] = False,
    as_json: Json = False,
) -> None:
    """Have the language model draft wordings of an intent. With --approve those that you choose go to data/nlu/reviewed."""
    from tongshi.explanation.neighbours import make_nearest_wordings
    from tongshi.llm.drafting import make_drafter
    from tongshi.llm.server import language_model
    from tongshi.nlu.wordings import training_wordings
    from tongshi.storage.database import get_database

    settings, database = get_settings(), get_database()
    check_language(lang)
    known = [one for one in training_wordings(settings.data) if one.language == lang]
    same = [one.text for one in known if one.intent == intent]
    if not same:
        raise TongshiError(f"There is no intent {intent!r}; there are {', '.join(sorted({one.intent for one in known}))}.")
    database.upgrade()
    drafter = make_drafter(settings, database)
    examples = random.Random(seed).sample(same, min(_EXAMPLES, len(same)))
    with language_model(settings, drafter.model):
        drafted = drafter.wordings(examples, lang, number, (one.text for one in known))
    nearest = make_nearest_wordings(settings)
    rows = [{"text": text, "intent": intent, "lang": lang, "nearest": nearest(text, 1)[0].as_dict()} for text in drafted]
    if as_json:
        return print_json(rows)
    approved = [row["text"] for row in rows if _shown(row) and approve and typer.confirm("Keep it?", default=False)]
    if approve:
        _keep(approved, intent, lang)


def _shown(row: dict) -> bool:
    """Print a draft, with the intent that its nearest wording has where that is another."""
    console.print(row["text"], markup=False, highlight=False)
    if row["nearest"]["intent"] != row["intent"]:
        console.print(f"  nearer to {row['nearest']['intent']}: {row['nearest']['text']}", style="red", markup=False)
    return True


def _keep(texts: list[str], intent: str, language: str) -> None:
    from tongshi.nlu.reviewed import add
    from tongshi.nlu.wordings import REVIEWED, Wording

    files = add(get_settings().data / "nlu" / REVIEWED, [Wording(text, intent, language) for text in texts])
    console.print(f"{len(texts)} kept{f' in {files[0]}' if files else ''}. Train with `tongshi train`.")
