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

db_state() { # SIDE BEFORE: `beside` or `swapped`; nothing where it is neither
    [ -e "$live" ] || return
    if [ -e "$1" ]; then echo beside; elif [ -e "$2" ]; then echo swapped; fi
}

logs() { # FROM TO: what was not yet written through goes along with its database
    for tail in -wal -shm -journal; do
        if [ -e "$1$tail" ]; then mv -f -- "$1$tail" "$2$tail" || return; fi
    done
}

db_swap() { # SIDE BEFORE: a second name for the one in use, then the other takes the first
    [ -e "$1" ] || fail 65 "there is no $1 on $host"
    real=$(realpath -- "$live") || return
    speak "$live" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null 2>&1
    ln -f -- "$real" "$2" || return
    chown --reference="$real" -- "$1" 2>/dev/null
    sync -- "$1"
    if logs "$real" "$2" && mv -T -- "$1" "$real"; then return; fi
    logs "$2" "$real" && rm -f -- "$2"
    return 1
}
