"""A database of an older version, with what people kept in it, is brought up to date."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text

from tongshi.storage import database as databases
from tongshi.storage.database import MIGRATIONS, Database
from tongshi.storage.knowledge import KnowledgeStore
from tongshi.storage.outbox import OutboxStore


@pytest.fixture
def migrate(tmp_path):
    """Brings one database to a named version; gives the database."""
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = database.engine

    def migrate(version: str, change=command.upgrade) -> Database:
        change(config, version)
        return database

    yield migrate
    database.engine.dispose()


def fill_first_version(database: Database) -> bytes:
    """An article with a title, a passage and two questions, as version 0001 kept it; gives the vector of its keys."""
    vector = np.ones(4, np.float32).tobytes()
    with database.session() as session:
        session.execute(text("INSERT INTO collections VALUES ('shop', 7)"))
        session.execute(
            text(
                "INSERT INTO articles (article_key, collection, article_id, language, title, text, approved, source, digest) "
                "VALUES (1, 'shop', 'returns', 'ar', 'الإرجاع', 'خلال 30 يوما.', 1, 'returns.md', 'use*0.5:abc')"
            )
        )
        keys = [("title", "الإرجاع"), ("passage", "خلال 30 يوما."), ("question", "كم يوم؟"), ("question", "هل أرجعه؟")]
        for kind, key in keys:
            session.execute(
                text("INSERT INTO search_keys (article_key, kind, text, vector) VALUES (1, :kind, :key, :vector)"),
                {"kind": kind, "key": key, "vector": vector},
            )
    return vector


def test_articles_of_the_first_version_keep_their_keys_and_get_questions_and_a_version(migrate):
    vector = fill_first_version(migrate("0001"))
    store = KnowledgeStore(migrate("head"))
    (article,) = store.articles("shop")
    assert (article.questions, article.verbatim, article.status) == (["كم يوم؟", "هل أرجعه؟"], True, "approved")
    assert (article.imported, article.encoder, article.version, article.draft) == ("abc", "use*0.5", 1, None)
    (version,) = store.versions(article.article_key)
    assert (version.number, version.author, version.text, version.questions) == (1, "import", article.text, article.questions)
    assert [(key.kind, key.vector) for key in store.keys("shop")] == [
        ("title", vector),
        ("passage", vector),
        ("question", vector),
        ("question", vector),
    ]
    assert store.version("shop") == "7"


def test_going_back_to_the_first_version_keeps_articles_and_keys(migrate):
    fill_first_version(migrate("0001"))
    migrate("head")
    with migrate("0001", command.downgrade).session() as session:
        assert session.execute(text("SELECT title, approved FROM articles")).all() == [("الإرجاع", 1)]
        assert session.execute(text("SELECT count(*) FROM search_keys")).scalar() == 4


def test_the_number_of_a_key_that_is_gone_is_not_given_again(migrate):
    fill_first_version(migrate("0001"))
    database = migrate("head")
    with database.session() as session:
        session.execute(text("DELETE FROM search_keys WHERE key_id = 4"))
        session.execute(text("INSERT INTO search_keys (article_key, kind, text, vector) VALUES (1, 'question', 'متى؟', x'00')"))
        assert session.execute(text("SELECT max(key_id) FROM search_keys")).scalar() == 5
    indexes = inspect(database.engine).get_indexes("search_keys")
    assert [index["column_names"] for index in indexes] == [["article_key"]]


def test_what_waits_goes_to_where_the_customer_had_written_from(migrate):
    database = migrate("0017")
    at = "2026-01-01 12:00:00"
    said = [
        (1, "customer", {"address": {"chat_id": 77}}), (2, "bot", {}), (3, "customer", {"address": {"chat_id": 666}}), (4, "bot", {})
    ]  # fmt: skip
    with database.session() as session:
        for number, author, extras in said:
            session.execute(
                text(
                    "INSERT INTO messages (message_id, sender, channel, author, text, at, extras) VALUES (:n, 't', 'telegram', :a, '', :at, :e)"
                ),
                {"n": number, "a": author, "at": at, "e": json.dumps(extras)},
            )
        for number, state in ((2, "waiting"), (4, "sent")):
            session.execute(
                text(
                    "INSERT INTO outbox (message_id, sender, channel, state, parts_sent, attempts, uncertain, created_at, due) "
                    "VALUES (:n, 't', 'telegram', :s, 0, 0, 0, :at, :at)"
                ),
                {"n": number, "s": state, "at": at},
            )
    outbox = OutboxStore(migrate("head"))
    assert outbox.of_message(2).address == {"chat_id": 77} and outbox.of_message(4).address is None


def test_a_migration_may_take_longer_than_other_statements(postgresql_database, monkeypatch):
    monkeypatch.setattr(databases, "_STATEMENT_SECONDS", 1)
    database = Database(postgresql_database.url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = database.engine
    command.downgrade(config, "0016")
    writing = postgresql_database.engine.raw_connection()
    writing.cursor().execute("LOCK TABLE messages IN ROW EXCLUSIVE MODE")
    done = threading.Timer(1.5, writing.rollback)
    done.start()
    database.upgrade()
    done.join()
    assert "ix_messages_at" in {one["name"] for one in inspect(database.engine).get_indexes("messages")}
    writing.close()
    database.engine.dispose()
