/** Listens on the sockets that the master has bound and this router has inherited. */
import type { Server } from 'node:net';
import type { InheritedSocket } from '../../src/shared/messages/router-messages.js';
import { systemCode } from '../../src/shared/system-error.js';
import { describeListenFailure } from '../../src/system/listen-failure.js';

/** Connections that may wait to be accepted; the system has a bound of its own (net.core.somaxconn). */
const BACKLOG = 1024;

/** Resolves when the server takes connections. @throws FrontError listen_failed */
export function listenOn(server: Server, { descriptor, bound }: InheritedSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(describeListenFailure(systemCode(error) ?? String(error), bound.host, bound.port));
    };
    server.once('error', fail);
    server.listen({ fd: descriptor, backlog: BACKLOG }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}
