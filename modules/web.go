package modules

func webModules() []Module { return nil }
func webGlobals() []Global { return nil }
