package event

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestImitated(t *testing.T) {
	c := surroundingsOf(t, `
context:
  applications:
    - {id: o1, appId: A1, displayName: Orders Portal}
    - {id: o2, appId: a2, displayName: Payroll 7}
    - {id: o3, appId: a3, displayName: HR}
    - {id: s1, appId: f1, displayName: Travel Planner, appOwnerOrganizationId: 5d1fd0f2-9b7e-4c3a-8a54-3f1c2a0b9e21}
    - {id: o4, appId: a4}
`)
	for _, x := range []struct{ name, appID, want string }{
		{"Orders Portal", "a1", ""},                                  // it is that application
		{"Orders Portals", "A1", ""},                                 // so is this, which has been renamed
		{"Orders Portal", "e1", "Orders Portal"},                     // another one with exactly that name
		{" orders  PORTAL ", "e1", "Orders Portal"},                  //
		{"Orders Portal", "", ""},                                    // nobody knows which one it is
		{"Orders Protal", "e1", "Orders Portal"},                     // two letters swapped
		{"Order Porttal", "", "Orders Portal"},                       // two letters differ
		{"0rders P0rtal", "e1", "Orders Portal"},                     // zeros
		{"Оrders Pоrtаl", "e1", "Orders Portal"},                     // Cyrillic letters
		{"Οrdеrѕ Ροrτаl", "e1", "Orders Portal"},                     // Greek and Cyrillic letters
		{"𝐎𝐫𝐝𝐞𝐫𝐬 𝓟𝓸𝓻𝓽𝓪𝓵", "e1", "Orders Portal"},                     // letters of formulas
		{"Ｏｒｄｅｒｓ Ｐｏｒｔａｌ", "e1", "Orders Portal"},                     // wide letters
		{"Ørders Pørtał", "e1", "Orders Portal"},                     // strokes
		{"OrdersPortal", "e1", "Orders Portal"},                      //
		{"Orders Portal for everybody", "e1", ""},                    //
		{"Payroll 8", "e1", ""},                                      // a sibling
		{"Pay-roll 7", "e1", "Payroll 7"},                            //
		{"HQ", "e1", ""},                                             // too short to say
		{"Travel Planer", "e1", ""},                                  // somebody else's application is imitated
		{"", "e1", ""},                                               //
		{strings.Repeat("Orders Portal", 1000), "e1", ""},            //
		{"\u202eOrders Portal\u200b", "e1", "Orders Portal"},         // characters that can't be seen
		{"{Orders} \"Portal\"\n", "e1", ""},                          //
		{"ORDERS PORTAI", "e1", "Orders Portal"},                     // an i for the l
		{"Orders P\u00f3rtal", "e1", "Orders Portal"},                // an accent
		{"Or\u0000ders Portal", "e1", "Orders Portal"},               //
		{"Orders Portal " + strings.Repeat("\u200b", 200), "e1", ""}, // over the limit of length, which counts bytes
		{"orders-portal", "e1", "Orders Portal"},                     //
		{"Orders Portal", "f1", "Orders Portal"},                     //
		{"Orders Portal", "O1", ""},                                  // the object id will do
	} {
		if got := c.own.imitated(x.name, x.appID); got != x.want {
			t.Errorf("imitated(%.40q, %q) = %q, want %q", x.name, x.appID, got, x.want)
		}
	}
}

// TestImitatedIsBounded asks about names of a tenant with many applications that are alike.
func TestImitatedIsBounded(t *testing.T) {
	o := newOwnApps(nil)
	long := strings.Repeat("ab", 120)
	for i := range 20_000 {
		o.add(fmt.Sprintf("%s %05d", long, i))
	}
	if got := o.imitated(long+" x9z9y", "e1"); got != "" {
		t.Errorf("imitated is %q", got)
	}
}

// TestNamesThatAreNearPass holds that the cheap test never says no to names that are near.
func TestNamesThatAreNearPass(t *testing.T) {
	for _, a := range []string{"abcde", "abcdefghij", "orders portal", "aaaaaaaaaa"} {
		for _, b := range edits(a) {
			if len([]rune(a)) >= 10 {
				for _, c := range edits(b) {
					nearPasses(t, a, c)
				}
			}
			nearPasses(t, a, b)
		}
	}
}

func nearPasses(t *testing.T, a, b string) {
	t.Helper()
	x, y := []rune(a), []rune(b)
	if allowedLetters(x, y) < 1 {
		return
	}
	if within(x, y) != (slowDistance(x, y) <= allowedLetters(x, y)) {
		t.Fatalf("within(%q, %q) is %v, the distance %d", a, b, within(x, y), slowDistance(x, y))
	}
	if within(x, y) && !mayBeNear(x, y, letterSet(x), letterSet(y)) {
		t.Fatalf("mayBeNear(%q, %q) is false", a, b)
	}
}

// edits are names one letter from a.
func edits(a string) (out []string) {
	for i := range a {
		out = append(out, a[:i]+a[i+1:], a[:i]+"z"+a[i:], a[:i]+"é"+a[i+1:])
		if i+1 < len(a) {
			out = append(out, a[:i]+a[i+1:i+2]+a[i:i+1]+a[i+2:])
		}
	}
	return append(out, a, a+"zz", "zz"+a)
}

// slowDistance is the whole table of distances (optimal string alignment).
func slowDistance(a, b []rune) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

func TestNameWords(t *testing.T) {
	for name, want := range map[string][]string{
		"Test-App_02":           {"test", "app"},
		"My New Application":    {"my", "new", "application"},
		"app1":                  {"app"},
		"123 / 456":             nil,
		"":                      nil,
		"...":                   nil,
		"Müller GmbH":           {"müller", "gmbh"},
		"注文 2":                  {"注文"},
		"Micros0ft 365":         {"micros0ft"},
		"\u202edemo\u200b test": {"demo", "test"},
	} {
		if got := nameWords(name); !slices.Equal(got, want) {
			t.Errorf("nameWords(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestSegment(t *testing.T) {
	const id = "/subscriptions/s1/resourceGroups/vaults/providers/Microsoft.KeyVault/vaults/kv-orders/accessPolicies/add"
	for after, want := range map[string]string{
		"VAULTS": "providers", "accesspolicies": "add", "add": "", "": "", "nothing": "", "microsoft.keyvault": "vaults",
		"microsoft.keyvault/VAULTS": "kv-orders", "accessPolicies/add": "", "/": "", "a/b/c/d/e/f/g/h/i/j/k/l/m/n": "",
	} {
		if got := segment(id, after); got != want {
			t.Errorf("segment(%q) = %q, want %q", after, got, want)
		}
	}
}

// TestScopesOfOthers holds that a scope which somebody else has, or which is of another API, is new.
func TestScopesOfOthers(t *testing.T) {
	entry := func(who, api, consent, scopes string) string {
		return "[Id: x, ClientId: c, PrincipalId: " + who + ", ResourceId: " + api + ", ConsentType: " + consent + ", Scope: " + scopes + ", CreatedDateTime: , LastModifiedDateTime ]"
	}
	old := entry("bob", "graph", "Principal", " Mail.Read User.Read")
	for name, x := range map[string]struct {
		value string
		want  []string
	}{
		"another user":         {"[" + old + "] => [" + old + entry("ann", "graph", "Principal", " Mail.Read") + "]; ", []string{"Mail.Read"}},
		"another API":          {"[" + old + "] => [" + old + entry("bob", "exchange", "Principal", " Mail.Read") + "]; ", []string{"Mail.Read"}},
		"all users":            {"[" + old + "] => [" + entry("", "graph", "AllPrincipals", " Mail.Read User.Read") + "]; ", []string{"Mail.Read", "User.Read"}},
		"one more":             {"[" + old + "] => [" + entry("bob", "graph", "Principal", " Mail.Read User.Read Mail.Send") + "]; ", []string{"Mail.Send"}},
		"the same":             {"[" + old + "] => [" + old + "]; ", nil},
		"another order":        {"[" + old + "] => [" + entry("bob", "graph", "Principal", " User.Read  Mail.Read") + "]; ", nil},
		"taken away":           {"[" + old + "] => [" + entry("bob", "graph", "Principal", " User.Read") + "]; ", nil},
		"without an old value": {"[" + old + "]", []string{"Mail.Read", "User.Read"}},
		"nothing":              {"", nil},
	} {
		if got := parsePermissions(x.value).added; !slices.Equal(got, x.want) {
			t.Errorf("%s: added %q, want %q", name, got, x.want)
		}
	}
}
