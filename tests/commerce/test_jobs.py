import threading
from itertools import permutations

import pytest

from tongshi.commerce.jobs import JOBS
from tongshi.storage.models import Case
from tongshi.storage.shop import ShopStore


class Customer:
    """Gives answers to a job and collects what it says."""

    def __init__(self, shop, clock):
        self.shop, self.clock = shop, clock

    def job(self, form, shop=None):
        return JOBS[form](shop or self.shop, self.clock, "conversation")

    def ask(self, form, order, **answers):
        return self.job(form).ask(self.shop.order(order), answers)

    def finish(self, form, order, **answers):
        return self.job(form).finish(self.shop.order(order), answers)

    def asked(self, form, order, **answers):
        """Which reply asks next; None where nothing is left to ask."""
        ask = self.ask(form, order, **answers)
        return ask and ask.say.reply

    def told(self, form, order, **answers):
        return [say.reply for say in self.finish(form, order, **answers)]


@pytest.fixture
def customer(shop, clock):
    return Customer(shop, clock)


RETURN = {"reason": "changed_mind", "confirm": True}


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ("MD-10234", "shipped"),
        ("MD-10235", "delivered"),
        ("MD-10236", "processing"),
        ("MD-10239", "in_customs"),
        ("MD-10242", "cancelled"),
        ("MD-10245", "lost"),
        ("MD-10246", "out_for_delivery"),
        ("MD-10247", "refunded"),
    ],
)
def test_each_state_of_an_order_has_words_of_its_own(customer, order, status):
    assert customer.told("order_status_form", order) == [f"utter_order_{status}"]


class TestReturns:
    def test_one_item_asks_for_a_reason_and_a_yes_and_gets_a_number(self, customer):
        assert customer.asked("return_form", "MD-10235") == "utter_request_return_reason"
        assert customer.asked("return_form", "MD-10235", reason="quality") == "utter_request_return_confirm"
        assert customer.asked("return_form", "MD-10235", **RETURN) is None
        (said,) = customer.finish("return_form", "MD-10235", **RETURN)
        assert said.reply == "utter_return_created"
        assert said.values["return_number"] == "RT-10001"
        assert said.values["item"]["name"] == "Meridian Book 14"

    def test_a_no_changes_nothing(self, customer, shop):
        assert customer.told("return_form", "MD-10235", reason="quality", confirm=False) == ["utter_nothing_changed"]
        assert shop.cases("MD-10235") == []

    def test_returning_again_names_the_same_return(self, customer):
        (first,) = customer.finish("return_form", "MD-10235", **RETURN)
        assert customer.asked("return_form", "MD-10235") is None
        (again,) = customer.finish("return_form", "MD-10235", **RETURN)
        assert again.reply == "utter_return_exists"
        assert again.values["return_number"] == first.values["return_number"]

    def test_the_window_is_told_before_anything_is_asked(self, customer):
        assert customer.asked("return_form", "MD-10237") is None
        assert customer.told("return_form", "MD-10237") == ["utter_window_passed"]

    def test_the_window_closes_while_the_customer_thinks(self, customer, clock):
        assert customer.asked("return_form", "MD-10235") == "utter_request_return_reason"
        clock.forward(days=18, seconds=1)
        assert customer.told("return_form", "MD-10235", **RETURN) == ["utter_window_passed"]

    def test_final_sale_is_refused_without_asking(self, customer):
        assert customer.asked("return_form", "MD-10241") is None
        assert customer.told("return_form", "MD-10241", **RETURN) == ["utter_final_sale"]

    def test_a_sealed_item_is_asked_for_its_seal(self, customer):
        assert customer.asked("return_form", "MD-10244") == "utter_request_seal"
        assert customer.asked("return_form", "MD-10244", seal=True) == "utter_request_return_reason"
        assert customer.told("return_form", "MD-10244", seal=True, **RETURN) == ["utter_return_created"]

    def test_a_broken_seal_is_refused(self, customer, shop):
        assert customer.asked("return_form", "MD-10244", seal=False) is None
        assert customer.told("return_form", "MD-10244", seal=False, **RETURN) == ["utter_seal_broken"]
        assert shop.cases("MD-10244") == []

    def test_of_two_items_one_must_be_chosen(self, customer):
        ask = customer.ask("return_form", "MD-10251")
        assert (ask.slot, ask.say.reply) == ("product", "utter_request_item")
        assert [button["title"] for button in ask.say.buttons] == ["Volt Power Bank 20000", "Pico In-Ear Buds"]
        assert customer.asked("return_form", "MD-10251", product="power_bank") == "utter_request_return_reason"
        assert customer.asked("return_form", "MD-10251", product="MER-HP-110") == "utter_request_seal"

    def test_an_everyday_word_finds_the_item_that_it_takes_in(self, customer):
        assert customer.asked("return_form", "MD-10244", product="headphones") == "utter_request_seal"

    def test_an_item_that_is_not_in_the_order_is_asked_for_again(self, customer):
        ask = customer.ask("return_form", "MD-10251", product="laptop")
        assert (ask.say.reply, ask.forget) == ("utter_item_unknown", ("product",))

    def test_each_item_of_an_order_can_be_returned(self, customer, shop):
        assert customer.told("return_form", "MD-10251", product="power_bank", **RETURN) == ["utter_return_created"]
        assert customer.told("return_form", "MD-10251", product="earbuds", seal=True, **RETURN) == ["utter_return_created"]
        assert [case.number for case in shop.cases("MD-10251")] == ["RT-10001", "RT-10002"]

    def test_the_status_of_a_return_names_its_number(self, customer):
        assert customer.told("return_status_form", "MD-10235") == ["utter_return_none"]
        customer.finish("return_form", "MD-10235", **RETURN)
        (said,) = customer.finish("return_status_form", "MD-10235")
        assert (said.reply, said.values["return_number"]) == ("utter_return_status", "RT-10001")
        assert customer.told("return_status_form", "MD-10247") == ["utter_order_refunded"]


class TestExchanges:
    def test_a_colour_is_asked_for_with_buttons_where_there_are_several(self, customer):
        order = customer.shop.order("MD-10235")
        order.items[0].product.colours = ["graphite", "sand", "navy"]
        ask = customer.job("exchange_form").ask(order, {})
        assert ask.say.reply == "utter_request_exchange_colour"
        assert [button["title"] for button in ask.say.buttons] == ["colour:sand", "colour:navy"]

    def test_the_only_other_colour_is_not_asked_for_and_the_exchange_gets_a_number(self, customer):
        assert customer.ask("exchange_form", "MD-10235").say.values["colour"] == "silver"
        assert customer.asked("exchange_form", "MD-10235", colour="silver") == "utter_request_exchange_confirm"
        (said,) = customer.finish("exchange_form", "MD-10235", colour="silver", confirm=True)
        assert (said.reply, said.values["exchange_number"]) == ("utter_exchange_created", "EX-10001")

    def test_a_colour_that_does_not_exist_is_asked_for_again(self, customer):
        ask = customer.ask("exchange_form", "MD-10235", colour="red")
        assert (ask.say.reply, ask.forget) == ("utter_exchange_colour_unavailable", ("colour",))

    def test_the_colour_that_the_item_has_is_not_the_one_wished(self, customer):
        for named in (["graphite", "silver"], ["oak", "silver", "graphite"]):
            ask = customer.ask("exchange_form", "MD-10235", colour=named)
            assert ask.say.values["colour"] == "silver"

    def test_an_order_is_exchanged_once(self, customer):
        customer.finish("exchange_form", "MD-10235", colour="silver", confirm=True)
        assert customer.asked("exchange_form", "MD-10235") is None
        assert customer.told("exchange_form", "MD-10235", colour="silver", confirm=True) == ["utter_exchange_used"]

    def test_an_item_of_one_colour_has_nothing_to_change_to(self, customer):
        assert customer.told("exchange_form", "MD-10240") == ["utter_exchange_no_variant"]

    def test_a_broken_seal_is_refused(self, customer):
        assert customer.asked("exchange_form", "MD-10244") == "utter_request_seal"
        assert customer.told("exchange_form", "MD-10244", seal=False) == ["utter_seal_broken"]


class TestCancelling:
    def test_a_fresh_order_is_cancelled_after_a_yes(self, customer, shop):
        assert customer.asked("cancel_form", "MD-10249") == "utter_request_cancel_confirm"
        assert customer.told("cancel_form", "MD-10249", confirm=True) == ["utter_cancel_done"]
        assert shop.order("MD-10249").status == "cancelled"
        assert customer.told("cancel_form", "MD-10249", confirm=True) == ["utter_order_closed"]

    def test_after_sixty_minutes_it_is_too_late_even_for_a_question_that_stood(self, customer, clock, shop):
        assert customer.asked("cancel_form", "MD-10249") == "utter_request_cancel_confirm"
        clock.forward(minutes=40)
        assert customer.asked("cancel_form", "MD-10249") == "utter_request_cancel_confirm"
        clock.forward(seconds=1)
        assert customer.told("cancel_form", "MD-10249", confirm=True) == ["utter_cancel_too_late"]
        assert shop.order("MD-10249").status == "processing"

    def test_an_order_that_left_the_warehouse_meanwhile_is_not_cancelled(self, customer, shop):
        order = shop.order("MD-10249")
        shop.set_status("MD-10249", "processing", "shipped")
        (said,) = customer.job("cancel_form").finish(order, {"confirm": True})
        assert said.reply == "utter_cancel_too_late"
        assert shop.order("MD-10249").status == "shipped"


class TestAddresses:
    ADDRESS = "Calle Mayor 12, 28013 Madrid"

    def test_the_new_address_is_confirmed_and_kept(self, customer, shop):
        assert customer.asked("address_form", "MD-10236") == "utter_request_address"
        assert customer.asked("address_form", "MD-10236", address=self.ADDRESS) == "utter_request_address_confirm"
        assert customer.told("address_form", "MD-10236", address=self.ADDRESS, confirm=True) == ["utter_address_changed"]
        assert shop.order("MD-10236").address == self.ADDRESS

    @pytest.mark.parametrize("address", ["here", "to my mother please", "12345"])
    def test_what_is_no_address_is_asked_for_again(self, customer, address):
        ask = customer.ask("address_form", "MD-10236", address=address)
        assert (ask.say.reply, ask.forget) == ("utter_invalid_address", ("address",))

    @pytest.mark.parametrize("address", ["rua das flores 10, loulé", "PO Box 123", "문화로 12 301호"])
    def test_free_text_with_a_number_is_taken_for_one(self, customer, address):
        assert customer.asked("address_form", "MD-10236", address=address) == "utter_request_address_confirm"

    def test_digits_of_any_script_make_an_address(self, customer):
        assert customer.asked("address_form", "MD-10236", address="شارع الملك فهد ١٢، الرياض") == "utter_request_address_confirm"

    def test_a_parcel_on_its_way_keeps_its_address(self, customer):
        assert customer.told("address_form", "MD-10234") == ["utter_address_too_late"]
        assert customer.told("address_form", "MD-10235") == ["utter_address_order_finished"]


class TestDamage:
    ANSWERS = {"description": "the glass is broken", "resolution": "replacement", "confirm": True}

    def test_damage_is_described_a_wish_asked_for_and_a_case_opened(self, customer, shop):
        assert customer.asked("damage_form", "MD-10250") == "utter_request_damage_description"
        assert customer.asked("damage_form", "MD-10250", description="broken") == "utter_request_resolution"
        assert (
            customer.asked("damage_form", "MD-10250", description="broken", resolution="refund") == "utter_request_damage_confirm"
        )
        (said,) = customer.finish("damage_form", "MD-10250", **self.ANSWERS)
        assert (said.reply, said.values["case_number"]) == ("utter_damage_created", "CL-10001")
        assert shop.cases("MD-10250")[0].details == {"description": "the glass is broken", "resolution": "replacement"}

    def test_after_forty_eight_hours_it_is_too_late(self, customer, clock):
        clock.forward(hours=24)
        assert customer.asked("damage_form", "MD-10250") == "utter_request_damage_description"
        clock.forward(seconds=1)
        assert customer.asked("damage_form", "MD-10250") is None
        assert customer.told("damage_form", "MD-10250", **self.ANSWERS) == ["utter_damage_too_late"]

    def test_reporting_again_names_the_same_case(self, customer):
        customer.finish("damage_form", "MD-10250", **self.ANSWERS)
        (again,) = customer.finish("damage_form", "MD-10250", **self.ANSWERS)
        assert (again.reply, again.values["case_number"]) == ("utter_case_exists", "CL-10001")


class TestOneCaseAnItem:
    ANSWERS = {
        "return_form": RETURN,
        "exchange_form": {"colour": "green", "confirm": True},
        "damage_form": TestDamage.ANSWERS,
    }

    @pytest.mark.parametrize(("first", "second"), permutations(ANSWERS, 2))
    def test_what_is_under_way_for_an_item_is_named_instead_of_a_second_case(self, customer, shop, first, second):
        customer.finish(first, "MD-10250", **self.ANSWERS[first])
        (case,) = shop.cases("MD-10250")
        assert customer.asked(second, "MD-10250") is None
        (said,) = customer.finish(second, "MD-10250", **self.ANSWERS[second])
        assert (said.reply, said.values["case_number"]) == ("utter_item_has_case", case.number)
        assert len(shop.cases("MD-10250")) == 1

    def test_the_other_item_of_the_order_is_free(self, customer):
        customer.finish("return_form", "MD-10251", product="power_bank", **RETURN)
        assert customer.asked("exchange_form", "MD-10251", product="earbuds") == "utter_request_seal"
        assert customer.told("exchange_form", "MD-10251", product="power_bank") == ["utter_item_has_case"]


class TestLoss:
    def test_a_lost_order_is_sent_again_or_refunded(self, customer):
        assert customer.asked("lost_form", "MD-10245") == "utter_request_lost_resolution"
        assert customer.asked("lost_form", "MD-10245", resolution="refund") is None
        (said,) = customer.finish("lost_form", "MD-10245", resolution="replacement")
        assert (said.reply, said.values["resolution"]) == ("utter_lost_created", "resend")
        assert customer.told("lost_form", "MD-10245") == ["utter_case_exists"]

    def test_a_parcel_that_moved_lately_is_told_when(self, customer):
        (said,) = customer.finish("lost_form", "MD-10234")
        assert (said.reply, said.values["duration"]) == ("utter_lost_too_early", 24 * 3600)

    def test_a_search_is_opened_after_ten_days(self, customer, clock):
        clock.forward(days=9)
        (said,) = customer.finish("lost_form", "MD-10234")
        assert (said.reply, said.values["case_number"]) == ("utter_lost_search_opened", "CL-10001")
        assert customer.told("lost_form", "MD-10234") == ["utter_case_exists"]

    def test_what_has_arrived_or_not_left_is_not_searched_for(self, customer):
        assert customer.told("lost_form", "MD-10235") == ["utter_lost_delivered"]
        assert customer.told("lost_form", "MD-10236") == ["utter_lost_not_shipped"]


class Late(ShopStore):
    """Sees a case only once it wants to register another: what a racing request sees."""

    def cases(self, order_id):
        return []


@pytest.mark.parametrize(
    ("form", "order", "answers", "reply"),
    [
        ("return_form", "MD-10235", RETURN, "utter_return_exists"),
        ("exchange_form", "MD-10235", {"colour": "silver", "confirm": True}, "utter_exchange_used"),
        ("damage_form", "MD-10250", TestDamage.ANSWERS, "utter_case_exists"),
        ("lost_form", "MD-10245", {"resolution": "refund"}, "utter_case_exists"),
    ],
)
def test_of_two_racing_requests_the_second_gets_the_number_of_the_first(customer, database, shop, form, order, answers, reply):
    customer.finish(form, order, **answers)
    (said,) = customer.job(form, Late(database)).finish(shop.order(order), answers)
    (case,) = shop.cases(order)
    assert said.reply == reply
    assert case.number in said.values.values()


def test_requests_at_the_same_moment_register_one_case(shop, clock):
    numbers, start = [], threading.Barrier(6)

    def register():
        case = Case(kind="return", order_id="MD-10235", sender="s", created_at=clock(), details={}, once="return:1")
        start.wait()
        numbers.append(shop.open_case(case).number)

    threads = [threading.Thread(target=register) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers == [shop.cases("MD-10235")[0].number] * 6
    assert len(shop.cases("MD-10235")) == 1
