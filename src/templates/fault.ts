/** The text of a template, with the name that messages give it. */
export interface SourceFile {
  readonly name: string
  readonly text: string
  /** Lines that were removed before the text: the `#jinja2:` header. */
  readonly linesBefore: number
}

/** A position in a template. */
export interface Place {
  readonly file: SourceFile
  readonly offset: number
}

/** A template could not be rendered. `message` starts with `NAME:LINE:COLUMN: `. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
}

/** Why an expression or statement cannot be evaluated. The innermost node that knows its place adds it. */
export class Fault extends Error {
  override readonly name = 'Fault'
  place: Place | undefined

  constructor(message: string, place?: Place) {
    super(message)
    this.place = place
  }
}

/** Of the kinds that `ignore missing` and lists of templates pass over. */
export class MissingTemplate extends Fault {}

/** Throws a {@link Fault}; an expression, unlike `throw`. */
export function fail(message: string, place?: Place): never {
  throw new Fault(message, place)
}

/** A fault as the error that users read. */
export function toTemplateError(error: unknown, file: SourceFile): unknown {
  if (error instanceof RangeError && error.message.includes('call stack'))
    return new TemplateError(`${file.name}: the template calls itself too deeply: check its macros and includes`)
  if (!(error instanceof Fault)) return error
  return new TemplateError(`${error.place === undefined ? file.name : formatPlace(error.place)}: ${error.message}`)
}

/** `name:line:column`. */
export function formatPlace({ file, offset }: Place): string {
  const before = file.text.slice(0, offset)
  const line = before.split('\n').length + file.linesBefore
  return `${file.name}:${line}:${offset - before.lastIndexOf('\n')}`
}
