# Lets another database take the place of the one in use, which is kept under another name; done again it changes nothing.

if [ -n "$side" ]; then
    cd -- "$place/current" 2>/dev/null || cd -- "$place/releases/$release" || fail 66 "nothing is served on $host"
    began=$(now)
    if [ "$(db_state "$side" "$before")" = swapped ]; then
        echo 'it was swapped already'
    elif ! db_swap "$side" "$before"; then
        case $(db_state "$side" "$before") in
        swapped) echo "$side took the place of $live, although that was said to have failed" ;;
        beside) fail 74 "$side did not take the place of $live; the database in use is as it was" ;;
        *) fail 65 "whether $side took the place of $live on $host cannot be told from here: see what is in $live and in $before" ;;
        esac
    fi
    tell before "$before"
    echo "$live is what was restored, after $(seconds "$began") s; what was in use is kept as $before"
else
    open_folder
    find_backup
    open_work swapping
    demand_whole
    [ "$pieces" -gt 0 ] || fail 65 "there is no database in $name"
    {
        dump
        echo $? >"$work/dump.code"
    } | (cd -- "$served" && exec sh -c "$restore") || fail 74 "the dump cannot be taken in"
    [ "$(cat "$work/dump.code")" = 0 ] || fail 74 "the dump in $name could not be read to its end"
    echo "the database was restored in place"
fi
