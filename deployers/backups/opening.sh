# Finds a backup, refuses it unless it is whole and ours, and gives out what is in it.

find_backup() { # sets root, served and file
    root=$(cd -- "$place" 2>/dev/null && pwd -P) || fail 66 "there is no $place on $host"
    served=$root
    [ ! -e "$root/current" ] || served=$(cd -- "$root/current" && pwd -P)
    file=
    for found in "$folder/$name".tar.*; do
        case $found in *.part | *\*) ;; *) file=$found ;; esac
    done
    [ -n "$file" ] || fail 66 "there is no $name in $folder on $host"
    case $file in
    *.age)
        [ -n "$identity" ] || fail 77 "$name is encrypted: write \`identity\` below [environments.$environment.backup]"
        [ -r "$identity" ] || fail 77 "$name is encrypted, and $identity cannot be read on $host"
        has age || fail 69 "$name is encrypted and age is not installed on $host: apt install age"
        ;;
    esac
    case ${file%.age} in
    *.zst) has zstd || fail 69 "$name is compressed with zstd, which $host does not have: apt install zstd" ;;
    esac
}

opened() { # the backup's tar
    case $file in
    *.age) age -d -i "$identity" -- "$file" | unpacked "$file" ;;
    *) unpacked "$file" <"$file" ;;
    esac
}

demand_whole() { # the file is the one that was made, can be read to its end, and holds nothing that is not ours
    [ -f "$file" ] && [ ! -L "$file" ] || refuse "it is no plain file"
    digest=$(sha256_of "$file")
    [ -z "$sha256" ] || [ "$digest" = "$sha256" ] || refuse "it is not the file that was made: its SHA-256 is ${digest:-unreadable}"
    # What was made here and read back may unpack to whatever it does; of another nobody knows.
    size=0 && [ -n "$sha256" ] || size=$(stat -c %s "$file")
    {
        opened 2>"$work/opened.err"
        echo $? >"$work/opened.code"
    } | { look "$size" && echo "$files $bytes $pieces" >"$work/looked"; } || exit
    [ "$(cat "$work/opened.code")" = 0 ] || refuse "it cannot be read to its end ($(tail -n 1 "$work/opened.err"))"
    read -r files bytes pieces <"$work/looked"
    opened 2>/dev/null | tar -xOf - --occurrence=1 "$name/manifest" >"$work/manifest" 2>/dev/null
    demand_ours "$work/manifest"
    free=$(df -Pm -- "$root" | { read -r _ && read -r _ _ _ free _ && echo "$free"; })
    [ $((bytes / 1048576 + 64)) -le "$free" ] || fail 75 "there is no room to unpack $name on $host: $free MiB free, $((bytes / 1048576 + 64)) needed"
    release=$(fact release "$work/manifest")
    case $release in '' | .* | *[!A-Za-z0-9._-]*) refuse "its manifest names no release" ;; esac
}

unpack_code() { # INTO: the release, with the links that lead nowhere else
    into=$1
    rm -rf -- "$into"
    (umask 022 && mkdir -p -- "$into") || fail 73 "$into cannot be made on $host"
    (
        umask 022
        opened | tar -xf - -C "$into" --strip-components=2 --no-same-owner --no-same-permissions --delay-directory-restore "$name/code"
    ) 2>"$work/tar.err" || fail 74 "the release cannot be unpacked: $(tail -n 1 "$work/tar.err")"
    opened 2>/dev/null | tar -xOf - --occurrence=1 "$name/links" >"$work/links" 2>/dev/null
    tab=$(printf '\t')
    while IFS=$tab read -r link target; do
        [ -n "$link" ] && [ -n "$target" ] || continue
        if leads_inside "$into" "$link" "$target"; then
            (umask 022 && mkdir -p -- "$(dirname -- "$into/$link")" && ln -s -- "$target" "$into/$link")
        else
            echo "the link $link leads elsewhere and is left out"
        fi
    done <"$work/links"
}

leads_inside() { # INTO LINK TARGET: as it will stand in releases/, from there to the release itself or to shared/
    stands=$root/releases/$release
    case $3 in
    /*) leads=$(realpath -ms -- "$3") ;;
    *) leads=$(realpath -ms -- "$(dirname -- "$stands/$2")/$3") ;;
    esac
    case $leads/ in "$stands"/* | "$root"/shared/*) ;; *) return 1 ;; esac
    parent=$(realpath -m -- "$(dirname -- "$1/$2")")
    case $parent/ in "$(realpath -m -- "$1")"/*) ;; *) return 1 ;; esac
}

dump() { opened | tar -xOf - "$name/database"; }

demand_unbound() { # a dump that names its database would go into the one in use
    opened 2>/dev/null | tar -xOf - --occurrence=1 "$name/database/00000" 2>/dev/null | head -c 4096 >"$work/head"
    { ! names_database "$work/head" && { [ -z "$binds" ] || ! dump 2>/dev/null | grep -aEq "$binds"; }; } ||
        refuse "its dump names the database that it goes into (USE, CREATE DATABASE or \\connect)"
}

fill() { # SIDE: the backup's database beside the one in use
    demand_unbound
    db_create "$1" || fail 74 "the database $1 cannot be created on $host"
    {
        dump
        echo $? >"$work/dump.code"
    } | (cd -- "$served" && db_fill "$1") || fail 74 "the dump cannot be taken in by $1"
    [ "$(cat "$work/dump.code")" = 0 ] || fail 74 "the dump in $name could not be read to its end"
    tables=$(db_tables "$1")
    [ "${tables:-0}" -gt 0 ] || fail 65 "there is no table in $1 after it was filled"
}
