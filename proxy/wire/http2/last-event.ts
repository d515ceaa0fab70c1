/** What the last event of a connection refers to; events.ts says which member belongs to which event. */
import { NO_ERROR } from './codes.js';
import type { RequestHead } from './events.js';
import { emptyHead } from './requests/request-head.js';

const NO_HEAD = emptyHead();
const NO_TRAILERS: string[] = [];

export class LastEvent {
  streamId = 0;
  errorCode = NO_ERROR;
  resetByPeer = false;
  head: RequestHead = NO_HEAD;
  trailers = NO_TRAILERS;
  endStream = false;

  /** Lets go of what a request brought. */
  letGo(): void {
    this.head = NO_HEAD;
    this.trailers = NO_TRAILERS;
  }
}
