import { homedir } from 'node:os'
import path from 'node:path'
import type { Vault } from '../inventory/index.ts'
import type { AnsibleConfig } from './ansible-config.ts'
import type { OptionSpec } from './command-line.ts'
import { UsageError } from './usage-error.ts'
import type { VaultSource } from './vault-passwords.ts'

/** Options about Ansible Vault. */
export const VAULT_OPTIONS = {
  'ask-vault-pass': { short: 'J', help: 'ask for the password of Ansible Vault' },
  'vault-password-file': { value: 'FILE', help: 'password of Ansible Vault: a file, or a program that prints it' },
  'vault-id': { value: 'ID@FILE', help: 'vault id with its password: prod@FILE, prod@prompt' },
} as const satisfies Readonly<Record<string, OptionSpec>>

type Name = keyof typeof VAULT_OPTIONS

/** The values of {@link VAULT_OPTIONS}. */
export interface VaultOptions {
  readonly ask: boolean
  readonly files: readonly string[]
  readonly ids: readonly string[]
}

const DEFAULT_ID = 'default'

/**
 * Reads the options.
 *
 * @param all - the values of an option in command line order.
 * @throws {UsageError} a prompt is not possible.
 */
export function vaultOptions(all: (name: Name) => readonly string[], canPrompt: boolean): VaultOptions {
  const ask = all('ask-vault-pass').length > 0
  if (ask && !canPrompt)
    throw new UsageError('--ask-vault-pass prompts, which --no-input and --json forbid; use --vault-password-file')
  return { ask, files: all('vault-password-file'), ids: all('vault-id') }
}

/** The passwords in Ansible's order: vault ids, password files, ansible.cfg and environment, the prompt. */
export function vaultSources({ ask, files, ids }: VaultOptions, config: AnsibleConfig): readonly VaultSource[] {
  const list = config.setting(['ANSIBLE_VAULT_IDENTITY_LIST'], ['defaults.vault_identity_list'])
  const listed = (list?.value ?? '')
    .split(',')
    .map((slug) => slug.trim())
    .filter((slug) => slug !== '')
  const file = config.setting(['ANSIBLE_VAULT_PASSWORD_FILE'], ['defaults.vault_password_file'])
  const asks = config.setting(['ANSIBLE_ASK_VAULT_PASS'], ['defaults.ask_vault_pass'])?.value ?? ''
  return [
    ...listed.map((slug) => sourceOf(slug, `${list?.origin}`, list?.directory)),
    ...ids.map((slug) => sourceOf(slug, `--vault-id ${slug}`)),
    ...files.map((each) => ({ id: DEFAULT_ID, file: resolved(each), origin: `--vault-password-file ${each}` })),
    ...(file === undefined
      ? []
      : [{ id: DEFAULT_ID, file: resolved(file.value, file.directory), origin: `${file.value} (${file.origin})` }]),
    ...(ask || /^(?:1|true|yes|on|y|t)$/i.test(asks)
      ? [{ id: DEFAULT_ID, file: undefined, origin: '--ask-vault-pass' }]
      : []),
  ]
}

/** `ID@FILE`, `FILE`, `ID@prompt`. */
function sourceOf(slug: string, origin: string, directory?: string): VaultSource {
  const at = slug.indexOf('@')
  const [id, file] = at === -1 ? [DEFAULT_ID, slug] : [slug.slice(0, at) || DEFAULT_ID, slug.slice(at + 1)]
  if (file === '') throw new UsageError(`${origin}: a file is missing after "@": write ${id}@FILE or ${id}@prompt`)
  const isPrompt = file === 'prompt' || file === 'prompt_ask_vault_pass'
  return { id, file: isPrompt ? undefined : resolved(file, directory), origin }
}

const resolved = (file: string, directory = process.cwd()): string =>
  path.resolve(directory, file.replace(/^~(?=\/|$)/, homedir()))

/**
 * Decrypts what the inventory and vars files have encrypted.
 *
 * @returns undefined without a password.
 * @throws {UsageError} a password cannot be read. @throws {Cancelled} the user cancelled a prompt.
 */
export async function openVault(
  options: VaultOptions,
  config: AnsibleConfig,
  canPrompt: boolean,
): Promise<Vault | undefined> {
  const sources = vaultSources(options, config)
  const matchIds = config.setting(['ANSIBLE_VAULT_ID_MATCH'], ['defaults.vault_id_match'])?.value ?? ''
  if (sources.length === 0) return undefined
  const { readVaultPasswords } = await import('./vault-passwords.ts')
  const { vaultOf } = await import('../inventory/vault.ts')
  return vaultOf(await readVaultPasswords(sources, canPrompt), { matchIds: /^(?:1|true|yes|on|y|t)$/i.test(matchIds) })
}
