"""Where a message goes is kept with it; what waits goes to where the customer had written from before it"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_OUTBOX = sa.table(
    "outbox", *map(sa.column, ("outgoing_id", "message_id", "sender", "channel", "state")), sa.column("address", sa.JSON)
)
_MESSAGES = sa.table("messages", *map(sa.column, ("message_id", "sender", "channel", "author")), sa.column("extras", sa.JSON))


def upgrade() -> None:
    op.add_column("outbox", sa.Column("address", sa.JSON()))
    connection = op.get_bind()
    for waiting in connection.execute(sa.select(_OUTBOX).where(_OUTBOX.c.state == "waiting")).all():
        before = sa.select(_MESSAGES.c.extras).where(
            _MESSAGES.c.sender == waiting.sender, _MESSAGES.c.channel == waiting.channel, _MESSAGES.c.author == 'customer',
            _MESSAGES.c.message_id < waiting.message_id,
        )  # fmt: skip
        extras = connection.scalar(before.order_by(_MESSAGES.c.message_id.desc()).limit(1))
        if extras and extras.get("address"):
            one = _OUTBOX.c.outgoing_id == waiting.outgoing_id
            connection.execute(sa.update(_OUTBOX).where(one).values(address=extras["address"]))


def downgrade() -> None:
    with op.batch_alter_table("outbox") as table:
        table.drop_column("address")
