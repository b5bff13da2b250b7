const UNRELEASED = '## Unreleased\n'

/**
 * The changelog with what is unreleased under a version.
 *
 * @param day - `2026-11-29`.
 * @throws {RangeError} nothing is unreleased.
 */
export function releasedChangelog(changelog: string, version: string, day: string): string {
  const [before, after] = changelog.split(UNRELEASED)
  if (before === undefined || after === undefined) throw new RangeError('CHANGELOG.md has no section "Unreleased"')
  const entries = after.split(/^## /m)[0]?.trim() ?? ''
  if (entries === '') throw new RangeError('CHANGELOG.md has nothing under "Unreleased": write what changes for users')
  return `${before}${UNRELEASED}\n## ${version} (${day})\n${after}`
}
