import { CA, generationFile, generationOf, refuse, seeCa } from './ca.ts'
import { certificateFacts, keySeen, parseCertificate, type CertificateFacts } from './facts.ts'
import { certificateTrouble, keyTrouble } from './judge-ca.ts'
import { days, daysBetween, reasons, type CertificateAsked, type CertificateSeen } from './judge.ts'
import { close, isUnfinished, locked, openToOthers, place, read, recover, whereIs, withScratch } from './place.ts'
import { newKey, signServer } from './sign.ts'

/** A request to the programs. */
export interface CertificateRequest extends CertificateAsked {
  /** Directory of the CA. */
  readonly dir: string
  readonly name: string
  readonly valid_days: number
  /** Passphrase of the CA's key. */
  readonly passphrase?: string
}

/** The status of a certificate and its CA. */
export interface CertificateLook {
  readonly now: number
  readonly seen: CertificateSeen
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
export const lookAtCertificate = (request: CertificateRequest): Promise<CertificateLook> =>
  locked(request.dir, 'look', () => Promise.resolve(look(request)))

/** Issues or updates a certificate. Checks again under the lock, since another run may have done it. */
export async function makeCertificate(request: CertificateRequest): Promise<object> {
  const { dir, name } = request
  const files = filesOf(name)
  // Without a CA there is no directory to lock.
  await lookAtCertificate(request)
  await locked(dir, 'change', async () => {
    recover(dir, name)
    const { now, seen, ca, cannot_sign, chain } = look(request)
    if (reasons(request, seen, now).length > 0) {
      refuse(cannot_sign)
      await issue(request, Math.min(request.valid_days, daysBetween(now, ca.not_after)))
    } else if (!chain) {
      place(dir, name, [{ name: files.chain, content: chainOf(dir, read(dir, name, files.certificate)) }])
    }
    close(dir, openToOthers(dir, name, [files.key]))
  })
  return {}
}

function look(request: CertificateRequest): CertificateLook {
  const { dir, name, passphrase, renew_before_days } = request
  const now = Date.now()
  const { x509: issuer, ...ca } = seeCa(dir, passphrase)
  refuse(certificateTrouble(dir, ca, now))
  if (issuer === undefined || typeof ca.certificate === 'string')
    throw new Error('a CA without a certificate must be a problem')
  const files = filesOf(name)
  const content = read(dir, name, files.certificate)
  const x509 = content && parseCertificate(content)
  const cannotSign =
    keyTrouble(dir, ca) ?? endsSoon(dir, ca.certificate.not_after, ca.generation, renew_before_days, now)
  return {
    now,
    ca: ca.certificate,
    ...(cannotSign === undefined ? {} : { cannot_sign: cannotSign }),
    seen: {
      certificate: content === undefined ? 'missing' : x509 === undefined ? 'damaged' : certificateFacts(x509),
      key: keySeen(read(dir, name, files.key), x509),
      issued_by_ca: x509 !== undefined && x509.checkIssued(issuer) && x509.verify(issuer.publicKey),
      generation: generationOf(dir, name, name, Object.values(files)),
    },
    unfinished: isUnfinished(dir, name),
    chain: read(dir, name, files.chain)?.toString() === chainOf(dir, content),
    open: openToOthers(dir, name, [files.key]),
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
  const ca = { key: whereIs(dir, CA, 'ca.key'), certificate: whereIs(dir, CA, 'ca.crt'), passphrase }
  const certificate = await withScratch(dir, (scratch) =>
    signServer({ commonName: name, names, keyType: key_type, validDays }, key, ca, scratch),
  )
  place(dir, name, [
    { name: files.key, content: key, secret: true },
    { name: files.certificate, content: certificate },
    { name: files.chain, content: chainOf(dir, certificate) },
    generationFile(name, Math.max(generation, generationOf(dir, name, name, Object.values(files)))),
  ])
}
