import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import * as z from 'zod'
import { connectionSettings, openConnection } from '../../../src/connection/index.ts'
import { Redactor } from '../../../src/evidence/redactor.ts'
import { copy } from '../../../src/modules/core/copy.ts'
import { lineinfile } from '../../../src/modules/core/lineinfile.ts'
import { slurp, type SlurpValues } from '../../../src/modules/core/slurp.ts'
import { sysctl } from '../../../src/modules/core/sysctl.ts'
import { template } from '../../../src/modules/core/template.ts'
import { kubeconfig } from '../../../src/modules/k3s/kubeconfig.ts'
import { redactEnvironment } from '../../../src/modules/docker/redact-environment.ts'
import { defineModule, type Task } from '../../../src/modules/task.ts'
import { play } from '../../../src/playbook/play.ts'
import { sh } from '../../../src/shell/quote.ts'
import { register } from '../../../src/values/reference.ts'
import { runSteps, type PlayRunOptions } from '../../support/play-run.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'labbook-private-'))
t.teardown(() => {
  rmSync(folder, { recursive: true })
})
const at = (name: string): string => path.join(folder, name)
const write = (name: string, text: string, mode = 0o600): string => {
  writeFileSync(at(name), text)
  chmodSync(at(name), mode)
  return at(name)
}

/** All that a run records, and the screen shows, with secrets masked. */
async function recordOf(tasks: () => readonly Task[], options: PlayRunOptions = {}): Promise<string> {
  const redactor = new Redactor()
  const { events, story, exitCode } = await runSteps([play('p', { hosts: 'all' }, tasks)], options)
  const record = events.map((event) => JSON.stringify(redactor.maskEvent(event))).join('\n')
  t.equal(
    exitCode,
    0,
    `${story.join('; ')} ${events.map((event) => ('message' in event ? event.message : '')).join('')}`,
  )
  return record
}

const KUBECONFIG = `apiVersion: v1
kind: Config
clusters: [{ name: old, cluster: { server: 'https://old' } }]
users: [{ name: old, user: { token: TOPSECRET } }]
contexts: [{ name: old, context: { cluster: old, user: old } }]
`
const one = (name: string): string => KUBECONFIG.replaceAll('old', name).replace('TOPSECRET', 'another-token')

/** Each changes something; the text that no record may have is TOPSECRET. */
const CHANGES: Readonly<Record<string, () => Task>> = {
  'lineinfile in a private file': () =>
    lineinfile({ path: write('a', 'password=TOPSECRET\nmode=a\n'), regexp: '^mode=', line: 'mode=b' }),
  'lineinfile in a big private file': () =>
    lineinfile({ path: write('a', `${'TOPSECRET\n'.repeat(90_000)}mode=a\n`), regexp: '^mode=', line: 'mode=b' }),
  'lineinfile in a file of a group': () =>
    lineinfile({ path: write('a', 'password=TOPSECRET\n', 0o640), line: 'x', validate: 'cat %s' }),
  'lineinfile that opens a file': () => lineinfile({ path: write('a', 'TOPSECRET\n'), line: 'x', mode: '0644' }),
  'lineinfile that closes a file': () =>
    lineinfile({ path: write('a', 'TOPSECRET\n', 0o644), line: 'x', mode: '0600' }),
  'sysctl in a private file': () =>
    sysctl({ name: 'a.b', value: '1', sysctl_file: write('a', '# TOPSECRET\n'), reload: false }),
  'copy to a private file': () => copy({ content: 'TOPSECRET', dest: write('a', 'older TOPSECRET') }),
  'copy to a new private file': () => copy({ content: 'TOPSECRET', dest: at('new'), mode: '0640' }),
  'template of a private file': () =>
    template({ src: write('t.j2', '{{ "TOP" }}SECRET'), dest: at('new'), mode: '0600' }),
  'kubeconfig in a shared file': () =>
    kubeconfig({ path: write('a', KUBECONFIG), context: 'new', kubeconfig: one('new') }),
}

for (const [title, task] of Object.entries(CHANGES))
  t.test(`${title}: no record has its text`, async (t) => {
    for (const check of [true, false]) {
      rmSync(at('new'), { force: true })
      const record = await recordOf(() => [task()], { check })
      t.match(record, '"status":"changed"')
      t.notMatch(record, 'TOPSECRET', check ? 'check mode' : 'run')
    }
  })

t.test('no record has the text of a private file that needs no change', async (t) => {
  const record = await recordOf(() => [
    lineinfile({ path: write('a', 'password=TOPSECRET\n'), line: 'x', state: 'absent' }),
    sysctl({ name: 'a.b', state: 'absent', sysctl_file: write('b', 'TOPSECRET\n') }),
    kubeconfig({ path: write('c', KUBECONFIG), context: 'none', state: 'absent' }),
    slurp({ src: at('a') }),
  ])
  t.equal(record.match(/"status":"ok"/g)?.length, 4)
  t.notMatch(record, 'TOPSECRET')
})

t.test('the record of a public file has its text', async (t) => {
  const record = await recordOf(() => [lineinfile({ path: write('a', 'shown\n', 0o644), line: 'x' })])
  t.match(record, 'shown')
})

t.test('text that was read from a private file is masked where it is used', async (t) => {
  const text = register<SlurpValues>('text')
  const record = await recordOf(() => [
    slurp({ src: write('a', 'first=TOPSECRET-1\nsecond=TOPSECRET-2\n'), register: text }),
    copy({ content: text.map(({ content }) => content.split('\n')[1] ?? ''), dest: at('new'), mode: '0644' }),
  ])
  t.equal(readFileSync(at('new'), 'utf8'), 'second=TOPSECRET-2')
  t.notMatch(record, 'TOPSECRET')
})

t.test('a failed task shows no text of a private file', async (t) => {
  const connect = (name: string) => openConnection(connectionSettings(name, { ansible_connection: 'local' }))
  const failures: Task[] = [
    lineinfile({ path: write('a', 'TOPSECRET\n'), line: 'x', validate: "sh -c 'cat %s; false'" }),
    lineinfile({
      path: write('b', 'TOPSECRET\n'),
      line: 'x',
      insertbefore: 'BOF',
      validate: "sh -c 'cat %s; sleep 5'",
      timeout: 1,
    }),
    lineinfile({ path: write('c', 'TOPSECRET\n'), regexp: '^(T)OP', line: '\\2', backrefs: true }),
  ]
  for (const task of failures) {
    const { events, results } = await runSteps([play('p', { hosts: 'all' }, () => [task])], { connect })
    t.equal(results[0]?.status, 'failed', results[0]?.message ?? '')
    t.notMatch(JSON.stringify(events), 'TOPSECRET', results[0]?.message ?? '')
  }
})

t.test('what a module removes from its output is in no record, and the plan receives it', async (t) => {
  const environment = defineModule({
    name: 'environment',
    schema: z.strictObject({ path: z.string() }),
    title: ({ path: of }) => of,
    redactOutput: redactEnvironment,
    reads: () => [],
    probe: ({ path: of }) => sh`cat ${of}`,
    plan: (_params, { stdout }) => ({
      changes: stdout.includes('TOPSECRET')
        ? [
            {
              description: 'print',
              script: `printf '{"Env":["A=TOP%s-2"]}' SECRET; printf '{"Env":["B=TOP%s-3"]}' SECRET >&2`,
            },
          ]
        : [],
    }),
    result: () => ({ values: {} }),
  })
  const of = write('env', '{"Name":"counter","Env":["REDIS=TOPSECRET-1"]}', 0o644)
  const record = await recordOf(() => [environment({ path: of })])
  t.match(record, '"status":"changed"')
  t.match(record, 'REDIS=[REDACTED]')
  t.notMatch(record, 'TOPSECRET-1')
  t.equal(record.match(/A=\[REDACTED\]/g)?.length, 2, 'as output of the change and of the task')
  t.notMatch(record, /TOPSECRET-[23]/)
})
