"""Whether a mirror is being written: the DIRTY flag on its components comes and goes with that."""

from typing import TYPE_CHECKING

from console.lab.clock import Timer
from console.lab.geom import metadata as meta
from console.lab.geom.component import Component

if TYPE_CHECKING:
    from console.lab.geom.softc import Mirror

_IDLE_SECONDS = 5.0


class Activity:
    """The idle time of one mirror (kern.geom.mirror.idletime)."""

    def __init__(self, mirror: "Mirror") -> None:
        self._mirror = mirror
        self.idle = True
        self._writes = 0
        self._last = 0.0
        self._timer: Timer | None = None

    def flag(self, component: Component) -> None:
        """Set or take away a component's DIRTY flag, as it must be now."""
        if not self.idle and not self._mirror.flags & meta.NOFAILSYNC:
            component.flags |= meta.DIRTY
        else:
            component.flags &= ~meta.DIRTY

    async def begin(self) -> None:
        """Before a write: after a pause every ACTIVE component is flagged; the caller holds the lock."""
        if self.idle:
            self.idle = False
            for component in self._mirror.active:
                self.flag(component)
                await self._mirror.store(component)
        self._last = self._mirror.node.clock.now()
        self._plan(self._mirror.knob("idletime", _IDLE_SECONDS))

    def sent(self) -> None:
        """A write is on its way to the components."""
        self._writes += 1

    def answered(self) -> None:
        """A write has come back: while one is outstanding, the mirror is not idle."""
        self._writes -= 1
        if not self._writes and not self.idle and self._timer is None:
            self._plan(0.0)

    def closed(self) -> None:
        """Nobody has the device open for writing any more: clean at once."""
        if not self.idle and not self._mirror.gone:
            self._mirror.node.start(self._mark_clean())

    def stop(self) -> None:
        """The mirror is gone."""
        if self._timer is not None:
            self._timer.cancel()
        self.idle = True

    def _plan(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._mirror.node.clock.call_later(seconds, self._pause)

    def _pause(self) -> None:
        self._timer = None
        if not self.idle and not self._mirror.gone and self._mirror.node.power:
            self._mirror.node.start(self._mark_clean())

    async def _mark_clean(self) -> None:
        mirror = self._mirror
        async with mirror.lock:
            writing = mirror.provider is not None and mirror.provider.write_count > 0
            past = mirror.node.clock.now() - self._last
            recent = past < mirror.knob("idletime", _IDLE_SECONDS) - 0.001
            if self.idle or mirror.gone or self._writes or (writing and recent):
                return
            self.idle = True
            for component in mirror.active:
                self.flag(component)
                await mirror.store(component)
