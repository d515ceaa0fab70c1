/** Development servers that are built on Vite, as they are run in Chromium behind the front. */
import { HYDRATED, ICON, type ServerProject } from './server-project.js';

export const VITE_PROJECTS: readonly ServerProject[] = [
  {
    name: 'astro',
    packages: ['astro@5.9.4'],
    packagesOfToday: ['astro@7.3.5'],
    script: 'astro dev',
    files: {
      'src/pages/index.astro': `<html lang="en"><head>${ICON}</head><body><p id="greeting">GREETING</p></body></html>\n`,
    },
    edited: 'src/pages/index.astro',
    edit: 'reload',
  },
  {
    name: 'sveltekit',
    packages: ['@sveltejs/kit@2.70.4', '@sveltejs/vite-plugin-svelte@6.2.3', 'svelte@5.57.3', 'vite@7.3.2'],
    packagesOfToday: [
      '@sveltejs/kit@3.2.0',
      '@sveltejs/vite-plugin-svelte@7.3.1',
      'svelte@5.57.3',
      'vite@8.3.8',
    ],
    script: 'vite dev',
    files: {
      'vite.config.js':
        "import { sveltekit } from '@sveltejs/kit/vite';\nexport default { plugins: [sveltekit()] };\n",
      'src/app.html': `<!doctype html><html lang="en"><head>${ICON}%sveltekit.head%</head><body><div>%sveltekit.body%</div></body></html>\n`,
      'src/routes/+page.svelte': '<p id="greeting">GREETING</p>\n',
    },
    edited: 'src/routes/+page.svelte',
    edit: 'in place',
  },
  {
    name: 'nuxt',
    packages: ['nuxt@4.1.3'],
    packagesOfToday: ['nuxt@4.5.2'],
    script: 'nuxt dev',
    files: {
      'nuxt.config.js': `export default { compatibilityDate: '2025-07-15', telemetry: false, devtools: { enabled: false }, app: { head: { link: [{ rel: 'icon', href: 'data:,' }] } } };
`,
      'app/app.vue': '<template><p id="greeting">GREETING</p></template>\n',
    },
    edited: 'app/app.vue',
    ready: HYDRATED,
    edit: 'in place',
  },
  {
    name: 'react router',
    packages: ['@react-router/dev', '@react-router/node', 'react-router']
      .map((name) => `${name}@7.18.4`)
      .concat(['react@19.3.1', 'react-dom@19.3.1', 'vite@7.3.2', 'isbot@5']),
    packagesOfToday: ['@react-router/dev', '@react-router/node', 'react-router']
      .map((name) => `${name}@8.4.0`)
      .concat(['react@19.3.1', 'react-dom@19.3.1', 'vite@8.3.8', 'isbot@5']),
    script: 'react-router dev',
    files: {
      'vite.config.js':
        "import { reactRouter } from '@react-router/dev/vite';\nexport default { plugins: [reactRouter()] };\n",
      'app/routes.js':
        "import { index } from '@react-router/dev/routes';\nexport default [index('home.jsx')];\n",
      'app/home.jsx': 'export default function Home() { return <p id="greeting">GREETING</p>; }\n',
      'app/root.jsx': `import { Links, Meta, Outlet, Scripts } from 'react-router';
export default function App() {
  return <html lang="en"><head>${ICON.replace('>', ' />')}<Meta /><Links /></head><body><Outlet /><Scripts /></body></html>;
}
`,
    },
    edited: 'app/home.jsx',
    ready: HYDRATED,
    edit: 'in place',
  },
  {
    name: 'storybook',
    packages: ['storybook@10.6.6', '@storybook/html-vite@10.6.0', 'vite@7.3.2'],
    script: 'storybook dev --ci --no-open',
    path: '/iframe.html?id=page--plain&viewMode=story',
    files: {
      '.storybook/main.js':
        "export default { stories: ['../*.stories.js'], framework: '@storybook/html-vite', core: { disableTelemetry: true } };\n",
      'page.stories.js': `export default { title: 'Page' };
export const Plain = { render: () => '<p id="greeting">GREETING</p>' };
`,
    },
    edited: 'page.stories.js',
    edit: 'in place',
    // Its frame has no icon.
    known: /favicon\.ico/,
    refusal: /Storybook refuses requests for app\.test[\s\S]*core\.allowedHosts/,
    ownName: {
      // Without the last line its page dials the server's own port: docs/dev-servers.md.
      '.storybook/main.js': `export default {
  stories: ['../*.stories.js'],
  framework: '@storybook/html-vite',
  core: { disableTelemetry: true, allowedHosts: ['app.test'] },
  viteFinal: (config) => { delete config.server.hmr.port; return config; },
};
`,
    },
  },
];
