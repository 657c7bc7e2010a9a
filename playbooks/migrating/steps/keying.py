"""A key of this migration's own: with it the source reaches the target, for what is foreseen alone.

It is made on the source and never leaves it. On the target it opens one script that knows the words of this
migration. The source learns the target's host keys from the target itself, through the console. Both are
removed at the end.
"""

import re

from console.model.plan import Risk, Step, Stream, WriteFile
from playbooks.migrating.steps import reaching, verifying
from playbooks.migrating.steps.dumping import make_line, taken
from playbooks.migrating.steps.naming import directory, opened, step, taken_back
from playbooks.migrating.work import Work
from playbooks.parts.building import no_undo, q

_LOGIN = re.compile(
    r"(?:([a-z_][a-z0-9_-]*)@)?([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?"
)
_ALIAS = "mirrorgate-target"
"""What the source's ssh calls the target's host keys, whatever its address and port."""
_ADDRESS = re.compile(r"[0-9A-Fa-f.:]+")


def _opens(work: Work, mark: str) -> str:
    """What stands before the key in authorized_keys."""
    receive = f"{directory(mark)}/receive"
    become = "" if work.target_become == "none" else f"{work.target_become} -n "
    # OpenSSH 7.2 knows `restrict`; before it each thing is named.
    if (work.target.major or 10) >= 11:
        limits = "restrict"
    else:
        limits = "no-port-forwarding,no-X11-forwarding,no-agent-forwarding,no-pty"
    address = work.source_address
    limits += f',from="{address}"' if address and _ADDRESS.fullmatch(address) else ""
    return f'{limits},command="{become}/bin/sh {receive} \\"$SSH_ORIGINAL_COMMAND\\""'


def receive(work: Work, mark: str) -> str:
    """The script behind the key: nothing but these words does anything."""
    cases: list[str] = []
    for move in work.moves:
        slug = move.slug
        cases += [
            f"{q(f'make {slug}')}) {make_line(work, move)} ;;",
            f"{q(f'restore {slug} 0')} | {q(f'restore {slug} 1')})",
            "    level=${1##* }",
            *(f"    {line}" for line in taken(work, move, '"$level"')),
            "    ;;",
            f"{q(f'list {slug}')}) {verifying.sums_line(work, move, copy=True)} ;;",
        ]
    body = opened(
        work.target.name,
        mark,
        "case $1 in",
        "ready) echo ready ;;",
        *cases,
        "*) fail 'that is no word of this migration' ;;",
        "esac",
    )
    head = "#!/bin/sh\nLC_ALL=C\nPATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin\n"
    return f"{head}export PATH LC_ALL\nunset ENV CDPATH BLOCKSIZE\n{body}"


def _authorized(work: Work) -> str:
    return f"authorized=~{reaching.login(work)[0]}/.ssh/authorized_keys"


def forget_key(work: Work, mark: str) -> tuple[str, ...]:
    """On the target: the key opens nothing any more; the file keeps its owner and mode."""
    return (
        _authorized(work),
        'if [ -e "$authorized" ]; then',
        f'    sed {q(f"/ mirrorgate-{mark}$/d")} "$authorized" >"$authorized.{mark}" &&',
        f'        cat "$authorized.{mark}" >"$authorized" || exit 1',
        f'    rm -f "$authorized.{mark}"',
        "fi",
    )


def forget_secret(mark: str) -> tuple[str, ...]:
    """On the source: the key itself."""
    room = directory(mark)
    return (q("rm", "-f", f"{room}/key", f"{room}/key.pub", f"{room}/known_hosts"),)


def keyed(work: Work, mark: str) -> tuple[Step, ...]:
    """From no key to a source that reaches its target."""
    room, source, target = directory(mark), work.source.name, work.target.name
    refused = f"ssh to {target} is refused (PermitRootLogin, firewall?): see above, or use the way console"
    kind = ("-t", "ed25519") if (work.source.major or 0) >= 10 else ("-t", "rsa", "-b", "2048")
    return (
        step(
            "key",
            f"Make a key for this migration on {source}",
            "It stays on this machine, and is removed at the end.",
            source,
            "\n".join(
                (
                    *forget_secret(mark),
                    q("ssh-keygen", "-q", *kind, "-N", "", "-C", f"mirrorgate-{mark}", "-f", f"{room}/key"),
                )
            )
            + "\n",
            undo=taken_back(*forget_secret(mark)),
        ),
        step(
            "receive",
            f"Write the script that the key opens on {target}",
            "With the key nothing can be done but what stands here.",
            target,
            WriteFile(path=f"{room}/receive", content=receive(work, mark), mode="0700"),
            undo=taken_back(
                *opened(target, mark, *forget_key(work, mark), q("rm", "-f", f"{room}/receive"))
                .rstrip("\n")
                .split("\n")
            ),
        ),
        step(
            "key-over",
            f"Let the key in on {target}",
            "Its public half goes through the console; the line is removed at the end.",
            source,
            Stream(
                text=f"{q('cat', f'{room}/key.pub')}\n",
                to=target,
                into=opened(
                    target,
                    mark,
                    "read -r type key comment || fail 'no key came'",
                    *forget_key(work, mark),
                    '[ -d "${authorized%/*}" ] || mkdir -m 700 "${authorized%/*}" || exit 1',
                    'if [ -s "$authorized" ] && [ -n "$(tail -c 1 "$authorized")" ]; then',
                    '    echo >>"$authorized"',
                    "fi",
                    "umask 077",
                    f"opens={q(_opens(work, mark))}",
                    'echo "$opens $type $key ${comment:-none}" >>"$authorized" || exit 1',
                ),
            ),
            undo=no_undo("the way back of “receive”, or the last step, removes the line"),
        ),
        step(
            "known-hosts",
            f"Tell {source} the host keys of {target}",
            f"They come from {target} itself, so nobody between can pass for it.",
            target,
            Stream(
                text="cat /etc/ssh/ssh_host_*key.pub\n",
                to=source,
                into=f"sed {q(f's/^/{reaching.ALIAS} /')} >{q(f'{room}/known_hosts')}\n",
            ),
            undo=no_undo("a file of this migration, which the last step removes"),
        ),
        step(
            "reach",
            f"Reach {target} from {source}",
            "If the firewall or the server's settings refuse it, it shows now, before anything is written.",
            source,
            opened(
                source,
                mark,
                reaching.there(work),
                "answer=$(there ready </dev/null)",
                '[ "$answer" = ready ] ||',
                f"    fail {q(refused)}",
            ),
            undo=None,
            risk=Risk.READ,
        ),
    )
