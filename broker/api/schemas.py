"""Fields that more than one schema uses. Schemas parse and check shape; they never query."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields


class Text(fields.String):
    """Text that every database can store: no NUL, no half of a surrogate pair."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
            raise ValidationError("Contains characters that are not text.")
        return text


class ErrorObject(Schema):
    """What every error answers."""

    name = fields.String(required=True, data_key="errorName")
    description = fields.String(required=True, data_key="errorDescription")


class FileSchema(Schema):
    """An answer that is nothing but a file."""


class Nothing(Schema):
    """An empty object."""
