package boltstore

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// Apply writes and removes values of a bucket of its own beside the ledger's, in one transaction that is on the disk when
// it returns. The bucket is made if need be.
func (s *Store) Apply(name string, put map[string][]byte, remove []string) error {
	err := s.update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte(name))
		if err != nil {
			return err
		}
		for _, key := range remove {
			if err := b.Delete([]byte(key)); err != nil {
				return err
			}
		}
		for key, value := range put {
			if err := b.Put([]byte(key), value); err != nil {
				return err
			}
		}
		return nil
	}, nil)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// Each shows all values of a bucket, none of one that doesn't exist. A value is only good until visit returns.
func (s *Store) Each(name string, visit func(key string, value []byte)) error {
	return s.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(name))
		if b == nil {
			return nil
		}
		return b.ForEach(func(k, v []byte) error {
			visit(string(k), v)
			return nil
		})
	})
}
