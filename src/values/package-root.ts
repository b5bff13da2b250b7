import path from 'node:path'

/** Labbook's directory: the repository, or the installed package. It contains `src/`, `playbooks/` and `templates/`. */
export const PACKAGE_ROOT = path.resolve(import.meta.dirname, '../..')
