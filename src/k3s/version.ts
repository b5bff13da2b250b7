/** A release of k3s, as `v1.36.4+k3s1`: Kubernetes' version, and k3s' own number for it. */
export interface K3sVersion {
  readonly text: string
  readonly major: number
  readonly minor: number
  /** Major, minor, patch, release candidate (none: infinity, as it comes after all of them), k3s. */
  readonly parts: readonly number[]
}

const VERSION = /\bv(\d+)\.(\d+)\.(\d+)(?:-(?:alpha|beta|rc)\.?(\d+))?\+k3s(\d+)\b/

/** Reads a version, alone or in what `k3s --version` prints. Undefined where there is none. */
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

/** Below 0 where `a` is the older, 0 where they are the same. */
export function compareVersions(a: K3sVersion, b: K3sVersion): number {
  const at = a.parts.findIndex((part, i) => part !== b.parts[i])
  return at === -1 ? 0 : (a.parts[at] as number) < (b.parts[at] as number) ? -1 : 1
}

/** Why a machine cannot go from one version to another. Undefined: it can. */
export function stepRefused(from: K3sVersion, to: K3sVersion): string | undefined {
  if (compareVersions(to, from) < 0) {
    return (
      `k3s ${from.text} is installed, and ${to.text} is older: Kubernetes does not go back, its data may already be in the newer form. ` +
      `Set k3s_version to ${from.text} or newer, or start anew: npx zx playbooks/k3s.mjs reset`
    )
  }
  if (to.major !== from.major || to.minor > from.minor + 1) {
    return (
      `k3s ${from.text} is installed, and ${to.text} is ${to.minor - from.minor} minor versions newer: Kubernetes is upgraded one minor version at a time. ` +
      `Set k3s_version to a release of v${from.major}.${from.minor + 1} first`
    )
  }
  return undefined
}
