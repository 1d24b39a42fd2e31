// Command release makes what lets others trust a release, and checks it: bills of materials, digests, their signature, release notes.
//
//	release sbom DIR VERSION     writes ARTIFACT.cdx.json beside each artifact in DIR
//	release sums DIR             writes DIR/SHA256SUMS
//	release sign DIR VERSION     signs it with the key in the environment, as DIR/SHA256SUMS.minisig
//	release verify DIR KEY       checks DIR by the public key in the file KEY
//	release notes FILE VERSION   prints what the changelog FILE says of the version
//
// Exit codes: 0 ok, 1 findings, 3 arguments or configuration, 4 anything else. `go run` makes 1 of each but 0.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// The exit codes.
const (
	exitFindings = 1
	exitConfig   = 3
	exitRuntime  = 4
)

func main() {
	if err := run(os.Args[1:], os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "packaging/release:", err)
		os.Exit(code(err))
	}
}

// configError is a mistake in arguments, environment, keys or changelog.
type configError struct{ error }

func (e configError) Unwrap() error { return e.error }

// findings are what is wrong with a release.
type findings []string

func (f findings) Error() string { return strings.Join(f, "\n  ") }

func code(err error) int {
	var found findings
	var config configError
	switch {
	case errors.As(err, &found):
		return exitFindings
	case errors.As(err, &config):
		return exitConfig
	}
	return exitRuntime
}

// run does what the arguments say. It prints to out, and takes keys from the environment only.
func run(args []string, env func(string) string, out io.Writer) error {
	switch {
	case len(args) == 3 && args[0] == "sbom":
		return writeBOMs(args[1], args[2], env("SOURCE_DATE_EPOCH")) //nolint:gosec // the case counts them
	case len(args) == 2 && args[0] == "sums":
		return writeSums(args[1])
	case len(args) == 3 && args[0] == "sign":
		return sign(args[1], args[2], env)
	case len(args) == 3 && args[0] == "verify":
		return verify(args[1], args[2], out)
	case len(args) == 3 && args[0] == "notes":
		return notes(args[1], args[2], out)
	}
	return configError{errors.New("usage: sbom DIR VERSION | sums DIR | sign DIR VERSION | verify DIR KEY | notes FILE VERSION")}
}
