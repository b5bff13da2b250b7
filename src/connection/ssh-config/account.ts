import { userInfo } from 'node:os'

interface Account {
  readonly username: string
  readonly uid: number
}

let known: Account | undefined

/** Who runs Labbook. Read once: each `userInfo()` reads the user database, and several settings of each host ask. */
export const account = (): Account => (known ??= userInfo())
