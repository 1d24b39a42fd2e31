package event

import (
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
	Name    string
	Type    *celval.ObjectType
	columns []schema.Column
	index   map[string]int
	guessed bool // a workspace may lack columns; see schema.Table
	special special
	methods []Function
	views   *ViewTypes

	OperationColumn, CorrelationColumn string // "" for none
	// Untyped says that Azure may have the table, but nobody told riskrelay its columns.
	Untyped bool
}

// CustomSuffix ends the names of tables that a workspace's owner made.
// https://learn.microsoft.com/azure/azure-monitor/logs/create-custom-table
const CustomSuffix = "_CL"

// NewTable returns the table called name; false when neither riskrelay knows it nor its name is a custom table's. A copy of another
// table is none: its rows are judged as that one's.
func NewTable(name string, v *ViewTypes) (*Table, bool) {
	known, ok := schema.Lookup(name)
	switch {
	case ok && known.Name == name:
		return newTable(known, v), true
	case !ok && strings.HasSuffix(name, CustomSuffix):
		return newTable(customTable(name), v), true
	}
	return nil, false
}

// NewOpenTable returns a table whose columns nobody knows: rules ask for event.column.
func NewOpenTable(name string, v *ViewTypes) *Table {
	t := newTable(customTable(name), v)
	t.Untyped = true
	return t
}

func newTable(known schema.Table, v *ViewTypes) *Table {
	name := known.Name
	t := &Table{
		Name: name, columns: known.Columns, index: map[string]int{}, OperationColumn: known.OperationColumn,
		CorrelationColumn: known.CorrelationColumn, Type: celval.NewObjectType(name, "one row of the table "+name),
	}
	for i, c := range t.columns {
		t.index[c.Name] = i
		t.Type.Add(c.Name, t.columnField(i))
	}
	t.guessed, t.special, t.views = known.Guessed, specialOf(name), v
	t.methods = t.functions(v)
	t.addFields(v)
	return t
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
	typ := celType(t.columns[i].Type)
	return celval.Field{
		Type: typ, Doc: "column of type " + string(t.columns[i].Type), Columns: []string{t.columns[i].Name},
		Copied: typ == types.StringType || typ == types.DynType,
		Get:    func(of any) ref.Val { return of.(*Frame).cell(i) },
		IsSet:  func(of any) bool { return t.isSet(of.(*Frame), i) },
	}
}

// isSet is has() for column i: a cell that can't be a text isn't there either when its text stands for nothing.
func (t *Table) isSet(f *Frame, i int) bool {
	cell := f.raw(i)
	return cell != nil && (celType(t.columns[i].Type) == types.StringType || !isNothing(cell))
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

// addFields adds the fields that aren't columns.
func (t *Table) addFields(v *ViewTypes) {
	add := func(name string, typ *types.Type, doc string, columns []string, get func(*Frame) ref.Val) {
		t.Type.Add(name, celval.Field{Doc: doc, Type: typ, Columns: columns, Get: func(of any) ref.Val { return get(of.(*Frame)) }})
	}
	addView := func(name string, typ *celval.ObjectType, columns []string, read func(*Frame) any) {
		add(name, typ.CEL, typ.Doc, columns, func(f *Frame) ref.Val { return celval.NewObject(typ, read(f)) })
	}
	add("table", types.StringType, "the table's name", nil, func(*Frame) ref.Val { return types.String(t.Name) })
	add("time", types.TimestampType, "when it happened", []string{TimeColumn}, (*Frame).time)
	add("operation", types.StringType, "what was done, folded: lower case, plain hyphens, single spaces", t.OperationColumns(),
		func(f *Frame) ref.Val { return types.String(f.Operation()) })
	add("success", types.BoolType, "it was done, not only tried", t.own(t.special.done.columns), func(f *Frame) ref.Val { return types.Bool(f.Success()) })
	if failed := t.special.done.failed; failed != nil {
		add("failed", types.BoolType, "it was tried and not done; the record of a start is neither done nor failed", t.own(t.special.done.columns),
			func(f *Frame) ref.Val { return types.Bool(failed(f)) })
	}
	add("reason", types.StringType, "the text of the failure", t.special.reason, func(f *Frame) ref.Val { return types.String(f.reason()) })
	add("correlation_id", types.StringType, "joins the rows of one action", NonEmpty(t.CorrelationColumn),
		func(f *Frame) ref.Val { return types.String(f.text(t.CorrelationColumn)) })
	addView("actor", v.actor, t.own(t.special.who.texts, t.special.who.others), func(f *Frame) any { return f.actor() })
	if t.special.audited {
		audited := []string{TargetsColumn}
		add("targets", types.NewListType(v.target.CEL), "all targets", audited, func(f *Frame) ref.Val { return targetList(v, f.targets()) })
		add("changes", types.NewListType(v.change.CEL), "all changed properties of all targets", audited, func(f *Frame) ref.Val { return changeList(v.change, f.changes()) })
	}
	for _, one := range t.special.views {
		addView(one.name, v.named(one.name), t.own(one.columns()), one.read)
	}
	for _, name := range []string{"reason", "targets", "changes"} {
		if f, ok := t.Type.Fields[name]; ok {
			f.Copied = true
			t.Type.Fields[name] = f
		}
	}
}

// own are the columns that the table has, each once, sorted. What rules read of others isn't there in rows of the service.
func (t *Table) own(columns ...[]string) []string {
	all := slices.Concat(columns...)
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(c string) bool { return t.at(c) < 0 })
}

// columns are all that the fields are read from.
func (v *view) columns() (all []string) {
	for _, s := range v.fields {
		all = append(append(all, s.Texts...), s.Others...)
	}
	return all
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

// OperationColumns are the columns that event.operation is read from, the better one first.
func (t *Table) OperationColumns() []string {
	return NonEmpty(t.OperationColumn, t.special.olderOperation)
}

// HasView reports whether rules can ask event.NAME for fields that are put together from several properties. The actor isn't
// among these views.
func (t *Table) HasView(name string) bool { return t.view(name) != nil }

// Source is what the field of a view is read from.
func (t *Table) Source(name, field string) Source {
	if v := t.view(name); v != nil {
		return v.fields[field]
	}
	return Source{}
}

func (t *Table) view(name string) *view {
	for i := range t.special.views {
		if t.special.views[i].name == name {
			return &t.special.views[i]
		}
	}
	return nil
}

// CopiedField reports whether the texts in a field of a type of views, such as Target, stand as they are where the value itself
// is read from.
func (t *Table) CopiedField(typ, field string) bool {
	owner, ok := t.views.byName[typ]
	return ok && owner.Fields[field].Copied
}

// ActorSources are the columns in one of which the texts of the actor's fields stand as they are, up to case and escapes.
func (t *Table) ActorSources() []string { return slices.Sorted(slices.Values(t.special.who.texts)) }

// ActorColumn is the column whose text a field of event.actor is, "" when it is more than that.
func (t *Table) ActorColumn(field string) string { return t.special.who.same[field] }

// Sources are the columns in one of which every text of a field of event itself stands as it is, up to case and escapes; nil
// when it may have others.
func (t *Table) Sources(field string) []string {
	if f := t.Type.Fields[field]; f.Copied {
		return f.Columns
	}
	return nil
}

// MethodSources is Sources for what a method of event returns.
func (t *Table) MethodSources(method string) []string {
	for _, f := range t.methods {
		if f.Name == method && f.Copied {
			return f.Columns
		}
	}
	return nil
}

// Certain reports whether every workspace with the table has the column as text or dynamic: columns of a guessed table
// whose names end with their type come with the first row that has them.
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/azurediagnostics
func (t *Table) Certain(column string) bool {
	i, ok := t.index[column]
	if !ok || t.columns[i].Type != enrich.String && t.columns[i].Type != enrich.Dynamic {
		return false
	}
	end := strings.LastIndexByte(column, '_')
	return !t.guessed || end <= 0 || len(column)-end != 2
}

// TimeColumn is the column with the time of an event, in every table.
const TimeColumn = "TimeGenerated"
