# Puts what lies in a backup beside what serves: the release, and where it is wanted a database.

open_folder
find_backup
spare "$name"
open_work restoring
began=$(now)
demand_whole
echo "$name is whole: $files files, $((bytes / 1048576)) MiB"
if [ -e "$root/releases/$release/.shipmate-complete" ]; then
    echo "the release $release is here already"
else
    for link in current blue green; do
        [ ! "$root/$link" -ef "$root/releases/$release" ] ||
            fail 65 "releases/$release serves on $host and has no .shipmate-complete, so it is not replaced: if it is whole, touch $root/releases/$release/.shipmate-complete"
    done
    unpack_code "$root/releases/$release.part"
    : >"$root/releases/$release.part/.shipmate-complete"
    rm -rf -- "${root:?}/releases/$release"
    mv -T -- "$root/releases/$release.part" "$root/releases/$release" || fail 74 "the release cannot be put in its place"
    echo "unpacked $release"
fi
if [ -n "$side" ]; then
    # What served before may be gone, or just came back.
    served=$(cd -- "$root/current" 2>/dev/null && pwd -P) || served=$root/releases/$release
    [ "$pieces" -gt 0 ] || fail 65 "there is no database in $name"
    cd -- "$served" || fail 66 "there is no $served on $host"
    db_swappable || exit
    fill "$side"
    db_swappable "$side" || exit
    tell tables "$tables"
    echo "$side is filled: $tables tables"
fi
tell seconds "$(seconds "$began")"
