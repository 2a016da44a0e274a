package binder

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// stepsHead is the part of verify.txt that is the same in every binder.
const stepsHead = `# What can be checked of this binder without the program that made it.
#
# Unpack the archive into an empty folder and run there:  sh verify.txt
# It needs sha256sum, sort and their like, and nothing else; step 6 needs openssl.
# Each step says ok or what is wrong. What a shell cannot do well, "assay verify" does:
# the path of every leaf to the root, and that no file was added.

n=0
ok() { echo "ok    $1"; }
bad() { echo "WRONG $1"; n=1; }
is() { if [ "$2" = "$3" ]; then ok "$1"; else bad "$1"; fi; }
digest() { sha256sum < "$1" | cut -b -64; }

# 1. Every file is what the list of digests says, and there is no other file.
if sha256sum --quiet --strict -c SHA256SUMS; then ok "every file"; else bad "every file"; fi
find . -type f ! -name SHA256SUMS | sed 's,^\./,,' | LC_ALL=C sort > "${TMPDIR:-/tmp}/files.$$"
is "no other file" "$(cut -b 67- SHA256SUMS | LC_ALL=C sort | sha256sum)" "$(sha256sum < "${TMPDIR:-/tmp}/files.$$")"
rm -f "${TMPDIR:-/tmp}/files.$$"

# 2. The signature is over the manifest that is here.
is "the signed manifest" "$(sed -n 2p signature)" "$(digest manifest.json)"

# 3. The documents are those that were frozen: the list is in the row of the freeze, and
#    the digest of that row is in a leaf of the log.
if sha256sum --quiet --strict -c freeze.txt; then ok "frozen documents"; else bad "frozen documents"; fi
is "the list of documents" "$(sed -n 's/.*"digest":"\([0-9a-f]*\)".*/\1/p' freeze-row.txt)" "$(digest freeze.txt)"
if grep -F '"verb":"engagement.freeze"' log/leaves.jsonl | grep -qF "\"new\":\"$(digest freeze-row.txt)\""; then ok "the leaf of the freeze"; else bad "the leaf of the freeze"; fi

# 4. Each leaf has the digest that stands at its place in the log.
sed 's/^{"index":\([0-9]*\),"proof":\[[^]]*\],"leaf":\(.*\)}$/\1 \2/' log/leaves.jsonl | while IFS=' ' read -r i leaf; do
  want=$(dd if=log/hashes.bin bs=32 skip="$i" count=1 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
  have=$({ printf '\000'; printf '%s' "$leaf"; } | sha256sum | cut -b -64)
  [ "$want" = "$have" ] || echo "leaf $i"
done > "${TMPDIR:-/tmp}/leaves.$$"
if [ -s "${TMPDIR:-/tmp}/leaves.$$" ]; then bad "leaves: $(tr '\n' ' ' < "${TMPDIR:-/tmp}/leaves.$$")"; else ok "every leaf"; fi
rm -f "${TMPDIR:-/tmp}/leaves.$$"
`

const stepsKey = `
# 6. The manifest and the checkpoint are signed by this key. Compare it with the one that
#    the portal prints, or that you kept:
#
#        %s
#
if command -v openssl > /dev/null; then
  t=$(mktemp -d)
  { printf '\060\052\060\005\006\003\053\145\160\003\041\000'; printf '%%s' '%s' | cut -d+ -f3- | base64 -d | tail -c 32; } > "$t/key"
  for f in signature log/checkpoint; do
    sed '/^$/,$d' "$f" > "$t/text"
    sed -n 's/^— [^ ]* //p' "$f" | head -n 1 | base64 -d | tail -c 64 > "$t/sig"
    if openssl pkeyutl -verify -pubin -keyform DER -inkey "$t/key" -rawin -in "$t/text" -sigfile "$t/sig" > /dev/null 2>&1; then ok "the key signed $f"; else bad "the key signed $f"; fi
  done
  rm -r "$t"
fi
exit $n
`

// steps writes verify.txt, which is a script of sh.
func (b *Binder) steps(_ context.Context, w io.Writer) error {
	return writeSteps(w, b.Manifest.Key, b.contents.Draws)
}

func writeSteps(w io.Writer, key string, draws []DrawSteps) error {
	var s strings.Builder
	s.WriteString(stepsHead)
	s.WriteString("\n# 5. Each random draw, repeated from the population and the seed.\n")
	for _, d := range draws {
		fmt.Fprintf(&s, "cat > \"${TMPDIR:-/tmp}/want.$$\" <<'END'\n%sEND\n{\n%s\n} > \"${TMPDIR:-/tmp}/have.$$\"\n", d.Want, strings.Join(d.Lines, "\n"))
		fmt.Fprintf(&s, "if cmp -s \"${TMPDIR:-/tmp}/want.$$\" \"${TMPDIR:-/tmp}/have.$$\"; then ok \"sample %s\"; else bad \"sample %s\"; fi\nrm -f \"${TMPDIR:-/tmp}/want.$$\" \"${TMPDIR:-/tmp}/have.$$\"\n", d.Sample, d.Sample)
	}
	fmt.Fprintf(&s, stepsKey, key, key)
	_, err := io.WriteString(w, s.String())
	return err
}
