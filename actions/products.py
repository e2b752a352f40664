"""What would suit me?"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import services
from actions.speaking import Say, language_of, last_reply, say
from tongshi.commerce.catalogue import recommend, skus_of
from tongshi.commerce.identity import Locked, Refused
from tongshi.responses.catalog import get_replies

_LOWEST_BUDGET = 10
_LIKE_EURO = ("USD", "GBP", "CHF")
"""Currencies in which a budget is taken for as many euro: near enough to choose by."""


class ActionRecommend(Action):
    """Products in stock by kind, price, colour and what they go with; never what the customer is known to own.

    Who says nothing of that is asked once what it should be.
    """

    def name(self) -> str:
        return "action_recommend"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        named: dict[str, list[Any]] = {}
        for entity in tracker.latest_message.get("entities", []):
            named.setdefault(entity["entity"], []).append(entity["value"])
        catalogue = services.shop().products()
        if (
            not set(named) & {"product", "price", "foreign_price", "number", "colour"}
            and last_reply(tracker) != "utter_request_need"
        ):
            say(dispatcher, tracker, "utter_request_need")
            return []
        kinds, goes_with = _wishes(named.get("product", []), catalogue)
        colour, owned = next(iter(named.get("colour", [])), None), _owned(tracker)
        for price in _budgets(named):
            found = recommend(catalogue, kinds=kinds, price=price, colour=colour, goes_with=goes_with, owned=owned)
            if found:
                break
        if not found:
            say(dispatcher, tracker, "utter_recommendations_none")
            return []
        products = [
            {"sku": product.sku, "name": product.name, "price": str(product.price), "colours": product.colours}
            for product in found
        ]
        traditional = bool(tracker.get_slot("traditional_chinese"))
        cards = [get_replies().card(product, language_of(tracker), traditional=traditional) for product in products]
        say(dispatcher, tracker, Say("utter_recommendations", {"products": products}), custom={"cards": cards})
        return []


def _wishes(named: list[str], catalogue: list[Any]) -> tuple[list[str], list[str]]:
    """What is wanted, and what it has to go with: of two things, one listed as going with the other is the one that is wanted."""
    if len(named) < 2:
        return named, []
    by_sku = {product.sku: product for product in catalogue}
    for wanted in named:
        others = [sku for other in named if other != wanted for sku in skus_of(other)]
        goods = [by_sku[sku] for sku in skus_of(wanted) if sku in by_sku]
        if any(set(good.compatible_with) & set(others) for good in goods):
            return [wanted], others
    return named, []


def _budgets(named: dict[str, list[Any]]) -> list[Decimal | None]:
    """The most that it may cost: a price; else the largest bare number that can be one, or none: "for my dad, who turns 60"."""
    foreign = [one.split() for one in named.get("foreign_price", [])]
    prices = [*named.get("price", []), *(amount for amount, currency in foreign if currency in _LIKE_EURO)]
    if prices:
        return [max(Decimal(price) for price in prices)]
    numbers = [int(number) for number in named.get("number", []) if int(number) >= _LOWEST_BUDGET]
    return [Decimal(max(numbers)), None] if numbers else [None]


def _owned(tracker: Tracker) -> set[str]:
    number, email = tracker.get_slot("order_number"), tracker.get_slot("email")
    if not (number and email):
        return set()
    try:
        order = services.identity().order_of(tracker.sender_id, number, email)
    except (Locked, Refused):
        return set()
    return services.shop().owned_skus(order.customer_id)
