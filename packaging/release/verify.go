package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"aead.dev/minisign"
)

// verify checks that the digests in dir were signed with the key, and that dir holds exactly what they name. The error is of kind findings
// when it doesn't: nothing that the digests say is looked at before their signature is right.
func verify(dir, keyFile string, out io.Writer) error {
	key, err := minisign.PublicKeyFromFile(keyFile)
	if err != nil {
		return configError{fmt.Errorf("read the public key in %s: %w (PUBLIC_KEY=FILE names another)", keyFile, err)}
	}
	sums, comment, err := verifiedSums(dir, key)
	if err != nil {
		return err
	}
	found, err := compare(dir, sums)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return fmt.Errorf("%s isn't what was signed as %q:\n  %w", dir, comment, found)
	}
	_, err = fmt.Fprintf(out, "ok: %d files as signed, %q, by the key %016X\n", len(sums), comment, key.ID())
	return err
}

// verifiedSums returns the digests, once their signature is right, and what was signed with them.
func verifiedSums(dir string, key minisign.PublicKey) (sums map[string]string, comment string, err error) {
	var found findings
	content := map[string][]byte{}
	for _, name := range []string{sumsName, signatureName} {
		content[name], err = os.ReadFile(filepath.Join(dir, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			found = append(found, "missing: "+name)
		case err != nil:
			return nil, "", err
		}
	}
	if len(found) > 0 {
		return nil, "", fmt.Errorf("nothing can be said of %s:\n  %w", dir, found)
	}
	var signature minisign.Signature
	if err := signature.UnmarshalText(content[signatureName]); err != nil {
		return nil, "", fmt.Errorf("%w (%w)", findings{signatureName + " isn't a signature of minisign"}, err)
	}
	if signature.KeyID != key.ID() {
		return nil, "", findings{fmt.Sprintf("%s was signed with another key: %016X, not %016X", sumsName, signature.KeyID, key.ID())}
	}
	reader := minisign.NewReader(bytes.NewReader(content[sumsName]))
	if _, err := io.Copy(io.Discard, reader); err != nil {
		return nil, "", err
	}
	if !reader.Verify(key, content[signatureName]) {
		return nil, "", findings{sumsName + " or its signature was changed: the signature is wrong"}
	}
	sums, err = parseSums(string(content[sumsName]))
	return sums, signature.TrustedComment, err
}

// compare returns what is missing in dir, changed or extra.
func compare(dir string, sums map[string]string) (found findings, err error) {
	names, err := released(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		if !slices.Contains(names, name) {
			found = append(found, "missing: "+name)
		}
	}
	for _, name := range names {
		want, known := sums[name]
		if !known {
			found = append(found, "extra: "+name)
			continue
		}
		got, err := digest(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		if got != want {
			found = append(found, "changed: "+name)
		}
	}
	return found, nil
}
