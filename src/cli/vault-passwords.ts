import { execFileSync } from 'node:child_process'
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { isVault } from '../inventory/vault-text.ts'
import { vaultOf, type VaultPassword } from '../inventory/vault.ts'
import { promptPassword } from '../ui/index.ts'
import { Secret } from '../values/secret.ts'
import { DecryptionError } from '../values/template-text.ts'
import { UsageError } from './usage-error.ts'

/** Where a password of Ansible Vault is. */
export interface VaultSource {
  readonly id: string
  /** Undefined: a prompt. */
  readonly file: string | undefined
  /** For messages. */
  readonly origin: string
}

/** The passwords, in order: a password file may be encrypted with one before it. */
export async function readVaultPasswords(
  sources: readonly VaultSource[],
  canPrompt: boolean,
): Promise<readonly VaultPassword[]> {
  const passwords: VaultPassword[] = []
  for (const { id, file, origin } of sources) {
    const password =
      file === undefined ? await prompt(id, origin, canPrompt) : passwordIn({ file, id, origin }, passwords)
    if (password.reveal() === '') throw new UsageError(`${origin}: the password is empty`)
    passwords.push({ id, password, origin })
  }
  return passwords
}

async function prompt(id: string, origin: string, canPrompt: boolean): Promise<Secret> {
  if (!canPrompt) throw new UsageError(`${origin} needs a terminal; use --vault-password-file instead`)
  return await promptPassword(id === 'default' ? 'Vault password' : `Vault password (${id})`)
}

function passwordIn(
  { file, id, origin }: { readonly file: string; readonly id: string; readonly origin: string },
  known: readonly VaultPassword[],
): Secret {
  try {
    if (statSync(file).isDirectory()) throw new UsageError(`${origin}: ${file} is a directory, not a file`)
    if (isExecutable(file)) return printedBy(file, id, origin)
    const text = readFileSync(file, 'utf8').trim()
    return new Secret(
      isVault(text)
        ? vaultOf(known)
            .open(text)
            .toString('utf8')
            .replace(/[\r\n]+$/, '')
        : text,
    )
  } catch (error) {
    if (error instanceof DecryptionError) throw new UsageError(`${origin}: ${error.message}`)
    if (error instanceof UsageError) throw error
    throw new UsageError(`${origin}: cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`)
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What a program prints. One whose name ends in `-client` receives the vault id, as in Ansible. */
function printedBy(file: string, id: string, origin: string): Secret {
  // A shell would run the password.
  if (!/^(?:#!|\u007FELF)/.test(readFileSync(file, 'latin1').slice(0, 4)))
    throw new UsageError(`${origin}: ${file} is executable, but no program: if it has the password, run chmod -x on it`)
  const isClient = path.parse(file).name.endsWith('-client')
  try {
    const output = execFileSync(file, isClient ? ['--vault-id', id] : [], { stdio: ['inherit', 'pipe', 'inherit'] })
    return new Secret(output.toString('utf8').replace(/^[\r\n]+|[\r\n]+$/g, ''))
  } catch (error) {
    const { status } = error as { status?: number | null }
    const unknown = isClient && status === 2 ? ` (it has no password for the vault id "${id}")` : ''
    throw new UsageError(`${origin}: ${file} failed with exit code ${status ?? 'unknown'}${unknown}`)
  }
}
