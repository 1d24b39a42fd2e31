package graph

import (
	"context"
	"errors"
	"net/http"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/host/azure"
	"github.com/riskrelay/riskrelay/host/checkup"
)

// errEnough ends a reading behind the first object.
var errEnough = errors.New("one is enough")

// Check goes the way of a request step by step and says what is wrong: credential, network, certificate, and of each query
// whether the identity has the permission.
func Check(ctx context.Context, c Config, queries []Query) checkup.Report {
	k := azure.Checkup{Report: new(checkup.Report), Credential: c.Credential, Cloud: azure.Clouds()[c.Cloud]}
	client, err := New(c, new(logrus.Logger)) // a check logs nothing: at the level of a zero Logger no line is written
	if err != nil {
		k.Problem("configuration", "correct it", "%v", err)
		return *k.Report
	}
	defer client.Close()         //nolint:errcheck // has no error
	client.retry.MaxRetries = -1 // somebody waits
	k.Transport = client.transport
	if !k.Token(ctx, c.scope()) || !k.Reach(ctx, c.base(), "endpoint") {
		return *k.Report
	}
	for _, q := range queries {
		err := client.List(ctx, q, func(Object) error { return errEnough })
		refused := new(Error)
		switch {
		case err == nil || errors.Is(err, errEnough):
			k.OK(q.Path, "can be read")
		case errors.As(err, &refused) && refused.Status == http.StatusForbidden:
			k.Problem(q.Path, "grant "+k.Identity()+" the application permission "+q.Permission+" of Microsoft Graph, with admin consent (App registrations > API permissions)",
				"may not be read: %s", azure.OneLine(refused.Message))
		default:
			k.Problem(q.Path, "try again; if it stays, check cloud, endpoint and audience", "%s", azure.OneLine(err.Error()))
		}
	}
	return *k.Report
}
