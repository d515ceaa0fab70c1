/** The rooms that have a mutation score, and the folders of each. */

/** What a room's score is held to, in percent. */
export const MIN_SCORE = 92;

export const ROOMS = {
  wire: ['proxy/wire'],
  exchange: ['proxy/exchange'],
  routing: ['proxy/routing'],
  upstream: ['proxy/upstream'],
  direct: ['proxy/direct'],
  listen: ['proxy/listen'],
  tls: ['proxy/tls'],
  library: ['proxy/library'],
  certificates: ['src/certificates'],
  options: ['src/options'],
  serving: ['src/serving'],
  control: ['src/control'],
  master: ['src/master'],
  commands: ['src/commands'],
  app: ['app'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type RoomName = keyof typeof ROOMS;

export function isRoom(name: string): name is RoomName {
  return Object.hasOwn(ROOMS, name);
}
