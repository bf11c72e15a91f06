package sandbox

import (
	"bytes"
	"encoding/pem"
	"errors"

	"go.uber.org/zap"

	"github.com/rulebox/rulebox/sandbox/confine"
)

// rootsPEM returns the system's trusted roots and the operator's own. A worker
// cannot read files, so that it gets them as text. No roots at all is no error:
// TLS then fails in scripts, and says so.
func rootsPEM(own []byte, log *zap.Logger) ([]byte, error) {
	if len(own) > 0 {
		if block, _ := pem.Decode(own); block == nil || block.Type != "CERTIFICATE" {
			return nil, errors.New("sandbox: the file of --egress-ca holds no PEM certificate")
		}
	}
	system, err := confine.SystemRoots()
	if err != nil && len(own) == 0 {
		log.Warn("scripts cannot use TLS", zap.Error(err))
	}
	if len(system) > 0 && !bytes.HasSuffix(system, []byte("\n")) {
		system = append(system, '\n')
	}
	return append(system, own...), nil
}
