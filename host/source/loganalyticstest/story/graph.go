package story

import (
	"fmt"
	"time"
)

// GraphObject is an application or a service principal as Microsoft Graph shows it.
type GraphObject struct {
	Collection string // "applications" or "servicePrincipals"
	JSON       string
}

// GraphObjects are the company's applications with their service principals, as they are at a time. Most have one credential
// that lives for 90 days; four have one that lives too long: it goes on for a year, never ends, ends in three weeks, is
// over.
func GraphObjects(at time.Time) (all []GraphObject) {
	const day = 24 * time.Hour
	for i, app := range company().People["app"] {
		begin, end, kind := at.Add(-30*day), at.Add(60*day), "passwordCredentials"
		switch i {
		case 1:
			begin, end = at.Add(-365*day), at.Add(365*day)
		case 2:
			begin, end, kind = at.Add(-400*day), time.Date(2299, 12, 31, 0, 0, 0, 0, time.UTC), "keyCredentials"
		case 3:
			begin, end = at.Add(-344*day), at.Add(21*day)
		case 4:
			begin, end = at.Add(-800*day), at.Add(-70*day)
		}
		mode := "null"
		if i%3 == 0 {
			mode = `"saml"`
		}
		all = append(all,
			GraphObject{"applications", fmt.Sprintf(
				`{"id":%q,"appId":%q,"displayName":%q,"signInAudience":"AzureADMyOrg","identifierUris":["api://%s"],%q:[{"keyId":%q,`+
					`"displayName":"rotated by hand","startDateTime":%q,"endDateTime":%q}],"web":{"redirectUris":["https://%s.contoso.example/signin-oidc"]}}`,
				app["objectid"], app["appid"], app["name"], app["slug"], kind, app["keyid"], begin.Format(time.RFC3339), end.Format(time.RFC3339), app["slug"])},
			GraphObject{"servicePrincipals", fmt.Sprintf(
				`{"id":%q,"appId":%q,"displayName":%q,"servicePrincipalType":"Application","preferredSingleSignOnMode":%s,`+
					`"replyUrls":["https://%s.contoso.example/signin-oidc"]}`,
				app["spid"], app["appid"], app["name"], mode, app["slug"])},
		)
	}
	return all
}
