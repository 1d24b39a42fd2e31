package event

import (
	"bytes"
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// vault is one view over the Key Vault rows of AzureDiagnostics and of AZKVAuditLogs.
// https://learn.microsoft.com/azure/key-vault/general/logging
type vault struct {
	present   bool
	name      string
	class     string
	object    string
	failed    bool
	status    int
	signature string
}

func (f *Frame) vault() *vault {
	if f.views.vault == nil {
		f.views.vault = f.decodeVault()
	}
	return f.views.vault
}

// providerColumn tells which service a row of AzureDiagnostics is of.
const providerColumn = "ResourceProvider"

// isVault tells Key Vault's rows from those of all other services that share AzureDiagnostics.
func (f *Frame) isVault() bool {
	column := f.Table.special.provider
	return column == "" || bytes.EqualFold(plainCell(f.RawColumn(column)), []byte("MICROSOFT.KEYVAULT"))
}

func (f *Frame) decodeVault() *vault {
	if !f.isVault() {
		return &vault{class: "other"}
	}
	v := &vault{
		present: true, class: schema.VaultClass(f.Operation()), signature: f.text("ResultSignature"),
		object: cmp.Or(f.vaultText("id_s"), f.text("Id")),
	}
	v.status, v.failed = f.vaultStatus(), f.refused()
	request := cmp.Or(f.vaultText("requestUri_s"), f.text("RequestUri"))
	v.name = strings.ToLower(cmp.Or(f.text("Resource"), lastSegment(f.text("_ResourceId")), firstLabel(v.object), firstLabel(request)))
	return v
}

// refused reports whether the vault refused what a row of it tells. It is asked more often than the rest of the view, and
// costs less.
func (f *Frame) refused() bool {
	return f.vaultStatus() >= 400 || failedSignature(f.foldColumn("ResultSignature")) || strings.HasPrefix(f.foldColumn("ResultType"), "fail")
}

func (f *Frame) vaultStatus() int {
	cell := f.RawColumn("httpStatusCode_d")
	if isNothing(cell) {
		if cell = []byte(f.vaultText("httpStatusCode_d")); len(cell) == 0 {
			cell = f.RawColumn("HttpStatusCode")
		}
	}
	return int(WholeCell(cell))
}

// failedSignature reads ResultSignature, the words of an HTTP status. ResultType says "Success" even for refused
// requests. The signature is folded.
func failedSignature(folded string) bool {
	switch folded {
	case "", "ok", "accepted", "created", "no content", "none", "success", "succeeded":
		return false
	}
	return true
}

// overflowColumn is where the service puts columns of AzureDiagnostics beyond the 500th.
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/azurediagnostics#additionalfields-column
const overflowColumn = "AdditionalFields"

// vaultText is a column of AzureDiagnostics. Where a workspace has too many columns the service puts rare ones into
// AdditionalFields.
func (f *Frame) vaultText(name string) string {
	column := f.Table.special.overflow
	if s := f.text(name); s != "" || column == "" {
		return s
	}
	if f.RawColumn(column) == nil {
		return ""
	}
	if f.views.overflow == nil {
		f.views.overflow = f.jsonColumn(column)
	}
	return knownMember(f.views.overflow, name)
}

func lastSegment(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// firstLabel is "kv" of https://kv.vault.azure.net/secrets/x, "" for addresses that no vault has: names of vaults are letters,
// digits and hyphens, and what is percent-encoded in a host is none of these.
// https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftkeyvault
func firstLabel(address string) string {
	u, err := url.Parse(address)
	if err != nil || strings.Contains(u.Host, "[") || !IsASCII([]byte(u.Host)) {
		return ""
	}
	label, _, _ := strings.Cut(u.Hostname(), ".")
	return label
}

// vaultSuccess says of rows of other services that they were done.
func vaultSuccess(f *Frame) bool { return !f.isVault() || !f.refused() }

// diagnosticsActor reads the claims of a Key Vault row of AzureDiagnostics.
func diagnosticsActor(f *Frame) *actor {
	if !f.isVault() {
		return (&actor{ip: f.text("CallerIPAddress")}).known("unknown")
	}
	return f.vaultActor(f.flatClaims())
}

// vaultLogActor reads the claims of a row of AZKVAuditLogs.
func vaultLogActor(f *Frame) *actor {
	return f.vaultActor(celval.Member(f.jsonColumn("Identity"), "claim"))
}

func (f *Frame) vaultActor(claims ref.Val) *actor {
	a := claimedActor(claims)
	a.ip = cmp.Or(f.text("CallerIPAddress"), f.text("CallerIpAddress"), a.ip)
	return a.known(a.kindOfClaims(claims)).with(a.appID)
}

// flatClaims collects the claims that AzureDiagnostics spreads over columns. The service guesses a column's type, and
// with it the end of its name, from the first values it sees.
func (f *Frame) flatClaims() ref.Val {
	claims := &celval.Map{}
	for name, columns := range claimColumns() {
		for _, column := range columns {
			if s := f.vaultText(column); s != "" {
				claims.Set(name, types.String(s))
				break
			}
		}
	}
	return claims
}

// claimColumns are the columns of AzureDiagnostics by the claim that they hold, the better one first.
func claimColumns() map[string][]string {
	const (
		prefix    = "identity_claim_"
		microsoft = prefix + "http_schemas_microsoft_com_identity_claims_"
		xmlsoap   = prefix + "http_schemas_xmlsoap_org_ws_2005_05_identity_claims_"
	)
	return map[string][]string{
		"oid":         {prefix + "oid_g", prefix + "oid_s"},
		"appid":       {prefix + "appid_g", prefix + "appid_s"},
		"upn":         {prefix + "upn_s"},
		"unique_name": {prefix + "unique_name_s"},
		"scp":         {prefix + "scp_s"},
		"ipaddr":      {prefix + "ipaddr_s"},
		"idtyp":       {prefix + "idtyp_s"},
		"xms_mirid":   {prefix + "xms_mirid_s"},
		claimObjectID: {microsoft + "objectidentifier_g", microsoft + "objectidentifier_s"},
		claimUPN:      {xmlsoap + "upn_s"},
		claimName:     {xmlsoap + "name_s"},
		claimScope:    {microsoft + "scope_s"},
	}
}

// allClaimColumns are the columns of claimColumns, sorted.
func allClaimColumns() (all []string) {
	for _, columns := range claimColumns() {
		all = append(all, columns...)
	}
	return slices.Sorted(slices.Values(all))
}
