package sysinfo

import (
	"net"

	"mesolite/agent/internal/wire"
)

const maxAddresses = 128

func addresses() []wire.Address {
	list := []wire.Address{}
	interfaces, err := net.Interfaces()
	if err != nil {
		return list
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagLoopback != 0 || i.Flags&net.FlagUp == 0 {
			continue
		}
		found, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range found {
			network, ok := a.(*net.IPNet)
			if !ok || network.IP.IsLinkLocalUnicast() || len(list) >= maxAddresses {
				continue
			}
			list = append(list, wire.Address{Iface: i.Name, Mac: i.HardwareAddr.String(), IP: network.IP.String()})
		}
	}
	return list
}
