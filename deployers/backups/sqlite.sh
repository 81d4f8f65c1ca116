# How SQLite puts a database beside the one in use: another file, which takes its name in one rename.

speak() { sh -c "${client:-sqlite3} \"\$@\"" sh "$@"; }

binds=

db_tables() { speak "$1" "SELECT count(*) FROM sqlite_master WHERE type = 'table'"; }

db_create() { db_drop "$1" && : >"$1" && chmod --reference="$live" -- "$1" 2>/dev/null; [ -e "$1" ]; }

db_fill() { # a copy of the file, or what .dump prints
    head -c 16 >"$work/magic" && magic=$(head -c 15 "$work/magic")
    if [ "$magic" = 'SQLite format 3' ]; then
        cat "$work/magic" - >"$1"
    else
        { echo '.bail on' && cat "$work/magic" -; } | speak "$1" >/dev/null
    fi && [ "$(speak "$1" 'PRAGMA integrity_check')" = ok ]
}

db_drop() { rm -f -- "$1" "$1-wal" "$1-shm" "$1-journal"; }

db_swappable() { [ -f "$live" ] || fail 66 "there is no $live on $host"; }

db_swap() { # SIDE BEFORE: a second name for the one in use, then the other takes the first
    if [ ! -e "$1" ]; then
        [ -e "$2" ] && [ -e "$live" ] && echo 'it was swapped already' && return
        fail 65 "there is no $1"
    fi
    real=$(realpath -- "$live") || return
    speak "$live" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null 2>&1
    ln -f -- "$real" "$2" || return
    for tail in -wal -shm -journal; do
        if [ -e "$real$tail" ]; then mv -f -- "$real$tail" "$2$tail" || return; fi
    done
    chown --reference="$real" -- "$1" 2>/dev/null
    sync -- "$1"
    mv -T -- "$1" "$real"
}
