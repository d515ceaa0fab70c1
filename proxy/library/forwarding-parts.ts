/** What a forwarding of the library engine is made of and whom it calls back. */
import type { AcceptedConnection, EngineServices } from '../engine.js';
import type { FileRoots } from '../upstream/files/file-roots.js';
import type { Forwarder } from './forwarder.js';
import type { LibraryRequest } from './read-head.js';
import type { LibraryResponse } from './response-relay.js';

/** What the forwardings of a router share. */
export interface LibraryServices extends EngineServices {
  /** Folders that are served. */
  readonly files: FileRoots;
}

/** What a request comes with. */
export interface ForwardingParts {
  readonly request: LibraryRequest;
  readonly response: LibraryResponse;
  readonly connection: AcceptedConnection;
  readonly services: LibraryServices;
  readonly forwarder: Forwarder;
  /** Called when nothing that follows on an HTTP/1.1 connection may be processed. */
  readonly onLast: () => void;
  /** Called once, when the exchange is over. */
  readonly onEnd: () => void;
}
