import * as z from 'zod'
import { raw, sh } from '../../shell/quote.ts'
import type { Change, Plan } from '../module.ts'
import { contentOf, entryAt, setContent, setNewDirectory, setTree } from '../support/effects.ts'
import { sha256 } from '../support/file-content.ts'
import { CHANGED_MEANWHILE } from '../support/file-lock.ts'
import { withEntry, withoutEntry } from '../support/fstab.ts'
import { mountProbe, parseMounts, type MountFacts } from '../support/mount-facts.ts'
import { targetFile } from '../support/params.ts'
import { refusing } from '../support/refusing.ts'
import { replaceFile } from '../support/replace-file.ts'
import { defineModule } from '../task.ts'

const STATES = ['absent', 'absent_from_fstab', 'mounted', 'present', 'unmounted', 'remounted', 'ephemeral'] as const

const field = z.string().regex(/^[^\t\r\n\0#]+$/, { error: 'must be a field of fstab' })
const number = z
  .union([z.string().regex(/^\d+$/, { error: 'must be a number' }), z.int().nonnegative().transform(String)])
  .default('0')

const schema = z
  .strictObject(
    {
      /** The mount point; `none` for swap. */
      path: z.union([z.literal('none'), targetFile]),
      /** The device, directory or source: `UUID=...`, `/dev/sdb1`, `server:/export`. */
      src: field.optional(),
      fstype: field.optional(),
      /** Default: `defaults`. */
      opts: field.optional(),
      dump: number,
      passno: number,
      /** false: with the option `noauto`. */
      boot: z.boolean().default(true),
      /** The file to edit. */
      fstab: targetFile.default('/etc/fstab'),
      /**
       * `mounted`: in fstab and mounted; the mount point is created. `present`: in fstab only. `unmounted`: not
       * mounted, fstab stays. `absent`: in neither, and the mount point is removed. `absent_from_fstab`: still
       * mounted. `remounted`: always changed. `ephemeral`: mounted, and not in fstab.
       */
      state: z.enum(STATES),
    },
    {
      error: refusing({
        backup: 'the diff of the task has the old text',
        name: 'write path',
        opts_no_log: 'set no_log for the task',
      }),
    },
  )
  .refine(
    ({ state, src, fstype }) =>
      !['mounted', 'present', 'ephemeral'].includes(state) || (src !== undefined && fstype !== undefined),
    { error: 'this state requires src and fstype' },
  )
  .refine(({ path, state }) => path !== 'none' || state === 'present' || state === 'absent_from_fstab', {
    error: "none is not mounted: use state: 'present' or 'absent_from_fstab'",
    path: ['path'],
  })

type Params = z.output<typeof schema>

/** The entry, with Ansible's names. */
export interface MountValues {
  readonly name: string
  readonly src?: string
  readonly fstype?: string
  readonly opts: string
  readonly dump: string
  readonly passno: string
  readonly fstab: string
}

const mountKey = (path: string): string => `mount:${path}`
const usesFstab = ({ state }: Params): boolean =>
  state !== 'ephemeral' && state !== 'unmounted' && state !== 'remounted'

function optsOf({ opts = 'defaults', boot }: Params): string {
  return boot || opts.split(',').includes('noauto') ? opts : `${opts},noauto`
}

/** Manages mounted file systems and their entries in /etc/fstab. */
export const mount = defineModule<typeof schema, MountValues>({
  name: 'mount',
  schema,
  reads: (params) => [
    mountKey(params.path),
    ...contentOf(params.path),
    ...(usesFstab(params) ? entryAt(params.fstab) : []),
    ...(params.src?.startsWith('/') ? contentOf(params.src) : []),
  ],
  sets: (params) => [
    mountKey(params.path),
    ...(params.path === 'none' ? [] : [...setTree(params.path), ...setNewDirectory(params.path)]),
    ...(usesFstab(params) ? setContent(params.fstab) : []),
  ],
  title: ({ path, state }) => `${path} ${state}`,
  probe: mountProbe,
  printsFiles: true,
  plan(params, observed): Plan<MountValues> {
    const { path, src, fstype, dump, passno, fstab } = params
    const facts = parseMounts(observed)
    if (typeof facts === 'string') return { changes: [], problem: facts }
    const values: MountValues = {
      name: path,
      ...(src === undefined ? {} : { src }),
      ...(fstype === undefined ? {} : { fstype }),
      opts: optsOf(params),
      dump,
      passno,
      fstab,
    }
    const problem = problemOf(params, facts)
    const rest = { confidential: isPrivate(facts) }
    return problem === undefined
      ? { changes: changesFor(params, facts), values, ...rest }
      : { changes: [], problem, ...rest }
  },
})

/** It may have the passwords of CIFS. */
const isPrivate = ({ attributes }: MountFacts): boolean => ((attributes?.mode ?? 0o644) & 0o004) === 0

function problemOf({ path, src, state }: Params, { mounted, isFile, isRoot }: MountFacts): string | undefined {
  if (!isRoot) return 'file systems can only be mounted as root (become: true)'
  if (isFile && (state === 'mounted' || state === 'ephemeral')) return `${path} is not a directory`
  if (state === 'remounted' && mounted === undefined) return `${path} is not mounted`
  if (state === 'ephemeral' && mounted !== undefined && !mounted.includes(src ?? ''))
    return `${path} is already mounted from ${mounted[0]}: unmount it first, with state: 'unmounted'`
  return undefined
}

/** The text of fstab that the state requires. */
export function editedFstab(params: Params, text: string): string {
  const { path: name, src = '', fstype = '', dump, passno, state } = params
  switch (state) {
    case 'mounted':
    case 'present':
      return withEntry(text, { src, name, fstype, opts: optsOf(params), dump, passno })
    case 'absent':
    case 'absent_from_fstab':
      return withoutEntry(text, name, params.src)
    case 'ephemeral':
    case 'remounted':
    case 'unmounted':
      return text
  }
}

function changesFor(params: Params, facts: MountFacts): Change[] {
  const { path, state } = params
  const after = editedFstab(params, facts.fstab)
  const isEdited = after !== facts.fstab
  const edit = isEdited ? [fstabChange(params, facts, after)] : []
  const isMounted = facts.mounted !== undefined
  switch (state) {
    case 'mounted':
      if (isMounted) return isEdited ? [...edit, remount(params, facts)] : []
      return [...edit, mountNow(params, facts, isEdited)]
    case 'unmounted':
      return isMounted ? [unmount(path)] : []
    // As in Ansible: what fstab does not name stays.
    case 'absent':
      return isEdited
        ? [...edit, ...(isMounted ? [unmount(path)] : []), ...(facts.exists ? [removeDirectory(path)] : [])]
        : []
    case 'remounted':
      return [{ ...remount(params, facts), recurs: true }]
    case 'ephemeral':
      return [isMounted ? { ...remount(params, facts), recurs: true } : mountNow(params, facts, false)]
    case 'absent_from_fstab':
    case 'present':
      return edit
  }
}

const replacedFstab = ({ fstab }: Params, { hasFstab, attributes, fstab: text }: MountFacts, after: string): string =>
  replaceFile({
    path: fstab,
    fill: sh`printf %s ${after} >&8`,
    size: Buffer.byteLength(after),
    ...(attributes === undefined ? { mode: 0o644 } : { old: attributes }),
    madeFrom: hasFstab ? sha256(text) : null,
    followLink: true,
  })

function fstabChange(params: Params, facts: MountFacts, after: string): Change {
  const { fstab, path, state } = params
  const shown = (text: string): string => (isPrivate(facts) ? '(not shown: not all can read it)\n' : text)
  return {
    description: `${state.startsWith('absent') ? 'remove' : 'set'} ${path} in ${fstab}`,
    script: replacedFstab(params, facts, after),
    outdatedExitCode: CHANGED_MEANWHILE,
    diff: { subject: fstab, before: shown(facts.fstab), after: shown(after) },
    sets: setContent(fstab),
  }
}

/** `-T` names another fstab than /etc/fstab. */
const tableOption = ({ fstab, state }: Params): readonly string[] =>
  state === 'ephemeral' || fstab === '/etc/fstab' ? [] : ['-T', fstab]

function mountArguments(params: Params): readonly string[] {
  const { state, fstype = '', src = '', path } = params
  if (state !== 'ephemeral') return [...tableOption(params), '--', path]
  const opts = optsOf(params)
  return ['-t', fstype, ...(opts === 'defaults' ? [] : ['-o', opts]), '--', src, path]
}

/** If mounting fails, fstab is as before, and directories that were created are removed. */
function mountNow(params: Params, facts: MountFacts, isEdited: boolean): Change {
  const { path, state, src = '' } = params
  const undo = isEdited
    ? `( ${replacedFstab(params, { ...facts, hasFstab: true, fstab: editedFstab(params, facts.fstab) }, facts.fstab)}\n)`
    : ':'
  return {
    description: `mount ${state === 'ephemeral' ? `${src} on ` : ''}${path}`,
    script: [
      ...(facts.exists
        ? []
        : [
            // The first directory that is created.
            sh`lb_at=${path} lb_made=`,
            'while [ -n "$lb_at" ] && [ ! -e "$lb_at" ]; do lb_made=$lb_at; lb_at=${lb_at%/*}; done',
            sh`mkdir -p -- ${path} || exit`,
          ]),
      sh`mount ${mountArguments(params)} || {`,
      `lb_code=$?; ${undo}`,
      ...(facts.exists
        ? []
        : [
            sh`lb_at=${path}`,
            'while [ -n "$lb_made" ] && rmdir -- "$lb_at" 2>/dev/null && [ "$lb_at" != "$lb_made" ]; do',
            '  lb_at=${lb_at%/*}',
            'done',
          ]),
      'exit "$lb_code"; }',
    ].join('\n'),
    sets: [mountKey(path), ...setTree(path), ...setNewDirectory(path)],
  }
}

function remount(params: Params, { mounted }: MountFacts): Change {
  const { path, state, opts } = params
  const withOpts = state === 'remounted' && opts !== undefined && opts !== 'defaults'
  const again = sh`umount -- ${path} && mount ${mountArguments(params)} || exit`
  return {
    description: `remount ${path}${mounted === undefined ? '' : ` (${mounted[0]})`}`,
    script: [
      // With type and source, which an ephemeral mount has, mount does not read fstab.
      sh`mount -o ${withOpts ? `remount,${opts}` : 'remount'} ${mountArguments(params)}` +
        // A new mount would have the options of fstab.
        (withOpts ? ' || exit' : sh` 2>/dev/null || { ${raw(again)}; }`),
    ].join('\n'),
    sets: [mountKey(path), ...setTree(path)],
  }
}

const unmount = (path: string): Change => ({
  description: `unmount ${path}`,
  script: sh`umount -- ${path} || exit`,
  sets: [mountKey(path), ...setTree(path)],
})

const removeDirectory = (path: string): Change => ({
  description: `remove directory ${path}`,
  script: sh`rmdir -- ${path} || exit`,
  sets: setTree(path),
})
