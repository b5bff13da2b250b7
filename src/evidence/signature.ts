import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MANIFEST, SIGNATURE } from './manifest.ts'
import { EvidenceError } from './run-directory.ts'
import { contentOfFile, type RunFiles } from './run-files.ts'

/* Signatures of the manifest by SSH keys, which people have: `ssh-keygen -Y` (PROTOCOL.sshsig of OpenSSH). */

/** What the signature is for: one made for Git or a file does not count. */
export const SIGNATURE_NAMESPACE = 'labbook-run'

/**
 * Signs the manifest in a run's directory; writes `manifest.json.sig`.
 *
 * @param key - a private key without passphrase, or the public key of one in the SSH agent.
 * @throws {EvidenceError} it cannot be signed.
 */
export function signManifest(directory: string, key: string): void {
  rmSync(join(directory, SIGNATURE), { force: true })
  const { status, stderr, error } = spawnSync(
    'ssh-keygen',
    ['-Y', 'sign', '-q', '-f', key, '-n', SIGNATURE_NAMESPACE, join(directory, MANIFEST)],
    { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' },
  )
  if (status === 0) return
  const why = error === undefined ? (stderr.trim().split('\n').at(-1) ?? '') : 'ssh-keygen is not installed'
  throw new EvidenceError(
    `cannot sign ${join(directory, MANIFEST)} with report_signing_key ${key}: ${why}. Name a key without passphrase, or the public key of one in the SSH agent`,
  )
}

/** Who signed the manifest. */
export type SignatureCheck =
  | { readonly status: 'unsigned' }
  /** `signer` is known only from a file of allowed signers. */
  | { readonly status: 'valid'; readonly key: string; readonly signer?: string }
  | { readonly status: 'invalid'; readonly why: string }

/**
 * Checks the signature of the manifest.
 *
 * @param allowedSigners - a file as for `ssh-keygen -Y verify`: who may sign. Without it, any key is valid.
 * @throws {EvidenceError} ssh-keygen is not installed.
 */
export function checkSignature(files: RunFiles, allowedSigners?: string): SignatureCheck {
  if (!files.names.includes(SIGNATURE)) return { status: 'unsigned' }
  const folder = mkdtempSync(join(tmpdir(), 'labbook-verify-'))
  try {
    const signature = join(folder, SIGNATURE)
    writeFileSync(signature, contentOfFile(files, SIGNATURE))
    const manifest = contentOfFile(files, MANIFEST)
    const run = (args: readonly string[], input: string | Buffer = '') => {
      const done = spawnSync('ssh-keygen', ['-Y', ...args, '-s', signature], { input, encoding: 'utf8' })
      const failure: NodeJS.ErrnoException | undefined = done.error
      const code = failure?.code
      // EPIPE: it ended before it had read all input, as it does with a signature that it cannot parse.
      if (code !== undefined && code !== 'EPIPE') {
        const why = code === 'ENOENT' ? 'ssh-keygen is not installed' : `ssh-keygen: ${code}`
        throw new EvidenceError(`cannot verify the signature: ${why}`, { cause: done.error })
      }
      return done
    }
    const common = ['-n', SIGNATURE_NAMESPACE] as const
    const any = run(['check-novalidate', ...common], manifest)
    const key = /with (\S+ key SHA256:\S+)/.exec(any.stdout)?.[1] ?? ''
    if (any.status !== 0) return { status: 'invalid', why: `${SIGNATURE} does not match ${MANIFEST}` }
    if (allowedSigners === undefined) return { status: 'valid', key }
    const found = run(['find-principals', '-f', allowedSigners])
    const signer = found.stdout.trim().split('\n')[0] ?? ''
    if (found.status !== 0 || signer === '')
      return { status: 'invalid', why: `it is signed with the ${key}, which is not in ${allowedSigners}` }
    const verified = run(['verify', ...common, '-f', allowedSigners, '-I', signer], manifest)
    return verified.status === 0
      ? { status: 'valid', key, signer }
      : { status: 'invalid', why: `${signer} may not sign runs, by ${allowedSigners}: ${verified.stderr.trim()}` }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
