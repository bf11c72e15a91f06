package confine

import (
	"errors"
	"fmt"
	"os"
)

// rootFiles are where the distributions keep the certificates of public
// authorities, as one file.
var rootFiles = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Alpine, Gentoo
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL
	"/etc/pki/tls/certs/ca-bundle.crt",                  // older Fedora, RHEL
	"/etc/ssl/ca-bundle.pem",                            // openSUSE
	"/etc/ssl/cert.pem",                                 // Alpine, FreeBSD, macOS
}

// SystemRoots returns the machine's root certificates as PEM, for the parent to
// send to workers: inside the jail crypto/x509 finds none, and says nothing of
// it. SSL_CERT_FILE comes first, as in crypto/x509.
func SystemRoots() ([]byte, error) {
	files := rootFiles
	if f := os.Getenv("SSL_CERT_FILE"); f != "" {
		files = []string{f}
	}
	var errs []error
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err == nil {
			return b, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("no root certificates: install ca-certificates or set SSL_CERT_FILE: %w", errors.Join(errs...))
}
