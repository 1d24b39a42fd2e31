#!/usr/bin/env bash
# azidentity: a new ManagedIdentityCredential hands out the old token, and a pipeline goes on with one that was answered 401.
#
# An expert expects: a program whose token was revoked (a role or the identity was changed, a conditional access policy) heals when it makes a
#   new credential, or at the latest when azcore's bearer token policy sees 401: the policy says that it drops its copy of the token then.
# What happens: tokens of managed identities lie in a cache of the process, which all credentials share. The policy drops its copy, asks the
#   credential, and gets the same token from there, without a request to the identity endpoint, for as long as the token lasts (a day is common).
#   TokenRequestOptions.Claims pass the cache by; nothing else in the public interface does.
# Why it matters: a daemon with a managed identity stands still for hours after a revocation that a restart would heal, and looks as if it had
#   no permission. Credentials with a client secret don't share a cache, so tests with those show nothing.
# Source: https://pkg.go.dev/github.com/Azure/azure-sdk-for-go/sdk/azidentity#ManagedIdentityCredential and its use of
#   https://pkg.go.dev/github.com/AzureAD/microsoft-authentication-library-for-go/apps/managedidentity
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
}

func main() {
	asked := 0 // of the identity endpoint, which numbers its tokens
	identity := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","resource":"x","expires_on":"%d"}`, asked, time.Now().Add(24*time.Hour).Unix())
	}))
	defer identity.Close()
	must(os.Setenv("IDENTITY_ENDPOINT", identity.URL+"/msi/token"))
	must(os.Setenv("IDENTITY_HEADER", "header"))

	revoked := false
	service := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if revoked && r.Header.Get("Authorization") == "Bearer token-1" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer service.Close()

	newCredential := func() azcore.TokenCredential {
		c, err := azidentity.NewManagedIdentityCredential(nil)
		must(err)
		return c
	}
	newPipeline := func(c azcore.TokenCredential) runtime.Pipeline {
		auth := runtime.NewBearerTokenPolicy(c, []string{"https://service.example/.default"}, nil)
		return runtime.NewPipeline("finding", "v1", runtime.PipelineOptions{PerRetry: []policy.Policy{auth}},
			&policy.ClientOptions{Transport: service.Client(), Retry: policy.RetryOptions{MaxRetries: -1}})
	}
	ask := func(p runtime.Pipeline) int {
		req, err := runtime.NewRequest(context.Background(), http.MethodGet, service.URL)
		must(err)
		resp, err := p.Do(req)
		must(err)
		return resp.StatusCode
	}

	p := newPipeline(newCredential())
	fmt.Printf("before: status %d, tokens asked for: %d\n", ask(p), asked)
	revoked = true
	first, second := ask(p), ask(p)
	fmt.Printf("revoked, the same pipeline: status %d, then %d, tokens asked for: %d\n", first, second, asked)
	fresh := ask(newPipeline(newCredential()))
	fmt.Printf("revoked, a new credential and pipeline: status %d, tokens asked for: %d\n", fresh, asked)
	same := second == 401 && fresh == 401 && asked == 1

	got, err := newCredential().GetToken(context.Background(), policy.TokenRequestOptions{
		Scopes: []string{"https://service.example/.default"}, Claims: `{"access_token":{}}`, EnableCAE: true,
	})
	must(err)
	fmt.Printf("with claims: %s, tokens asked for: %d\n", got.Token, asked)
	if !same || got.Token != "token-2" || asked != 2 {
		fmt.Println("this has changed")
		os.Exit(1)
	}
	fmt.Println("as described: only a request with claims asked the endpoint again")
}
GO
{
	go mod init finding
	go get github.com/Azure/azure-sdk-for-go/sdk/azcore@v1.24.0 github.com/Azure/azure-sdk-for-go/sdk/azidentity@v1.15.0
	go mod tidy
} >setup.log 2>&1 || { cat setup.log; exit 2; }
echo "azidentity v1.15.0, azcore v1.24.0, $(go list -m github.com/AzureAD/microsoft-authentication-library-for-go)"
GOFLAGS=-mod=mod go run .
