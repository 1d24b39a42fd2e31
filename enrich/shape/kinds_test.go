package shape_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/riskrelay/riskrelay/enrich/shape"
)

func TestGraphObjects(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{
			"audit", `{"id":"Directory_1","category":"Policy","activityDateTime":"t","activityDisplayName":"Update policy","operationType":"Update","initiatedBy":{"user":null},"@odata.type":"#x","brandNew":1}`,
			`AuditLogs {"TimeGenerated":"t","OperationName":"Update policy","Id":"Directory_1","Category":"Policy","AADOperationType":"Update","ActivityDateTime":"t","ActivityDisplayName":"Update policy","InitiatedBy":{"user":null},"BrandNew":1}`,
		},
		{
			"sign-in", `{"id":"1","createdDateTime":"t","appId":"a","ipAddress":"203.0.113.9","userPrincipalName":"u","isInteractive":true,"status":{"errorCode":50126,"failureReason":"no"},"location":{"countryOrRegion":"DK"},"resourceId":"r"}`,
			`SigninLogs {"TimeGenerated":"t","ResultType":"50126","ResultDescription":"no","Location":"DK","Id":"1","ResourceIdentity":"r","LocationDetails":{"countryOrRegion":"DK"},"AppId":"a","CreatedDateTime":"t","IPAddress":"203.0.113.9","IsInteractive":true,"Status":{"errorCode":50126,"failureReason":"no"},"UserPrincipalName":"u"}`,
		},
		{"not interactive", `{"createdDateTime":"t","appId":"a","ipAddress":"i","userPrincipalName":"u","isInteractive":false}`, "AADNonInteractiveUserSignInLogs {"},
		{"of an application", `{"createdDateTime":"t","appId":"a","ipAddress":"i","userPrincipalName":null,"isInteractive":false}`, "AADServicePrincipalSignInLogs {"},
		{"of an identity", `{"createdDateTime":"t","appId":"a","ipAddress":"i","userPrincipalName":"","signInEventTypes":["managedIdentity"]}`, "AADManagedIdentitySignInLogs {"},
		{
			"application, without secrets", `{"id":"o","appId":"a","displayName":"x","passwordCredentials":[{"hint":"abc","secretText":"s3cr","keyId":"k"},{"hint":null}],"keyCredentials":[{"key":"TUlJ","keyId":"key"}]}`,
			`GraphApplications {"appId":"a","displayName":"x","id":"o","keyCredentials":[{"key":null  ,"keyId":"key"}],"passwordCredentials":[{"hint":null ,"secretText":null  ,"keyId":"k"},{"hint":null}]}`,
		},
	} {
		kind, lines, err := rows(strings.NewReader(c.text), shape.Options{})
		if err != nil || kind != shape.Graph || len(lines) != 1 || !strings.HasPrefix(lines[0], "1 "+c.want) {
			t.Errorf("%s: %s, %v\ngot  %s\nwant %s", c.name, kind, err, lines, c.want)
		}
	}
}

func TestUnifiedAudit(t *testing.T) {
	const record = `{"CreationTime":"2026-09-08T10:00:00","Id":"i","Operation":"FileAccessed","OrganizationId":"o","RecordType":6,"UserType":2,"Workload":"SharePoint","ObjectId":"u","UserId":"a","ClientIP":"203.0.113.9","SiteUrl":"s","LogonType":0,"AppAccessContext":{"a":1},"ModifiedProperties":[{"Name":"n"}],"Unknown":5}`
	const want = `OfficeActivity {"TimeGenerated":"2026-09-08T10:00:00","OfficeId":"i","OfficeWorkload":"SharePoint","OfficeObjectId":"u","Site_Url":"s","Logon_Type":"Owner","AppAccessContext":{"a":1},"ClientIP":"203.0.113.9",` +
		`"ModifiedProperties":"[{\"Name\":\"n\"}]","Operation":"FileAccessed","OrganizationId":"o","RecordType":"SharePointFileOperation","UserId":"a","UserType":"Admin","Unknown":5}`
	quoted := strings.ReplaceAll(record, `"`, `""`)
	escaped := strings.ReplaceAll(record, `"`, `\"`)
	for name, text := range map[string]string{
		"management API": "[" + record + "]", "a line": record + "\n",
		"Search-UnifiedAuditLog": `[{"RecordType":"SharePointFileOperation","UserIds":"a","AuditData":"` + escaped + `","ResultIndex":1}]`,
		"Purview":                "RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits\r\ni,2026-09-08T10:00:00,6,FileAccessed,a,\"" + quoted + "\",\r\n",
	} {
		_, lines, err := rows(strings.NewReader(text), shape.Options{})
		if err != nil || len(lines) != 1 || lines[0][strings.IndexByte(lines[0], ' ')+1:] != want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", name, err, lines, want)
		}
	}
}

func TestPortalCSV(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{
			"audits", "\uFEFFDate (UTC),CorrelationId,Service,Category,Activity,Result,ResultReason,ActorType,ActorDisplayName,ActorObjectId,ActorUserPrincipalName,IPAddress,ActorServicePrincipalId," +
				"Target1Type,Target1DisplayName,Target1ModifiedProperty1Name,Target1ModifiedProperty1OldValue,Target1ModifiedProperty1NewValue,Target2Type,Target2ObjectId,AdditionalDetail1Key,AdditionalDetail1Value,AdditionalDetail6Key\n" +
				"2026-09-08T10:00:00Z,c,Core Directory,ApplicationManagement,Update application – Certificates and secrets management ,Success,,User,Ann,1,ann@contoso.example,203.0.113.9,," +
				`Application,x,KeyDescription,[],"[""a""]",,,User-Agent,Mozilla,` + "\n" +
				"2026-09-08T10:00:01Z,c,Core Directory,Policy,Update policy,Success,,Application,Bot,,,,2,,,,,,Policy,p,,,More\n",
			`[2 AuditLogs {"TimeGenerated":"2026-09-08T10:00:00Z","ActivityDateTime":"2026-09-08T10:00:00Z","CorrelationId":"c","LoggedByService":"Core Directory","Category":"ApplicationManagement",` +
				`"OperationName":"Update application – Certificates and secrets management ","ActivityDisplayName":"Update application – Certificates and secrets management ","Result":"Success",` +
				`"InitiatedBy":{"user":{"displayName":"Ann","id":"1","userPrincipalName":"ann@contoso.example","ipAddress":"203.0.113.9"}},` +
				`"TargetResources":[{"type":"Application","displayName":"x","modifiedProperties":[{"displayName":"KeyDescription","oldValue":"[]","newValue":"[\"a\"]"}]}],"AdditionalDetails":[{"key":"User-Agent","value":"Mozilla"}]}` +
				` 3 AuditLogs {"TimeGenerated":"2026-09-08T10:00:01Z","ActivityDateTime":"2026-09-08T10:00:01Z","CorrelationId":"c","LoggedByService":"Core Directory","Category":"Policy","OperationName":"Update policy","ActivityDisplayName":"Update policy",` +
				`"Result":"Success","InitiatedBy":{"app":{"displayName":"Bot","servicePrincipalId":"2"}},"TargetResources":[{"type":"Policy","id":"p"}],"AdditionalDetails":[{"key":"More"}],"may_be_cut":true}]`,
		},
		{
			"sign-ins", "Date (UTC),Request ID,User ID,User,Username,Incoming token type,Application ID ,Location,Status,Sign-in error code,Failure reason,Compliant,Autonomous system  number,Incoming token type,Conditional Access\n" +
				`"2026-09-08T10:00:00Z",r,u,Ann,ann@contoso.example,none,a,"Aarhus, Midtjylland, DK",Failure,50126,Wrong.,Yes,64500,,Not Applied` + "\n",
			"", // its parts are looked at below
		},
		{"applications", "Date (UTC),Request ID,Service principal ID,Resource ID ,Location\nt,r,s,x,\n", `[2 AADServicePrincipalSignInLogs {"TimeGenerated":"t","CreatedDateTime":"t","Id":"r","ServicePrincipalId":"s","ResourceIdentity":"x"}]`},
		{"identities", "Date (UTC),Request ID,Service principal ID,Managed Identity type\nt,r,s,systemAssigned\n", `[2 AADManagedIdentitySignInLogs {"TimeGenerated":"t","CreatedDateTime":"t","Id":"r","ServicePrincipalId":"s","ManagedServiceIdentity":{"msiType":"systemAssigned"}}]`},
	} {
		kind, lines, err := rows(strings.NewReader(c.text), shape.Options{})
		got := fmt.Sprint(lines)
		if c.name == "sign-ins" {
			for _, want := range []string{
				"[2 SigninLogs {", `"TimeGenerated":"2026-09-08T10:00:00Z"`, `"UserDisplayName":"Ann"`, `"IncomingTokenType":"none"`, `"AppId":"a"`, `"LocationDetails":{"city":"Aarhus","state":"Midtjylland","countryOrRegion":"DK"}`, `"Location":"DK"`,
				`"ResultType":"50126"`, `"Status":{"errorCode":50126,"failureReason":"Wrong."}`, `"DeviceDetail":{"isCompliant":true}`, `"AutonomousSystemNumber":"64500"`, `"ConditionalAccessStatus":"notApplied"`,
			} {
				if !strings.Contains(got, want) {
					t.Errorf("%s: no %s in %s", c.name, want, got)
				}
			}
			_, other, err := rows(strings.NewReader(c.text), shape.Options{Name: "NonInteractiveSignIns_2026-09-08.csv"})
			if err != nil || len(other) != 1 || !strings.HasPrefix(other[0], "2 AADNonInteractiveUserSignInLogs {") {
				t.Errorf("by the file's name: %v, %v", other, err)
			}
			continue
		}
		if err != nil || kind != shape.EntraCSV || got != c.want {
			t.Errorf("%s: %s, %v\ngot  %s\nwant %s", c.name, kind, err, got, c.want)
		}
	}
}

// TestKindsAreDescribed holds that each kind says what it is, and that no other does.
func TestKindsAreDescribed(t *testing.T) {
	for _, k := range shape.Kinds() {
		if k.About() == "" {
			t.Errorf("%s says nothing", k)
		}
	}
	if shape.Kind("other").About() != "" {
		t.Error("a kind that there isn't says what it is")
	}
}

// fuzz is what all fuzz targets of readers do: a text gives the same rows however it reaches the reader, in any packing, and nothing
// else happens.
func fuzz(f *testing.F, kind shape.Kind, seeds ...string) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o := shape.Options{Kind: kind, Limits: shape.Limits{Record: 4 << 10, Files: 10}}
		_, want, wantErr := rows(strings.NewReader(text), o)
		for name, r := range map[string]func() (shape.Kind, []string, error){
			"by bytes": func() (shape.Kind, []string, error) { return rows(iotest.OneByteReader(strings.NewReader(text)), o) },
			"gzip":     func() (shape.Kind, []string, error) { return rows(bytes.NewReader(gzipped(t, text)), o) },
		} {
			if strings.HasPrefix(text, "\x1f\x8b") || strings.HasPrefix(text, "PK") {
				continue // packed twice is unknown
			}
			if _, got, err := r(); fmt.Sprint(got) != fmt.Sprint(want) || (err == nil) != (wantErr == nil) {
				t.Errorf("%s: %q, %v\nwant %q, %v", name, got, err, want, wantErr)
			}
		}
	})
}

const (
	fuzzAudit  = `{"activityDateTime":"t","activityDisplayName":"a","targetResources":[{"modifiedProperties":[]}]}`
	fuzzSignIn = `{"createdDateTime":"t","appId":"a","ipAddress":"i","status":{"errorCode":1},"location":{}}`
	fuzzRecord = `{"time":"t","category":"AuditLogs","properties":{"id":"i"}}`
	fuzzOffice = `{"CreationTime":"t","Operation":"o","Workload":"w","UserType":2}`
)

func FuzzAnything(f *testing.F) {
	fuzz(f, "", oneRow, "["+oneRow+"]", oneRow+"\n"+oneRow, fuzzAudit, `{"value":[`+fuzzSignIn+`]}`, `{"records":[`+fuzzRecord+`]}`, fuzzOffice, "Type,A\nAuditLogs,1", "\uFEFF"+oneRow, string(utf16Text([]byte(oneRow), binary.LittleEndian, true)), "PK\x05\x06", "\x1f\x8b", "x")
}

func FuzzRows(f *testing.F) {
	fuzz(f, shape.Rows, oneRow, "["+oneRow+","+oneRow+"]", oneRow+"\r\n"+oneRow)
}

func FuzzGraph(f *testing.F) {
	fuzz(f, shape.Graph, fuzzAudit, `{"value":[`+fuzzSignIn+"]}", `{"appId":"a","passwordCredentials":[{"hint":"x"}],"keyCredentials":[]}`)
}

func FuzzRecords(f *testing.F) {
	fuzz(f, shape.Records, fuzzRecord, `{"records":[`+fuzzRecord+`]}{"records":[]}`)
}
func FuzzOffice(f *testing.F) { fuzz(f, shape.Office, fuzzOffice, "["+fuzzOffice+"]") }
func FuzzQuery(f *testing.F) {
	fuzz(f, shape.Query, `{"tables":[{"columns":[{"name":"Type","type":"string"}],"rows":[["AuditLogs"],[null]]}]}`)
}

func FuzzRowsCSV(f *testing.F) {
	fuzz(f, shape.RowsCSV, "Type,TimeGenerated [UTC],A\nAuditLogs,t,\"a\"\"\nb\"")
}

func FuzzOfficeCSV(f *testing.F) {
	fuzz(f, shape.OfficeCSV, "AuditData\n\"{\"\"CreationTime\"\":1,\"\"Operation\"\":2,\"\"Workload\"\":3}\"")
}

func FuzzEntraCSV(f *testing.F) {
	fuzz(f, shape.EntraCSV, "Date (UTC),Activity,ActorType,Target1Type,Target2ModifiedProperty5Name\nt,a,User,x,y", "Date (UTC),Request ID,Service principal ID,Location\nt,r,s,\"a, b, c\"")
}
