package enrich

// CutColumn is the column that says, when it is true, that the tool that wrote the row may have left some of its lists out: the Entra
// portal's CSV has room for three targets, five changes of each, and six details.
const CutColumn = "may_be_cut"

// CutLists are the columns whose lists may be cut then.
func CutLists() []string { return []string{"TargetResources", "AdditionalDetails"} }

// MayBeCut reports whether the row says that its lists may be cut.
func (r *Row) MayBeCut() bool {
	cell := r.Lookup(CutColumn)
	return len(cell) > 0 && cell[0] == 't'
}
