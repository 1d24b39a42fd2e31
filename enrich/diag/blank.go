package diag

import "strings"

// maxBlank bounds empty lines in a row: behind a block scalar (| and >) the scanner copies the whole scalar for each.
const maxBlank = 100

// blankRun returns the line, counted from 1, at which there are more than maxBlank empty lines in a row, 0 when there are
// never so many. Lines end with LF, CR or both; white space is nothing.
func blankRun(text string) int {
	line, run := 1, 0
	for i := range len(text) {
		switch text[i] {
		case '\r':
			if strings.HasPrefix(text[i+1:], "\n") {
				continue
			}
			fallthrough
		case '\n':
			line++
			if run++; run > maxBlank+1 { // the first ends a line that isn't empty
				return line
			}
		case ' ', '\t':
		default:
			run = 0
		}
	}
	return 0
}
