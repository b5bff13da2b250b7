/** A mode that depends on the old one: `g+w`, `u=rwX`. */
export interface SymbolicMode {
  readonly symbolic: string
}

const USERS = { u: 6, g: 3, o: 0 } as const
const SPECIAL = { u: 0o4000, g: 0o2000, o: 0o1000 } as const
const BITS: Readonly<Record<string, number>> = { r: 4, w: 2, x: 1 }
const EXECUTE = 0o111

/** The umask of the sessions: without a user in front, the bits in it do not change. */
const UMASK = 0o022

type User = keyof typeof USERS

interface Step {
  readonly user: User
  readonly operator: string
  readonly permissions: string
  readonly usesUmask: boolean
}

/** What the mode is for. */
export interface OldMode {
  /** Permission bits. */
  readonly mode: number
  readonly isDirectory: boolean
}

const CLAUSE = /^([ugo]+|a)?((?:[=+-][rwxXstugo]*)+)$/

/** The steps of a symbolic mode; undefined: it is none. As in Ansible, `a` cannot be combined. */
function stepsOf(text: string): Step[] | undefined {
  const steps: Step[] = []
  for (const clause of text.split(',')) {
    const [, who = '', actions = ''] = CLAUSE.exec(clause) ?? []
    if (actions === '') return undefined
    const users: User[] = who === 'a' || who === '' ? ['u', 'g', 'o'] : (Array.from(who) as User[])
    for (const [, operator = '', permissions = ''] of actions.matchAll(/([=+-])([rwxXstugo]*)/g))
      for (const user of users) steps.push({ user, operator, permissions, usesUmask: who === '' })
  }
  return steps
}

/** Whether the text is a symbolic mode, as Ansible reads it. */
export const isSymbolicMode = (text: string): boolean => stepsOf(text) !== undefined

/** The permission bits that a symbolic mode makes of the old ones, as Ansible computes them. */
export function applySymbolicMode({ symbolic }: SymbolicMode, { mode, isDirectory }: OldMode): number {
  let bits = mode
  for (const { user, operator, permissions, usesUmask } of stepsOf(symbolic) ?? []) {
    const asked = bitsOf(user, permissions, bits, isDirectory, usesUmask)
    if (operator === '+') bits |= asked
    else if (operator === '-') bits &= ~asked
    else bits = (bits & ~((7 << USERS[user]) | SPECIAL[user])) | asked
  }
  return bits
}

/** `u`, `g` and `o` among the permissions copy those of another user. */
function bitsOf(user: User, permissions: string, old: number, isDirectory: boolean, usesUmask: boolean): number {
  let bits = 0
  for (const permission of permissions) {
    if (permission === 's') bits |= user === 'o' ? 0 : SPECIAL[user]
    else if (permission === 't') bits |= user === 'o' ? SPECIAL.o : 0
    else if (permission === 'u' || permission === 'g' || permission === 'o')
      bits |= ((old >> USERS[permission]) & 7) << USERS[user]
    else if (permission === 'X') bits |= isDirectory || (old & EXECUTE) !== 0 ? 1 << USERS[user] : 0
    else bits |= ((BITS[permission] ?? 0) << USERS[user]) & (usesUmask ? ~UMASK : 0o777)
  }
  return bits
}

/** Old modes that show whether a symbolic mode depends on them: each single bit, none and all. */
const SAMPLES = [0, 0o7777, ...Array.from({ length: 12 }, (_, bit) => 1 << bit)]

/**
 * The permission bits of a symbolic mode that sets them all, whatever they were: `u=rw,g=r,o=`. undefined: it depends
 * on the old mode (`g+w`, `X`), or is no mode.
 */
export function absoluteMode(text: string): number | undefined {
  if (!isSymbolicMode(text)) return undefined
  const results = SAMPLES.flatMap((mode) =>
    [true, false].map((isDirectory) => applySymbolicMode({ symbolic: text }, { mode, isDirectory })),
  )
  return results.every((bits) => bits === results[0]) ? results[0] : undefined
}
