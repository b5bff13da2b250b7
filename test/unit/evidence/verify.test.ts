import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { openRecorder, writeManifest, writeSummary } from '../../../src/evidence/index.ts'
import { bundleFiles, bundleOf, contentOfFile, directoryFiles, memoryFiles } from '../../../src/evidence/run-files.ts'
import { checkSignature, signManifest } from '../../../src/evidence/signature.ts'
import { verifyFiles } from '../../../src/evidence/verify.ts'
import type { RunEvent } from '../../../src/events/events.ts'
import { sameCases, runs } from '../../support/seed.ts'
import { exhibit, notice, result, runStart } from './events.ts'

const time = '2026-11-21T04:30:00.000Z'
const recap = { ok: 1, changed: 0, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0, unknown: 0 }

const finding = (id: string, holds: boolean | null, evidence: readonly string[] = ['swarm-nodes']): RunEvent => ({
  ...{ type: 'finding', time, id, experiment: 'Drain', statement: `${id} holds`, holds, evidence },
  detail: 'after 8 s',
})
const END: RunEvent = { type: 'run_end', time, status: 'passed', exitCode: 0, hosts: { node1: recap }, durationMs: 9 }
const EVENTS: readonly RunEvent[] = [
  runStart(['node1']),
  result('node1', 'ok', { stdout: 'Grüße\n' }),
  // Two lines with the same content: only the chain tells them apart.
  notice('twice'),
  notice('twice'),
  exhibit({ id: 'swarm-nodes', stdout: 'node1 Ready\n' }),
  finding('swarm.nodes.ready', true),
  finding('load.share', null),
  notice('end'),
  END,
]

/** The directory of a run with these events; of a killed one without `run_end` and manifest. */
function recordRun(t: Test, events: readonly RunEvent[] = EVENTS): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'labbook-verify-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const directory = { name: 'run', path: folder, events: path.join(folder, 'events.jsonl') }
  const record = openRecorder(directory)
  for (const event of events) record.record(event)
  record.close()
  if (!events.includes(END)) return folder
  mkdirSync(path.join(folder, 'data'))
  writeFileSync(path.join(folder, 'data/requests.csv'), 'a,b\n1,2\n')
  writeSummary(directory, record.summary())
  writeManifest(folder, record.end(), record.summary())
  return folder
}

const inMemory = (folder: string): Record<string, Buffer> => {
  const files = directoryFiles(folder)
  return Object.fromEntries(files.names.map((name) => [name, contentOfFile(files, name)]))
}
const statusOf = (files: Record<string, Uint8Array>): string => verifyFiles(memoryFiles(files)).status
const LOG = 'events.jsonl'

t.test('the files of a run are intact, and its manifest is a test result of in-toto', async (t) => {
  const folder = recordRun(t)
  t.same(verifyFiles(directoryFiles(folder)), { status: 'intact', problems: [], lines: 9, findings: 2, files: 4 })
  const manifest: unknown = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8'))
  t.match(manifest, {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      { name: 'data/requests.csv', digest: { sha256: /^[0-9a-f]{64}$/ } },
      { name: LOG, annotations: { lines: 9, head: /^[0-9a-f]{64}$/ } },
      { name: 'summary.json' },
    ],
    predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
    predicate: {
      result: 'WARNED',
      configuration: [{ name: 'playbooks/site.mjs' }],
      passedTests: ['swarm.nodes.ready'],
      warnedTests: ['load.share'],
      failedTests: [],
    },
  })
})

t.test('any change of a byte in any file is found', async (t) => {
  const files = inMemory(recordRun(t))
  const names = Object.keys(files)
  t.equal(names.length, 4)
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.nat(), fc.integer({ min: 1, max: 255 }), (name, at, by) => {
      const bytes = Buffer.from(files[name] as Buffer)
      const index = at % bytes.length
      bytes[index] = ((bytes[index] as number) + by) % 256
      const status = statusOf({ ...files, [name]: bytes })
      if (status !== 'changed') throw new Error(`${name}, byte ${index}, ${bytes[index]}: ${status}`)
    }),
    { ...sameCases, numRuns: runs(2000) },
  )
})

t.test('every removed, repeated, swapped or added line and every truncation is found', async (t) => {
  const files = inMemory(recordRun(t))
  const whole = files[LOG] as Buffer
  const lines = whole.toString().split('\n').slice(0, -1)
  const withLog = (changed: readonly string[]): string =>
    statusOf({ ...files, [LOG]: Buffer.from(changed.map((line) => `${line}\n`).join('')) })
  t.equal(withLog(lines), 'intact')
  for (let i = 0; i < lines.length; i++) {
    t.equal(withLog(lines.toSpliced(i, 1)), 'changed', `line ${i + 1} removed`)
    t.equal(withLog(lines.toSpliced(i, 0, lines[i] as string)), 'changed', `line ${i + 1} twice`)
    for (let j = i + 1; j < lines.length; j++)
      t.equal(
        withLog(lines.with(i, lines[j] as string).with(j, lines[i] as string)),
        'changed',
        `lines ${i + 1} and ${j + 1} swapped`,
      )
  }
  const found = new Set<string>()
  for (let size = 0; size < whole.length; size++) found.add(statusOf({ ...files, [LOG]: whole.subarray(0, size) }))
  t.same([...found], ['changed'])
})

t.test('a file that is missing or was added is named', async (t) => {
  const files = inMemory(recordRun(t))
  const problems = (changed: Record<string, Uint8Array>): readonly string[] =>
    verifyFiles(memoryFiles(changed)).problems
  const { 'data/requests.csv': _data, ...withoutData } = files
  t.same(problems(withoutData), ['data/requests.csv is missing: manifest.json lists it'])
  t.same(problems({ ...files, 'notes.txt': Buffer.from('x') }), ['notes.txt was added: manifest.json does not list it'])
  t.match(problems({ ...files, [LOG]: Buffer.from('') }), ['events.jsonl has no complete line'])
  const { [LOG]: _log, ...withoutLog } = files
  t.same(problems(withoutLog), ['events.jsonl is missing'])
})

t.test('the first line that is not intact is named', async (t) => {
  const files = inMemory(recordRun(t))
  const edited = Buffer.from((files[LOG] as Buffer).toString().replace('node1 Ready', 'node1 Down!'))
  t.match(verifyFiles(memoryFiles({ ...files, [LOG]: edited })).problems, [/^events\.jsonl:6: the line before is not/])
})

t.test('a killed run is intact up to where it got, but not complete', async (t) => {
  const folder = recordRun(t, EVENTS.slice(0, 6))
  t.match(verifyFiles(directoryFiles(folder)), {
    status: 'incomplete',
    problems: ['events.jsonl has no end: the run was killed, or lines were removed at the end'],
    lines: 6,
  })
  appendFileSync(path.join(folder, LOG), '{"type":"noti')
  t.match(verifyFiles(directoryFiles(folder)), {
    status: 'incomplete',
    problems: ['the last line of events.jsonl is cut off: the run was killed there'],
  })
  const files = inMemory(recordRun(t))
  const { 'manifest.json': _manifest, ...without } = files
  t.match(verifyFiles(memoryFiles(without)), { status: 'incomplete', problems: [/^manifest\.json is missing/] })
})

t.test('a finding whose exhibit is not in the event log is named', async (t) => {
  const folder = recordRun(t, [EVENTS[0] as RunEvent, finding('app.works', true, ['nowhere']), END])
  t.same(verifyFiles(directoryFiles(folder)).problems, [
    'finding app.works: an exhibit that it names is not in events.jsonl',
  ])
})

t.test('an event log without hashes is not taken for an intact one', async (t) => {
  const log = EVENTS.map((event) => `${JSON.stringify(event)}\n`).join('')
  t.match(verifyFiles(memoryFiles({ [LOG]: Buffer.from(log) })), {
    status: 'unchained',
    problems: ['events.jsonl has no hashes: a Labbook without them wrote it'],
  })
  const files = inMemory(recordRun(t))
  const whole = (files[LOG] as Buffer).toString()
  const stripped = whole.replaceAll(/,"previous":"[0-9a-f]{64}"\}$/gm, '}')
  // With a manifest, or hashes in some lines, it is not an old one.
  t.equal(statusOf({ ...files, [LOG]: Buffer.from(stripped) }), 'changed')
  t.equal(statusOf({ [LOG]: Buffer.from(whole.replace(/,"previous":"[0-9a-f]{64}"\}$/m, '}')) }), 'changed')
})

t.test('a bundle has the files of the run, and always the same bytes', async (t) => {
  const folder = recordRun(t)
  const zip = bundleOf(directoryFiles(folder), '2026-11-21T04-30-00Z-site')
  t.same(Buffer.from(zip), Buffer.from(bundleOf(directoryFiles(folder), '2026-11-21T04-30-00Z-site')))
  const file = path.join(folder, 'run.zip')
  writeFileSync(file, zip)
  t.equal(verifyFiles(bundleFiles(file)).status, 'intact')
  t.match(execFileSync('python3', ['-m', 'zipfile', '-l', file], { encoding: 'utf8' }), 'site/data/requests.csv')
  execFileSync('python3', [
    '-W',
    'ignore',
    '-c',
    'import sys, zipfile\nzipfile.ZipFile(sys.argv[1], "a").writestr("2026-11-21T04-30-00Z-site/summary.json", "{}")',
    file,
  ])
  t.throws(() => bundleFiles(file), { name: 'EvidenceError', message: /it has .*-site\/summary\.json twice$/ })
  writeFileSync(file, Buffer.from(zip).subarray(0, zip.length - 30))
  t.throws(() => bundleFiles(file), { name: 'EvidenceError', message: /run\.zip is no zip file, or is damaged: / })
})

t.test('the manifest is signed with an SSH key, and a file tells whose it is', async (t) => {
  const folder = recordRun(t)
  const keys = mkdtempSync(path.join(tmpdir(), 'labbook-keys-'))
  t.teardown(() => {
    rmSync(keys, { recursive: true })
  })
  const key = (name: string): string => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path.join(keys, name)])
    return path.join(keys, name)
  }
  const [ann, bob] = [key('ann'), key('bob')]
  const allowed = path.join(keys, 'allowed')
  writeFileSync(allowed, `ann@example.org ${readFileSync(`${ann}.pub`, 'utf8')}`)
  t.same(checkSignature(directoryFiles(folder)), { status: 'unsigned' })
  signManifest(folder, ann)
  t.equal(verifyFiles(directoryFiles(folder)).status, 'intact', 'the signature is not a file of the manifest')
  t.match(checkSignature(directoryFiles(folder)), { status: 'valid', key: /^ED25519 key SHA256:/, signer: undefined })
  t.match(checkSignature(directoryFiles(folder), allowed), { status: 'valid', signer: 'ann@example.org' })
  signManifest(folder, bob)
  t.match(checkSignature(directoryFiles(folder), allowed), { status: 'invalid', why: /is not in .*allowed$/ })
  appendFileSync(path.join(folder, 'manifest.json'), ' ')
  t.match(checkSignature(directoryFiles(folder)), { status: 'invalid', why: /does not match manifest\.json$/ })
  t.throws(() => signManifest(folder, path.join(keys, 'none')), {
    name: 'EvidenceError',
    message: /cannot sign .*manifest\.json with report_signing_key .*none: .*No such file/,
  })
})
