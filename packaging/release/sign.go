package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"aead.dev/minisign"
)

// Where the secret key and its password come from: each as it is, or from the file named by the variable with _FILE behind its name.
// Arguments would be seen by every process of the machine.
const (
	keyVariable      = "RISKRELAY_SIGNING_KEY"
	passwordVariable = "RISKRELAY_SIGNING_PASSWORD"
)

// sign signs the digests. What is signed with them, and shown by whoever verifies, is which version they are of.
func sign(dir, version string, env func(string) string) error {
	key, err := signingKey(env)
	if err != nil {
		return configError{err}
	}
	sums, err := os.ReadFile(filepath.Join(dir, sumsName))
	if err != nil {
		return fmt.Errorf("%w (make packages writes it)", err)
	}
	reader := minisign.NewReader(bytes.NewReader(sums))
	if _, err := io.Copy(io.Discard, reader); err != nil {
		return err
	}
	signature := reader.SignWithComments(key, "riskrelay "+version, "signature of riskrelay's release, for minisign")
	return write(filepath.Join(dir, signatureName), signature)
}

// signingKey reads the key, whose file nobody else may read.
func signingKey(env func(string) string) (minisign.PrivateKey, error) {
	var key minisign.PrivateKey
	text, err := secret(env, keyVariable)
	if err == nil && text == "" {
		err = fmt.Errorf("no key to sign with: set %s to a secret key of minisign, or %s_FILE to the file that holds it", keyVariable, keyVariable)
	}
	if err != nil {
		return key, err
	}
	if !minisign.IsEncrypted([]byte(text)) {
		if err := key.UnmarshalText([]byte(text)); err != nil {
			return key, fmt.Errorf("%s isn't a secret key of minisign", keyVariable) // the error might repeat it
		}
		return key, nil
	}
	password, err := secret(env, passwordVariable)
	if err == nil && password == "" {
		err = fmt.Errorf("the key is encrypted: set %s, or %s_FILE", passwordVariable, passwordVariable)
	}
	if err != nil {
		return key, err
	}
	if key, err = minisign.DecryptKey(password, []byte(text)); err != nil {
		return key, fmt.Errorf("%s doesn't open the key", passwordVariable)
	}
	return key, nil
}

// secret is the value of the variable, or of the file that the variable with _FILE behind its name names, without the line's end.
func secret(env func(string) string, variable string) (string, error) {
	value, path := env(variable), env(variable+"_FILE")
	switch {
	case value != "" && path != "":
		return "", fmt.Errorf("both %s and %s_FILE are set: unset one", variable, variable)
	case path == "":
		return value, nil
	}
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = errors.New("others may read " + path + ": chmod 600 " + path)
	}
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", variable, err)
	}
	text, err := os.ReadFile(path)
	return strings.TrimRight(string(text), "\r\n"), err
}
