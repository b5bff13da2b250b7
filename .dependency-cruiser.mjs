import { readFileSync } from 'node:fs'

/**
 * The packages of src/ in the order data flows: a package may import from those listed for it, and from itself.
 * docs/architecture.md has the same table; a test compares them.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const packages = {
  bundle: [],
  values: [],
  text: [],
  shell: ['values'],
  templates: ['values'],
  inventory: ['values', 'text'],
  modules: ['bundle', 'values', 'shell', 'templates'],
  connection: ['values', 'shell'],
  events: ['text', 'shell', 'modules'],
  playbook: ['values', 'text', 'templates', 'inventory', 'modules', 'events'],
  execution: ['values', 'shell', 'modules', 'connection', 'events', 'playbook'],
  experiments: ['shell', 'connection', 'events', 'playbook', 'execution'],
  runner: ['values', 'text', 'inventory', 'modules', 'events', 'playbook', 'execution', 'experiments'],
  evidence: ['values', 'text', 'shell', 'events', 'execution'],
  report: ['text', 'events', 'evidence'],
  ui: ['values', 'text', 'events'],
  lab: ['values', 'shell', 'inventory', 'modules', 'events'],
  load: ['bundle', 'text', 'events'],
}

/** @type {{ exports: Record<string, string> }} */
const { exports } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))
const EXPORTED = Object.values(exports).map((file) => `^${file.slice(2).replaceAll('.', '\\.')}$`)

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'playbooks-imports',
      comment: "a playbook imports what package.json exports: 'labbook', 'labbook/lab', ...",
      severity: /** @type {const} */ ('error'),
      from: { path: '^playbooks/' },
      to: { path: '^src/', pathNot: EXPORTED },
    },
    ...Object.entries(packages).map(([name, allowed]) => ({
      name: `${name}-imports`,
      comment: `src/${name} may import from: ${allowed.join(', ') || 'no other package'}`,
      severity: /** @type {const} */ ('error'),
      // The module `upload` sends files over another connection, from a worker.
      from: { path: `^src/${name}/`, pathNot: '^src/modules/transfer/' },
      to: { path: '^(src|playbooks|test|bench)/', pathNot: `^src/(${[name, ...allowed].join('|')})/` },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
      extensions: ['.ts', '.mjs', '.js', '.json', '.d.ts'],
    },
  },
}
