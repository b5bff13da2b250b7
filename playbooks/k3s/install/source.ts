import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import type { PlayContext } from '../../../src/labbook.ts'
import { parseVersion } from '../../../src/k3s/version.ts'

/** The release that is installed where none is asked for. */
export const DEFAULT_VERSION = 'v1.36.4+k3s1'

interface Pinned {
  readonly installer: string
  readonly binaries: Readonly<Record<string, string>>
}

/** Checksums (SHA-256) of a release: of its binaries by architecture, and of the install script at its tag. */
const PINNED: Readonly<Record<string, Pinned>> = {
  [DEFAULT_VERSION]: {
    installer: '46177d4c99440b4c0311b67233823a8e8a2fc09693f6c89af1a7161e152fbfad',
    binaries: {
      amd64: '835873f37245fc615f547a2fe2af9402a347875f13fa64a1f136de644955ea3f',
      arm64: 'c920706346d5ad4e5cd3c7bf1bb09ce71ebe07fec829e513e40f1caf98aed8bb',
    },
  },
}

/** A file and what it must be. */
export interface Piece {
  /** A path of the controller, or an address. */
  readonly from: string
  readonly name: string
  readonly sha256: string
}

/** Where k3s comes from. */
export type Source =
  | { readonly kind: 'release'; readonly version: string; readonly binary: Piece; readonly installer: Piece }
  | {
      readonly kind: 'artifacts'
      readonly asked: string | undefined
      readonly binary: Piece
      readonly installer: Piece
      readonly images: readonly Piece[]
    }
  /** There is nothing to install from, and why. */
  | { readonly kind: 'none'; readonly problem: string }

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  amd64: 'amd64',
  aarch64: 'arm64',
  arm64: 'arm64',
}

/** The architecture as k3s' releases call it; the most common one where nobody has looked. */
export const architecture = ({ facts }: Pick<PlayContext, 'facts'>): string | undefined =>
  facts.architecture === undefined ? 'amd64' : ARCHITECTURES[String(facts.architecture)]

/** `release`, or `artifacts` where the folder is given. */
export function sourceOf(on: Pick<PlayContext, 'vars' | 'facts'>): Source {
  const { vars } = on
  const kind = String(vars.k3s_source ?? (vars.k3s_artifacts === undefined ? 'release' : 'artifacts'))
  const arch = architecture(on)
  const none = (problem: string): Source => ({ kind: 'none', problem })
  if (arch === undefined)
    return none(
      `k3s has no release for ${String(on.facts.architecture)} that this project knows: amd64 and arm64 it does`,
    )
  if (kind === 'release') return releaseOf(vars, arch)
  if (kind !== 'artifacts') return none(`k3s_source is "${kind}": it must be release or artifacts`)
  if (vars.k3s_artifacts === undefined)
    return none(
      'k3s_source is artifacts, and k3s_artifacts names no folder: -e k3s_artifacts=/srv/k3s; docs/k3s.md says what must be in it',
    )
  return artifactsIn(
    path.resolve(String(vars.k3s_artifacts)),
    arch,
    vars.k3s_version === undefined ? undefined : String(vars.k3s_version),
  )
}

type Vars = PlayContext['vars']

function releaseOf(vars: Vars, arch: string): Source {
  const version = String(vars.k3s_version ?? DEFAULT_VERSION)
  if (parseVersion(version)?.text !== version)
    return { kind: 'none', problem: `k3s_version is "${version}": write a release, such as ${DEFAULT_VERSION}` }
  const checksum = vars.k3s_checksum ?? PINNED[version]?.binaries[arch]
  const installSum = vars.k3s_install_checksum ?? PINNED[version]?.installer
  if (checksum === undefined || installSum === undefined) {
    return {
      kind: 'none',
      problem: `the checksums of k3s ${version} for ${arch} are not known here: give k3s_checksum (of the binary, from the release's sha256sum-${arch}.txt) and k3s_install_checksum (of install.sh at its tag)`,
    }
  }
  const wrong = [checksum, installSum].map(String).find((sum) => !/^[0-9a-f]{64}$/.test(sum))
  if (wrong !== undefined)
    return { kind: 'none', problem: `"${wrong}" is no SHA-256 sum: 64 hexadecimal digits in small letters` }
  const tag = encodeURIComponent(version)
  const name = arch === 'amd64' ? 'k3s' : `k3s-${arch}`
  const site = String(vars.k3s_release_url ?? 'https://github.com/k3s-io/k3s/releases/download').replace(/\/$/, '')
  return {
    kind: 'release',
    version,
    binary: { from: `${site}/${tag}/${name}`, name: 'k3s', sha256: String(checksum) },
    installer: {
      from: String(vars.k3s_install_url ?? `https://raw.githubusercontent.com/k3s-io/k3s/${tag}/install.sh`),
      name: 'install.sh',
      sha256: String(installSum),
    },
  }
}

const IMAGES = /\.tar(\.(gz|zst|lz4|bz2))?$/
const SUMS = /^(sha256sum.*|SHA256SUMS|checksums)(\.txt)?$|\.sha256(sum)?$/

/** The air gap: a folder of the controller with all that is needed. */
export function artifactsIn(folder: string, arch: string, asked?: string): Source {
  const none = (problem: string): Source => ({ kind: 'none', problem })
  let names: string[]
  try {
    names = readdirSync(folder)
      .filter((name) => statSync(path.join(folder, name)).isFile())
      .sort()
  } catch (error) {
    return none(
      `k3s_artifacts: cannot read the folder ${folder} (${(error as NodeJS.ErrnoException).code}); docs/k3s.md says what must be in it`,
    )
  }
  const sums = new Map(
    names.filter((name) => SUMS.test(name)).flatMap((name) => readSums(readFileSync(path.join(folder, name), 'utf8'))),
  )
  const binary = [`k3s-${arch}`, ...(arch === 'amd64' ? ['k3s'] : [])].find((name) => names.includes(name))
  const wanted = arch === 'amd64' ? 'k3s' : `k3s-${arch}`
  if (binary === undefined)
    return none(
      `${folder} has no ${wanted}: the binary of a k3s release belongs in there (docs/k3s.md lists the files and where to get them)`,
    )
  if (!names.includes('install.sh'))
    return none(
      `${folder} has no install.sh: k3s' own install script belongs in there (docs/k3s.md lists the files and where to get them)`,
    )
  // Those of other architectures stay here.
  const others = Object.values(ARCHITECTURES)
    .concat('arm', 'armhf', 's390x')
    .filter((other) => other !== arch)
  const images = names.filter(
    (name) => IMAGES.test(name) && !others.some((other) => new RegExp(`-${other}\\.tar`).test(name)),
  )
  const unknown = [binary, 'install.sh', ...images].find((name) => !sums.has(name))
  if (unknown !== undefined) {
    return none(
      `${folder} has no checksum of ${unknown}: put the release's sha256sum-${arch}.txt in there, and for other files "sha256sum FILES > checksums.txt"`,
    )
  }
  const piece = (name: string, as = name): Piece => ({
    from: path.join(folder, name),
    name: as,
    sha256: sums.get(name) as string,
  })
  return {
    kind: 'artifacts',
    asked,
    binary: piece(binary, 'k3s'),
    installer: piece('install.sh'),
    images: images.map((name) => piece(name)),
  }
}

/** Lines as sha256sum prints them. */
export const readSums = (text: string): [name: string, sum: string][] =>
  [...text.matchAll(/^([0-9a-fA-F]{64}) [ *]?(?:.*\/)?([^/\s]+)\s*$/gm)].map(([, sum = '', name = '']) => [
    name,
    sum.toLowerCase(),
  ])
