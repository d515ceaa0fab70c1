/** Stands for the head of a request that could not be read, in the log and wherever an exchange asks for it. */
import type { RequestHead } from './types.js';

export const UNREAD_HEAD: RequestHead = {
  method: '-',
  path: '-',
  authority: '',
  headers: [],
  memo: null,
  httpVersion: '1.1',
};
