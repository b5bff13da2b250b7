import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { transformSync } from 'esbuild'
import t from 'tap'

const STORY = new URL('../../support/story.ts', import.meta.url)
const PROGRAM = `
  import t from 'tap'
  import { story } from './story.mjs'

  const step = story(t)
  const ran = (name, ok = true) => (t) => {
    t.comment('ran ' + name)
    t.ok(ok)
  }
  const attempt = (...args) => {
    try { step(...args) } catch (error) { t.comment(error.name + ': ' + error.message) }
  }
  step('first', ran('first'))
  step('fails', ran('fails', false))
  step('needs fails', ran('needs fails'), ['first', 'fails'])
  step('needs what needs fails', ran('needs what needs fails'), ['needs fails'])
  step('needs first', ran('needs first'), ['first'])
  step('throws', (t) => { t.comment('ran throws'); throw new Error('on purpose') })
  step('needs throws', ran('needs throws'), ['throws'])
  attempt('first', ran('first'))
  attempt('other', ran('other'), ['unknown'])
`

t.test('story() reports steps that need a failed one as not run, runs the others, and rejects invalid steps', (t) => {
  const folder = t.testdir({
    'story.mjs': transformSync(readFileSync(STORY, 'utf8'), { loader: 'ts' }).code,
    'program.mjs': PROGRAM,
  })
  const { stdout, status } = spawnSync(process.execPath, [`${folder}/program.mjs`], { encoding: 'utf8' })
  const lines = (pattern: RegExp): (string | undefined)[] => [...stdout.matchAll(pattern)].map(([, text]) => text)
  t.equal(status, 1)
  t.strictSame(
    lines(/^((?:not )?ok \d .*?) # time/gm),
    [
      'ok 1 - first',
      'not ok 2 - fails',
      'not ok 3 - needs fails',
      'not ok 4 - needs what needs fails',
      'ok 5 - needs first',
      'not ok 6 - throws',
      'not ok 7 - needs throws',
    ],
    'results of the steps',
  )
  t.strictSame(lines(/# ran (.*)/g), ['first', 'fails', 'needs first', 'throws'], 'steps that ran')
  t.strictSame(
    lines(/not ok 1 - not run: (.*)/g),
    ['step "fails" failed', 'step "fails" failed', 'step "throws" failed'],
    'causes of the steps that were not run',
  )
  t.strictSame(
    lines(/# RangeError: (.*)/g),
    ['step "first" is defined twice', 'step "other" needs "unknown", which is no earlier step'],
    'invalid steps',
  )
  t.end()
})
