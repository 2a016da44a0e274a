package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"assay/internal/config"
)

// read is a file of the repository's root.
func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestTheContainersSettingsStartAServer: what the image sets, and what compose.yaml adds,
// are settings that there are, and together all that a server needs. No container engine
// is asked.
func TestTheContainersSettingsStartAServer(t *testing.T) {
	known := map[string]bool{}
	settings := new(config.Serve).Flags()
	settings.VisitAll(func(f *flag.Flag) { known[config.Variable(f.Name)] = true })
	env := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)\b(ASSAY_[A-Z0-9_]+)=(\S+)`).FindAllStringSubmatch(regexp.MustCompile(`(?m)^#.*$`).ReplaceAllString(read(t, "Dockerfile"), ""), -1) {
		env[m[1]] = m[2]
	}
	image := len(env)
	compose := regexp.MustCompile(`\$\{\w+:-([^}]*)\}`).ReplaceAllString(read(t, "compose.yaml"), "$1")
	for _, m := range regexp.MustCompile(`(?m)^\s+(ASSAY_[A-Z0-9_]+): (.+?)(?: #.*)?$`).FindAllStringSubmatch(compose, -1) {
		env[m[1]] = strings.Trim(m[2], `"`)
	}
	if image == 0 || len(env) == image {
		t.Fatalf("read %d settings of the image and %d in all", image, len(env))
	}
	for name := range env {
		if !known[name] {
			t.Errorf("%s is no setting", name)
		}
	}
	var c config.Serve
	if err := config.Parse(c.Flags(), nil, func(name string) string { return env[name] }); err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil {
		t.Errorf("compose would start nothing: %v", err)
	}
	if _, err := roleMap(c.OIDCRoleMap); err != nil {
		t.Error(err)
	}
	dex := read(t, filepath.Join("deploy", "dex.yaml"))
	for _, part := range []string{"issuer: " + c.OIDCIssuer, "id: " + c.OIDCClientID, "secret: " + c.OIDCClientSecret, c.BaseURL + "/auth/callback"} {
		if !strings.Contains(dex, part) {
			t.Errorf("deploy/dex.yaml does not say %q", part)
		}
	}
}

// TestTheImageRunsWhatThereIs holds the words that the image gives to its binary to the
// commands of the binary, and its paths to the volumes that it makes.
func TestTheImageRunsWhatThereIs(t *testing.T) {
	file := read(t, "Dockerfile")
	names := map[string]bool{}
	for _, c := range commands() {
		names[c.name] = true
	}
	given := regexp.MustCompile(`CMD \[(?:"/assay", )?"([a-z-]+)"`).FindAllStringSubmatch(file, -1)
	if len(given) != 2 {
		t.Errorf("the image says %v", given)
	}
	for _, m := range given {
		if !names[m[1]] {
			t.Errorf("there is no command %q", m[1])
		}
	}
	for _, want := range []string{`ENTRYPOINT ["/assay"]`, "USER 65532:65532", "CGO_ENABLED=0", "--chown=65532:65532 /out/data /data", "/out/keys /keys", `VOLUME ["/data", "/keys"]`} {
		if !strings.Contains(file, want) {
			t.Errorf("the image lacks %s", want)
		}
	}
}
