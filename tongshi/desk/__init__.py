"""The support staff's desk, the customers' chat page and the help centre."""

from starlette.convertors import IntegerConvertor, register_url_convertor


class _Key(IntegerConvertor):
    """A row's key in a path, as in `{number:key}`; what is longer than any database's is no such page."""

    regex = "[0-9]{1,18}"


register_url_convertor("key", _Key())
