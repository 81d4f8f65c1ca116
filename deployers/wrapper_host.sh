# The second half of the wrapper, appended to `wrapper.sh`: batches, what concerns the whole host, and the verbs.

perform() { # GROUP TOKEN
    group=$1 token=$2
    batch=$(cat)
    set -f
    set -- $batch
    for last; do :; done
    [ $(($# % 3)) -eq 1 ] && [ "$last" = . ] || exit 65 # the connection was lost before everything was said
    problem=$(seen "$token" 2>&1) || problem="no_room ${problem##*: }"
    stopped=$problem
    beat $$ &
    heart=$!
    while [ $# -ge 3 ]; do
        look "$1"
        if [ "$fate" = absent ] && [ -n "$stopped" ]; then
            barred || why=$stopped
        else
            once "$1" "$2" "$3"
        fi
        case "$fate $code" in 'exited 0') ;; *) stopped=${stopped:-earlier} ;; esac
        case $why in aborted | fenced*) stopped=$why ;; esac
        report
        set -f
        shift 3
    done
    kill -s KILL "$heart" 2>/dev/null
    echo .
}

beat() { # PID: tell the reader that somebody is still here
    while sleep "${SHIPMATE_BEAT:-3}" >/dev/null 2>&1 && kill -s 0 "$1" 2>/dev/null; do echo '~' || exit; done
}

each() { # COMMAND: run it for every operation, with id set
    set +f
    for path_of in "$ops"/*/claim; do
        [ -e "$path_of" ] || continue
        id=${path_of%/claim} id=${id##*/}
        "$1"
    done
}

phase() {
    dir=$ops/$id phase=claimed
    [ -L "$dir/begun" ] && phase=started
    [ -e "$dir/exit" ] && phase=exited
    [ -e "$dir/done" ] && phase=recorded
    echo "$id $phase"
}

records() { # ID...
    for id; do
        look "$id"
        report
    done
}

abort() { # GROUP TOKEN: what has not begun never will; what runs is stopped; then say so
    group=$1
    seen "$2"
    mv -T "$here/ready/$1" "$here/aborted/$1" 2>/dev/null || mkdir -p "$here/aborted/$1" || refuse no_room
    sync "$here/aborted"
    signal=0 rounds=0 stopped=
    while running= && each stop && [ -n "$running" ]; do
        signal=0 rounds=$((rounds + 1))
        [ "$rounds" -eq $((grace * 10)) ] && signal=KILL
        [ "$rounds" -gt $((grace * 10 + 300)) ] && refuse "stuck $running"
        sleep 0.1
    done
    echo .
}

stop() { # the operation in id, if it is of the group
    case " $stopped " in
    *" $id "*) dir=$ops/$id begun=$(readlink "$ops/$id/begun") && lives "$begun" || return 0 ;;
    *)
        [ -e "$ops/$id/done" ] && return
        { read -r _ group_of _ <"$ops/$id/claim"; } 2>/dev/null
        [ "$group_of" = "$group" ] || return 0
        look "$id"
        [ "$fate" = running ] || return 0
        if [ -z "$begun" ] && void; then return; fi
        ;;
    esac
    running="$running $id"
    [ -n "$begun" ] || return 0
    split "$begun"
    case " $stopped " in *" $id "*) ;; *) stopped="$stopped $id" && kill -s TERM -- "-$pid" 2>/dev/null ;; esac
    [ "$signal" = 0 ] || kill -s "$signal" -- "-$pid" 2>/dev/null
    return 0
}

refuse() { # WORDS
    echo "! $*"
    exit
}

holder() { # sets owner_of, number_of and since_of from a lock directory
    owner_of= number_of= since_of=
    { read -r owner_of && read -r number_of && read -r since_of; } 2>/dev/null <"$1/owner"
    case $number_of in *[!0-9]*) number_of= ;; esac
}

lock() { # OWNER TOKEN SINCE
    seen "$2" && newest
    [ "$newest" -gt "$2" ] && refuse fenced "$newest"
    owner=$(printf %s "$1" | base64 -d) new=$here/.lock.$$ tries=0
    rm -rf "$new"
    { mkdir "$new" && printf '%s\n%s\n%s\n' "$owner" "$2" "$3" >"$new/owner"; } || refuse no_room
    until mv -T "$new" "$here/lock" 2>/dev/null; do
        holder "$here/lock"
        [ "$owner_of" = "$owner" ] && [ "$number_of" = "$2" ] && break
        tries=$((tries + 1))
        if [ "$tries" -gt 5 ] || ! yields "$2"; then locked; fi
        displace
    done
    rm -rf "$new"
    newest
    [ "$newest" -gt "$2" ] && displace && refuse fenced "$newest"
    echo .
}

yields() { # TOKEN: our own lock under an older token, or that of one of ours who led before
    [ "$owner_of" = "$owner" ] && return
    [ -n "$number_of" ] && [ "$number_of" -lt "$1" ] &&
        [ "${owner_of%[: ]*}" = "${owner%[: ]*}" ]
}

locked() {
    rm -rf "$new"
    [ -e "$here/lock" ] || refuse no_room
    refuse locked "$(printf %s "${owner_of:-somebody who left no name}" | base64 -w 0)" "${since_of:--}"
}

displace() { # put the lock that was read aside; one that changed meanwhile is put back
    was=$owner_of:$number_of aside=$here/.aside.$$
    mv -T "$here/lock" "$aside" 2>/dev/null || return
    holder "$aside"
    if [ "$owner_of:$number_of" = "$was" ]; then rm -rf "$aside"; else mv -T "$aside" "$here/lock"; fi
}

unlock() { # OWNER
    holder "$here/lock"
    [ "$owner_of" = "$(printf %s "$1" | base64 -d)" ] && displace
    echo .
}

prune() { # once a day, forget what is older than 30 days and not of the newest 200 deployments; never a token
    old=$here/.old.$$
    touch -d '1 day ago' "$old"
    if [ "$here/.pruned" -nt "$old" ]; then rm -f "$old" && return; fi
    : >"$here/.pruned"
    touch -d '30 days ago' "$old"
    newest_groups=' ' count=0
    for id in $(ls -t "$ops"); do
        { read -r _ group_of _ <"$ops/$id/claim"; } 2>/dev/null || continue
        case $newest_groups in *" $group_of "*) continue ;; esac
        count=$((count + 1))
        if [ "$count" -le "${SHIPMATE_KEEP:-200}" ]; then newest_groups="$newest_groups$group_of "; else forget; fi
    done
    set +f
    for path in "$ops"/.new.* "$ops"/.void.* "$here"/wrapper-*.sh; do
        [ "$path" -ot "$old" ] && [ "$path" != "$0" ] && rm -rf "$path"
    done
    rm -f "$old"
}

forget() { # the operation in id, but not that it was
    [ "$ops/$id" -ot "$old" ] && look "$id" && [ "$fate" != running ] || return 0
    : >"$here/gone/$group_of" && rm -rf "$dir"
}

verb=$1
shift
if [ "$verb" = step ]; then step "$1"; fi
process $$ && me=$boot:$$:$start
echo shipmate
case $verb in
perform)
    perform "$@"
    exec >/dev/null 2>&1
    prune
    ;;
records) records "$@" ; echo . ;;
list) each phase ; echo . ;;
abort | lock | unlock) "$verb" "$@" ;;
*) exit 64 ;;
esac
