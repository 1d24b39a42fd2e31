package eventjson

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/riskrelay/riskrelay/enrich"
)

// omittedColumns is the column that counts those that were left out.
const omittedColumns = "columns_omitted"

// essential reports whether a column stays whatever the room is: what tells people and receivers when what happened.
func essential(column string) bool {
	switch column {
	case "TimeGenerated", "Type", "OperationName", "OperationNameValue", "Operation", "CorrelationId", omittedColumns:
		return true
	}
	return false
}

// dropColumns leaves columns out, the largest first, until excess bytes are saved, or as many as can be, and returns how many that are.
func dropColumns(e *enrich.Event, excess int) (saved int) {
	columns := e.Columns()
	if columns == nil {
		return 0
	}
	names, types, cells := split(&e.Row)
	order := make([]int, 0, len(names))
	for i, name := range names {
		if len(cells[i]) > 0 && !essential(name) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(fieldSize(names[b], cells[b]), fieldSize(names[a], cells[a])) })
	at, before := slices.Index(names, omittedColumns), 0
	if at < 0 {
		at = len(names)
		names, types, cells = append(names, omittedColumns), append(types, enrich.Int), append(cells, nil)
		saved = -fieldSize(omittedColumns, []byte("9999"))
	} else {
		before, _ = strconv.Atoi(string(cells[at])) // of an event that was shortened before; what is no number counts nothing
	}
	dropped := 0
	for ; dropped < len(order) && saved < excess; dropped++ {
		i := order[dropped]
		saved += fieldSize(names[i], cells[i])
		cells[i] = nil
	}
	if saved <= 0 {
		return 0
	}
	cells[at] = strconv.AppendInt(nil, int64(before+dropped), 10)
	e.Row = rebuild(enrich.NewColumns(names, types), cells)
	return saved
}

// split is a row's columns and cells, the cells as JSON, in slices of their own.
func split(r *enrich.Row) (names []string, types []enrich.Type, cells [][]byte) {
	columns := r.Columns()
	for i := range columns.Len() {
		names, types, cells = append(names, columns.Name(i)), append(types, columns.Type(i)), append(cells, r.JSON(i))
	}
	return names, types, cells
}

// fieldSize is at most how many bytes a member takes in an object.
func fieldSize(name string, cell []byte) int {
	return len(enrich.AppendString(nil, name)) + len(`:,`) + len(cell)
}
