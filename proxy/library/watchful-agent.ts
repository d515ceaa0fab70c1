/** A keep-alive agent that ends an idle connection on which the app says what nobody asked for. */
import { Agent, type ClientRequest } from 'node:http';
import type { Duplex } from 'node:stream';

/** What comes while no request is under way belongs to no request: node:http would drop it and go on (RFC 9112 §9.2). */
function endUnasked(this: Duplex): void {
  this.destroy();
}

export class WatchfulAgent extends Agent {
  /** Its answer, of which its types know nothing, says whether the connection is kept. */
  override keepSocketAlive: Agent['keepSocketAlive'] = (socket) => {
    socket.on('data', endUnasked);
    return super.keepSocketAlive(socket);
  };

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    socket.off('data', endUnasked);
    super.reuseSocket(socket, request);
  }
}
