import fc from 'fast-check'
import t from 'tap'
import { quote, raw, sh } from '../../../src/shell/quote.ts'
import { secret } from '../../../src/values/secret.ts'
import { runIn, shells } from '../../support/shells.ts'
import { runs } from '../../support/seed.ts'

const words = fc.array(
  fc.string({ unit: 'binary', maxLength: 12 }).filter((word) => !word.includes('\0')),
  { minLength: 1, maxLength: 30 },
)
const awkward = [
  '',
  ' ',
  "'",
  "''",
  '"',
  '\\',
  '$HOME',
  '`id`',
  '$(id)',
  '-n',
  '\n',
  'a\nb\n',
  '*',
  '~',
  '!x',
  'é漢😀',
  '\t',
  ';',
  "it's",
  '%s',
]

for (const shell of shells) {
  t.test(`${shell.name}: a quoted word is unmodified`, (t) => {
    const arrive = (list: readonly string[]): string[] => {
      const { stdout } = runIn(shell, list.map((word) => sh`printf '%s\\0' ${word}`).join('\n'))
      return stdout.split('\0').slice(0, -1)
    }
    t.same(arrive(awkward), awkward)
    fc.assert(
      fc.property(words, (list) => {
        t.same(arrive(list), list)
      }),
      { numRuns: runs(10) },
    )
    t.end()
  })
}

t.test('plain words are not quoted', (t) => {
  t.equal(quote('/etc/docker/daemon.json'), '/etc/docker/daemon.json')
  t.equal(quote(''), "''")
  t.equal(quote(5000), '5000')
  t.end()
})

t.test('lists become one word per item, raw text is unmodified, secrets are revealed', (t) => {
  t.equal(sh`echo ${['a', 'b c']} ${raw('| cat')} ${secret('p w')}`, "echo a 'b c' | cat 'p w'")
  t.end()
})

t.test('a NUL byte is refused', (t) => {
  t.throws(() => quote('a\0b'), /NUL/)
  t.end()
})
