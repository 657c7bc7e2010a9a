"""What can go wrong with a node, as a value an operator can read."""


class Trouble(Exception):
    """A node that cannot be used now: what happened, what to do, and whether trying again makes sense."""

    def __init__(self, node: str, what: str, todo: str, *, retry: bool) -> None:
        super().__init__(node, what, todo)
        self.node = node
        self.what = what
        self.todo = todo
        self.retry = retry
        """False when a person must act first (host key, login, sudo); True when the node may just be away."""

    @property
    def line(self) -> str:
        """All of it on one line."""
        return f"{self.node}: {self.what}; {self.todo}"

    def __str__(self) -> str:
        return self.line
