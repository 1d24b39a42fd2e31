//go:build unix

package ownership

import (
	"os/user"
	"strconv"
)

// problem is a problem of the file without what it is.
func (f file) problem() Problem {
	p := Problem{Key: f.key, Need: f.need, Path: f.at, Mode: f.Mode(), Owner: userName(f.owner), Group: strconv.Itoa(f.group)}
	if known, err := user.LookupGroupId(p.Group); err == nil {
		p.Group = known.Name
	}
	return p
}

// userName is the name of a user, or the number where there is none.
func userName(id int) string {
	number := strconv.Itoa(id)
	if known, err := user.LookupId(number); err == nil {
		return known.Username
	}
	return number
}
