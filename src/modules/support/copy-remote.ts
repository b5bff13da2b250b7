import { posix } from 'node:path'
import { sh } from '../../shell/quote.ts'
import type { FactQuery } from '../../shell/fact-queries.ts'
import type { Change, Plan } from '../module.ts'
import type { Observed } from '../script-output.ts'
import { attributeChanges, attributesDenied, describeAttributes, missingAccount } from './attributes.ts'
import { setContent, setsAt, setTree } from './effects.ts'
import { planRemoteTree, treeComparison } from './copy-remote-tree.ts'
import { directoryCreation } from './missing-directory.ts'
import { withoutSlash, type GivenAttributes, type Mode } from './params.ts'
import { entryProblem } from './path-access.ts'
import { batchedPathFacts, parsePathFacts, pathProbe, type PathFacts, type PathQuery } from './path-facts.ts'
import { isOrBecomesPrivate, obstacle, readsOf } from './place-file.ts'
import { replaceFile } from './replace-file.ts'
import { replacementDryRun } from './replacement-dry-run.ts'
import { NEW_FILE, oldMode, resolveMode } from './resolve-mode.ts'
import { separateOutputs, severalProbes } from './several-probes.ts'

/** A file or directory of the host to copy. */
export interface RemoteCopy extends Omit<GivenAttributes, 'mode'> {
  readonly src: string
  readonly dest: string
  readonly mode?: Mode | 'preserve' | undefined
  readonly directory_mode?: Mode | undefined
  readonly local_follow?: boolean | undefined
  readonly force: boolean
  readonly follow: boolean
  readonly backup: boolean
  readonly validate?: string | undefined
}

interface Copied {
  readonly dest: string
  readonly checksum?: string
}

const fileAt = ({ src, dest }: RemoteCopy): string =>
  dest.endsWith('/') ? posix.join(dest, posix.basename(src)) : dest

/** As in Ansible: without a slash after `src`, a directory of its name. */
const directoryAt = ({ src, dest }: RemoteCopy): string =>
  withoutSlash(posix.join(dest, src.endsWith('/') ? '' : posix.basename(src)))

const fileQuery = (params: RemoteCopy): PathQuery => ({
  path: fileAt(params),
  nameInDirectory: params.dest.endsWith('/') ? undefined : posix.basename(params.src),
  follow: params.follow,
  access: 'change',
  ancestors: params.dest.endsWith('/'),
  owner: params.owner,
  group: params.group,
  read: 'hash',
})

const directoryQuery = (params: RemoteCopy): PathQuery => ({
  path: directoryAt(params),
  follow: true,
  access: 'change',
  ancestors: true,
  owner: params.owner,
  group: params.group,
  extraProbe: treeComparison(params, directoryAt(params)),
})

/** Kind, mode and, for a file, the hash of the source, and the SHA-1 that is returned. */
const sourceProbe = ({ src }: RemoteCopy): string =>
  [
    sh`lb_s=${src}`,
    'if [ -d "$lb_s" ]; then echo directory; stat -L -c %f -- "$lb_s"',
    `elif [ -f "$lb_s" ]; then echo file; stat -L -c %f -- "$lb_s"; sha256sum <"$lb_s"; sha1sum <"$lb_s"`,
    'elif [ -e "$lb_s" ]; then echo other; else echo missing; fi',
  ].join('\n')

/** A probe of the source and of the two places where it can be put: a file, and a directory. */
export const remoteProbe = (params: RemoteCopy): string =>
  severalProbes([sourceProbe(params), pathProbe(fileQuery(params)), pathProbe(directoryQuery(params))])

/** The facts that {@link remoteProbe} can receive. */
export const batchedRemoteFacts = (params: RemoteCopy): FactQuery[] =>
  [fileQuery(params), directoryQuery(params)].flatMap(batchedPathFacts)

/** Plans the changes that copy a file or directory of the host. */
export function planRemoteCopy(params: RemoteCopy, observed: Observed): Plan<Copied> {
  const outputs = separateOutputs(observed)
  if (typeof outputs === 'string') return { changes: [], problem: outputs }
  const source = outputs.get('0')
  const [kind = '', bits = '', sum = '', returned = ''] = source?.stdout.split('\n') ?? []
  const mode = Number.parseInt(bits, 16) & 0o7777
  if (kind === 'missing') return { changes: [], problem: `${params.src} does not exist on this host` }
  if (kind === 'other') return { changes: [], problem: `${params.src} is a device, socket or pipe` }
  const isFile = kind === 'file'
  const facts = parsePathFacts(outputs.get(isFile ? '1' : '2') ?? { stdout: '', stderr: '', exitCode: 1 })
  const place = isFile ? fileAt(params) : directoryAt(params)
  if (typeof facts === 'string') return { changes: [], problem: `cannot stat ${place}: ${facts}` }
  const resolved = { ...params, mode: params.mode === 'preserve' ? mode : params.mode }
  const hash = /^[0-9a-f]{64}/.exec(sum)?.[0]
  const checksum = /^[0-9a-f]{40}/.exec(returned)?.[0]
  if (!isFile) return planRemoteTree(resolved, place, facts)
  return hash === undefined || checksum === undefined
    ? { changes: [], problem: `cannot read ${params.src}` }
    : planRemoteFile(resolved, facts, { hash, checksum, mode })
}

function planRemoteFile(
  params: RemoteCopy & GivenAttributes,
  facts: PathFacts,
  source: { readonly hash: string; readonly checksum: string; readonly mode: number },
): Plan<Copied> {
  const dest = facts.isInDirectory ? posix.join(params.dest, posix.basename(params.src)) : fileAt(params)
  const values = { dest, checksum: source.checksum }
  const rest = readsOf(dest, facts)
  const creation = directoryCreation(params, facts)
  if (typeof creation === 'string') return { changes: [], problem: creation, ...rest }
  const problem =
    obstacle(dest, creation.length > 0 ? { ...facts, noParent: false } : facts) ?? missingAccount(facts, params)
  if (problem !== undefined) return { changes: [], problem, ...rest }
  if (!params.force && facts.kind !== null) return { changes: [], values, ...rest }
  const isUpToDate = facts.kind === 'file' && facts.sha256 === source.hash
  // As in Ansible, a new content brings the mode of the source, and the owner is the user who copies it.
  const isReplaced = facts.kind !== null && !isUpToDate
  const old = isReplaced ? { ...NEW_FILE, mode: source.mode } : oldMode(facts, NEW_FILE, params)
  const wanted = resolveMode(params, old)
  if (typeof wanted === 'string') return { changes: [], problem: `${dest}: ${wanted}`, ...rest }
  const denied = isUpToDate ? attributesDenied(dest, facts, wanted) : entryProblem(dest, facts)
  if (denied !== undefined) return { changes: [], problem: denied, ...rest }
  if (isUpToDate) return { changes: attributeChanges(dest, facts, wanted), values, ...rest }
  const mode = wanted.mode ?? (isReplaced ? source.mode : undefined)
  const placed = { ...wanted, mode }
  return {
    changes: [...creation, replacement(dest, params, placed, facts)],
    values,
    confidential: isOrBecomesPrivate(facts, placed),
    ...rest,
  }
}

function replacement(
  dest: string,
  { src, owner, group, validate, backup, follow }: RemoteCopy,
  { mode }: { readonly mode?: number | undefined },
  facts: PathFacts,
): Change {
  const placed = {
    path: dest,
    fill: sh`cat <${src} >&8`,
    owner,
    group,
    mode,
    validate,
    backup: backup && facts.kind === 'file',
    followLink: follow,
  }
  const verb = facts.kind === null ? 'create' : facts.kind === 'link' ? 'replace link' : 'update'
  const attributes = describeAttributes({ owner, group, mode })
  return {
    description: `${verb} ${dest} from ${src}${attributes === '' ? '' : ` (${attributes})`}`,
    script: replaceFile(placed),
    dryRun: replacementDryRun(placed),
    sets: setsAt(dest, facts, facts.kind === 'link' ? setTree : setContent),
  }
}
