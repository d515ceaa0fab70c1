/** What the upstream serves: the same few answers whichever program gives them. */

export const SMALL_BODY = 'Hello from the upstream, 38 bytes long';
export const SMALL_PATH = '/small';
/** Answers with the number of body bytes that it received. */
export const POST_PATH = '/post';
export const LARGE_PATH = '/large.bin';
export const LARGE_BYTES = 10 * 1024 * 1024;
export const POST_BYTES = 10 * 1024;
/** The name below the run's folder of the file behind LARGE_PATH, also sent as the large upload. */
export const LARGE_FILE = 'content/large.bin';
export const POST_FILE = 'content/post.bin';
