package modules

func langModules() []Module { return nil }
func langGlobals() []Global { return nil }
