import { chmodSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { AnsibleConfig } from '../../../src/cli/ansible-config.ts'
import { openVault, vaultSources, type VaultOptions } from '../../../src/cli/vault-options.ts'
import { readVaultPasswords } from '../../../src/cli/vault-passwords.ts'
import { onTerminal } from '../../support/terminal.ts'
import { encryptVault } from '../../support/vault.ts'

const NONE: VaultOptions = { ask: false, files: [], ids: [] }

const files = t.testdir({
  'empty.cfg': '',
  cfg: {
    'ansible.cfg': '[defaults]\nvault_password_file = pw\nvault_identity_list = dev@dev-pw, prod@prompt\n',
  },
  pw: '  first secret \n',
  other: 'other',
  empty: '\n',
  encrypted: encryptVault('inner\n', 'first secret'),
  program: '#!/bin/sh\necho printed\n',
  'keys-client.sh': '#!/bin/sh\ntest "$2" = prod || exit 2\necho "$1 $2"\n',
  failing: '#!/bin/sh\nexit 7\n',
  text: 'printed\n',
})
const file = (name: string): string => path.join(files, name)
for (const name of ['program', 'keys-client.sh', 'failing', 'text']) chmodSync(file(name), 0o755)

const config = (environment = {}): AnsibleConfig =>
  new AnsibleConfig({ ANSIBLE_CONFIG: file('empty.cfg'), ...environment })
const passwords = async (options: Partial<VaultOptions>, environment = {}): Promise<string[]> => {
  const read = await readVaultPasswords(vaultSources({ ...NONE, ...options }, config(environment)), false)
  return read.map(({ id, password }) => `${id}: ${password.reveal()}`)
}

void t.test('passwords in the order of Ansible', async (t) => {
  const sources = vaultSources(
    { ask: true, files: ['f1'], ids: ['a@f2', 'b@prompt', 'f3', '@f4'] },
    config({ ANSIBLE_CONFIG: file('cfg') }),
  )
  const cwd = (name: string): string => path.resolve(name)
  t.strictSame(
    sources.map(({ id, file: where }) => [id, where]),
    [
      ['dev', file('cfg/dev-pw')],
      ['prod', undefined],
      ['a', cwd('f2')],
      ['b', undefined],
      ['default', cwd('f3')],
      ['default', cwd('f4')],
      ['default', cwd('f1')],
      ['default', file('cfg/pw')],
      ['default', undefined],
    ],
  )
  t.throws(() => vaultSources({ ...NONE, ids: ['a@'] }, config()), { message: /a file is missing after "@"/ })
  t.equal(await openVault(NONE, config(), false), undefined, 'without a password nothing is loaded')
})

void t.test('passwords in files, also encrypted ones, and from programs', async (t) => {
  t.strictSame(await passwords({ files: [file('pw'), file('encrypted')] }), ['default: first secret', 'default: inner'])
  t.strictSame(await passwords({ files: [file('program')] }), ['default: printed'])
  t.strictSame(await passwords({ ids: [`prod@${file('keys-client.sh')}`] }), ['prod: --vault-id prod'])
  t.strictSame(await passwords({}, { ANSIBLE_VAULT_PASSWORD_FILE: file('other') }), ['default: other'])
})

void t.test('errors of passwords', async (t) => {
  const cases: [options: Partial<VaultOptions>, message: RegExp][] = [
    [{ files: [file('gone')] }, /^--vault-password-file .*gone: cannot read .*gone: ENOENT$/],
    [{ files: [files] }, /is a directory, not a file/],
    [{ files: [file('empty')] }, /the password is empty/],
    [{ files: [file('encrypted')] }, /encrypted: this is encrypted itself, and no vault password precedes it/],
    [{ files: [file('other'), file('encrypted')] }, /the vault password of --vault-password-file .*other is wrong/],
    [{ files: [file('failing')] }, /failing failed with exit code 7$/],
    [{ ids: [`dev@${file('keys-client.sh')}`] }, /exit code 2 \(it has no password for the vault id "dev"\)/],
    [{ files: [file('text')] }, /text is executable, but no program: if it has the password, run chmod -x on it/],
    [{ ask: true }, /^--ask-vault-pass needs a terminal; use --vault-password-file instead$/],
  ]
  for (const [options, message] of cases)
    await t.rejects(passwords(options), { name: 'UsageError', message }, String(message))
})

void t.test('Ctrl-C at the prompt of --ask-vault-pass ends "labbook inventory" with 130', async (t) => {
  const labbook = new URL('../../../src/cli/labbook.mjs', import.meta.url)
  const { raw, exitCode } = await onTerminal(labbook, ['inventory', '--list', '--ask-vault-pass'], {
    talk: [['ault password', '\u0003']],
  })
  t.equal(exitCode, 130)
  t.notMatch(raw, /Cancelled|at .*:\d+:\d+/)
})
