/** Module of accounts in an htpasswd file: `import { htpasswd } from 'labbook/htpasswd'`. */
export { htpasswd, type Htpasswd } from './htpasswd.ts'
export { readAccounts } from './read-accounts.ts'
