package event

import (
	"cmp"
	"slices"
)

// actorColumns are the columns of a table that tells each part of the actor in one of its own; "" for a part that it doesn't tell.
type actorColumns struct {
	user                 string // object id of a user, who is the actor where there is one
	id                   string // object id of an application
	name, upn, appID, ip string
}

// read makes the actor: a user where a row names one, otherwise an application.
func (c actorColumns) read(f *Frame) *actor {
	a := &actor{name: f.text(c.name), upn: f.text(c.upn), appID: f.text(c.appID), ip: f.text(c.ip)}
	if user := f.text(c.user); user != "" || c.id == "" {
		a.id = user
		return a.known("user")
	}
	a.id = f.text(c.id)
	return a.known("app")
}

// traits is what the table literal says of the columns; nothing for the zero value.
func (c actorColumns) traits() actorTraits {
	all := slices.Compact(slices.Sorted(slices.Values(NonEmpty(c.user, c.id, c.name, c.upn, c.appID, c.ip))))
	if len(all) == 0 {
		return actorTraits{}
	}
	same := map[string]string{}
	for field, column := range map[string]string{"name": c.name, "upn": c.upn, "app_id": c.appID} {
		if column != "" {
			same[field] = column
		}
	}
	if c.user == "" || c.id == "" {
		same["id"] = cmp.Or(c.user, c.id)
	}
	return actorTraits{read: c.read, texts: all, same: same}
}
