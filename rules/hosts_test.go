package rules_test

import (
	"slices"
	"testing"

	"github.com/riskrelay/riskrelay/enrich/schema"
)

// TestSharedHostsAreClaimable holds that hosts of Azure which are judged as a whole, since all customers share the name above
// them, are also known as hosts that somebody else can get later. The exceptions get a random part or end no sign-in.
func TestSharedHostsAreClaimable(t *testing.T) {
	var claimable []string
	for _, p := range packs(t) {
		for _, l := range p.Lists {
			if l.Name.Value != "claimable_hosts" {
				continue
			}
			for _, item := range l.Items {
				claimable = append(claimable, item.Value)
			}
		}
	}
	others := []string{"azurestaticapps.net", "servicebus.windows.net", "servicebus.usgovcloudapi.net", "servicebus.chinacloudapi.cn"}
	for _, name := range schema.SharedHosts() {
		if slices.Contains(claimable, name) == slices.Contains(others, name) {
			t.Errorf("%s stands in sharedhosts.txt; claimable_hosts and the exceptions don't agree about it", name)
		}
	}
}
