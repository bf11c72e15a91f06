package modules

import (
	"net/netip"
	"strings"
)

// rangeNatives are tests of addresses.
//
//	inRange(address, range) → boolean; range is an address or a CIDR prefix
//	version(address) → 4, 6 or 0
var rangeNatives = map[string]Native{
	"inRange": func(c *Call, args []any) (any, error) {
		address, _ := webString(args, 0)
		text, _ := webString(args, 1)
		return inRange(address, text), nil
	},
	"version": func(c *Call, args []any) (any, error) {
		text, _ := webString(args, 0)
		a, err := netip.ParseAddr(text)
		switch {
		case err != nil:
			return 0, nil
		case a.Is4():
			return 4, nil
		}
		return 6, nil
	},
}

func inRange(address, text string) bool {
	a, err := netip.ParseAddr(strings.TrimSpace(address))
	if err != nil {
		return false
	}
	a = a.Unmap()
	text = strings.TrimSpace(text)
	if p, err := netip.ParsePrefix(text); err == nil {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		return p.Contains(a)
	}
	b, err := netip.ParseAddr(text)
	return err == nil && b.Unmap() == a
}
