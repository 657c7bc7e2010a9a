#!/bin/sh
# mirrorgate's look at the disks of a machine, once: fed to /bin/sh through an SSH channel, it answers each of
# $groups with framed sections and ends. It only reads, and keeps nothing on the machine. What can hang (GEOM, a
# frozen mount) has a group, and so a channel, of its own; who asks stops waiting after a while.
# POSIX sh, FreeBSD 4 to 14: disklabel or bsdlabel, fdisk or gpart, whichever is there.
#
# Whoever feeds it puts lines before it: boundary=HEX, groups='plain tables blocks files reach', peer='HOST PORT'.
boundary=${boundary:-none}
groups=${groups:-}
peer=${peer:-}
PATH=/sbin:/bin:/usr/sbin:/usr/bin
LC_ALL=C
BLOCKSIZE=1024
export PATH LC_ALL BLOCKSIZE
unset ENV CDPATH
set -f

# $1: a command. FreeBSD 4's sh knows no `command -v`, and would end with it.
have() {
	for dir in /sbin /bin /usr/sbin /usr/bin; do
		if [ -x "$dir/$1" ]; then
			return 0
		fi
	done
	(command -v "$1") >/dev/null 2>&1
}

# $1: the section's name, the rest: what answers it.
section() {
	printf '@%s begin 1 %s\n' "$boundary" "$1"
	name=$1
	shift
	"$@" </dev/null 2>&1
	printf '\n@%s end 1 %s %s\n' "$boundary" "$name" "$?"
}

host() {
	uname -n && uname -r && id -u
}

tools() {
	for tool in dump restore gpart fdisk disklabel bsdlabel newfs tunefs dumpfs mtree sha256 ssh ssh-keygen gzip \
		zstd; do
		if have "$tool" || [ -x "/usr/local/bin/$tool" ]; then
			echo "$tool"
		fi
	done
}

# $1: a text file; none is no error, and says nothing.
text() {
	if [ ! -e "$1" ]; then
		return 3
	fi
	cat -- "$1"
}

plain() {
	section host host
	section tools tools
	section fstab text /etc/fstab
	section loader text /boot/loader.conf
	section mounts mount -p
	section swap swapinfo -k
}

disks() {
	for disk in $(sysctl -n kern.disks); do
		case $disk in
		cd[0-9]* | acd[0-9]* | fd[0-9]* | *[!a-z0-9]*) ;;
		*) echo "$disk" ;;
		esac
	done
}

# $1: a disk. Number and first sector of each of its FreeBSD slices.
slices() {
	if have fdisk; then
		fdisk -s "$1" 2>/dev/null | awk '$1 ~ /^[1-4]:$/ && $4 == "0xa5" { sub(":", "", $1); print $1, $2 }'
	elif have gpart; then
		gpart show "$1" 2>/dev/null | awk '$3 ~ /^[1-4]$/ && $4 == "freebsd" { print $3, $1 }'
	fi
}

# $1: a disk. What on it may hold a BSD label; a slice that begins with the disk is a disk without a true table.
holders() {
	found=$(slices "$1")
	if [ -z "$found" ]; then
		if ! have gpart || gpart show "$1" 2>/dev/null | grep '^=>.* BSD ' >/dev/null; then
			echo "$1"
		fi
		return
	fi
	printf '%s\n' "$found" | awk -v disk="$1" '{ print $2 == 0 ? disk : disk "s" $1 }'
}

# $1: a slice or disk. Before FreeBSD 5 the kernel makes up a label where there is none, but not with -r.
label() {
	if have bsdlabel; then
		bsdlabel -A "$1"
	else
		disklabel -r "$1"
	fi
}

tables() {
	section disks disks
	for disk in $(disks 2>/dev/null); do
		if have diskinfo; then
			section "diskinfo/$disk" diskinfo -v "$disk"
		fi
		if have fdisk; then
			section "fdisk/$disk" fdisk "$disk"
			section "fdisk-s/$disk" fdisk -s "$disk"
		fi
		for holder in $(holders "$disk"); do
			section "label/$holder" label "$holder"
		done
	done
	if have gpart; then
		section gpart gpart show -p
		section gpart-l gpart show -l
		for disk in $(disks 2>/dev/null); do
			section "backup/$disk" gpart backup "$disk"
		done
	fi
}

# The places that may hold a UFS file system.
candidates() {
	for disk in $(disks 2>/dev/null); do
		for holder in $(holders "$disk"); do
			label "$holder" 2>/dev/null | awk -v holder="$holder" \
				'$1 ~ /^[a-z]:$/ && $4 != "swap" && $4 != "unused" { sub(":", "", $1); print holder $1 }'
		done
	done
	if have gpart; then
		gpart show -p 2>/dev/null | awk '$4 == "freebsd-ufs" && $3 !~ /\// { print $3 }'
	fi
}

# $1: a place. What follows the super block is per cylinder group, and long.
superblock() {
	dumpfs "/dev/$1" 2>&1 | sed 40q
}

# $1: a disk or slice. Its first sector in hexadecimal digits. The od(1) of FreeBSD 4 knows none of these options.
first_sector() {
	if od -A n -v -t x1 /dev/null >/dev/null 2>&1; then
		dd if="/dev/$1" bs=512 count=1 2>/dev/null | od -A n -v -t x1
	else
		dd if="/dev/$1" bs=512 count=1 2>/dev/null | hexdump -v -e '16/1 "%02x " "\n"'
	fi
}

blocks() {
	for disk in $(disks 2>/dev/null); do
		section "boot/$disk" first_sector "$disk"
		for holder in $(holders "$disk"); do
			if [ "$holder" != "$disk" ]; then
				section "boot/$holder" first_sector "$holder"
			fi
		done
	done
	for place in $(candidates | sort -u); do
		section "dumpfs/$place" superblock "$place"
	done
}

# The file systems on this machine's own disks first: one whose other half is away holds up nothing before it.
ufs_mounts() {
	mount -p | awk '$3 == "ufs" && $1 !~ /^\/dev\/(mirror|ggate|md)/ { print $2 }'
	mount -p | awk '$3 == "ufs" && $1 ~ /^\/dev\/(mirror|ggate|md)/ { print $2 }'
}

snaps() {
	for point in $(ufs_mounts); do
		if [ -d "$point/.snap" ]; then
			echo "$point"
		fi
	done
}

queue() {
	if [ -d /var/qmail/queue ]; then
		echo /var/qmail/queue
	fi
}

files() {
	section df df -k -i -n
	section queue queue
	section snaps snaps
}

# Whether something speaks SSH there; nothing is trusted, remembered or logged in to.
knock() {
	ssh -v -n -p "${peer##* }" -o BatchMode=yes -o ConnectTimeout=8 -o StrictHostKeyChecking=yes \
		-o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null "${peer%% *}" true
	code=$?
	# 255 is ssh's own failure, and in a frame that of the frame.
	if [ "$code" -eq 255 ]; then
		return 254
	fi
	return "$code"
}

reach() {
	section reach knock
}

for group in $groups; do
	case $group in
	plain | tables | blocks | files) "$group" ;;
	reach) [ -z "$peer" ] || reach ;;
	esac
done
printf '@%s done 1\n' "$boundary"
