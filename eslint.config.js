import tseslint from 'typescript-eslint'

/** The rooms of src/ in the order data flows; a room may import from those listed for it and from itself. */
const rooms = {
  values: [],
  shell: ['values'],
  inventory: ['values'],
  modules: ['values', 'shell'],
  connection: ['values', 'shell'],
  run: ['values', 'shell', 'inventory', 'modules', 'connection'],
  evidence: ['values', 'run'],
  report: ['evidence', 'run'],
  ui: ['values', 'run', 'inventory'],
  lab: ['values', 'shell', 'inventory', 'modules'],
  pki: ['values', 'shell', 'modules'],
  accounts: ['values', 'shell', 'modules'],
  transfer: ['values', 'shell', 'modules', 'connection'],
  k3s: ['values', 'shell', 'modules'],
  load: [],
}

const oneWay = Object.entries(rooms).map(([room, allowed]) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: [...Object.keys(rooms), 'cli']
              .filter((other) => other !== room && !allowed.includes(other))
              .map((other) => `../${other}/*`),
            message: `src/${room} may import from: ${allowed.join(', ') || 'no other room'}`,
          },
        ],
      },
    ],
  },
}))

export default tseslint.config(
  { ignores: ['node_modules', 'runs', '.tap', '.lab'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strict],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-invalid-void-type': 'off',
      // Code is wrapped by Biome; this holds comments to it.
      'max-len': [
        'error',
        { code: 120, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true },
      ],
      'max-lines': ['error', { max: 400, skipBlankLines: true }],
    },
  },
  { files: ['test/**/*.ts'], rules: { 'max-lines': ['error', { max: 550, skipBlankLines: true }] } },
  {
    // tap keeps the promise of each t.test() itself.
    files: ['test/**/*.test.ts'],
    rules: { '@typescript-eslint/no-floating-promises': 'off' },
  },
  ...oneWay,
)
