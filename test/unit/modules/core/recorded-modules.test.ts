import t from 'tap'
import { shells } from '../../../support/shells.ts'
import { labbookAnswer, recordedAnswers, recordedCases } from './recorded-modules.ts'

const answers = recordedAnswers()

/** Each case in one of the shells: all shells see each module. */
recordedCases().forEach((given, place) => {
  const shell = shells[place % shells.length] as (typeof shells)[number]
  const name = `${given.module} ${given.id}`
  void t.test(`${shell.name}: ${name}`, async (t) => {
    const answer = answers.get(name)
    if (answer === undefined) throw new Error(`answers.json has no "${name}": run make.py`)
    const { message, ...got } = labbookAnswer(given, shell)
    const { runs, files, values } = answer
    const wanted = { runs, files, values }
    if (given.difference !== undefined) t.notSame(got, wanted, given.difference)
    else t.same(got, wanted, message)
    if (got.runs[0] !== 'failed') t.not(got.runs[1], 'failed', 'a second run')
  })
})
