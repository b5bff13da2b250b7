import { userInfo } from 'node:os'

interface LocalUser {
  readonly username: string
  readonly uid: number
}

let known: LocalUser | undefined

/** Who runs Labbook. Read once: each `userInfo()` reads the user database, and several settings of each host ask. */
export const localUser = (): LocalUser => (known ??= userInfo())
