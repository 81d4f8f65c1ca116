# Tries whether a backup can be restored, in a place where nobody is served, and measures how long that takes.

forget() {
    [ -z "$filled" ] || db_drop "$filled" >/dev/null 2>&1
    tidy
}

back() { # the switch of the link, there and back again
    mkdir -p "$scratch/releases/other" && ln -s releases/other "$scratch/current" || return
    ln -s "releases/$release" "$scratch/current.next" && mv -T "$scratch/current.next" "$scratch/current" &&
        [ "$(readlink "$scratch/current")" = "releases/$release" ]
}

open_folder
filled=
trap forget EXIT
find_backup
open_work drill
scratch=$work/scratch
began=$(now)
demand_whole
tell check_seconds "$(seconds "$began")"
echo "$name is whole: $files files, $((bytes / 1048576)) MiB"

began=$(now)
mkdir -p "$scratch/releases"
unpack_code "$scratch/releases/$release"
[ "$(fact sha "$work/manifest")" = "$(cat "$scratch/releases/$release/REVISION" 2>/dev/null)" ] ||
    fail 65 "the release in $name is not the one that its manifest names"
opened | tar -xf - -C "$scratch" --strip-components=1 --no-same-owner --no-same-permissions "$name/shared" 2>/dev/null
if [ "$pieces" -gt 0 ] && [ -n "$side" ]; then
    cd -- "$served" || fail 66 "there is no $served on $host"
    filled=$side
    fill "$side"
    tell tables "$tables"
    tell database yes
    echo "a database was filled from it: $tables tables"
fi
tell restore_seconds "$(seconds "$began")"

began=$(now)
back || fail 74 "the link could not be switched in the scratch place"
tell back_seconds "$(seconds "$began")"
