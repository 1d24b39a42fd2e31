package event

import (
	"cmp"
	"slices"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// Table is what the variable event can be asked for in the rows of one Log Analytics table.
type Table struct {
	Name            string
	columns         []schema.Column
	index           map[string]int
	OperationColumn string // column
	Type            *celval.ObjectType
	actor           func(*Frame) *actor
	Success         func(*Frame) bool
	ReasonColumns   []string // columns with the text of a failure, best first
	// about are the columns that the helpers operation, actor, success, reason and correlation_id read.
	actorColumns, successColumns []string
	CorrelationColumn            string
}

// CustomSuffix ends the names of tables that a workspace's owner made.
// https://learn.microsoft.com/azure/azure-monitor/logs/create-custom-table
const CustomSuffix = "_CL"

// NewTable returns the table called name; false when neither riskrelay knows it nor its name is a custom table's.
func NewTable(name string, v *ViewTypes) (*Table, bool) {
	known, ok := schema.Lookup(name)
	if !ok && !strings.HasSuffix(name, CustomSuffix) {
		return nil, false
	}
	if !ok {
		known = customTable(name)
	}
	t := &Table{
		Name: name, columns: known.Columns, index: map[string]int{}, OperationColumn: known.OperationColumn,
		CorrelationColumn: known.CorrelationColumn, Type: celval.NewObjectType(name, "one row of the table "+name),
	}
	for i, c := range t.columns {
		t.index[c.Name] = i
		t.Type.Add(c.Name, t.columnField(i))
	}
	t.helpers(v)
	return t, true
}

// customTable has the columns that every table has.
func customTable(name string) schema.Table {
	t := schema.Table{Name: name, TimeColumn: "TimeGenerated"}
	for _, c := range []string{"TenantId", "TimeGenerated", "Type", "_ItemId", "_ResourceId", "_SubscriptionId"} {
		t.Columns = append(t.Columns, schema.Column{Name: c, Type: enrich.String})
	}
	t.Columns[1].Type = enrich.Datetime
	return t
}

func (t *Table) columnField(i int) celval.Field {
	return celval.Field{
		Type: celType(t.columns[i].Type), Doc: "column of type " + string(t.columns[i].Type), Columns: []string{t.columns[i].Name},
		Get:   func(of any) ref.Val { return of.(*Frame).cell(i) },
		IsSet: func(of any) bool { return of.(*Frame).raw(i) != nil },
	}
}

func celType(t enrich.Type) *types.Type {
	switch t {
	case enrich.Bool:
		return types.BoolType
	case enrich.Int, enrich.Long:
		return types.IntType
	case enrich.Real:
		return types.DoubleType
	case enrich.Datetime:
		return types.TimestampType
	case enrich.Dynamic:
		return types.DynType
	}
	return types.StringType
}

// helpers adds the fields that aren't columns.
func (t *Table) helpers(v *ViewTypes) {
	t.assign()
	add := func(name string, typ *types.Type, doc string, columns []string, get func(*Frame) ref.Val) {
		t.Type.Add(name, celval.Field{Doc: doc, Type: typ, Columns: columns, Get: func(of any) ref.Val { return get(of.(*Frame)) }})
	}
	addView := func(name string, typ *celval.ObjectType, columns []string, get func(*Frame) any) {
		add(name, typ.CEL, typ.Doc, columns, func(f *Frame) ref.Val { return celval.NewObject(typ, get(f)) })
	}
	add("table", types.StringType, "the table's name", nil, func(*Frame) ref.Val { return types.String(t.Name) })
	add("time", types.TimestampType, "when it happened", []string{"TimeGenerated"}, func(f *Frame) ref.Val {
		return decodeCell(f.raw(t.at("TimeGenerated")), enrich.Datetime)
	})
	add("operation", types.StringType, "what was done, folded: lower case, plain hyphens, single spaces", t.OperationColumns(),
		func(f *Frame) ref.Val { return types.String(f.Operation()) })
	add("success", types.BoolType, "it was done, not only tried", t.successColumns, func(f *Frame) ref.Val { return types.Bool(t.Success(f)) })
	add("reason", types.StringType, "the text of the failure", t.ReasonColumns, func(f *Frame) ref.Val { return types.String(f.reason()) })
	add("correlation_id", types.StringType, "joins the rows of one action", NonEmpty(t.CorrelationColumn),
		func(f *Frame) ref.Val { return types.String(f.text(t.CorrelationColumn)) })
	addView("actor", v.actor, t.actorColumns, func(f *Frame) any { return f.actor() })
	switch t.Name {
	case "AuditLogs":
		audited := []string{"TargetResources"}
		add("targets", types.NewListType(v.target.CEL), "all targets", audited, func(f *Frame) ref.Val { return targetList(v, f.targets()) })
		add("changes", types.NewListType(v.change.CEL), "all changed properties of all targets", audited, func(f *Frame) ref.Val {
			var all []change
			for _, t := range f.targets() {
				all = append(all, t.changes...)
			}
			return changeList(v.change, all)
		})
		addView("api", v.api, audited, func(f *Frame) any { return f.api() })
		addView("grant", v.grant, audited, func(f *Frame) any { return f.grant() })
		addView("consent", v.consent, []string{"TargetResources", "ResultReason", "ResultDescription"}, func(f *Frame) any { return f.consent() })
		addView("role", v.role, []string{"TargetResources", "AdditionalDetails", t.OperationColumn}, func(f *Frame) any { return f.role() })
	case "AzureActivity":
		addView("role", v.role, append([]string{"Properties", "Properties_d", "Authorization", "Authorization_d"}, t.OperationColumns()...),
			func(f *Frame) any { return f.role() })
	case "AzureDiagnostics", "AZKVAuditLogs":
		addView("vault", v.vault, t.successColumns, func(f *Frame) any { return f.vault() })
	}
}

func targetList(v *ViewTypes, targets []target) ref.Val {
	items := make([]ref.Val, len(targets))
	for i := range targets {
		items[i] = celval.NewObject(v.target, &targets[i])
	}
	return celval.NewList(items)
}

// at is the place of a column, -1 for none.
func (t *Table) at(column string) int {
	if i, ok := t.index[column]; ok {
		return i
	}
	return -1
}

// ColumnType is the type of a column; false when the table has none of the name.
func (t *Table) ColumnType(column string) (enrich.Type, bool) {
	i, ok := t.index[column]
	if !ok {
		return "", false
	}
	return t.columns[i].Type, true
}

// SeenAs reports whether the table has the column and expressions see it as kind.
func (t *Table) SeenAs(column string, kind types.Kind) bool {
	typ, ok := t.ColumnType(column)
	return ok && celType(typ).Kind() == kind
}

// oldOperation is the column with the localized name that AzureActivity had before OperationNameValue.
func (t *Table) oldOperation() string {
	if t.Name == "AzureActivity" {
		return "OperationName"
	}
	return ""
}

// OperationColumns are the columns that event.operation is read from, the better one first.
func (t *Table) OperationColumns() []string { return NonEmpty(t.OperationColumn, t.oldOperation()) }

// assign sets how the table tells who did it and whether it was done.
func (t *Table) assign() {
	t.actor = func(*Frame) *actor { return &actor{kind: "unknown"} }
	t.Success = func(*Frame) bool { return true }
	switch t.Name {
	case "AuditLogs":
		t.actor, t.actorColumns = auditActor, []string{"InitiatedBy"}
		t.Success, t.successColumns = auditSuccess, []string{"Result", "ResultType"}
		t.ReasonColumns = []string{"ResultReason", "ResultDescription"}
	case "SigninLogs", "AADNonInteractiveUserSignInLogs":
		t.actor, t.actorColumns = signinActor, []string{"UserId", "UserDisplayName", "UserPrincipalName", "AppId", "IPAddress"}
		t.signins()
	case "AADServicePrincipalSignInLogs", "AADManagedIdentitySignInLogs":
		t.actor, t.actorColumns = workloadActor, []string{"ServicePrincipalId", "ServicePrincipalName", "AppId", "IPAddress"}
		t.signins()
	case "AzureActivity":
		t.actor, t.actorColumns = activityActor, []string{"Caller", "CallerIpAddress", "Claims", "Claims_d"}
		t.Success, t.successColumns = activitySuccess, []string{"ActivityStatusValue", "ActivityStatus"}
		t.ReasonColumns = []string{"ActivitySubstatusValue", "ActivitySubstatus"}
	case "OfficeActivity":
		t.actor = officeActor
		t.actorColumns = []string{"UserId", "UserKey", "AppId", "ClientAppId", "ClientIP", "Client_IPAddress", "ActorIpAddress"}
		t.Success, t.successColumns = officeSuccess, []string{"ResultStatus"}
		t.ReasonColumns = []string{"ResultReasonType"}
	case "AzureDiagnostics", "AZKVAuditLogs":
		t.actor, t.actorColumns = vaultActor, t.vaultColumns("identity_claim_", "CallerIPAddress", "CallerIpAddress", "Identity")
		t.Success = func(f *Frame) bool { return !f.isVault() || !f.refused() }
		t.successColumns = t.vaultColumns("", "ResultType", "ResultSignature", "httpStatusCode_d", "HttpStatusCode", "id_s", "Id",
			"Resource", "_ResourceId", "requestUri_s", "RequestUri", "OperationName")
		t.ReasonColumns = []string{"ResultDescription", "ResultSignature"}
	}
}

// vaultColumns are those of the named columns that the table has, and all that begin with prefix.
func (t *Table) vaultColumns(prefix string, names ...string) []string {
	var out []string
	for _, c := range t.columns {
		shared := c.Name == "ResourceProvider" || c.Name == "AdditionalFields"
		if shared || slices.Contains(names, c.Name) || prefix != "" && strings.HasPrefix(c.Name, prefix) {
			out = append(out, c.Name)
		}
	}
	return out
}

func (t *Table) signins() {
	t.Success = func(f *Frame) bool { return string(plainCell(f.RawColumn("ResultType"))) == "0" }
	t.successColumns, t.ReasonColumns = []string{"ResultType"}, []string{"ResultDescription"}
}

func auditSuccess(f *Frame) bool {
	switch result := f.foldColumn("Result"); result {
	case "":
		resultType := f.foldColumn("ResultType")
		return resultType == "0" || resultType == "success"
	default:
		return result == "success"
	}
}

// activitySuccess compares by prefix: the word was Succeeded and is Success.
func activitySuccess(f *Frame) bool {
	return strings.HasPrefix(cmp.Or(f.foldColumn("ActivityStatusValue"), f.foldColumn("ActivityStatus")), "succe")
}

// officeSuccess takes records without a status, as SharePoint writes them, for done.
func officeSuccess(f *Frame) bool {
	status := f.foldColumn("ResultStatus")
	return status == "" || status == "true" || strings.HasPrefix(status, "succe")
}

// Certain reports whether every workspace with the table has the column as text or dynamic: columns of AzureDiagnostics
// whose names end with their type come with the first row that has them.
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/azurediagnostics
func (t *Table) Certain(column string) bool {
	i, ok := t.index[column]
	if !ok || t.columns[i].Type != enrich.String && t.columns[i].Type != enrich.Dynamic {
		return false
	}
	end := strings.LastIndexByte(column, '_')
	return t.Name != "AzureDiagnostics" || end <= 0 || len(column)-end != 2
}
