package event

import (
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
)

func TestUnderAny(t *testing.T) {
	domains := []string{"azurewebsites.net", "blob.core.windows.net"}
	for host, want := range map[string]bool{
		"orders.azurewebsites.net":       true,
		"a.b.azurewebsites.net":          true,
		"azurewebsites.net":              true,
		"Orders.AzureWebsites.NET.":      true,
		"orders.blob.core.windows.net":   true,
		"":                               false,
		".":                              false,
		"...":                            false,
		"net":                            false,
		"core.windows.net":               false,
		"orderazurewebsites.net":         false,
		"azurewebsites.net.evil.example": false,
		strings.Repeat("a.", 118) + "azurewebsites.net": true,
		strings.Repeat("a.", 119) + "azurewebsites.net": false, // 255 bytes
	} {
		if underAny(host, celval.NewSet(domains, false)) != want || underAny(host, celval.NewTexts(domains)) != want {
			t.Errorf("under(%.40q) is not %t", host, want)
		}
	}
	if !underAny("x.AZURE.example", celval.NewTexts([]string{"Azure.Example"})) {
		t.Error("the case of a list that is searched one by one counts")
	}
	if underAny("x.example", celval.NewTexts(nil)) {
		t.Error("a host lies under no domain")
	}
}
