import { Document, isMap, isScalar, LineCounter, parseDocument } from 'yaml'
import { Refusal } from '../modules/support/worker.ts'
import { passwordFault } from './faults.ts'
import { readPrivate, writePrivate } from './private-file.ts'

const HEADING = ' Passwords that nobody gave, made by labbook. With a line taken away, its user gets a new one.'

/** The file with the passwords that were generated: a YAML list of `name: password`. */
export class KeptPasswords {
  readonly #file: string
  readonly #document: Document
  readonly #passwords: Map<string, string>
  #changed = false

  /** @throws {Refusal} where the file cannot be read or is no such list; the message holds nothing of its text. */
  constructor(file: string) {
    this.#file = file
    const text = readPrivate(file) ?? ''
    const lines = new LineCounter()
    // Pretty errors quote the line they are about.
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
    const at = (offset: number | undefined): string => `${file}:${lines.linePos(offset ?? 0).line}`
    const [error] = document.errors
    if (error !== undefined)
      throw new Refusal(
        `${at(error.pos[0])}: this is not YAML (${error.code}): mend the line, or move the file away, and all get new passwords`,
      )
    const { contents } = document
    if (contents !== null && !isMap(contents))
      throw new Refusal(
        `${at(0)}: write a line "name: password" for each user, or move the file away, and all get new passwords`,
      )
    this.#passwords = new Map(
      (contents?.items ?? []).map(({ key, value }) => {
        const where = at(isScalar(key) ? key.range?.[0] : undefined)
        if (!isScalar(key)) throw new Refusal(`${where}: write a line "name: password" for each user`)
        const name = String(key.value)
        if (!isScalar(value) || typeof value.value !== 'string')
          throw new Refusal(`${where}: the password of ${name} must be text: put it in quotes`)
        const fault = passwordFault(value.value)
        if (fault !== undefined) throw new Refusal(`${where}: ${name}: ${fault}`)
        return [name, value.value]
      }),
    )
    this.#document = contents === null ? new Document({}) : document
    if (contents === null) this.#document.commentBefore = HEADING
  }

  get(name: string): string | undefined {
    return this.#passwords.get(name)
  }

  set(name: string, password: string): void {
    this.#passwords.set(name, password)
    this.#document.set(name, password)
    this.#changed = true
  }

  delete(name: string): void {
    if (!this.#passwords.delete(name)) return
    this.#document.delete(name)
    this.#changed = true
  }

  /** Writes the file if it is to hold something else, or is `open` to others. */
  save(open: boolean): void {
    if (this.#changed || open) writePrivate(this.#file, this.#document.toString({ lineWidth: 0 }))
  }
}
