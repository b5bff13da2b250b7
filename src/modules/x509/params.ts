import * as z from 'zod'
import { codeFile } from '../../bundle/worker-path.ts'
import { alwaysSecret, targetFile } from '../support/params.ts'
import { canonicalName } from './names.ts'

/** The file of `programs`. */
export const PROGRAM = codeFile(import.meta.dirname, 'program')

/** Directory of a CA. */
export const dir = targetFile

export const keyType = z.enum(['ec', 'rsa']).default('ec')

export const generation = z.int().min(1).max(999_999).default(1)

/** Up to 8000 years: the year has four digits. */
export const validDays = z.int().min(1).max(2_900_000)

/** openssl reads one line of at most 1023 bytes. */
export const passphrase = alwaysSecret
  .refine((text) => text.reveal() !== '', {
    error: 'the passphrase is empty: omit it, or find out why it is empty',
  })
  .refine((text) => !/[\r\n]/.test(text.reveal()), { error: 'a passphrase must be one line' })
  .refine((text) => Buffer.byteLength(text.reveal()) < 1000, { error: 'a passphrase must have less than 1000 bytes' })

/** X.509 limits a common name to 64 characters. */
export const commonName = z.string().regex(/^[^\p{C}]{1,64}$/u, { error: 'must have 1 to 64 characters' })

/** Used in file names. */
export const certificateName = z
  .string()
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/, {
    error: 'must consist of up to 64 letters, digits, dots and hyphens',
  })
  .refine((name) => name !== 'ca' && name !== 'ca-bundle', { error: 'is reserved for the files of the CA' })

/** Unique DNS names and addresses in canonical form and order. */
export const names = z
  .array(
    z.string().transform((name, context) => {
      const canonical = canonicalName(name)
      if (canonical !== undefined) return canonical
      context.addIssue({ code: 'custom', message: `"${name}" is neither a DNS name nor an IP address` })
      return z.NEVER
    }),
  )
  .min(1, { error: 'must have at least one name: clients verify only these' })
  .transform((list) => [...new Set(list)].sort())
