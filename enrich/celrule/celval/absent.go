package celval

import (
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// Absent stands for a dynamic value that isn't there. It is an empty list and an empty map at the same time: walking
// over it ends at once, adding it to a list adds nothing, looking into it is a missing field.
type Absent struct{ traits.Lister }

// NewAbsent returns a value that isn't there.
func NewAbsent() *Absent { return &Absent{NewList(nil)} }

// Find finds nothing.
func (*Absent) Find(ref.Val) (ref.Val, bool) { return nil, false }

// Get is CEL's error for a missing key.
func (*Absent) Get(key ref.Val) ref.Val { return types.NewErr("no such key: %v", key.Value()) }
