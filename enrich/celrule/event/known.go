package event

import (
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
)

// known is a text, "" for one that stands for nothing: no actor, principal, address or reason is made of None or the empty GUID.
func known(text string) string {
	if enrich.IsNothing(text) {
		return ""
	}
	return text
}

// knownText is the text or number in a JSON value that names somebody or something, "" for anything else and for a text that
// stands for nothing.
func knownText(v ref.Val) string {
	if _, isBool := v.(types.Bool); isBool {
		return ""
	}
	return known(celval.Text(v))
}

// knownMember is the text in a member of a JSON object that names somebody or something.
func knownMember(of ref.Val, name string) string { return knownText(celval.Member(of, name)) }
