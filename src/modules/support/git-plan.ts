import { posix } from 'node:path'
import { sh } from '../../shell/quote.ts'
import type { Change, Plan } from '../module.ts'

/** Parameters of the `git` module. */
export interface GitParams {
  readonly repo: string
  readonly dest: string
  readonly version: string
  readonly remote: string
  readonly force: boolean
  readonly clone: boolean
  readonly update: boolean
  readonly depth?: number | undefined
  readonly single_branch: boolean
  readonly recursive: boolean
  readonly key_file?: string | undefined
  readonly ssh_opts?: string | undefined
  readonly accept_hostkey: boolean
  readonly accept_newhostkey: boolean
  readonly executable?: string | undefined
  readonly umask?: number | undefined
}

/** Registered value of the `git` module. */
export interface GitValues {
  /** Commit before the task; null: there was none. */
  readonly before: string | null
  /** Commit after it. */
  readonly after: string | null
  readonly remote_url_changed: boolean
}

interface GitFacts {
  readonly state: 'missing' | 'empty' | 'directory' | 'file' | 'repository'
  readonly head: string
  /** A clone of this module has not ended; it may not have checked out the files. */
  readonly interrupted: 'no' | 'before checkout' | 'after checkout'
  readonly branch: string
  readonly url: string
  readonly modified: readonly string[]
  /** Submodules that are not initialized. */
  readonly submodules: readonly string[]
  readonly refs: ReadonlyMap<string, string>
  /** Default branch of the remote. */
  readonly defaultBranch: string
}

/** What git gets: with a path instead of a URL, a clone ignores `--depth`. */
export const urlOf = (repo: string): string => (repo.startsWith('/') ? `file://${repo}` : repo)

/** Slashes at the end or one after another do not count. */
const isSameUrl = (a: string, b: string): boolean => normalized(a) === normalized(b)
const normalized = (url: string): string => posix.normalize(url).replace(/\/$/, '')

/** What the probe asks the remote for. */
export const remoteRefs = (version: string): string[] =>
  version === 'HEAD' ? ['HEAD'] : [`refs/heads/${version}`, `refs/tags/${version}`, `refs/tags/${version}^{}`]

/** Parses the output of the probe. */
export function gitFacts(stdout: string): GitFacts {
  const lines = stdout.split('\n')
  const all = (key: string): string[] =>
    lines.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1))
  return {
    state: (all('state')[0] ?? 'missing') as GitFacts['state'],
    head: all('head')[0] ?? '',
    interrupted: (all('interrupted')[0] ?? 'no') as GitFacts['interrupted'],
    branch: all('branch')[0]?.replace(/^refs\/heads\//, '') ?? '',
    url: all('url')[0] ?? '',
    modified: all('modified'),
    submodules: all('submodule'),
    refs: new Map(all('ref').map((line) => [line.split('\t')[1] ?? '', line.split('\t')[0] ?? ''] as const)),
    defaultBranch: all('default')[0] ?? '',
  }
}

/** The commit that a version is on the remote, and its branch, if it is one. */
interface Wanted {
  /** Possibly shortened. */
  readonly commit: string
  readonly branch?: string
  readonly isTag?: boolean
}

function wantedCommit({ version, repo }: GitParams, { refs, defaultBranch }: GitFacts): Wanted | string {
  if (version === 'HEAD') {
    const commit = refs.get('HEAD')
    if (commit === undefined) return `${repo} has no commits`
    return defaultBranch === '' ? { commit } : { commit, branch: defaultBranch }
  }
  const branch = refs.get(`refs/heads/${version}`)
  if (branch !== undefined) return { commit: branch, branch: version }
  const tag = refs.get(`refs/tags/${version}^{}`) ?? refs.get(`refs/tags/${version}`)
  if (tag !== undefined) return { commit: tag, isTag: true }
  return /^[0-9a-f]{7,64}$/i.test(version)
    ? { commit: version.toLowerCase() }
    : `${repo} has no branch and no tag "${version}"`
}

/**
 * Plans a clone, or a fetch and a checkout.
 * @param setup - shell text that defines `lb_git`
 */
export function planGit(params: GitParams, facts: GitFacts, setup: string): Plan<GitValues> {
  const { dest, repo, version, clone, update, force } = params
  const before = facts.head === '' ? null : facts.head
  const values: GitValues = { before, after: before, remote_url_changed: false }
  const problem = (why: string): Plan<GitValues> => ({ changes: [], values, problem: why })
  if (facts.state === 'file') return problem(`${dest} is a file, not a directory`)
  if (facts.state === 'directory') return problem(`${dest} is not empty, and no working tree of Git`)
  const exists = facts.state === 'repository'
  const isInterrupted = facts.interrupted !== 'no'
  if (exists && !update && !isInterrupted) return { changes: [], values }
  const wanted = wantedCommit(params, facts)
  if (typeof wanted === 'string') return problem(wanted)
  if (!exists && !clone) return { changes: [], values: { ...values, after: wanted.commit } }
  if (!exists) return { changes: [cloning(params, wanted, setup)], values, changeValues: { before: null } }
  // Before the checkout, each file counts as deleted.
  if (facts.modified.length > 0 && !force && facts.interrupted !== 'before checkout')
    return problem(
      `${dest} has local modifications (${facts.modified.map((line) => line.slice(3)).join(', ')}): ` +
        'commit or discard them, or set force: true',
    )
  const isOtherUrl = !isSameUrl(facts.url, urlOf(repo))
  const isCurrent =
    !isInterrupted &&
    facts.head.startsWith(wanted.commit) &&
    (wanted.branch === undefined ? version === 'HEAD' || facts.branch === '' : wanted.branch === facts.branch)
  const steps: Change[] = [
    ...(isOtherUrl ? [otherUrl(params, facts, setup)] : []),
    ...(isCurrent && facts.modified.length === 0 ? [] : [updating(params, facts, wanted, setup)]),
  ]
  if (steps.length === 0 && facts.submodules.length > 0)
    steps.push({
      description: `initialize submodules of ${dest}: ${facts.submodules.join(', ')}`,
      script: [setup, sh`lb_in=${dest}`, submodules(params)].join('\n'),
    })
  return {
    changes: steps,
    values,
    changeValues: { before, remote_url_changed: isOtherUrl },
  }
}

const short = (commit: string): string => commit.slice(0, 10)
const name = ({ version }: GitParams, { commit, branch }: Wanted): string =>
  `${version === 'HEAD' ? (branch ?? 'HEAD') : version}${commit === version ? '' : ` (${short(commit)})`}`

/** Submodules as the commit has them. */
const submodules = ({ recursive, depth, force }: GitParams): string =>
  recursive
    ? [
        'if [ -f "$lb_in/.gitmodules" ]; then',
        '  lb_git -C "$lb_in" submodule -q sync --recursive >&2 || exit',
        sh`  lb_git -C "$lb_in" submodule -q update --init --recursive ${force ? ['--force'] : []} ${depth === undefined ? [] : ['--depth', String(depth)]} >&2 || exit`,
        'fi',
      ].join('\n')
    : ':'

/** Checks out the commit, on its branch if it has one. The version may have moved on since the probe. */
function checkout({ remote, version }: GitParams, { branch, isTag }: Wanted): string {
  // The remote's HEAD is no branch: what was fetched, not the HEAD of the working tree.
  const commit = version === 'HEAD' ? 'FETCH_HEAD' : isTag === true ? `refs/tags/${version}` : version
  if (branch === undefined) return sh`lb_git -C "$lb_in" checkout -q --force --detach ${commit} >&2 || exit`
  const tracked = `${remote}/${branch}`
  return [
    sh`lb_git -C "$lb_in" checkout -q --force -B ${branch} ${`refs/remotes/${tracked}`} >&2 || exit`,
    sh`lb_git -C "$lb_in" branch -q --set-upstream-to=${tracked} ${branch} >/dev/null 2>&1 || :`,
  ].join('\n')
}

/** In the configuration of a working tree while this module clones it: a run that is killed leaves it. */
export const CLONING = 'labbook.cloning'
const endOfClone = sh`lb_git -C "$lb_in" config --unset ${CLONING} || exit`

function cloning(params: GitParams, wanted: Wanted, setup: string): Change {
  const { repo, dest, remote, depth, single_branch, version } = params
  const isNamed = version !== 'HEAD' && !isCommit(version, wanted)
  // A shortened commit can only be looked up in the full history.
  const shallow = depth === undefined || (isCommit(version, wanted) && !isFull(version)) ? undefined : depth
  const flags = [
    '-q',
    ...['-c', `${CLONING}=true`],
    ...(remote === 'origin' ? [] : ['-o', remote]),
    ...(shallow === undefined ? [] : ['--depth', String(shallow)]),
    ...(single_branch || shallow !== undefined ? ['--single-branch'] : []),
    ...(isNamed ? ['--branch', version] : []),
    ...(isNamed || version === 'HEAD' ? [] : ['--no-checkout']),
  ]
  return {
    description: `clone ${repo} to ${dest} at ${name(params, wanted)}`,
    script: [
      setup,
      sh`lb_in=${dest}`,
      'mkdir -p -- "${lb_in%/*}/" || exit',
      sh`lb_git clone ${flags} -- ${urlOf(repo)} "$lb_in" >&2 || exit`,
      ...(isNamed || version === 'HEAD' ? [] : [fetchCommit(params, version), checkout(params, wanted)]),
      submodules(params),
      endOfClone,
    ].join('\n'),
  }
}

const isCommit = (version: string, { commit, branch }: Wanted): boolean =>
  branch === undefined && version !== 'HEAD' && commit.startsWith(version.toLowerCase())
/** All digits of a commit, of SHA-1 or SHA-256. */
const isFull = (commit: string): boolean => commit.length === 40 || commit.length === 64

/**
 * A working tree may lack the commit. Servers send one by its name only if it is complete, and not all do: otherwise
 * all branches and tags are fetched.
 */
function fetchCommit({ remote, depth }: GitParams, commit: string): string {
  const shallow = depth === undefined ? [] : ['--depth', String(depth)]
  const isKnown = sh`lb_git -C "$lb_in" cat-file -e ${`${commit}^{commit}`} 2>/dev/null`
  const byName = sh`lb_git -C "$lb_in" fetch -q ${shallow} ${remote} ${commit} 2>/dev/null`
  return [
    `if ! ${isKnown}${isFull(commit) ? ` && ! ${byName}` : ''}; then`,
    '  lb_all=; [ "$(lb_git -C "$lb_in" rev-parse --is-shallow-repository)" != true ] || lb_all=--unshallow',
    sh`  lb_git -C "$lb_in" fetch -q $lb_all ${remote} ${`+refs/heads/*:refs/remotes/${remote}/*`} ${'+refs/tags/*:refs/tags/*'} >&2 || exit`,
    'fi',
  ].join('\n')
}

function otherUrl({ dest, repo, remote }: GitParams, { url }: GitFacts, setup: string): Change {
  const set =
    url === ''
      ? sh`lb_git -C "$lb_in" remote add ${remote} ${urlOf(repo)}`
      : sh`lb_git -C "$lb_in" remote set-url ${remote} ${urlOf(repo)}`
  return {
    description: `set remote ${remote} of ${dest} to ${repo}${url === '' ? '' : ` (was ${url})`}`,
    script: [setup, sh`lb_in=${dest}`, `${set} >&2 || exit`].join('\n'),
  }
}

function updating(params: GitParams, facts: GitFacts, wanted: Wanted, setup: string): Change {
  const { dest, repo } = params
  const isInterrupted = facts.interrupted !== 'no'
  const discards = facts.modified.length > 0 && !isInterrupted ? ', discarding local modifications' : ''
  const was = facts.head === '' ? '' : ` (was ${short(facts.head)})`
  return {
    description: isInterrupted
      ? `complete the interrupted clone of ${repo} to ${dest} at ${name(params, wanted)}`
      : `update ${dest} to ${name(params, wanted)}${was}${discards}`,
    script: [
      setup,
      sh`lb_in=${dest}`,
      ...(isInterrupted ? [`find "$lb_in/.git" -name '*.lock' -type f -exec rm -f -- {} + || exit`] : []),
      ...(facts.modified.length > 0 && facts.head !== '' ? ['lb_git -C "$lb_in" reset -q --hard >&2 || exit'] : []),
      fetching(params, wanted),
      checkout(params, wanted),
      submodules(params),
      ...(isInterrupted ? [endOfClone] : []),
    ].join('\n'),
    diff: { subject: dest, before: facts.head === '' ? '' : `${facts.head}\n`, after: `${wanted.commit}\n` },
  }
}

function fetching(params: GitParams, wanted: Wanted): string {
  const { remote, depth, version } = params
  const { branch } = wanted
  if (isCommit(version, wanted)) return fetchCommit(params, version)
  const ref =
    branch === undefined
      ? version === 'HEAD'
        ? 'HEAD'
        : `+refs/tags/${version}:refs/tags/${version}`
      : `+refs/heads/${branch}:refs/remotes/${remote}/${branch}`
  return sh`lb_git -C "$lb_in" fetch -q ${depth === undefined ? [] : ['--depth', String(depth)]} ${remote} ${ref} >&2 || exit`
}
