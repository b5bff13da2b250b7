import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { sourceFunctions } from '../../src/modules/lab/scripts/rootfs.ts'
import { partsNamed, ROOT } from '../run/parts.ts'
import { runIn, shells } from '../support/shells.ts'

/*
 * On a minimal Debian with Node and git, each part of `npm test` installs its packages and passes (the lab: only
 * installs). `npm start` finds or installs what the controller needs. Tests the committed files.
 * LABBOOK_MINIMAL="unit ssh" runs only these parts; LABBOOK_MINIMAL_DIR is the directory of the roots (2 GB), default
 * /var/tmp.
 */

/**
 * Parts that are installed but not run: they need cgroups and network namespaces.
 */
const INSTALL_ONLY = ['lab']

const place = process.env['LABBOOK_MINIMAL_DIR'] ?? '/var/tmp'
mkdirSync(place, { recursive: true })
// Leftovers of a killed run.
for (const name of readdirSync(place))
  if (name.startsWith('labbook-minimal-')) rmSync(path.join(place, name), { recursive: true, force: true })
const folder = mkdtempSync(path.join(place, 'labbook-minimal-'))
// A test that bails out has no teardown.
process.once('exit', () => {
  rmSync(folder, { recursive: true, force: true })
})

/** Runs root.sh and returns its output. */
function root(...args: readonly string[]): Promise<{ exitCode: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn('bash', [path.join(import.meta.dirname, 'root.sh'), ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const chunks: Buffer[] = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.once('close', (exitCode) => {
      resolve({ exitCode, output: Buffer.concat(chunks).toString() })
    })
  })
}

/** Runs a command in a new copy of the minimal root, and removes the copy. */
async function passes(t: Test, ...command: readonly string[]): Promise<string> {
  const { exitCode, output } = await root('run', folder, ...command)
  if (!t.equal(exitCode, 0, command.join(' '))) t.comment(output.slice(-20_000))
  for (const name of readdirSync(folder))
    if (name.startsWith('copy.')) rmSync(path.join(folder, name), { recursive: true })
  return output
}

await t.test('npm ci succeeds in a clone on a minimal Debian with Node and git', async (t) => {
  const [dash] = shells
  const outputOf = (script: string): string => runIn(dash, `${sourceFunctions}\n${script}`).stdout
  writeFileSync(path.join(folder, 'sources.list'), outputOf('lab_sources'), { mode: 0o600 })
  writeFileSync(path.join(folder, 'apt.conf'), outputOf('lab_apt_settings'), { mode: 0o600 })
  const { exitCode, output } = await root(
    'make',
    folder,
    ROOT,
    path.join(folder, 'sources.list'),
    path.join(folder, 'apt.conf'),
    outputOf('lab_codename').trim(),
  )
  // Nothing else can run without it.
  if (exitCode !== 0) t.bailout(`no minimal root:\n${output.slice(-5000)}`)
  t.pass('made')
})

const only = process.env['LABBOOK_MINIMAL']?.split(' ')
for (const { name } of partsNamed([])) {
  if (only !== undefined && !only.includes(name)) continue
  await t.test(`the part ${name}`, async (t) => {
    const output = await passes(
      t,
      'env',
      `LABBOOK_INSTALL_ONLY=${INSTALL_ONLY.includes(name) ? 1 : 0}`,
      'bash',
      'test/run.sh',
      name,
    )
    t.match(output, /^\d+ passed, 0 failed$/m)
    t.comment(output.match(/^\d+ passed, 0 failed$/m)?.[0] ?? '')
  })
}

if (only === undefined || only.includes('start')) {
  await t.test('npm start finds or installs what the controller needs', async (t) => {
    await passes(t, 'npx', 'zx', 'test/minimal/playbooks/controller.mjs', '--yes', '-i', 'test/minimal/inventory.yaml')
  })
}
