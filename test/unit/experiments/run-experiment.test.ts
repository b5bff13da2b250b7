import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { experiment } from '../../../src/playbook/experiment.ts'
import { MessageError } from '../../../src/events/message.ts'
import { play } from '../../../src/playbook/play.ts'
import { runSteps, script, type PlayRun } from '../../support/play-run.ts'

const findings = ({ events }: PlayRun) => events.filter((event) => event.type === 'finding')
const exhibits = ({ events }: PlayRun) => events.filter((event) => event.type === 'exhibit')
const proves = { 'x.holds': 'X holds' }

t.test('an exhibit contains the command and its unmodified output; findings refer to it', async (t) => {
  const ran = await runSteps([
    experiment('look', { hosts: 'all', disturbs: false, assertions: proves }, async (on) => {
      const seen = await on.exhibit({ title: 'Say it!', command: 'echo out; echo err >&2; exit 3' })
      const again = await on.exhibit({ title: 'Say it!', command: 'true' })
      on.finding('x.holds', { holds: true, evidence: [seen, again], detail: 'as measured' })
    }),
  ])
  t.match(exhibits(ran)[0], { id: 'say-it', host: 'a', stdout: 'out\n', stderr: 'err\n', exitCode: 3 })
  t.match(findings(ran), [
    { id: 'x.holds', statement: 'X holds', holds: true, evidence: ['say-it', 'say-it-2'], detail: 'as measured' },
  ])
  t.match(ran, { status: 'passed', exitCode: 0 })
})

t.test('an exhibit has the times of its output, that of a watch from the start of the watch', async (t) => {
  const ran = await runSteps([
    experiment('look', { hosts: 'all', disturbs: false, assertions: {} }, async (on) => {
      await on.exhibit({ title: 'Slow', command: 'echo one; echo two; echo three >&2' })
      await on.watch({
        title: 'Poll',
        command: 'echo x',
        every: 0.2,
        until: (
          (n) => () =>
            ++n === 2
        )(0),
      })
    }),
  ])
  const [slow = [], poll = []] = exhibits(ran).map(({ chunks }) => chunks)
  const bytes = (stream: number): number => slow.reduce((sum, [, of, size]) => sum + (of === stream ? size : 0), 0)
  t.same([bytes(1), bytes(2)], ['one\ntwo\n'.length, 'three\n'.length])
  t.ok((poll[0]?.[0] ?? 0) >= 150, poll.join())
})

t.test('titles and reasons with values are also recorded as data, so that a report can translate them', async (t) => {
  const title = { id: 'Tasks of {service}', values: { service: 'web' } }
  const reason = { id: '{node} is away', values: { node: 'a' } }
  const ran = await runSteps([
    experiment('look', { hosts: 'all', disturbs: false, assertions: proves }, async (on) => {
      await on.exhibit({ title, command: 'true' })
      throw new MessageError(reason)
    }),
  ])
  t.match(exhibits(ran), [{ id: 'tasks-of-web', title: 'Tasks of web', messages: { title } }])
  t.match(findings(ran), [{ holds: null, detail: 'a is away', messages: { detail: reason } }])
})

t.test('a false finding fails the run', async (t) => {
  const ran = await runSteps([
    experiment('look', { hosts: 'all', disturbs: false, assertions: proves }, async (on) => {
      on.finding('x.holds', { holds: false, evidence: [] })
    }),
  ])
  t.match(ran, { status: 'failed', exitCode: 2 })
})

t.test('a negative answer to a question does not fail the run', async (t) => {
  const ran = await runSteps([
    experiment(
      'look',
      { hosts: 'all', disturbs: false, assertions: {}, questions: { 'x.more': 'More serve more' } },
      async (on) => {
        on.finding('x.more', { holds: false, evidence: [] })
      },
    ),
  ])
  t.match(findings(ran), [{ id: 'x.more', statement: 'More serve more', holds: false, question: true }])
  t.match(ran, { status: 'passed', exitCode: 0 })
  t.match(
    findings(
      await runSteps([
        experiment(
          'look',
          { hosts: 'all', disturbs: false, assertions: {}, questions: { 'x.more': 'More serve more' } },
          async () => {},
        ),
      ]),
    ),
    [{ holds: null, question: true }],
  )
})

t.test('claims may depend on what an earlier step has found', async (t) => {
  const found: string[] = []
  const ran = await runSteps([
    experiment('inspect', { hosts: 'all', disturbs: false, assertions: {} }, async () => {
      found.push('x.web', 'x.db')
    }),
    experiment(
      'look',
      {
        hosts: 'all',
        disturbs: false,
        assertions: () => Object.fromEntries(found.map((id) => [id, `Service ${id} holds`])),
      },
      async (on) => {
        on.finding('x.db', { holds: true, evidence: [] })
      },
    ),
  ])
  t.match(findings(ran), [
    { id: 'x.db', statement: 'Service x.db holds', holds: true },
    { id: 'x.web', statement: 'Service x.web holds', holds: null },
  ])
})

t.test('inconclusive() reports all remaining findings with the reason', async (t) => {
  const ran = await runSteps([
    experiment(
      'look',
      { hosts: 'all', disturbs: false, assertions: proves, questions: { 'x.more': 'More serve more' } },
      async (on) => {
        const seen = await on.exhibit({ title: 'Kernel', command: 'true' })
        on.finding('x.more', { holds: true, evidence: [] })
        on.inconclusive('the kernel has none', [seen])
      },
    ),
  ])
  t.match(findings(ran), [
    { id: 'x.more', holds: true },
    { id: 'x.holds', holds: null, detail: 'the kernel has none', evidence: ['kernel'] },
  ])
  t.match(ran, { status: 'passed', exitCode: 0 })
})

t.test('findings without verdict are inconclusive, with the reason', async (t) => {
  const silent = await runSteps([
    experiment('look', { hosts: 'all', disturbs: false, assertions: proves }, async () => {}),
  ])
  t.match(findings(silent), [{ holds: null, detail: 'the experiment ended without a verdict' }])
  t.equal(silent.exitCode, 0)
  const broken = await runSteps([
    experiment('look', { hosts: 'all', disturbs: false, assertions: proves }, async () => {
      throw new Error('no worker to drain')
    }),
  ])
  t.match(findings(broken), [{ holds: null, detail: 'no worker to drain' }])
  t.equal(broken.exitCode, 2, 'an aborted experiment fails the run')
})

t.test('an experiment does not run on hosts that have failed', async (t) => {
  const ran = await runSteps(
    [
      play('p', { hosts: 'all' }, ({ host }) => [script('work', { text: host === 'a' ? 'exit 1' : ':' })]),
      experiment('look', { hosts: 'all', disturbs: false, assertions: proves }, async (on) => {
        on.finding('x.holds', { holds: true, evidence: [] })
      }),
    ],
    { hosts: ['a', 'b'] },
  )
  t.match(findings(ran), [{ holds: null, detail: 'not run: a failed or became unreachable earlier' }])
})

t.test('a watch polls until its condition is met and records the last output', async (t) => {
  const counter = `${t.testdir()}/looks`
  const ran = await runSteps([
    experiment('look', { hosts: 'all', disturbs: false, assertions: proves }, async (on) => {
      const seen = await on.watch({
        title: 'Third look',
        command: `echo x >>${counter}; wc -l <${counter}`,
        every: 0,
        until: ({ stdout }) => stdout.trim() === '3',
      })
      const vain = await on.watch({ title: 'In vain', command: 'echo no', within: 0, until: () => false })
      on.finding('x.holds', { holds: seen.reached && !vain.reached, evidence: [seen.exhibit] })
    }),
  ])
  t.match(exhibits(ran), [
    { id: 'third-look', stdout: '3\n' },
    { id: 'in-vain', stdout: 'no\n' },
  ])
  t.equal(findings(ran)[0]?.holds, true)
})

t.test('check mode and other tags skip experiments', async (t) => {
  const step = experiment('look', { hosts: 'all', disturbs: false, assertions: proves, tags: 'proof' }, async (on) => {
    on.finding('x.holds', { holds: true, evidence: [] })
  })
  t.equal(findings(await runSteps([step], { check: true })).length, 0)
  t.equal(findings(await runSteps([step], { tags: ['other'] })).length, 0)
  t.equal(findings(await runSteps([step], { tags: ['proof'] })).length, 1)
})

t.test('an interrupted run reports it and completes its event log', async (t) => {
  const controller = new AbortController()
  const ran = await runSteps(
    [
      play('p', { hosts: 'all' }, () => [script('first', { text: ':' }), script('second', { text: ':' })]),
      experiment('look', { hosts: 'all', disturbs: false, assertions: proves }, async (on) => {
        on.finding('x.holds', { holds: true, evidence: [] })
      }),
    ],
    {
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'result') controller.abort()
      },
    },
  )
  t.same(ran.story, ['a first: changed'])
  t.match(ran, { status: 'interrupted', exitCode: 130 })
  t.equal(ran.events.at(-1)?.type, 'run_end')
})

/** An experiment that logs its steps; its method injects a fault, then does what the test requests. */
function disturbing(
  log: string,
  { start = '', during = async () => {} }: { start?: string; during?: () => Promise<void> } = {},
) {
  return experiment(
    'disturb',
    {
      hosts: 'all',
      disturbs: false,
      assertions: proves,
      hypothesis: 'It recovers.',
      steadyState: async (on) => {
        await on.exec({ command: `echo start >>${log}` })
        if (start !== '') throw new Error(start)
      },
      rollback: async (on) => {
        await on.exhibit({ title: 'Put back', command: `echo restore >>${log}` })
      },
    },
    async (on) => {
      await on.exec({ command: `echo disturb >>${log}` })
      await during()
      on.finding('x.holds', { holds: true, evidence: [await on.exhibit({ title: 'Seen', command: 'echo so' })] })
    },
  )
}

t.test('rollback runs after success and failure', async (t) => {
  const logs = () => {
    const file = `${t.testdir()}/log`
    return { file, lines: () => readFileSync(file, 'utf8').trim().split('\n') }
  }
  const well = logs()
  const ran = await runSteps([disturbing(well.file)])
  t.same(well.lines(), ['start', 'disturb', 'restore'])
  t.match(
    ran.events.find(({ type }) => type === 'play_start'),
    { hypothesis: 'It recovers.' },
  )
  t.same(
    exhibits(ran).map(({ title }) => title),
    ['Seen', 'Put back'],
    'a probe is no exhibit',
  )

  const broken = logs()
  const failed = await runSteps([
    disturbing(broken.file, {
      during: async () => {
        throw new Error('the node caught fire')
      },
    }),
  ])
  t.same(broken.lines(), ['start', 'disturb', 'restore'])
  t.match(findings(failed), [{ holds: null, detail: 'the node caught fire' }])

  const unfit = logs()
  const refused = await runSteps([disturbing(unfit.file, { start: 'one of four replicas runs' })])
  t.same(unfit.lines(), ['start'], 'the rollback does not run if the method has not run')
  t.match(findings(refused), [{ holds: null, detail: 'one of four replicas runs' }])
  t.equal(refused.exitCode, 2)
})

t.test('rollback after an interrupt uses fresh connections', async (t) => {
  const log = `${t.testdir()}/log`
  const controller = new AbortController()
  const opened: { closed: boolean }[] = []
  const ran = await runSteps(
    [
      disturbing(log, {
        during: async () => {
          controller.abort()
        },
      }),
    ],
    {
      signal: controller.signal,
      connect: () => {
        const line = { closed: false }
        opened.push(line)
        return {
          preconnect: () => {},
          exec: async (script) => {
            if (line.closed) throw new Error('the line is closed')
            const { stdout, stderr, status } = spawnSync('sh', { input: script })
            return { stdout, stderr, exitCode: status ?? -1 }
          },
          close: async () => {
            line.closed = true
          },
        }
      },
    },
  )
  t.same(readFileSync(log, 'utf8').trim().split('\n'), ['start', 'disturb', 'restore'])
  t.match(opened, [{ closed: true }, { closed: true }], 'a second connection was opened and closed')
  t.match(ran, { status: 'interrupted', exitCode: 130 })
  t.match(findings(ran), [{ holds: null, detail: 'interrupted' }])
})

t.test('rollback after an interrupt keeps facts', async (t) => {
  const controller = new AbortController()
  const known: unknown[] = []
  const factsOf = (vars: Readonly<Record<string, unknown>>) =>
    (vars.ansible_facts as { kernel?: string } | undefined)?.kernel
  await runSteps(
    [
      play('p', { hosts: 'all', gather_facts: true }, () => []),
      experiment(
        'disturb',
        {
          hosts: 'all',
          disturbs: false,
          assertions: proves,
          rollback: async (on) => {
            known.push(factsOf(on.hostvars('a')))
          },
        },
        async (on) => {
          known.push(factsOf(on.hostvars('a')))
          controller.abort()
          await on.exec({ command: 'true' })
        },
      ),
    ],
    { signal: controller.signal },
  )
  t.match(known[0], /^\d/)
  t.equal(known[1], known[0])
})

t.test('a failed rollback is reported', async (t) => {
  const ran = await runSteps([
    experiment(
      'disturb',
      {
        hosts: 'all',
        disturbs: false,
        assertions: proves,
        rollback: async () => {
          throw new Error('node2 does not answer')
        },
      },
      async (on) => {
        on.finding('x.holds', { holds: true, evidence: [] })
      },
    ),
  ])
  t.match(
    ran.events.find((event) => event.type === 'notice'),
    {
      level: 'error',
      message: 'disturb: rollback failed: node2 does not answer. Run the playbook again to repair the state',
    },
  )
  t.equal(ran.exitCode, 2)
})

t.test('a repeated finding reports how often it held and each measured value', async (t) => {
  let time = 0
  const outcomes = [true, true, null] as const
  const measure = experiment('measure', { hosts: 'all', disturbs: false, assertions: proves }, async (on) => {
    const holds = outcomes[time++ % 3] ?? null
    on.finding('x.holds', {
      holds,
      evidence: [await on.exhibit({ title: 'Seen', command: 'echo so' })],
      detail: `time ${time}`,
      measured: { 'time to Down': [10 + time, 's'] },
    })
  })
  const ran = await runSteps([measure], { repeat: 3 })
  t.match(findings(ran), [
    {
      holds: null,
      times: { held: 2, failed: 0, unknown: 1 },
      evidence: ['seen', 'seen-2', 'seen-3'],
      measured: [{ name: 'time to Down', unit: 's', values: [11, 12, 13] }],
      detail: '1: time 1; 2: time 2; 3: time 3',
    },
  ])
  const all = await runSteps([measure], { repeat: 2 })
  t.match(findings(all), [{ holds: true, times: { held: 2, failed: 0, unknown: 0 } }])
  t.notHas(
    findings(
      await runSteps([
        experiment('once', { hosts: 'all', disturbs: false, assertions: proves }, async (on) => {
          on.finding('x.holds', { holds: true, evidence: [] })
        }),
      ]),
    )[0],
    'times',
  )
})
