import t from 'tap'
import { splitWords } from '../../../src/shell/split-words.ts'
import { runIn, shells } from '../../support/shells.ts'

t.test('splitWords splits as a shell does', async (t) => {
  const lines = [
    'a b',
    '  a   b ',
    "'a b' c",
    '"a b"c',
    'a\\ b',
    '"a\\"b" \'c"d\'',
    "''",
    'a\'b\'"c"d',
    '"\\n"',
    'é "漢 字"',
    'a\\\\b',
  ]
  for (const { name, argv } of shells) {
    for (const line of lines) {
      const printed = runIn({ name, argv }, `for w in ${line}; do printf '<%s>' "$w"; done`).stdout
      t.equal(
        splitWords(line)
          .map((word) => `<${word}>`)
          .join(''),
        printed,
        `${name}: ${line}`,
      )
    }
  }
  // What Python's shlex.split, and so Ansible, makes of them.
  const rows: readonly [line: string, ...words: string[]][] = [
    ['"a\\$b" "\\`c" "\\\\\\$d"', 'a\\$b', '\\`c', '\\\\$d'],
    ['"a\\\nb" a\\\nb', 'a\\\nb', 'a\nb'],
    ['a\u00a0b\tc\vd\r\ne\u2003f', 'a\u00a0b', 'c\vd', 'e\u2003f'],
  ]
  for (const [line, ...words] of rows) t.same(splitWords(line), words, JSON.stringify(line))
  t.same(splitWords('ls *.txt | wc; $HOME'), ['ls', '*.txt', '|', 'wc;', '$HOME'])
  t.throws(() => splitWords("echo 'a"), { message: "unclosed quote in: echo 'a" })
})
