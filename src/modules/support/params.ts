import { posix } from 'node:path'
import * as z from 'zod'
import { splitWords } from '../../shell/split-words.ts'
import { absoluteMode, isSymbolicMode, type SymbolicMode } from './symbolic-mode.ts'
import { secret, Secret, SecretBytes } from '../../values/secret.ts'

/** Bytes of a file's name, on all file systems of Linux. */
const MAX_NAME = 255

/** An absolute path on the host: scripts have no defined working directory. */
export const targetPath = z
  .string()
  .refine((path) => path.startsWith('/') && !path.includes('\0'), {
    error: 'must be an absolute path on the host, such as /etc/motd',
  })
  .refine((path) => path.split('/').every((name) => Buffer.byteLength(name) <= MAX_NAME), {
    error: `has a name of more than ${MAX_NAME} bytes`,
  })
  .transform((path) =>
    path.endsWith('/') && path !== '/' ? `${posix.normalize(path).replace(/\/+$/, '')}/` : posix.normalize(path),
  )

/** A path without slashes at its end. */
export const withoutSlash = (path: string): string => path.replace(/(.)\/+$/, '$1')

/** A path on the host, without a trailing slash. */
export const targetFile = targetPath.transform(withoutSlash)

/** Decimal numbers that look like a mode without its octal prefix; as octal none of them makes sense. */
const FORGOTTEN_OCTAL = new Set([400, 440, 444, 500])

const givenMode = z.union([z.string(), z.number().int()], { error: "must be a mode such as '0644'" })

/** The permission bits of a mode; undefined: it is none, or depends on the old one. */
function bitsOfMode(given: string | number): number | undefined {
  if (typeof given === 'number') return given >= 0 && given <= 0o777 && !FORGOTTEN_OCTAL.has(given) ? given : undefined
  return /^0?[0-7]{3,4}$/.test(given) ? Number.parseInt(given, 8) : absoluteMode(given)
}

const badMode = (given: string | number, symbolic: string): { code: 'custom'; message: string } => ({
  code: 'custom',
  message:
    typeof given === 'number'
      ? `${given} is decimal: write '0${given}' (or 0o${given}, up to 0o777)`
      : `'${given}' is not supported: write three or four octal digits, such as '0644', or ${symbolic}`,
})

/** `'0644'`, `'644'`, `'00644'`, `0o644` or `'u=rw,g=r,o='`, as permission bits. */
export const mode = givenMode.transform((given, context) => {
  const bits = bitsOfMode(given)
  if (bits !== undefined) return bits
  context.addIssue(badMode(given, "a mode for all of user, group and others: 'u=rw,g=r,o='"))
  return z.NEVER
})

/** Permission bits, or a mode that depends on the old one. */
export type Mode = number | SymbolicMode

/** Like {@link mode}, or a mode that depends on that of the file: `'g+w'`, `'u=rwX'`. */
export const fileMode = givenMode.transform(parseMode)

/** Like {@link fileMode}, or `preserve`: the mode of the source. */
export const modeOrPreserve = givenMode.transform((given, context) =>
  given === 'preserve' ? given : parseMode(given, context),
)

function parseMode(given: string | number, context: z.core.$RefinementCtx): Mode {
  const bits = bitsOfMode(given)
  if (bits !== undefined) return bits
  if (typeof given === 'string' && isSymbolicMode(given)) return { symbolic: given }
  context.addIssue(badMode(given, "a symbolic mode, such as 'u=rw,g=r,o=' or 'g+w'"))
  return z.NEVER
}

/** A umask. A number would be taken for another one: 22 is 0o26. */
export const umask = z
  .string({ error: "must be a text of octal digits, such as '022'" })
  .regex(/^0?[0-7]{3}$/, { error: "must be three or four octal digits, such as '022'" })
  .transform((digits) => Number.parseInt(digits, 8))

const accountName = /^[A-Za-z0-9_][A-Za-z0-9_.@$+-]*$/

/** The name of a user or a group. */
export const account = z.string().regex(accountName, { error: 'invalid user or group name' })

/** The name of an account to manage. A number is taken for a uid or gid by most tools, so it is no name. */
export const newAccount = account.refine((name) => !/^\d+$/.test(name), {
  error: 'must be a name, not a number: tools take a number for a uid or gid',
})

/** A user or group: its name, or its number. */
export const owner = z
  .union([account, z.number().int().nonnegative()], { error: 'must be a name or a number' })
  .transform(String)

/**
 * Text that may be secret. Secrets must not contain NUL: they would have to be encoded, and records could not mask
 * them.
 */
export const secretText = z.union(
  [
    z.string(),
    z
      .instanceof(Secret)
      .refine((text) => !(text instanceof SecretBytes), { error: 'must be text, not bytes' })
      .refine((text) => !text.reveal().includes('\0'), { error: 'a secret cannot contain a NUL byte' }),
  ],
  { error: 'must be text' },
)

/** Like {@link secretText}, or confidential bytes. */
export const secretContent = z.union(
  [
    z.string(),
    z.instanceof(Secret).refine((content) => content instanceof SecretBytes || !content.reveal().includes('\0'), {
      error: 'a secret text cannot contain a NUL byte: use SecretBytes',
    }),
  ],
  { error: 'must be text' },
)

/** Text that is always secret: wrapped at once, so that every record masks it. */
export const alwaysSecret = secretText.transform((text) => secret(text))

/** Parameters of every module that creates files. */
export const attributes = {
  owner: owner.optional(),
  group: owner.optional(),
  /** Octal, such as `'0644'`, or symbolic: `'u=rw,g=r,o='`, `'g+w'`, `'u=rwX'`. */
  mode: fileMode.optional(),
}

/** Values of `attributes`. */
export interface GivenAttributes {
  readonly owner?: string | undefined
  readonly group?: string | undefined
  readonly mode?: Mode | undefined
}

/** Owner, group and permission bits of a path. */
export interface Attributes {
  readonly owner?: string | undefined
  readonly group?: string | undefined
  readonly mode?: number | undefined
}

/** A command line that is split into words, without a shell. */
export const commandLine = z.string().superRefine((line, context) => {
  try {
    if (splitWords(line).length === 0) context.addIssue({ code: 'custom', message: 'the command is empty' })
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as SyntaxError).message })
  }
})

/** Ansible would pass them to the program. No validation wants that, but scripts for a shell are full of them. */
const OPERATOR = /(?:^|\s)(?:\d*[<>]|\||&&|;)/

const withoutQuoted = (line: string): string => line.replace(/'[^']*'|"(?:[^"\\]|\\[\s\S])*"|\\[\s\S]/g, '_')

/** Parameters of modules that replace the content of a file. */
export const replacing = {
  ...attributes,
  /** Create a backup of the old file in the same directory. */
  backup: z.boolean().default(false),
  /**
   * Command that validates the new file before it is put in place; `%s` is its path. It is not processed by a shell:
   * for `|` and the like write `sh -c '...' - %s`, with `"$1"` as the path.
   */
  validate: commandLine
    .includes('%s', { error: 'must contain %s for the path of the new file' })
    .refine((line) => !OPERATOR.test(withoutQuoted(line)), {
      error: `no shell processes it, so that <, >, | and the like would be arguments: write sh -c '... "$1"' - %s`,
    })
    .optional(),
}

/**
 * Permission bits for chmod and mkdir. Five digits set all bits; with four, GNU chmod keeps a directory's set-user-id
 * and set-group-id bits.
 */
export const allBits = (bits: number): string => bits.toString(8).padStart(5, '0')

/** Permission bits for display: `0644`. */
export const octal = (bits: number): string => bits.toString(8).padStart(4, '0')
