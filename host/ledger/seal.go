package ledger

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// ErrCorrupt says that a value was damaged where it lay.
var ErrCorrupt = errors.New("the record is damaged: its checksum doesn't match")

// sealLength is how many bytes of checksum lie before what is sealed.
const sealLength = 4

// Seal returns what values in a store are: four bytes of CRC-32C (Castagnoli, big endian) of a name and of content, and the
// content. The name is that of a key whose value must not be taken for that of another; or "".
func Seal(name string, content []byte) []byte {
	value := make([]byte, sealLength, sealLength+len(content))
	binary.BigEndian.PutUint32(value, checksum(name, content))
	return append(value, content...)
}

// Unseal returns the content of what Seal returned for a name; damage is ErrCorrupt.
func Unseal(name string, value []byte) ([]byte, error) {
	if len(value) < sealLength || binary.BigEndian.Uint32(value) != checksum(name, value[sealLength:]) {
		return nil, ErrCorrupt
	}
	return value[sealLength:], nil
}

func checksum(name string, content []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum([]byte(name), table), table, content)
}
