import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import * as z from 'zod'
import { meta, type MetaAction } from '../../../src/modules/core/meta.ts'
import type { RunEnd } from '../../../src/events/events.ts'
import { defineModule } from '../../../src/modules/task.ts'
import { block } from '../../../src/playbook/block.ts'
import type { PlayOptions, Strategy } from '../../../src/playbook/play-options.ts'
import { play, type TaskList } from '../../../src/playbook/play.ts'
import { runSteps } from '../../support/play-run.ts'

/** A task, a block or a meta task of test/fixtures/blocks. Hosts are listed by name. */
interface Item {
  readonly task?: string
  readonly fails?: readonly string[]
  readonly notify?: string
  readonly meta?: MetaAction
  readonly block?: readonly Item[]
  readonly rescue?: readonly Item[]
  readonly always?: readonly Item[]
  readonly when?: readonly string[]
  readonly tags?: string
  readonly ignore_errors?: boolean
}

type CasePlay = Pick<PlayOptions, 'force_handlers' | 'any_errors_fatal' | 'serial' | 'max_fail_percentage'> & {
  readonly tasks: readonly Item[]
  readonly handlers: Readonly<Record<string, readonly string[]>>
  readonly selected?: readonly string[]
}

interface Case {
  readonly play: CasePlay
  readonly ran: Readonly<Record<string, readonly string[]>>
  readonly recap: RunEnd['hosts']
  readonly exitCode: number
}

const CASES = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../../fixtures/blocks/ansible.json'), 'utf8'),
) as readonly Case[]

const hosts = ['a', 'b', 'c']

/** Succeeds or fails without a round trip, so that many cases cost little. */
const outcome = defineModule({
  name: 'outcome',
  schema: z.strictObject({ fails: z.boolean() }),
  title: () => 'outcome',
  reads: () => [],
  sets: () => [],
  probe: () => ':',
  plan: ({ fails }) => ({ changes: [], ...(fails ? { problem: 'fails' } : {}) }),
})

const failing = (fails: readonly string[] = [], host: string) => ({ fails: fails.includes(host), changed_when: true })

function tasksOf(items: readonly Item[], host: string): TaskList {
  return items.map((item) => {
    const {
      task = '',
      fails,
      meta: action,
      when,
      block: own,
      rescue = [],
      always = [],
      notify,
      tags,
      ignore_errors,
    } = item
    const common = { when: when === undefined ? undefined : () => when.includes(host), tags, ignore_errors }
    const keywords = Object.fromEntries(Object.entries(common).filter(([, value]) => value !== undefined))
    if (action !== undefined) return meta(action, keywords)
    if (own === undefined)
      return outcome(task, { ...failing(fails, host), ...(notify === undefined ? {} : { notify }), ...keywords })
    const sections = { block: tasksOf(own, host), rescue: tasksOf(rescue, host), always: tasksOf(always, host) }
    return block({ ...sections, ...keywords })
  })
}

const playOf = ({ tasks, handlers, selected, ...options }: CasePlay, strategy: Strategy) => ({
  tags: selected ?? [],
  steps: [
    play(
      'p',
      { hosts: 'all', strategy, ...options },
      ({ host }) => tasksOf(tasks, host),
      ({ host }) =>
        Object.fromEntries(Object.entries(handlers).map(([name, fails]) => [name, outcome(failing(fails, host))])),
    ),
  ],
})

/** Cases in which Labbook differs on purpose, and why. */
const DIFFERENT = new Map([
  [13, 'with any_errors_fatal, Ansible counts hosts as failed that were rescued, and drops them'],
  [39, 'after a failure that nothing rescues, Ansible exits with 0 if an always ends the host'],
  [57, 'Ansible counts a handler as rescued that fails in an always, and fails the host'],
])

for (const [i, { play: given, ran, recap, exitCode }] of CASES.entries())
  for (const strategy of ['free', 'linear'] as const) {
    // Hosts that do not wait for each other stop a task earlier or later.
    const needsLinear = given.any_errors_fatal === true || given.max_fail_percentage !== undefined || i === 19
    if (DIFFERENT.has(i) || (needsLinear ? strategy === 'free' : strategy === 'linear' && i % 4 !== 0)) continue
    t.test(`case ${i}, strategy ${strategy}: the tasks, recap and exit code of ansible-playbook`, async (t) => {
      const { steps, tags } = playOf(given, strategy)
      const { events, story, ...result } = await runSteps(steps, { hosts, tags })
      const own = Object.fromEntries(
        hosts.map((host) => [
          host,
          story.filter((line) => line.startsWith(`${host} `)).map((line) => line.slice(host.length + 1)),
        ]),
      )
      t.strictSame(own, ran)
      const end = events.at(-1) as RunEnd
      t.match(end.hosts, recap)
      t.equal(result.exitCode, exitCode)
    })
  }
