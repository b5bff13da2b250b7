import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { authorized_key } from '../../../../src/modules/core/authorized_key.ts'
import { blockinfile } from '../../../../src/modules/core/blockinfile.ts'
import { cron } from '../../../../src/modules/core/cron.ts'
import { known_hosts } from '../../../../src/modules/core/known_hosts.ts'
import { editedFstab, mount } from '../../../../src/modules/core/mount.ts'
import { replace } from '../../../../src/modules/core/replace.ts'
import { editKeys } from '../../../../src/modules/support/authorized-keys.ts'
import { cronEntry, editCrontab, MissingVariable } from '../../../../src/modules/support/crontab.ts'
import { editBlock } from '../../../../src/modules/support/file-block.ts'
import { editKnownHosts } from '../../../../src/modules/support/known-hosts.ts'
import { replaceText } from '../../../../src/modules/support/replace-text.ts'
import { PatternError } from '../../../../src/modules/support/line-pattern.ts'

const FIXTURES = path.join(import.meta.dirname, '../../../fixtures/files')
const read = (name: string): unknown => JSON.parse(readFileSync(path.join(FIXTURES, name), 'utf8'))

interface EditCase {
  readonly id: string
  readonly module: 'authorized_key' | 'mount' | 'known_hosts' | 'blockinfile' | 'cron' | 'replace'
  readonly params: object
  readonly text: string
}

const cases = read('edits.json') as readonly EditCase[]
const answers = new Map(
  (read('edited.json') as readonly { case: string; runs: readonly string[]; text: string | null }[]).map((answer) => [
    answer.case,
    answer,
  ]),
)

/** How each module edits a text; undefined: its parameters are refused. */
const EDITORS: Readonly<Record<EditCase['module'], (params: object) => ((text: string) => string) | undefined>> = {
  authorized_key(given) {
    const { data } = authorized_key.definition.schema.safeParse({ path: '/f', ...given })
    return data && ((text) => editKeys(text, data))
  },
  blockinfile(given) {
    const { data } = blockinfile.definition.schema.safeParse({ path: '/f', ...given })
    return data && ((text) => editBlock(text, data))
  },
  cron(given) {
    const { data } = cron.definition.schema.safeParse({ cron_file: '/f', ...given })
    return data && ((text) => editCrontab(text, cronEntry(data)))
  },
  known_hosts(given) {
    const { data } = known_hosts.definition.schema.safeParse({ path: '/f', ...given })
    return data && ((text) => editKnownHosts(text, data))
  },
  mount(given) {
    const { data } = mount.definition.schema.safeParse({ fstab: '/f', ...given })
    return data && ((text) => editedFstab(data, text))
  },
  replace(given) {
    const { data } = replace.definition.schema.safeParse({ path: '/f', ...given })
    return data && ((text) => replaceText(text, data))
  },
}

/** The new text; undefined: refused. */
function editedText({ module, params, text }: EditCase): string | undefined {
  try {
    const edited = EDITORS[module](params)
    const after = edited?.(text)
    return after === undefined || edited?.(after) !== after ? undefined : after
  } catch (error) {
    if (error instanceof PatternError || error instanceof MissingVariable) return undefined
    throw error
  }
}

/** Cases that Ansible accepts and Labbook refuses, beyond those that Ansible changes again at each run. */
const REFUSED: Readonly<Record<EditCase['module'], readonly string[]>> = {
  blockinfile: ['marker-backslash', 'multiline-utf8', 'number'],
  authorized_key: ['only-comment'],
  cron: [],
  known_hosts: [],
  mount: [],
  replace: ['possessive', 'atomic', 'verbose', 'conditional', 'local-flags', 'octal'],
}

/**
 * Cases in which Ansible does not converge and Labbook does: it does not append a key to a comment without a newline,
 * and leaves `@cert-authority` and `@revoked` as ssh-keygen does.
 */
const isBetter = (name: string): boolean => /^authorized_key comment-nonl-|^known_hosts (ca|revoked)-remove$/.test(name)

t.test('modules make the same texts as those of Ansible, byte for byte', async (t) => {
  const refused: Record<string, string[]> = Object.fromEntries(Object.keys(EDITORS).map((module) => [module, []]))
  for (const each of cases) {
    const name = `${each.module} ${each.id}`
    const answer = answers.get(name)
    if (answer === undefined) throw new Error(`edited.json has no "${name}": run make.py`)
    const text = editedText(each)
    const [first, second] = answer.runs
    if (first === 'failed') t.equal(text ?? each.text, each.text, `${name}: Ansible fails and Labbook changes nothing`)
    else if (isBetter(name)) t.not(text, undefined, `${name}: converges`)
    else if (second === 'changed') t.equal(text, undefined, `${name}: refused, as it would never converge`)
    else if (text === undefined) refused[each.module]?.push(each.id)
    // An empty file of cron is removed.
    else
      t.equal(
        text.trim() === '' && answer.text === null ? null : text,
        answer.text,
        `${name} ${JSON.stringify(each.params)}`,
      )
  }
  t.same(refused, REFUSED, 'refused as documented')
})
