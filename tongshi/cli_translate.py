"""`tongshi translate`: a text in another language."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from tongshi.cli_base import Json, check_language, print_json
from tongshi.settings import get_settings


def translate(
    text: Annotated[str, typer.Argument(help="What to translate; - reads it from standard input.")],
    to: Annotated[str, typer.Option(help="Language that is wanted.")],
    source: Annotated[
        str | None, typer.Option("--from", help="Language of the text; it is told from the text by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Translate a text; names, codes, figures and addresses stay as they are. What cannot be translated is printed as it was."""
    from tongshi.llm.server import language_model
    from tongshi.llm.translation import make_translator
    from tongshi.storage.database import get_database

    settings, database = get_settings(), get_database()
    check_language(to, "--to")
    check_language(source, "--from")
    database.upgrade()
    translator = make_translator(settings, database)
    text = sys.stdin.read() if text == "-" else text
    with language_model(settings, translator.model):
        if not settings.translation_url:
            # What the model takes to start is no part of the time to translate.
            translator.model.before()
        began = time.monotonic()
        found = translator.translate(text, to, source)
    if as_json:
        return print_json(found.as_dict() | {"seconds": round(time.monotonic() - began, 3)})
    print(found.text)
    if not found.translated:
        typer.echo(f"Not translated: {'; '.join(found.problems)}.", err=True)
        return
    for told, names in (("original", found.doubts), ("translation", found.lost)):
        if names:
            typer.echo(f"Not in the {told}: {', '.join(names)}.", err=True)
