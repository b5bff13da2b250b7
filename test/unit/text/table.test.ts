import t from 'tap'
import { tableLines } from '../../../src/text/table.ts'

t.test('columns are as wide as their widest cell', async (t) => {
  t.strictSame(
    tableLines([
      ['NODE', 'REPLICA', 'ON'],
      ['node1', 'a', 'node12'],
      ['n', 'counter.10', ''],
    ]),
    ['NODE   REPLICA     ON', 'node1  a           node12', 'n      counter.10'],
  )
  t.strictSame(tableLines([]), [])
  t.strictSame(tableLines([['a', 'b'], ['c']], { gap: ' | ' }), ['a | b', 'c |'])
})

t.test('the last alignment applies to all further columns', async (t) => {
  t.strictSame(
    tableLines(
      [
        ['REQUEST', 'COUNT', 'MS'],
        ['GET /', 3, '10.0'],
      ],
      { align: ['left', 'right'] },
    ),
    ['REQUEST  COUNT    MS', 'GET /        3  10.0'],
  )
})

t.test('wide characters and colours count as on a terminal', async (t) => {
  t.strictSame(
    tableLines([
      ['日本', 'x'],
      ['\u001b[1mab\u001b[22m', 'y'],
    ]),
    ['日本  x', '\u001b[1mab\u001b[22m    y'],
  )
})

t.test('a cell with several lines stays in its column', async (t) => {
  t.strictSame(
    tableLines([
      ['--limit', 'hosts:\nnode1'],
      ['-C', 'check'],
    ]),
    ['--limit  hosts:', '         node1', '-C       check'],
  )
})
