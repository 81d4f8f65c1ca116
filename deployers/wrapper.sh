#!/bin/sh
# Shipmate's step wrapper: runs an operation once, remembers what became of it, and stops when told.
# POSIX sh and coreutils only; it trusts no connection, process id or clock to stay as it was.
#   perform GROUP TOKEN        operations on stdin, a line each: ID SECONDS BASE64; then a line with a full stop
#   records ID...              what is known of operations
#   list                       every operation and the phase it reached
#   abort GROUP TOKEN          let nothing of the group begin, stop what runs, wait until it stands still
#   lock OWNER TOKEN SINCE     take the host's own lock (OWNER in base64)
#   unlock OWNER               give it back
#
# ops/ID/ holds one operation; its phase is the newest of these:
#   claim   claimed     who sent it here (boot:pid:start, group, token); the directory appears whole, in one rename
#   begun   started     a link made by the step's process group itself: boot:group:start, or "void" if it may never begin
#   exit    exited      the exit code, renamed into place by the process group itself
#   done    recorded    length and digest of all output, whose last 64 KiB are in `tail`
# A link or a rename that only one can win decides every race; what is written late got its room early.

here=${0%/*} ops=${0%/*}/ops
grace=${SHIPMATE_GRACE:-10} budget=${SHIPMATE_BUDGET:-268435456} kept=65536
read -r boot <"${SHIPMATE_BOOT_FILE:-/proc/sys/kernel/random/boot_id}"
trap : HUP PIPE
nothing=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

process() { # PID: sets state, group and start, or fails when there is none
    { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
    set -- ${line##*) }
    state=$1 pgrp=$3 start=${20}
}

split() { # BOOT:PID:START
    of_boot=${1%%:*} start_of=${1##*:} pid=${1#*:} pid=${pid%%:*}
}

same() { # BOOT:PID:START: is it that very process, and does it live?
    split "$1"
    [ "$of_boot" = "$boot" ] && process "$pid" && [ "$start" = "$start_of" ] && [ "$state" != Z ]
}

lives() { # BOOT:GROUP:START: does anyone of the operation's process group live, even without its leader?
    same "$1" && return
    [ "$of_boot" = "$boot" ] || return 1
    process "$pid" && [ "$start" != "$start_of" ] && return 1
    leader=$pid
    set +f
    for path in /proc/[0-9]*; do
        if process "${path#/proc/}" && [ "$pgrp" = "$leader" ] && [ "$state" != Z ] && ours "$path"; then return; fi
    done
    return 1
}

ours() { # PATH: does the process belong to this operation? One that cannot be read (sudo) counts.
    [ -r "$1/environ" ] || return 0
    case "
$(tr '\0' '\n' <"$1/environ" 2>/dev/null)
" in *"
SHIPMATE_OPERATION=$id
"*) ;; *) return 1 ;; esac
}

look() { # ID: sets dir, fate, code and why from what is written, asking processes only while nothing final is
    id=$1 dir=$ops/$1 fate=absent code=- why= begun=
    while [ -d "$dir" ]; do
        if [ -e "$dir/exit" ]; then ended && return; fi
        fate=unknown
        [ -e "$dir/done" ] && killed && return
        begun=$(readlink "$dir/begun")
        case $begun in
        '') waiting && return ;;
        void) fate=refused why=interrupted && return ;;
        *)
            if lives "$begun"; then fate=running && return; fi
            [ -e "$dir/exit" ] && ended && return
            killed
            return
            ;;
        esac
        fate=absent
    done
}

killed() { # without an exit code: by us, or by whoever else
    [ -e "$dir/told" ] && fate=exited code=137
    [ -e "$dir/spent" ] && fate=exited code=153
    return 0
}

ended() { # an exit code that a power failure emptied is none
    read -r code <"$dir/exit"
    case $code in '' | *[!0-9]*) code=- && return 1 ;; esac
    fate=exited
}

waiting() { # claimed, not begun: wait for its claimant, or give the claim up for it when it died in this boot
    read -r claimant _ 2>/dev/null <"$dir/claim" || return 0
    if same "$claimant"; then fate=running && return; fi
    [ "$of_boot" = "$boot" ] || return 0
    void
    [ -d "$dir" ] && [ ! -L "$dir/begun" ]
}

void() { # take the place of the beginning; only who made the link may clear the claim away
    ln -sT void "$dir/begun" 2>/dev/null || return 1
    mv -T "$dir" "$ops/.void.$id.$$" && rm -rf "$ops/.void.$id.$$"
}

newest() { # sets newest to the newest fencing token that was ever seen here
    newest=0
    set +f
    for path in "$here"/tokens/*; do
        number=${path##*/}
        case $number in *[!0-9]*) continue ;; esac
        [ "$number" -gt "$newest" ] && newest=$number
    done
}

seen() { # TOKEN: make it known before anything is done in its name
    [ -d "$here/tokens/$1" ] && [ -d "$here/ready/$group" ] && return
    mkdir -p "$ops" "$here/aborted" "$here/gone" "$here/tokens/$1" "$here/ready/$group" && sync "$here/tokens"
}

barred() { # has an abort or a newer token come first?
    fate=refused
    [ -e "$here/aborted/$group" ] && why=aborted && return
    newest
    [ "$newest" -gt "$token" ] && why="fenced $newest"
}

prepare() { # SECONDS BASE64: everything that will ever be written, given its room now
    [ ! -e "$new" ] || rm -rf "$new"
    mkdir "$new" || return
    { printf "%${kept}s" '' >"$new/tail"; } 2>/dev/null || # without a process; `head` tells better why not
        head -c "$kept" /dev/zero >"$new/tail" || return
    echo "$me $group $token $1" >"$new/claim" || return
    base64 -d >"$new/script" <<END || return
$2
END
    printf '%-127s\n' - >"$new/exit.slot" && printf '%-255s\n' - >"$new/done.slot" &&
        : >"$new/output" && : >"$new/told.slot" && : >"$new/spent.slot"
}

once() { # ID SECONDS BASE64: claim, look again, begin; or wait for the one who did
    new=$ops/.new.$$
    while look "$1" && [ "$fate" = absent ]; do
        [ -e "$here/gone/$group" ] && fate=unknown why='its record was pruned' && return
        if barred; then return; fi
        if ! why=$(prepare "$2" "$3" 2>&1); then
            why="no_room ${why##*: }" fate=refused
            rm -rf "$new"
            return
        fi
        if ! why=$(mv -T "$new" "$dir" 2>&1); then
            rm -rf "$new"
            [ -d "$dir" ] && continue
            why="no_room ${why##*: }" fate=refused
            return
        fi
        sync "$dir" "$ops"
        if barred; then
            void
            return
        fi
        begin "$1" "$2"
        return
    done
    adopt
}

adopt() { # wait for an operation that runs already, here or under a wrapper that died
    while [ "$fate" = running ]; do
        sleep 0.1
        look "$id"
    done
}

begin() { # ID SECONDS: run it in a process group of its own, which needs this wrapper no longer
    (trap '' HUP && exec timeout -k "$grace" "$2" sh "$0" step "$1") </dev/null >>"$dir/output" 2>&1 &
    child=$!
    while wait "$child"; status=$?; [ "$status" -gt 128 ] && kill -s 0 "$child" 2>/dev/null; do :; done
    look "$1"
    [ "$fate" = exited ] && return
    if [ -z "${begun#void}" ]; then
        unbegun
        return
    fi
    adopt
}

unbegun() { # the step found its beginning taken, or had no room to mark it
    [ -d "$dir" ] && void
    if barred; then return; fi
    why="no_room the step could not begin" fate=refused
}

step() { # ID: inside the process group, below `timeout`, which leads it
    id=$1 dir=$ops/$1 stopped=
    trap '' TERM
    process $$ && leader=$pgrp && process "$leader"
    ln -sT "$boot:$leader:$start" "$dir/begun" || exit 125
    export SHIPMATE_OPERATION="$id"
    watch $$ &
    watcher=$!
    trap 'stopped=1' TERM
    sh "$dir/script"
    code=$?
    trap '' TERM # from here on nothing may be told to stop
    kill -s KILL "$watcher" 2>/dev/null
    [ -n "$stopped" ] && why_stopped
    leave "$code"
    exit "$code"
}

why_stopped() { # say so by the exit code, whatever the script made of the signal
    read -r _ group _ <"$dir/claim"
    code=124
    [ -e "$here/aborted/$group" ] && code=143
    [ -e "$dir/spent" ] && code=153
}

watch() { # PID: stop a step that prints without end; note that a step was told to stop, in case it must be killed
    trap 'trap "" TERM && mv "$dir/told.slot" "$dir/told" 2>/dev/null' TERM
    while sleep 0.5; kill -s 0 "$1" 2>/dev/null; do
        [ "$(stat -c %s "$dir/output")" -gt "$budget" ] || continue
        mv "$dir/spent.slot" "$dir/spent" || return
        halt "$leader"
    done
}

halt() { # GROUP: ask, wait, insist
    trap '' TERM
    kill -s TERM -- "-$1" 2>/dev/null
    sleep "$grace"
    kill -s KILL -- "-$1" 2>/dev/null
}

leave() { # CODE: the exit code, in one rename, in the room that was kept for it
    { printf '%-127s\n' "$1" 1<>"$dir/exit.slot"; } 2>/dev/null && mv "$dir/exit.slot" "$dir/exit" 2>/dev/null
    look "$id"
}

settle() { # keep the end of the output, and the length and digest of all of it
    [ -e "$dir/done" ] && return
    mv "$dir/done.slot" "$dir/done.$$" 2>/dev/null || return
    bytes=0 sha=$nothing
    [ ! -s "$dir/output" ] || bytes=$(wc -c <"$dir/output")
    if [ "$bytes" -gt "$kept" ]; then
        measure
        head -c "$bytes" "$dir/output" | tail -c "$kept" 1<>"$dir/tail"
    else
        shortly
    fi
    printf '%-255s\n' "$bytes $sha" 1<>"$dir/done.$$"
    mv "$dir/done.$$" "$dir/done" && : >"$dir/output"
}

shortly() { # all of the output is kept: the room beyond it is given back
    [ "$bytes" -gt 0 ] || { : >"$dir/tail" && return; }
    head -c "$bytes" "$dir/output" 1<>"$dir/tail"
    truncate -s "$bytes" "$dir/tail"
    sha=$(sha256sum <"$dir/tail")
    sha=${sha%% *}
}

measure() {
    bytes=0 sha=$nothing
    [ -s "$dir/output" ] || return 0
    bytes=$(wc -c <"$dir/output")
    sha=$(head -c "$bytes" "$dir/output" | sha256sum)
    sha=${sha%% *}
}

printed() { # sets bytes, sha and end to what is kept, or to what there is so far
    end=$dir/tail bytes=0 sha=-
    { read -r bytes sha <"$dir/done"; } 2>/dev/null && return
    [ -e "$dir/output" ] && measure
    { read -r bytes_then sha_then <"$dir/done"; } 2>/dev/null && bytes=$bytes_then sha=$sha_then && return
    end=$dir/output
}

report() { # one line: = ID FATE CODE BYTES SHA256 TOKEN WHY END, the last two in base64
    token_of=0
    case $fate in exited | unknown) [ -d "$dir" ] && settle ;; esac
    { read -r _ _ token_of _ <"$dir/claim"; } 2>/dev/null
    [ -z "$why" ] || why=$(printf %s "$why" | base64 -w 0)
    printed
    printf '= %s %s %s %s %s %s %s ' "$id" "$fate" "$code" "$bytes" "$sha" "${token_of:-0}" "${why:--}"
    if [ "$bytes" -gt "$kept" ] || [ "$end" = "$dir/output" ]; then
        tail -c "$kept" "$end" | base64 -w 0
    elif [ "$bytes" -gt 0 ]; then
        base64 -w 0 "$end"
    fi
    echo
}
