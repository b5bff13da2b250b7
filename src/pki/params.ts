import { z } from 'zod'
import { alwaysSecret, targetFile } from '../modules/support/params.ts'
import { canonicalName } from './names.ts'

/** Where `programs` are, from the project's folder. */
export const PROGRAM = 'src/pki/program.ts'

/** The folder of a CA. */
export const dir = targetFile

export const keyType = z.enum(['ec', 'rsa']).default('ec')

export const generation = z.int().min(1).max(999_999).default(1)

/** Up to 8000 years: a date has four digits for the year. */
export const validDays = z.int().min(1).max(2_900_000)

/** openssl reads one line of at most 1023 bytes. */
export const passphrase = alwaysSecret
  .refine((text) => text.reveal() !== '', {
    error: 'an empty passphrase protects nothing: leave it out, or look why it is empty',
  })
  .refine((text) => !/[\r\n]/.test(text.reveal()), { error: 'a passphrase is one line' })
  .refine((text) => Buffer.byteLength(text.reveal()) < 1000, { error: 'a passphrase has less than 1000 bytes' })

/** Of a subject: 64 characters are all that a certificate can hold there. */
export const commonName = z.string().regex(/^[^\p{C}]{1,64}$/u, { error: 'write a name of 1 to 64 characters' })

/** Names of files are made of it. */
export const certificateName = z
  .string()
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/, {
    error: 'write a name of letters, digits, dots and hyphens, up to 64',
  })
  .refine((name) => name !== 'ca' && name !== 'ca-bundle', { error: 'the files of the CA have this name' })

/** DNS names and addresses, each once, in one form and order. */
export const names = z
  .array(
    z.string().transform((name, context) => {
      const canonical = canonicalName(name)
      if (canonical !== undefined) return canonical
      context.addIssue({ code: 'custom', message: `'${name}' is neither a DNS name nor an IP address` })
      return z.NEVER
    }),
  )
  .min(1, { error: 'write at least one name: clients look at nothing else' })
  .transform((given) => [...new Set(given)].sort())
