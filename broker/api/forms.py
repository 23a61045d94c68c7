"""Forms as they were sent: what can't be read is no empty form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from flask import Request
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.formparser import FormDataParser


@contextmanager
def readable() -> Iterator[None]:
    """A body that breaks off or is badly chunked is the sender's fault, not ours.

    Each server has an exception of its own for it, which no base class tells from others.
    """
    try:
        yield
    except HTTPException:
        raise
    except Exception as error:
        raise BadRequest(f"The body can't be read: {error}") from error


class FormParser(FormDataParser):
    """Raises BadRequest for a form that is broken. Werkzeug would give one without any field."""

    def parse(self, stream: IO[bytes], mimetype: str, *rest: Any) -> Any:
        """The stream, the fields and the files."""
        self.silent = False
        with readable():
            return super().parse(stream, mimetype, *rest)


class FormRequest(Request):
    """A request whose forms are read by `FormParser`, whoever looks at them first."""

    form_data_parser_class = FormParser
