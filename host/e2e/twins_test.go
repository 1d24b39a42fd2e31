//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
	"github.com/riskrelay/riskrelay/host/source/loganalytics"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/story"
)

// twins are the steps of the attack that were logged twice, on the application and on its service principal, as pairs of
// places in rows.
func twins(t *testing.T, rows []story.Row) (pairs [][2]int) {
	t.Helper()
	at := map[string]int{}
	for i, r := range rows {
		at[r.Step] = i
		if name, twin := strings.CutSuffix(r.Step, ", twin"); twin && len(r.Guide) > 0 {
			pairs = append(pairs, [2]int{at[name], i})
		}
	}
	if len(pairs) < 4 {
		t.Fatalf("the attack has %d pairs of records", len(pairs))
	}
	return pairs
}

// TestTwinsCountOnce holds that both records of one change are tagged alike and tied together, and that one counts.
func TestTwinsCountOnce(t *testing.T) {
	for name, context := range map[string]string{"without a context": "", "with a context": companyContext(t)} {
		t.Run(name, func(t *testing.T) {
			rows := story.Attack(1, day())
			events := tagged(t, rows, context)
			for _, pair := range twins(t, rows) {
				first, second := &events[pair[0]], &events[pair[1]]
				if err := countsWith(&second.Risk, &first.Risk, first.ID); err != nil {
					t.Errorf("%s: %v\n%+v\n%+v", rows[pair[1]].Step, err, first.Risk, second.Risk)
				}
			}
		})
	}
}

// countsWith says what is wrong with the risk of the second record of an action, whose first counts.
func countsWith(second, first *enrich.Risk, id string) error {
	if !first.Tagged() || strings.Join(first.Tags, " ") != strings.Join(second.Tags, " ") {
		return fmt.Errorf("tags differ: %v and %v", first.Tags, second.Tags)
	}
	if first.Group == "" || first.Group != second.Group {
		return fmt.Errorf("groups differ: %q and %q", first.Group, second.Group)
	}
	if first.Score == 0 || second.Score != 0 || first.Level != second.Level {
		return fmt.Errorf("scores are %d and %d, levels %s and %s", first.Score, second.Score, first.Level, second.Level)
	}
	for i, m := range second.Rules {
		if m.Score != 0 || m.CountedWith != id || first.Rules[i].CountedWith != "" {
			return fmt.Errorf("%s has the score %d and counts with %q, the other with %q", m.ID, m.Score, m.CountedWith, first.Rules[i].CountedWith)
		}
	}
	return nil
}

// TestTwinsThroughTheHost sends the two records of a change through the whole host to a collector: in one run one of
// them counts; when the host was started anew between them, both do, as stories are kept in memory. The group is the
// same, so that a search still finds out.
func TestTwinsThroughTheHost(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		t.Run(fmt.Sprintf("restarted %v", restarted), func(t *testing.T) {
			now := time.Now().UTC()
			rows := story.Attack(3, now.Add(-25*time.Hour))
			pair := twins(t, rows)[0]
			one, two := rows[pair[0]], rows[pair[1]]
			one.Ingested, two.Ingested = now.Add(-11*time.Minute), now.Add(-5*time.Minute)

			var late atomic.Int64 // how far the workspace's clock is behind
			workspace, source := workspace(t, func() time.Time { return time.Now().Add(-time.Duration(late.Load())) })
			var got output
			c := toCollector(t, source, &got)
			ingest(t, workspace, one, two)
			if restarted {
				late.Store(int64(10 * time.Minute))
				runOnce(t, c)
				if got.find(itemID(two)) != "" {
					t.Fatal("the second record came before the restart")
				}
				late.Store(0)
			}
			runOnce(t, c)

			first, second := received(t, &got, one), received(t, &got, two)
			if !restarted {
				if err := countsWith(&second, &first, itemID(one)); err != nil {
					t.Errorf("%v\n%+v\n%+v", err, first, second)
				}
				return
			}
			if first.Group == "" || second.Group != first.Group || second.Score != first.Score || second.Rules[0].CountedWith != "" {
				t.Errorf("after a restart: %+v\n%+v", first, second)
			}
		})
	}
}

// toCollector is the configuration of a host that sends from source to a collector that writes to got.
func toCollector(t *testing.T, source loganalytics.Config, got io.Writer) config.Config {
	t.Helper()
	collector, err := hectest.Start(hectest.Config{Token: "fake-token", Output: got})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { collector.Close() })
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("fake-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := config.Defaults()
	c.DataDir = t.TempDir()
	c.Sources.LogAnalytics = []config.LogAnalytics{{Config: source}}
	hec := splunkhec.Defaults()
	hec.URL, hec.TokenFile = collector.URL, token
	c.Sinks.SplunkHEC = []config.SplunkHEC{{Name: "hec", Config: hec}}
	return c
}

// received is the risk of a row as the collector got it.
func received(t *testing.T, got *output, row story.Row) enrich.Risk {
	t.Helper()
	var envelope struct {
		Event struct {
			Risk enrich.Risk `json:"risk"`
		} `json:"event"`
	}
	line := got.find(fmt.Sprintf(`"event_id":%q`, itemID(row)))
	if line == "" {
		t.Fatalf("%s (%s) didn't arrive", itemID(row), row.Step)
	}
	if err := json.Unmarshal([]byte(line), &envelope); err != nil {
		t.Fatal(err)
	}
	if !envelope.Event.Risk.Tagged() {
		t.Fatalf("%s (%s) isn't tagged", itemID(row), row.Step)
	}
	return envelope.Event.Risk
}
