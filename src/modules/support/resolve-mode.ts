import type { Attributes, GivenAttributes } from './params.ts'
import { applySymbolicMode, type OldMode } from './symbolic-mode.ts'
import type { PathFacts } from './path-facts.ts'

/** Parameters whose mode are permission bits. */
export type WithBits<P extends GivenAttributes> = Omit<P, 'mode'> & Pick<Attributes, 'mode'>

/** Permission bits of a new file and of a new directory: by the umask of the sessions. */
export const NEW_FILE: OldMode = { mode: 0o644, isDirectory: false }
export const NEW_DIRECTORY: OldMode = { mode: 0o755, isDirectory: true }

/** The mode of an existing path, for a symbolic mode; of what will be created, if there is none. */
export const oldMode = ({ kind, mode }: PathFacts, created: OldMode): OldMode =>
  kind === null || kind === 'link' ? created : { mode, isDirectory: kind === 'directory' }

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
