/** Next.js, webpack, Angular and others by `tlsfront -- npm run dev` with nothing added, in Chromium under each kind of name: page, live edit, quiet console. */
import { test } from 'node:test';
import { tryServer } from './one-server.js';
import { OTHER_PROJECTS } from './other-projects.js';

for (const project of OTHER_PROJECTS) test(project.name, (t) => tryServer(t, project));
