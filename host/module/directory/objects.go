package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/riskrelay/riskrelay/host/graph"
)

// reader is Microsoft Graph.
type reader interface {
	// List calls each with every object of a collection.
	List(ctx context.Context, q graph.Query, each func(graph.Object) error) error
	// Delta calls each with what changed since link, with "" with every object.
	Delta(ctx context.Context, q graph.Query, link string, each func(graph.Object) error) (next string, err error)
}

// objects is a collection as it was read last: trimmed JSON by object id.
type objects struct {
	query graph.Query
	link  string // where the next reading begins; "" for a whole one
	all   map[string]json.RawMessage
}

// errTooMany says that there are more objects than may be kept.
var errTooMany = errors.New("too many objects")

// refresh reads what changed, or everything when the service can't tell any more. When it fails nothing changes.
func (o *objects) refresh(ctx context.Context, from reader, limit int) error {
	err := o.read(ctx, from, o.link, limit)
	if o.link != "" && errors.Is(err, graph.ErrResync) {
		err = o.read(ctx, from, "", limit)
	}
	return err
}

func (o *objects) read(ctx context.Context, from reader, link string, limit int) error {
	fresh := map[string]json.RawMessage{}
	if link != "" {
		fresh = maps.Clone(o.all)
	}
	next, err := from.Delta(ctx, o.query, link, func(one graph.Object) error {
		switch merged, err := merge(fresh[one.ID], one.JSON, o.query.Select); {
		case one.ID == "":
			return nil
		case one.Removed:
			delete(fresh, one.ID)
			return nil
		case err != nil:
			return fmt.Errorf("read %s %s: %w", o.query.Path, one.ID, err)
		default:
			fresh[one.ID] = merged
		}
		if len(fresh) > limit {
			return errTooMany
		}
		return nil
	})
	if err != nil {
		return err
	}
	o.link, o.all = next, fresh
	return nil
}

// merge puts the members of change that are selected into known, each trimmed.
func merge(known, change json.RawMessage, selected []string) (json.RawMessage, error) {
	members, news := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if known != nil {
		if err := json.Unmarshal(known, &members); err != nil {
			return nil, err
		}
	}
	if err := json.Unmarshal(change, &news); err != nil {
		return nil, err
	}
	for _, name := range selected {
		value, there := news[name]
		if !there {
			continue
		}
		trimmed, err := trim(name, value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if members[name] = trimmed; trimmed == nil {
			delete(members, name)
		}
	}
	return json.Marshal(members)
}

// credential is what rules can use of a keyCredential or a passwordCredential: neither a public key nor the first letters of
// a secret.
type credential struct {
	KeyID string `json:"keyId,omitempty"`
	Start string `json:"startDateTime,omitempty"`
	End   string `json:"endDateTime,omitempty"`
	Type  string `json:"type,omitempty"`
	Usage string `json:"usage,omitempty"`
}

type platform struct {
	RedirectURIs []string `json:"redirectUris,omitempty"`
}

// trim leaves out of a member what rules can't use; nil is for what is empty.
func trim(name string, value json.RawMessage) (json.RawMessage, error) {
	switch name {
	case "keyCredentials", "passwordCredentials":
		return through[[]credential](value)
	case "web", "spa", "publicClient":
		return through[platform](value)
	case "identifierUris", "replyUrls":
		return through[[]string](value)
	case "id", "appId", "displayName", "createdDateTime", "appOwnerOrganizationId", "preferredSingleSignOnMode", "servicePrincipalType":
		return through[string](value)
	}
	return nil, nil
}

// through is value as a T knows it.
func through[T any](value json.RawMessage) (json.RawMessage, error) {
	var typed T
	if err := json.Unmarshal(value, &typed); err != nil {
		return nil, err
	}
	text, err := json.Marshal(typed)
	switch string(text) {
	case "null", "[]", "{}", `""`:
		return nil, err
	}
	return text, err
}
