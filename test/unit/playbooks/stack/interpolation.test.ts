import fc from 'fast-check'
import t from 'tap'
import { parse } from 'yaml'
import { readCompose } from '../../../../playbooks/stack/compose.ts'
import { substitute } from '../../../../playbooks/stack/substitution.ts'
import { runs, sameCases } from '../../../support/seed.ts'
import { composeContext, readByDocker } from './compose-context.ts'

type Values = Readonly<Record<string, string>>
type Service = Readonly<Record<string, unknown>>

const read = (text: string, values: Values = {}) =>
  readCompose({ path: 'compose.yaml', text }, composeContext({ values }))
const problems = (text: string, values: Values = {}): string[] =>
  read(text, values).problems.map(({ line, column, message }) => `${line}:${column}: ${message}`)
const received = (text: string, values: Values = {}): Readonly<Record<string, Service>> =>
  (readByDocker(read(text, values).text) as { services: Record<string, Service> }).services
const web = (lines: string): string => `services:\n  web:\n    image: x\n    ${lines.replaceAll('\n', '\n    ')}\n`

/** Templates of compose-go's own tests, with FOO=first and BAR empty; undefined is an error. */
const SUBSTITUTIONS: readonly (readonly [string, string | undefined])[] = [
  ['$${foo}', '${foo}'],
  ['foo', 'foo'],
  ['a $ string', 'a $ string'],
  ['^REGEX$', '^REGEX$'],
  ['$}', '$}'],
  ['$', '$'],
  ['${', undefined],
  ['${}', undefined],
  ['${ }', undefined],
  ['${ foo}', undefined],
  ['${foo }', undefined],
  ['${foo!}', undefined],
  ['$FOO-bar', 'first-bar'],
  ['This ${BAR} var', 'This  var'],
  ['This $FOO var', 'This first var'],
  ['ok ${missing:-def}', 'ok def'],
  ['ok ${missing-def}', 'ok def'],
  ['${A:+${A},}B', 'B'],
  ['ok ${BAR:-def}', 'ok def'],
  ['ok ${FOO:-def}', 'ok first'],
  ['ok ${BAR-def}', 'ok '],
  ['ok ${UNSET:+value}', 'ok '],
  ['ok ${FOO:+value}', 'ok value'],
  ['ok ${BAR+value}', 'ok value'],
  ['ok ${BAR:+value}', 'ok '],
  ['ok ${BAR:-/non:-alphanumeric}', 'ok /non:-alphanumeric'],
  ['+ok ${UNSET:-${BAR-default}}', '+ok '],
  [':?ok ${BAR:-default}', ':?ok default'],
  ['ok ${UNSET-${FOO} ${FOO}}', 'ok first first'],
  ['ok ${BAR+$FOO ${FOO:+second}}', 'ok first second'],
  ['ok ${FOO:?err}', 'ok first'],
  ['ok ${BAR?err}', 'ok '],
  ['not ok ${BAR:?Empty}', undefined],
  ['not ok ${UNSET:?}', undefined],
  ['not ok ${UNSET?Unset ${FOO}}', undefined],
]

t.test('substitute follows compose-go', async (t) => {
  const lookup = (name: string) => ({ FOO: 'first', BAR: '' })[name]
  const result = (template: string) => {
    try {
      return substitute(template, lookup)
    } catch {
      return undefined
    }
  }
  t.same(
    SUBSTITUTIONS.map(([template]) => [template, result(template)]),
    SUBSTITUTIONS,
  )
  t.throws(() => substitute('${UNSET?Unset ${FOO}}', lookup), { message: 'variable UNSET has no value: Unset first' })
})

t.test('a value stays a value, whatever it contains', async (t) => {
  for (const value of [
    'abc #def',
    '0123',
    'x\n    user: root',
    '*a',
    '{a: 1}',
    "it's",
    '$HOME',
    '${X}',
    '$$',
    ': ',
    '',
  ])
    for (const scalar of ['$PW', '"${PW}"', "'${PW}'", '|-\n    ${PW}', '>-\n    ${PW}', '!!str $PW', '&pw $PW # c']) {
      const services = received(web(`environment:\n  PW: ${scalar}\n  NEXT: 1`), { PW: value })
      t.same(
        services,
        { web: { image: 'x', environment: { PW: value, NEXT: 1 } } },
        `${JSON.stringify(value)} in ${scalar.slice(0, 3)}`,
      )
    }
})

t.test('any value reaches Docker unchanged, in text and in lists', async (t) => {
  const text = web('hostname: "a${V}b"\ncommand: [echo, $V, "-${V:-x}-"]\nenvironment: [V, "W=$V"]')
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0') && !/\p{Surrogate}/u.test(value)),
      (V) => {
        const { web: service } = received(text, { V })
        t.same(
          service,
          { image: 'x', hostname: `a${V}b`, command: ['echo', V, `-${V || 'x'}-`], environment: [`V=${V}`, `W=${V}`] },
          'equal',
        )
      },
    ),
    { ...sameCases, numRuns: runs(100) },
  )
})

t.test('texts become numbers and booleans where Compose converts them, through anchors and merges, too', async (t) => {
  const text = `
x-deploy: &deploy {replicas: "\${N}", update_config: {parallelism: $N}}
x-web: &web
  image: x
  read_only: \${FLAG}
  deploy: *deploy
x-tty: &tty {tty: \$FLAG}
x-init: &init {init: \$FLAG}
services:
  a: *web
  b:
    <<: *web
    labels: {n: $N}
    ports: [{target: $N, published: "\${N}", mode: host}]
    configs: [{source: c, mode: "\${MODE}"}]
  c: {<<: [*tty, *init], image: x}
configs: {c: {external: $FLAG}}
`
  const deploy = { replicas: 3, update_config: { parallelism: 3 } }
  t.same(received(text, { N: '03', FLAG: 'yes', MODE: '0440' }), {
    a: { image: 'x', read_only: true, deploy },
    b: {
      image: 'x',
      read_only: true,
      deploy,
      labels: { n: '03' },
      ports: [{ target: 3, published: 3, mode: 'host' }],
      configs: [{ source: 'c', mode: 0o440 }],
    },
    c: { image: 'x', tty: true, init: true },
  })
  t.match(problems(web('deploy: {replicas: "$N"}'), { N: 'two' }), [/^4:24: "replicas": must be a whole number/])
  t.match(problems(web('read_only: ${N}'), { N: '1' }), [/^4:16: "read_only": must be true or false/])
})

t.test('keys, comments, numbers and everything else stay as they are', async (t) => {
  const rest = 'labels: {"$KEY": a} # $COMMENT\nconfigs: [{source: a, mode: 0440}]\ncommand: echo $$HOME'
  const { text } = read(`${web(rest)}configs: {a: {external: true}}\n`)
  t.equal(
    text,
    `version: '3.9'\n${web(rest.replace('echo $$HOME', () => '"echo $$HOME"'))}configs: {a: {external: true}}\n`,
  )
})

t.test('the format version is set, as high as the keys of the file need', async (t) => {
  for (const [text, expected] of [
    ['services: {w: {image: x}}\n', `version: '3.9'\nservices: {w: {image: x}}\n`],
    ['# note\n---\nservices:\n  w: {image: x}\n', `# note\n---\nversion: '3.9'\nservices:\n  w: {image: x}\n`],
    ['version: "3"\nservices: {w: {image: x}}\n', `version: '3.9'\nservices: {w: {image: x}}\n`],
    ['services: {w: {image: x}}\nversion: 3.8 # old\n', `services: {w: {image: x}}\nversion: '3.9' # old\n`],
    ['{"services": {"w": {"image": "x"}}}', `{"version": "3.9", "services": {"w": {"image": "x"}}}`],
    ['  services: {w: {image: x}}\n  x-a: {}\n', `  version: '3.9'\n  services: {w: {image: x}}\n  x-a: {}\n`],
  ] as const) {
    t.equal(read(text).text, expected, JSON.stringify(text).slice(0, 30))
    t.match(parse(read(text).text), { version: '3.9' })
  }
  t.equal(read(web('healthcheck: {test: [NONE], start_interval: 1s}')).version, '3.12')
  t.equal(read(`${web('networks: {n: {driver_opts: {a: b}}}')}networks: {n: }\n`).version, '3.13')
})

t.test('a variable without a value has its position', async (t) => {
  t.same(problems(web('command: [a, "b ${TAG}"]')), [
    '4:21: variable TAG has no value: set it with -e TAG=..., or write ${TAG:-VALUE}',
  ])
  t.match(problems(web('command: "${A:-${B}}"')), [/^4:20: variable B has no value/], 'nested')
  t.same(problems(web('command: "${A:-${B}}"'), { A: '1' }), [], 'not needed')
  t.match(problems(web('command: ${A:?set the version}')), [/^4:14: variable A has no value: set the version: set it/])
  t.match(problems(web('command: ${A:?set the version}'), { A: '' }), [/variable A is empty: set the version/])
  t.match(problems(web('command: echo ${1}')), [/^4:19: invalid variable: write \$\{NAME\}, or \$\$/])
})

t.test('names in environment without a value receive that of the variable', async (t) => {
  const DB_PASSWORD = 'a #b$'
  t.same(received(web('environment: [DB_PASSWORD, B=1]'), { DB_PASSWORD }).web?.environment, [
    'DB_PASSWORD=a #b$',
    'B=1',
  ])
  for (const entry of ['DB_PASSWORD:', 'DB_PASSWORD: # c', 'DB_PASSWORD: ~', 'DB_PASSWORD: &p', '? DB_PASSWORD'])
    t.same(
      received(web(`environment:\n  ${entry}\n  B: 1`), { DB_PASSWORD }).web?.environment,
      { DB_PASSWORD, B: 1 },
      entry.slice(-3),
    )
  t.same(received(web('environment: {DB_PASSWORD, B: , DB_PASSWORD2: }'), { DB_PASSWORD }).web?.environment, {
    DB_PASSWORD,
    B: null,
    DB_PASSWORD2: null,
  })
  const { warnings, problems } = read(web('environment: [DB_PASSWORD]'))
  t.same(problems, [])
  t.match(
    warnings[0]?.message,
    /^"DB_PASSWORD" has no value, and is not set in the container: set it with -e DB_PASSWORD=/,
  )
})

t.test('Docker would replace an empty HOME by that of the docker command', async (t) => {
  for (const lines of ['[HOME]', '[HOME=]', '{HOME: }', '{HOME: ""}', '{HOME: "$EMPTY"}', '["HOME=${EMPTY}"]'])
    t.match(
      problems(web(`environment: ${lines}`), { EMPTY: '' }),
      [/^4:\d+: "HOME" has no value, and Docker would use that of the docker command on the node: set one/],
      lines.slice(1, -1),
    )
  t.same(problems(web('environment: {HOME: /root, A: "", TZ: $EMPTY}'), { EMPTY: '' }), [])
})

t.test('a NUL is refused', async (t) => {
  t.match(problems(web('environment: {A: "a\\0b"}')), [/^4:22: contains a NUL character/])
  t.match(problems(web('environment: {A: $B}'), { B: 'a\0b' }), [/^4:22: contains a NUL character/])
  t.match(problems(web('environment: [A]'), { A: 'a\0b' }), [/^4:19: variable A contains a NUL character/])
})

t.test('words that are booleans in YAML 1.1 are refused only if they are not quoted', async (t) => {
  t.match(problems(web('environment: {DEBUG: yes}')), [/"DEBUG": Docker reads this as a boolean/])
  t.same(problems(web('environment: {DEBUG: "yes", B: $B}'), { B: 'on' }), [])
})
