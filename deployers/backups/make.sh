# Makes a backup, reads it back, and only then gives it its name: manifest, database in pieces, files, in one stream.

piece_mib=${SHIPMATE_PIECE_MIB:-16}

already() { # a backup that has its name was read back before
    for file in "$folder/$name".tar.*; do
        case $file in *.part | *\*) continue ;; esac
        [ -e "$folder/$name.manifest" ] || refuse "$file is there already, and is none of Shipmate's"
        demand_ours "$folder/$name.manifest"
        [ "$(sha256_of "$file")" = "$(fact sha256 "$folder/$name.manifest")" ] || refuse "it was changed since it was made"
        echo "$name is here already"
        report "$folder/$name.manifest" "$file"
        exit 0
    done
}

room() { # refuses to begin where it cannot fit; what the last one took is the best guess
    last=0
    for manifest in "$folder"/backup-*.manifest; do
        [ -e "$manifest" ] && grep -Fqx "environment $environment" "$manifest" && last=$(fact bytes "$manifest")
    done
    needed=$((${last:-0} * 5 / 4 / 1048576 + 64))
    free=$(df -Pm -- "$folder" | { read -r _ && read -r _ _ _ free _ && echo "$free"; })
    [ "$free" -ge "$needed" ] ||
        fail 75 "there is no room for a backup in $folder on $host: $free MiB free, $needed needed. Make room, or keep fewer."
}

choose() { # how it is compressed and encrypted here
    file=$name.tar.gz
    if has zstd; then file=$name.tar.zst; fi
    [ -z "$recipient" ] && return
    has age || fail 69 "a recipient is configured and age is not installed on $host: apt install age"
    file=$file.age
}

packed() {
    case $file in
    *.zst*) zstd -q -3 -T2 -c ;;
    *) gzip -c ;;
    esac
}

nul() { [ "$1" -eq 0 ] || head -c "$1" /dev/zero; }

header() { # NAME SIZE [SUM]: a tar header; without its sum for summing up
    printf %s "$1"
    nul $((100 - ${#1}))
    printf '0000600\0000000000\0000000000\000%011o\000%011o\000' "$2" "$made_at"
    if [ $# -eq 3 ]; then printf '%06o\000 ' "$3"; else printf '        '; fi
    printf 0
    nul 100
    printf 'ustar\00000'
    nul 247
}

member() { # NAME SIZE: one file of the tar, from stdin; tar itself would have to know it whole
    sum=0
    for byte in $(header "$1" "$2" | od -An -v -tu1); do sum=$((sum + byte)); done
    header "$1" "$2" "$sum"
    cat
    nul $(((512 - $2 % 512) % 512))
}

send() { # FILE NUMBER SIZE
    part_name=$(printf 'database/%05d' "$2")
    digest=$(cksum <"$1") || return
    echo "$digest $part_name" >>"$work/database.cksum"
    member "$name/$part_name" "$3" <"$1"
}

pieces_of() { # stdin as members; two pieces are on the disk at a time: one that is read, one that is sent
    number=0 sender= full=$((piece_mib * 1048576))
    : >"$work/tail" && : >"$work/database.cksum" || return
    while :; do
        piece=$work/piece.$((number % 2))
        dd bs=1M count="$piece_mib" iflag=fullblock of="$piece" 2>"$work/dd.err" || return
        size=$(stat -c %s "$piece")
        [ -z "$sender" ] || wait "$sender" || return
        [ "$size" -gt 0 ] || break
        [ "$number" -gt 0 ] || head -c 4096 "$piece" >"$work/head"
        { tail -c 512 "$work/tail" && tail -c 512 "$piece"; } >"$work/tail.next" && mv "$work/tail.next" "$work/tail"
        send "$piece" "$number" "$size" &
        sender=$! number=$((number + 1))
        if [ "$size" -lt "$full" ]; then
            wait "$sender"
            return
        fi
    done
}

whole() { # has the dump an end? An exit code alone is not to be trusted.
    [ -s "$work/database.cksum" ] || fail 65 "the dump is empty: see whether \`database\` prints one"
    for pair in 'MySQL dump:Dump completed' 'MariaDB dump:Dump completed' 'PostgreSQL database dump:dump complete'; do
        if grep -aFq -- "-- ${pair%%:*}" "$work/head" && ! grep -aFq -- "${pair#*:}" "$work/tail"; then
            fail 65 "the dump ends in the middle: it does not say “${pair#*:}”"
        fi
    done
    if [ -n "$swaps" ] && names_database "$work/head"; then
        fail 65 'the dump names the database that it goes into, so it could only be restored over the one in use: leave out --databases or --create'
    fi
    ! grep -aFq 'ROLLBACK; -- due to errors' "$work/tail" || fail 65 'the dump says that it met errors'
}

dumped() {
    {
        (cd -- "$served" && exec sh -c "$database") 2>"$work/dump.err"
        echo $? >"$work/dump.code"
    } | pieces_of || fail 74 "the dump could not be taken in: $(tail -n 1 "$work/dd.err")"
    read -r code <"$work/dump.code" || code=137
    [ "$code" = 0 ] || fail 65 "the dump failed ($code): $(tail -n 3 "$work/dump.err")"
    whole
}

links() { # what the code's links point at, a line each; links themselves are never in a backup
    (cd -- "$served" && walk . -type l -exec sh -c '
        for link; do printf "%s\t%s\n" "${link#./}" "$(readlink -- "$link")"; done' sh {} +)
}

files_of() { # code and shared files, with the digests and links, and the end of the tar
    {
        links >"$work/links" || return
        (cd -- "$served" && walk . \( -type f -o -type d \) -print0) >"$work/code.list" || return
        (cd -- "$root" && [ ! -d shared ] || walk shared \( -type f -o -type d \) -print0) >"$work/shared.list" || return
    } 2>"$work/find.err" || fail 74 "not everything can be read: $(head -n 3 "$work/find.err")"
    [ -e "$work/database.cksum" ] || : >"$work/database.cksum"
    tar -cf - --format=gnu --no-recursion --null --hard-dereference --numeric-owner --owner=0 --group=0 \
        --warning=no-file-changed --transform "s,^\./,$name/code/," --transform "s,^shared/,$name/shared/," \
        --transform "s,^\(links\|database\.cksum\)\$,$name/\1," \
        -C "$work" links database.cksum -C "$served" -T "$work/code.list" -C "$root" -T "$work/shared.list" \
        2>"$work/tar.err"
    code=$?
    [ "$code" -gt 1 ] || return 0
    grep -v -e 'Cannot stat: No such file' -e 'File removed before' -e 'Exiting with failure' "$work/tar.err" >"$work/bad" ||
        return 0
    fail 74 "not everything can be read: $(head -n 3 "$work/bad")"
}

archive() {
    member "$name/manifest" "$(stat -c %s "$work/manifest")" <"$work/manifest" || return
    if [ -n "$database" ]; then (dumped) || return; fi
    files_of
}

stream() { # the archive into its file; every part of the pipe leaves a word of how it did
    if [ -z "$recipient" ]; then
        { (archive) 2>"$work/why"; echo $? >"$work/archive.code"; } | { packed; echo $? >"$work/packed.code"; } >"$part"
    else
        { (archive) 2>"$work/why"; echo $? >"$work/archive.code"; } | { packed; echo $? >"$work/packed.code"; } |
            tee "$work/plain" | { age -r "$recipient"; echo $? >"$work/sealed.code"; } >"$part"
    fi 2>"$work/stream.err"
}

demand() { # WORD...: every part of the pipe has to say that it did well; the first that did not says why
    for word; do
        code=137
        { read -r code <"$work/$word.code"; } 2>/dev/null
        [ "$code" = 0 ] && continue
        why=$(tail -n 3 "$work/why" "$work/stream.err" 2>/dev/null | grep -v -e '^==>' -e '^$' | head -n 3)
        fail 74 "the backup could not be written${why:+: $why} ($(df -Pm -- "$folder" | { read -r _ && read -r _ _ _ free _ && echo "$free"; }) MiB free in $folder)"
    done
}

read_back() { # what was written is read to its end
    { unpacked "$file" && echo 0 >"$work/unpacked.code"; } | { look 0 && echo "$files $bytes $pieces" >"$work/looked"; }
}

facts() {
    echo 'shipmate-backup 1'
    printf '%s\n' "app $app" "environment $environment" "name $name" "host $host" "made $(date -u -d "@$made_at" +%Y-%m-%dT%H:%M:%SZ)"
    printf '%s\n' "release $release" "sha $sha" "database $([ -n "$database" ] && echo yes || echo no)"
    [ -z "$applied" ] || applied_migrations
}

applied_migrations() { # what has run by now; a command that fails says nothing
    (cd -- "$served" && exec sh -c "$applied") >"$work/applied" 2>/dev/null || return 0
    echo 'migrations known'
    grep -E '^[A-Za-z0-9_./-]{1,200}$' "$work/applied" | head -n 5000 | sed 's/^/migration /'
}

report() { # MANIFEST FILE: the many migrations first, for only the end of a long output is read
    grep '^migration ' "$1" | sed 's/^/= /'
    grep -v '^migration ' "$1" | sed 's/^/= /'
    tell migrations_count "$(grep -c '^migration ' "$1")"
    tell path "$2"
}

prune() { # the oldest beyond `keep`; only our own, and neither this one nor those that are about to be restored
    two='[0-9][0-9]' && any=backup-$two$two$two$two-$two$two$two
    find "$folder" -maxdepth 1 \( -name "$any.*.part" -o -name ".$any.*" \) -mtime +1 -exec rm -rf {} + 2>/dev/null
    kept=1
    for manifest in $(ls -r "$folder" | grep -E '^backup-[0-9]{8}-[0-9]{6}\.manifest$'); do
        old=${manifest%.manifest}
        case " $name $spared " in *" $old "*) continue ;; esac
        [ ! -e "$folder/.$old.restored" ] || continue
        grep -Fqx "app $app" "$folder/$manifest" && grep -Fqx "environment $environment" "$folder/$manifest" || continue
        old_file=$(fact file "$folder/$manifest")
        case $old_file in "$old".tar.gz | "$old".tar.zst | "$old".tar.gz.age | "$old".tar.zst.age) ;; *) continue ;; esac
        if [ -e "$folder/$old_file" ]; then kept=$((kept + 1)); fi
        [ "$kept" -gt "$keep" ] || continue
        rm -f -- "$folder/$old_file" && rm -f -- "$folder/$manifest" && tell pruned "$old"
    done
}

make() {
    if [ -n "$recipient" ]; then
        # Nobody can open it here again, so what goes into it is read on its way.
        mkfifo "$work/plain" || fail 74 "there is no room in $folder on $host"
        read_back <"$work/plain" &
        reader=$!
        stream
        wait "$reader" || exit
        demand archive packed sealed
    else
        stream
        demand archive packed
        read_back <"$part" || exit
    fi
    demand unpacked
    read -r files bytes pieces <"$work/looked"
    [ "$pieces" -eq "$(grep -c . "$work/database.cksum")" ] || refuse "it holds $pieces pieces of a database, and not all"
}

finish() { # the manifest first: where there is a backup there is one
    {
        cat "$work/manifest"
        printf '%s\n' "file $file" "bytes $(stat -c %s "$part")" "unpacked $bytes" "files $files" "pieces $pieces"
        digest=$(sha256_of "$part") && echo "sha256 $digest"
        echo "encrypted $([ -n "$recipient" ] && echo yes || echo no)"
        echo "seconds $(seconds "$began")"
    } >"$folder/$name.manifest.part" && grep -q '^seconds ' "$folder/$name.manifest.part" &&
        sync "$part" "$folder/$name.manifest.part" &&
        mv -T -- "$folder/$name.manifest.part" "$folder/$name.manifest" &&
        mv -T -- "$part" "$folder/$file" && sync "$folder" || fail 74 "there is no room in $folder on $host"
}

if [ -n "$first" ] && [ -d "$place" ] && [ ! -e "$place/current" ]; then
    tell nothing served
    echo "nothing is served on $host yet, so there is nothing to back up"
    exit 0
fi
open_folder
for each in $spared; do spare "$each"; done
find_served
began=$(now) made_at=$(date +%s)
already
room
choose
open_work making
part=$folder/$file.part
trap 'rm -f -- "$part" "$folder/$name.manifest.part"; tidy' EXIT
rm -f -- "$folder/$name".tar.*.part
: >"$part" && facts >"$work/manifest" || fail 74 "there is no room in $folder on $host"
make
finish
report "$folder/$name.manifest" "$folder/$file"
prune
echo "$name is on $host: $(($(stat -c %s "$folder/$file") / 1048576)) MiB in $(seconds "$began") s, read back whole"
