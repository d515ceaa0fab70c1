/** Media types of files by the end of their names (the registry of RFC 6838, and what browsers ask for). */

/** Texts say their character set: pages of today are UTF-8. */
const TEXT = '; charset=utf-8';

/** Type, then the ends of names that have it. */
const TYPES: readonly (readonly [type: string, ends: string])[] = [
  [`text/html${TEXT}`, 'html htm'],
  [`text/css${TEXT}`, 'css'],
  [`text/javascript${TEXT}`, 'js mjs cjs'],
  [`text/plain${TEXT}`, 'txt text log'],
  [`text/markdown${TEXT}`, 'md markdown'],
  [`text/csv${TEXT}`, 'csv'],
  [`text/calendar${TEXT}`, 'ics'],
  [`text/vtt${TEXT}`, 'vtt'],
  [`text/xml${TEXT}`, 'xml xsl'],
  ['application/json', 'json map'],
  ['application/ld+json', 'jsonld'],
  ['application/manifest+json', 'webmanifest'],
  ['application/geo+json', 'geojson'],
  ['application/rss+xml', 'rss'],
  ['application/atom+xml', 'atom'],
  ['application/xhtml+xml', 'xhtml'],
  ['application/wasm', 'wasm'],
  ['application/pdf', 'pdf'],
  ['application/rtf', 'rtf'],
  ['application/epub+zip', 'epub'],
  ['application/zip', 'zip'],
  ['application/gzip', 'gz tgz'],
  ['application/zstd', 'zst'],
  ['application/x-bzip2', 'bz2'],
  ['application/x-xz', 'xz'],
  ['application/x-tar', 'tar'],
  ['application/x-7z-compressed', '7z'],
  ['application/java-archive', 'jar'],
  ['application/msword', 'doc'],
  ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'docx'],
  ['application/vnd.ms-excel', 'xls'],
  ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'xlsx'],
  ['application/vnd.openxmlformats-officedocument.presentationml.presentation', 'pptx'],
  ['application/vnd.oasis.opendocument.text', 'odt'],
  ['application/vnd.oasis.opendocument.spreadsheet', 'ods'],
  ['application/vnd.ms-fontobject', 'eot'],
  ['font/woff', 'woff'],
  ['font/woff2', 'woff2'],
  ['font/ttf', 'ttf'],
  ['font/otf', 'otf'],
  ['image/png', 'png'],
  ['image/apng', 'apng'],
  ['image/jpeg', 'jpg jpeg'],
  ['image/gif', 'gif'],
  ['image/webp', 'webp'],
  ['image/avif', 'avif'],
  ['image/svg+xml', 'svg'],
  ['image/x-icon', 'ico'],
  ['image/bmp', 'bmp'],
  ['image/tiff', 'tif tiff'],
  ['audio/mpeg', 'mp3'],
  ['audio/mp4', 'm4a'],
  ['audio/ogg', 'ogg oga opus'],
  ['audio/wav', 'wav'],
  ['audio/flac', 'flac'],
  ['audio/aac', 'aac'],
  ['video/mp4', 'mp4 m4v'],
  ['video/webm', 'webm'],
  ['video/ogg', 'ogv'],
  ['video/quicktime', 'mov'],
  ['video/x-matroska', 'mkv'],
  ['video/mp2t', 'ts'],
  ['application/vnd.apple.mpegurl', 'm3u8'],
  ['application/dash+xml', 'mpd'],
];

const BY_END: ReadonlyMap<string, string> = new Map(
  TYPES.flatMap(([type, ends]) => ends.split(' ').map((end) => [end, type] as const)),
);

/** Bytes of which nothing is known: browsers save them and run none. */
const UNKNOWN = 'application/octet-stream';

/** The value of Content-Type for a file of this name. */
export function mediaTypeOf(name: string): string {
  const dot = name.lastIndexOf('.');
  if (dot <= name.lastIndexOf('/')) return UNKNOWN;
  return BY_END.get(name.slice(dot + 1).toLowerCase()) ?? UNKNOWN;
}
