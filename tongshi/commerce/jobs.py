"""What can be done with an order: each job says what it still has to ask, and does its work once it knows enough.

A job knows nothing of Rasa: it is handed an order that the customer has proved to be theirs and the answers so far, and hands back names of replies
with their values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from unicodedata import east_asian_width

from tongshi.commerce import rules
from tongshi.commerce.catalogue import skus_of
from tongshi.commerce.ports import ShopSystem
from tongshi.commerce.rules import Verdict
from tongshi.storage.models import Case, Order, OrderItem


@dataclass(frozen=True)
class Say:
    """A reply by name, the values of its placeholders, and buttons beside those it always has."""

    reply: str
    values: dict[str, Any] = field(default_factory=dict)
    buttons: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class Ask:
    """What must be known next: the slot, the question, and answers that were no use and are forgotten."""

    slot: str
    say: Say
    forget: tuple[str, ...] = ()


class _NoItem(Exception):
    """The item that is meant is not known; holds the question for it."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask


class Job(ABC):
    """One thing that a customer wants done with an order.

    Args:
        shop: the shop's system.
        now: the clock.
        sender: the conversation, kept with what is registered.
    """

    slots: tuple[str, ...] = ()
    """Answers that belong to this job alone and are forgotten after it."""

    def __init__(self, shop: ShopSystem, now: Callable[[], datetime], sender: str) -> None:
        self._shop = shop
        self._now = now
        self._sender = sender

    @abstractmethod
    def ask(self, order: Order, answers: Mapping[str, Any]) -> Ask | None:
        """The next question, or None where enough is known, or where the rules forbid it and `finish` will say so."""

    @abstractmethod
    def finish(self, order: Order, answers: Mapping[str, Any]) -> list[Say]:
        """Do it, or say why not."""

    def _item(self, order: Order, answers: Mapping[str, Any]) -> OrderItem:
        """The item that the customer means.

        Raises:
            _NoItem: it is not known yet.
        """
        named = answers.get("product")
        named = [named] if isinstance(named, str) else list(named or [])
        found = [item for item in order.items if any(item.sku in skus_of(name, broad=True) for name in named)]
        exact = [item for item in found if any(item.sku in skus_of(name) for name in named)]
        candidates = exact or found or ([] if named else order.items)
        if len(candidates) == 1:
            return candidates[0]
        buttons = tuple({"title": item.product.name, "payload": f'/inform{{"product": "{item.sku}"}}'} for item in order.items)
        values = {"order_number": order.order_id, "items": items_of(order)}
        if named and not candidates:
            raise _NoItem(Ask("product", Say("utter_item_unknown", values, buttons), forget=("product",)))
        raise _NoItem(Ask("product", Say("utter_request_item", values, buttons)))

    def _register(self, kind: str, order: Order, once: str, item: OrderItem | None = None, **details: Any) -> tuple[Case, bool]:
        """Keep a case; says whether it is new."""
        now = self._now()
        case = Case(
            kind=kind,
            order_id=order.order_id,
            item_id=item.item_id if item else None,
            sender=self._sender,
            created_at=now,
            details=details,
            once=once,
        )
        kept = self._shop.open_case(case)
        return kept, kept is case

    def _existing(self, order: Order, kind: str, item: OrderItem | None = None) -> Case | None:
        return next(
            (
                case
                for case in self._shop.cases(order.order_id)
                if case.kind == kind and (item is None or case.item_id == item.item_id)
            ),
            None,
        )

    def _case_of(self, item: OrderItem, order: Order) -> Case | None:
        """The open case of an item: what goes back, is exchanged or was reported broken gets no second one of any kind."""
        return next((case for case in self._shop.cases(order.order_id) if case.item_id == item.item_id), None)


def item_value(item: OrderItem) -> dict[str, Any]:
    """An item as the placeholder {item} takes it."""
    return {"name": item.product.name, "colour": item.colour, "quantity": item.quantity}


def items_of(order: Order) -> list[dict[str, Any]]:
    return [item_value(item) for item in order.items]


def order_values(order: Order) -> dict[str, Any]:
    """All that replies may say of an order."""
    date = order.delivered_at.date() if order.delivered_at else order.eta
    return {
        "order_number": order.order_id,
        "items": items_of(order),
        "carrier": order.carrier or "",
        "tracking": order.tracking or "",
        "date": date.isoformat() if date else None,
    }


def _refusal(verdict: Verdict, order: Order, item: OrderItem | None = None) -> list[Say]:
    values = order_values(order)
    # A refusal that names an item names all of them where none was chosen.
    values["item"] = item_value(item or order.items[0])
    return [Say(verdict.value, values)]


class OrderStatus(Job):
    """Where is my order?"""

    def ask(self, order: Order, answers: Mapping[str, Any]) -> Ask | None:
        return None

    def finish(self, order: Order, answers: Mapping[str, Any]) -> list[Say]:
        return [Say(f"utter_order_{order.status}", order_values(order))]


class Return(Job):
    """Send an item back."""

    slots = ("product", "seal", "reason", "confirm")

    def ask(self, order: Order, answers: Mapping[str, Any]) -> Ask | None:
        if rules.may_return(order, None, self._now()) is not Verdict.ALLOWED:
            return None
        try:
            item = self._item(order, answers)
        except _NoItem as missing:
            return missing.ask
        if rules.may_return(order, item, self._now()) is not Verdict.ALLOWED or self._case_of(item, order):
            return None
        values = {"order_number": order.order_id, "item": item_value(item)}
        if rules.needs_seal(item) and not answers.get("seal"):
            return Ask("seal", Say("utter_request_seal", values)) if answers.get("seal") is None else None
        if not answers.get("reason"):
            return Ask("reason", Say("utter_request_return_reason", values))
        if answers.get("confirm") is None:
            return Ask("confirm", Say("utter_request_return_confirm", {**values, "reason": _first(answers["reason"])}))
        return None

    def finish(self, order: Order, answers: Mapping[str, Any]) -> list[Say]:
        verdict = rules.may_return(order, None, self._now())
        if verdict is not Verdict.ALLOWED:
            return _refusal(verdict, order)
        item = self._item(order, answers)
        verdict = rules.may_return(order, item, self._now())
        if verdict is not Verdict.ALLOWED:
            return _refusal(verdict, order, item)
        if existing := self._case_of(item, order):
            return [_item_has_case(existing, "return")]
        if rules.needs_seal(item) and not answers.get("seal"):
            return _refusal(Verdict.SEAL_BROKEN, order, item)
        if not answers.get("confirm"):
            return [Say("utter_nothing_changed")]
        case, new = self._register("return", order, f"return:{item.item_id}", item, reason=_first(answers["reason"]))
        if not new:
            return [_item_has_case(case, "return")]
        return [Say("utter_return_created", {"return_number": case.number, "item": item_value(item)})]


def _item_has_case(case: Case, wanted: str) -> Say:
    """Why nothing more is registered for an item: it is registered already, or something else is under way for it.

    Args:
        wanted: the kind of case that the customer asks for.
    """
    item = item_value(case.item)
    if case.kind != wanted:
        return Say("utter_item_has_case", {"item": item, "case_number": case.number})
    if wanted == "return":
        values = {"return_number": case.number, "date": case.created_at.date().isoformat(), "item": item}
        return Say("utter_return_exists", values)
    return _case_exists(case)


class ReturnStatus(Job):
    """What was my return number, and how is it going?"""

    def ask(self, order: Order, answers: Mapping[str, Any]) -> Ask | None:
        return None

    def finish(self, order: Order, answers: Mapping[str, Any]) -> list[Say]:
        if order.status == "refunded":
            return [Say("utter_order_refunded", order_values(order))]
        returns = [case for case in self._shop.cases(order.order_id) if case.kind == "return"]
        if not returns:
            return [Say("utter_return_none", order_values(order))]
        return [
            Say(
                "utter_return_status",
                {"return_number": case.number, "item": item_value(case.item), "date": case.created_at.date().isoformat()},
            )
            for case in returns
        ]


class Exchange(Job):
    """Swap an item for another colour."""

    slots = ("product", "colour", "seal", "confirm")

    def ask(self, order: Order, answers: Mapping[str, Any]) -> Ask | None:
        if rules.may_exchange(order, None, self._now()) is not Verdict.ALLOWED or self._existing(order, "exchange"):
            return None
        try:
            item = self._item(order, answers)
        except _NoItem as missing:
            return missing.ask
        if rules.may_exchange(order, item, self._now()) is not Verdict.ALLOWED or self._case_of(item, order):
            return None
        values = {"order_number": order.order_id, "item": item_value(item), "colours": rules.other_colours(item)}
        if rules.needs_seal(item) and not answers.get("seal"):
            return Ask("seal", Say("utter_request_seal", values)) if answers.get("seal") is None else None
        if answers.get("confirm") is False:
            return None
        colour = _wished_colour(answers, item)
        if colour is None:
            return Ask("colour", Say("utter_request_exchange_colour", values, _colour_buttons(item)), forget=("colour",))
        if colour not in rules.other_colours(item):
            return Ask("colour", Say("utter_exchange_colour_unavailable", values, _colour_buttons(item)), forget=("colour",))
        if answers.get("confirm") is None:
            return Ask("confirm", Say("utter_request_exchange_confirm", {**values, "colour": colour}))
        return None

    def finish(self, order: Order, answers: Mapping[str, Any]) -> list[Say]:
        verdict = rules.may_exchange(order, None, self._now())
        if verdict is not Verdict.ALLOWED:
            return _refusal(verdict, order)
        if existing := self._existing(order, "exchange"):
            return [Say("utter_exchange_used", {"order_number": order.order_id, "exchange_number": existing.number})]
        item = self._item(order, answers)
        if existing := self._case_of(item, order):
            return [_item_has_case(existing, "exchange")]
        verdict = rules.may_exchange(order, item, self._now())
        if verdict is not Verdict.ALLOWED:
            return _refusal(verdict, order, item)
        if rules.needs_seal(item) and not answers.get("seal"):
            return _refusal(Verdict.SEAL_BROKEN, order, item)
        if not answers.get("confirm"):
            return [Say("utter_nothing_changed")]
        colour = _wished_colour(answers, item)
        case, new = self._register("exchange", order, f"exchange:{order.order_id}", item, colour=colour)
        if not new:
            return [Say("utter_exchange_used", {"order_number": order.order_id, "exchange_number": case.number})]
        return [Say("utter_exchange_created", {"exchange_number": case.number})]


def _wished_colour(answers: Mapping[str, Any], item: OrderItem) -> str | None:
    """The colour to change to: of several that are named ("the black one for white") one that can be had, not the item's own.

    Where none is named and the item comes in but one other, it can only be that.
    """
    named = answers.get("colour")
    named = [named] if isinstance(named, str) else list(named or [])
    others = [colour for colour in named if colour != item.colour]
    offered = rules.other_colours(item)
    only = offered[0] if len(offered) == 1 else None
    return next((colour for colour in others if colour in offered), next(iter(others), only))


def _colour_buttons(item: OrderItem) -> tuple[dict[str, str], ...]:
    # The title is the colour's key; the one who sends it puts the customer's word for it.
    return tuple(
        {"title": f"colour:{colour}", "payload": f'/inform{{"colour": "{colour}"}}'} for colour in rules.other_colours(item)
    )


class Cancel(Job):
    """Cancel an order."""

    slots = ("confirm",)

    def ask(self, order: Order, answers: Mapping[str, Any]) -> Ask | None:
        if rules.may_cancel(order, self._now()) is not Verdict.ALLOWED or answers.get("confirm") is not None:
            return None
        return Ask("confirm", Say("utter_request_cancel_confirm", order_values(order)))

    def finish(self, order: Order, answers: Mapping[str, Any]) -> list[Say]:
        verdict = rules.may_cancel(order, self._now())
        if verdict is not Verdict.ALLOWED:
            return _refusal(verdict, order)
        if not answers.get("confirm"):
            return [Say("utter_nothing_changed")]
        if not self._shop.set_status(order.order_id, "processing", "cancelled"):
            return _refusal(Verdict.CANCEL_TOO_LATE, order)
        return [Say("utter_cancel_done", order_values(order))]


class ChangeAddress(Job):
    """Send an order somewhere else."""

    slots = ("address", "confirm")

    def ask(self, order: Order, answers: Mapping[str, Any]) -> Ask | None:
        if rules.may_change_address(order) is not Verdict.ALLOWED:
            return None
        address = answers.get("address")
        if not address:
            return Ask("address", Say("utter_request_address"))
        if not _may_be_address(address):
            return Ask("address", Say("utter_invalid_address"), forget=("address",))
        if answers.get("confirm") is None:
            return Ask("confirm", Say("utter_request_address_confirm", {"order_number": order.order_id, "address": address}))
        return None

    def finish(self, order: Order, answers: Mapping[str, Any]) -> list[Say]:
        verdict = rules.may_change_address(order)
        if verdict is not Verdict.ALLOWED:
            return _refusal(verdict, order)
        if not answers.get("confirm"):
            return [Say("utter_nothing_changed")]
        if not self._shop.set_address(order.order_id, order.status, answers["address"]):
            return _refusal(Verdict.ADDRESS_TOO_LATE, order)
        return [Say("utter_address_changed", {"order_number": order.order_id, "address": answers["address"]})]


class ReportDamage(Job):
    """Something arrived broken, or was not what was ordered."""

    slots = ("product", "description", "resolution", "confirm")

    def ask(self, order: Order, answers: Mapping[str, Any]) -> Ask | None:
        if rules.may_report_damage(order, self._now()) is not Verdict.ALLOWED:
            return None
        try:
            item = self._item(order, answers)
        except _NoItem as missing:
            return missing.ask
        if self._case_of(item, order):
            return None
        values = {"order_number": order.order_id, "item": item_value(item)}
        if not answers.get("description"):
            return Ask("description", Say("utter_request_damage_description", values))
        resolution = _resolution(answers, ("replacement", "refund"))
        if not resolution:
            return Ask("resolution", Say("utter_request_resolution", values), forget=("resolution",))
        if answers.get("confirm") is None:
            description = str(answers["description"]).strip()
            return Ask(
                "confirm",
                Say("utter_request_damage_confirm", {**values, "description": description, "resolution": resolution}),
            )
        return None

    def finish(self, order: Order, answers: Mapping[str, Any]) -> list[Say]:
        verdict = rules.may_report_damage(order, self._now())
        if verdict is not Verdict.ALLOWED:
            return _refusal(verdict, order)
        item = self._item(order, answers)
        if existing := self._case_of(item, order):
            return [_item_has_case(existing, "damage")]
        if not answers.get("confirm"):
            return [Say("utter_nothing_changed")]
        resolution = _resolution(answers, ("replacement", "refund"))
        case, new = self._register(
            "damage", order, f"damage:{item.item_id}", item, description=answers["description"], resolution=resolution
        )
        if not new:
            return [_case_exists(case)]
        values = {"case_number": case.number, "item": item_value(item), "resolution": resolution}
        return [Say("utter_damage_created", values)]


class ReportLoss(Job):
    """A parcel that does not come."""

    slots = ("resolution",)

    def ask(self, order: Order, answers: Mapping[str, Any]) -> Ask | None:
        if order.status != "lost" or self._existing(order, "lost") or _resolution(answers, ("resend", "refund")):
            return None
        return Ask("resolution", Say("utter_request_lost_resolution", order_values(order)), forget=("resolution",))

    def finish(self, order: Order, answers: Mapping[str, Any]) -> list[Say]:
        verdict = rules.may_search(order, self._now())
        values = order_values(order)
        if verdict is not Verdict.ALLOWED:
            if order.last_scan_at:
                values["duration"] = (self._now() - order.last_scan_at).total_seconds()
            return [Say(verdict.value, values)]
        if existing := self._existing(order, "lost"):
            return [_case_exists(existing)]
        details = {"resolution": _resolution(answers, ("resend", "refund"))} if order.status == "lost" else {}
        case, new = self._register("lost", order, f"lost:{order.order_id}", **details)
        if not new:
            return [_case_exists(case)]
        reply = "utter_lost_created" if details else "utter_lost_search_opened"
        return [Say(reply, {**values, **details, "case_number": case.number})]


def _may_be_address(text: str) -> bool:
    """Whether a text is long enough for an address, a character of Chinese, Japanese or Korean saying as much as two letters, and has a number."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text) >= 10 and any(char.isnumeric() for char in text)


def _case_exists(case: Case) -> Say:
    return Say("utter_case_exists", {"order_number": case.order_id, "case_number": case.number})


def _first(answer: Any) -> Any:
    return answer[0] if isinstance(answer, list) else answer


def _resolution(answers: Mapping[str, Any], allowed: tuple[str, str]) -> str | None:
    """What the customer wishes; a replacement of a lost parcel is a new shipment, and the other way round."""
    wish = _first(answers.get("resolution"))
    if wish in ("replacement", "resend"):
        return allowed[0]
    return wish if wish in allowed else None


JOBS: dict[str, type[Job]] = {
    "order_status_form": OrderStatus,
    "return_form": Return,
    "return_status_form": ReturnStatus,
    "exchange_form": Exchange,
    "cancel_form": Cancel,
    "address_form": ChangeAddress,
    "damage_form": ReportDamage,
    "lost_form": ReportLoss,
}
"""The job of each form of domain.yml."""
