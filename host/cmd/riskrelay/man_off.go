//go:build !man

package main

import "github.com/spf13/cobra"

// documentation is empty: packages are documented by a build with the tag man.
func documentation() []*cobra.Command { return nil }
