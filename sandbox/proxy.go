package sandbox

import (
	"context"
	"errors"
	"net"
)

func (b *broker) dialProxy(ctx context.Context, t *target) (net.Conn, error) {
	return nil, errors.New("todo")
}
