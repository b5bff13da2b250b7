import t from 'tap'
import { withLocalhost } from '../../../src/cli/localhost.ts'
import { parseInventory } from '../../../src/inventory/index.ts'
import { reportMetadataOf } from '../../../src/runner/report-metadata.ts'

const inventory = (vars: string) =>
  withLocalhost(
    parseInventory({ main: { path: 'inventory.yaml', text: `all:\n  hosts: {node1: {}}\n  vars: {${vars}}\n` } }),
  )

t.test('report metadata come from extra variables, then from the inventory', async (t) => {
  t.strictSame(reportMetadataOf(inventory('report_author: Ann Lee, report_course: Systems 2'), {}), {
    author: 'Ann Lee',
    course: 'Systems 2',
  })
  t.strictSame(
    reportMetadataOf(inventory('report_author: Ann Lee'), { report_author: ' Bo ', report_title: 'Lab 3' }),
    {
      author: 'Bo',
      title: 'Lab 3',
    },
  )
})

t.test('unset report metadata are omitted', async (t) => {
  t.strictSame(reportMetadataOf(inventory(''), {}), {})
  t.strictSame(reportMetadataOf(inventory('report_author: 7'), { report_title: ' ' }), {})
})
