import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import {
  architecture,
  artifactsIn,
  DEFAULT_VERSION,
  parseChecksums,
  k3sSource,
} from '../../../../../playbooks/k3s/install/source.ts'
import { parseFacts } from '../../../../../src/modules/support/facts.ts'

const facts = { architecture: 'x86_64' }

t.test('k3sSource() pins a release by its checksums', async (t) => {
  t.match(k3sSource({ vars: {}, facts }), {
    kind: 'release',
    version: DEFAULT_VERSION,
    binary: { from: /\/v1\.36\.4%2Bk3s1\/k3s$/, sha256: /^8358/ },
    installer: { from: /v1\.36\.4%2Bk3s1\/install\.sh$/, sha256: /^4617/ },
  })
  t.match(k3sSource({ vars: {}, facts: { architecture: 'aarch64' } }), {
    binary: { from: /\/k3s-arm64$/, sha256: /^c920/ },
  })
  t.match(k3sSource({ vars: { k3s_version: 'v1.35.0+k3s1' }, facts }), {
    kind: 'none',
    problem: /no checksums for k3s v1\.35\.0\+k3s1 \(amd64\): set k3s_checksum/,
  })
  t.match(
    k3sSource({
      vars: { k3s_version: 'v1.35.0+k3s1', k3s_checksum: 'a'.repeat(64), k3s_install_checksum: 'b'.repeat(64) },
      facts,
    }),
    { kind: 'release', binary: { sha256: 'a'.repeat(64) } },
  )
  t.match(k3sSource({ vars: { k3s_version: 'latest' }, facts }), { problem: /"latest": it must be a release/ })
  t.match(k3sSource({ vars: {}, facts: { architecture: 'mips' } }), { problem: /architecture mips is not supported/ })
  t.match(k3sSource({ vars: { k3s_source: 'artifacts' }, facts }), { problem: /k3s_artifacts is not set/ })
  t.throws(() => k3sSource({ vars: { k3s_source: 'usb' }, facts }), {
    message: 'k3s_source is "usb": it must be release or artifacts',
  })
  t.throws(() => k3sSource({ vars: { k3s_version: 'v1.35.0+k3s1', k3s_checksum: 'x' }, facts }), {
    message: /^k3s_checksum is "x": it must be a SHA-256 checksum/,
  })
})

t.test('artifactsIn() names missing artifacts', async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'labbook-artifacts-'))
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  const put = (name: string, text = ''): void => {
    writeFileSync(path.join(directory, name), text)
  }
  const sum = (name: string, digit = 'a'): string => `${digit.repeat(64)}  ${name}\n`
  const problem = (says: RegExp): void => {
    t.match(artifactsIn(directory, 'amd64'), { kind: 'none', problem: says })
  }
  t.match(artifactsIn(path.join(directory, 'none'), 'amd64'), { problem: /cannot read directory .*ENOENT/ })
  problem(/has no k3s:/)
  put('k3s')
  problem(/has no install\.sh/)
  put('install.sh')
  problem(/has no checksum of k3s/)
  put('sha256sum-amd64.txt', sum('k3s') + sum('k3s-airgap-images-amd64.tar.zst', 'b'))
  problem(/has no checksum of install\.sh/)
  put('install.sh.sha256sum', sum('install.sh', 'c'))
  for (const name of ['k3s-airgap-images-amd64.tar.zst', 'k3s-airgap-images-arm64.tar.zst', 'k3s-arm64', 'notes.md'])
    put(name)
  t.match(artifactsIn(directory, 'amd64'), {
    kind: 'artifacts',
    binary: { name: 'k3s', sha256: /^a{64}$/ },
    installer: { sha256: /^c/ },
    images: [{ name: 'k3s-airgap-images-amd64.tar.zst', sha256: /^b/ }],
  })
  t.match(artifactsIn(directory, 'arm64'), { problem: /has no checksum of k3s-arm64/ })
  put('sha256sum-arm64.txt', sum('k3s-arm64', 'd') + sum('k3s-airgap-images-arm64.tar.zst', 'e'))
  t.match(
    artifactsIn(directory, 'arm64'),
    {
      kind: 'artifacts',
      binary: { from: `${directory}/k3s-arm64`, sha256: /^d{64}$/ },
      images: [{ name: 'k3s-airgap-images-arm64.tar.zst', sha256: /^e/ }],
    },
    'one directory can hold the artifacts of both architectures',
  )
  put('app.tar')
  problem(/has no checksum of app\.tar/)
})

t.test('the architecture in names of k3s follows uname -m', async (t) => {
  const rows = { x86_64: 'amd64', aarch64: 'arm64', arm64: 'arm64', armv7l: undefined, riscv64: undefined }
  for (const [machine, expected] of Object.entries(rows))
    t.equal(architecture({ facts: { ...parseFacts(`uname 6.12.0 ${machine}\n`) } }), expected, machine)
})

t.test('parseChecksums() parses checksum lists', async (t) => {
  t.strictSame(
    parseChecksums(`${'A'.repeat(64)} *./dist/k3s\n# a note\n${'b'.repeat(63)}  short\n${'c'.repeat(64)}  install.sh`),
    [
      ['k3s', 'a'.repeat(64)],
      ['install.sh', 'c'.repeat(64)],
    ],
  )
})
