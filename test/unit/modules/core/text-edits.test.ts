import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { blockinfile } from '../../../../src/modules/core/blockinfile.ts'
import { replace } from '../../../../src/modules/core/replace.ts'
import { editBlock } from '../../../../src/modules/support/file-block.ts'
import { replaceText } from '../../../../src/modules/support/replace-text.ts'
import { PatternError } from '../../../../src/modules/support/line-pattern.ts'

const FIXTURES = path.join(import.meta.dirname, '../../../fixtures/files')
const read = (name: string): unknown => JSON.parse(readFileSync(path.join(FIXTURES, name), 'utf8'))

interface EditCase {
  readonly id: string
  readonly module: 'blockinfile' | 'replace'
  readonly params: object
  readonly text: string
}

const cases = read('edits.json') as readonly EditCase[]
const answers = new Map(
  (read('edited.json') as readonly { case: string; runs: readonly string[]; text: string }[]).map((answer) => [
    answer.case,
    answer,
  ]),
)

/** The new text; undefined: refused. */
function editedText({ module, params, text }: EditCase): string | undefined {
  const edit = (): ((text: string) => string) | undefined => {
    if (module === 'replace') {
      const { data } = replace.definition.schema.safeParse({ path: '/f', ...params })
      return data && ((text) => replaceText(text, data))
    }
    const { data } = blockinfile.definition.schema.safeParse({ path: '/f', ...params })
    return data && ((text) => editBlock(text, data))
  }
  try {
    const edited = edit()
    const after = edited?.(text)
    return after === undefined || edited?.(after) !== after ? undefined : after
  } catch (error) {
    if (error instanceof PatternError) return undefined
    throw error
  }
}

/** Cases that Ansible accepts and Labbook refuses, beyond those that Ansible changes again at each run. */
const REFUSED: Readonly<Record<EditCase['module'], readonly string[]>> = {
  blockinfile: ['marker-backslash', 'multiline-utf8', 'number'],
  replace: ['possessive', 'atomic', 'verbose', 'conditional', 'local-flags', 'octal'],
}

t.test('blockinfile and replace make the same text as those of Ansible, byte for byte', async (t) => {
  const refused: Record<string, string[]> = { blockinfile: [], replace: [] }
  for (const each of cases) {
    const name = `${each.module} ${each.id}`
    const answer = answers.get(name)
    if (answer === undefined) throw new Error(`edited.json has no "${name}": run make.py`)
    const text = editedText(each)
    const [first, second] = answer.runs
    if (first === 'failed') t.equal(text ?? each.text, each.text, `${name}: Ansible fails and Labbook changes nothing`)
    else if (second === 'changed') t.equal(text, undefined, `${name}: refused, as it would never converge`)
    else if (text === undefined) refused[each.module]?.push(each.id)
    else t.equal(text, answer.text, `${name} ${JSON.stringify(each.params)}`)
  }
  t.same(refused, REFUSED, 'refused as documented')
})
