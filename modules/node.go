package modules

func nodeModules() []Module { return nil }
func nodeGlobals() []Global { return nil }
