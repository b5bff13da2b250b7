import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'
import labbook from './lint/terms.js'

export default defineConfig(
  // What runs in a browser is not part of this project's TypeScript.
  { ignores: ['node_modules', 'runs', '.tap', '.lab', 'app'] },
  {
    files: ['**/*.{ts,mjs,js}'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { labbook },
    rules: {
      'labbook/terms': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
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
  {
    // typescript-eslint does not see casts in JSDoc; tsc does.
    files: ['**/*.{mjs,js}'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
  // Russian quotes.
  { files: ['src/report/messages/ru.ts'], rules: { 'labbook/terms': 'off' } },
  {
    files: ['test/**/*.{ts,mjs}'],
    rules: {
      'max-lines': ['error', { max: 550, skipBlankLines: true }],
      // tap's tests and the stubs of asynchronous functions are async, with or without an await.
      '@typescript-eslint/require-await': 'off',
      // tap binds its assertions: `promise.then(t.fail, ...)`.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // tap keeps the promise of each t.test() itself.
    files: ['test/**/*.test.ts'],
    rules: { '@typescript-eslint/no-floating-promises': 'off' },
  },
)
