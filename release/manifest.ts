/** The package.json of this repository, as far as the package's is made from it. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

/**
 * Packages that the package brings itself. They have install scripts, for which npm and pnpm warn and ask; Labbook
 * needs what they install without: ssh2's addons are optional, esbuild's program is a package of its platform.
 */
export const BUNDLED = ['esbuild', 'node-ssh', 'ssh2'] as const

/** Packages of the repository only: there, `npx zx` runs the entry points. */
const REPOSITORY_ONLY = ['zx']

/** Fields that mean the same for the package. npm refuses provenance without `repository`. */
const FIELDS = ['name', 'version', 'description', 'keywords', 'license', 'repository', 'type', 'engines'] as const

/**
 * The package.json of the package: what is TypeScript in the repository, is JavaScript with declarations there.
 *
 * @param platforms - the packages with esbuild's program, one for each platform.
 */
export function packageManifest(
  repository: Manifest,
  types: Readonly<Record<string, string>>,
  platforms: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const dependencies = Object.entries(repository.dependencies).filter(([name]) => !REPOSITORY_ONLY.includes(name))
  return {
    ...Object.fromEntries(FIELDS.map((field) => [field, repository[field]])),
    exports: Object.fromEntries(
      Object.entries(repository.exports).map(([name, file]) => [
        name,
        { types: declarationOf(file), default: file.replace(/\.ts$/, '.js') },
      ]),
    ),
    bin: repository.bin,
    files: ['CHANGELOG.md', 'app', 'docs', 'playbooks', 'schema', 'src', 'starter', 'templates'],
    dependencies: Object.fromEntries(
      [...dependencies, ...Object.entries(types)].sort(([a], [b]) => a.localeCompare(b)),
    ),
    optionalDependencies: platforms,
    bundleDependencies: BUNDLED,
    publishConfig: { access: 'public', provenance: true },
  }
}

const declarationOf = (file: string): string => file.replace(/\.ts$/, '.d.ts').replace(/\.mjs$/, '.d.mts')
