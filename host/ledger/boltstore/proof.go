package boltstore

import (
	"bytes"

	"go.etcd.io/bbolt"

	"github.com/riskrelay/riskrelay/host/ledger"
)

const proofBucket = "proof"

// PutProof is Put, and changes the proof in the same transaction. Where an earlier one failed but got through after all, its
// changes are taken back first, so that no count is added twice.
func (s *Store) PutProof(key string, value []byte, revision uint64, change func(ledger.Proofs) error) (uint64, error) {
	return s.put(key, value, revision, func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte(proofBucket))
		if err != nil {
			return err
		}
		return change(proofs{b, s.before[key]})
	})
}

// takeBack undoes what a Put of key that failed, and got through after all, has changed of the proof.
func (s *Store) takeBack(tx *bbolt.Tx, key string) error {
	b := tx.Bucket([]byte(proofBucket))
	if b == nil {
		return nil
	}
	for name, value := range s.before[key] {
		if err := (proofs{Bucket: b}).Put([]byte(name), value); err != nil {
			return err
		}
	}
	return nil
}

// ViewProof shows the proof at one moment.
func (s *Store) ViewProof(view func(ledger.Proofs) error) error {
	return s.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(proofBucket))
		if b == nil {
			return nil
		}
		return view(proofs{Bucket: b})
	})
}

// proofs is the bucket of the proof.
type proofs struct {
	*bbolt.Bucket
	before map[string][]byte // what was there before it was changed; nil where nobody asks
}

// Put sets a value; nil removes it.
func (p proofs) Put(key, value []byte) error {
	if _, noted := p.before[string(key)]; !noted && p.before != nil {
		p.before[string(key)] = bytes.Clone(p.Get(key))
	}
	if value == nil {
		return p.Delete(key)
	}
	return p.Bucket.Put(key, value)
}

// Keys are the keys from one to before another.
func (p proofs) Keys(from, to []byte) (keys [][]byte) {
	c := p.Cursor()
	for k, _ := c.Seek(from); k != nil && bytes.Compare(k, to) < 0; k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	return keys
}
