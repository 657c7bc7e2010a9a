"""Frozen values as JSON-ready data: one way for every `--json`."""

import dataclasses
from collections.abc import Mapping
from enum import Enum

from pydantic import BaseModel


def jsonable(value: object) -> object:
    """Dataclasses, pydantic models, enums, tuples and mappings as what `json.dumps` accepts; None is dropped.

    The text a fact was read from (`raw`) is left out: it is for eyes, and may be long.
    """
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value) if f.name != "raw")
        return {name: jsonable(part) for name, part in pairs if part is not None}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): jsonable(part) for key, part in value.items() if part is not None}
    if isinstance(value, tuple | list | set | frozenset):
        return [jsonable(part) for part in value]
    return value
