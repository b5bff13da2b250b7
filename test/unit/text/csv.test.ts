import t from 'tap'
import { csvText } from '../../../src/text/csv.ts'

t.test('cells are quoted where a reader would split them', async (t) => {
  t.equal(
    csvText([
      ['at_s', 'error'],
      ['2.100', 'status 502, "bad"'],
      [0, 'two\nlines'],
      [-1.5, undefined],
      ['', ''],
    ]),
    'at_s,error\n2.100,"status 502, ""bad"""\n0,"two\nlines"\n-1.5,\n,\n',
  )
  t.equal(csvText([]), '')
})
