package rulehost

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/failpoint"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// Forgetful says what rules of the module won't remember for long with the configuration, "" when there are none: what a CEL
// module in a process of its own has seen lives in its memory alone.
func Forgetful(c config.Config, module *celrule.Module) string {
	rules := module.Remembering()
	if !c.Rules.Isolate || len(rules) == 0 {
		return ""
	}
	return fmt.Sprintf("rules.isolate: what rules with first_seen, such as %s, have seen is lost when the module's process ends, and past rows "+
		"aren't read for them: everything looks new to them again; with isolate: false it is kept", rules[0].ID)
}

const (
	seenBucket = "seen"
	seenEvery  = 30 * time.Second // what a crash may forget; the keys look new again then
)

// seenKeeper saves what rules with first_seen remember, now and then and at the end.
type seenKeeper struct {
	memory *celrule.Recent
	store  ledger.Store
	log    logrus.FieldLogger
}

// restoreSeen restores the memory from the store. The keeper saves it from then on while it runs.
func restoreSeen(memory *celrule.Recent, store ledger.Store, log logrus.FieldLogger) (*seenKeeper, error) {
	var all []celrule.Sighting
	damaged := 0
	for e, err := range store.List(seenBucket, "") {
		if err != nil {
			return nil, err
		}
		if s, ok := decodeSighting(e.Name, e.Value); ok {
			all = append(all, s)
		} else {
			damaged++
		}
	}
	memory.Restore(all)
	if damaged > 0 {
		log.WithField("keys", damaged).Warn("a part of what rules have seen is damaged: these keys look new again")
	}
	return &seenKeeper{memory: memory, store: store, log: log}, nil
}

// run saves now and then, and for the last time when ctx ends.
func (k *seenKeeper) run(ctx context.Context) {
	for ended := false; !ended; {
		ended = backoff.Sleep(ctx, seenEvery) != nil
		if err := k.save(); err != nil {
			k.log.WithError(err).Warn("can't save what rules have seen: it is tried again until the host ends, and what isn't saved then looks new after a restart")
		}
	}
}

func (k *seenKeeper) save() error {
	return k.memory.Save(func(known, forgotten []celrule.Sighting) error {
		batch := ledger.Batch{Put: map[ledger.Key][]byte{}}
		for _, s := range known {
			batch.Put[ledger.Key{Bucket: seenBucket, Name: sightingKey(s)}] = encodeSighting(s)
		}
		for _, s := range forgotten {
			batch.Remove = append(batch.Remove, ledger.Key{Bucket: seenBucket, Name: sightingKey(s)})
		}
		failpoint.Hit(failpoint.SeenUnsaved)
		_, err := k.store.Commit(batch)
		failpoint.Hit(failpoint.SeenSaved)
		return err
	})
}

// A sighting lies under the rule's id, a zero byte and the digest. The value are three times of eight bytes, big endian, in
// nanoseconds of Unix time: first, last and until; sealed with that name.
const sightingLength = 3 * 8

func sightingKey(s celrule.Sighting) string { return s.Rule + "\x00" + string(s.Key[:]) }

func encodeSighting(s celrule.Sighting) []byte {
	times := make([]byte, 0, sightingLength)
	for _, at := range []time.Time{s.First, s.Last, s.Until} {
		times = binary.BigEndian.AppendUint64(times, uint64(at.UnixNano()))
	}
	return ledger.Seal(sightingKey(s), times)
}

func decodeSighting(key string, value []byte) (s celrule.Sighting, ok bool) {
	rule, digest, ok := strings.Cut(key, "\x00")
	times, err := ledger.Unseal(key, value)
	if !ok || len(digest) != len(s.Key) || err != nil || len(times) != sightingLength {
		return s, false
	}
	at := func(i int) time.Time {
		return time.Unix(0, int64(binary.BigEndian.Uint64(times[8*i:]))).UTC()
	}
	s.Rule, s.First, s.Last, s.Until = rule, at(0), at(1), at(2)
	copy(s.Key[:], digest)
	return s, true
}
