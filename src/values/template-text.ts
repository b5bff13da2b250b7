/**
 * Text of an inventory, a vars file or the command line that contains template expressions, not rendered yet. All other
 * text is literal: text marked with `!unsafe`, text of a playbook, facts.
 */
export class TemplateText {
  /** As written. */
  readonly source: string
  /** Where it is written: `file:line:col`. */
  readonly position: string

  constructor(source: string, position: string) {
    this.source = source
    this.position = position
  }

  toString(): string {
    return this.source
  }

  toJSON(): string {
    return this.source
  }
}

/** As Ansible decides whether to render a text. */
export const hasTemplate = (text: string): boolean => /\{[{%#]/.test(text)
