package enrich

// Filter tells which rows may matter to some rules, in words that a source can hand to a service: a row matters only when
// one of the needs holds. Rows that fit may matter to nobody all the same. No needs at all means that no row matters.
type Filter []Need

// Need are facts about a row: of each list, one must hold.
type Need [][]Fact

// Fact is about the text of one column; a dynamic column's text is its JSON.
type Fact struct {
	Column string
	Equals string   // the text, exactly; counts when Has is empty
	Has    []string // these all stand in the text, whatever their case
}
