"""Orders that have arrived: returns, exchanges, damage."""

from actions.order_forms import SubmitOrderForm, ValidateOrderForm


class ValidateReturnForm(ValidateOrderForm):
    form = "return_form"


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
