"""How the source's own ssh reaches the target."""

import re

from playbooks.job import CannotPlan
from playbooks.migrating.work import Work
from playbooks.parts.building import q

_LOGIN = re.compile(
    r"(?:([a-z_][a-z0-9_-]*)@)?([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?"
)
ALIAS = "mirrorgate-target"
"""What the source's ssh calls the target's host keys, whatever its address and port."""


def login(work: Work) -> tuple[str, str, str]:
    """User, host and port by which the source reaches the target; raises CannotPlan."""
    said = work.target_ssh or work.target.name
    found = _LOGIN.fullmatch(said)
    if found is None:
        raise CannotPlan(
            f"{said[:60]} is no [user@]host[:port] for ssh from {work.source.name}: use the way console"
        )
    return found[1] or "root", found[2].strip("[]"), found[3] or "22"


def there(work: Work) -> str:
    """The shell function that runs one of the foreseen words on the target."""
    user, host, port = login(work)
    old = (work.source.major or 10) < 6
    options = ["BatchMode=yes", "StrictHostKeyChecking=yes", f"HostKeyAlias={ALIAS}"]
    # OpenSSH of FreeBSD 4 and 5 ends at an option it does not know.
    options += [] if old else ["IdentitiesOnly=yes", "ServerAliveInterval=15", "ConnectTimeout=30"]
    words = q("ssh", "-F", "/dev/null", *(word for option in options for word in ("-o", option)))
    at = q("-p", port, f"{user}@{host}")
    return (
        "there() {\n"
        f"    {words} \\\n"
        f'        -o "UserKnownHostsFile=$s/known_hosts" -i "$s/key" {at} "$@"\n'
        "}\n"
    )
