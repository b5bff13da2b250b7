import { type PlayContext, toText } from 'labbook'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { parseVersion } from 'labbook/k3s'
import { k3sVars } from '../vars.ts'

/** The default release. */
export const DEFAULT_VERSION = 'v1.36.4+k3s1'

interface Pinned {
  readonly installer: string
  readonly binaries: Readonly<Record<string, string>>
}

/** SHA-256 checksums of a release: binaries by architecture, and the install script at its tag. */
const PINNED: Readonly<Record<string, Pinned>> = {
  [DEFAULT_VERSION]: {
    installer: '46177d4c99440b4c0311b67233823a8e8a2fc09693f6c89af1a7161e152fbfad',
    binaries: {
      amd64: '835873f37245fc615f547a2fe2af9402a347875f13fa64a1f136de644955ea3f',
      arm64: 'c920706346d5ad4e5cd3c7bf1bb09ce71ebe07fec829e513e40f1caf98aed8bb',
    },
  },
}

/** A file with its checksum. */
export interface PinnedFile {
  /** Path on the controller, or URL. */
  readonly from: string
  readonly name: string
  readonly sha256: string
}

/** Where k3s is installed from. */
export type K3sSource =
  | { readonly kind: 'release'; readonly version: string; readonly binary: PinnedFile; readonly installer: PinnedFile }
  | {
      readonly kind: 'artifacts'
      readonly requestedVersion: string | undefined
      readonly binary: PinnedFile
      readonly installer: PinnedFile
      readonly images: readonly PinnedFile[]
    }
  /** No source, and why. */
  | { readonly kind: 'none'; readonly problem: string }

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  amd64: 'amd64',
  aarch64: 'arm64',
  arm64: 'arm64',
}

/** The architecture in the names of k3s releases; amd64 without facts. */
export const architecture = ({ facts }: Pick<PlayContext, 'facts'>): string | undefined =>
  facts.architecture === undefined ? 'amd64' : ARCHITECTURES[toText(facts.architecture)]

/** Default: `artifacts` if k3s_artifacts is set, otherwise `release`. */
export function k3sSource(on: Pick<PlayContext, 'vars' | 'facts'>): K3sSource {
  const vars = k3sVars.read(on.vars)
  const kind = vars.k3s_source ?? (vars.k3s_artifacts === undefined ? 'release' : 'artifacts')
  const arch = architecture(on)
  const none = (problem: string): K3sSource => ({ kind: 'none', problem })
  if (arch === undefined)
    return none(`architecture ${String(on.facts.architecture)} is not supported: use amd64 or arm64`)
  if (kind === 'release') return releaseOf(vars, arch)
  if (vars.k3s_artifacts === undefined)
    return none(
      'k3s_source is artifacts, but k3s_artifacts is not set: use -e k3s_artifacts=/srv/k3s (docs/k3s.md lists the files)',
    )
  return artifactsIn(path.resolve(vars.k3s_artifacts), arch, vars.k3s_version)
}

type Vars = ReturnType<typeof k3sVars.read>

function releaseOf(vars: Vars, arch: string): K3sSource {
  const version = vars.k3s_version ?? DEFAULT_VERSION
  if (parseVersion(version)?.text !== version)
    return { kind: 'none', problem: `k3s_version is "${version}": it must be a release such as ${DEFAULT_VERSION}` }
  const checksum = vars.k3s_checksum ?? PINNED[version]?.binaries[arch]
  const installSum = vars.k3s_install_checksum ?? PINNED[version]?.installer
  if (checksum === undefined || installSum === undefined) {
    return {
      kind: 'none',
      problem: `no checksums for k3s ${version} (${arch}): set k3s_checksum (of the binary, from the release's sha256sum-${arch}.txt) and k3s_install_checksum (of install.sh at its tag)`,
    }
  }
  const tag = encodeURIComponent(version)
  const name = arch === 'amd64' ? 'k3s' : `k3s-${arch}`
  const site = vars.k3s_release_url.replace(/\/$/, '')
  return {
    kind: 'release',
    version,
    binary: { from: `${site}/${tag}/${name}`, name: 'k3s', sha256: checksum },
    installer: {
      from: vars.k3s_install_url ?? `https://raw.githubusercontent.com/k3s-io/k3s/${tag}/install.sh`,
      name: 'install.sh',
      sha256: installSum,
    },
  }
}

const IMAGES = /\.tar(\.(gz|zst|lz4|bz2))?$/
const SUMS = /^(sha256sum.*|SHA256SUMS|checksums)(\.txt)?$|\.sha256(sum)?$/

/** Air-gapped installation: a directory on the controller with all files. */
export function artifactsIn(directory: string, arch: string, asked?: string): K3sSource {
  const none = (problem: string): K3sSource => ({ kind: 'none', problem })
  let names: string[]
  try {
    names = readdirSync(directory)
      .filter((name) => statSync(path.join(directory, name)).isFile())
      .sort()
  } catch (error) {
    return none(
      `k3s_artifacts: cannot read directory ${directory} (${(error as NodeJS.ErrnoException).code}); docs/k3s.md lists the files`,
    )
  }
  const sums = new Map(
    names
      .filter((name) => SUMS.test(name))
      .flatMap((name) => parseChecksums(readFileSync(path.join(directory, name), 'utf8'))),
  )
  const binary = [`k3s-${arch}`, ...(arch === 'amd64' ? ['k3s'] : [])].find((name) => names.includes(name))
  const expectedName = arch === 'amd64' ? 'k3s' : `k3s-${arch}`
  if (binary === undefined)
    return none(
      `${directory} has no ${expectedName}: add the binary of a k3s release (docs/k3s.md lists the files and where to get them)`,
    )
  if (!names.includes('install.sh'))
    return none(
      `${directory} has no install.sh: add the install script of k3s (docs/k3s.md lists the files and where to get them)`,
    )
  // Images of other architectures are skipped.
  const others = Object.values(ARCHITECTURES)
    .concat('arm', 'armhf', 's390x')
    .filter((other) => other !== arch)
  const images = names.filter(
    (name) => IMAGES.test(name) && !others.some((other) => new RegExp(`-${other}\\.tar`).test(name)),
  )
  const unverified = [binary, 'install.sh', ...images].find((name) => !sums.has(name))
  if (unverified !== undefined) {
    return none(
      `${directory} has no checksum of ${unverified}: add the release's sha256sum-${arch}.txt; for other files, run "sha256sum FILES > checksums.txt"`,
    )
  }
  const pinned = (name: string, as = name): PinnedFile => ({
    from: path.join(directory, name),
    name: as,
    sha256: sums.get(name) as string,
  })
  return {
    kind: 'artifacts',
    requestedVersion: asked,
    binary: pinned(binary, 'k3s'),
    installer: pinned('install.sh'),
    images: images.map((name) => pinned(name)),
  }
}

/** Parses the output of sha256sum. */
export const parseChecksums = (text: string): [name: string, sum: string][] =>
  [...text.matchAll(/^([0-9a-fA-F]{64}) [ *]?(?:.*\/)?([^/\s]+)\s*$/gm)].map(([, sum = '', name = '']) => [
    name,
    sum.toLowerCase(),
  ])
