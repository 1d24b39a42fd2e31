package celrule

import (
	"cmp"
	"slices"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// table is what the variable event can be asked for in the rows of one Log Analytics table.
type table struct {
	name      string
	columns   []schema.Column
	index     map[string]int
	operation string // column
	typ       *objectType
	actor     func(*frame) *actor
	success   func(*frame) bool
	reason    []string // columns with the text of a failure, best first
	// about are the columns that the helpers operation, actor, success, reason and correlation_id read.
	actorColumns, successColumns []string
	correlation                  string
}

// customSuffix ends the names of tables that a workspace's owner made.
// https://learn.microsoft.com/azure/azure-monitor/logs/create-custom-table
const customSuffix = "_CL"

// newTable returns the table called name; false when neither riskrelay knows it nor its name is a custom table's.
func newTable(name string, v *viewTypes) (*table, bool) {
	known, ok := schema.Lookup(name)
	if !ok && !strings.HasSuffix(name, customSuffix) {
		return nil, false
	}
	if !ok {
		known = customTable(name)
	}
	t := &table{
		name: name, columns: known.Columns, index: map[string]int{}, operation: known.OperationColumn,
		correlation: known.CorrelationColumn, typ: newObjectType(name, "one row of the table "+name),
	}
	for i, c := range t.columns {
		t.index[c.Name] = i
		t.typ.add(c.Name, t.columnField(i))
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

func (t *table) columnField(i int) field {
	return field{
		typ: celType(t.columns[i].Type), doc: "column of type " + string(t.columns[i].Type), columns: []string{t.columns[i].Name},
		get: func(of any) ref.Val { return of.(*frame).cell(i) },
		set: func(of any) bool { return of.(*frame).raw(i) != nil },
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
func (t *table) helpers(v *viewTypes) {
	t.assign()
	add := func(name string, typ *types.Type, doc string, columns []string, get func(*frame) ref.Val) {
		t.typ.add(name, field{doc: doc, typ: typ, columns: columns, get: func(of any) ref.Val { return get(of.(*frame)) }})
	}
	addView := func(name string, typ *objectType, columns []string, get func(*frame) any) {
		add(name, typ.cel, typ.doc, columns, func(f *frame) ref.Val { return newObject(typ, get(f)) })
	}
	add("table", types.StringType, "the table's name", nil, func(*frame) ref.Val { return types.String(t.name) })
	add("time", types.TimestampType, "when it happened", []string{"TimeGenerated"}, func(f *frame) ref.Val {
		return decodeCell(f.raw(t.at("TimeGenerated")), enrich.Datetime)
	})
	add("operation", types.StringType, "what was done, folded: lower case, plain hyphens, single spaces", t.operationColumns(),
		func(f *frame) ref.Val { return types.String(f.operation()) })
	add("success", types.BoolType, "it was done, not only tried", t.successColumns, func(f *frame) ref.Val { return types.Bool(t.success(f)) })
	add("reason", types.StringType, "the text of the failure", t.reason, func(f *frame) ref.Val { return types.String(f.reason()) })
	add("correlation_id", types.StringType, "joins the rows of one action", nonEmpty(t.correlation),
		func(f *frame) ref.Val { return types.String(f.text(t.correlation)) })
	addView("actor", v.actor, t.actorColumns, func(f *frame) any { return f.actor() })
	switch t.name {
	case "AuditLogs":
		audited := []string{"TargetResources"}
		add("targets", types.NewListType(v.target.cel), "all targets", audited, func(f *frame) ref.Val { return targetList(v, f.targets()) })
		add("changes", types.NewListType(v.change.cel), "all changed properties of all targets", audited, func(f *frame) ref.Val {
			var all []change
			for _, t := range f.targets() {
				all = append(all, t.changes...)
			}
			return changeList(v.change, all)
		})
		addView("api", v.api, audited, func(f *frame) any { return f.api() })
		addView("grant", v.grant, audited, func(f *frame) any { return f.grant() })
		addView("consent", v.consent, []string{"TargetResources", "ResultReason", "ResultDescription"}, func(f *frame) any { return f.consent() })
		addView("role", v.role, []string{"TargetResources", "AdditionalDetails", t.operation}, func(f *frame) any { return f.role() })
	case "AzureActivity":
		addView("role", v.role, append([]string{"Properties", "Properties_d", "Authorization", "Authorization_d"}, t.operationColumns()...),
			func(f *frame) any { return f.role() })
	case "AzureDiagnostics", "AZKVAuditLogs":
		addView("vault", v.vault, t.successColumns, func(f *frame) any { return f.vault() })
	}
}

func targetList(v *viewTypes, targets []target) ref.Val {
	items := make([]ref.Val, len(targets))
	for i := range targets {
		items[i] = newObject(v.target, &targets[i])
	}
	return newList(items)
}

// at is the place of a column, -1 for none.
func (t *table) at(column string) int {
	if i, ok := t.index[column]; ok {
		return i
	}
	return -1
}

// columnType is the type of a column; false when the table has none of the name.
func (t *table) columnType(column string) (enrich.Type, bool) {
	i, ok := t.index[column]
	if !ok {
		return "", false
	}
	return t.columns[i].Type, true
}

// seenAs reports whether the table has the column and expressions see it as kind.
func (t *table) seenAs(column string, kind types.Kind) bool {
	typ, ok := t.columnType(column)
	return ok && celType(typ).Kind() == kind
}

func nonEmpty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(s string) bool { return s == "" })
}

// oldOperation is the column with the localized name that AzureActivity had before OperationNameValue.
func (t *table) oldOperation() string {
	if t.name == "AzureActivity" {
		return "OperationName"
	}
	return ""
}

func (t *table) operationColumns() []string { return nonEmpty(t.operation, t.oldOperation()) }

func (f *frame) operation() string {
	if !f.views.folded {
		f.views.operation, f.views.folded = f.foldColumn(f.table.operation), true
		if f.views.operation == "" {
			f.views.operation = f.foldColumn(f.table.oldOperation())
		}
	}
	return f.views.operation
}

// maxKept bounds the texts that are remembered.
const maxKept = 1 << 10

// foldColumn remembers what it folded, as the same few operations and results come again and again.
func (f *frame) foldColumn(name string) string {
	if name == "" {
		return ""
	}
	cell := f.rawColumn(name)
	if cell == nil {
		return ""
	}
	if len(cell) > maxKept {
		return fold(f.text(name))
	}
	folded, ok := f.known.folds[string(cell)]
	if !ok {
		folded = fold(textCell(cell))
		if len(f.known.folds) >= maxShapes {
			clear(f.known.folds)
		}
		f.known.folds[string(cell)] = folded
	}
	return folded
}

func (f *frame) reason() string {
	for _, column := range f.table.reason {
		if s := f.text(column); s != "" {
			return s
		}
	}
	return ""
}

// assign sets how the table tells who did it and whether it was done.
func (t *table) assign() {
	t.actor = func(*frame) *actor { return &actor{kind: "unknown"} }
	t.success = func(*frame) bool { return true }
	switch t.name {
	case "AuditLogs":
		t.actor, t.actorColumns = auditActor, []string{"InitiatedBy"}
		t.success, t.successColumns = auditSuccess, []string{"Result", "ResultType"}
		t.reason = []string{"ResultReason", "ResultDescription"}
	case "SigninLogs", "AADNonInteractiveUserSignInLogs":
		t.actor, t.actorColumns = signinActor, []string{"UserId", "UserDisplayName", "UserPrincipalName", "AppId", "IPAddress"}
		t.signins()
	case "AADServicePrincipalSignInLogs", "AADManagedIdentitySignInLogs":
		t.actor, t.actorColumns = workloadActor, []string{"ServicePrincipalId", "ServicePrincipalName", "AppId", "IPAddress"}
		t.signins()
	case "AzureActivity":
		t.actor, t.actorColumns = activityActor, []string{"Caller", "CallerIpAddress", "Claims", "Claims_d"}
		t.success, t.successColumns = activitySuccess, []string{"ActivityStatusValue", "ActivityStatus"}
		t.reason = []string{"ActivitySubstatusValue", "ActivitySubstatus"}
	case "OfficeActivity":
		t.actor = officeActor
		t.actorColumns = []string{"UserId", "UserKey", "AppId", "ClientAppId", "ClientIP", "Client_IPAddress", "ActorIpAddress"}
		t.success, t.successColumns = officeSuccess, []string{"ResultStatus"}
		t.reason = []string{"ResultReasonType"}
	case "AzureDiagnostics", "AZKVAuditLogs":
		t.actor, t.actorColumns = vaultActor, t.vaultColumns("identity_claim_", "CallerIPAddress", "CallerIpAddress", "Identity")
		t.success = func(f *frame) bool { return !f.isVault() || !f.refused() }
		t.successColumns = t.vaultColumns("", "ResultType", "ResultSignature", "httpStatusCode_d", "HttpStatusCode", "id_s", "Id",
			"Resource", "_ResourceId", "requestUri_s", "RequestUri", "OperationName")
		t.reason = []string{"ResultDescription", "ResultSignature"}
	}
}

// vaultColumns are those of the named columns that the table has, and all that begin with prefix.
func (t *table) vaultColumns(prefix string, names ...string) []string {
	var out []string
	for _, c := range t.columns {
		shared := c.Name == "ResourceProvider" || c.Name == "AdditionalFields"
		if shared || slices.Contains(names, c.Name) || prefix != "" && strings.HasPrefix(c.Name, prefix) {
			out = append(out, c.Name)
		}
	}
	return out
}

func (t *table) signins() {
	t.success = func(f *frame) bool { return string(plainCell(f.rawColumn("ResultType"))) == "0" }
	t.successColumns, t.reason = []string{"ResultType"}, []string{"ResultDescription"}
}

func auditSuccess(f *frame) bool {
	switch result := f.foldColumn("Result"); result {
	case "":
		resultType := f.foldColumn("ResultType")
		return resultType == "0" || resultType == "success"
	default:
		return result == "success"
	}
}

// activitySuccess compares by prefix: the word was Succeeded and is Success.
func activitySuccess(f *frame) bool {
	return strings.HasPrefix(cmp.Or(f.foldColumn("ActivityStatusValue"), f.foldColumn("ActivityStatus")), "succe")
}

// officeSuccess takes records without a status, as SharePoint writes them, for done.
func officeSuccess(f *frame) bool {
	status := f.foldColumn("ResultStatus")
	return status == "" || status == "true" || strings.HasPrefix(status, "succe")
}

// certain reports whether every workspace with the table has the column as text or dynamic: columns of AzureDiagnostics
// whose names end with their type come with the first row that has them.
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/azurediagnostics
func (t *table) certain(column string) bool {
	i, ok := t.index[column]
	if !ok || t.columns[i].Type != enrich.String && t.columns[i].Type != enrich.Dynamic {
		return false
	}
	end := strings.LastIndexByte(column, '_')
	return t.name != "AzureDiagnostics" || end <= 0 || len(column)-end != 2
}
