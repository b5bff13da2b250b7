import { KEY_WORDS, type CertificateFacts, type KeySeen, type KeyType } from './facts.ts'
import { date } from './judge.ts'

/** What a CA should be. */
export interface CaAsked {
  readonly dir: string
  readonly common_name: string
  readonly key_type: KeyType
  readonly generation: number
  /** Given or not is all that matters here. */
  readonly passphrase?: unknown
}

/** What is there in its place. */
export interface CaSeen {
  readonly certificate: 'missing' | 'damaged' | CertificateFacts
  readonly key: KeySeen
  /** 0: no CA was ever made here. */
  readonly generation: number
}

/** All that was looked at, for one CA. */
export interface CaLook {
  readonly now: number
  readonly seen: CaSeen
  /** A run was killed while it put new files in their places. */
  readonly unfinished: boolean
  /** The folder is open to others and holds other things: it is not ours to close. */
  readonly crowded: boolean
  /** The bundle holds what it should. */
  readonly bundle: boolean
  /** Files that let others in, and the folder itself: `ca.key`, `.`. */
  readonly open: readonly string[]
}

/** What is to be done about a CA. */
export interface CaTask {
  /** A new one: the first, or in place of the one that is there. */
  readonly make?: 'first' | 'rotate'
  /** The key that is there gets the passphrase. */
  readonly encrypt?: boolean
  /** Smaller things, in words. Empty and nothing above: the CA stays as it is. */
  readonly mends: readonly string[]
  readonly problem?: string
}

/**
 * What is to be done about a CA, or why nothing can be: a CA that is there is only ever replaced when that is asked.
 */
export function judgeCa(asked: CaAsked, { seen, now, unfinished, crowded, bundle, open }: CaLook): CaTask {
  const { dir, generation } = asked
  if (crowded) {
    return {
      mends: [],
      problem: `${dir} is open to others and holds other files: give the CA a folder of its own, or close this one (chmod 700)`,
    }
  }
  if (seen.generation === 0) return { make: 'first', mends: [] }
  if (generation > seen.generation) return { make: 'rotate', mends: [] }
  const problem = certificateTrouble(dir, seen, now) ?? keyTrouble(dir, seen) ?? otherCa(asked, seen)
  if (problem !== undefined) return { mends: [], problem }
  const encrypt = asked.passphrase !== undefined && seen.key.state === 'read' && !seen.key.encrypted
  return {
    encrypt,
    mends: [
      ...(unfinished ? ['end what a run that was killed had begun'] : []),
      ...(encrypt ? ['encrypt ca.key with the passphrase'] : []),
      ...(bundle ? [] : ['write ca-bundle.crt anew']),
      ...closing(open),
    ],
  }
}

/** What closes files that others can read, in words. */
export const closing = (open: readonly string[]): string[] =>
  open.map((name) => (name === '.' ? 'close the folder to others (mode 0700)' : `close ${name} to others (mode 0600)`))

const rotate = ({ generation }: CaSeen): string => `have a new CA made (x509_ca with generation: ${generation + 1})`

/** Why no certificate can be judged by the one of the CA. */
export function certificateTrouble(dir: string, seen: CaSeen, now: number): string | undefined {
  const { certificate } = seen
  if (seen.generation === 0) return `there is no CA in ${dir}: make it with x509_ca first`
  const mend = `put it back from a backup, or ${rotate(seen)}`
  if (certificate === 'missing') return `${dir}/ca.crt is missing: ${mend}`
  if (certificate === 'damaged')
    return `${dir}/ca.crt is damaged, or not the certificate of a CA that signed itself: ${mend}`
  if (now < certificate.not_before) {
    return `the clock of this machine says ${date(now)}, and the CA in ${dir} begins on ${date(certificate.not_before)}: set the clock`
  }
  return now >= certificate.not_after
    ? `the CA in ${dir} ended on ${date(certificate.not_after)}: ${rotate(seen)}`
    : undefined
}

/** Why the CA cannot sign. */
export function keyTrouble(dir: string, seen: CaSeen): string | undefined {
  const { key } = seen
  const mend = `put it back from a backup, or ${rotate(seen)}`
  switch (key.state) {
    case 'missing':
      return `${dir}/ca.key is missing: ${mend}`
    case 'damaged':
      return `${dir}/ca.key is damaged: ${mend}`
    case 'needs a passphrase':
      return `${dir}/ca.key is encrypted: give its passphrase`
    case 'other passphrase':
      return `the passphrase does not open ${dir}/ca.key: give the one that it was encrypted with; if that is lost or the file damaged, ${mend}`
    case 'read':
      return key.belongs
        ? undefined
        : `${dir}/ca.key is not the key of ${dir}/ca.crt: put back the one that is, or ${rotate(seen)}`
  }
}

function otherCa(asked: CaAsked, { certificate, generation }: CaSeen): string | undefined {
  if (typeof certificate === 'string') return undefined
  const [is, wish] =
    certificate.common_name !== asked.common_name
      ? [`named «${certificate.common_name}»`, `«${asked.common_name}»`]
      : [`one with a key ${certificate.key_type}`, KEY_WORDS[asked.key_type]]
  if (certificate.common_name === asked.common_name && certificate.key_type === wish) return undefined
  return `the CA in ${asked.dir} is ${is}, and ${wish} is asked: ask for what is there, or rotate it with generation: ${generation + 1}`
}
