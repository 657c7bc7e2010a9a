"""The shell functions of the steps: static POSIX sh, the same for every migration; a step calls them with values.

All run as root with LC_ALL=C. `$host` is what messages call the machine, `$s` its directory for this migration.
"""

FAIL = """\
fail() { printf '%s\\n' "$host: $*" >&2; exit 1; }
"""

MAKE = """\
# A new file system on $2, mounted at $1; what an earlier try left there is given up.
make() {
    [ -e "$2" ] || fail "$2 is not there: divide the target again"
    [ -e "$s/may-erase" ] || fail "$2: nobody has confirmed that this disk is erased"
    if mount -p | grep -q "^$2[[:space:]]*$1[[:space:]]"; then
        umount "$1" || fail "$1 is busy: an earlier restore may still run; end it (fstat $1) and repeat"
    fi
    mount -p | grep -q "^$2[[:space:]]" && fail "$2 is mounted: unmount it and repeat"
    mount -p | grep -q "[[:space:]]$1[[:space:]]" && fail "$1 is already a mount point of another device"
    newfs -U "$2" || fail "newfs of $2 failed"
    mkdir -p "$1" && mount "$2" "$1" || fail "$2 cannot be mounted at $1"
}
"""

TAKE = """\
# Standard input, a dump of level $3, into $1, where $2 must be mounted. Never anywhere else (restore -r unpacks where it is).
take() {
    mount -p | grep -q "^$2[[:space:]]*$1[[:space:]]" || fail "$2 is not mounted at $1: nothing was restored"
    if [ "$3" = 0 ]; then
        found=$(ls -A "$1" | grep -v -x -e .snap -e .sujournal -e lost+found)
        [ -z "$found" ] || fail "$1 is not empty: nothing was restored"
    else
        [ -e "$1/restoresymtable" ] || fail "$1 has no restoresymtable: copy it anew"
    fi
    cd "$1" || fail "cannot go to $1: nothing was restored"
    restore -rf -
    code=$?
    cd /
    [ "$code" = 0 ] || df -k "$1" >&2
    return "$code"
}
"""

SNAP = """\
# dump -L puts its snapshot into .snap of $1; without that directory it would go on without a snapshot.
snap() {
    [ -d "$1/.snap" ] && return
    mkdir "$1/.snap" && chgrp operator "$1/.snap" && chmod 770 "$1/.snap" || fail "cannot make $1/.snap for the snapshot"
}
"""

PACE = """\
# Standard input to standard output, no more than $1 KiB a second on average.
pace() {
    begun=$(date +%s)
    moved=0
    while :; do
        dd bs=64k count=16 2>"$s/pace" || return 1
        bytes=$(sed -n 's/ bytes.*//p' "$s/pace")
        [ "${bytes:-0}" -gt 0 ] || return 0
        moved=$((moved + bytes / 1024))
        while [ $((moved / $1)) -gt $(($(date +%s) - begun)) ]; do sleep 1; done
    done
}
"""

WATCH = """\
# Every two seconds how far the dump of $2 is, until $s/$1.ended exists or this job is gone.
watch() {
    while [ ! -e "$s/$1.ended" ] && kill -0 $$ 2>/dev/null; do
        total=$(sed -n 's/.*estimated \\([0-9]*\\) tape blocks.*/\\1/p' "$s/$1.dump")
        percent=$(ps -axww -o command | sed -n "s|^dump: $2: .* \\([0-9.]*\\)% done.*|\\1|p" | sed -n 1p)
        echo "${total:--} ${percent:--}" | awk -v name="$1" '
            $1 == "-" { print "progress", name, "- - -"; next }
            $2 == "-" { printf "progress %s - - %.0f\\n", name, $1 * 1024; next }
            { printf "progress %s %.1f %.0f %.0f\\n", name, $2, $1 * 10.24 * $2, $1 * 1024 }'
        sleep 2
    done
}
"""

SEND = """\
# A dump of $2 on standard output; what it says and how it ended are kept as $s/$1.dump and $s/$1.dump-exit.
send() {
    name=$1
    shift
    : >"$s/$name.began"
    dump "$@" </dev/null 2>"$s/$name.dump"
    echo $? >"$s/$name.dump-exit"
}
"""

JUDGE = """\
# Whether the dump $1 is whole: its exit, its last word, its warnings, and as many blocks as it had estimated.
judge() {
    cat "$s/$1.dump" >&2
    code=$(cat "$s/$1.dump-exit")
    [ "$code" = 0 ] || fail "the dump of $1 ended with ${code:-no status}: the copy is not whole, repeat the step"
    grep -q 'DUMP: DUMP IS DONE' "$s/$1.dump" || fail "the dump of $1 did not say that it is done: repeat the step"
    if [ "$2" = snapshot ] && grep -E 'should use -L|downgraded|Cannot use -L' "$s/$1.dump" >&2; then
        fail "the dump of $1 was made without a snapshot: see to .snap and repeat the step"
    fi
    estimated=$(sed -n 's/.*estimated \\([0-9]*\\) tape blocks.*/\\1/p' "$s/$1.dump")
    written=$(sed -n 's/.*DUMP: \\([0-9]*\\) tape blocks.*/\\1/p' "$s/$1.dump")
    [ -n "$estimated" ] && [ -n "$written" ] || fail "the dump of $1 does not say how many blocks it wrote"
    [ $((written + 1024)) -ge $((estimated / 10 * 9)) ] ||
        fail "the dump of $1 wrote $written of $estimated blocks: files were missing, repeat the step"
    sed -n 's/.*Date of this level [0-9] dump: //p' "$s/$1.dump" >"$s/$1.date"
    echo "$1: $written blocks of 1 KiB"
}
"""

ENDED = """\
# Whether a part of the pipe ended well; $1: the file with its status, $2: what it was.
ended() {
    code=$(cat "$s/$1" 2>/dev/null)
    [ "$code" = 0 ] || fail "$2 ended with ${code:-no status}: the copy is not whole, repeat the step"
}
"""
