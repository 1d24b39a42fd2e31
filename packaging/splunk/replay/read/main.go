// Command read reads the configuration files of a Splunk app strictly and prints each mistake.
//
//	read DIR
package main

import (
	"fmt"
	"os"

	"github.com/riskrelay/riskrelay/packaging/splunk/replay"
)

func main() {
	if len(os.Args) != 2 { //nolint:mnd // as the usage says
		fmt.Fprintln(os.Stderr, "usage: read DIR")
		os.Exit(3)
	}
	if _, err := replay.Read(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
