package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// maxPages ends a collection whose links lead nowhere: a million objects even where a page holds a hundred.
const maxPages = 10_000

// hurriedPages is how many pages of a collection are read one right after the other: 999,000 objects where the service gives
// the largest ones. From then on links may well lead in a circle, and one page is read in each slowPage, so that the service
// doesn't take this for an attack; what a very large tenant has is read all the same.
const (
	hurriedPages = 1000
	slowPage     = time.Second
)

// Query names a collection.
type Query struct {
	Path       string   // behind the version, such as "applications"
	Select     []string // the properties that are wanted
	Top        int      // objects in a page, for List; 0 leaves it to the service, as not all collections know $top
	Expand     string   // $expand, for List; "" for nothing
	Permission string   // the application permission that it needs: a refusal names it
}

// Object is a member of a collection.
type Object struct {
	ID      string          // "" when it has none
	Removed bool            // it is gone; JSON holds little more than the id
	JSON    json.RawMessage // as it came, with the selected properties
}

// List calls each with every object of a collection, page by page, in the service's order, which has no meaning. An error
// of each ends the reading and is returned as it is. Errors of the service are an *Error.
func (c *Client) List(ctx context.Context, q Query, each func(Object) error) error {
	values := url.Values{"$select": {strings.Join(q.Select, ",")}}
	if q.Top > 0 {
		values.Set("$top", strconv.Itoa(q.Top))
	}
	if q.Expand != "" {
		values.Set("$expand", q.Expand)
	}
	_, err := c.follow(ctx, q, c.address(q.Path, values), each)
	return err
}

// Delta calls each with the objects that are new, changed or removed since link, which an earlier call returned; with "",
// with every object. Of a changed object, properties that didn't change may be missing. Next is the link for the next
// call; it is only good when every object was taken. An error that is ErrResync asks to begin with "".
func (c *Client) Delta(ctx context.Context, q Query, link string, each func(Object) error) (next string, err error) {
	if link == "" {
		link = c.address(q.Path+"/delta", url.Values{"$select": {strings.Join(q.Select, ",")}})
	}
	next, err = c.follow(ctx, q, link, each)
	if err == nil && next == "" {
		err = fmt.Errorf("read the changes of %s: the last page has no @odata.deltaLink", q.Path)
	}
	return next, err
}

// address is a URL of the service. The names of options keep their dollar sign, which the service wants to see.
func (c *Client) address(path string, values url.Values) string {
	return c.config.base() + "/" + path + "?" + strings.ReplaceAll(values.Encode(), "%24", "$")
}

// follow reads pages from address on, and returns the last one's deltaLink.
func (c *Client) follow(ctx context.Context, q Query, address string, each func(Object) error) (delta string, err error) {
	for number := range maxPages {
		if err := c.pace(ctx, q, number); err != nil {
			return "", fmt.Errorf("read %s: %w", q.Path, err)
		}
		if err := c.own(address); err != nil {
			return "", fmt.Errorf("read %s: %w", q.Path, err)
		}
		p, err := c.fetch(ctx, address)
		if err != nil {
			return "", fmt.Errorf("read %s: %w", q.Path, needs(err, q.Permission))
		}
		for _, raw := range p.Value {
			o, err := object(raw)
			if err != nil {
				return "", fmt.Errorf("read %s: %w", q.Path, err)
			}
			if err := each(o); err != nil {
				return "", err
			}
		}
		switch p.Next {
		case "":
			if p.Delta == "" {
				return "", nil
			}
			return p.Delta, c.own(p.Delta)
		case address:
			return "", fmt.Errorf("read %s: a page names itself as the next one", q.Path)
		}
		address = p.Next
	}
	return "", fmt.Errorf("read %s: it has more than %d pages", q.Path, maxPages)
}

// pace waits before page number, counted from 0, of a collection with very many.
func (c *Client) pace(ctx context.Context, q Query, number int) error {
	switch {
	case number < hurriedPages:
		return nil
	case number == hurriedPages:
		c.log.WithField("collection", q.Path).Warnf("%d pages were read, and there are more: the others are read one a %v, up to %d", number, slowPage, maxPages)
	}
	return backoff.Sleep(ctx, slowPage)
}

// own checks that a link leads to the service that is configured: a request carries the token.
func (c *Client) own(link string) error {
	base, err := url.Parse(c.config.base())
	if err != nil {
		return fmt.Errorf("read the endpoint: %w", err)
	}
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" || u.User != nil || !strings.EqualFold(u.Host, base.Host) || !strings.HasPrefix(u.Path, base.Path+"/") {
		return fmt.Errorf("a link leads away from %s and is not followed", base)
	}
	return nil
}

func object(raw json.RawMessage) (Object, error) {
	var o struct {
		ID      string          `json:"id"`
		Removed json.RawMessage `json:"@removed"`
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return Object{}, fmt.Errorf("an object is not one: %w", err)
	}
	return Object{ID: o.ID, Removed: len(o.Removed) > 0 && string(o.Removed) != "null", JSON: raw}, nil
}
