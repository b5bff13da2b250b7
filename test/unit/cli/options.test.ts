import t from 'tap'
import { parseOptions } from '../../../src/cli/options.ts'
import { playbook, stepsOf } from '../../../src/cli/playbook.ts'
import { UsageError } from '../../../src/cli/usage-error.ts'
import { experiment } from '../../../src/run/experiment.ts'

const WORDS = { up: 'make the lab', down: 'remove it', status: 'show it' }

/** The message a user gets. */
function refusal(argv: readonly string[], words = {}): string {
  try {
    parseOptions(argv, words)
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
  return 'accepted'
}

void t.test('nothing given means the defaults', async (t) => {
  t.strictSame(parseOptions([]), {
    inventory: 'inventory.yaml',
    limit: undefined,
    tags: [],
    skipTags: [],
    check: false,
    diff: false,
    forks: 25,
    extraVars: [],
    verbosity: 0,
    askBecomePass: false,
    listHosts: false,
    listTasks: false,
    list: false,
    allowFaults: false,
    json: false,
    noInput: false,
    yes: false,
    help: false,
    version: false,
    words: [],
    repeat: 1,
    provider: undefined,
  })
})

void t.test('short and long options mean the same', async (t) => {
  const short = parseOptions([
    '-i',
    'lab.yaml',
    '-l',
    'web:!web3',
    '-t',
    'a',
    '-C',
    '-D',
    '-f',
    '9',
    '-e',
    'a=1',
    '-v',
    '-K',
    '-y',
  ])
  const long = parseOptions([
    '--inventory=lab.yaml',
    '--limit=web:!web3',
    '--tags=a',
    '--check',
    '--diff',
    '--forks=9',
    '--extra-vars=a=1',
    '--verbose',
    '--ask-become-pass',
    '--yes',
  ])
  t.strictSame(short, long)
  t.match(short, {
    inventory: 'lab.yaml',
    limit: 'web:!web3',
    check: true,
    diff: true,
    forks: 9,
    askBecomePass: true,
    yes: true,
  })
})

void t.test('short options may stand together', async (t) => {
  t.match(parseOptions(['-CDvvv', '-f9']), { check: true, diff: true, verbosity: 3, forks: 9 })
  t.match(parseOptions(['-CDlnode1']), { check: true, diff: true, limit: 'node1' })
})

void t.test('tags add up, from lists and from repeated options', async (t) => {
  t.strictSame(parseOptions(['-t', 'a, b', '--tags', 'c']).tags, ['a', 'b', 'c'])
  t.strictSame(parseOptions(['--skip-tags', 'slow']).skipTags, ['slow'])
  t.match(refusal(['-t', ',']), '--tags needs at least one tag')
})

void t.test('an unknown option is refused with what was probably meant', async (t) => {
  t.equal(refusal(['--limt', 'x']), 'unknown option --limt (did you mean --limit?)')
  t.equal(refusal(['--list-h']), 'unknown option --list-h (did you mean --list-hosts?)')
  t.equal(refusal(['--colour']), 'unknown option --colour; --help lists all')
  t.equal(refusal(['-x']), 'unknown option -x; --help lists all')
})

void t.test('a value that is missing is not taken from the next option', async (t) => {
  t.equal(refusal(['--limit', '--check']), '--limit needs a value: --limit PATTERN')
  t.equal(refusal(['-i']), '--inventory needs a value: --inventory PATH')
  t.equal(refusal(['--check=no']), '--check takes no value')
})

void t.test('forks is a whole number above 0', async (t) => {
  for (const bad of ['0', '-1', '2.5', 'many', '1e3', '10000'])
    t.match(refusal([`--forks=${bad}`]), 'must be a whole number', bad)
  t.equal(parseOptions(['--forks=1']).forks, 1)
})

void t.test('--json asks nothing, and a question cannot be demanded with it', async (t) => {
  t.match(parseOptions(['--json']), { json: true, noInput: true })
  t.match(refusal(['--json', '-K']), 'which --json forbids')
  t.match(refusal(['--no-input', '-K']), 'which --no-input forbids')
})

void t.test('only words the playbook declares are taken', async (t) => {
  t.strictSame(parseOptions(['up', '-C'], WORDS).words, ['up'])
  t.strictSame(parseOptions(['--', 'down'], WORDS).words, ['down'])
  t.equal(refusal(['dwon'], WORDS), 'unknown word "dwon" (did you mean down?); one of: up, down, status')
  t.equal(refusal(['node1']), 'unexpected word "node1"; to choose hosts: --limit node1')
  t.match(refusal(['toString'], WORDS), 'unknown word')
})

void t.test('more than one word only where the playbook takes several', async (t) => {
  const steps = (words: readonly string[]) => [
    experiment(words.join('+'), { hosts: 'all', disturbs: false, proves: {} }, async () => {}),
  ]
  const one = playbook({ name: 'lab', description: '', words: WORDS, steps })
  t.equal(stepsOf(one, [])[0]?.name, 'up', 'none given: the first')
  t.throws(() => stepsOf(one, ['up', 'down']), { name: 'UsageError', message: 'one word at a time, not 2: up, down' })
  t.equal(stepsOf({ ...one, severalWords: true }, ['up', 'down'])[0]?.name, 'up+down')
})

void t.test('--help wins over mistakes beside it', async (t) => {
  t.equal(parseOptions(['--limt', 'x', '-h']).help, true)
})

void t.test("a word may be followed by one of the user's own", async (t) => {
  const words = { up: '', 'snapshot NAME': '', list: '' }
  t.strictSame(parseOptions(['snapshot', 'before-update', '-C'], words).words, ['snapshot', 'before-update'])
  t.strictSame(parseOptions(['snapshot', 'up'], words).words, ['snapshot', 'up'], 'also one that is a word itself')
  t.match(refusal(['snapshot'], words), 'snapshot needs a word more: snapshot NAME')
  t.match(refusal(['snapshot', 'a', 'b'], words), 'unknown word "b"')
  t.match(refusal(['snapshto', 'a'], words), /did you mean snapshot\?/)
  t.strictSame(
    stepsOf(
      {
        name: 'lab',
        description: '',
        words,
        steps: (given) =>
          given.map((word) => experiment(word, { hosts: 'all', disturbs: false, proves: {} }, async () => {})),
      },
      ['snapshot', 'a'],
    ).length,
    2,
  )
})
