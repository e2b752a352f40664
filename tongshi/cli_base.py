"""What all commands share: how they print, and what has to be there before they do their work."""

from __future__ import annotations

import json
import os
import pwd
import warnings
from typing import Annotated, Any

import typer
from rich.console import Console

from tongshi.errors import TongshiError
from tongshi.settings import LANGUAGES, Settings, get_settings

console = Console()
By = Annotated[str, typer.Option(help="Who decides or writes; your name on this machine by default.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def user() -> str:
    """Your name on this machine."""
    return pwd.getpwuid(os.getuid()).pw_name


def check_language(language: str | None, option: str = "--lang") -> None:
    """See to it that an option, where it is given, names one of the languages.

    Raises:
        TongshiError: it names another.
    """
    if language is not None and language not in LANGUAGES:
        raise TongshiError(f"{option} is {language!r}; it must be one of {' '.join(LANGUAGES)}.")


def language_of(text: str, lang: str | None = None) -> str:
    """The language of a text: that of `--lang` where it is given, else what the text itself shows, else that of the settings.

    Raises:
        TongshiError: `--lang` names none.
    """
    from tongshi.language.identify import get_identifier

    check_language(lang)
    return lang or get_identifier()(text).language or get_settings().language


def print_json(value: Any) -> None:
    """Print a value for other programs, on one line."""
    print(json.dumps(value, ensure_ascii=False, indent=None))


def ready() -> Settings:
    """Settings, with the database and the shop's knowledge there."""
    from tongshi import system
    from tongshi.knowledge.base import SHOP
    from tongshi.storage.database import get_database
    from tongshi.storage.knowledge import KnowledgeStore

    settings = get_settings()
    database = get_database()
    database.upgrade()
    if KnowledgeStore(database).version(SHOP) is None:
        system.pull_models(settings)
        system.prepare_data(settings)
    return settings


def hush() -> None:
    """Keep what Rasa and TensorFlow say of themselves while they load off the terminal; call it before they are imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.simplefilter("ignore")
