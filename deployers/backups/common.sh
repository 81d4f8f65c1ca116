# What every script about backups begins with. POSIX sh, coreutils, find, grep, sed and GNU tar; the variables that it
# takes (place, directory, app, environment, host, name, …) stand above it.

set -u
umask 077
export LC_ALL=C
home=$(pwd) work=
most_files=2000000 most_bytes=1099511627776 ratio=200 spare=67108864

fail() { # CODE WORDS
    code=$1
    shift
    printf '%s\n' "$*" >&2
    exit "$code"
}

tell() { # KEY VALUE: a fact for who reads this
    printf '= %s %s\n' "$1" "$2"
}

has() { command -v "$1" >/dev/null 2>&1; }

now() { date +%s%3N; }

seconds() { # SINCE: how long ago, as 1.234
    took=$(($(now) - $1))
    printf '%d.%03d' $((took / 1000)) $((took % 1000))
}

sha256_of() { # FILE; openssl asks the processor, which is ten times as fast
    { has openssl && sum=$(openssl dgst -sha256 -r -- "$1" 2>/dev/null) || sum=$(sha256sum <"$1"); } && echo "${sum%% *}"
}

tidy() { [ -z "$work" ] || rm -rf -- "$work"; }
trap tidy EXIT
trap 'exit 143' TERM INT HUP

open_folder() { # makes the folder of the backups ours, and its path absolute
    mkdir -p -- "$directory" 2>/dev/null
    folder=$(cd -- "$directory" 2>/dev/null && pwd -P) && [ -w "$folder" ] ||
        fail 73 "$directory cannot be written by $(id -un) on $host: sudo install -d -m 700 -o $(id -un) $directory"
    tar --version 2>/dev/null | grep -q 'GNU tar' || fail 69 "backups need GNU tar, and $host has none: apt install tar"
}

open_work() { # WORD: an empty folder of our own beside the backups
    work=$folder/.$name.$1
    rm -rf -- "$work" && mkdir -- "$work" || fail 73 "there is no room in $folder on $host"
}

spare() { # NAME: for a day nobody here deletes that backup for a newer one, whoever began with that before
    if [ -e "$folder/$1.manifest" ]; then : >"$folder/.$1.restored"; fi
}

find_served() { # sets root, served, release and sha
    root=$(cd -- "$place" 2>/dev/null && pwd -P) || fail 66 "there is no $place on $host"
    [ -e "$root/current" ] || fail 66 "nothing is served on $host yet, so there is nothing to back up"
    served=$(cd -- "$root/current" && pwd -P) release= sha=
    release=${served##*/}
    { read -r sha <"$served/REVISION"; } 2>/dev/null
}

unpacked() { # FILE: on stdin, what it was before it was compressed
    case ${1%.age} in
    *.zst) zstd -dcq ;;
    *.gz) gzip -dc ;;
    *) return 65 ;;
    esac
}

refuse() { fail 76 "$name is refused whole: $*"; }

look() { # BYTES: on stdin a tar from so many bytes; refuses what no backup of ours holds; sets files, bytes and pieces
    most=$most_bytes
    if [ "$1" -gt 0 ] && [ $(($1 * ratio + spare)) -lt "$most" ]; then most=$(($1 * ratio + spare)); fi
    {
        head -c "$most" | {
            tar -tvf - --numeric-owner 2>"$work/look.err"
            echo $? >"$work/look.code"
            cat >/dev/null
        }
    } | head -n "$((most_files + 1))" >"$work/listing"
    files=0 bytes=0 pieces=0 manifests=0
    while read -r mode _ size _ _ member; do
        case $mode in
        -* | d*) ;;
        *) refuse "it holds something that is neither a file nor a folder ($member)" ;;
        esac
        case /$member/ in
        */../* | */./* | //*) refuse "it holds a path that leads out of it ($member)" ;;
        esac
        case $member in
        "$name/manifest") manifests=$((manifests + 1)) ;;
        "$name/database/"[0-9][0-9][0-9][0-9][0-9]) pieces=$((pieces + 1)) ;;
        "$name/code/"* | "$name/shared/"* | "$name/shared" | "$name/links" | "$name/database.cksum") ;;
        *) refuse "it holds what is none of its parts ($member)" ;;
        esac
        case $size in '' | *[!0-9]* | ?????????????????*) refuse "it holds a member of no known size ($member)" ;; esac
        files=$((files + 1)) bytes=$((bytes + size))
        [ "$bytes" -le "$most" ] || refuse "it unpacks to more than $((most / 1048576)) MiB, far more than it should"
    done <"$work/listing"
    [ "$files" -le "$most_files" ] || refuse "it holds more than $most_files files"
    read -r code <"$work/look.code" && [ "$code" = 0 ] || refuse "it cannot be read to its end ($(tail -n 1 "$work/look.err"))"
    [ "$manifests" -eq 1 ] || refuse "it holds $manifests manifests"
}

fact() { # KEY FILE: what a manifest says
    sed -n "s/^$1 //p" "$2" | head -n 1
}

demand_ours() { # MANIFEST: refuses that of another application or environment
    grep -Fqx 'shipmate-backup 1' "$1" || refuse "its manifest is none of Shipmate's"
    for line in "app $app" "environment $environment" "name $name"; do
        grep -Fqx -- "$line" "$1" || refuse "it is not a backup of $app on $environment by that name ($(fact "${line%% *}" "$1"))"
    done
}

names_database() { # FILE: does the beginning of a dump say into which database it goes?
    grep -aEq '^(USE `|CREATE DATABASE|\\connect )' "$1"
}
