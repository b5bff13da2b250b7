import { differing } from './attributes.ts'
import type { Attributes, GivenAttributes } from './params.ts'
import { applySymbolicMode, type OldMode } from './symbolic-mode.ts'
import type { PathFacts } from './path-facts.ts'

/** Parameters whose mode are permission bits. */
export type WithBits<P extends GivenAttributes> = Omit<P, 'mode'> & Pick<Attributes, 'mode'>

/** Permission bits of a new file and of a new directory: by the umask of the sessions. */
export const NEW_FILE: OldMode = { mode: 0o644, isDirectory: false }
export const NEW_DIRECTORY: OldMode = { mode: 0o755, isDirectory: true }

/**
 * The mode of an existing path, for a symbolic mode; of what will be created, if there is none. A file that gets
 * another owner or group loses its setuid and setgid bits before.
 */
export function oldMode(facts: PathFacts, created: OldMode, wanted: Omit<Attributes, 'mode'>): OldMode {
  const { kind, mode } = facts
  if (kind === null || kind === 'link') return created
  if (kind === 'directory') return { mode, isDirectory: true }
  const isChowned = Object.keys(differing(facts, { owner: wanted.owner, group: wanted.group })).length > 0
  return { mode: isChowned ? afterChown(mode) : mode, isDirectory: false }
}

/**
 * What a file that replaces another one keeps of it, and what it gets. A new owner or group clears the setuid and
 * setgid bits, unless a mode is asked for.
 */
export function replacedAttributes(old: PathFacts, wanted: Attributes): Attributes & { readonly old: PathFacts } {
  const changed = differing(old, wanted)
  const isChowned = changed.owner !== undefined || changed.group !== undefined
  const mode = isChowned && wanted.mode === undefined ? afterChown(old.mode) : old.mode
  return { old, ...changed, ...(mode === old.mode ? {} : { mode }) }
}

/** As the kernel does: without the bit for executing, setgid has another meaning, and stays. */
export const afterChown = (mode: number): number => mode & ~SETUID & ((mode & GROUP_EXECUTE) === 0 ? 0o7777 : ~SETGID)

const [SETUID, SETGID, GROUP_EXECUTE] = [0o4000, 0o2000, 0o0010]

/** The parameters with the permission bits that their mode makes of the old one, or an error message. */
export function resolveMode<P extends GivenAttributes>(params: P, old: OldMode): WithBits<P> | string {
  const { mode } = params
  if (mode === undefined || typeof mode === 'number') return { ...params, mode }
  const bits = applySymbolicMode(mode, old)
  const again = applySymbolicMode(mode, { ...old, mode: bits })
  return again === bits
    ? { ...params, mode: bits }
    : `mode '${mode.symbolic}' would change the permissions with each run: write an octal mode`
}
