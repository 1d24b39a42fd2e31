package rulehost

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/ledger/ledgertest"
)

// TestSeenSurvivesARestart closes a host's memory and opens it again; a damaged key looks new. Replayed events from long
// ago are remembered like today's.
func TestSeenSurvivesARestart(t *testing.T) {
	store := ledgertest.New()
	log, hook := test.NewNullLogger()
	at, window, key := time.Now(), time.Hour, celrule.Digest{1, 0, 2}
	seen := func(m *celrule.Recent, rule string, at time.Time) bool {
		return !m.Seen(context.Background(), rule, key, at, window)
	}
	session := func(use func(*celrule.Recent)) {
		t.Helper()
		m := celrule.NewRecent(10)
		k, err := restoreSeen(m, store, log)
		if err != nil {
			t.Fatal(err)
		}
		use(m)
		ended, end := context.WithCancel(t.Context())
		end()
		k.run(ended)
	}
	session(func(m *celrule.Recent) {
		if seen(m, "a.b", at) || seen(m, "a.c", at) || seen(m, "a.old", at.AddDate(-1, 0, 0)) {
			t.Error("a new key was seen before")
		}
	})
	session(func(m *celrule.Recent) {
		if !seen(m, "a.b", at.Add(time.Minute)) || seen(m, "a.b", at) || !seen(m, "a.old", at.AddDate(-1, 0, 0).Add(time.Minute)) {
			t.Error("later it is known, at its own time it is new")
		}
	})
	damaged := celrule.Sighting{Rule: "a.c", Key: key}
	rubbish := map[ledger.Key][]byte{{Bucket: seenBucket, Name: sightingKey(damaged)}: []byte("not a sighting")}
	if _, err := store.Commit(ledger.Batch{Put: rubbish}); err != nil {
		t.Fatal(err)
	}
	session(func(m *celrule.Recent) {
		if seen(m, "a.c", at.Add(time.Minute)) {
			t.Error("a damaged key was believed")
		}
	})
	if all := hook.AllEntries(); len(all) != 1 || all[0].Level != logrus.WarnLevel || !strings.Contains(all[0].Message, "is damaged") {
		t.Errorf("want only the damage logged: %+v", all)
	}
}

// TestSeenIsSavedLater keeps what a full disk didn't take for the next time.
func TestSeenIsSavedLater(t *testing.T) {
	store := ledgertest.New()
	store.Fail(errors.New("the disk is full"))
	log, _ := test.NewNullLogger()
	m := celrule.NewRecent(10)
	k, err := restoreSeen(m, store, log)
	if err != nil {
		t.Fatal(err)
	}
	m.Seen(context.Background(), "a.b", celrule.Digest{1}, time.Now(), time.Hour)
	if k.save() == nil {
		t.Fatal("no error from a full disk")
	}
	var rules []string
	err = m.Save(func(known, _ []celrule.Sighting) error {
		for _, s := range known {
			rules = append(rules, s.Rule)
		}
		return nil
	})
	if err != nil || !slices.Equal(rules, []string{"a.b"}) {
		t.Errorf("saved %v, %v", rules, err)
	}
	if err := k.save(); err != nil {
		t.Error(err)
	}
}

// TestForgetful warns where a module in a process of its own forgets what rules have seen.
func TestForgetful(t *testing.T) {
	module := celrule.New()
	var isolated config.Config
	isolated.Rules.Isolate = true
	if got := Forgetful(isolated, module); got != "" {
		t.Errorf("without such rules: %s", got)
	}
	if err := module.Configure(t.Context(), enrich.Config{Files: []enrich.File{{Name: "p.yaml", Data: []byte(rememberingRule)}}}); err != nil {
		t.Fatal(err)
	}
	if got := Forgetful(isolated, module); !strings.Contains(got, "rules with first_seen, such as a.b, have seen is lost") {
		t.Errorf("got %q", got)
	}
	if got := Forgetful(config.Config{}, module); got != "" {
		t.Errorf("in one process: %s", got)
	}
}

func FuzzSighting(f *testing.F) {
	one := celrule.Sighting{Rule: "a.b", Key: celrule.Digest{1, 0}, First: time.Unix(1, 2).UTC(), Last: time.Unix(3, 4).UTC(), Until: time.Unix(5, 6).UTC()}
	f.Add(sightingKey(one), encodeSighting(one))
	f.Add("", []byte{})
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		s, ok := decodeSighting(key, value)
		if !ok {
			return
		}
		if sightingKey(s) != key || cmp.Diff(value, encodeSighting(s)) != "" {
			t.Errorf("%q came back as %+v", key, s)
		}
	})
}
