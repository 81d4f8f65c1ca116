# How a database is put beside the one in use, and swapped, by the commands that are configured.

binds='^(USE `|\\(c|connect) )'

db_tables() { echo "${counted:-1}"; }

db_create() { sh -c "$create"; }

db_fill() { sh -c "$restore"; }

db_drop() { sh -c "$drop"; }

db_swappable() { :; }

db_state() { :; } # only who wrote the commands could tell

db_swap() { sh -c "$swap"; }
