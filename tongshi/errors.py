"""The two kinds of error that the program raises on purpose."""


class TongshiError(Exception):
    """Something that a person can mend; the message says what was wrong, where, and what to do."""


class Unavailable(TongshiError):
    """An outside part (language model, database, another server) did not answer in time or at all."""
