package sandbox

import (
	"bytes"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
)

// rootFiles and rootDirs are where systems keep the roots that they trust.
var (
	rootFiles = []string{
		"/etc/ssl/certs/ca-certificates.crt",                // Debian, Alpine, Arch
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem", // openSUSE
		"/etc/pki/tls/cacert.pem",
		"/etc/ssl/cert.pem",
	}
	rootDirs = []string{"/etc/ssl/certs", "/etc/pki/tls/certs"}
)

// rootsPEM returns the system's trusted roots and the operator's own. A worker
// cannot read files, so that it gets them as text. SSL_CERT_FILE and SSL_CERT_DIR
// replace the system's, as elsewhere. No roots at all is no error: TLS then fails
// in scripts, and says so.
func rootsPEM(own []byte) ([]byte, error) {
	if len(own) > 0 {
		if block, _ := pem.Decode(own); block == nil || block.Type != "CERTIFICATE" {
			return nil, errors.New("sandbox: the file of --egress-ca holds no PEM certificate")
		}
	}
	system := systemRoots()
	if len(system) > 0 && !bytes.HasSuffix(system, []byte("\n")) {
		system = append(system, '\n')
	}
	return append(system, own...), nil
}

func systemRoots() []byte {
	files, dirs := rootFiles, rootDirs
	if f := os.Getenv("SSL_CERT_FILE"); f != "" {
		files = []string{f}
	}
	if d := os.Getenv("SSL_CERT_DIR"); d != "" {
		dirs = filepath.SplitList(d)
	}
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && len(b) > 0 {
			return b
		}
	}
	for _, dir := range dirs {
		var all []byte
		names, _ := filepath.Glob(filepath.Join(dir, "*"))
		for _, f := range names {
			b, err := os.ReadFile(f)
			if err == nil && bytes.Contains(b, []byte("-----BEGIN CERTIFICATE-----")) {
				all = append(append(all, b...), '\n')
			}
		}
		if len(all) > 0 {
			return all
		}
	}
	return nil
}
