package schema

import (
	"slices"
	"strings"
	"sync"
)

// API is one Microsoft API.
type API struct {
	ID   string // application id, a GUID in lower case
	Name string // display name, as the service principal of the API carries it
}

// APIs returns all APIs in the order of apis.txt.
func APIs() []API { return slices.Clone(apis().list) }

// APIByID returns the API whose application id is id, whose case doesn't count.
func APIByID(id string) (API, bool) { return get(apis().byID, id) }

// APIByName returns the API with the display name, whose case doesn't count. Anybody can give an application such a
// name: use it only where the row says nothing better.
func APIByName(name string) (API, bool) { return get(apis().byName, name) }

// APIByToken returns the API for one of the names of a service principal: a URL, a host, or a word such as
// Microsoft.Exchange.
func APIByToken(token string) (API, bool) {
	host := strings.ToLower(token)
	if _, rest, ok := strings.Cut(host, "://"); ok {
		host = rest
	}
	if end := strings.IndexAny(host, "/:"); end >= 0 {
		host = host[:end]
	}
	if api, ok := apis().byToken[host]; ok {
		return api, true
	}
	for i := strings.IndexByte(host, '.'); i >= 0; {
		if api, ok := apis().byToken["*"+host[i:]]; ok {
			return api, true
		}
		next := strings.IndexByte(host[i+1:], '.')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return API{}, false
}

func get(m map[string]API, key string) (API, bool) {
	api, ok := m[strings.ToLower(key)]
	return api, ok
}

type apiTable struct {
	list                  []API
	byID, byName, byToken map[string]API
}

var apis = sync.OnceValue(func() *apiTable {
	t := &apiTable{byID: map[string]API{}, byName: map[string]API{}, byToken: map[string]API{}}
	for _, line := range lines("apis.txt") {
		cells := strings.Split(line, "|")
		if len(cells) != 3 {
			continue
		}
		api := API{ID: strings.TrimSpace(cells[0]), Name: strings.TrimSpace(cells[1])}
		t.list = append(t.list, api)
		t.byID[api.ID], t.byName[strings.ToLower(api.Name)] = api, api
		for _, token := range strings.Fields(cells[2]) {
			t.byToken[strings.ToLower(token)] = api
		}
	}
	return t
})
