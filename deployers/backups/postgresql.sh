# How PostgreSQL puts a database beside the one in use, and swaps the two by renaming both in one transaction.

speak() { sh -c "${client:-psql} \"\$@\"" sh -X -q -v ON_ERROR_STOP=1 "$@"; }

sql() { speak -d postgres -A -t -c "$1"; }

binds='^\\(c|connect) ' # such a line of a dump leads into another database; within what is stored the stroke is doubled

there() { [ "$(sql "SELECT count(*) FROM pg_database WHERE datname = '$1'")" = 1 ]; }

db_tables() { speak -d "$1" -A -t -c "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"; }

db_create() { db_drop "$1" && sql "CREATE DATABASE \"$1\" TEMPLATE template0 OWNER \"$(sql "SELECT rolname FROM pg_roles JOIN pg_database ON datdba = pg_roles.oid WHERE datname = '$live'")\""; }

db_fill() { speak -d "$1" >/dev/null; }

db_drop() { sql "DROP DATABASE IF EXISTS \"$1\""; }

db_swappable() { there "$live" || fail 69 "there is no database $live on $host, or it cannot be asked"; }

db_state() { # SIDE BEFORE: `beside` or `swapped`; nothing where it is neither, or cannot be told
    sql "SELECT CASE 4 * count(*) FILTER (WHERE datname = '$1') + 2 * count(*) FILTER (WHERE datname = '$live') + count(*) FILTER (WHERE datname = '$2') WHEN 6 THEN 'beside' WHEN 3 THEN 'swapped' END FROM pg_database"
}

rename_both() { # SIDE BEFORE: who connects meanwhile waits for the rename, so nothing has to be shut, or opened again
    sql "BEGIN; ALTER DATABASE \"$live\" RENAME TO \"$2\"; ALTER DATABASE \"$1\" RENAME TO \"$live\"; COMMIT" &
    renaming=$!
    while kill -0 "$renaming" 2>/dev/null; do
        sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ('$live', '$1')" >/dev/null || break
        sleep 0.1
    done
    wait "$renaming"
}

db_swap() { # SIDE BEFORE
    tries=0
    until rename_both "$1" "$2"; do
        [ "$(db_state "$1" "$2")" != swapped ] || return 0
        there "$1" || fail 65 "there is no database $1, or $host cannot be asked"
        tries=$((tries + 1))
        [ "$tries" -lt 20 ] || return 1
        sleep 0.2
    done
}
