/** The tag selection of a run (`--tags`, `--skip-tags`). */
export interface TagSelection {
  readonly tags: readonly string[]
  readonly skipTags: readonly string[]
}

/** The `tags` keyword as a list. */
export const tagList = (tags: string | readonly string[] | undefined): readonly string[] =>
  tags === undefined ? [] : [tags].flat().flatMap((list: string) => list.split(',').map((tag) => tag.trim()))

/** The steps with an additional tag. */
export const tagged = <S extends { readonly tags?: string | readonly string[] }>(
  tag: string,
  steps: readonly S[],
): S[] => steps.map((step) => ({ ...step, tags: [...tagList(step.tags), tag] }))

/**
 * Ansible's rules: `always` runs unless skipped explicitly, `never` only if selected explicitly; `tagged`, `untagged`
 * and `all` are special tags.
 */
export function tagsSelect(own: readonly string[], { tags, skipTags }: TagSelection): boolean {
  const named = (choice: readonly string[]): boolean => choice.some((tag) => own.includes(tag))
  const special = (choice: readonly string[]): boolean =>
    (choice.includes('tagged') && own.length > 0) || (choice.includes('untagged') && own.length === 0)
  if (named(skipTags) || special(skipTags)) return false
  if (skipTags.includes('all') && !own.includes('always')) return false
  if (own.includes('always')) return true
  if (own.includes('never')) return named(tags)
  return tags.length === 0 || tags.includes('all') || named(tags) || special(tags)
}

/** Whether a step may be selected: one tagged `never` needs one of its tags in `--tags`. */
export const isStepSelectable = (own: string | readonly string[] | undefined, { tags }: TagSelection): boolean => {
  const list = tagList(own)
  return !list.includes('never') || list.some((tag) => tags.includes(tag))
}

/** The selection as command-line options; empty if there is none. */
export const tagOptions = ({ tags, skipTags }: TagSelection): string =>
  [
    ...(tags.length > 0 ? [`--tags ${tags.join(',')}`] : []),
    ...(skipTags.length > 0 ? [`--skip-tags ${skipTags.join(',')}`] : []),
  ].join(' ')
