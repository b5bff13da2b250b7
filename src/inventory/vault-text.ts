import { DecryptionError, TemplateText } from '../values/template-text.ts'
import type { InventoryProblem } from './errors.ts'
import { decodeUtf8 } from './file-text.ts'
import type { SourceText } from './source-text.ts'

/** Decrypts Ansible Vault. */
export interface Vault {
  /** @throws {DecryptionError} no password decrypts the text, or it is damaged. */
  open(envelope: string): Buffer
  /** Remembers a value that is decrypted when it is read. */
  register(text: TemplateText, envelope: string): void
  /** For each vault id that has a password, the first value: a wrong password shows there. */
  firstValues(): readonly TemplateText[]
}

export const isVault = (text: string): boolean => text.startsWith('$ANSIBLE_VAULT')

const NO_PASSWORD =
  'this is encrypted with Ansible Vault: give its password with --ask-vault-pass, --vault-password-file FILE or ' +
  '--vault-id ID@FILE'

/** A value `!vault`. It is decrypted when it is read first, as in Ansible: each costs some milliseconds. */
export function encryptedText(envelope: string, position: string, vault: Vault | undefined): TemplateText {
  const decrypt = (): string => {
    if (vault === undefined) throw new DecryptionError(NO_PASSWORD)
    return vault.open(envelope).toString('utf8')
  }
  const text = new TemplateText(decrypt, position, { isConfidential: true })
  vault?.register(text, envelope)
  return text
}

/** A file that may be encrypted as a whole, decrypted; or why it cannot be. */
export function plainSource(source: SourceText, vault: Vault | undefined): SourceText | InventoryProblem {
  const { path, text } = source
  if (!isVault(text)) return source
  if (vault === undefined) return { path, line: 1, column: 1, message: NO_PASSWORD }
  try {
    return { path, text: decodeUtf8(path, vault.open(text)), isConfidential: true }
  } catch (error) {
    if (!(error instanceof DecryptionError)) throw error
    return { path, line: 1, column: 1, message: error.message }
  }
}

/** Whether the passwords are right, by one value of each: a wrong one is reported before anything is done. */
export function vaultProblems(vault: Vault): InventoryProblem[] {
  return vault.firstValues().flatMap((text) => {
    const source = sourceOrError(text)
    if (!(source instanceof DecryptionError)) return []
    const [, path = '', line, column] = /^(.*):(\d+):(\d+)$/s.exec(text.position) ?? []
    return [{ path, line: Number(line), column: Number(column), message: source.message }]
  })
}

function sourceOrError(text: TemplateText): string | DecryptionError {
  try {
    return text.source
  } catch (error) {
    if (error instanceof DecryptionError) return error
    throw error
  }
}
