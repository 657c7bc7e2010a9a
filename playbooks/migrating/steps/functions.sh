#!/bin/sh
# The functions of a migration's steps, the same for every migration; a step holds those it calls, with its values.
# All run as root with LC_ALL=C. $host is what messages call the machine, $s its directory for this migration.
# POSIX sh: FreeBSD 4 to 14. Between two functions, and nowhere else, is an empty line.
host=${host:-}
s=${s:-}

# One line: which machine, what happened, what to do.
fail() {
    printf '%s\n' "$host: $*" >&2
    exit 1
}

# Whether the device $1 is mounted, at $2 if that is said.
mounted() {
    mount -p | awk -v device="$1" -v at="$2" '
        $1 == device && (at == "" || $2 == at) { found = 1 }
        END { exit !found }'
}

# A new file system on $2, mounted at $1; what an earlier try left there is given up. The rest is newfs's.
make() {
    at=$1
    to=$2
    shift 2
    [ -e "$to" ] || fail "$to is not there: divide the target again"
    [ -e "$s/may-erase" ] || fail "$to: nobody has confirmed that this disk is erased"
    if mounted "$to" "$at"; then
        umount "$at" || fail "$at is busy: an earlier restore may still run; end it and repeat"
    fi
    if mounted "$to" ''; then fail "$to is mounted: unmount it and repeat"; fi
    newfs "$@" "$to" || fail "newfs of $to failed"
    mkdir -p "$at" || fail "$at cannot be made"
    mount "$to" "$at" || fail "$to cannot be mounted at $at"
}

# Several file systems become one: $1, where $2 is mounted, has an empty directory $3.
clear() {
    mounted "$2" "$1" || fail "$2 is not mounted at $1"
    if [ -d "$1/$3" ]; then
        chflags -R 0 "$1/$3" || fail "the flags below $1/$3 cannot be taken away"
        rm -rf "${1:?}/$3" || fail "$1/$3 cannot be emptied"
    fi
    mkdir -p "$1/$3" || fail "$1/$3 cannot be made"
}

# The copy on $1 is mounted at $2, also where the machine has started anew since it was made.
reopen() {
    if mounted "$1" "$2"; then return 0; fi
    fsck -p "$1" >&2
    mkdir -p "$2" || fail "$2 cannot be made"
    mount "$1" "$2" || fail "$1 cannot be mounted at $2: copy it anew"
}

# Standard input, a dump of level $4, into $3, in $1 where $2 must be mounted: restore -r unpacks where it stands.
take() {
    if [ "$4" != 0 ]; then reopen "$2" "$1"; fi
    mounted "$2" "$1" || fail "$2 is not mounted at $1: nothing was restored"
    cd "$3" || fail "cannot go to $3: nothing was restored"
    if [ "$4" = 0 ]; then
        for name in * .[!.]* ..?*; do
            case $name in .snap | .sujournal | lost+found) continue ;; esac
            [ ! -e "$name" ] || fail "$3 is not empty: nothing was restored"
        done
    else
        [ -e restoresymtable ] || fail "$3 has no restoresymtable: copy it anew"
    fi
    # Its files are called by the second of the dump: in /tmp two restores of one second take each other's.
    rm -rf "$s/${1##*/}.tmp"
    mkdir "$s/${1##*/}.tmp" || fail "$s/${1##*/}.tmp cannot be made: nothing was restored"
    TMPDIR="$s/${1##*/}.tmp" restore -rf - 2>"$s/${1##*/}.restore"
    code=$?
    cd /
    rm -rf "$s/${1##*/}.tmp"
    cat "$s/${1##*/}.restore" >&2
    # Where no inode is left, restore goes on with the next file and ends with 0.
    if grep -q ': No space left on device$' "$s/${1##*/}.restore"; then code=28; fi
    [ "$code" = 0 ] || df -ki "$1" >&2
    return "$code"
}

# What the restore of $2 ended with, $1; take says 28 (ENOSPC) where the file system had no room.
untaken() {
    [ "$1" != 28 ] || printf '%s\n' "$host: $2 is full: give it more room in a new plan, or leave something out" >&2
    [ "$1" = 28 ] || printf '%s\n' "$host: restore into $2 failed: repeat the step" >&2
    exit "$1"
}

# Whether the file system $2 had room for the dump $1: where it had not, dump broke off because of that.
roomy() {
    [ "$(cat "$s/$1.exit" 2>/dev/null)" != 28 ] ||
        fail "$2 is full: give it more room in a new plan, or leave something out"
}

# dump -L puts its snapshot into .snap of $1; without that directory it would go on without a snapshot.
snap() {
    if [ ! -d "$1/.snap" ]; then
        mkdir "$1/.snap" || fail "cannot make $1/.snap for the snapshot"
        chgrp operator "$1/.snap" || fail "cannot give $1/.snap to operator"
        chmod 770 "$1/.snap" || fail "cannot change $1/.snap"
    fi
}

# Standard input to standard output, no more than $1 KiB a second on average.
pace() {
    begun=$(date +%s)
    moved=0
    # What is due within a second or so: then the other end's death shows as soon.
    count=$(($1 / 64 + 1))
    while :; do
        dd bs=64k count="$count" 2>"$s/pace" || return 1
        bytes=$(sed -n 's/ bytes.*//p' "$s/pace")
        [ "${bytes:-0}" -gt 0 ] || return 0
        moved=$((moved + bytes / 1024))
        while [ $((moved / $1)) -gt $(($(date +%s) - begun)) ]; do sleep 1; done
    done
}

# Every two seconds how far the dump of $2 is, until $s/$1.ended exists or this job is gone.
watch() {
    percent=
    while [ ! -e "$s/$1.ended" ] && kill -0 $$ 2>/dev/null; do
        total=$(sed -n 's/.*estimated \([0-9]*\) tape blocks.*/\1/p' "$s/$1.dump")
        now=$(ps -axww -o command | sed -n "s|^dump: $2: .* \([0-9.]*\)% done.*|\1|p" | sed -n 1p)
        # Once dump has ended, restore may still be at work on what it was sent last.
        percent=${now:-$percent}
        echo "${total:--} ${percent:--}" | awk -v name="$1" '
            $1 == "-" { print "progress", name, "- - -"; next }
            $2 == "-" { printf "progress %s - - %.0f\n", name, $1 * 1024; next }
            { printf "progress %s %.1f %.0f %.0f\n", name, $2, $1 * 10.24 * $2, $1 * 1024 }'
        sleep 2 >/dev/null 2>&1
    done
}

# A dump of $2 on standard output; what it says and how it ended are kept as $s/$1.dump and $s/$1.dump-exit.
send() {
    name=$1
    shift
    : >"$s/$name.began"
    dump "$@" </dev/null 2>"$s/$name.dump"
    echo $? >"$s/$name.dump-exit"
}

# Whether the dump $1 is whole: its exit, its last word, its warnings, and as many blocks as it had estimated.
judge() {
    cat "$s/$1.dump" >&2
    code=$(cat "$s/$1.dump-exit")
    [ "$code" = 0 ] || fail "the dump of $1 ended with ${code:-no status}: the copy is not whole, repeat the step"
    grep -q 'DUMP: DUMP IS DONE' "$s/$1.dump" || fail "the dump of $1 did not say that it is done: repeat the step"
    if [ "$2" = snapshot ] && grep -E 'should use -L|downgraded|Cannot use -L' "$s/$1.dump" >&2; then
        fail "the dump of $1 was made without a snapshot: see to .snap and repeat the step"
    fi
    estimated=$(sed -n 's/.*estimated \([0-9]*\) tape blocks.*/\1/p' "$s/$1.dump")
    written=$(sed -n 's/.*DUMP: \([0-9]*\) tape blocks.*/\1/p' "$s/$1.dump")
    [ -n "$estimated" ] && [ -n "$written" ] || fail "the dump of $1 does not say how many blocks it wrote"
    # Multiplied first, it would be too large for the sh of FreeBSD 4.
    # shellcheck disable=SC2017
    [ $((written + 1024)) -ge $((estimated / 10 * 9)) ] ||
        fail "the dump of $1 wrote $written of $estimated blocks: files were missing, repeat the step"
    sed -n 's/.*Date of this level [0-9] dump: //p' "$s/$1.dump" >"$s/$1.date"
    awk -v name="$1" -v blocks="$written" 'BEGIN {
        printf "progress %s 100.0 %.0f %.0f\n", name, blocks * 1024, blocks * 1024
    }'
}

# Whether a part of the pipe ended well; $1: the file with its status, $2: what it was.
ended() {
    code=$(cat "$s/$1" 2>/dev/null)
    [ "$code" = 0 ] || fail "$2 ended with ${code:-no status}: the copy is not whole, repeat the step"
}

# A line for each name below $1, on its file system only: the keys $2 of mtree; not what is below the names in $3.
sums() {
    cd "$1" || fail "cannot read $1"
    { mtree -c -x -k "$2" -p . || echo '# failed'; } | awk -v keyed="$2" -v left="$3" '
        BEGIN { outs = split(left, out, ","); keys = split(keyed, key, ",") }
        /^# failed$/ { failed = 1 }
        /^#/ || NF == 0 { next }
        { line = line $0 }
        sub(/\\$/, " ", line) { next }
        { n = split(line, word); line = "" }
        word[1] == "/set" { for (i = 2; i <= n; i++) { split(word[i], part, "="); set[part[1]] = word[i] }; next }
        word[1] == "/unset" { for (i = 2; i <= n; i++) delete set[word[i]]; next }
        word[1] == ".." { sub(/\/[^\/]*$/, "", dir); next }
        {
            for (k in has) delete has[k]
            for (k in set) has[k] = set[k]
            for (i = 2; i <= n; i++) { split(word[i], part, "="); has[part[1]] = word[i] }
            path = word[1]
            if (path != ".") path = dir "/" path
            if (has["type"] == "type=dir") { dir = path; has["size"] = has["nlink"] = "" }
            if (has["flags"] == "flags=none") has["flags"] = ""
            gsub(/\\s/, "\\040", path)
            all = ""
            for (i = 1; i <= keys; i++) if (has[key[i]] != "") all = all " " has[key[i]]
            for (i = 1; i <= outs; i++) if (index(path "/", out[i] "/") == 1) all = ""
            # A socket is no more than the program that listens: restore passes it over.
            if (all != "" && has["type"] != "type=socket") print path all
        }
        END { if (!failed) print "# whole" }'
    cd /
}

# As sums, and the contents of the files whose size leaves 7 when divided by 31: the same ones on both sides.
sample() {
    # Both sides may be sampled by one shell, so its number is no name of its own.
    sampled=$(mktemp "$s/sample.XXXXXX") || fail "nothing can be written in $s"
    sums "$@" >"$sampled"
    cat "$sampled"
    cd "$1" || fail "cannot read $1"
    sed -n '/ type=file /s/^\([^\\ ]*\) .* size=\([0-9]*\).*/\2 \1/p' "$sampled" |
        awk '$1 % 31 == 7 { print $2 }' | tr '\n' '\0' | xargs -0 sha256 /dev/null |
        sed 's/^[A-Z0-9]* (\(.*\)) = /\1 /'
    cd /
    rm -f "$sampled"
}

# Where there is no mtree: each name below $1 on its file system, and what each file holds; not what is in $2.
names() {
    cd "$1" || fail "cannot read $1"
    {
        find . -xdev ! -type f ! -type s -print | sed 's/$/ is no file/'
        find . -xdev -type f -print0 | xargs -0 sha256 /dev/null | sed 's/^[A-Z0-9]* (\(.*\)) = /\1 /' ||
            echo '# failed'
    } | awk -v left="$2" '
        BEGIN { outs = split(left, out, ",") }
        /^# failed$/ { failed = 1; next }
        $1 == "/dev/null" { next }
        { last = $NF; if (/ is no file$/) last = "no-file"; sub(/ is no file$| [0-9a-f]+$/, ""); gsub(/ /, "\\040") }
        { for (i = 1; i <= outs; i++) if (index($0 "/", out[i] "/") == 1) next }
        { print $0, last }
        END { if (!failed) print "# whole" }'
    cd /
}

# Every two seconds how many of $2 names are listed, until $s/$1.ended exists or this job is gone.
count() {
    while [ ! -e "$s/$1.ended" ] && kill -0 $$ 2>/dev/null; do
        wc -l "$s/$1.old" 2>/dev/null | awk -v name="$1" -v total="$2" '
            total == "-" || $1 > total { print "progress", name, "- - -"; next }
            { printf "progress %s %.1f - -\n", name, $1 * 100 / total }'
        sleep 2 >/dev/null 2>&1
    done
}

# The lists $s/$1.old and $s/$1.new, of $2 and of its copy; what was written in $2 since the dump is told apart.
compare() {
    for side in old new; do
        grep -q '^# whole$' "$s/$1.$side" || fail "the $side list of $1 is not whole: repeat the step"
        sort "$s/$1.$side" >"$s/$1.$side.sorted"
    done
    [ "$(wc -l <"$s/$1.old")" -gt 1 ] || fail "nothing was listed of $1: it was not compared"
    comm -3 "$s/$1.old.sorted" "$s/$1.new.sorted" | awk '{ print $1 }' | sort -u >"$s/$1.differ"
    echo "$1: $(($(wc -l <"$s/$1.new") - 1)) names compared"
    [ -s "$s/$1.differ" ] || return 0
    cd "$2" || fail "cannot read $2"
    find . -xdev -newer "$s/$1.began" -print | sed 's/ /\\040/g; s/^/changed /' >"$s/$1.changed"
    find . -xdev -cnewer "$s/$1.began" -print 2>/dev/null | sed 's/ /\\040/g; s/^/changed /' >>"$s/$1.changed"
    cd /
    { cat "$s/$1.changed"; sed 's/^/old /' "$s/$1.old"; sed 's/^/differs /' "$s/$1.differ"; } | awk '
        $1 == "changed" { changed[$2] = 1; next }
        $1 == "old" { old[$2] = 1; next }
        { parent = $2; sub(/\/[^\/]*$/, "", parent) }
        ($2 in changed) || (!($2 in old) && (parent in changed)) { print "written since the dump: " $2; next }
        { if (bad++ < 50) print "DIFFERS: " $2 }
        END { if (bad) { print bad " names differ that nobody has written since the dump"; exit 1 } }' ||
        fail "the copy of $2 is not what it was copied from: repeat its copy"
}

# Fails while a partition of the disk $1 is mounted or swapped on.
unused() {
    used=$({ mount -p; swapinfo 2>/dev/null; } | awk -v disk="/dev/$1" '
        index($1, disk) == 1 && substr($1, length(disk) + 1) !~ /^[0-9]/ { print $1 }')
    [ -z "$used" ] || fail "$1 is in use: unmount or swap off $used"
}

# The identity of the file system on the partition $1, from its superblock.
superblock() {
    dumpfs "/dev/$1" 2>/dev/null | sed -n "s/.*id.*\[ *\([0-9a-f]*\) *\([0-9a-f]*\) *\].*/$1 \1\2/p" | sed -n 1p
}

# A line of the checklist; $1: pass, warn or fail.
said() {
    echo "$1 $2: $3"
    # shellcheck disable=SC2034 # the checklist ends with it
    [ "$1" != fail ] || failed=1
}

# Whether the sectors $2 (a count) at the beginning of $1 hold anything but zeros, as boot code does.
holds_code() {
    bytes=$(dd if="$1" bs=512 count="$2" 2>/dev/null | dd bs=8 count=55 2>/dev/null | tr -d '\000' | wc -c)
    [ "$bytes" -gt 16 ]
}
