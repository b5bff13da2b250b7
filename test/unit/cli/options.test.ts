import t from 'tap'
import { parseOptions } from '../../../src/cli/options.ts'
import { playbook, stepsOf } from '../../../src/cli/playbook.ts'
import { UsageError } from '../../../src/cli/usage-error.ts'
import { experiment } from '../../../src/playbook/experiment.ts'

const WORDS = { up: 'create the lab', down: 'remove it', status: 'show it' }

/** The error message. */
function errorOf(argv: readonly string[], words = {}): string {
  try {
    parseOptions(argv, words)
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
  return 'accepted'
}

void t.test('empty command line means the defaults', async (t) => {
  t.strictSame(parseOptions([]), {
    inventory: [],
    limit: undefined,
    tags: [],
    skipTags: [],
    check: false,
    out: undefined,
    apply: undefined,
    diff: false,
    forks: 25,
    extraVars: [],
    verbosity: 0,
    askBecomePass: false,
    connection: { variables: new Map(), askPass: false, acceptNew: false },
    vault: { ask: false, files: [], ids: [] },
    listHosts: false,
    listTasks: false,
    listTags: false,
    syntaxCheck: false,
    completion: undefined,
    retryFailed: undefined,
    startAtTask: undefined,
    step: false,
    forceHandlers: false,
    list: false,
    allowFaults: false,
    json: false,
    noInput: false,
    yes: false,
    help: false,
    version: false,
    args: [],
    repeat: 1,
    provider: undefined,
  })
})

void t.test('a flag of the playbook sets its variable', async (t) => {
  const switches = { measure: { help: 'measure first', sets: 'measure_all=true' } }
  const { extraVars } = parseOptions(['-e', 'a=1', '--measure'], WORDS, switches)
  t.strictSame(extraVars, parseOptions(['-e', 'a=1', '-e', 'measure_all=true']).extraVars)
  t.strictSame(parseOptions([], WORDS, switches).extraVars, [])
  t.throws(() => parseOptions(['--measure'], WORDS), UsageError)
})

void t.test('short and long options are equivalent', async (t) => {
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
    inventory: ['lab.yaml'],
    limit: 'web:!web3',
    check: true,
    diff: true,
    forks: 9,
    askBecomePass: true,
    yes: true,
  })
})

void t.test('inventories add up', async (t) => {
  t.strictSame(parseOptions(['-i', 'a', '--inventory=b', '-i', 'a']).inventory, ['a', 'b', 'a'])
})

void t.test('short options can be combined', async (t) => {
  t.match(parseOptions(['-CDvvv', '-f9']), { check: true, diff: true, verbosity: 3, forks: 9 })
  t.match(parseOptions(['-CDlnode1']), { check: true, diff: true, limit: 'node1' })
})

void t.test('tags accumulate from lists and repeated options', async (t) => {
  t.strictSame(parseOptions(['-t', 'a, b', '--tags', 'c']).tags, ['a', 'b', 'c'])
  t.strictSame(parseOptions(['--skip-tags', 'slow']).skipTags, ['slow'])
  t.match(errorOf(['-t', ',']), '--tags needs at least one tag')
})

void t.test('unknown option is rejected with a suggestion', async (t) => {
  t.equal(errorOf(['--limt', 'x']), 'unknown option --limt (did you mean --limit?)')
  t.equal(errorOf(['--list-h']), 'unknown option --list-h (did you mean --list-hosts?)')
  t.equal(errorOf(['--colour']), 'unknown option --colour; see --help')
  t.equal(errorOf(['-x']), 'unknown option -x; see --help')
})

void t.test('missing value is not taken from the next option', async (t) => {
  t.equal(errorOf(['--limit', '--check']), '--limit needs a value: --limit PATTERN')
  t.equal(errorOf(['-i']), '--inventory needs a value: --inventory PATH')
  t.equal(errorOf(['--check=no']), '--check takes no value')
})

void t.test('forks must be a positive integer', async (t) => {
  for (const bad of ['0', '-1', '2.5', 'many', '1e3', '10000'])
    t.match(errorOf([`--forks=${bad}`]), 'must be a whole number', bad)
  t.equal(parseOptions(['--forks=1']).forks, 1)
})

void t.test('--json never prompts, and excludes options that prompt', async (t) => {
  t.match(parseOptions(['--json']), { json: true, noInput: true })
  t.match(errorOf(['--json', '-K']), 'which --json forbids')
  t.match(errorOf(['--no-input', '-K']), 'which --no-input forbids')
})

void t.test('only declared subcommands are accepted', async (t) => {
  t.strictSame(parseOptions(['up', '-C'], WORDS).args, ['up'])
  t.strictSame(parseOptions(['--', 'down'], WORDS).args, ['down'])
  t.equal(errorOf(['dwon'], WORDS), 'unknown command "dwon" (did you mean down?); valid commands: up, down, status')
  t.equal(errorOf(['node1']), 'unexpected argument "node1"; to limit the hosts: --limit node1')
  t.match(errorOf(['toString'], WORDS), 'unknown command')
})

void t.test('several subcommands are accepted only with severalWords', async (t) => {
  const steps = (words: readonly string[]) => [
    experiment(words.join('+'), { hosts: 'all', disturbs: false, assertions: {} }, async () => {}),
  ]
  const one = playbook({ name: 'lab', description: '', subcommands: WORDS, steps })
  t.equal(stepsOf(one, [])[0]?.name, 'up', 'default: the first')
  t.throws(() => stepsOf(one, ['up', 'down']), {
    name: 'UsageError',
    message: 'only one command is allowed, not 2: up, down',
  })
  t.equal(stepsOf({ ...one, multipleSubcommands: true }, ['up', 'down'])[0]?.name, 'up+down')
})

void t.test('--help overrides errors in other options', async (t) => {
  t.equal(parseOptions(['--limt', 'x', '-h']).help, true)
})

void t.test('subcommand may take an argument', async (t) => {
  const words = { up: '', 'snapshot NAME': '', list: '' }
  t.strictSame(parseOptions(['snapshot', 'before-update', '-C'], words).args, ['snapshot', 'before-update'])
  t.strictSame(
    parseOptions(['snapshot', 'up'], words).args,
    ['snapshot', 'up'],
    'an argument may have the name of a subcommand',
  )
  t.match(errorOf(['snapshot'], words), '"snapshot" needs an argument: snapshot NAME')
  t.match(errorOf(['snapshot', 'a', 'b'], words), 'unknown command "b"')
  t.match(errorOf(['snapshto', 'a'], words), /did you mean snapshot\?/)
  t.strictSame(
    stepsOf(
      {
        name: 'lab',
        description: '',
        subcommands: words,
        steps: (args) =>
          args.map((word) => experiment(word, { hosts: 'all', disturbs: false, assertions: {} }, async () => {})),
      },
      ['snapshot', 'a'],
    ).length,
    2,
  )
})
