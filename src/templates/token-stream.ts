import { fail, type SourceFile } from './fault.ts'
import type { Token } from './lexer.ts'

/** What users write who know other languages, and how Jinja2 has it. */
const HINTS: Readonly<Record<string, string>> = { '=': '"=="', '?': '"a if test else b"', '!': '"not"', '&': '"and"' }

/** The tokens of a template, read one after the other. */
export class TokenStream {
  protected readonly file: SourceFile
  readonly #tokens: readonly Token[]
  #index = 0

  constructor(file: SourceFile, tokens: readonly Token[]) {
    this.file = file
    this.#tokens = tokens
  }

  protected get current(): Token {
    return this.peek(0)
  }

  protected peek(distance: number): Token {
    const end = this.file.text.length
    return (
      this.#tokens[this.#index + distance] ?? {
        kind: 'end',
        value: undefined,
        at: { file: this.file, offset: end },
        end,
      }
    )
  }

  protected next(): Token {
    const token = this.current
    this.#index += 1
    return token
  }

  protected is(kind: string): boolean {
    return this.current.kind === kind
  }

  protected isName(...names: string[]): boolean {
    return this.current.kind === 'name' && names.includes(this.current.value as string)
  }

  protected skip(kind: string): boolean {
    if (!this.is(kind)) return false
    this.next()
    return true
  }

  protected skipName(name: string): boolean {
    if (!this.isName(name)) return false
    this.next()
    return true
  }

  protected expect(kind: string, what = `"${kind}"`): Token {
    if (!this.is(kind)) this.unexpected(what)
    return this.next()
  }

  protected expectName(name: string): Token {
    if (!this.isName(name)) this.unexpected(`"${name}"`)
    return this.next()
  }

  protected identifier(what: string): string {
    return this.expect('name', what).value as string
  }

  protected unexpected(expected: string): never {
    const { kind, value, at } = this.current
    const found =
      kind === 'end'
        ? 'the end of the template'
        : kind.endsWith(' end')
          ? 'the end of the tag'
          : kind === 'data'
            ? 'text'
            : `"${String(value)}"`
    const hint = HINTS[kind]
    fail(`expected ${expected}, found ${found}${hint === undefined ? '' : `: Jinja2 has ${hint}`}`, at)
  }
}
