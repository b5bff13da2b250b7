import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'

/** A key pair of gpg, without a passphrase. */
export interface SigningKey {
  readonly fingerprint: string
  readonly publicKey: Buffer
  /** The text with its signature, as in InRelease. */
  clearsign(text: string): string
}

/** Creates one. @param home - directory of gpg's files, created. */
export function signingKey(home: string): SigningKey {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const gpg = (args: readonly string[], input = ''): Buffer => {
    const options = ['--batch', '--no-options', '--homedir', home, '--pinentry-mode', 'loopback', '--passphrase', '']
    const { status, stdout, stderr } = spawnSync('gpg', [...options, ...args], { input })
    if (status !== 0) throw new Error(`gpg ${args.join(' ')}: ${stderr.toString()}`)
    return stdout
  }
  gpg(['--quick-generate-key', 'Test repository', 'ed25519', 'sign', 'never'])
  // The agent would outlive the test.
  spawnSync('gpgconf', ['--homedir', home, '--kill', 'gpg-agent'])
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(gpg(['--list-keys', '--with-colons']).toString())?.[1]
  if (fingerprint === undefined) throw new Error('gpg created no key')
  return {
    fingerprint,
    publicKey: gpg(['--armor', '--export', fingerprint]),
    clearsign: (text) => {
      const signed = gpg(['--clearsign', '--output', '-'], text).toString()
      spawnSync('gpgconf', ['--homedir', home, '--kill', 'gpg-agent'])
      return signed
    },
  }
}
