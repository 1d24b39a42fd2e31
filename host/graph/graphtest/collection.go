package graphtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// collection is one collection with its history: an entry is an object's latest change.
type collection struct{ entries []entry }

type entry struct {
	id      string
	object  map[string]json.RawMessage // nil when it was removed
	changed int                        // the server's count of changes then
}

// Put adds the object to the collection, or replaces the one with its id. The object is JSON with an "id"; anything else
// panics, as a test that is wrong.
func (s *Server) Put(path, object string) {
	var members map[string]json.RawMessage
	var id string
	if err := json.Unmarshal([]byte(object), &members); err != nil || json.Unmarshal(members["id"], &id) != nil {
		panic("graphtest: not an object with an id: " + object)
	}
	s.put(path, entry{id: id, object: members})
}

// Remove removes an object from the collection, which delta tells.
func (s *Server) Remove(path, id string) { s.put(path, entry{id: id}) }

func (s *Server) put(path string, e entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change++
	e.changed = s.change
	c := s.collections[path]
	if c == nil {
		c = &collection{}
		s.collections[path] = c
	}
	c.entries = slices.DeleteFunc(c.entries, func(old entry) bool { return old.id == e.id })
	c.entries = append(c.entries, e)
}

// Forget makes every delta link given so far answer 410.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change++
	s.forgotten = s.change
}

// serve answers a GET below /v1.0.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	fault, known := s.begin(r)
	if fault.answer(w, r) {
		return
	}
	if !known {
		fail(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token is empty, expired or unknown.")
		return
	}
	path, query := r.PathValue("path"), r.URL.Query()
	plain, delta := strings.CutSuffix(path, "/delta")
	s.mu.Lock()
	defer s.mu.Unlock()
	since, err := strconv.Atoi(first(query.Get("$deltatoken"), "0"))
	if delta && (err != nil || query.Has("$deltatoken") && since <= s.forgotten && s.forgotten > 0) {
		fail(w, http.StatusGone, "syncStateNotFound", "The sync state generation is not found; continue with a full sync.")
		return
	}
	answer(w, http.StatusOK, s.page(plain, query, delta, since))
}

// begin notes a request, and says whether it is to fail and whether its token is known.
func (s *Server) begin(r *http.Request) (fault *Fault, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r.URL.RequestURI())
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	for i, f := range s.faults {
		if strings.Contains(r.URL.RequestURI(), f.Path) {
			if f.Times--; f.Times == 0 {
				s.faults = slices.Delete(s.faults, i, i+1)
			}
			return f, s.tokens[token]
		}
	}
	return nil, s.tokens[token]
}

// page is one page of a collection with the link to the next, or behind the last one of a delta to the next round. The
// lock is held.
func (s *Server) page(path string, query url.Values, delta bool, since int) map[string]any {
	var entries []entry
	if c := s.collections[path]; c != nil {
		for _, e := range c.entries {
			if delta && e.changed > since && (e.object != nil || since > 0) || !delta && e.object != nil {
				entries = append(entries, e)
			}
		}
	}
	size := s.options.PageSize
	if top, err := strconv.Atoi(query.Get("$top")); err == nil && top > 0 {
		size = min(size, top)
	}
	skip, _ := strconv.Atoi(first(query.Get("$skiptoken"), "0")) // a strange one is the beginning
	skip = min(max(skip, 0), len(entries))
	end := min(len(entries), skip+size)
	value := []any{}
	for _, e := range entries[skip:end] {
		value = append(value, shown(e, query))
	}
	body := map[string]any{"@odata.context": s.http.URL + "/v1.0/$metadata#" + path, "value": value}
	switch {
	case end < len(entries):
		query.Set("$skiptoken", strconv.Itoa(end))
		body["@odata.nextLink"] = s.link(path, delta, query)
	case delta:
		query.Del("$skiptoken")
		query.Set("$deltatoken", strconv.Itoa(s.change))
		body["@odata.deltaLink"] = s.link(path, delta, query)
	}
	return body
}

func (s *Server) link(path string, delta bool, query url.Values) string {
	if delta {
		path += "/delta"
	}
	return fmt.Sprintf("%s/v1.0/%s?%s", s.http.URL, path, query.Encode())
}

// shown is an object with its id and what $select and $expand ask for.
func shown(e entry, query url.Values) any {
	if e.object == nil {
		return map[string]any{"id": e.id, "@removed": map[string]string{"reason": "changed"}}
	}
	out := map[string]json.RawMessage{"id": e.object["id"]}
	names := append(strings.Split(query.Get("$select"), ","), "@odata.type")
	if expand, _, _ := strings.Cut(query.Get("$expand"), "("); expand != "" {
		names = append(names, expand)
	}
	if !query.Has("$select") {
		return e.object
	}
	for _, name := range names {
		if value, ok := e.object[name]; ok {
			out[name] = value
		}
	}
	return out
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
