/*
 * Variables in a text, as Docker Compose substitutes them (compose-go, package template): `$NAME`, `${NAME}`, and with
 * an operator `:-`, `-`, `:+`, `+`, `:?` or `?`, whose text may contain variables itself; `$$` is a dollar sign.
 */

/** The value of a variable; undefined if it is not set. */
export type Lookup = (name: string) => string | undefined

/** A text with a variable that cannot be substituted. */
export class SubstitutionError extends Error {
  /** The variable that has no value; undefined if the text is not valid. */
  readonly variable: string | undefined

  constructor(message: string, variable?: string) {
    super(message)
    this.variable = variable
  }
}

/**
 * `.` matches no line break, and the first operator extends to the last brace of the line: where it ends is decided by
 * {@link closingBrace}.
 */
const VARIABLE =
  /\$(?:(?<escaped>\$)|(?<named>[_a-z][_a-z0-9]*)|\{(?:(?<braced>[_a-z][_a-z0-9]*(?::?[-?+].*)?)\}|(?<invalid>)))/i
const VARIABLES = new RegExp(VARIABLE, 'gi')

const OPERATOR = /^([_a-z][_a-z0-9]*)(:?[-+?])(.*)$/is

/**
 * Substitutes the variables of a text. Compose replaces a variable without a value by nothing; here it is an error.
 *
 * @throws {SubstitutionError} on a variable without a value or default, and on an invalid expression.
 */
export function substitute(text: string, lookup: Lookup): string {
  return text.replace(VARIABLES, (expression) => replacement(expression, lookup))
}

function replacement(expression: string, lookup: Lookup): string {
  const end = closingBrace(expression)
  const rest = end === -1 ? '' : expression.slice(end + 1)
  const first = end === -1 ? expression : expression.slice(0, end + 1)
  const { escaped, named, braced } = VARIABLE.exec(first)?.groups ?? {}
  if (escaped !== undefined) return escaped
  const name = named ?? braced
  if (name === undefined)
    throw new SubstitutionError('invalid variable: write ${NAME}, or $$ for a dollar sign that is text')
  const [, variable, operator, operand = ''] = (braced === undefined ? null : OPERATOR.exec(braced)) ?? []
  if (variable === undefined || operator === undefined) return valueOf(name, lookup)
  return withOperator(variable, operator, operand, lookup) + substitute(rest, lookup)
}

function valueOf(name: string, lookup: Lookup): string {
  const value = lookup(name)
  if (value === undefined) throw new SubstitutionError(`variable ${name} has no value`, name)
  return value
}

function withOperator(name: string, operator: string, operand: string, lookup: Lookup): string {
  const value = lookup(name)
  const present = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined
  if (operator.endsWith('+')) return present ? substitute(operand, lookup) : (value ?? '')
  if (present) return value as string
  if (operator.endsWith('-')) return substitute(operand, lookup)
  const reason = substitute(operand, lookup)
  const problem = value === undefined ? 'has no value' : 'is empty'
  throw new SubstitutionError(`variable ${name} ${problem}${reason === '' ? '' : `: ${reason}`}`, name)
}

/** The index of the brace that ends the first expression; -1 if there is none. */
function closingBrace(text: string): number {
  let open = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '}') {
      open--
      if (open === 0) return i
    }
    if (text[i] === '{') {
      open++
      // Compose skips the character after a brace.
      i++
    }
  }
  return -1
}
