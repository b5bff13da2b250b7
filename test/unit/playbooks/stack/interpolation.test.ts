import t from 'tap'
import { parse } from 'yaml'
import { COMPOSE_VERSION, pieces, variablesOf, withVersion } from '../../../../playbooks/stack/interpolation.ts'

t.test('variablesOf finds variables only in values', async (t) => {
  const text = `# \${COMMENT}
services:
  web: # $ALSO
    labels: {"\${KEY}": a}
    image: \${REGISTRY}/web:$TAG
    command: echo $$HOME \${A:-x} \${B?none} "\${C}"
    environment:
      - 'D=\${D:?give it}'
    healthcheck:
      test: |
        test -n "\${E}"
`
  t.same(
    variablesOf(text).map(({ name, optional }) => [name, optional]),
    [
      ['REGISTRY', false],
      ['TAG', false],
      ['A', true],
      ['B', false],
      ['C', false],
      ['D', false],
      ['E', false],
    ],
  )
  for (const { name, from, to } of variablesOf(text)) t.match(text.slice(from, to), new RegExp(`^\\$\\{?${name}`), name)
})

t.test('pieces splits the text at the given variables', async (t) => {
  const text = 'services: {web: {image: "${REGISTRY}/a:${TAG:-1}", command: $REGISTRY}}\n'
  t.same(pieces(text, new Set(['REGISTRY'])), [
    'services: {web: {image: "',
    { variable: 'REGISTRY' },
    '/a:${TAG:-1}", command: ',
    { variable: 'REGISTRY' },
    '}}\n',
  ])
  t.same(pieces(text, new Set()), [text])
})

t.test('withVersion sets the version and changes nothing else', async (t) => {
  for (const [text, expected] of [
    ['services: {}\n', `version: '${COMPOSE_VERSION}'\nservices: {}\n`],
    [
      '# note\n---\nservices:\n  web: {image: x}\n',
      `# note\n---\nversion: '${COMPOSE_VERSION}'\nservices:\n  web: {image: x}\n`,
    ],
    ['version: "3"\nservices: {}\n', `version: '${COMPOSE_VERSION}'\nservices: {}\n`],
    ['services: {}\nversion: 3.8 # old\n', `services: {}\nversion: '${COMPOSE_VERSION}' # old\n`],
    ['{"services": {}}', `{"version": "${COMPOSE_VERSION}", "services": {}}`],
    ['  services: {}\n  volumes: {}\n', `  version: '${COMPOSE_VERSION}'\n  services: {}\n  volumes: {}\n`],
  ] as const) {
    t.equal(withVersion(text), expected, JSON.stringify(text))
    t.match(parse(withVersion(text)), { version: COMPOSE_VERSION }, JSON.stringify(text))
  }
  // Docker reads this number as octal, Labbook does not: the text must stay unchanged.
  t.match(withVersion('services:\n  web: {configs: [{source: a, mode: 0440}]}\n'), 'mode: 0440')
})
