package boltstore

import (
	"errors"
	"fmt"
	"strconv"

	"go.etcd.io/bbolt"

	"github.com/riskrelay/riskrelay/host/ledger"
)

// format is the number of the file's format. A version that changes what a record means raises it, and reads all lower
// ones; one that only adds what older versions may overlook doesn't.
const format = 1

var errNewFile = errors.New("the file isn't prepared yet")

// prepare makes what every ledger has, unless it is there. A file of a newer format is refused, untouched.
func prepare(db *bbolt.DB) error {
	err := db.View(func(tx *bbolt.Tx) error {
		if tx.Bucket(records()) == nil {
			return errNewFile
		}
		return checkFormat(tx)
	})
	if !errors.Is(err, errNewFile) {
		return err
	}
	return db.Update(func(tx *bbolt.Tx) error {
		if _, err := tx.CreateBucketIfNotExists(records()); err != nil {
			return err
		}
		about, err := tx.CreateBucketIfNotExists([]byte("about"))
		if err != nil {
			return err
		}
		return about.Put([]byte("format"), encodeFormat(format))
	})
}

// checkFormat returns ErrNewer for a file of a newer format, and errNewFile for one that doesn't say which it has.
func checkFormat(tx *bbolt.Tx) error {
	about := tx.Bucket([]byte("about"))
	if about == nil {
		return errNewFile
	}
	found, ok := decodeFormat(about.Get([]byte("format")))
	switch {
	case !ok:
		return errNewFile
	case found > format:
		return fmt.Errorf("%w: it has format %d, this version knows up to %d. Install the newer version again, or move the file away "+
			"and begin anew", ErrNewer, found, format)
	}
	return nil
}

// encodeFormat is the number in digits, sealed: a flipped bit must not look like a newer format.
func encodeFormat(n int) []byte { return ledger.Seal("", []byte(strconv.Itoa(n))) }

func decodeFormat(value []byte) (n int, ok bool) {
	digits, err := ledger.Unseal("", value)
	if err != nil {
		return 0, false
	}
	n, err = strconv.Atoi(string(digits))
	return n, err == nil
}
