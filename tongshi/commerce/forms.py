"""What is known of the forms of domain.yml: which intent starts which, and what their questions have in common.

The policies, which decide when a form begins, waits and comes back, and the actions, which ask and do what is asked, both go by this.
"""

IDENTITY = ("order_number", "email")
"""Slots that prove whose an order is."""

YES_OR_NO = ("confirm", "seal")
"""Slots whose question is whether something shall be done, or is so."""

STARTS = {
    "order_status": "order_status_form",
    "return_item": "return_form",
    "return_status": "return_status_form",
    "exchange_item": "exchange_form",
    "cancel_order": "cancel_form",
    "change_address": "address_form",
    "damaged_or_wrong_item": "damage_form",
    "lost_parcel": "lost_form",
}
"""The form that each wish, an intent, starts; data/rules.yml says the same to Rasa."""

DECIDED = frozenset({"return_item", "exchange_item", "cancel_order", "change_address"})
"""Wishes that the customer decides on: said once more to the question of their own form, they are confirmed; named with a no, they are taken
back. What is damaged or lost is told with a no itself."""

ASIDES = frozenset({"return_status"})
"""Wishes that are only a question within a form: "when do I get my money back?", said in the middle of a return, is about the rules, not about
some other return."""

QUESTIONS = ("product_question", "policy_question")
"""Intents that ask something which needs no form."""
