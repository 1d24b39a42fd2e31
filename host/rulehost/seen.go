package rulehost

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/failpoint"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// bucketStore keeps values in named buckets; boltstore.Store is one.
type bucketStore interface {
	// Apply writes and removes values in one transaction that is on the disk when it returns.
	Apply(bucket string, put map[string][]byte, remove []string) error
	// Each shows all values, which are only good until visit returns.
	Each(bucket string, visit func(key string, value []byte)) error
}

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
	store  bucketStore
	log    logrus.FieldLogger
}

// restoreSeen restores the memory from the store. The keeper saves it from then on while it runs.
func restoreSeen(memory *celrule.Recent, store bucketStore, log logrus.FieldLogger) (*seenKeeper, error) {
	var all []celrule.Sighting
	damaged := 0
	err := store.Each(seenBucket, func(key string, value []byte) {
		if s, ok := decodeSighting(key, value); ok {
			all = append(all, s)
		} else {
			damaged++
		}
	})
	if err != nil {
		return nil, err
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
		put, remove := map[string][]byte{}, []string{}
		for _, s := range known {
			put[sightingKey(s)] = encodeSighting(s)
		}
		for _, s := range forgotten {
			remove = append(remove, sightingKey(s))
		}
		failpoint.Hit(failpoint.SeenUnsaved)
		err := k.store.Apply(seenBucket, put, remove)
		failpoint.Hit(failpoint.SeenSaved)
		return err
	})
}

// A sighting lies under the rule's id, a zero byte and the digest. The value is four bytes of CRC-32C of key and value,
// and three times of eight bytes, all big endian, in nanoseconds of Unix time: first, last and until.
const sightingLength = 4 + 3*8

func sightingKey(s celrule.Sighting) string { return s.Rule + "\x00" + string(s.Key[:]) }

func encodeSighting(s celrule.Sighting) []byte {
	value := make([]byte, 4, sightingLength)
	for _, at := range []time.Time{s.First, s.Last, s.Until} {
		value = binary.BigEndian.AppendUint64(value, uint64(at.UnixNano()))
	}
	binary.BigEndian.PutUint32(value, sightingSum(sightingKey(s), value))
	return value
}

func decodeSighting(key string, value []byte) (s celrule.Sighting, ok bool) {
	rule, digest, ok := strings.Cut(key, "\x00")
	if !ok || len(digest) != len(s.Key) || len(value) != sightingLength || binary.BigEndian.Uint32(value) != sightingSum(key, value) {
		return s, false
	}
	at := func(i int) time.Time {
		return time.Unix(0, int64(binary.BigEndian.Uint64(value[4+8*i:]))).UTC()
	}
	s.Rule, s.First, s.Last, s.Until = rule, at(0), at(1), at(2)
	copy(s.Key[:], digest)
	return s, true
}

func sightingSum(key string, value []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum([]byte(key), table), table, value[4:])
}
