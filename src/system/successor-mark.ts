/** The variable that tells a new master which one it takes the place of; its value is that one's process id. */

export const SUCCESSOR_MARK = 'TLSFRONT_SUCCESSOR_OF';
