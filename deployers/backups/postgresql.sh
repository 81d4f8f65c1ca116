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

db_swap() { # SIDE BEFORE
    if ! there "$1" && there "$2" && there "$live"; then
        echo 'it was swapped already'
        sql "ALTER DATABASE \"$live\" ALLOW_CONNECTIONS true; ALTER DATABASE \"$2\" ALLOW_CONNECTIONS true"
        return
    fi
    there "$1" || fail 65 "there is no database $1"
    sql "ALTER DATABASE \"$live\" ALLOW_CONNECTIONS false" || return
    tries=0
    until sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ('$live', '$1')" >/dev/null &&
        sql "BEGIN; ALTER DATABASE \"$live\" RENAME TO \"$2\"; ALTER DATABASE \"$1\" RENAME TO \"$live\"; COMMIT"; do
        tries=$((tries + 1))
        if [ "$tries" -ge 20 ]; then
            sql "ALTER DATABASE \"$live\" ALLOW_CONNECTIONS true"
            return 1
        fi
        sleep 0.2
    done
    sql "ALTER DATABASE \"$live\" ALLOW_CONNECTIONS true; ALTER DATABASE \"$2\" ALLOW_CONNECTIONS true"
}
