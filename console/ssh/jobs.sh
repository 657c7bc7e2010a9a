#!/bin/sh
# mirrorgate's hands: fed to /bin/sh on a node through an SSH channel, it does what each line of its input says
# until that input ends, and answers each with frames that end in one called `answer`. What changes the node runs
# as a job: claimed by mkdir, detached, its output and exit status kept in files below $base/jobs.
# Text of any bytes comes on a line of its own, as a printf format, so that no quoting is needed.
# POSIX sh: FreeBSD's sh, dash, bash.
#
# The braces make the shell read all of this before it runs any of it: what follows on the same input is orders.
{
PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin
LC_ALL=C
export PATH LC_ALL
unset BLOCKSIZE ENV CDPATH
set -f
# Who runs a job and the lineage may be read by whoever watches; what jobs say may not (see write_job).
umask 022

base=/var/db/mirrorgate
lock=$base/lock
# Set on a line before this script, fresh for each channel: nothing that a login prints can pass for us.
boundary=${boundary:-}
number=0
runner=

# What differs after a reboot. FreeBSD moves kern.boottime when its clock is stepped, so it tells only of jobs
# whose process is gone.
boot_identity() {
	if [ -r /proc/sys/kernel/random/boot_id ]; then
		cat /proc/sys/kernel/random/boot_id
		return
	fi
	when=$(sysctl -n kern.boottime)
	when=${when#*sec = }
	printf '%s\n' "${when%%,*}"
}

# $1: text as a printf format. Writes exactly its bytes.
put() {
	# shellcheck disable=SC2059 # the console sends formats: the one encoding that every sh decodes, NUL included
	printf "$1"
}

# $1: a frame's name, $2: its status.
begin() {
	printf '@%s begin %s %s\n' "$boundary" "$number" "$1"
}

end() {
	printf '\n@%s end %s %s %s\n' "$boundary" "$number" "$1" "$2"
}

# $1: status (0 done, 1 there is none, 3 the lock is not this run's, 4 could not, 5 another holds it), $2: text.
answer() {
	begin answer
	printf '%s\n' "$2"
	end answer "$1"
}

# $1: a run. Sets `owned` to the first line of the owner's file, which names who holds the lock.
lock_is() {
	owned=
	if [ -f "$lock/owner" ]; then
		read -r owned <"$lock/owner"
	fi
	[ "$owned" = "run=$1" ]
}

# Sets `ended` and `code` from a whole status; one that a full disk cut short counts as none.
read_status() {
	ended=
	code=
	[ -f "$dir/status" ] || return 1
	read -r ended code <"$dir/status" && return
	ended=
	code=
	return 1
}

# A power cut may take the claim, an empty directory, away again; the boot was on the disk before the command ran.
has_begun() { [ -d "$dir/run" ] || [ -f "$dir/boot" ]; }

# $1: an extended regular expression. Sets `alive` to yes, no or unknown.
seek() {
	pgrep -f "$1" >/dev/null 2>&1
	case $? in
	0) alive=yes ;;
	1) alive=no ;;
	*) alive=unknown ;;
	esac
}

# $1: out or err, $2: the offset to read from.
output() {
	begin "$1"
	if [ -s "$dir/$1" ]; then
		tail -c "+$(($2 + 1))" "$dir/$1" | head -c 65536
	fi
	end "$1" 0
}

# $1, $2: offsets. A job's state is read before its output, so that one that ended comes with all of it.
report() {
	claimed=no
	begun=no
	alive=no
	was=
	started=
	if [ -d "$dir" ]; then
		claimed=yes
	fi
	! has_begun || begun=yes
	if ! read_status && [ "$begun" = yes ]; then
		seek "^/bin/sh $dir/(runner|command)"
		# It may have ended between the two looks.
		read_status
	fi
	if [ "$begun" = yes ] && [ "$alive" = no ]; then
		rm -f "$dir/input"
	fi
	if [ -f "$dir/boot" ]; then
		read -r was <"$dir/boot"
	fi
	if [ -f "$dir/started" ]; then
		read -r started <"$dir/started"
	fi
	output out "$1"
	output err "$2"
	begin answer
	printf '%s\n' "claimed=$claimed" "begun=$begun" "alive=$alive" "boot=$was" "now=$boot" "started=$started" \
		"ended=$ended" "code=$code"
	end answer 0
}

# Stays with a job that runs, half a second at most: so its end is known as it comes, and the console need not pause.
linger() {
	has_begun || return
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ ! -f "$dir/status" ] || return
		sleep 0.05 2>/dev/null || return
	done
}

# Writes the job's files under names of this channel's own, then names them; the command comes last.
write_job() {
	mark=$boundary.$number
	[ -d "$base/jobs" ] || { mkdir -p "$base" && mkdir -m 700 "$base/jobs"; } || [ -d "$base/jobs" ] || return
	{ mkdir "$dir" 2>/dev/null || [ -d "$dir" ] || mkdir "$dir"; } || return
	! has_begun || return 0
	if put "$runner" >"$dir/runner.$mark" && put "$command" >"$dir/command.$mark" &&
		{ [ "$input" = - ] || put "${input#+}" >"$dir/input.$mark"; }; then
		{ [ "$input" = - ] || mv -f "$dir/input.$mark" "$dir/input"; } &&
			mv -f "$dir/runner.$mark" "$dir/runner" && mv -f "$dir/command.$mark" "$dir/command"
		return
	fi
	rm -f "$dir/runner.$mark" "$dir/command.$mark" "$dir/input.$mark"
	return 1
}

# $1: `input` or `-`.
detach() {
	if [ -x /usr/sbin/daemon ]; then
		/usr/sbin/daemon -cf /bin/sh "$dir/runner" "$dir" "$boot" "$1"
	elif command -v setsid >/dev/null; then
		(setsid /bin/sh "$dir/runner" "$dir" "$boot" "$1" &)
	else
		(nohup /bin/sh "$dir/runner" "$dir" "$boot" "$1" &)
	fi
}

# $1: a run.
launch() {
	if ! lock_is "$1"; then
		answer 3 "$owned"
		return
	fi
	if ! why=$(write_job 2>&1); then
		answer 4 "$why"
		return
	fi
	given=-
	if [ "$input" != - ]; then
		given=input
	fi
	if ! has_begun && ! detach "$given" >/dev/null 2>&1 </dev/null; then
		answer 4 'it could not be detached'
		return
	fi
	for nap in 0.005 0.01 0.02 0.04 0.06 0.07; do
		if [ -f "$dir/status" ]; then
			break
		fi
		sleep "$nap" 2>/dev/null || break
	done
	report 0 0
}

# $1: TERM or KILL. Ends all that the job started, but not its runner, which writes down how it ended.
stop() {
	roots=$(pgrep -f "^/bin/sh $dir/(runner|command)")
	runners=$(pgrep -f "^/bin/sh $dir/runner")
	members=$(ps -ax -o pid= -o ppid= -o pgid= | awk -v me="$$" -v roots="$roots" -v runners="$runners" '
		{ parent[$1] = $2; group[$1] = $3 }
		END {
			n = split(roots, word)
			for (i = 1; i <= n; i++) {
				in_job[word[i]] = 1
				if (group[word[i]] != group[me]) its_group[group[word[i]]] = 1
			}
			n = split(runners, word)
			for (i = 1; i <= n; i++) runner[word[i]] = 1
			# A child of the runner looks like it until it becomes the command.
			for (i = 1; i <= n; i++) if (!(parent[word[i]] in runner)) spared[word[i]] = 1
			do {
				more = 0
				for (pid in parent)
					if (!(pid in in_job) && ((parent[pid] in in_job) || (group[pid] in its_group))) {
						in_job[pid] = 1
						more = 1
					}
			} while (more)
			for (pid in in_job) if ((pid in parent) && !(pid in spared)) print pid
		}')
	# A runner without a command that is still there does not write down anything any more.
	if [ "$1" = KILL ] && [ "$roots" = "$runners" ]; then
		members="$members $runners"
	fi
	# All at once, and who was there first first: a shell must not see its child end and go on to the next line.
	# shellcheck disable=SC2046 # one number each
	[ -z "$members" ] || kill -s "$1" $(printf '%s\n' "$members" | tr ' ' '\n' | sort -n) 2>/dev/null
	report "$2" "$3"
}

# Who holds the lock. A directory without an owner is someone who died, or is about to write it.
holder() {
	begin answer
	if [ -f "$lock/owner" ]; then
		cat "$lock/owner"
	fi
	if [ -f "$lock/beat" ]; then
		printf 'beat=%s\n' "$(cat "$lock/beat")"
	fi
	made=$(stat -f %m "$lock" 2>/dev/null) || made=$(stat -c %Y "$lock" 2>/dev/null)
	printf 'made=%s\n' "$made"
	end answer 5
}

# Writes who we are into the lock directory that is ours; $1: run, $2: job.
own() {
	mark=$boundary.$number
	now=$(date +%s)
	if printf '%s\n' "$now" >"$lock/beat.$mark" &&
		printf 'run=%s\njob=%s\noperator=%s\nsince=%s\n' "$1" "$2" "$operator" "$now" >"$lock/owner.$mark" &&
		mv -f "$lock/beat.$mark" "$lock/beat" && mv -f "$lock/owner.$mark" "$lock/owner"; then
		lock_is "$1"
		return
	fi
	rm -f "$lock/beat.$mark" "$lock/owner.$mark" "$lock/beat"
	rmdir "$lock"
	return 1
}

beat() {
	mark=$boundary.$number
	date +%s >"$lock/beat.$mark" && mv -f "$lock/beat.$mark" "$lock/beat"
}

# Breaking and dropping look at the lock and then move it: one at a time. Who died in here did so a second ago.
turn() {
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		mkdir "$base/lock.turn" 2>/dev/null && return
		sleep 0.05 2>/dev/null || sleep 1
	done
	mv "$base/lock.turn" "$base/lock.turn.$boundary.$number" && rmdir "$base/lock.turn.$boundary.$number"
	mkdir "$base/lock.turn"
}

# $1: run, $2: job, $3: `keep`, or `break` and $4: whose lock may be broken, as RUN/BEAT, `*` for anybody's.
take() {
	if ! why=$(mkdir -p "$base" 2>&1); then
		answer 4 "$why"
		return
	fi
	if [ "$3" = break ] && [ -d "$lock" ] && ! lock_is "$1"; then
		turn
		lock_is "$1"
		if [ "$4" = '*' ] || [ "$4" = "${owned#run=}/$(cat "$lock/beat" 2>/dev/null)" ]; then
			mv "$lock" "$lock.broken.$(date +%s).$boundary.$number"
		fi
		rmdir "$base/lock.turn"
	fi
	if why=$(mkdir "$lock" 2>&1); then
		if why=$(own "$1" "$2" 2>&1); then
			answer 0 taken
		else
			answer 4 "$why"
		fi
	elif lock_is "$1"; then
		if why=$(beat 2>&1); then
			answer 0 again
		else
			answer 4 "$why"
		fi
	elif [ -d "$lock" ]; then
		holder
	else
		answer 4 "$why"
	fi
}

# $1: run.
renew() {
	if ! lock_is "$1"; then
		answer 3 "$owned"
	elif why=$(beat 2>&1); then
		answer 0 beaten
	elif lock_is "$1"; then
		answer 4 "$why"
	else
		answer 3 "$owned"
	fi
}

# $1: run.
drop() {
	if [ -d "$lock" ]; then
		turn
		if lock_is "$1"; then
			mv "$lock" "$lock.dropped.$boundary.$number" && rm -rf "$lock.dropped.$boundary.$number"
		fi
		rmdir "$base/lock.turn"
	fi
	if lock_is "$1"; then
		answer 4 'the lock could not be removed'
	else
		answer 0 dropped
	fi
}

# `path` holds the name and one character more, which keeps line ends at its end.
read_file() {
	path=${path%x}
	if [ ! -e "$path" ]; then
		answer 1 none
	elif [ ! -f "$path" ] || [ ! -r "$path" ]; then
		answer 4 'it is no file that can be read'
	else
		begin file
		head -c 1048577 "$path"
		end file "$?"
		answer 0 read
	fi
}

# $1: a job's id. Sets `dir`.
job() {
	case $1 in
	'' | [!A-Za-z0-9]* | *[!A-Za-z0-9._-]*) return 1 ;;
	esac
	dir=$base/jobs/$1
}

boot=$(boot_identity </dev/null 2>/dev/null)
boot=${boot:-unknown}
printf 'mirrorgate-jobs 1 %s\n' "$boundary"
while read -r verb number first second third fourth; do
	case $verb in
	hello)
		IFS= read -r runner || break
		answer 0 hello
		;;
	launch)
		IFS= read -r command || break
		IFS= read -r input || break
		job "$first" && launch "$second"
		;;
	look)
		job "$first" && {
			linger
			report "$second" "$third"
		} </dev/null
		;;
	stop) job "$first" && stop "$second" "$third" "$fourth" </dev/null ;;
	take)
		IFS= read -r operator || break
		operator=$(put "$operator")
		take "$first" "$second" "$third" "$fourth" </dev/null
		;;
	beat) renew "$first" </dev/null ;;
	drop) drop "$first" </dev/null ;;
	read)
		IFS= read -r path || break
		path=$(put "$path"; echo x)
		read_file </dev/null
		;;
	bye) break ;;
	esac
done
exit 0
}
