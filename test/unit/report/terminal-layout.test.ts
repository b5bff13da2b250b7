import fc from 'fast-check'
import t from 'tap'
import { layOut, type Line } from '../../../src/report/terminal-layout.ts'

const textOf = (line: Line): string => line.map(({ text }) => text).join('')
const lines = (text: string, columns = 120): string[] => layOut(text, columns).map(textOf)

await t.test('colours and styles become segments', async (t) => {
  const [line] = layOut('\x1b[1;31mred\x1b[0m plain \x1b[38;2;1;2;3mexact\x1b[0m', 120)
  t.match(line, [
    { text: 'red', column: 0, width: 3, color: '#ff7b72', bold: true },
    { text: ' plain ', column: 3, bold: false, color: undefined },
    { text: 'exact', column: 10, color: 'rgb(1, 2, 3)' },
  ])
})

await t.test('other escape sequences and control characters are dropped', async (t) => {
  t.strictSame(lines('a\x1b[2Kb\x1b]0;title\x07c\x00d\x07'), ['abcd'])
  t.strictSame(lines('\x1b]8;;http://x.example\x07link\x1b]8;;\x07 \x1b[?25lhidden'), ['link hidden'])
})

await t.test('a carriage return overwrites the line; before a line end it is ignored', async (t) => {
  t.strictSame(lines('10%\r50%\r100%\ndone\r\nend'), ['100%', 'done', 'end'])
})

await t.test('tabs expand to the next multiple of eight columns', async (t) => {
  t.strictSame(lines('a\tb\n12345678\tc'), ['a       b', '12345678        c'])
})

await t.test('long lines wrap; wide characters take two columns', async (t) => {
  t.strictSame(lines('abcdef', 4), ['abcd', 'ef'])
  t.strictSame(lines('日本語', 4), ['日本', '語'])
  t.strictSame(lines('a日本', 4), ['a日', '本'])
  t.strictSame(lines('👩‍👩‍👧👩‍👩‍👧', 2), ['👩‍👩‍👧', '👩‍👩‍👧'])
})

await t.test('empty lines are kept', async (t) => {
  t.strictSame(lines('a\n\nb'), ['a', '', 'b'])
})

await t.test('no line is wider than the terminal, and no text is lost', async () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '日', '🎉') })
  fc.assert(
    fc.property(word, fc.integer({ min: 2, max: 20 }), (text, columns) => {
      const laid = layOut(text, columns)
      return (
        laid.every((line) => line.every(({ column, width }) => column + width <= columns)) &&
        laid.map(textOf).join('') === text
      )
    }),
  )
})

await t.test('a line of a million characters is laid out in linear time', async (t) => {
  // In quadratic time this would not finish.
  t.equal(layOut('x'.repeat(1_000_000), 120).length, Math.ceil(1_000_000 / 120))
  t.equal(layOut('é'.repeat(200_000), 120).length, Math.ceil(200_000 / 120))
  t.strictSame(
    layOut('e\u0301'.repeat(300), 100).map(textOf),
    Array.from({ length: 3 }, () => 'e\u0301'.repeat(100)),
  )
})
