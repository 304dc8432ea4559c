"""What a client is told when its request cannot be answered."""

from http import HTTPStatus
from typing import Any

KINDS = {
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
    HTTPStatus.SERVICE_UNAVAILABLE: "server_error",
    HTTPStatus.INTERNAL_SERVER_ERROR: "server_error",
}
"""``error.type`` by status; of all others ``invalid_request_error``."""


class RequestError(Exception):
    """A request that is not answered.

    Attributes:
        status: Of HTTP.
        message: One line: field, value and legal values.
        field: The field of the request; empty if it is none.
        code: A word that a program may match on.
    """

    def __init__(self, status: HTTPStatus, message: str, field: str = "", code: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.field, self.code = status, message, field, code

    def as_json(self) -> dict[str, Any]:
        """The body of the reply."""
        error = {"message": self.message, "type": KINDS.get(self.status, "invalid_request_error")}
        return {"error": {**error, "param": self.field or None, "code": self.code or None}}


def illegal(field: str, value: Any, legal: str) -> RequestError:
    """A field with a value that it must not have."""
    shown = repr(value)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    line = f"{field}={shown} is not legal; legal: {legal}"
    return RequestError(HTTPStatus.BAD_REQUEST, line, field)
