import t from 'tap'
import { isInteractive } from '../../../src/ui/index.ts'
import { bundled, onTerminal } from '../../support/terminal.ts'

const ASK = bundled(new URL('./programs/ask.ts', import.meta.url))
const NO_COLOUR = { NO_COLOR: '1' }
/** The list is drawn once before it accepts input. */
const DRAWN = ['node3', ''] as const

void t.test('all hosts are selected initially', async (t) => {
  const { raw, screen } = await onTerminal(ASK, ['hosts'], { env: NO_COLOUR, talk: [DRAWN, ['node3', '\r']] })
  t.match(raw, '◉ node1 managers, docker')
  t.ok(screen.includes('ANSWER ["node1","node2","node3"]'))
})

void t.test('space deselects a host', async (t) => {
  const { screen } = await onTerminal(ASK, ['hosts'], {
    env: NO_COLOUR,
    talk: [DRAWN, ['node3', '\u001b[B'], ['❯ ◉ node2', ' '], ['◯ node2', '\r']],
  })
  t.ok(screen.includes('ANSWER ["node1","node3"]'))
})

void t.test('empty selection is rejected with a reason', async (t) => {
  const { raw, screen } = await onTerminal(ASK, ['hosts'], {
    env: NO_COLOUR,
    talk: [DRAWN, ['node3', 'a'], ['◯ node3', '\r'], ['No host selected', 'a'], ['◉ node3', '\r']],
  })
  t.match(raw, 'select one with space')
  t.ok(screen.includes('ANSWER ["node1","node2","node3"]'))
})

void t.test('password is not shown and returned as a Secret', async (t) => {
  const { raw, screen } = await onTerminal(ASK, ['password'], {
    env: NO_COLOUR,
    talk: [['BECOME password', 's3cret\r']],
  })
  t.ok(screen.includes('ANSWER ["[REDACTED]",true]'))
  t.notMatch(raw.slice(raw.indexOf('BECOME')), 's3cret')
})

void t.test('empty password is rejected', async (t) => {
  const { screen } = await onTerminal(ASK, ['password'], {
    env: NO_COLOUR,
    talk: [
      ['BECOME password', '\r'],
      ['The password is empty', 's3cret\r'],
    ],
  })
  t.ok(screen.includes('ANSWER ["[REDACTED]",true]'))
})

void t.test('question is answered with y; Enter alone means no', async (t) => {
  const yes = await onTerminal(ASK, ['confirm'], { env: NO_COLOUR, talk: [['Remove the lab?', 'y']] })
  t.ok(yes.screen.includes('ANSWER true'))
  const enter = await onTerminal(ASK, ['confirm'], { env: NO_COLOUR, talk: [['Remove the lab?', '\r']] })
  t.ok(enter.screen.includes('ANSWER false'))
})

void t.test('Ctrl-C in a prompt throws Cancelled', async (t) => {
  for (const [question, seen] of [
    ['hosts', 'node3'],
    ['password', 'BECOME'],
    ['confirm', 'Remove'],
  ] as const) {
    const { screen } = await onTerminal(ASK, [question], {
      env: NO_COLOUR,
      talk: [...(question === 'hosts' ? [DRAWN] : []), [seen, '\u0003']],
    })
    t.ok(screen.includes('CANCELLED'), question)
  }
})

void t.test('prompts need a terminal and no option that forbids them', async (t) => {
  const terminal = { isTTY: true }
  const interactive = { noInput: false, yes: false, json: false, stdin: terminal, stdout: terminal }
  t.equal(isInteractive(interactive), true)
  t.equal(isInteractive({ ...interactive, noInput: true }), false)
  t.equal(isInteractive({ ...interactive, yes: true }), false)
  t.equal(isInteractive({ ...interactive, json: true }), false)
  t.equal(isInteractive({ ...interactive, stdin: {} }), false)
  t.equal(isInteractive({ ...interactive, stdout: {} }), false)
})
