"""A node's own clock, some seconds beside the world's."""

from collections.abc import Callable

from console.lab.clock import Clock, Timer


class SkewedClock(Clock):
    """Tells another time than the world's clock, and waits with it."""

    def __init__(self, world: Clock, offset: float) -> None:
        self._world = world
        self.offset = offset

    @property
    def speed(self) -> float:
        """World seconds per real second."""
        return self._world.speed

    @speed.setter
    def speed(self, value: float) -> None:
        self._world.speed = value

    def now(self) -> float:
        """The node's idea of the time."""
        return self._world.now() + self.offset

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` at a moment of the node's time."""
        return self._world.call_at(when - self.offset, callback)
