import { KEY_TYPE_NAMES, type CertificateFacts, type KeyState, type KeyType } from './facts.ts'
import { date } from './renewal.ts'

/** The desired state of a CA. */
export interface CaParams {
  readonly dir: string
  readonly common_name: string
  readonly key_type: KeyType
  readonly generation: number
  /** Only its presence matters here. */
  readonly passphrase?: unknown
}

/** The current state of a CA. */
export interface CaState {
  readonly certificate: 'missing' | 'damaged' | CertificateFacts
  readonly key: KeyState
  /** 0: no CA exists. */
  readonly generation: number
}

/** The status of a CA. */
export interface CaStatus {
  readonly now: number
  readonly state: CaState
  /** A run was killed while it moved new files into place. */
  readonly unfinished: boolean
  /** The directory is accessible to others and contains other files, so its mode must not change. */
  readonly shared_directory: boolean
  /** The bundle is up to date. */
  readonly bundle: boolean
  /** Files with too open modes: `ca.key`, or `.` for the directory. */
  readonly open: readonly string[]
}

/** The changes that a CA needs. */
export interface CaChanges {
  /** Create a CA: the first, or a replacement. */
  readonly make?: 'first' | 'rotate'
  /** Encrypt the existing key. */
  readonly encrypt?: boolean
  /** Descriptions of smaller repairs. */
  readonly repairs: readonly string[]
  readonly problem?: string
}

/** Plans the changes of a CA, or reports a problem. An existing CA is replaced only by a higher generation. */
export function planCa(
  asked: CaParams,
  { state: seen, now, unfinished, shared_directory: crowded, bundle, open }: CaStatus,
): CaChanges {
  const { dir, generation } = asked
  if (crowded) {
    return {
      repairs: [],
      problem: `"${dir}" is accessible to others and contains other files: use a separate directory for the CA, or run chmod 700`,
    }
  }
  if (seen.generation === 0) return { make: 'first', repairs: [] }
  if (generation > seen.generation) return { make: 'rotate', repairs: [] }
  const problem = caCertificateProblem(dir, seen, now) ?? caKeyProblem(dir, seen) ?? otherCa(asked, seen)
  if (problem !== undefined) return { repairs: [], problem }
  const encrypt = asked.passphrase !== undefined && seen.key.state === 'read' && !seen.key.encrypted
  return {
    encrypt,
    repairs: [
      ...(unfinished ? ['complete an interrupted run'] : []),
      ...(encrypt ? ['encrypt ca.key with the passphrase'] : []),
      ...(bundle ? [] : ['update ca-bundle.crt']),
      ...modeRepairs(open),
    ],
  }
}

/** Descriptions of mode changes. */
export const modeRepairs = (open: readonly string[]): string[] =>
  open.map((name) => (name === '.' ? 'set mode 0700 of the directory' : `set mode 0600 of ${name}`))

const rotate = ({ generation }: CaState): string => `rotate the CA (x509_ca with generation: ${generation + 1})`

/** Why the CA's certificate is unusable. */
export function caCertificateProblem(dir: string, seen: CaState, now: number): string | undefined {
  const { certificate } = seen
  if (seen.generation === 0) return `no CA in "${dir}": run x509_ca first`
  const fix = `restore it from a backup, or ${rotate(seen)}`
  if (certificate === 'missing') return `"${dir}/ca.crt" is missing: ${fix}`
  if (certificate === 'damaged') return `"${dir}/ca.crt" is damaged, or not a self-signed CA certificate: ${fix}`
  if (now < certificate.not_before) {
    return `the CA in "${dir}" is not valid before ${date(certificate.not_before)}, and the clock of this machine shows ${date(now)}: set the clock`
  }
  return now >= certificate.not_after
    ? `the CA in "${dir}" expired on ${date(certificate.not_after)}: ${rotate(seen)}`
    : undefined
}

/** Why the CA cannot sign. */
export function caKeyProblem(dir: string, seen: CaState): string | undefined {
  const { key } = seen
  const fix = `restore it from a backup, or ${rotate(seen)}`
  switch (key.state) {
    case 'missing':
      return `"${dir}/ca.key" is missing: ${fix}`
    case 'damaged':
      return `"${dir}/ca.key" is damaged: ${fix}`
    case 'needs a passphrase':
      return `"${dir}/ca.key" is encrypted: set "passphrase"`
    case 'other passphrase':
      return `wrong passphrase for "${dir}/ca.key": set the right one; if it is lost or the file is damaged, ${fix}`
    case 'read':
      return key.belongs
        ? undefined
        : `"${dir}/ca.key" does not match "${dir}/ca.crt": restore the matching key, or ${rotate(seen)}`
  }
}

function otherCa(asked: CaParams, { certificate, generation }: CaState): string | undefined {
  if (typeof certificate === 'string') return undefined
  const [current, wanted] =
    certificate.common_name !== asked.common_name
      ? [`common name "${certificate.common_name}"`, `"${asked.common_name}"`]
      : [`key type ${certificate.key_type}`, KEY_TYPE_NAMES[asked.key_type]]
  if (certificate.common_name === asked.common_name && certificate.key_type === wanted) return undefined
  return `the CA in "${asked.dir}" has ${current}, not ${wanted}: change the parameter, or rotate the CA with generation: ${generation + 1}`
}
