package rules

import (
	"bytes"
	"encoding/csv"
	"fmt"
)

// Techniques are the names of the ATT&CK techniques for clouds, and of all tactics, by id (https://attack.mitre.org). The error says
// that the program was built with a broken list.
func Techniques() (map[string]string, error) {
	data, err := FS.ReadFile("attack.csv")
	if err != nil {
		return nil, fmt.Errorf("read the names of techniques: %w", err)
	}
	records, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read the names of techniques: %w", err)
	}
	names := map[string]string{}
	for _, r := range records[1:] {
		names[r[0]] = r[1]
	}
	return names, nil
}
