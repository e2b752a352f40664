"""What Twilio says over HTTP, and whether it is Twilio that says it."""

from __future__ import annotations

from urllib.parse import parse_qs

from sanic.request import Request
from twilio.request_validator import RequestValidator


class TwilioCalls:
    """Reads Twilio's calls, which it signs together with the public address that it called.

    Args:
        token: of the Twilio account.
        address: that public address, up to the channel's name.
    """

    def __init__(self, token: str, address: str) -> None:
        self._validator = RequestValidator(token)
        self._address = address

    def values(self, request: Request, path: str) -> dict[str, str] | None:
        """What Twilio says, None where it is not Twilio that says it.

        Args:
            path: what follows the address, with the query.
        """
        try:
            # Sanic leaves out what is empty, which Twilio signs too.
            fields = parse_qs(request.body.decode(), keep_blank_values=True, max_num_fields=200)
            values = {name: value[-1] for name, value in fields.items()}
            signature = request.headers.get("x-twilio-signature", "")
            is_right = self._validator.validate(f"{self._address}/{path}", values, signature)
        except ValueError:
            return None
        return values if is_right else None
