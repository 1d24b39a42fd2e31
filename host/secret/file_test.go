package secret_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/inputfile"
	"github.com/riskrelay/riskrelay/host/ownership"
	"github.com/riskrelay/riskrelay/host/secret"
)

func write(t *testing.T, path, text string, mode fs.FileMode) string {
	t.Helper()
	_ = os.Remove(path) // one that nobody may write to can be replaced
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask says
		t.Fatal(err)
	}
	return path
}

func TestFile(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "token"), " fake-secret-one\r\n", 0o600)
	k := secret.NewKeeper()
	f := k.File("token_file", path, nil)
	if got, err := f.Get(); err != nil || got != "fake-secret-one" {
		t.Errorf("got %q, %v", got, err)
	}
	if changed, err := f.Reread("fake-secret-one"); changed || err != nil {
		t.Errorf("an unchanged secret: %v, %v", changed, err)
	}
	write(t, path, "fake-secret-two!", 0o600)
	if got, err := f.Get(); err != nil || got != "fake-secret-two!" {
		t.Errorf("after a change: %q, %v", got, err)
	}
	if got := k.Clean("fake-secret-one, fake-secret-two!"); got != "***, ***" {
		t.Errorf("the keeper leaves %q", got)
	}
	var none *secret.Keeper
	if got, err := none.File("token_file", path, nil).Get(); err != nil || got != "fake-secret-two!" {
		t.Errorf("without a keeper: %q, %v", got, err)
	}
}

func TestFilePart(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "auth"), "relay:fake-password", 0o600)
	k := secret.NewKeeper()
	part := func(content string) (string, error) {
		_, password, ok := strings.Cut(content, ":")
		if !ok {
			return "", errors.New("must hold user:password")
		}
		return password, nil
	}
	f := k.File("proxy_auth_file", path, part)
	if got, err := f.Get(); err != nil || got != "relay:fake-password" {
		t.Errorf("got %q, %v", got, err)
	}
	if got := k.Clean("relay fake-password"); got != "relay ***" {
		t.Errorf("the keeper leaves %q", got)
	}
	for content, want := range map[string]string{
		"fake-password": "proxy_auth_file: " + path + " must hold user:password", "relay:fake": "less than 8 bytes",
	} {
		write(t, path, content, 0o600)
		if _, err := f.Get(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "fake") {
			t.Errorf("%s: %v, want %q", content, err, want)
		}
	}
}

// TestFileRefuses holds that an error names the key and the file, says what to do, and never holds the content.
func TestFileRefuses(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	tests := []struct {
		name, content string
		mode          fs.FileMode
		is            error
		want          string
	}{
		{"short", "fake-12", 0o600, nil, "holds a secret of less than 8 bytes"},
		{"empty", " \n", 0o600, nil, "is empty: write the secret into it"},
		{"large", strings.Repeat("fake", 64<<10), 0o600, inputfile.TooLargeError{Max: 64 << 10}, "larger than"},
		{"group", "fake-secret", 0o640, nil, "can be read by the group "},
		{"others", "fake-secret", 0o604, nil, "can be read by every user (mode 0604, "},
		{"absent", "", 0, fs.ErrNotExist, at("absent") + ": no such file or directory: write the secret there"},
		{".", "", 0, inputfile.ErrNotRegular, "not a regular file: name a file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.mode != 0 {
				write(t, at(test.name), test.content, test.mode)
			}
			k := secret.NewKeeper()
			_, err := k.File("token_file", at(test.name), nil).Get()
			if err == nil || !strings.HasPrefix(err.Error(), "token_file: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err != nil && (strings.Contains(err.Error(), "fake") || test.is != nil && !errors.Is(err, test.is)) {
				t.Errorf("got %v, want %v without the content", err, test.is)
			}
			if _, err := k.ReadKey("key_file", at(test.name)); test.name != "short" && (err == nil || !strings.HasPrefix(err.Error(), "key_file: ")) {
				t.Errorf("as a key: %v", err)
			}
		})
	}
}

// TestSecretInPlaceOfAPath is about a token where its file belongs: the error can't repeat it.
func TestSecretInPlaceOfAPath(t *testing.T) {
	_, err := secret.NewKeeper().File("token_file", "fake-0a1b2c3d", nil).Get()
	if err == nil || strings.Contains(err.Error(), "fake") || !strings.Contains(err.Error(), "token_file: no such file or directory") {
		t.Errorf("got %v", err)
	}
}

// TestCredentialsOfSystemd is about files as LoadCredential= makes them: root's, with an access list that shows as the group's.
func TestCredentialsOfSystemd(t *testing.T) {
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "token"), "fake-secret", 0o440)
	f := secret.NewKeeper().File("token_file", path, nil)
	if _, err := f.Get(); err == nil {
		t.Error("a file that the group may read is taken anywhere")
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir+"/")
	for mode, ok := range map[fs.FileMode]bool{0o440: true, 0o400: true, 0o444: false, 0o460: false} {
		write(t, path, "fake-secret", mode)
		if _, err := f.Get(); (err == nil) != ok {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
}

func TestTolerate(t *testing.T) {
	k := secret.NewKeeper()
	var told []error
	k.Tolerate = func(problem error) { told = append(told, problem) }
	f := k.File("token_file", write(t, filepath.Join(t.TempDir(), "token"), "fake-secret", 0o644), nil)
	for range 3 {
		if got, err := f.Get(); err != nil || got != "fake-secret" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if len(told) != 1 || !errors.As(told[0], new(ownership.Problem)) {
		t.Errorf("told %v", told)
	}
}

func TestReadKey(t *testing.T) {
	const key = "-----BEGIN CERTIFICATE-----\nTm90U2VjcmV0QXRBbGw=\n-----END CERTIFICATE-----\n" +
		"-----BEGIN PRIVATE KEY-----\nRmFrZUtleUZha2VLZXk=\nRmFrZVNlY29uZExpbmU=\n-----END PRIVATE KEY-----\n"
	k := secret.NewKeeper()
	got, err := k.ReadKey("key_file", write(t, filepath.Join(t.TempDir(), "key.pem"), key, 0o600))
	if err != nil || string(got) != key {
		t.Fatalf("got %q, %v", got, err)
	}
	if got, want := k.Clean("Tm90U2VjcmV0QXRBbGw= RmFrZUtleUZha2VLZXk= RmFrZVNlY29uZExpbmU="), "Tm90U2VjcmV0QXRBbGw= *** ***"; got != want {
		t.Errorf("the keeper leaves %q, want %q", got, want)
	}
}
