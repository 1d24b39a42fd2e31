package enrich

// Filter selects the rows that rules can match, in terms that a source can put into a query: a row can match only if one of the
// needs is met. Rows that are selected may still match no rule. A filter without needs selects no row.
type Filter []Need

// Need is what one rule needs of a row: of each of its lists, at least one fact must be true. An empty Need is met by every row.
type Need [][]Fact

// Fact is a test of the text of one column; the text of a dynamic column is its JSON.
type Fact struct {
	Column string
	Equals string   // the text, exactly; counts when Has is empty
	Has    []string // these all stand in the text, whatever their case
}
