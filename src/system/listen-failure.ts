/** Says in plain words why an address cannot be listened on. */

import { formatListenAddress } from '../shared/addresses/host-port.js';
import type { ListenAddress } from '../shared/config/listeners.js';
import { FrontError } from '../shared/errors.js';

/** The address another process holds, as the cause of `listen_failed`. */
export interface InUse {
  readonly inUse: ListenAddress;
}

/** @param code the system's, such as `EADDRINUSE` */
export function describeListenFailure(code: string, host: string, port: number): FrontError {
  const address = formatListenAddress(host, port);
  if (code === 'EADDRINUSE') {
    const cause: InUse = { inUse: { host, port } };
    return new FrontError('listen_failed', `cannot listen on ${address}: another process has it`, {
      hint: 'stop that process, or choose another port with --listen',
      cause,
    });
  }
  if (code === 'EACCES') {
    return new FrontError(
      'listen_failed',
      `cannot listen on ${address}: ports below 1024 need a permission`,
      {
        hint: 'use a port from 1024 up, or: sudo sysctl net.ipv4.ip_unprivileged_port_start=443, or run with sudo and --uid NAME',
      },
    );
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new FrontError('listen_failed', `cannot listen on ${address}: this machine has no such address`, {
      hint: 'ip address lists the addresses; 0.0.0.0 means all of them',
    });
  }
  return new FrontError('listen_failed', `cannot listen on ${address}: ${code}`);
}
