import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
import sqlalchemy
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError

from tongshi.errors import Unavailable
from tongshi.storage import database as databases
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.database import Database
from tongshi.storage.models import Base, Customer, Feedback, Message, OrderItem, Product


def test_migrations_make_every_table_and_column(database):
    found = inspect(database.engine)
    assert set(Base.metadata.tables) <= set(found.get_table_names())
    for name, table in Base.metadata.tables.items():
        assert {column["name"] for column in found.get_columns(name)} == set(table.columns.keys()), name


def test_upgrading_again_keeps_what_is_there(database, shop):
    database.upgrade()
    assert shop.order("MD-10234")


def test_the_folder_of_a_new_database_is_made(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/a/b/c.db")
    database.upgrade()
    assert (tmp_path / "a" / "b" / "c.db").exists()


@pytest.fixture
def locked(database, shop):
    """Another process that has begun to write and does not end."""
    if database.engine.name == "sqlite":
        other = sqlite3.connect(database.engine.url.database)
        other.execute("BEGIN IMMEDIATE")
    else:
        other = database.engine.raw_connection()
        other.cursor().execute("LOCK TABLE identity_attempts")
    yield other
    other.rollback()
    other.close()


def test_a_database_that_stays_locked_is_unavailable_within_seconds_and_can_still_be_read(shop, locked, clock):
    began = datetime.now()
    with pytest.raises(Unavailable, match="lock"):
        shop.record_failed_attempt("anna", "MD-10234", clock())
    assert datetime.now() - began < timedelta(seconds=10)
    assert shop.order("MD-10234").status == "shipped"
    locked.rollback()
    shop.record_failed_attempt("anna", "MD-10234", clock())


def test_a_database_without_its_tables_is_unavailable_not_a_crash(tmp_path):
    with pytest.raises(Unavailable), Database(f"sqlite:///{tmp_path}/empty.db").session() as session:
        session.get(Customer, "C-001")


def test_a_server_that_is_down_is_unavailable():
    with pytest.raises(Unavailable), Database("postgresql://a:b@127.0.0.1:1/c").session() as session:
        session.get(Customer, "C-001")


def test_a_database_whose_connections_are_all_in_use_is_unavailable(database, monkeypatch):
    monkeypatch.setattr(database.engine.pool, "_timeout", 0.1)
    taken = [database.engine.connect() for _ in range(15)]
    with pytest.raises(Unavailable), database.session() as session:
        session.get(Customer, "C-001")
    for one in taken:
        one.close()
    with database.session() as session:
        assert session.get(Customer, "C-001") is None


def test_a_statement_that_takes_too_long_is_broken_off(postgresql_database, monkeypatch):
    monkeypatch.setattr(databases, "_STATEMENT_SECONDS", 1)
    database = Database(postgresql_database.url)
    with pytest.raises(Unavailable, match="statement timeout"), database.session() as session:
        session.execute(sqlalchemy.text("SELECT pg_sleep(5)"))
    with database.session() as session:
        databases.without_deadline(session.connection())
        session.execute(sqlalchemy.text("SELECT pg_sleep(1.5)"))
    with database.session() as session:
        assert session.scalar(sqlalchemy.text("SHOW statement_timeout")) == "1s"
    database.engine.dispose()


def test_a_server_that_vanished_is_noticed(postgresql_database):
    with postgresql_database.engine.connect() as connection:
        known = connection.connection.dbapi_connection.get_dsn_parameters()
    assert (known["keepalives_idle"], known["tcp_user_timeout"]) == ("5", "10000")


def test_a_connection_that_breaks_in_the_middle_is_unavailable(postgresql_database):
    with pytest.raises(Unavailable, match="closed"), postgresql_database.session() as session:
        session.execute(sqlalchemy.text("SELECT 1"))
        session.connection().connection.dbapi_connection.close()
        session.execute(sqlalchemy.text("SELECT 1"))
    with postgresql_database.session() as session:
        assert session.scalar(sqlalchemy.text("SELECT 1")) == 1


def test_a_block_that_raises_leaves_nothing_behind(database):
    with pytest.raises(ZeroDivisionError), database.session() as session:
        session.add(Customer(customer_id="C-1", name="A", email="a@b.c", language="en"))
        session.flush()
        raise ZeroDivisionError
    with database.session() as session:
        assert session.get(Customer, "C-1") is None


def test_an_item_cannot_belong_to_an_order_that_does_not_exist(database, shop):
    with pytest.raises(IntegrityError), database.session() as session:
        session.add(OrderItem(order_id="MD-99999", sku="MER-HP-200", quantity=1, unit_price=Decimal(1)))


def test_moments_of_any_zone_come_back_as_the_same_moment_in_utc(database):
    berlin = datetime(2026, 11, 18, 13, 0, tzinfo=timezone(timedelta(hours=1)))
    with database.session() as session:
        session.add(Customer(customer_id="C-1", name="A", email="a@b.c", language="en", since=berlin))
    with database.session() as session:
        since = session.get(Customer, "C-1").since
    assert since == berlin and since.tzinfo is UTC


@pytest.mark.parametrize("price", ["0.10", "4.90", "19.99", "1299.00"])
def test_money_is_exact_to_the_cent(database, price):
    with database.session() as session:
        session.add(Product(sku="X", name="X", category="x", price=Decimal(price), stock=1))
    with database.session() as session:
        assert session.get(Product, "X").price == Decimal(price)


class TestConversations:
    @pytest.fixture
    def store(self, database):
        return ConversationStore(database)

    @pytest.fixture
    def say(self, store, clock):
        def say(text, author="bot", sender="anna", client_id=None):
            message = Message(sender=sender, channel="web", author=author, text=text, at=clock(), extras={}, client_id=client_id)
            return store.add_once(message)

        return say

    def test_a_message_sent_twice_is_kept_once(self, store, say):
        assert say("hello", "customer", client_id="1")
        assert not say("hello", "customer", client_id="1")
        assert say("hello", "customer", sender="li", client_id="1")
        assert [message.text for message in store.messages("anna")] == ["hello"]

    def test_the_replies_to_a_message_end_where_the_customer_speaks_again(self, store, say):
        for text, author, name in [
            ("q1", "customer", "1"),
            ("a1", "bot", None),
            ("b1", "bot", None),
            ("q2", "customer", "2"),
            ("a2", "bot", None),
        ]:
            say(text, author, client_id=name)
        assert [message.text for message in store.replies_to("anna", "1")] == ["a1", "b1"]
        assert [message.text for message in store.replies_to("anna", "2")] == ["a2"]
        assert store.replies_to("anna", "3") is None

    def test_the_newest_messages_are_given_oldest_first(self, store, say):
        for number in range(5):
            say(str(number))
        assert [message.text for message in store.messages("anna", most=2)] == ["3", "4"]

    def test_the_list_of_conversations_has_the_last_message_of_each_and_their_number(self, store, say):
        for text, sender in [("a", "anna"), ("b", "li"), ("c", "anna")]:
            say(text, sender=sender)
        assert [(message.text, count) for message, count in store.recent()] == [("c", 2), ("b", 1)]

    def test_a_new_rating_takes_the_place_of_the_old_one(self, store, say, clock):
        say("answer")
        key = store.messages("anna")[0].message_id
        for helpful in (True, False):
            store.rate(Feedback(sender="anna", message_id=key, helpful=helpful, at=clock()))
        assert store.ratings([key, 999]) == {key: False}
        assert len(store.feedback()) == 1
