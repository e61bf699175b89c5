"""A checked configuration as a file again: all defaults filled in, secrets only when asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import yaml
from pydantic import BaseModel, ByteSize, SecretStr

from otel_bridge.config_file.registry import KINDS
from otel_bridge.config_file.wanting import leaves
from otel_bridge.parsers import Endpoint, spelled_duration

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from otel_bridge.config_file.reading import Loaded

REDACTED: Final = "[REDACTED]"
"""As the collector prints what is secret."""
_SIZES: Final = {"TiB": 1 << 40, "GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10}


def document_of(loaded: Loaded, *, redacted: bool) -> dict[str, Any]:
    """Return the maps of a configuration file that says the same, whatever it was put together from."""
    document: dict[str, Any] = {}
    for kind in KINDS:
        components = loaded.components[kind]
        if components:
            document[kind] = {name: _model(one, redacted=redacted) for name, one in components.items()}
    return {**document, "service": _model(loaded.service, redacted=redacted)}


def as_yaml(document: dict[str, Any]) -> str:
    """Write a document with its keys in the order of the models."""
    return yaml.safe_dump(document, sort_keys=False, width=110, allow_unicode=True)


def size(value: int) -> str | int:
    """Write a size with its largest whole unit, or as a number of bytes."""
    for unit, factor in _SIZES.items():
        if value and value % factor == 0:
            return f"{value // factor}{unit}"
    return int(value)


def _model(model: BaseModel, *, redacted: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if value is None:
            if name in model.model_fields_set or field.default is not None:
                shown[field.alias or name] = _nothing(field)
        else:
            shown[field.alias or name] = _value(value, redacted=redacted)
    return shown


def _nothing(field: FieldInfo) -> str | None:
    """Write that there is no limit, or no value."""
    kinds = leaves(field.annotation)
    return "off" if timedelta in kinds or ByteSize in kinds else None


def _value(value: Any, *, redacted: bool) -> Any:
    match value:
        case BaseModel() if not isinstance(value, Endpoint):
            return _model(value, redacted=redacted)
        case SecretStr():
            return REDACTED if redacted else _text(value.get_secret_value())
        case timedelta():
            return spelled_duration(value)
        case ByteSize():
            return size(value)
        case bool() | int() | float():
            return value
        case dict():
            return {str(name): _value(each, redacted=redacted) for name, each in value.items()}
        case list() | tuple():
            return [_value(each, redacted=redacted) for each in value]
        case None:
            return None
        case _:
            return _text(str(value))


def _text(text: str) -> str:
    """Write a text that means itself when the file is read again."""
    return text.replace("$", "$$")
