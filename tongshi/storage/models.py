"""The tables."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import declarative_base, relationship
from sqlalchemy.types import TypeDecorator

Base = declarative_base()

LONGEST_CLIENT_ID = 64
"""Characters of a client's own name for a message."""


class Instant(TypeDecorator):
    """A moment, kept in UTC: SQLite forgets time zones, so none but UTC is ever written."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect) -> datetime | None:
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value else None


class Amount(TypeDecorator):
    """Money, exact to the cent; SQLite has no decimals, so cents are kept."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect) -> int | None:
        return None if value is None else int((value * 100).to_integral_value())

    def process_result_value(self, value: int | None, dialect) -> Decimal | None:
        return None if value is None else Decimal(value) / 100


# The shop


class Customer(Base):
    __tablename__ = "customers"
    customer_id = Column(String(32), primary_key=True)
    name = Column(Text, nullable=False)
    email = Column(Text, nullable=False)
    language = Column(String(2), nullable=False)
    country = Column(String(2))
    miles = Column(Integer, nullable=False, default=0)
    since = Column(Instant)


class Product(Base):
    __tablename__ = "products"
    sku = Column(String(32), primary_key=True)
    name = Column(Text, nullable=False)
    category = Column(String(32), nullable=False)
    price = Column(Amount, nullable=False)
    stock = Column(Integer, nullable=False)
    rating_ip = Column(String(8))
    battery_wh = Column(Numeric(8, 1, asdecimal=False))
    plug = Column(JSON, nullable=False, default=list)
    colours = Column(JSON, nullable=False, default=list)
    compatible_with = Column(JSON, nullable=False, default=list)
    final_sale = Column(Boolean, nullable=False, default=False)
    hygiene_seal = Column(Boolean, nullable=False, default=False)


class Order(Base):
    __tablename__ = "orders"
    order_id = Column(String(32), primary_key=True)
    customer_id = Column(ForeignKey("customers.customer_id"), nullable=False)
    status = Column(String(24), nullable=False)
    carrier = Column(Text)
    tracking = Column(Text)
    address = Column(Text)
    placed_at = Column(Instant, nullable=False)
    delivered_at = Column(Instant)
    last_scan_at = Column(Instant)
    eta = Column(Date)
    customer = relationship(Customer, lazy="joined")
    items = relationship("OrderItem", lazy="selectin", order_by="OrderItem.item_id", back_populates="order")


class OrderItem(Base):
    __tablename__ = "order_items"
    item_id = Column(Integer, primary_key=True)
    order_id = Column(ForeignKey("orders.order_id"), nullable=False, index=True)
    sku = Column(ForeignKey("products.sku"), nullable=False)
    colour = Column(String(24))
    quantity = Column(Integer, nullable=False)
    unit_price = Column(Amount, nullable=False)
    order = relationship(Order, back_populates="items")
    product = relationship(Product, lazy="joined")


class Case(Base):
    """Something that was registered for a customer: a return, an exchange, a damage report, a search, a call-back."""

    __tablename__ = "cases"
    case_id = Column(Integer, primary_key=True)
    kind = Column(String(16), nullable=False)
    order_id = Column(ForeignKey("orders.order_id"), index=True)
    item_id = Column(ForeignKey("order_items.item_id"))
    sender = Column(Text, nullable=False)
    created_at = Column(Instant, nullable=False)
    details = Column(JSON, nullable=False, default=dict)
    # One return, one exchange, one damage report of an item; one search of an order: enforced where two requests race.
    once = Column(Text, unique=True)
    item = relationship(OrderItem, lazy="joined")

    PREFIXES = {"return": "RT", "exchange": "EX"}

    @property
    def number(self) -> str:
        """How people call it: RT-10001 for a return, EX-… for an exchange, CL-… for anything else."""
        return f"{self.PREFIXES.get(self.kind, 'CL')}-{10_000 + self.case_id}"


class IdentityAttempt(Base):
    """A pair of order number and e-mail that did not match."""

    __tablename__ = "identity_attempts"
    attempt_id = Column(Integer, primary_key=True)
    sender = Column(Text, nullable=False, index=True)
    order_id = Column(Text, nullable=False, index=True)
    at = Column(Instant, nullable=False)


# Conversations


class Message(Base):
    """One message of a conversation as it was sent."""

    __tablename__ = "messages"
    message_id = Column(Integer, primary_key=True)
    sender = Column(Text, nullable=False)
    channel = Column(String(24), nullable=False)
    author = Column(String(8), nullable=False)
    text = Column(Text, nullable=False)
    language = Column(String(8))
    at = Column(Instant, nullable=False, index=True)
    extras = Column(JSON, nullable=False, default=dict)
    # The customer's browser names each message it sends, so that a repeated one is recognised.
    client_id = Column(String(LONGEST_CLIENT_ID))
    __table_args__ = (
        Index("messages_of_a_conversation", "sender", "message_id"),
        UniqueConstraint("sender", "client_id", name="messages_once"),
    )


WAITING_OUT, SENT, GIVEN_UP = "waiting", "sent", "given_up"
"""What a message on its way to a platform can be."""


class Outgoing(Base):
    """A message on its way to the customer through a platform that we call: Slack, Telegram, a mail server.

    Attributes:
        address: where it goes, as the channel noted it with the customer's message; None where they never wrote from there.
        parts_sent: how many calls of those that the message needs the platform has confirmed.
        uncertain: whether the call of an earlier try may have arrived though no answer to it came.
        due: when it is to be tried next; while it is being sent, when another may take it over.
        error: what the platform said last.
    """

    __tablename__ = "outbox"
    outgoing_id = Column(Integer, primary_key=True)
    message_id = Column(ForeignKey("messages.message_id", ondelete="CASCADE"), nullable=False, unique=True)
    sender = Column(Text, nullable=False)
    channel = Column(String(24), nullable=False)
    address = Column(JSON(none_as_null=True))
    state = Column(String(8), nullable=False, default=WAITING_OUT)
    parts_sent = Column(Integer, nullable=False, default=0)
    attempts = Column(Integer, nullable=False, default=0)
    uncertain = Column(Boolean, nullable=False, default=False)
    created_at = Column(Instant, nullable=False)
    due = Column(Instant, nullable=False)
    ended_at = Column(Instant)
    error = Column(Text)
    message = relationship(Message, lazy="joined")
    __table_args__ = (Index("outbox_that_waits", "channel", "state", "sender", "outgoing_id"),)


class Received(Base):
    """A message of a customer that was acknowledged to its platform and is still to be handled.

    Attributes:
        client_id: the platform's name for it.
        content: all that its channel needs to handle it.
        tries: how many processes have taken it up after the one that got it.
        owner: the process that has it in hand, None where none has.
        held_until: when another may take it over.
    """

    __tablename__ = "inbox"
    received_id = Column(Integer, primary_key=True)
    channel = Column(String(24), nullable=False)
    sender = Column(Text, nullable=False)
    client_id = Column(String(LONGEST_CLIENT_ID), nullable=False)
    content = Column(JSON, nullable=False)
    at = Column(Instant, nullable=False)
    tries = Column(Integer, nullable=False, default=0, server_default="0")
    owner = Column(String(16))
    held_until = Column(Instant)
    __table_args__ = (UniqueConstraint("channel", "sender", "client_id"),)


class PhoneCall(Base):
    """A telephone call.

    Attributes:
        identity: the name of its caller on that channel.
        heard_at: when the caller was last known to be on the line.
        end: how it ended, `hung_up` or `put_through` to a person; None while it lasts, or where nobody told.
    """

    __tablename__ = "calls"
    identity = Column(Text, primary_key=True)
    heard_at = Column(Instant, nullable=False)
    end = Column(String(12))
    ended_at = Column(Instant)


class Attachment(Base):
    """A file that a customer sent, kept for the person who takes over.

    Attributes:
        client_id: of the message that it came with.
        number: its place among that message's files, from 0.
        kind: its media type as the customer's program named it.
        text: what can be read in a photo; "" where that is nothing, or nobody looked.
    """

    __tablename__ = "attachments"
    attachment_id = Column(Integer, primary_key=True)
    sender = Column(Text, nullable=False)
    client_id = Column(String(LONGEST_CLIENT_ID), nullable=False)
    number = Column(Integer, nullable=False)
    name = Column(Text, nullable=False)
    kind = Column(String(120), nullable=False)
    data = Column(LargeBinary, nullable=False)
    text = Column(Text, nullable=False, default="", server_default="")
    at = Column(Instant, nullable=False)
    __table_args__ = (UniqueConstraint("sender", "client_id", "number", name="attachments_once"),)


class Mailbox(Base):
    """How far a mailbox has been read.

    Attributes:
        name: account and folder.
        validity: the mailbox's own word for the numbering that `uid` belongs to.
        uid: the last message that was handled.
        reading: messages that are being taken apart, and how often that was begun.
    """

    __tablename__ = "mailboxes"
    name = Column(String(300), primary_key=True)
    validity = Column(BigInteger, nullable=False)
    uid = Column(BigInteger, nullable=False)
    reading = Column(JSON, nullable=False, default=dict)


class Mail(Base):
    """Which conversation an e-mail belongs to.

    Attributes:
        digest: of its Message-ID and the customer's address.
        customer: digest of that address.
        ours: whether we sent it.
    """

    __tablename__ = "mails"
    digest = Column(String(64), primary_key=True)
    sender = Column(Text, nullable=False)
    customer = Column(String(64), nullable=False)
    ours = Column(Boolean, nullable=False)
    at = Column(Instant, nullable=False)
    __table_args__ = (Index("mails_of_a_customer", "customer", "at"),)


class Alias(Base):
    """Somebody on one channel goes on with a conversation that was begun on another.

    Attributes:
        identity: their name on the channel, which is that of the conversation they would have of their own.
        sender: the conversation.
    """

    __tablename__ = "aliases"
    identity = Column(Text, primary_key=True)
    sender = Column(Text, nullable=False, index=True)
    at = Column(Instant, nullable=False)


class Invitation(Base):
    """Lets one customer go on with a conversation on another channel, once, for a short time.

    Attributes:
        link, code, pin: digests of what a link carries, of what is typed, and of what is told or keyed in by telephone.
        used_by: who went on with it; None where nobody has.
    """

    __tablename__ = "invitations"
    invitation_id = Column(Integer, primary_key=True)
    link = Column(String(64), nullable=False, unique=True)
    code = Column(String(64), nullable=False, unique=True)
    pin = Column(String(64), unique=True, index=True)
    sender = Column(Text, nullable=False, index=True)
    expires = Column(Instant, nullable=False)
    used_by = Column(Text)


class Proof(Base):
    """In a conversation somebody named an order's number and its e-mail together.

    Attributes:
        customer: digest of the e-mail.
    """

    __tablename__ = "proofs"
    sender = Column(Text, primary_key=True)
    customer = Column(String(64), primary_key=True, index=True)
    at = Column(Instant, nullable=False)


TRANSLATION, SUMMARY, ORIGINAL, MOOD = "translation", "summary", "original", "mood"
"""What a rendering can be: the message in another language, the conversation up to it in short, what an agent wrote before it was translated, or how
the customer felt when they wrote it."""


class Rendering(Base):
    """What an agent reads beside a message, in a language of theirs; it goes when the message does.

    Attributes:
        done: whether `text` passed its checks; where it did not, it is the message as it was, or empty.
    """

    __tablename__ = "renderings"
    message_id = Column(ForeignKey("messages.message_id", ondelete="CASCADE"), primary_key=True)
    kind = Column(String(12), primary_key=True)
    language = Column(String(2), primary_key=True)
    text = Column(Text, nullable=False)
    done = Column(Boolean, nullable=False)


class Handover(Base):
    """Whether a person has, or waits to have, a conversation. One row a conversation; the bot is silent in two of the states."""

    __tablename__ = "handovers"
    sender = Column(Text, primary_key=True)
    state = Column(String(16), nullable=False)
    case_id = Column(ForeignKey("cases.case_id"))
    language = Column(String(2))
    reason = Column(Text)
    since = Column(Instant, nullable=False)
    case = relationship(Case, lazy="joined")


class Feedback(Base):
    __tablename__ = "feedback"
    feedback_id = Column(Integer, primary_key=True)
    sender = Column(Text, nullable=False)
    message_id = Column(ForeignKey("messages.message_id"))
    helpful = Column(Boolean, nullable=False)
    reason = Column(Text)
    at = Column(Instant, nullable=False, index=True)
    message = relationship(Message, lazy="joined")


class Score(Base):
    """What a customer thought of a conversation when it ended: 1 to 5, and a word."""

    __tablename__ = "scores"
    sender = Column(Text, primary_key=True)
    score = Column(Integer, nullable=False)
    comment = Column(Text)
    at = Column(Instant, nullable=False)


class Trace(Base):
    """How an answer came about: question, passages with scores, checks, seconds."""

    __tablename__ = "traces"
    trace_id = Column(Integer, primary_key=True)
    sender = Column(Text)
    question = Column(Text, nullable=False)
    outcome = Column(String(16), nullable=False)
    seconds = Column(Float, nullable=False)
    at = Column(Instant, nullable=False, index=True)
    details = Column(JSON, nullable=False, default=dict)


NOT_UNDERSTOOD = "nlu_fallback"
"""The intent of a message for which none was likely enough, as Rasa's FallbackClassifier names it."""


class Reading(Base):
    """What the bot made of a customer's message.

    Attributes:
        intent: `NOT_UNDERSTOOD` where none was likely enough.
        ranking: intents with their probabilities, likeliest first, without the fallback.
        asked: the slot that the bot had asked for just before.
        sentiment: from -1, very unhappy, to 1, very happy; None where it was not judged.
        urgency: from 0 to 1; None where it was not judged.
    """

    __tablename__ = "readings"
    message_id = Column(ForeignKey("messages.message_id", ondelete="CASCADE"), primary_key=True)
    intent = Column(String(64), nullable=False, index=True)
    confidence = Column(Float, nullable=False)
    ranking = Column(JSON, nullable=False, default=list)
    asked = Column(String(64))
    sentiment = Column(Float)
    urgency = Column(Float)


OPEN, ACCEPTED, CORRECTED, DROPPED, LEARNT = "open", "accepted", "corrected", "dropped", "learnt"
"""What a message in review can be: not looked at, rightly taken for its intent, given another, of no use, or trained on."""


class Review(Base):
    """A message that a person should look at, and what they decided. Personal data in its texts is masked.

    Attributes:
        message_id: the customer's message; with it goes its review.
        reason: `thumbs_down`, `unanswered`, `fallback`, `corrected` or `low_confidence`.
        intent: that the bot believed in most, whether or not it acted on it.
        context: what was said before, oldest first, each with `author` and `text`.
        wanted: the intent that it should have been taken for.
        wording: the text as it is to be trained on; "" where it is not.
        decided_by: the person who decided; "" where nobody has.
    """

    __tablename__ = "reviews"
    review_id = Column(Integer, primary_key=True)
    message_id = Column(ForeignKey("messages.message_id", ondelete="CASCADE"), nullable=False, unique=True)
    reason = Column(String(16), nullable=False)
    status = Column(String(9), nullable=False, default=OPEN, index=True)
    text = Column(Text, nullable=False)
    language = Column(String(8))
    intent = Column(String(64), nullable=False, default="")
    confidence = Column(Float)
    ranking = Column(JSON, nullable=False, default=list)
    context = Column(JSON, nullable=False, default=list)
    trace_id = Column(Integer)
    at = Column(Instant, nullable=False)
    wanted = Column(String(64), nullable=False, default="")
    wording = Column(Text, nullable=False, default="")
    decided_by = Column(Text, nullable=False, default="")
    decided_at = Column(Instant)

    def as_dict(self) -> dict[str, object]:
        return {
            "id": self.review_id,
            "reason": self.reason,
            "status": self.status,
            "lang": self.language,
            "text": self.text,
            "intent": self.intent or None,
            "confidence": self.confidence,
            "ranking": self.ranking,
            "context": self.context,
            "trace": self.trace_id,
            "at": self.at.isoformat(),
            "wanted": self.wanted or None,
            "wording": self.wording or None,
            "decided_by": self.decided_by or None,
            "decided_at": self.decided_at.isoformat() if self.decided_at else None,
        }


# Knowledge


class Collection(Base):
    """A set of articles that is searched together; `version` counts its changes."""

    __tablename__ = "collections"
    name = Column(String(64), primary_key=True)
    version = Column(Integer, nullable=False, default=0)


DRAFT, APPROVED, RETIRED = "draft", "approved", "retired"
"""What an article can be: written and not seen by search, seen by search, or no longer seen."""


class Content:
    """What an article says, whose it is, and when it holds; see `tongshi.knowledge.articles.Article`."""

    title = Column(Text, nullable=False)
    text = Column(Text, nullable=False)
    questions = Column(JSON, nullable=False, default=list)
    verbatim = Column(Boolean, nullable=False, default=False)
    source = Column(Text, nullable=False)
    owner = Column(Text, nullable=False, default="")
    tags = Column(JSON, nullable=False, default=list)
    valid_from = Column(Instant)
    valid_until = Column(Instant)
    translation_of = Column(String(2))
    translated_from = Column(String(40), nullable=False, default="")
    status = Column(String(8), nullable=False, default=APPROVED)


class Article(Content, Base):
    """An article as it is: what search sees where it is approved, else what was last drafted or retired.

    Attributes:
        version: number of the version that is shown here.
        draft: number of the version that waits for a person's approval, None where none does.
        imported: digest of what the import that brought it read; "" where it was written by command or API.
        encoder: which made the vectors of its keys; "" where it has none.
    """

    __tablename__ = "articles"
    article_key = Column(Integer, primary_key=True)
    collection = Column(ForeignKey("collections.name"), nullable=False)
    article_id = Column(String(200), nullable=False)
    language = Column(String(2), nullable=False)
    version = Column(Integer, nullable=False, default=0)
    draft = Column(Integer)
    imported = Column(String(64), nullable=False, default="")
    encoder = Column(String(20), nullable=False, default="")
    keys = relationship("SearchKey", cascade="all, delete-orphan", passive_deletes=True, back_populates="article")
    __table_args__ = (
        UniqueConstraint("collection", "article_id", "language", name="articles_once"),
        Index("articles_valid_from", "collection", "valid_from"),
        Index("articles_valid_until", "collection", "valid_until"),
    )

    @property
    def newest(self) -> int:
        """Number of the newest version, 0 where there is none yet."""
        return max(self.version or 0, self.draft or 0)


class ArticleVersion(Content, Base):
    """An article as somebody left it; every change makes one, none is ever changed."""

    __tablename__ = "article_versions"
    version_key = Column(Integer, primary_key=True)
    article_key = Column(ForeignKey("articles.article_key", ondelete="CASCADE"), nullable=False)
    number = Column(Integer, nullable=False)
    author = Column(Text, nullable=False)
    at = Column(Instant, nullable=False)
    note = Column(Text, nullable=False, default="")
    __table_args__ = (UniqueConstraint("article_key", "number", name="article_versions_once"),)


class WebPage(Base):
    """What a server said of a page when it was imported, to be asked next time only for what has changed."""

    __tablename__ = "web_pages"
    collection = Column(String(64), primary_key=True)
    url = Column(Text, primary_key=True)
    article_id = Column(String(200), nullable=False)
    language = Column(String(2), nullable=False)
    etag = Column(Text, nullable=False, default="")
    last_modified = Column(Text, nullable=False, default="")


class SearchKey(Base):
    """A text by which an article is found: its `title`, a `passage`, or a similar `question`; `vector` holds float32 values."""

    __tablename__ = "search_keys"
    key_id = Column(Integer, primary_key=True)
    article_key = Column(ForeignKey("articles.article_key", ondelete="CASCADE"), nullable=False, index=True)
    kind = Column(String(8), nullable=False)
    text = Column(Text, nullable=False)
    vector = Column(LargeBinary, nullable=False)
    article = relationship(Article, back_populates="keys")
    # Indexes know a key by its number, which is therefore never given to another.
    __table_args__ = {"sqlite_autoincrement": True}


PROPOSED, CONFIRMED, REJECTED = "proposed", "confirmed", "rejected"
"""What a relation can be: waiting for a person, known, or known to be wrong."""


class Relation(Base):
    """Two things that are known together and how, an edge of the graph of what is known; see `tongshi.knowledge.graph`.

    Attributes:
        subject, object: what is related, as `kind:name`, e.g. `product:MER-CH-065`, `country:JP`.
        name: how, e.g. `has_plug`.
        figures: what belongs to it, e.g. a price, days; names of figures with numbers or texts.
        digest: of all the above, by which a relation is known again.
        source: where it is said: `catalogue`, a file of data/knowledge/graph, or an article's id.
        evidence: the sentence or passage that says it.
        proposed_by: who read it there, e.g. `patterns`, `language model llm-1.5b`; "" where the source vouches for itself.
        decided_by: the person who confirmed or rejected it; "" where nobody has.
    """

    __tablename__ = "relations"
    relation_id = Column(Integer, primary_key=True)
    subject = Column(String(200), nullable=False, index=True)
    name = Column(String(24), nullable=False)
    object = Column(String(200), nullable=False, index=True)
    figures = Column(JSON, nullable=False, default=dict)
    digest = Column(String(40), nullable=False, unique=True)
    status = Column(String(9), nullable=False)
    source = Column(String(200), nullable=False)
    evidence = Column(Text, nullable=False, default="")
    proposed_by = Column(String(80), nullable=False, default="")
    decided_by = Column(Text, nullable=False, default="")
    changed_at = Column(Instant, nullable=False)

    def as_dict(self) -> dict[str, Any]:
        """As the command line and the desk give it in JSON."""
        return {
            "id": self.relation_id,
            "subject": self.subject,
            "relation": self.name,
            "object": self.object,
            "figures": self.figures,
            "status": self.status,
            "source": self.source,
            "evidence": self.evidence,
            "proposed_by": self.proposed_by,
            "decided_by": self.decided_by,
        }


class RelationReading(Base):
    """A passage that the language model has read for relations; `digest` is of all that it was asked."""

    __tablename__ = "relation_readings"
    digest = Column(String(40), primary_key=True)
    at = Column(Instant, nullable=False)
