/** What the upstream serves: the same few answers whichever program gives them. */

export const SMALL_BODY = 'Hello from the upstream, 38 bytes long';
export const SMALL_PATH = '/small';
/** Answers with the number of body bytes that it received. */
export const POST_PATH = '/post';
/** Text that compresses as pages do, and files of which the static scenarios ask. */
export const PAGE_4K = { path: '/page-4k.txt', bytes: 4 * 1024 } as const;
export const PAGE_64K = { path: '/page-64k.txt', bytes: 64 * 1024 } as const;
export const FILE_1M = { path: '/file-1m.bin', bytes: 1024 * 1024 } as const;
/** Served as they lie in the content folder. */
export const FILES = [PAGE_4K, PAGE_64K, FILE_1M];
export const LARGE_PATH = '/large.bin';
export const LARGE_BYTES = 10 * 1024 * 1024;
export const POST_BYTES = 10 * 1024;
/** The name below the run's folder of the file behind LARGE_PATH, also sent as the large upload. */
export const LARGE_FILE = 'content/large.bin';
export const POST_FILE = 'content/post.bin';
