package egress

import "net/netip"

// special are the blocks of the IANA special-purpose address registries, of IPv4 and
// IPv6, with multicast and what is reserved. Some of them are globally reachable and are
// here all the same: an anycast block of a protocol is no host that takes webhooks, and
// those that carry an IPv4 address inside can be made to mean any machine.
var special = prefixes(
	"0.0.0.0/8",         // this network
	"10.0.0.0/8",        // private
	"100.64.0.0/10",     // shared, between a provider and its customers
	"127.0.0.0/8",       // loopback
	"169.254.0.0/16",    // link-local, where clouds keep their metadata
	"172.16.0.0/12",     // private
	"192.0.0.0/24",      // protocol assignments
	"192.0.2.0/24",      // documentation
	"192.31.196.0/24",   // AS112
	"192.52.193.0/24",   // AMT
	"192.88.99.0/24",    // 6to4 relays, deprecated
	"192.168.0.0/16",    // private
	"192.175.48.0/24",   // AS112
	"198.18.0.0/15",     // benchmarks
	"198.51.100.0/24",   // documentation
	"203.0.113.0/24",    // documentation
	"224.0.0.0/4",       // multicast
	"240.0.0.0/4",       // reserved, with broadcast
	"2001::/23",         // protocol assignments, with Teredo, which carries IPv4
	"2001:db8::/32",     // documentation
	"2002::/16",         // 6to4, which carries IPv4
	"2620:4f:8000::/48", // AS112
	"3fff::/20",         // documentation
)

// global is the part of IPv6 that is given to networks. What lies outside of it, such as
// loopback, IPv4 inside IPv6, NAT64 (64:ff9b::/96), fc00::/7, fe80::/10 and ff00::/8, is
// on no public network.
var global = netip.MustParsePrefix("2000::/3")

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// Public reports whether a is the address of one machine on the public internet.
func Public(a netip.Addr) bool {
	a = a.WithZone("").Unmap() // ::ffff:10.0.0.1 is dialled as 10.0.0.1
	if !a.IsValid() || a.Is6() && !global.Contains(a) {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
