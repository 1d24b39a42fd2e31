package secret_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/riskrelay/riskrelay/host/secret"
)

// A keeper reads secrets from files that only their owner may read, and takes them out of what others say.
func ExampleKeeper() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "token")
	if err := os.WriteFile(path, []byte("an-invented-token\n"), 0o600); err != nil {
		log.Fatal(err)
	}
	keeper := secret.NewKeeper()
	if _, err := keeper.File("sinks.splunk_hec.token_file", path, nil).Get(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(keeper.Clean("403 Forbidden: token an-invented-token is disabled"))
	// Output:
	// 403 Forbidden: token *** is disabled
}
