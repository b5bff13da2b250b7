import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { connectionSettings, openConnection } from '../../../src/connection/index.ts'
import type { OverflowSource } from '../../../src/execution/captured-output.ts'
import { slurp } from '../../../src/modules/core/slurp.ts'
import { play } from '../../../src/playbook/play.ts'
import { line, runSteps, script } from '../../support/play-run.ts'

const folder = t.testdir()
const at = (name: string): string => path.join(folder, name)
const connect = (name: string) => openConnection(connectionSettings(name, { ansible_connection: 'local' }))

t.test('the output of a change is passed on while it runs', async (t) => {
  let output = ''
  const ran = await runSteps(
    [
      play('p', { hosts: 'all' }, () => [
        script('wait', {
          text: `echo first; until [ -e ${at('go')} ]; do sleep 0.01; done; echo last`,
          timeout: 20,
        }),
      ]),
    ],
    {
      connect,
      openLiveOutput: ({ stream }) => ({
        write: (chunk) => {
          output += chunk.toString()
          // The script goes on only if its first line has come.
          if (output.includes('first')) writeFileSync(at('go'), '')
        },
        end: () => {
          output += `${stream} ends`
        },
      }),
    },
  )
  t.strictSame(ran.story, ['a wait: changed'])
  t.equal(output, 'first\nlast\nstdout ends')
  t.equal(ran.results[0]?.stdout, 'first\nlast\n', 'the result has all of it')
})

t.test('output that no record has is not passed on, and that of probes is not either', async (t) => {
  const opened: OverflowSource[] = []
  writeFileSync(at('file'), 'text')
  const { story } = await runSteps(
    [
      play('p', { hosts: 'all' }, () => [
        script('hidden', { text: 'echo hidden', no_log: true }),
        slurp('confidential', { src: at('file') }),
        line('quiet', { path: at('line'), is: 'x' }),
        script('shown', { text: 'echo out; echo err >&2', delegate_to: 'b' }),
      ]),
    ],
    {
      hosts: ['a', 'b'],
      openLiveOutput: (of) => {
        opened.push(of)
        return { write: () => {}, end: () => {} }
      },
    },
  )
  t.equal(story.length, 8)
  t.strictSame(
    opened.filter(({ host }) => host === 'a'),
    ['stdout', 'stderr'].map((stream) => ({ host: 'a', task: 'shown', stream })),
    'with the host of the play, as in its result',
  )
})
