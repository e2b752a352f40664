"""Orders on their way: status, cancelling, another address, a parcel that is lost."""

from actions.order_forms import SubmitOrderForm, ValidateOrderForm


class ValidateOrderStatusForm(ValidateOrderForm):
    form = "order_status_form"


class ActionSubmitOrderStatusForm(SubmitOrderForm):
    form = "order_status_form"


class ValidateCancelForm(ValidateOrderForm):
    form = "cancel_form"


class ActionSubmitCancelForm(SubmitOrderForm):
    form = "cancel_form"


class ValidateAddressForm(ValidateOrderForm):
    form = "address_form"


class ActionSubmitAddressForm(SubmitOrderForm):
    form = "address_form"


class ValidateLostForm(ValidateOrderForm):
    form = "lost_form"


class ActionSubmitLostForm(SubmitOrderForm):
    form = "lost_form"
