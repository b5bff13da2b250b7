import t from 'tap'
import { experiment } from '../../../src/run/experiment.ts'
import { play } from '../../../src/run/play.ts'
import { runSteps, script, type Ran } from '../../support/play-run.ts'

const findings = ({ events }: Ran) => events.filter((event) => event.type === 'finding')
const exhibits = ({ events }: Ran) => events.filter((event) => event.type === 'exhibit')
const proves = { 'x.holds': 'X holds' }

t.test('an exhibit is the command and its output as it was, and a finding points to it', async (t) => {
  const ran = await runSteps([experiment('look', { hosts: 'all', proves }, async (on) => {
    const seen = await on.exhibit({ title: 'Say it!', command: 'echo out; echo err >&2; exit 3' })
    const again = await on.exhibit({ title: 'Say it!', command: 'true' })
    on.finding('x.holds', { holds: true, evidence: [seen, again], detail: 'as measured' })
  })])
  t.match(exhibits(ran)[0], { id: 'say-it', host: 'a', stdout: 'out\n', stderr: 'err\n', exitCode: 3 })
  t.match(findings(ran), [{ id: 'x.holds', statement: 'X holds', holds: true, evidence: ['say-it', 'say-it-2'], detail: 'as measured' }])
  t.match(ran, { status: 'passed', exitCode: 0 })
})

t.test('a finding that does not hold makes the run fail', async (t) => {
  const ran = await runSteps([experiment('look', { hosts: 'all', proves }, async (on) => {
    on.finding('x.holds', { holds: false, evidence: [] })
  })])
  t.match(ran, { status: 'failed', exitCode: 2 })
})

t.test('what an experiment does not come to say cannot be told, with the reason', async (t) => {
  const silent = await runSteps([experiment('look', { hosts: 'all', proves }, async () => {})])
  t.match(findings(silent), [{ holds: null, detail: 'the experiment ended without a word on it' }])
  t.equal(silent.exitCode, 0)
  const broken = await runSteps([experiment('look', { hosts: 'all', proves }, async () => { throw new Error('no worker to drain') })])
  t.match(findings(broken), [{ holds: null, detail: 'no worker to drain' }])
  t.equal(broken.exitCode, 2, 'an experiment that broke off is a failure')
})

t.test('an experiment does not run on hosts that have failed', async (t) => {
  const ran = await runSteps([
    play('p', { hosts: 'all' }, ({ host }) => [script('work', { text: host === 'a' ? 'exit 1' : ':' })]),
    experiment('look', { hosts: 'all', proves }, async (on) => { on.finding('x.holds', { holds: true, evidence: [] }) }),
  ], { hosts: ['a', 'b'] })
  t.match(findings(ran), [{ holds: null, detail: 'not run: a has left the run' }])
})

t.test('a watch looks until it is so, and keeps the last look', async (t) => {
  const counter = `${t.testdir()}/looks`
  const ran = await runSteps([experiment('look', { hosts: 'all', proves }, async (on) => {
    const seen = await on.watch({ title: 'Third look', command: `echo x >>${counter}; wc -l <${counter}`, every: 0, until: ({ stdout }) => stdout.trim() === '3' })
    const vain = await on.watch({ title: 'In vain', command: 'echo no', within: 0, until: () => false })
    on.finding('x.holds', { holds: seen.reached && !vain.reached, evidence: [seen.exhibit] })
  })])
  t.match(exhibits(ran), [{ id: 'third-look', stdout: '3\n' }, { id: 'in-vain', stdout: 'no\n' }])
  t.equal(findings(ran)[0]?.holds, true)
})

t.test('check mode and other tags leave experiments out', async (t) => {
  const step = experiment('look', { hosts: 'all', proves, tags: 'proof' }, async (on) => { on.finding('x.holds', { holds: true, evidence: [] }) })
  t.equal(findings(await runSteps([step], { check: true })).length, 0)
  t.equal(findings(await runSteps([step], { tags: ['other'] })).length, 0)
  t.equal(findings(await runSteps([step], { tags: ['proof'] })).length, 1)
})

t.test('an interrupted run says so, and finishes its record', async (t) => {
  const controller = new AbortController()
  const ran = await runSteps([
    play('p', { hosts: 'all' }, () => [script('first', { text: ':' }), script('second', { text: ':' })]),
    experiment('look', { hosts: 'all', proves }, async (on) => { on.finding('x.holds', { holds: true, evidence: [] }) }),
  ], { signal: controller.signal, onEvent: (event) => { if (event.type === 'result') controller.abort() } })
  t.same(ran.story, ['a first: changed'])
  t.match(ran, { status: 'interrupted', exitCode: 130 })
  t.equal(ran.events.at(-1)?.type, 'run_end')
})
