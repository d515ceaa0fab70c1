/** Makes settings of ours of the options of a uWSGI line, and says what became of each. */

import { LOG_FORMATS } from '../../shared/config/log-formats.js';
import { FrontError } from '../../shared/errors.js';
import type { SettingLayer } from '../settings.js';
import { optionOf, type SettingKey } from '../table.js';
import { MAPPINGS } from './mappings.js';
import { type Fate, type UwsgiOption, type UwsgiRow, uwsgiOption } from './rows.js';
import { listed, nearestText, shortLabels, written } from './wording.js';
import { type Given, settingNamed } from './words.js';

/** What became of one option. */
export interface Outcome {
  /** As it was written: `--threads`, `uwsgi.ini:3: threads`. */
  readonly label: string;
  readonly name: string;
  readonly value: string;
  readonly fate: Fate | 'placeholder';
  /** What it is here, or why it is nothing. */
  readonly text: string;
}

/** A uWSGI line in our words. */
export interface Translation {
  readonly values: SettingLayer;
  readonly outcomes: readonly Outcome[];
  /** What is to be said at the start, a sentence each. */
  readonly notes: readonly string[];
}

/** What stands beside the uWSGI words. */
export interface Beside {
  /** The app is a command or runs already: uWSGI does not run it. */
  readonly hasOtherApp: boolean;
  /** Names that placeholders asked for. */
  readonly asked: ReadonlySet<string>;
  /** Sentences about words that could not be read. */
  readonly faults: readonly string[];
}

/** Words for no, as uWSGI reads a switch. */
const NO: ReadonlySet<string> = new Set(['false', 'off', 'no', '0']);

function isOff(option: UwsgiOption, value: string | null): boolean {
  return option.takes === 'nothing' && value !== null && NO.has(value.toLowerCase());
}

/** Listeners beside which a bare number after --listen can only be uWSGI's queue. */
const LISTENERS = [
  'http',
  'https',
  'http-socket',
  'http11-socket',
  'https-socket',
  'https2',
  'http-to-https',
];

/** Plugins that the worker has anyway, or whose work is the front's. */
const OWN_PLUGIN = /^(?:0:)?(?:python\d*|http|https|corerouter|gevent3?)$/;

const IN_ITS_PLACE = 'as it is; the front does it where uWSGI does not run the app';

/** An option that cannot be used, or one whose value cannot be. */
interface Refusal {
  readonly label: string;
  readonly text: string;
  readonly what: 'option' | 'value';
}

class Translator {
  readonly values: Partial<Record<SettingKey, string[]>> = {};
  readonly outcomes: Outcome[] = [];
  readonly notes: string[] = [];
  private readonly refused: Refusal[] = [];
  private readonly sharedSockets: string[] = [];
  private readonly speaksHttp: boolean;
  /** What the apps of --http-to speak. */
  private readonly backend: 'http' | 'uwsgi';
  private readonly hasListener: boolean;

  constructor(
    private readonly all: readonly Given[],
    private readonly beside: Beside,
  ) {
    const protocol = all.findLast(({ name }) => name === 'protocol' || name === 'socket-protocol');
    this.backend = all.some(({ name }) => name === 'http-backend-http') ? 'http' : 'uwsgi';
    this.speaksHttp = protocol?.value === 'http';
    this.hasListener = all.some(({ name }) => LISTENERS.includes(name));
  }

  translate(): Translation {
    for (const { name, value } of this.all) {
      if (/^(?:undeferred-)?shared-socket$/.test(name)) this.sharedSockets.push(value ?? '');
    }
    for (const given of this.all) this.take(given);
    this.complain();
    this.summarize();
    return { values: this.values, outcomes: this.outcomes, notes: this.notes };
  }

  private take(given: Given): void {
    const option = uwsgiOption(given.name);
    const setting = settingNamed(given.name);
    if (option === null && (setting === null || this.isPlaceholder(given))) this.takeUnknown(given);
    else if (setting !== null && (option === null || this.isOurs(given, option)))
      this.takeOurs(given, setting);
    else if (option !== null && isOff(option, given.value)) this.tell(given, option.row.fate, 'switched off');
    else if (option !== null) this.takeRow(given, option);
  }

  /** What a file or `--set` calls by the name of an option of ours may be a value for %(name): `root` is in many files. */
  private isPlaceholder({ name, label }: Given): boolean {
    return label !== `--${name}` && (name === 'root' || this.beside.asked.has(name));
  }

  /** Where both have an option of the name: whose it is. */
  private isOurs({ name, value }: Given, option: UwsgiOption): boolean {
    const setting = settingNamed(name);
    if (setting === null) return false;
    if (name === 'listen') return !/^\d+$/.test(value ?? '') || !this.hasListener || this.beside.hasOtherApp;
    if (name === 'log-format') return LOG_FORMATS.some((format) => format === value);
    if (option.row.fate === 'worker') return this.beside.hasOtherApp;
    if (option.row.to === setting) return true;
    return option.row.fate === 'ours';
  }

  private takeOurs(given: Given, setting: SettingKey): void {
    // A file's switch without a value is on.
    const isBare = given.value === '' && optionOf(setting).argument === null;
    const value = this.withSharedSocket(given, isBare ? 'true' : (given.value ?? 'true'));
    this.put(setting, value);
    this.tell(given, 'ours', uwsgiOption(given.name)?.row.text ?? 'an option of ours');
  }

  private takeRow(given: Given, option: UwsgiOption): void {
    const { row } = option;
    switch (row.fate) {
      case 'ours':
        this.tell(given, 'ours', row.text);
        return;
      case 'worker':
        this.takeWorker(given, option);
        return;
      case 'needless':
        if (this.takeSocket(given)) return;
        this.tell(given, 'needless', row.text);
        return;
      case 'mapped':
        this.takeMapped(given, option);
        return;
      case 'refused':
        this.refuse(given, row.text);
        return;
      default:
        row.fate satisfies never;
    }
  }

  /** `--socket :8000 --protocol http` is a plain listener. */
  private takeSocket(given: Given): boolean {
    const { name, value } = given;
    if (name !== 'socket' || !this.speaksHttp || !/:\d+$/.test(value ?? '')) return false;
    this.put('http', value ?? '');
    this.tell(given, 'mapped', `--http ${value ?? ''}`);
    return true;
  }

  private takeWorker(given: Given, { name, takes, row }: UwsgiOption): void {
    const { value } = given;
    if (this.beside.hasOtherApp && row.beside !== undefined) {
      this.takeBeside(given, row.beside);
      return;
    }
    if (this.beside.hasOtherApp) {
      this.refuse(
        given,
        "leave it out: it is for uWSGI's worker, and here the app is a command or runs already",
      );
      return;
    }
    if (/^(?:need-)?plugins?$/.test(name)) {
      this.takePlugins(given, name);
      return;
    }
    if (name === 'listen') {
      this.notes.push(
        `${given.label} ${value ?? ''} is read as uWSGI reads it, the length of a queue; an address is written with a colon: --listen :${value ?? ''}`,
      );
    }
    this.put('uwsgiOption', takes === 'nothing' || value === null ? name : `${name}=${value}`);
    this.tell(given, 'worker', this.takeStandIn(given, row) ? IN_ITS_PLACE : 'as it is');
  }

  /** Static files are ours where it turns out that uWSGI does not run the app. */
  private takeStandIn({ name, value }: Given, { area, beside }: UwsgiRow): boolean {
    const setting = settingNamed(name) ?? (beside === 'needless' ? undefined : beside) ?? null;
    if (area !== 'static' || setting === null || value === null) return false;
    this.put(setting, value);
    return true;
  }

  /** What the front does instead of uWSGI. */
  private takeBeside(given: Given, beside: SettingKey | 'needless'): void {
    if (beside === 'needless') {
      this.tell(given, 'needless', 'the front does it anyway');
      return;
    }
    const value = given.value ?? 'true';
    this.put(beside, value);
    this.tell(given, 'mapped', written(beside, value));
  }

  private takePlugins(given: Given, name: string): void {
    const rest = (given.value ?? '').split(',').filter((plugin) => !OWN_PLUGIN.test(plugin.trim()));
    if (rest.length === 0) {
      this.tell(given, 'needless', 'the worker has it, or the front does its work');
      return;
    }
    this.put('uwsgiOption', `${name}=${rest.join(',')}`);
    this.tell(given, 'worker', 'as it is');
  }

  private takeMapped(given: Given, option: UwsgiOption): void {
    const mapping = MAPPINGS[option.name];
    const value = this.withSharedSocket(given, given.value ?? 'true');
    const made =
      mapping === undefined
        ? option.row.to === undefined
          ? []
          : [[option.row.to, value] as const]
        : mapping(value, this.backend);
    if (typeof made === 'string') {
      this.refuse(given, made, 'value');
      return;
    }
    for (const [key, text] of made) this.put(key, text);
    if (made.length === 0) this.tell(given, 'needless', option.row.text);
    else this.tell(given, 'mapped', made.map(([key, text]) => written(key, text)).join(' '));
  }

  /** `=1` is the second --shared-socket. */
  private withSharedSocket(given: Given, value: string): string {
    const [, number, rest = ''] = /^=(\d+)(.*)$/s.exec(value) ?? [];
    if (number === undefined) return value;
    const address = this.sharedSockets[Number(number)];
    if (address !== undefined) return address + rest;
    this.refuse(given, `there is no --shared-socket number ${number}; the first is =0`, 'value');
    return '127.0.0.1:0';
  }

  private takeUnknown(given: Given): void {
    if (given.label.startsWith('-') && !given.label.includes(' ')) {
      this.refuse(given, nearestText(given.name));
      return;
    }
    this.tell(given, 'placeholder', 'for %(…) alone');
  }

  private put(key: SettingKey, value: string): void {
    const before = this.values[key];
    if (before === undefined) this.values[key] = [value];
    else before.push(value);
  }

  private tell(given: Given, fate: Outcome['fate'], text: string): void {
    this.outcomes.push({ label: given.label, name: given.name, value: given.value ?? '', fate, text });
  }

  private refuse(given: Given, text: string, what: Refusal['what'] = 'option'): void {
    const label = what === 'option' ? given.label : `${given.label} ${given.value ?? ''}`;
    this.refused.push({ label, text, what });
    this.tell(given, 'refused', text);
  }

  /** @throws FrontError config_usage with everything that is wrong */
  private complain(): void {
    const { faults } = this.beside;
    const [first] = this.refused;
    if (first === undefined && faults.length === 0) return;
    if (first !== undefined && this.refused.length === 1 && faults.length === 0) {
      const lacks =
        first.what === 'option' ? 'is an option of uWSGI that tlsfront does not have' : 'cannot be used here';
      throw new FrontError('config_usage', `${first.label} ${lacks}`, { hint: first.text });
    }
    const labels = [...new Set(this.refused.map(({ label }) => label))];
    const sentences = [...(labels.length === 0 ? [] : [`${listed(labels)} cannot be used here`]), ...faults];
    const hints = this.refused.map(({ label, text }) => `${label}: ${text}`);
    throw new FrontError('config_usage', sentences.join('; '), {
      hint: hints.length === 0 ? 'tlsfront docs uwsgi lists the options' : [...new Set(hints)].join('; '),
    });
  }

  private summarize(): void {
    const needless = shortLabels(this.outcomes, 'needless');
    if (needless.length > 0) {
      const verb = needless.length === 1 ? 'needs' : 'need';
      this.notes.unshift(`${listed(needless)} ${verb} nothing here (tlsfront docs uwsgi says why)`);
    }
    const mapped = this.outcomes.filter(({ fate, value }) => fate === 'mapped' && value !== '');
    for (const { label, value, text } of mapped) this.notes.push(`${label} ${value} is ${text} here`);
    for (const { label, name, fate } of this.outcomes) {
      if (
        fate !== 'placeholder' ||
        this.beside.asked.has(name) ||
        label.includes(' --set') ||
        label.startsWith('-')
      )
        continue;
      this.notes.push(`${label} is no option of uWSGI; ${nearestText(name)}`);
    }
  }
}

/**
 * The settings that the options of a uWSGI line come to.
 * @throws FrontError config_usage with every option that cannot be used, each with the nearest
 */
export function translateOptions(all: readonly Given[], beside: Beside): Translation {
  return new Translator(all, beside).translate();
}
