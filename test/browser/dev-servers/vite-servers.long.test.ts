/** Servers built on Vite by `tlsfront -- npm run dev` with nothing added, in Chromium under each kind of name: page, live edit, quiet console. */
import { test } from 'node:test';
import { tryServer } from './one-server.js';
import { VITE_PROJECTS } from './vite-projects.js';

for (const project of VITE_PROJECTS) test(project.name, (t) => tryServer(t, project));
