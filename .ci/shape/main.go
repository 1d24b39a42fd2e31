// Command shape prints what the packages of this module look like from outside: lines of code, files, exported names, and
// how far a reader gets through a package without turning back.
//
//	go run .ci/shape/*.go [-check] [PATTERN ...]
//
// A package's doc.go names its files in the order of reading. A use is a name of one file in another: two files that
// share three names have three uses, however often each is written. It runs back when the file that uses the name comes
// before the one that declares it, as a reader meets the name first and its meaning later. Tests don't count.
//
// With -check it prints only what is over a limit, and then exits with 1.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
)

// Limits of every package, in lines without blanks and comments, and in files.
const (
	maxLines = 4000
	maxFiles = 30
)

// backLimit bounds the uses that run back in all packages below a folder together.
type backLimit struct {
	below string // an import path
	uses  int
}

const module = "github.com/riskrelay/riskrelay/"

func backLimits() []backLimit {
	return []backLimit{{module + "enrich/celrule", 40}, {module + "host", 10}}
}

func main() {
	check := flag.Bool("check", false, "print only what is over a limit, and exit with 1 if anything is")
	flag.Parse()
	patterns := flag.Args()
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	shapes, err := load(patterns)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(4)
	}
	if !*check {
		print(shapes)
		return
	}
	if err := over(shapes); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// print writes a line for each package, the largest first.
func print(shapes []shape) {
	slices.SortFunc(shapes, func(a, b shape) int { return b.lines - a.lines })
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "lines\tfiles\tuses\tback\texported\tmembers\t  package\t")
	for _, s := range shapes {
		fmt.Fprintf(w, "%d\t%d\t%d\t%s\t%d\t%d\t  %s\t\n", s.lines, s.files, len(s.uses), s.backWord(), s.exported, s.members, strings.TrimPrefix(s.path, module))
	}
	w.Flush()
}

// over is an error with a line for each limit that a package is over, nil for none.
func over(shapes []shape) (all error) {
	for _, s := range shapes {
		if s.lines > maxLines || s.files > maxFiles {
			all = errors.Join(all, fmt.Errorf("%s has %d lines of code in %d files: at most %d and %d are allowed", s.path, s.lines, s.files, maxLines, maxFiles))
		}
	}
	for _, limit := range backLimits() {
		back := 0
		var lines []string
		for _, s := range shapes {
			if s.path != limit.below && !strings.HasPrefix(s.path, limit.below+"/") {
				continue
			}
			for _, name := range s.untold {
				all = errors.Join(all, fmt.Errorf("%s: doc.go doesn't say when to read %s", s.path, name))
			}
			back += len(s.back())
			for _, u := range s.back() {
				lines = append(lines, fmt.Sprintf("  %s: %s uses %s of %s", s.path, u.in, u.name, u.of))
			}
		}
		if back > limit.uses {
			all = errors.Join(all, fmt.Errorf("%d uses below %s run against the order of reading, at most %d may:\n%s", back, limit.below, limit.uses, strings.Join(lines, "\n")))
		}
	}
	return all
}
