"""Where a run's secrets come from. They live in this process only, and reach a node as a job's input."""

import asyncio
import secrets
import string
from collections.abc import Mapping

from console.engine.grip import Grip
from console.engine.masking import masked
from console.engine.parties import Operator
from console.engine.writing import secret_names, values_in
from console.model.job import HandsLost
from console.model.plan import Plan, WriteFile
from console.ssh.text import inert

LENGTH = 8
"""Characters of a generated secret: freevrrpd reads no more of a password."""
READING = 5.0
"""Seconds for which a node that does not answer is asked again."""


class Secrets:
    """The secrets of one run by name."""

    def __init__(self, plan: Plan, grips: Mapping[str, Grip], operator: Operator) -> None:
        self._plan = plan
        self._grips = grips
        self._operator = operator
        self._known: dict[str, str] = {}
        self._seen: set[str] = set()

    @property
    def values(self) -> tuple[str, ...]:
        """Everything that must never be kept, as it may appear in output."""
        return tuple(self._seen)

    def mask(self, text: str) -> str:
        """A text without them."""
        return masked(text, self._seen)

    async def for_file(self, action: WriteFile) -> dict[str, str]:
        """The secrets a file needs: those this run has, else what a node's file holds, else asked, else made.

        Raises:
            HandsLost: a node on which the file is to be written cannot be read.
        """
        await self.found(action)
        names = secret_names(action.content)
        for name in names:
            if name not in self._known:
                prompt = f"{name} for {action.path} (empty: one is generated)"
                given = await self._operator.secret(name, prompt)
                self._learn(name, given or _generated())
        return {name: self._known[name] for name in names}

    async def found(self, action: WriteFile) -> dict[str, str] | None:
        """The same without asking anybody; None when one is neither known nor found. Raises HandsLost."""
        names = secret_names(action.content)
        if any(name not in self._known for name in names):
            await self._read(action)
        known = {name: self._known[name] for name in names if name in self._known}
        return known if len(known) == len(names) else None

    async def recall(self) -> None:
        """After a restart: read what the files hold already, so that it can be masked."""
        for step in self._plan.steps:
            if isinstance(step.action, WriteFile) and secret_names(step.action.content):
                try:
                    await self._read(step.action)
                except HandsLost:
                    continue

    async def _read(self, action: WriteFile) -> None:
        """From the file at the same path, first where this plan writes it first: there it is the newest."""
        writers = self._writers(action)
        for name in dict.fromkeys((*writers, *self._grips)):
            try:
                deadline = asyncio.get_running_loop().time() + (READING if name in writers else 0)
                content = await self._grips[name].until(deadline, lambda h: h.read_file(action.path))
            except HandsLost:
                if name in writers:
                    raise
                continue
            for secret, value in values_in(action.content, content or b"").items():
                self._seen.update((value, inert(value)))
                if secret not in self._known:
                    self._known[secret] = value

    def _writers(self, action: WriteFile) -> tuple[str, ...]:
        return tuple(
            s.node
            for s in self._plan.steps
            if s.node is not None and isinstance(s.action, WriteFile) and s.action.path == action.path
        )

    def _learn(self, name: str, value: str) -> None:
        self._known[name] = value
        self._seen.update((value, inert(value)))


def _generated() -> str:
    letters = string.ascii_letters + string.digits
    return "".join(secrets.choice(letters) for _ in range(LENGTH))
