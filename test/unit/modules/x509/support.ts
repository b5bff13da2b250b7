import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import root, { type Test } from 'tap'
import type { z } from 'zod'
import type { CaRequest } from '../../../../src/modules/x509/ca.ts'
import type { CertificateRequest } from '../../../../src/modules/x509/certificate.ts'
import { programs } from '../../../../src/modules/x509/program.ts'
import { x509_ca } from '../../../../src/modules/x509/x509_ca.ts'
import { x509_certificate } from '../../../../src/modules/x509/x509_certificate.ts'
import { converge, shells } from '../../../support/shells.ts'
import { Refusal } from '../../../../src/modules/support/worker.ts'

export const WORKER = resolve('src/bundle/worker.mjs')

/** A temporary directory for a CA. */
export function temporaryDirectory(t: Test): string {
  const parent = mkdtempSync(join(tmpdir(), 'labbook-pki-'))
  t.teardown(() => {
    rmSync(parent, { recursive: true })
  })
  return join(parent, 'pki')
}

type ParamsOf<M extends { definition: { schema: z.ZodType } }> = Partial<z.input<M['definition']['schema']>> & {
  dir: string
}

let original: Promise<string> | undefined

/** A directory with a CA and a certificate: a copy, since creating them takes six processes. */
export async function caAndCertificate(t: Test): Promise<string> {
  original ??= createOriginal()
  const dir = temporaryDirectory(t)
  cpSync(await original, dir, { recursive: true })
  return dir
}

async function createOriginal(): Promise<string> {
  const dir = temporaryDirectory(root)
  await programs.make_ca(caRequest(dir))
  await programs.make_certificate(certificateRequest(dir))
  return dir
}

/** Like the runner: through dash and a worker. */
export const convergeCa = (params: ParamsOf<typeof x509_ca>) =>
  converge(shells[0], x509_ca, { common_name: 'Test CA', ...params })

export const convergeCertificate = (params: ParamsOf<typeof x509_certificate>) =>
  converge(shells[0], x509_certificate, { name: 'registry', names: ['node1', '10.77.0.11'], ...params })

export const caRequest = (dir: string, more: Partial<CaRequest> = {}): CaRequest => ({
  dir,
  common_name: 'Test CA',
  key_type: 'ec',
  generation: 1,
  valid_days: 3650,
  keep_previous: true,
  ...more,
})

export const certificateRequest = (dir: string, more: Partial<CertificateRequest> = {}): CertificateRequest => ({
  dir,
  name: 'registry',
  names: ['10.77.0.11', 'node1'],
  key_type: 'ec',
  valid_days: 397,
  renew_before_days: 30,
  generation: 1,
  ...more,
})

/** The planned changes of a CA, or the problem. Without a shell. */
export async function planOfCa(dir: string, more: Partial<CaRequest> = {}): Promise<string[]> {
  const { definition } = x509_ca
  const { passphrase, ...request } = caRequest(dir, more)
  return summary(
    definition.plan(
      definition.schema.parse({ ...request, ...(passphrase && { passphrase }) }),
      await answer(programs.look_ca(caRequest(dir, more))),
      {},
      {},
    ),
  )
}

/** The same for a certificate. */
export async function planOfCertificate(dir: string, more: Partial<CertificateRequest> = {}): Promise<string[]> {
  const { definition } = x509_certificate
  const request = certificateRequest(dir, more)
  return summary(
    definition.plan(definition.schema.parse(request), await answer(programs.look_certificate(request)), {}, {}),
  )
}

const answer = (status: Promise<object>) =>
  status.then(
    (value) => ({ stdout: JSON.stringify(value), stderr: '', exitCode: 0 }),
    (error: unknown) => {
      if (!(error instanceof Refusal)) throw error
      return { stdout: '', stderr: error.message, exitCode: 1 }
    },
  )

const summary = ({ changes, problem }: { changes: readonly { description: string }[]; problem?: string }): string[] =>
  problem === undefined ? changes.map(({ description }) => description) : [`problem: ${problem}`]

/** Runs the installed openssl; throws if it fails. */
export function openssl(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** The contents of all visible files in a directory. */
export const contents = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(dir)
      .sort()
      .filter((name) => !name.startsWith('.'))
      .map((name) => [name, readFileSync(join(dir, name), 'utf8')]),
  )

/**
 * Reissues a certificate with other dates, which only `openssl ca` supports.
 *
 * @param ca - stem of the CA's files; equals `subject` for a self-signed CA.
 * @param starts - such as `20200101000000Z`.
 */
export function redate(
  dir: string,
  subject: string,
  ca: string,
  starts: string,
  ends: string,
  extensions: string,
): void {
  const work = mkdtempSync(join(tmpdir(), 'labbook-pki-'))
  try {
    mkdirSync(join(work, 'certs'))
    writeFileSync(join(work, 'index.txt'), '')
    writeFileSync(
      join(work, 'ca.cnf'),
      `[ca]
default_ca = it
[it]
database = ${work}/index.txt
new_certs_dir = ${work}/certs
default_md = sha256
rand_serial = yes
policy = any
[any]
commonName = supplied
[ext]
${extensions}
[req]
distinguished_name = subject
[subject]
`,
    )
    const named = openssl(
      'x509',
      '-in',
      join(dir, `${subject}.crt`),
      '-noout',
      '-subject',
      '-nameopt',
      'multiline',
    ).match(/commonName += (.*)/)?.[1]
    openssl(
      'req',
      '-new',
      '-config',
      join(work, 'ca.cnf'),
      '-key',
      join(dir, `${subject}.key`),
      '-subj',
      `/CN=${named}`,
      '-out',
      join(work, 'csr'),
    )
    openssl(
      'ca',
      '-batch',
      '-notext',
      '-config',
      join(work, 'ca.cnf'),
      '-extensions',
      'ext',
      '-startdate',
      starts,
      '-enddate',
      ends,
      '-in',
      join(work, 'csr'),
      '-keyfile',
      join(dir, `${ca}.key`),
      ...(ca === subject ? ['-selfsign'] : ['-cert', join(dir, `${ca}.crt`)]),
      '-out',
      join(work, 'crt'),
    )
    writeFileSync(join(dir, `${subject}.crt`), readFileSync(join(work, 'crt')))
  } finally {
    rmSync(work, { recursive: true })
  }
}

export const SERVER_EXTENSIONS = 'extendedKeyUsage=serverAuth\nsubjectAltName=DNS:node1,IP:10.77.0.11'
export const CA_EXTENSIONS =
  'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash'
