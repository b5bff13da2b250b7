import { sh, raw } from '../../shell/quote.ts'

const FILES = { passwd: '/etc/passwd', group: '/etc/group' } as const

/** A shell condition: a user (`passwd`) or group of this name exists. Falls back to the file where there is no getent. */
export function accountExists(database: keyof typeof FILES, name: string): string {
  const inFile = sh`grep -q ${`^${name.replaceAll(/[.[\]*^$\\]/g, '\\$&')}:`} ${FILES[database]}`
  return sh`{ if command -v getent >/dev/null; then getent ${database} ${name} >/dev/null; else ${raw(inFile)}; fi; }`
}
