package schema_test

import (
	"testing"

	"github.com/riskrelay/riskrelay/enrich/schema"
)

func TestObjectTexts(t *testing.T) {
	for at, want := range map[[2]string]bool{
		{"AADNonInteractiveUserSignInLogs", "DeviceDetail"}:            true,
		{"AADNonInteractiveUserSignInLogs", "MfaDetail"}:               true,
		{"AADNonInteractiveUserSignInLogs", "Status"}:                  true,
		{"AADServicePrincipalSignInLogs", "LocationDetails"}:           true,
		{"AADServicePrincipalSignInLogs", "ConditionalAccessPolicies"}: true,
		{"AADManagedIdentitySignInLogs", "ConditionalAccessPolicies"}:  true,
		{"SigninLogs", "DeviceDetail"}:                                 false, // an object already
		{"SigninLogs", "AuthenticationDetails"}:                        false, // text in all tables
		{"AuditLogs", "Identity"}:                                      false, // text that isn't JSON
		{"Mine_CL", "DeviceDetail"}:                                    false, // nobody knows it
	} {
		if got := schema.ObjectTexts(at[0])[at[1]]; got != want {
			t.Errorf("%v: %t, want %t", at, got, want)
		}
	}
}
