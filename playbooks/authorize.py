"""authorize: a key that may only watch is put onto the nodes."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from console.model.plan import Plan, Step, WriteFile
from console.model.snapshot import NodeView, PairSnapshot
from playbooks.job import Answers, CannotPlan, Job
from playbooks.monitor_key import DOAS, GROUPS, USER, USER_PATTERN, files_of, key_line, public_key, rules
from playbooks.node import LIBEXEC
from playbooks.parts import refusing
from playbooks.parts.building import command_step, make, no_undo, q, shown, take_back

_LEAVES = "the pair serves as before"
_GECOS = "mirrorgate, watches only"
_DOAS_READS_IT = (
    # One line that doas cannot read, such as `nolog` where it is too old, and nobody becomes root any more.
    'doas -C "$c" || {',
    '	rm -f "$c"',
    '	echo "doas is not there, or cannot read these rules: update it, or use sudo" >&2',
    "	exit 1",
    "}",
)


class AuthorizeAnswers(Answers):
    """Whose key, and what it reads as root."""

    key: Annotated[str, AfterValidator(public_key)] = Field(
        title="Public key",
        description="One line of a .pub file; its owner may watch, and nothing else",
        max_length=5000,
    )
    nodes: Literal["both", "master", "slave"] = Field(
        "both", title="Nodes", description="Both, or only the home master or the home slave"
    )
    user: str = Field(
        USER,
        pattern=USER_PATTERN,
        title="User",
        description="The account the key logs in as; made where there is none",
    )
    become: Literal["none", "sudo", "doas"] = Field(
        "none",
        title="Reads as root",
        description="What allows the few reads that need root; none: those facts stay unknown",
    )


def plan(snapshot: PairSnapshot, answers: AuthorizeAnswers) -> Plan:
    """The account, the programs, the rules and last the key; raises CannotPlan."""
    if answers.user == "root":
        raise CannotPlan("a key of root's account is not one that only watches: name another user")
    chosen = [n for n in snapshot.nodes if answers.nodes in ("both", n.config.home.value)]
    for node in chosen:
        refusing.require_answer(node)
        refusing.refuse_lock(snapshot, node)
    steps = tuple(step for node in chosen for step in _steps(snapshot, node, answers))
    names = " and ".join(node.name for node in chosen)
    return make(
        snapshot,
        answers,
        job="authorize",
        title=f"Let a key watch {names}",
        steps=steps,
        ends=f"the key watches {names} as {answers.user}; prove it with: mirrorgate --read-only doctor",
    )


def home_of(user: str) -> str:
    """The home of the account, root's own: whoever logs in cannot add a key."""
    return f"/home/{user}"


def _steps(snapshot: PairSnapshot, node: NodeView, answers: AuthorizeAnswers) -> tuple[Step, ...]:
    files = files_of(snapshot.config, node.config, answers.user, answers.become)
    rows = [_account(node, answers.user)]
    for number, file in enumerate(files, 1):
        rows.append(
            Step(
                id=f"file-{node.config.home.value}-{number}",
                title=f"Write {shown(file.path)} on {node.name}",
                why=file.why,
                node=node.name,
                action=WriteFile(path=file.path, content=file.content, mode=file.mode),
                phase="files",
                leaves=_LEAVES,
            )
        )
    if answers.become == "doas":
        rows.append(
            _lines(
                node,
                "rules",
                f"Allow {answers.user} the few reads as root in {DOAS} on {node.name}",
                "Each is one exact command of root's own program.",
                DOAS,
                rules(answers.user, "doas").splitlines(),
                "0600",
                _DOAS_READS_IT,
            )
        )
    host = node.facts.host.value
    rows.append(
        _lines(
            node,
            "key",
            f"Add the key to {shown(home_of(answers.user))}/.ssh/authorized_keys on {node.name}",
            "Last: until now nobody can log in with it.",
            f"{home_of(answers.user)}/.ssh/authorized_keys",
            [key_line(answers.key, host.release if host else None)],
            "0644",
        )
    )
    return tuple(rows)


def _account(node: NodeView, user: str) -> Step:
    home = home_of(user)
    groups = " ".join(GROUPS)
    return command_step(
        f"account-{node.config.home.value}",
        f"Make the account {user} on {node.name}, without a password",
        "Its home and its keys are root's, so that whoever logs in cannot add one.",
        node.name,
        f"u={q(user)} h={q(home)}",
        'fail() { echo "$*" >&2; exit 1; }',
        'if id -u "$u" >/dev/null 2>&1; then',
        '	[ "$(id -u "$u")" -ne 0 ] || fail "$u is root"',
        '	[ "$(pw usershow "$u" | cut -d: -f9)" = "$h" ] ||',
        '		fail "$u has another home than $h: name another user"',
        "else",
        "	groups=",
        f"	for g in {groups}; do",
        '		if pw groupshow "$g" >/dev/null 2>&1; then groups="${groups:+$groups,}$g"; fi',
        "	done",
        f'	pw useradd "$u" -d "$h" -s /bin/sh -w no -c {q(_GECOS)} ${{groups:+-G "$groups"}} || exit 1',
        "fi",
        'for d in "$h" "$h/.ssh" ' + q(LIBEXEC) + "; do",
        '	[ -d "$d" ] || { mkdir -p "$d" && chmod 0755 "$d"; } || exit 1',
        "done",
        # Nobody but root writes there, or sshd and whoever reads this could not trust it.
        "case $(ls -ldn \"$h/.ssh\" | awk '{ print $1, $3 }') in",
        "drwx?-??-?*' 0') ;;",
        '*) fail "$h/.ssh is not for root alone to write: chown 0:0, chmod 755" ;;',
        "esac",
        undo=no_undo("an account without a key and without a password cannot log in"),
        phase="account",
        leaves=_LEAVES,
    )


def _lines(
    node: NodeView,
    id: str,
    title: str,
    why: str,
    path: str,
    lines: list[str],
    mode: str,
    check: tuple[str, ...] = (),
) -> Step:
    """Lines added to a file that may hold others; one that is there already is not doubled.

    `check` is shell that judges the whole new file, `$c`, before it takes the place of the old one.
    """
    each = q("echo", *lines).removeprefix("echo ")
    return command_step(
        f"{id}-{node.config.home.value}",
        title,
        why,
        node.name,
        f"f={q(path)}",
        'c="$f.mirrorgate"',
        f'[ -e "$f" ] || {{ : >"$f" && chmod {mode} "$f"; }} || exit 1',
        'cp -p "$f" "$c" || exit 1',
        # A last line without an end would run into ours.
        'if [ -s "$c" ] && [ -n "$(tail -c 1 "$c")" ]; then echo >>"$c" || exit 1; fi',
        f"for line in {each}; do",
        '	grep -qxF -e "$line" "$c" || printf \'%s\\n\' "$line" >>"$c" || exit 1',
        "done",
        *check,
        'mv -f "$c" "$f"',
        undo=take_back(
            f"f={q(path)}",
            'c="$f.mirrorgate"',
            '[ -e "$f" ] || exit 0',
            f"for line in {each}; do",
            '	cp -p "$f" "$c" || exit 1',
            '	grep -vxF -e "$line" "$f" >"$c"; [ $? -le 1 ] || exit 1',
            '	mv -f "$c" "$f" || exit 1',
            "done",
            however_far=True,
        ),
        phase="key",
        leaves=_LEAVES,
    )


def defaults(snapshot: PairSnapshot) -> dict[str, object]:
    """As the console becomes root itself, so may the monitor."""
    return {"become": snapshot.master.config.become}


JOB = Job(
    name="authorize",
    title="Let a key watch",
    when="A monitor, a colleague or a screen on a wall is to see the pair and must not change it.",
    answers=AuthorizeAnswers,
    defaults=defaults,
    plan=plan,
)
