import { readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { sh } from '../../src/shell/quote.ts'
import { ARENA, EMPTY_ARENA } from './arena.ts'
import type { TaskSpec } from './harness.ts'
import { defined, maybe } from './lists.ts'

/* APT repositories and their keys. The package lists are not updated: no repository exists. */

const PARTS = '/etc/apt/sources.list.d'
const REPOS = ['deb http://deb.example.org/debian trixie main', 'deb [trusted=yes] http://b.example.org ./']
const KEY = readFileSync(path.join(import.meta.dirname, '../fixtures/modules/keys/ed25519.asc'), 'utf8')

const line = fc.constantFrom(
  ...REPOS,
  `# ${REPOS[0]}`,
  `#  deb   http://deb.example.org/debian trixie main # why`,
  'deb [trusted=yes]  http://b.example.org   ./',
  '# comment',
  '',
)
const file = fc.record({
  name: fc.constantFrom('arena.list', 'arena-b.list', 'arena.sources', 'arena-b.sources'),
  lines: fc.array(line, { maxLength: 3 }),
  end: fc.constantFrom('\n', ''),
  mode: fc.constantFrom('0644', '0600'),
})

/** Start states of the files of repositories. */
export const repositoryState: fc.Arbitrary<string> = fc
  .record({
    files: fc.array(file, { maxLength: 3 }),
    keyrings: fc.constantFrom('none', '0755', '0700'),
    key: fc.boolean(),
  })
  .map(({ files, keyrings, key }) =>
    [
      `${EMPTY_ARENA} || exit`,
      sh`mkdir -p ${PARTS} && rm -f ${PARTS}/arena* && rm -rf /etc/apt/keyrings`,
      ...(keyrings === 'none' ? [] : [sh`mkdir -m ${keyrings} /etc/apt/keyrings`]),
      ...(keyrings !== 'none' && key ? [': >/etc/apt/keyrings/arena.asc'] : []),
      ...files.map(
        ({ name, lines, end, mode }) =>
          sh`printf %s ${lines.join('\n') + (lines.length === 0 ? '' : end)} >${PARTS}/${name} && chmod ${mode} ${PARTS}/${name}`,
      ),
      sh`printf %s ${KEY} >${ARENA}/key`,
    ]
      .map((step) => `{ ${step}; } || exit`)
      .join('\n'),
  )

export const LOOK = `find /etc/apt/keyrings ${PARTS} -printf '%p|%y|%m|%U:%G|%l\\n' 2>&1 | sort; grep -r '' ${PARTS} /etc/apt/keyrings 2>&1 | sort`

const repository: fc.Arbitrary<TaskSpec> = fc
  .record({
    repo: fc.constantFrom(...REPOS),
    filename: maybe(fc.constantFrom('arena', 'arena-b'), 4),
    state: fc.constantFrom('present', 'present', 'absent'),
    mode: maybe(fc.constantFrom('0600', '0644'), 4),
  })
  .map(({ repo, state, filename, mode }) => ({
    module: 'apt_repository' as const,
    params: defined({ repo, filename: filename ?? 'arena', state, mode, update_cache: false }),
    claim:
      `${state === 'absent' ? '! ' : ''}{ ${sh`cat ${PARTS}/`}*.list | tr -s ' ' | ${sh`grep -q -F -e ${repo}`}; }`.replace(
        'tr -s',
        "sed 's/^#.*//' | tr -s",
      ),
  }))

const deb822: fc.Arbitrary<TaskSpec> = fc
  .record({
    name: fc.constantFrom('arena', 'Arena_B'),
    uris: fc.constantFrom('http://deb.example.org/debian', 'http://b.example.org'),
    suites: fc.constantFrom('./', 'trixie'),
    enabled: maybe(fc.boolean()),
    signed_by: maybe(fc.constantFrom('/etc/apt/keyrings/arena.asc', KEY)),
    state: fc.constantFrom('present', 'present', 'absent'),
  })
  .map(({ name, state, ...params }) => {
    const at = `${PARTS}/${name === 'arena' ? name : 'arena-b'}.sources`
    return {
      module: 'deb822_repository' as const,
      params: defined({ name, state, ...params }),
      claim: state === 'absent' ? sh`! [ -e ${at} ]` : sh`grep -qx ${`URIs: ${params.uris}`} ${at}`,
    }
  })

const key: fc.Arbitrary<TaskSpec> = fc
  .record({
    keyring: fc.constantFrom('/etc/apt/keyrings/arena.asc', '/etc/apt/keyrings/arena.gpg', `${ARENA}/x.asc`),
    source: fc.constantFrom<object>({ data: KEY }, { file: `${ARENA}/key` }, { file: `${ARENA}/none` }),
    state: fc.constantFrom('present', 'absent'),
  })
  .map(({ keyring, source, state }) => ({
    module: 'apt_key' as const,
    params: { keyring, state, ...(state === 'present' ? source : {}) },
    claim: state === 'absent' ? sh`! [ -e ${keyring} ]` : sh`grep -q PGP ${keyring}`,
  }))

export const repositoryTasks: fc.Arbitrary<TaskSpec> = fc.oneof(repository, deb822, key)
