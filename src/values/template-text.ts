import { MASK } from './secret.ts'

/**
 * Text of an inventory, a vars file or the command line that contains template expressions, not rendered yet, or that
 * is confidential. All other text is literal: text marked with `!unsafe`, text of a playbook, facts.
 */
export class TemplateText {
  /** Where it is written: `file:line:col`. */
  readonly position: string
  /** Its value is a secret, also without expressions. */
  readonly isConfidential: boolean
  #source: string | (() => string)

  /**
   * @param source - as written, or a function that decrypts it when it is read first. It throws
   *   {@link DecryptionError}.
   */
  constructor(source: string | (() => string), position: string, { isConfidential = false } = {}) {
    this.#source = source
    this.position = position
    this.isConfidential = isConfidential
  }

  /** @throws {DecryptionError} it is encrypted, and no password decrypts it. */
  get source(): string {
    if (typeof this.#source === 'function') this.#source = this.#source()
    return this.#source
  }

  toString(): string {
    return this.isConfidential ? MASK : this.source
  }

  toJSON(): string {
    return this.toString()
  }
}

/** A value cannot be decrypted. The message says why, and what to do. */
export class DecryptionError extends Error {
  override readonly name = 'DecryptionError'
}

/** As Ansible decides whether to render a text. */
export const hasTemplate = (text: string): boolean => /\{[{%#]/.test(text)
