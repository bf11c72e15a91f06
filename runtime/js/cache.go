package js

// A Cache is what `global` holds from one run to the next, as plain data of Go.
type Cache struct{}

func (r *Realm) restoreGlobal(c *Cache) {}
