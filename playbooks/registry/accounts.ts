import { readAccounts } from 'labbook/htpasswd'
import { PlaybookError, type PlayContext, Refusal, secret, type Secret } from 'labbook'
import { registryFiles, registryHost } from './address.ts'
import { registryVars } from './vars.ts'

type Inventory = Pick<PlayContext, 'groups' | 'hostvars'>

/** An account of the inventory. Without a password, one is generated. */
export interface RegistryAccount {
  readonly name: string
  readonly password?: Secret
}

/** `registry_users`: a list of `{name, password}` or of names. Hosts log in with the first. */
export function configuredAccounts(on: Inventory): RegistryAccount[] {
  const host = registryHost(on)
  return registryVars.read(on.hostvars(host), host).registry_users.map((item: unknown) => {
    if (typeof item === 'string') return { name: item }
    const { name, password } = (item ?? {}) as { name?: unknown; password?: unknown }
    if (typeof name !== 'string') throw new PlaybookError('registry_users: each account needs a name')
    if (password === undefined || password === null) return { name }
    if (typeof password !== 'string')
      throw new PlaybookError(`registry_users: the password of "${name}" must be a string: put it in quotes`)
    return { name, password: secret(password) }
  })
}

/** The account that hosts log in with. Its password is unknown until the accounts exist. */
export function machineAccount(on: Inventory): RegistryAccount {
  const accounts = configuredAccounts(on)
  try {
    return (readAccounts(accounts, registryFiles(on).passwords)[0] ?? accounts[0]) as RegistryAccount
  } catch (error) {
    if (error instanceof Refusal) throw new PlaybookError(error.message)
    throw error
  }
}
