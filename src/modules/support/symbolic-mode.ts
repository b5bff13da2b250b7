const USERS = { u: 6, g: 3, o: 0 } as const
const SPECIAL = { u: 0o4000, g: 0o2000, o: 0o1000 } as const
const BITS: Readonly<Record<string, number>> = { r: 4, w: 2, x: 1 }

type User = keyof typeof USERS

const CLAUSE = /^([ugoa]+)((?:[=+-][rwxstugo]*)+)$/

/**
 * The permission bits of a symbolic mode that sets them all, whatever they were: `u=rw,g=r,o=`. Computed as Ansible
 * does. undefined: it is relative to the old mode (`g+w`, `X`), or no mode.
 */
export function absoluteMode(text: string): number | undefined {
  const modes: Partial<Record<User, number>> = {}
  for (const clause of text.split(',')) {
    const [, who = '', actions = ''] = CLAUSE.exec(clause) ?? []
    if (who === '') return undefined
    const users: User[] = who === 'a' ? ['u', 'g', 'o'] : who.includes('a') ? [] : ([...new Set(who)] as User[])
    if (users.length === 0) return undefined
    for (const [, operator, permissions = ''] of actions.matchAll(/([=+-])([rwxstugo]*)/g))
      for (const user of users) {
        const bits = bitsOf(user, permissions, modes)
        const old = modes[user]
        if (bits === undefined || (operator !== '=' && old === undefined)) return undefined
        modes[user] = operator === '=' ? bits : operator === '+' ? (old ?? 0) | bits : (old ?? 0) & ~bits
      }
  }
  const { u, g, o } = modes
  return u === undefined || g === undefined || o === undefined ? undefined : u | g | o
}

/** `u`, `g` and `o` among the permissions copy those of another user; undefined: these are not known. */
function bitsOf(user: User, permissions: string, modes: Partial<Record<User, number>>): number | undefined {
  let bits = 0
  for (const permission of permissions) {
    if (permission === 's') bits |= user === 'o' ? 0 : SPECIAL[user]
    else if (permission === 't') bits |= user === 'o' ? SPECIAL.o : 0
    else if (permission === 'u' || permission === 'g' || permission === 'o') {
      const other = modes[permission]
      if (other === undefined) return undefined
      bits |= ((other >> USERS[permission]) & 7) << USERS[user]
    } else bits |= (BITS[permission] ?? 0) << USERS[user]
  }
  return bits
}
