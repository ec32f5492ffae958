#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pull from wheels, with a pip of our own that takes them from a folder: no connection is opened.
. tests/cli/transcript.inc
command -v python3 >/dev/null || exit 77
real=$(command -v python3)
mkdir "$work/bin" "$work/wheels"
# The pip: "download ... --dest D NAME==VERSION" copies NAME-VERSION-py3-none-any.whl, or fails.
cat >"$work/bin/python3" <<END
#!/bin/sh
[ "\$2" = pip ] || exec "$real" "\$@"
echo "\$*" >>"$work/pip.log"
while [ \$# -gt 1 ]; do [ "\$1" = --dest ] && dest=\$2; shift; done
wheel=$work/wheels/\$(echo "\$1" | sed 's/==/-/')-py3-none-any.whl
[ -f "\$wheel" ] || { echo "Looking"; echo "ERROR: No matching distribution found for \$1" >&2; exit 1; }
mkdir -p "\$dest" && cp "\$wheel" "\$dest"
[ -z "\${SLOW:-}" ] || { touch "$work/waiting"; sleep 30; }
END
chmod +x "$work/bin/python3"
PATH=$work/bin:$PATH
export PATH
wheel() { # NAME-VERSION FILE MEMBER
    mkdir -p "$work/tree/$(dirname "$3")"
    cp "$2" "$work/tree/$3"
    (cd "$work/tree" && "$real" -m zipfile -c "$work/wheels/$1-py3-none-any.whl" ./*)
    rm -r "$work/tree"
}
hash_of() { "$real" -c 'import hashlib,sys; print(hashlib.sha256(open(sys.argv[1],"rb").read()).hexdigest())' "$1"; }
size=$(wc -c <"$model")
hash=$(hash_of "$model")
head -c 100000 "$model" >"$work/part1"
tail -c +100001 "$model" >"$work/part2"
wheel whole-1.0 "$model" whole/data/tiny.gguf
wheel part1-1.0 "$work/part1" part1/data/a.bin
wheel part2-1.0 "$work/part2" part2/data/b.bin
wheel text-1.0 "$0" text/readme.txt
cat >"$work/list.toml" <<END
["tiny:whole"]
from = ["pypi:whole==1.0#whole/data/tiny.gguf"]
size = $size
download = 90000
sha256 = "$hash"
licence = "Apache-2.0"
source = "our own"
["tiny:parts"] # in two pieces
from = [
    "pypi:part1==1.0#part1/data/a.bin",
    "pypi:part2==1.0#part2/data/b.bin",
]
size = $size
sha256 = "$hash"
["tiny:turned"]
from = ["pypi:part2==1.0#part2/data/b.bin", "pypi:part1==1.0#part1/data/a.bin"]
size = $size
sha256 = "$hash"
["tiny:short"]
from = ["pypi:part1==1.0#part1/data/a.bin"]
size = $size
sha256 = "$hash"
["tiny:long"]
from = ["pypi:whole==1.0#whole/data/tiny.gguf"]
size = 1000
sha256 = "$hash"
["tiny:member"]
from = ["pypi:whole==1.0#nothing.gguf"]
size = $size
sha256 = "$hash"
["tiny:away"]
from = ["pypi:nowhere==2.0#x"]
size = $size
sha256 = "$hash"
["tiny:huge"]
from = ["pypi:whole==1.0#whole/data/tiny.gguf"]
size = 900000000000000000
sha256 = "$hash"
END
pull="pull --catalogue $work/list.toml"
# Of the store: everything that is a file, without what a hash says.
list() { (cd "$MINNOW_HOME" && find . -type f | sed "s/$hash/HASH/" | sort); }
# shellcheck disable=SC2086 # lists of words
{
    t $pull --list
    t $pull tiny:away --offline
    MINNOW_OFFLINE=1 t $pull tiny:whole
    [ ! -e "$work/pip.log" ] || echo 'pip was asked'
    for name in turned short long member away huge none; do
        t $pull tiny:$name | sed 's/[0-9]* MB are free/N MB are free/; s/SHA-256 is [0-9a-f]*/SHA-256 is .../; s/expected [0-9a-f]\{64\}/expected .../'
    done
    say nothing is left
    list
    t ls
    say the whole one
    t $pull tiny:whole
    list
    t ls
    t $pull tiny:whole
    t $pull TINY:WHOLE --force
    say the same bytes by another name, without a connection
    rm "$work/pip.log"
    t $pull tiny:parts
    [ ! -e "$work/pip.log" ] || echo 'pip was asked'
    t rm tiny:whole
    list
    t show tiny:parts | grep type
    t rm tiny
    list
    say in parts
    t $pull tiny:parts
    list
    cmp "$model" "$MINNOW_HOME/blobs/sha256-$hash"
    t rm tiny --force
    say a source of its own
    t pull pypi:whole==1.0
    t pull 'pypi:whole==1.0#whole/data/tiny.gguf' --as mine:own
    t pull pypi:text==1.0
    t pull pypi:part1==1.0#part1/data/a.bin | sed 's|partial/[0-9]*|partial/N|'
    t pull pypi:whole==1.0 --as other --sha256 0000000000000000000000000000000000000000000000000000000000000000 | sed "s/$hash/HASH/"
    t pull 'pypi:--index-url=x==1'
    t pull 'pypi:whole'
    t pull 'pypi:whole==1.0 --index-url x'
    t ls
    say a store that is named from here
    (cd "$work" && MINNOW_HOME=below t $pull tiny:whole && find below -type f | sed "s/$hash/HASH/" | sort)
    say killed in the middle
    SLOW=1 $fixed "$MINNOW" $pull tiny:whole --force >"$work/out" 2>&1 &
    pid=$!
    n=0
    while [ ! -e "$work/waiting" ] && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
    [ "$(find "$MINNOW_HOME/partial" -type f | wc -l)" != 0 ] || echo 'nothing had been fetched'
    kill -KILL $pid
    wait $pid 2>/dev/null
    list | grep -v partial
    t $pull tiny:whole --force
    list
    say interrupted
    rm "$work/waiting"
    SLOW=1 $fixed "$MINNOW" $pull tiny:whole --force >"$work/out" 2>&1 &
    pid=$!
    n=0
    while [ ! -e "$work/waiting" ] && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
    kill -TERM $pid
    wait $pid
    echo "code $?"
    list
    say a wrong list
    echo '["a:b"]' >"$work/list.toml"
    t $pull --list
    printf '["a:b"]\nsize = 3\n' >"$work/list.toml"
    t $pull a:b
    printf '["a/b"]\nfrom = ["x"]\n' >"$work/list.toml"
    t $pull a:b
    say without python3
    mkdir "$work/empty"
    $fixed env PATH="$work/empty" "$MINNOW" pull pypi:whole==1.0 --as other
    echo "code $?"
} >"$work/record" 2>&1
finish
