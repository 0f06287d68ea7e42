#!/usr/bin/env bash
# Regenerates the Java bindings of native/include/rondo/rondo.h: see README.md here.
#   bindings/generate.sh          writes src/main/java and header.sha256
#   bindings/generate.sh --check  writes nothing; fails where what is committed differs
# Takes the jextract in JEXTRACT_HOME, else the one on PATH. clang's own headers (stdint.h) come from the folder
# JEXTRACT_INCLUDE, else from the clang on PATH, else from jextract itself.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
header=$here/../native/include/rondo/rondo.h

fail() {
    printf 'generate.sh: %s\n' "$*" >&2
    exit 1
}

check=false
case ${1-} in
    '') ;;
    --check) check=true ;;
    *) fail "unknown argument $1; known: --check" ;;
esac

if [[ -n ${JEXTRACT_HOME-} ]]; then
    jextract=$JEXTRACT_HOME/bin/jextract
    [[ -x $jextract ]] || fail "JEXTRACT_HOME is $JEXTRACT_HOME, but $jextract is no program"
else
    jextract=$(command -v jextract) || fail "no jextract in JEXTRACT_HOME or on PATH.
It comes from the project openjdk/jextract, as a download for JDK 25 or built there with libclang 13 or 14
(libclang 19 was seen to produce code that does not compile)."
fi

include=()
if [[ -n ${JEXTRACT_INCLUDE-} ]]; then
    include=(-I "$JEXTRACT_INCLUDE")
else
    for clang in clang-14 clang-13 clang; do
        if command -v "$clang" >/dev/null; then
            include=(-I "$("$clang" -print-resource-dir)/include")
            break
        fi
    done
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# jextract says nothing about a misspelt --include-*: hold the arguments against what it finds in the header.
# A struct that is only declared (rondo_context) has no layout and is left out.
"$jextract" "${include[@]}" --dump-includes "$scratch/dump" "$header" 2>"$scratch/warnings" || {
    cat "$scratch/warnings" >&2
    fail "jextract cannot read $header"
}
while read -r option name; do
    if [[ $option != --include-struct ]] || grep -q "struct $name {" "$header"; then
        printf '%s %s\n' "$option" "$name"
    fi
done < <(sed -n 's|^\(--include-[a-z]* [A-Za-z0-9_]*\) *# header: .*/rondo\.h$|\1|p' "$scratch/dump") | LC_ALL=C sort >"$scratch/found"
grep '^--include-' "$here/jextract.args" | LC_ALL=C sort >"$scratch/asked"
diff -u --label jextract.args --label rondo.h "$scratch/asked" "$scratch/found" ||
    fail "jextract.args does not name exactly what rondo.h declares: see above"

"$jextract" "${include[@]}" --output "$scratch/java" "@$here/jextract.args" "$header"
if grep -rn -e '/home/' -e '/usr/' -e '/tmp/' -e "$(dirname "$here")" "$scratch/java" >&2; then
    fail "the generated code holds paths of this machine: see above"
fi
(cd "$(dirname "$header")" && sha256sum rondo.h) >"$scratch/header.sha256"

if $check; then
    diff -ru "$here/src/main/java" "$scratch/java" || fail "the committed bindings are not what jextract makes of rondo.h"
    diff -u "$here/header.sha256" "$scratch/header.sha256" || fail "header.sha256 is not rondo.h's"
    echo "The committed bindings are what jextract makes of rondo.h."
else
    rm -rf "$here/src/main/java"
    mkdir -p "$here/src/main"
    mv "$scratch/java" "$here/src/main/java"
    mv "$scratch/header.sha256" "$here/header.sha256"
    echo "Bindings written to $here/src/main/java"
fi
