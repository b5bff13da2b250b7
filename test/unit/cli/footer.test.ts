import path from 'node:path'
import t from 'tap'
import { footerOf } from '../../../src/cli/footer.ts'
import { parseOptions } from '../../../src/cli/options.ts'
import { SummaryFold } from '../../../src/evidence/index.ts'
import { parseInventory } from '../../../src/inventory/index.ts'
import type { ClosingContext } from '../../../src/cli/playbook.ts'
import type { RunEnd } from '../../../src/events/events.ts'
import { footerLines } from '../../../src/ui/format/footer.ts'
import { palette } from '../../../src/ui/format/palette.ts'
import { recording } from '../../support/events.ts'

const inventory = parseInventory({
  main: {
    path: 'inventory.yaml',
    text: 'all:\n  hosts:\n    node1: { ansible_host: 10.0.0.1, port: 80 }\n  children:\n    swarm:\n      hosts:\n        node1:\n',
  },
})
const plain = palette(false)

function footer(
  argv: readonly string[],
  status: RunEnd['status'],
  closing?: (run: ClosingContext) => { standing: []; figures: [string, string][]; next: [] },
) {
  const run = recording()
  run.start()
  run.play('Drain', 'experiment')
  run.finding('swarm.drain.evacuates', 'so it is', true)
  run.end({}, { status })
  const builder = new SummaryFold()
  for (const event of run.events) builder.add(event)
  const ready = {
    options: parseOptions(argv, { up: 'create it' }),
    inventory,
    inventoryFiles: ['own.yaml'],
    extraVars: { port: 8080 },
    ...(closing === undefined ? {} : { closing }),
  }
  return footerOf({
    ready,
    argv: ['npx', 'zx', 'playbooks/site.mjs', ...argv],
    summary: builder.summary(),
    report: 'runs/latest/report.html',
    mask: (text) => text.replace('s3cret', '[REDACTED]'),
  })
}

t.test(
  'closing receives subcommands, inventory, groups, variables and findings of a passed run; secrets are masked',
  async (t) => {
    let context: ClosingContext | undefined
    const ending = footer(['up', '-i', 'own.yaml'], 'passed', (run) => {
      context = run
      return { standing: [], figures: [['Password', 's3cret']], next: [] }
    })
    t.match(context, {
      args: ['up'],
      inventory: ['own.yaml'],
      groups: { swarm: ['node1'] },
      findings: [{ id: 'swarm.drain.evacuates', holds: true }],
    })
    t.match(context?.hostvars('node1'), { ansible_host: '10.0.0.1', port: 8080 }, 'extra variables take precedence')
    t.strictSame(ending, {
      report: 'runs/latest/report.html',
      closing: { standing: [], figures: [['Password', '[REDACTED]']], next: [] },
    })
  },
)

t.test('failed or interrupted run has the command to rerun in place of the closing', async (t) => {
  const closing = (): never => {
    throw new Error('must not be called')
  }
  for (const status of ['failed', 'interrupted'] as const) {
    t.strictSame(
      footer(['up', '--limit', 'node1:!node2'], status, closing),
      {
        report: 'runs/latest/report.html',
        rerunCommand: "npx zx playbooks/site.mjs up --limit 'node1:!node2'",
      },
      `a run that is ${status}`,
    )
  }
  t.strictSame(
    footer(['up', '--check'], 'passed', closing),
    { report: 'runs/latest/report.html' },
    'check mode has no closing',
  )
})

t.test('footer lines', async (t) => {
  const report = 'runs/latest/report.html'
  t.strictSame(footerLines({}, plain, false), [])
  t.strictSame(footerLines({ report, rerunCommand: 'npx zx playbooks/site.mjs' }, plain, false), [
    `report: ${report}`,
    'run again: npx zx playbooks/site.mjs',
  ])
  const closing = {
    standing: [
      ['node1', 'manager'],
      ['node10', 'worker'],
    ],
    figures: [],
    next: [['Remove the lab', 'npx zx playbooks/lab.mjs down']],
  } as const
  t.strictSame(footerLines({ report, closing }, plain, false), [
    '',
    'RUNNING NOW',
    '  node1   manager',
    '  node10  worker',
    '',
    'RESULTS',
    `  Report  ${report}`,
    '',
    'NEXT STEPS',
    '  Remove the lab  npx zx playbooks/lab.mjs down',
  ])
  const spaced = footerLines({ report: 'a directory/report.html' }, plain, true)[0]
  t.equal(
    spaced,
    `report: \u001b]8;;file://${path.resolve('a directory/report.html').replaceAll(' ', '%20')}\u001b\\a directory/report.html\u001b]8;;\u001b\\`,
  )
})
