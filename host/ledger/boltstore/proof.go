package boltstore

import (
	"bytes"

	"go.etcd.io/bbolt"

	"github.com/riskrelay/riskrelay/host/ledger"
)

const proofBucket = "proof"

// PutProof is Put, and changes the proof in the same transaction.
func (s *Store) PutProof(key string, value []byte, revision uint64, change func(ledger.Proofs) error) (uint64, error) {
	return s.put(key, value, revision, func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte(proofBucket))
		if err != nil {
			return err
		}
		return change(proofs{b})
	})
}

// ViewProof shows the proof at one moment.
func (s *Store) ViewProof(view func(ledger.Proofs) error) error {
	return s.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(proofBucket))
		if b == nil {
			return nil
		}
		return view(proofs{b})
	})
}

// proofs is the bucket of the proof.
type proofs struct{ *bbolt.Bucket }

// Put sets a value; nil removes it.
func (p proofs) Put(key, value []byte) error {
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
