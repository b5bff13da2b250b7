import { posix } from 'node:path'
import { z } from 'zod'
import { secret, Secret } from '../../values/secret.ts'

/** A path on the target. Absolute, because a script has no folder an author could count on. */
export const targetPath = z
  .string()
  .refine((path) => path.startsWith('/') && !path.includes('\0'), {
    error: 'write an absolute path of the host, like /etc/motd',
  })
  .transform((path) =>
    path.endsWith('/') && path !== '/' ? `${posix.normalize(path).replace(/\/+$/, '')}/` : posix.normalize(path),
  )

/** A path on the target, without the slash at its end. */
export const targetFile = targetPath.transform((path) => (path === '/' ? path : path.replace(/\/$/, '')))

/** Decimal numbers that look like a mode someone forgot to write in octal; as octal none of them makes sense. */
const FORGOTTEN_OCTAL = new Set([400, 440, 444, 500])

/** `'0644'`, `'644'` or `0o644`, as permission bits. */
export const mode = z
  .union([z.string(), z.number().int()], { error: "write the mode like '0644'" })
  .transform((given, context) => {
    if (typeof given === 'string' && /^[0-7]{3,4}$/.test(given)) return Number.parseInt(given, 8)
    if (typeof given === 'number' && given >= 0 && given <= 0o777 && !FORGOTTEN_OCTAL.has(given)) return given
    const hint =
      typeof given === 'number'
        ? `${given} is decimal: write '0${given}' (or 0o${given}, up to 0o777)`
        : `'${given}' is not a mode this runner knows: write three or four octal digits, like '0644'`
    context.addIssue({ code: 'custom', message: hint })
    return z.NEVER
  })

const accountName = /^[A-Za-z0-9_][A-Za-z0-9_.@$+-]*$/

/** The name of a user or a group. */
export const account = z.string().regex(accountName, { error: 'not a name of a user or group' })

/** A user or group: its name, or its number. */
export const owner = z
  .union([account, z.number().int().nonnegative()], { error: 'write a name or a number' })
  .transform(String)

/** Text that may be secret. A secret cannot hold NUL: it could only travel encoded, where no record would mask it. */
export const secretText = z.union(
  [
    z.string(),
    z
      .instanceof(Secret)
      .refine((text) => !text.reveal().includes('\0'), { error: 'a secret cannot contain a NUL byte' }),
  ],
  { error: 'write text' },
)

/** Text that is secret however it was given: wrapped at once, so that every record masks it. */
export const alwaysSecret = secretText.transform((text) => secret(text))

/** `owner`, `group`, `mode`: the parameters of every module that makes files. */
export const attributes = { owner: owner.optional(), group: owner.optional(), mode: mode.optional() }

/** What `attributes` gives. */
export interface Attributes {
  readonly owner?: string | undefined
  readonly group?: string | undefined
  readonly mode?: number | undefined
}

/** Parameters of modules that replace a file's content as a whole. */
export const replacing = {
  ...attributes,
  /** Keeps the old file beside the new one. */
  backup: z.boolean().default(false),
  /** A command that must accept the new file before it takes its place; `%s` is the file. */
  validate: z.string().includes('%s', { error: 'validate needs a %s where the path of the new file goes' }).optional(),
}

/**
 * Permission bits for chmod and mkdir: with five digits they mean all bits. With four, GNU's chmod leaves a folder its
 * set-user-id and set-group-id bits.
 */
export const allBits = (bits: number): string => bits.toString(8).padStart(5, '0')

/** Permission bits as people write them: `0644`. */
export const octal = (bits: number): string => bits.toString(8).padStart(4, '0')
