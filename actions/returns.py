"""Orders that have arrived: returns, exchanges, damage."""

from typing import Any

from rasa_sdk import Tracker

from actions.choosing import told
from actions.order_forms import SubmitOrderForm, ValidateOrderForm


class ValidateReturnForm(ValidateOrderForm):
    form = "return_form"

    def _said(self, tracker: Tracker) -> dict[str, Any]:
        """As ever, and the reason that comes along with the wish: "take the watch back, my son has one already"."""
        said = super()._said(tracker)
        wishes = tracker.latest_message.get("intent", {}).get("name") == "return_item"
        if wishes and not (said.get("reason") or tracker.get_slot("reason")) and (reason := told(tracker, "reason")):
            said["reason"] = reason
        return said


class ActionSubmitReturnForm(SubmitOrderForm):
    form = "return_form"


class ValidateReturnStatusForm(ValidateOrderForm):
    form = "return_status_form"


class ActionSubmitReturnStatusForm(SubmitOrderForm):
    form = "return_status_form"


class ValidateExchangeForm(ValidateOrderForm):
    form = "exchange_form"


class ActionSubmitExchangeForm(SubmitOrderForm):
    form = "exchange_form"


class ValidateDamageForm(ValidateOrderForm):
    form = "damage_form"


class ActionSubmitDamageForm(SubmitOrderForm):
    form = "damage_form"
