/** One development server of the registry as its users have it: packages, files, the line they type, and what an edit does. */

/** How an edit comes into a page that is open. */
export type EditKind =
  /** Changed in place. */
  | 'in place'
  /** The page loads itself again. */
  | 'reload'
  /** The server starts again, and the user loads the page. */
  | 'restart';

export interface ServerProject {
  readonly name: string;
  /** For npm, with their versions; they run on Node 20.19, which is the oldest that we support. */
  readonly packages: readonly string[];
  /** For Node 24 and later, where the server of today needs more than Node 20. */
  readonly packagesOfToday?: readonly string[];
  /** The script `dev` of package.json; left out: `python` is what is started. */
  readonly script?: string;
  /** A module of Python in place of packages, and what follows the interpreter in the command. */
  readonly python?: { readonly module: string; readonly arguments: readonly string[] };
  /** Files by name; `GREETING` is what the page says. */
  readonly files: Readonly<Record<string, string>>;
  /** The file that is edited. */
  readonly edited: string;
  readonly edit: EditKind;
  /** Where the page is; left out: `/`. */
  readonly path?: string;
  /** True in the page when its scripts run: an edit before that would meet a page of the edit before. */
  readonly ready?: string;
  /** A line of the configuration that an own name (`app.test`) needs, and the file that has it instead then. */
  readonly ownName?: Readonly<Record<string, string>>;
  /** What the log says where an own name is refused for want of it. */
  readonly refusal?: RegExp;
  /** Complaints of the console that it makes without a front too. */
  readonly known?: RegExp;
}

/** React or Vue has taken the element over. */
export const HYDRATED = `((element) => '__vnode' in element || Object.keys(element).some((key) => key.startsWith('__react')))(document.getElementById('greeting'))`;

/** Shows nothing of the browser's own asking for an icon. */
export const ICON = '<link rel="icon" href="data:,">';

/** A page whose script shows the greeting and takes its changes in place. */
export const MODULE_PAGE = `<!doctype html><html><head>${ICON}</head><body><p id="greeting"></p>
<script type="module" src="./main.js"></script></body></html>
`;
