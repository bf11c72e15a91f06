package database

import (
	"testing"

	"github.com/rulebox/rulebox/internal/testserver"
)

func TestRedis(t *testing.T) {
	s := testserver.Redis(t, testserver.Options{})
	live(t, open(t, "redis", s.Address(), map[string]string{"REDIS_URL": "redis://:" + s.Password + "@" + s.Address()}))
}
