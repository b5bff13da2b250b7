import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import { latestRun, runPlaybook } from '../support/playbook.ts'
import { DEFECTIVE, plant } from './prove/defects.ts'
import { INVENTORY, startStory, succeeds } from './site.ts'

/* prove.mjs on the real lab: healthy stacks, planted defects, and whether the suggested changes turn their findings. */

const SOURCE = path.join(import.meta.dirname, 'prove')
const { step, down } = await startStory()

const prove = (args: readonly string[], kinds: readonly string[] = []) =>
  runPlaybook('playbooks/prove.mjs', [...kinds, ...INVENTORY, '--yes', ...args])

const findings = () => latestRun().summary().findings
/** Where Swarm puts a single task is its own choice: it may be on a node that is not disturbed. */
const NOT_THERE = /^no task of \S+ ran on \S+ before$/

const notHolding = (): string[] =>
  findings()
    .filter(({ holds, detail }) => holds !== true && !(holds === null && NOT_THERE.test(detail ?? '')))
    .map(({ id, detail }) => `${id}: ${detail ?? ''}`)

/** A copy of the stack with a text in place of its compose file. */
function stackWith(t: Test, name: string, text: string): string {
  const directory = path.join(mkdtempSync(path.join(tmpdir(), 'labbook-prove-')), name)
  t.teardown(() => {
    rmSync(path.dirname(directory), { recursive: true, force: true })
  })
  cpSync(SOURCE, directory, { recursive: true })
  writeFileSync(path.join(directory, 'compose.yaml'), text)
  return path.join(directory, 'compose.yaml')
}

const remove = (file: string) =>
  runPlaybook('playbooks/stack.mjs', [
    ...INVENTORY,
    '--yes',
    '--tags',
    'stack',
    '-e',
    `file=${file}`,
    '-e',
    'state=absent',
  ])

const VOTING = 'examples/voting/compose.yaml'
void step('the healthy voting app has no findings', async (t) => {
  await succeeds(t, prove(['-e', `file=${VOTING}`]))
  t.same(notHolding(), [])
  t.ok(findings().length > 40, `${findings().length} findings`)
  await succeeds(t, remove(VOTING))
})

void step('the healthy stack of the tests has no findings', async (t) => {
  const file = path.join(SOURCE, 'compose.yaml')
  await succeeds(
    t,
    prove(['-e', `file=${file}`], ['settings', 'kill', 'hang', 'update', 'broken-update', 'dependency']),
  )
  t.same(notHolding(), [])
  await succeeds(t, remove(file))
})

for (const [i, { kinds, services, defects }] of DEFECTIVE.entries())
  void step(`planted defects are found, and the suggested changes turn their findings (${i + 1})`, async (t) => {
    const file = stackWith(
      t,
      `planted${i + 1}`,
      plant(readFileSync(path.join(SOURCE, 'compose.yaml'), 'utf8'), defects),
    )
    const { exitCode } = await prove(
      ['-e', `file=${file}`, '-e', 'try=true', ...(services === undefined ? [] : ['-e', `services=${services}`])],
      kinds,
    )
    t.equal(exitCode, 2, 'findings that do not hold fail the run')
    const verdicts = new Map(findings().map(({ id, holds }) => [id, holds]))
    for (const defect of defects) {
      const row = `${defect.name} of ${defect.service}`
      for (const id of defect.findings) {
        t.equal(verdicts.get(id), false, `${row}: ${id}`)
        const after = id.replace('prove.', 'prove.try.')
        t.equal(verdicts.get(after), true, `${row}: ${after}`)
      }
    }
    await succeeds(t, remove(file))
  })

void step("defects of Docker's sample stack are found without x-labbook", async (t) => {
  const file = path.join(SOURCE, 'sample/compose.yaml')
  const { exitCode } = await prove(['-e', `file=${file}`], ['settings', 'kill'])
  t.equal(exitCode, 2)
  t.same(
    findings()
      .filter(({ holds }) => holds !== true)
      .map(({ id }) => id)
      .sort(),
    [
      'prove.kill.available.result',
      ...['db', 'redis', 'result', 'vote', 'worker'].map((service) => `prove.settings.memory-limit.${service}`),
      'prove.settings.volume.db',
    ],
  )
  await succeeds(t, remove(file))
})

down()
