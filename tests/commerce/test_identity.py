from datetime import timedelta

import pytest

from tongshi.commerce.identity import Identity, Locked, Refused

NUMBER, EMAIL = "MD-10235", "anna.becker@example.com"


@pytest.fixture
def identity(shop, clock):
    return Identity(shop, clock)


def fail(identity, times, sender="stranger", number=NUMBER):
    """Try wrong pairs; the one that locks raises `Locked` already."""
    for _ in range(times):
        with pytest.raises((Refused, Locked)):
            identity.order_of(sender, number, "wrong@example.com")


@pytest.mark.parametrize("email", [EMAIL, "Anna.Becker@Example.com", f"  {EMAIL} "])
def test_number_and_email_together_prove_an_order(identity, email):
    assert identity.order_of("anna", NUMBER, email).order_id == NUMBER


def test_someone_elses_email_proves_nothing(identity):
    with pytest.raises(Refused):
        identity.order_of("anna", NUMBER, "li.wei@example.com")


def test_a_number_that_does_not_exist_is_refused_in_the_same_words(identity):
    with pytest.raises(Refused) as wrong_email:
        identity.order_of("anna", NUMBER, "li.wei@example.com")
    with pytest.raises(Refused) as wrong_number:
        identity.order_of("anna", "MD-99999", EMAIL)
    assert str(wrong_email.value) == str(wrong_number.value)


def test_no_address_opens_an_order_that_does_not_exist(identity):
    with pytest.raises(Refused):
        identity.order_of("anna", "MD-99999", "nobody")


def test_four_wrong_pairs_lock_nothing(identity):
    fail(identity, 4)
    assert identity.order_of("stranger", NUMBER, EMAIL)


def test_the_fifth_wrong_pair_is_told_that_look_ups_are_locked(identity):
    fail(identity, 4)
    with pytest.raises(Locked) as locked:
        identity.order_of("stranger", NUMBER, "wrong@example.com")
    assert locked.value.remaining == timedelta(minutes=15)


def test_the_lock_holds_in_the_conversation_for_other_orders_too(identity):
    fail(identity, 5)
    with pytest.raises(Locked):
        identity.order_of("stranger", "MD-10234", "li.wei@example.com")


def test_the_lock_holds_for_the_order_in_other_conversations_too(identity):
    for number in range(5):
        fail(identity, 1, sender=f"stranger-{number}")
    with pytest.raises(Locked):
        identity.order_of("anna", NUMBER, EMAIL)


def test_wrong_pairs_over_many_orders_lock_the_conversation(identity):
    for number in range(5):
        fail(identity, 1, number=f"MD-1023{number}")
    with pytest.raises(Locked):
        identity.order_of("stranger", "MD-10240", "emily.carter@example.com")


def test_the_lock_concerns_no_other_order_in_no_other_conversation(identity):
    fail(identity, 5)
    assert identity.order_of("li", "MD-10234", "li.wei@example.com")


def test_the_lock_tells_how_long_it_lasts_and_ends_after_fifteen_minutes(identity, clock):
    fail(identity, 5)
    clock.forward(minutes=14, seconds=59)
    with pytest.raises(Locked) as locked:
        identity.order_of("stranger", NUMBER, EMAIL)
    assert locked.value.remaining == timedelta(seconds=1)
    clock.forward(seconds=1)
    assert identity.order_of("stranger", NUMBER, EMAIL)


def test_the_lock_lasts_fifteen_minutes_also_where_the_wrong_pairs_were_minutes_apart(identity, clock):
    for _ in range(4):
        fail(identity, 1)
        clock.forward(minutes=3)
    fail(identity, 1)
    clock.forward(minutes=14)
    with pytest.raises(Locked) as locked:
        identity.order_of("stranger", NUMBER, EMAIL)
    assert locked.value.remaining == timedelta(minutes=1)
    clock.forward(minutes=1)
    assert identity.order_of("stranger", NUMBER, EMAIL)


def test_trying_on_while_locked_does_not_lengthen_the_lock(identity, clock):
    fail(identity, 5)
    clock.forward(minutes=10)
    fail(identity, 3)
    clock.forward(minutes=5)
    assert identity.order_of("stranger", NUMBER, EMAIL)


def test_wrong_pairs_over_a_whole_day_lock_nothing(identity, clock):
    for _ in range(12):
        fail(identity, 1)
        clock.forward(minutes=10)
    assert identity.order_of("stranger", NUMBER, EMAIL)
