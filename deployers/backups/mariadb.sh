# How MariaDB and MySQL put a database beside the one in use, and swap the two by renaming all tables in one statement.

speak() { sh -c "${client:-mariadb} \"\$@\"" sh "$@"; }

sql() { speak -N -B -e "$1"; }

tables_of() { sql "SELECT CONCAT('\`', TABLE_NAME, '\`') FROM information_schema.TABLES WHERE TABLE_SCHEMA = '$1' AND TABLE_TYPE = 'BASE TABLE'"; }

db_tables() { tables_of "$1" | wc -l; }

db_create() {
    like=$(sql "SELECT CONCAT('CHARACTER SET ', DEFAULT_CHARACTER_SET_NAME, ' COLLATE ', DEFAULT_COLLATION_NAME) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '$live'") &&
        sql "DROP DATABASE IF EXISTS \`$1\`; CREATE DATABASE \`$1\` $like"
}

db_fill() { speak "$1"; }

db_drop() { sql "DROP DATABASE IF EXISTS \`$1\`"; }

binds='^USE `' # such a line of a dump leads into another database; within what is stored there is no line's end

db_swappable() { # [BASE]: what belongs to a database as such cannot be renamed along with its tables
    base=${1:-$live}
    there=$(sql "SELECT (SELECT COUNT(*) FROM information_schema.VIEWS WHERE TABLE_SCHEMA = '$base') + (SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '$base') + (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '$base') + (SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = '$base')") ||
        fail 69 "the database server cannot be asked on $host"
    [ "$there" -eq 0 ] || fail 65 "$base has $there views, triggers, routines or events, which cannot be swapped by renaming tables: configure \`swap\`, or restore in place"
}

db_state() { # SIDE BEFORE: `beside` or `swapped`; nothing where it is neither, or cannot be told
    [ "$(db_tables "$live")" -gt 0 ] || return
    case $(($(db_tables "$1") > 0)),$(($(db_tables "$2") > 0)) in 1,0) echo beside ;; 0,1) echo swapped ;; esac
}

db_swap() { # SIDE BEFORE
    [ "$(db_tables "$1")" -gt 0 ] || fail 65 "there is no table in $1, or the database server cannot be asked on $host"
    sql "CREATE DATABASE IF NOT EXISTS \`$2\`" || return
    [ "$(db_tables "$2")" -eq 0 ] || fail 65 "there are tables in $2 already"
    moves=$({
        tables_of "$live" | sed "s/.*/\`$live\`.& TO \`$2\`.&/"
        tables_of "$1" | sed "s/.*/\`$1\`.& TO \`$live\`.&/"
    } | paste -s -d ,) || return
    # The statement may be longer than an argument can be.
    printf 'SET SESSION lock_wait_timeout = 30; RENAME TABLE %s;\n' "$moves" | speak && db_drop "$1"
}
