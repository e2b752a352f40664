"""What the bot says: texts of data/responses, with values put in as each language writes them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import regex
import yaml

from tongshi.errors import TongshiError
from tongshi.files import read_yaml
from tongshi.language import formats
from tongshi.language.chinese import to_traditional
from tongshi.settings import LANGUAGES, get_settings

_PLACEHOLDER = re.compile(r"{(\w+)}")
_LEFT_TO_RIGHT = regex.compile(r"[\p{Latin}\d]")
_FALLBACK = "en"


@dataclass(frozen=True)
class Reply:
    """A text ready to be sent, with the titles and payloads of its buttons."""

    text: str
    buttons: tuple[dict[str, str], ...] = ()


class Replies:
    """All replies in all languages.

    Args:
        folder: data/responses.
        shop: the shop's name, for `{shop}`.
    """

    def __init__(self, folder: Path, shop: str) -> None:
        self._shop = shop
        self._documents = {language: _load(folder / f"{language}.yml") for language in LANGUAGES}
        self._buttons = _load(folder / "buttons.yml")

    @property
    def names(self) -> list[str]:
        """Names of all replies."""
        return list(self._documents[_FALLBACK]["replies"])

    def render(
        self, name: str, language: str, values: Mapping[str, Any] = {}, *, traditional: bool = False, upset: bool = False
    ) -> Reply:
        """One of the variations of a reply.

        Args:
            name: e.g. ``utter_greet``.
            language: one of the twelve; where a text is missing in it, English is taken.
            values: for the placeholders, unformatted: ISO dates, seconds, keys of terms; see `_FORMATS`.
            traditional: put Chinese into traditional characters.
            upset: take the wording for customers who are upset, where the reply has one.

        Raises:
            TongshiError: there is no such reply, or a placeholder has no value.
        """
        texts, language = self._texts(name, language)
        text = random.choice((self.softer(name, language) if upset else None) or texts)
        filled = _PLACEHOLDER.sub(lambda match: self._value(name, match[1], values, language), text)
        buttons = self.buttons(self._buttons["replies"].get(name, ()), language)
        if traditional and language == "zh":
            filled = to_traditional(filled)
            buttons = tuple({**button, "title": to_traditional(button["title"])} for button in buttons)
        return Reply(filled, buttons)

    def variations(self, name: str, language: str) -> list[str]:
        """The unfilled texts of a reply."""
        return self._texts(name, language)[0]

    def softer(self, name: str, language: str) -> list[str]:
        """The unfilled texts of a reply for customers who are upset; none where the usual ones do for them too."""
        return self._documents[language].get("upset", {}).get(name, [])

    def buttons(self, names: tuple[str, ...] | list[str], language: str) -> tuple[dict[str, str], ...]:
        """Buttons by name, each `{"title", "payload"}`."""
        titles = {**self._documents[_FALLBACK]["buttons"], **self._documents[language]["buttons"]}
        reasons = {f"reason:{key}": text for key, text in self._documents[language]["terms"]["reason"].items()}
        titles |= reasons
        payloads = self._buttons["payloads"]
        return tuple({"title": titles[name], "payload": payloads.get(name, f"/{name}")} for name in names)

    def card(self, product: Mapping[str, Any], language: str, *, traditional: bool = False) -> dict[str, Any]:
        """A product beside its line in a text, for channels that show it as a card.

        Args:
            product: `sku`, `name`, `price`, `colours`, as in `{products}`.
            language: one of the twelve.
            traditional: put Chinese into traditional characters.

        Returns:
            `name`, `price` and `colours` as the customer reads them, the `line` of the text that they stand for, and a `button`: its
            `title`, the `text` that a press of it says, and its `payload`.
        """
        words = self._documents[language]["card"]
        put = to_traditional if traditional and language == "zh" else str
        price, colours = _price_and_colours(product, language, self)
        button = {
            "title": put(words["details"]),
            "text": put(words["ask"]).format(product=product["name"]),
            "payload": f'/product_question{{"product": "{product["sku"]}"}}',
        }
        line = put(_product_line(product, language, self))
        return {"name": product["name"], "price": put(price), "colours": put(colours), "line": line, "button": button}

    def term(self, kind: str, key: str, language: str) -> str:
        """A word for a placeholder, e.g. the name of a colour; the key itself where no word is known."""
        for document in (self._documents[language], self._documents[_FALLBACK]):
            if key in document["terms"].get(kind, {}):
                return document["terms"][kind][key]
        return key

    def _texts(self, name: str, language: str) -> tuple[list[str], str]:
        for code in (language, _FALLBACK):
            texts = self._documents.get(code, {}).get("replies", {}).get(name)
            if texts:
                return texts, code
        raise TongshiError(f"data/responses/{_FALLBACK}.yml has no reply {name!r}.")

    def _value(self, name: str, placeholder: str, values: Mapping[str, Any], language: str) -> str:
        if placeholder == "shop":
            return self._shop
        if placeholder == "languages":
            return formats.listing([self.term("language", code, code) for code in LANGUAGES], language)
        if values.get(placeholder) is None:
            raise TongshiError(f"The reply {name!r} needs a value for {{{placeholder}}}.")
        value = values[placeholder]
        text = _FORMATS.get(placeholder, _as_it_is)(value, language, self)
        if language == "ar" and placeholder != "answer" and _LEFT_TO_RIGHT.search(text):
            return f"\u2068{text}\u2069"  # isolated, so that numbers and names keep their order among Arabic
        return text


def _as_it_is(value: Any, language: str, replies: Replies) -> str:
    return str(value)


def _item(value: Mapping[str, Any], language: str, replies: Replies) -> str:
    name = value["name"]
    if value.get("colour"):
        name = f"{name} ({replies.term('colour', value['colour'], language)})"
    return f"{value['quantity']} × {name}" if value.get("quantity", 1) > 1 else name


def _price_and_colours(value: Mapping[str, Any], language: str, replies: Replies) -> tuple[str, str]:
    colours = formats.listing([replies.term("colour", colour, language) for colour in value["colours"]], language)
    return formats.money(Decimal(value["price"]), language), colours


def _product_line(value: Mapping[str, Any], language: str, replies: Replies) -> str:
    price, colours = _price_and_colours(value, language, replies)
    return f"• {value['name']} – {price}" + (f" ({colours})" if colours else "")


def _term(kind: str) -> Callable[[Any, str, Replies], str]:
    return lambda value, language, replies: replies.term(kind, value, language)


def _hours(value: Any, language: str, replies: Replies) -> str:
    """`Mon-Sat 08:00-20:00 Europe/Berlin` with the language's own names of the days."""
    from babel.dates import get_day_names

    names = get_day_names("abbreviated", "stand-alone", formats.locale(language))
    days = {day: names[index] for index, day in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))}
    text = re.sub(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b", lambda match: days[match[1]], str(value)).replace("-", "–")
    return re.sub(r" (\S+/\S+)$", r" (\1)", text)


_FORMATS: dict[str, Callable[[Any, str, Replies], str]] = {
    "date": lambda value, language, _: formats.day(date.fromisoformat(value), language),
    "duration": lambda value, language, _: formats.duration(timedelta(seconds=value), language),
    "price": lambda value, language, _: formats.money(Decimal(value), language),
    "item": _item,
    "items": lambda value, language, replies: formats.listing([_item(one, language, replies) for one in value], language),
    "products": lambda value, language, replies: "\n".join(_product_line(one, language, replies) for one in value),
    "colour": _term("colour"),
    "colours": lambda value, language, replies: formats.listing(
        [replies.term("colour", one, language) for one in value], language
    ),
    "reason": _term("reason"),
    "resolution": _term("resolution"),
    "job": _term("job"),
    "language": _term("language"),
    "hours": _hours,
}
"""How the value of each placeholder is written; the others are put in as they are."""


def _load(path: Path) -> dict[str, Any]:
    try:
        return read_yaml(path)
    except (OSError, yaml.YAMLError) as error:
        raise TongshiError(f"Cannot read the replies {path}: {error}") from error


@lru_cache(maxsize=1)
def get_replies() -> Replies:
    """This process's replies, read once."""
    settings = get_settings()
    return Replies(settings.data / "responses", settings.shop)
