"""Orders that have arrived: returns, exchanges, damage."""

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.forms import REQUESTED_SLOT

from actions.choosing import is_specific, near_to, reason_of
from actions.order_forms import SubmitOrderForm, ValidateOrderForm, named_in
from tongshi.knowledge.values import REASON
from tongshi.language.patterns import without_names
from tongshi.language.text import has_question_mark

_REPORTS = "damaged_or_wrong_item"
"""The intent of who says that something arrived broken, or is the wrong thing."""
_CALLING_OFF = {"stop", "deny"}
"""Intents of who no longer wants what was being done."""
_CHANGED_MIND = "changed_mind"
_SURE = 0.8
"""Confidence of such a message from which it chooses nothing, and tells no reason."""


class ValidateReturnForm(ValidateOrderForm):
    form = "return_form"

    def _said(self, tracker: Tracker) -> dict[str, Any]:
        """As ever, and the reason that comes along with the wish: "take the watch back, my son has one already"."""
        said = super()._said(tracker)
        intent = tracker.latest_message.get("intent", {}).get("name")
        if said.get("confirm") and intent != "affirm" and near_to(tracker, "resolution") == "replacement":
            # "Then send me other ones" is no yes to a refund.
            said["confirm"] = None
        if said.get("confirm") is False and said.get(REASON) == _CHANGED_MIND:
            # "No, I've changed my mind" is no other reason for the return.
            del said[REASON]
        wishes = intent == "return_item" or (not said and self._may_tell_why(tracker))
        if wishes and not (said.get("reason") or tracker.get_slot("reason")) and (reason := reason_of(tracker)):
            said["reason"] = reason
        return said

    @staticmethod
    def _may_tell_why(tracker: Tracker) -> bool:
        """Whether what was asked is why, and what sounds as if all were called off may tell it: "I just don't need them any more"."""
        intent = tracker.latest_message.get("intent") or {}
        is_asked = tracker.get_slot(REQUESTED_SLOT) == REASON and not has_question_mark(tracker.latest_message.get("text") or "")
        return is_asked and intent.get("name") in _CALLING_OFF and intent.get("confidence", 1.0) < _SURE


class ActionSubmitReturnForm(SubmitOrderForm):
    form = "return_form"


class ValidateReturnStatusForm(ValidateOrderForm):
    form = "return_status_form"


class ActionSubmitReturnStatusForm(SubmitOrderForm):
    form = "return_status_form"


class ValidateExchangeForm(ValidateOrderForm):
    form = "exchange_form"

    def _said(self, tracker: Tracker) -> dict[str, Any]:
        """As ever, where "no, I'll stay with the black one" is a no to the other colour."""
        said = super()._said(tracker)
        asked = tracker.get_slot(REQUESTED_SLOT) == "confirm" and not said.get("confirm")
        if asked and said.get("colour") and self._is_kept(tracker, said["colour"]):
            del said["colour"]
            said["confirm"] = False
        return said


class ActionSubmitExchangeForm(SubmitOrderForm):
    form = "exchange_form"


class ValidateDamageForm(ValidateOrderForm):
    form = "damage_form"

    def _said(self, tracker: Tracker) -> dict[str, Any]:
        """As ever, and what is wrong where the report itself tells it, or tells more of it before a replacement or a refund is chosen."""
        said = super()._said(tracker)
        if "description" in said or not (fault := self._fault(tracker)):
            return said
        before = tracker.get_slot("description")
        if before is None:
            return {**said, "description": fault} if is_specific(tracker, fault) else said
        if tracker.get_slot(REQUESTED_SLOT) == "resolution" and not named_in(tracker, "resolution") and self._surely(tracker):
            # However near it comes to one of the buttons.
            return {**said, "resolution": None, "description": f"{before} – {fault}"}
        return said

    @staticmethod
    def _surely(tracker: Tracker) -> bool:
        intent = tracker.latest_message.get("intent") or {}
        return intent.get("name") == _REPORTS and intent.get("confidence", 1.0) >= _SURE

    @staticmethod
    def _fault(tracker: Tracker) -> str:
        """What the newest message reports of the item, number and address left out."""
        message = tracker.latest_message
        parts = [part["text"] for part in message.get("parts") or () if part["intent"] == _REPORTS]
        reports = (message.get("intent") or {}).get("name") == _REPORTS
        return without_names(" ".join(parts) or (reports and message.get("text")) or "")


class ActionSubmitDamageForm(SubmitOrderForm):
    form = "damage_form"
