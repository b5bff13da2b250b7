import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { answers, cases, compare, effectOf, known, type Outcome } from './ansible-cases.ts'

/** docs/modules.md lists the kinds of these cases with the modules, as differences. */
const KNOWN = known()

t.test('modules for files do what those of Ansible do, or what is documented', async (t) => {
  const right = answers()
  const outcomes: Record<Outcome, string[]> = { same: [], refused: [], different: [], accepted: [] }
  for (const each of cases()) {
    const name = `${each.module} ${each.id}`
    const answer = right.get(name)
    if (answer === undefined) throw new Error(`answers.json has no "${name}": run make.py`)
    const effect = await effectOf(each)
    const outcome = compare(answer, effect)
    outcomes[outcome].push(name)
    if (outcome !== 'same') t.ok(KNOWN[outcome].includes(name), JSON.stringify({ outcome, name, answer, effect }))
    if (effect.runs[0] === 'changed') t.equal(effect.runs[1], 'ok', `${name}: a second run changes nothing`)
  }
  for (const outcome of ['refused', 'different', 'accepted'] as const)
    t.same(outcomes[outcome].sort(), KNOWN[outcome].toSorted(), `${outcome} as documented`)
  const page = readFileSync(path.join(import.meta.dirname, '../../../../docs/modules.md'), 'utf8')
  t.match(page, `| the same state and files, or an error where Ansible has one | ${outcomes.same.length} |`)
  t.match(page, `| an error, where Ansible has none | ${outcomes.refused.length} |`)
  t.match(
    page,
    `| other files, or no error where Ansible has one | ${outcomes.different.length + outcomes.accepted.length} |`,
  )
})
