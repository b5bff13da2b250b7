import { CA, generationFile, readGeneration, throwIfProblem, readCaState } from './ca.ts'
import { certificateFacts, keyState, parseCertificate, type CertificateFacts } from './facts.ts'
import { caCertificateProblem, caKeyProblem } from './ca-plan.ts'
import { days, daysBetween, renewalReasons, type CertificateParams, type CertificateState } from './renewal.ts'
import {
  restrictModes,
  hasPendingFiles,
  withLock,
  insecureFiles,
  replaceFiles,
  read,
  recover,
  currentPath,
  withScratch,
} from './atomic-files.ts'
import { newKey, signServer } from './sign.ts'

/** A request to the programs. */
export interface CertificateRequest extends CertificateParams {
  /** Directory of the CA. */
  readonly dir: string
  readonly name: string
  readonly valid_days: number
  /** Passphrase of the CA's key. */
  readonly passphrase?: string
}

/** The status of a certificate and its CA. */
export interface CertificateStatus {
  readonly now: number
  readonly state: CertificateState
  readonly ca: CertificateFacts
  /** Why the CA cannot sign. Relevant only if a certificate must be issued. */
  readonly cannot_sign?: string
  /** A run was killed while it moved new files into place. */
  readonly unfinished: boolean
  /** The chain file is up to date. */
  readonly chain: boolean
  /** Keys that others can read. */
  readonly open: readonly string[]
}

/** The files of a certificate. */
export const filesOf = (name: string) => ({
  key: `${name}.key`,
  certificate: `${name}.crt`,
  chain: `${name}.chain.pem`,
})

/** Reads the status of a certificate and its CA. */
export const readCertificateStatus = (request: CertificateRequest): Promise<CertificateStatus> =>
  withLock(request.dir, 'look', () => Promise.resolve(look(request)))

/** Issues or updates a certificate. Checks again under the lock, since another run may have done it. */
export async function createCertificate(request: CertificateRequest): Promise<object> {
  const { dir, name } = request
  const files = filesOf(name)
  // Without a CA there is no directory to lock.
  await readCertificateStatus(request)
  await withLock(dir, 'change', async () => {
    recover(dir, name)
    const { now, state: seen, ca, cannot_sign, chain } = look(request)
    if (renewalReasons(request, seen, now).length > 0) {
      throwIfProblem(cannot_sign)
      await issue(request, Math.min(request.valid_days, daysBetween(now, ca.not_after)))
    } else if (!chain) {
      replaceFiles(dir, name, [{ name: files.chain, content: chainOf(dir, read(dir, name, files.certificate)) }])
    }
    restrictModes(dir, insecureFiles(dir, name, [files.key]))
  })
  return {}
}

function look(request: CertificateRequest): CertificateStatus {
  const { dir, name, passphrase, renew_before_days } = request
  const now = Date.now()
  const { x509: issuer, ...ca } = readCaState(dir, passphrase)
  throwIfProblem(caCertificateProblem(dir, ca, now))
  if (issuer === undefined || typeof ca.certificate === 'string')
    throw new Error('a CA without a certificate must be a problem')
  const files = filesOf(name)
  const content = read(dir, name, files.certificate)
  const x509 = content && parseCertificate(content)
  const cannotSign =
    caKeyProblem(dir, ca) ?? endsSoon(dir, ca.certificate.not_after, ca.generation, renew_before_days, now)
  return {
    now,
    ca: ca.certificate,
    ...(cannotSign === undefined ? {} : { cannot_sign: cannotSign }),
    state: {
      certificate: content === undefined ? 'missing' : x509 === undefined ? 'damaged' : certificateFacts(x509),
      key: keyState(read(dir, name, files.key), x509),
      issued_by_ca: x509 !== undefined && x509.checkIssued(issuer) && x509.verify(issuer.publicKey),
      generation: readGeneration(dir, name, name, Object.values(files)),
    },
    unfinished: hasPendingFiles(dir, name),
    chain: read(dir, name, files.chain)?.toString() === chainOf(dir, content),
    open: insecureFiles(dir, name, [files.key]),
  }
}

/** No certificate outlives its CA, so a certificate issued now would be due for renewal at once. */
function endsSoon(
  dir: string,
  notAfter: number,
  generation: number,
  renewBeforeDays: number,
  now: number,
): string | undefined {
  const left = daysBetween(now, notAfter)
  return left > renewBeforeDays
    ? undefined
    : `the CA in "${dir}" expires in ${days(left)}, and certificates are renewed ${days(renewBeforeDays)} before they expire: ` +
        `rotate the CA (x509_ca with generation: ${generation + 1})`
}

/** The chain that a server sends: its certificate, then that of the CA. */
const chainOf = (dir: string, certificate: Buffer | undefined): string =>
  `${certificate?.toString() ?? ''}${read(dir, CA, 'ca.crt')?.toString() ?? ''}`

async function issue(request: CertificateRequest, validDays: number): Promise<void> {
  const { dir, name, names, key_type, passphrase, generation } = request
  const files = filesOf(name)
  const key = await newKey(key_type)
  const ca = { key: currentPath(dir, CA, 'ca.key'), certificate: currentPath(dir, CA, 'ca.crt'), passphrase }
  const certificate = await withScratch(dir, (scratch) =>
    signServer({ commonName: name, names, keyType: key_type, validDays }, key, ca, scratch),
  )
  replaceFiles(dir, name, [
    { name: files.key, content: key, secret: true },
    { name: files.certificate, content: certificate },
    { name: files.chain, content: chainOf(dir, certificate) },
    generationFile(name, Math.max(generation, readGeneration(dir, name, name, Object.values(files)))),
  ])
}
