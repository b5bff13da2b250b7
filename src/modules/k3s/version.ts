/** A release of k3s such as `v1.36.4+k3s1`: the version of Kubernetes, and the k3s release of it. */
export interface K3sVersion {
  readonly text: string
  readonly major: number
  readonly minor: number
  /** Major, minor, patch, release candidate (infinity if none, to sort after them), k3s. */
  readonly parts: readonly number[]
}

const VERSION = /\bv(\d+)\.(\d+)\.(\d+)(?:-(?:alpha|beta|rc)\.?(\d+))?\+k3s(\d+)\b/

/** Parses a version, alone or in the output of `k3s --version`. Undefined if there is none. */
export function parseVersion(text: string): K3sVersion | undefined {
  const [found, major, minor, patch, candidate, k3s] = VERSION.exec(text) ?? []
  if (found === undefined) return undefined
  const parts = [
    Number(major),
    Number(minor),
    Number(patch),
    candidate === undefined ? Number.POSITIVE_INFINITY : Number(candidate),
    Number(k3s),
  ]
  return { text: found, major: Number(major), minor: Number(minor), parts }
}

/** Negative if `a` is older, 0 if equal. */
export function compareVersions(a: K3sVersion, b: K3sVersion): number {
  const at = a.parts.findIndex((part, i) => part !== b.parts[i])
  return at === -1 ? 0 : (a.parts[at] as number) < (b.parts[at] as number) ? -1 : 1
}

/** ` (COMMAND)`, to name the command that does what an error asks for. */
export const by = (command: string | undefined): string => (command === undefined ? '' : ` (${command})`)

/** Why an upgrade is not possible. Undefined if it is. */
export function upgradeError(from: K3sVersion, to: K3sVersion, resetCommand?: string): string | undefined {
  if (compareVersions(to, from) < 0) {
    return (
      `cannot downgrade k3s ${from.text} to ${to.text}: Kubernetes does not support downgrades. ` +
      `Set k3s_version to ${from.text} or newer, or remove k3s from all hosts first${by(resetCommand)}`
    )
  }
  if (to.major !== from.major || to.minor > from.minor + 1) {
    return (
      `cannot upgrade k3s ${from.text} to ${to.text}, which is ${to.minor - from.minor} minor versions newer: Kubernetes upgrades one minor version at a time. ` +
      `Set k3s_version to a release of v${from.major}.${from.minor + 1} first`
    )
  }
  return undefined
}
