"""Questions that several jobs ask in the same words."""

from typing import Annotated

from pydantic import Field

from playbooks.parts.promoting import FsckPolicy

FsckAnswer = Annotated[
    FsckPolicy,
    Field(
        title="File system check",
        description="preen repairs what is safe; yes agrees to everything; refuse repairs nothing",
    ),
]

GateTimeout = Annotated[
    int,
    Field(
        ge=5,
        le=300,
        title="Gate timeout",
        description="Seconds after which a write that the slave does not answer fails; never is not offered",
    ),
]
