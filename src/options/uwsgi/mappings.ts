/** The options of uWSGI whose value is written otherwise here. */
import type { SettingKey } from '../table.js';

/** Settings and their values; a text: why this value cannot be. */
type Mapped = readonly (readonly [key: SettingKey, value: string])[] | string;

function plainListener(value: string): Mapped {
  if (value.includes('/')) return 'give host:port: the front does not listen on socket files';
  return [['http', value]];
}

function quietFor(value: string): Mapped {
  return [
    ['upstreamHeadTimeoutMs', value],
    ['upstreamIdleTimeoutMs', value],
  ];
}

/** `addr=:443,cert=a.crt,key=a.key`. */
function keyedHttps(value: string): Mapped {
  const fields = new Map(
    value.split(',').map((field): [string, string] => {
      const at = field.indexOf('=');
      return at === -1 ? [field, ''] : [field.slice(0, at), field.slice(at + 1)];
    }),
  );
  const address = fields.get('addr');
  if (address === undefined) return 'write addr=host:port,cert=file,key=file';
  const names = ['cert', 'key', 'ciphers', 'client_ca'];
  const rest = names.map((name) => fields.get(name) ?? '');
  while (rest.at(-1) === '') rest.pop();
  return [['https', [address, ...rest].join(',')]];
}

function addedField(value: string): Mapped {
  const [, name, text] = /^([^:\s]+):\s*(.*)$/s.exec(value) ?? [];
  return name === undefined ? 'write Name: value' : [['headerDown', `+${name} ${text ?? ''}`]];
}

function removedField(value: string): Mapped {
  return [['headerDown', `-${value}`]];
}

/** uWSGI's router speaks uwsgi to `host:port` and to socket files; what is written in our way stays. */
function runningApp(value: string, speaks: 'http' | 'uwsgi'): Mapped {
  if (speaks === 'uwsgi' && /^[^/=]*:\d+$/.test(value))
    return [['upstream', `uwsgi://${value.replace(/^:/, '127.0.0.1:')}`]];
  if (value.startsWith('/')) return [['upstream', `${speaks === 'uwsgi' ? 'uwsgi+unix' : 'unix'}:${value}`]];
  return [['upstream', value]];
}

/** By the name of the option. */
export const MAPPINGS: Readonly<
  Partial<Record<string, (value: string, backend: 'http' | 'uwsgi') => Mapped>>
> = {
  'http-to': runningApp,
  'http-socket': plainListener,
  'http11-socket': plainListener,
  https2: keyedHttps,
  'http-timeout': quietFor,
  'socket-timeout': quietFor,
  'http-keepalive': (value) =>
    /^\d+$/.test(value) && Number(value) > 1 ? [['keepAliveTimeoutMs', value]] : [],
  'http-auto-gzip': () => [['compress', 'true']],
  'add-header': addedField,
  'rem-header': removedField,
  'del-header': removedField,
};
