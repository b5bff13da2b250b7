import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { answers, answerVars, outcomeOf, type Outcome } from './answers.ts'

/** Templates that give another text than Ansible's: docs/modules.md lists the kinds, with the reasons. */
const DIFFERENT = new Set(['{{ l.count(2) }}'])
/** The share of templates that must be the same. */
const GOAL = 0.95

process.env.LABBOOK_TEMPLATE_TEST = 'from the environment'
const all = answers()
const outcomes = all.map((answer) => ({ answer, ...outcomeOf(answer, answerVars()) }))
const count = (outcome: Outcome): number => outcomes.filter((each) => each.outcome === outcome).length

t.test('nothing differs from Ansible without an error, except for what is documented', async (t) => {
  for (const { answer, outcome, got } of outcomes)
    if (outcome === 'different' || outcome === 'accepted')
      t.ok(DIFFERENT.has(answer.template), JSON.stringify({ ...answer, got }))
  for (const template of DIFFERENT)
    t.ok(
      outcomes.some((each) => each.answer.template === template),
      template,
    )
})

t.test('most templates render as with Ansible', async (t) => {
  const share = count('same') / all.length
  t.ok(share >= GOAL, `${count('same')} of ${all.length}`)
  t.ok(all.length > 1400)
})

t.test('the documentation has the counts', async (t) => {
  const page = readFileSync(path.join(import.meta.dirname, '../../../docs/modules.md'), 'utf8')
  t.match(page, `| the same text, or an error where Ansible has one | ${count('same')} |`)
  t.match(page, `| an error, where Ansible renders a text | ${count('refused')} |`)
  t.match(page, `| another text | ${count('different') + count('accepted')} |`)
})
