package diag

// Code documents one problem code. Codes are permanent: one that isn't needed any more is never used for
// something else.
type Code struct {
	Code        string   `json:"code"`
	Severity    Severity `json:"severity"`
	Title       string   `json:"title"`
	Explanation string   `json:"explanation"` // why it is a problem
	Example     string   `json:"example"`     // what causes it, as in a rule file
	Fix         string   `json:"fix"`         // what to do
}
