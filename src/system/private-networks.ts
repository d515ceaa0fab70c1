/** The networks that this machine is in, where no address can be reached from the internet (RFC 1918, RFC 4193). */
import { BlockList } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { LanNetwork } from '../shared/config/lan.js';

const PRIVATE = new BlockList();
PRIVATE.addSubnet('10.0.0.0', 8);
PRIVATE.addSubnet('172.16.0.0', 12);
PRIVATE.addSubnet('192.168.0.0', 16);
PRIVATE.addSubnet('fc00::', 7, 'ipv6');

/** Bridges to containers and virtual machines of this very machine: no phone is behind them. */
const VIRTUAL = /^(?:docker|br-|veth|virbr|vmnet|vboxnet|podman|cni|flannel|lxc|lxdbr|vEthernet)/;

/** Those of a wire or the air before tunnels. */
const HARDWARE = /^(?:wl|en|eth|Wi-Fi|Ethernet)/;

/**
 * IPv4 before IPv6, wires and air before tunnels.
 * @param found as `os.networkInterfaces()` gives it
 */
export function privateNetworks(found = networkInterfaces()): readonly LanNetwork[] {
  const networks = Object.entries(found).flatMap(([interfaceName, addresses = []]) =>
    VIRTUAL.test(interfaceName)
      ? []
      : addresses.flatMap(({ address, netmask, family, internal }): readonly LanNetwork[] => {
          const number = family === 'IPv6' ? 6 : 4;
          if (internal || !PRIVATE.check(address, number === 6 ? 'ipv6' : 'ipv4')) return [];
          return [{ interfaceName, family: number, address, netmask }];
        }),
  );
  const rank = ({ family, interfaceName }: LanNetwork): number =>
    family + (HARDWARE.test(interfaceName) ? 0 : 1);
  return networks.sort((one, other) => rank(one) - rank(other));
}
