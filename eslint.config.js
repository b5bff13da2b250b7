import tseslint from 'typescript-eslint'
import labbook from './lint/terms.js'

export default tseslint.config(
  // What runs in a browser is not part of this project's TypeScript.
  { ignores: ['node_modules', 'runs', '.tap', '.lab', 'app'] },
  {
    files: ['**/*.{ts,mjs,js}'],
    extends: [...tseslint.configs.strict],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { labbook },
    rules: {
      'labbook/terms': 'error',
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
  // Russian quotes.
  { files: ['src/report/messages/ru.ts'], rules: { 'labbook/terms': 'off' } },
  { files: ['test/**/*.ts'], rules: { 'max-lines': ['error', { max: 550, skipBlankLines: true }] } },
  {
    // tap keeps the promise of each t.test() itself.
    files: ['test/**/*.test.ts'],
    rules: { '@typescript-eslint/no-floating-promises': 'off' },
  },
)
