import { spawnSync } from 'node:child_process'
import t from 'tap'
import { grepPattern } from '../../../../src/modules/support/grep-pattern.ts'

/** What Python's `re.search` with MULTILINE finds. */
const ROWS: readonly [pattern: string, text: string, found: boolean][] = [
  [String.raw`a\d+b`, 'a12b', true],
  [String.raw`a\d+b`, 'adb', false],
  [String.raw`a\D+b`, 'a1b', false],
  [String.raw`\bword\s+x`, 'a word  x', true],
  [String.raw`\bword\s+x`, 'sword x', false],
  [String.raw`\S\W\w`, 'a b', true],
  ['a.*?b', 'axb', true],
  ['^a+?$', '', false],
  ['^a+?$', 'aa', true],
  ['^a??b$', 'b', true],
  ['^a{2}?$', 'aa', true],
  ['^a{2,3}$', 'aaaa', false],
  ['(?:ab)+c', 'ababc', true],
  [String.raw`(a)\1`, 'aa', true],
  [String.raw`[\d.]+\.`, '1.2.', true],
  [String.raw`^[\d\s]+$`, '1 2', true],
  [String.raw`^[\w-]+$`, 'a-b_c', true],
  [String.raw`^[^\d]+$`, 'a1', false],
  [String.raw`^[\]]$`, ']', true],
  [String.raw`^[a\]b]$`, ']', true],
  [String.raw`^[\^a]$`, '^', true],
  [String.raw`^[\^]$`, '^', true],
  [String.raw`^[^^]$`, '^', false],
  [String.raw`^[a\-z]$`, '-', true],
  [String.raw`^[a\-z]$`, 'b', false],
  [String.raw`^[\\]$`, '\\', true],
  [String.raw`^[a-c]$`, 'b', true],
  [String.raw`a\tb`, 'a\tb', true],
  [String.raw`\<a`, '<a', true],
  [String.raw`\<a`, 'a', false],
  [String.raw`\/\-\:\"`, '/-:"', true],
  [String.raw`1\.5`, '1x5', false],
  [String.raw`\(x\)`, '(x)', true],
  ['^root:', 'root:x', true],
  ['é+', 'éé', true],
  ['[[:digit:]]+', '7', true],
]

const REFUSED = [
  String.raw`a\nb`,
  'a\nb',
  String.raw`\Aa`,
  String.raw`a\Z`,
  '(?i)a',
  '(?=a)',
  '(?!a)',
  '(?P<n>a)',
  String.raw`(?:a)(b)\1`,
  'a*+',
  String.raw`\x41`,
  String.raw`[\x41]`,
  '[a',
]

t.test('grep finds what Python finds', async (t) => {
  for (const [pattern, text, found] of ROWS) {
    const grep = grepPattern(pattern)
    if (typeof grep !== 'string') {
      t.fail(`${pattern}: ${grep.error}`)
      continue
    }
    for (const program of [['grep'], ['busybox', 'grep']] as const) {
      const [command, ...first] = program
      const { status, stderr } = spawnSync(command, [...first, '-q', '-E', '-e', grep], {
        input: `${text}\n`,
        encoding: 'utf8',
        env: { ...process.env, LC_ALL: 'C.UTF-8' },
      })
      t.same(
        { status, stderr },
        { status: found ? 0 : 1, stderr: '' },
        `${program.join(' ')}: ${pattern} as ${grep} in ${text}`,
      )
    }
  }
})

t.test('what grep cannot find is an error', async (t) => {
  for (const pattern of REFUSED)
    t.match(grepPattern(pattern), { error: /is not supported in a regular expression for grep/ }, pattern)
})
