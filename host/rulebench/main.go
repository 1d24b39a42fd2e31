//go:build unix

// Rulebench measures what rules cost: it prints, for rule sets of several sizes, the CPU time of an event in the engine
// with its index and without, and in the whole pipeline against the same pipeline without rules. `make bench-rules`
// runs it.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/celrule/celruletest"
)

func main() {
	events := flag.Int("events", 20_000, "rows of one run")
	runs := flag.Int("runs", 7, "runs of each rule set, in turn with runs without rules; the median counts")
	sizes := flag.String("rules", "10,100,1000,10000", "sizes of the rule sets")
	naive := flag.Bool("naive", true, "measure without the index, too")
	flag.Parse()
	if err := measure(*events, *runs, *sizes, *naive); err != nil {
		fmt.Fprintln(os.Stderr, "rulebench:", err)
		os.Exit(1)
	}
}

// measured is one rule set and its figures.
type measured struct {
	rules, keyless int // keyless in a thousand
	set            []celruletest.Rule
	compiled       *compiled
	engine         []float64 // ns of CPU an event, with the index
	every          float64   // the same without; 0 when it wasn't measured
	pipeline       []float64
	ratio          []float64 // to the run without rules just before
	hits           int
}

func measure(events, runs int, sizes string, naive bool) error {
	bench, err := newBench(events)
	if err != nil {
		return err
	}
	defer bench.close()
	var all []*measured
	for _, keyless := range []int{0, 10} {
		for _, size := range strings.Split(sizes, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(size))
			if err != nil || n < 1 {
				return fmt.Errorf("-rules: %q is no size of a rule set", size)
			}
			if n*keyless/1000 == 0 && keyless > 0 {
				continue // too few for one rule without a key
			}
			m := &measured{rules: n, keyless: keyless}
			if err := bench.prepare(m); err != nil {
				return err
			}
			all = append(all, m)
			fmt.Fprintf(os.Stderr, "%d rules compiled, %.1f %% without a key\n", n, float64(keyless)/10)
		}
	}
	without, err := compare(bench, all, runs)
	if err != nil {
		return err
	}
	for range runs {
		for _, m := range all {
			m.engine = append(m.engine, bench.engine(m))
		}
	}
	if naive {
		for _, m := range all {
			m.every = bench.every(m)
		}
	}
	report(events, runs, bench.perEvent, median(without), all)
	return nil
}

// compare runs the pipeline without rules and with those of each set in turn, now the one first and now the other, and
// returns the figures of the runs without.
func compare(bench *bench, all []*measured, runs int) (without []float64, err error) {
	if _, err := bench.pipeline(nil, all[0]); err != nil { // the first run finds memory and caches cold
		return nil, err
	}
	for i := range runs {
		for _, m := range all {
			first, second := (*compiled)(nil), m.compiled
			if i%2 == 1 {
				first, second = second, first
			}
			a, err := bench.pipeline(first, m)
			if err != nil {
				return nil, err
			}
			b, err := bench.pipeline(second, m)
			if err != nil {
				return nil, err
			}
			if i%2 == 1 {
				a, b = b, a
			}
			without, m.pipeline, m.ratio = append(without, a), append(m.pipeline, b), append(m.ratio, b/a)
		}
	}
	return without, nil
}

func report(events, runs, size int, without float64, all []*measured) {
	fmt.Printf("%d events of %d bytes, median of %d runs; CPU of all threads, collector and garbage collection included\n\n", events, size, runs)
	fmt.Printf("%7s %8s %7s | %21s %10s | %19s %10s %7s | %11s %10s\n", "rules", "without", "hits", "engine, ns an event:", "", "pipeline, ns", "", "ratio to", "compile", "")
	fmt.Printf("%7s %8s %7s | %10s %10s %10s | %10s %10s %7s | %11s %10s\n", "", "key", "%", "indexed", "all rules", "events/s", "an event", "events/s", "none", "CPU", "B a rule")
	fmt.Printf("%7d %8s %7s | %10s %10s %10s | %10.0f %10.0f %7.2f |\n", 0, "-", "-", "-", "-", "-", without, 1e9/without, 1.0)
	for _, m := range all {
		engine, pipeline := median(m.engine), median(m.pipeline)
		every := "-"
		if m.every > 0 {
			every = fmt.Sprintf("%.0f", m.every)
		}
		fmt.Printf("%7d %7.1f%% %7.1f | %10.0f %10s %10.0f | %10.0f %10.0f %7.2f | %9.2f s %10.0f\n",
			m.rules, float64(m.keyless)/10, 100*float64(m.hits)/float64(events), engine, every, 1e9/engine, pipeline, 1e9/pipeline, median(m.ratio),
			m.compiled.cpu.Seconds(), m.compiled.bytes/float64(m.rules))
	}
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}
