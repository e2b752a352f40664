"""The roots of what the program raises on purpose.

An error is one of these two, or a class of its own beneath them where somebody tells it from others. Outside stand only those that never
leave their room, where they steer what is done next: whoever raises one has a caller there that catches it.
"""


class TongshiError(Exception):
    """Something that a person can mend; the message says what was wrong, where, and what to do."""


class Unavailable(TongshiError):
    """An outside part (language model, database, another server) did not answer in time or at all."""
